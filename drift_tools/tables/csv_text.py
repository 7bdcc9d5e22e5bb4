"""CSV as people and programs write it, read with care: every error names the line and the fix."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drift_tools.errors import InputError
from drift_tools.tables.column import Column
from drift_tools.tables.table import Table

# A cell may be a document. Python's limit is the process's, and for programs that read what others send without end.
csv.field_size_limit(2**31 - 1)
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"[^"]*"')
_SHOWN = 60
# What tells the delimiter: rows, of so many characters at most.
_ROWS, _LOOKED_AT = 20, 1 << 16
# The line in which Excel names the delimiter.
_SEP = re.compile(r"(?:\ufeff)?sep=(.)\r?(?:\n|$)")
DECIMALS = (".", ",")
# A number with a decimal comma, with or without points between its thousands.
COMMA_NUMBER = r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+)(?:,[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_COMMA_NUMBER = re.compile(COMMA_NUMBER)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a CSV's cells are told apart, and where its header begins: behind Excel's `sep=` line, if there is one."""

    delimiter: str
    start: int = 0

    @classmethod
    def of(cls, text: str, delimiter: str | None, source: str) -> "Dialect":
        """Tell it from the beginning of a CSV; `delimiter` is the one that was given, if any."""
        if match := _SEP.match(text):
            return cls(delimiter or match[1], match.end())
        if delimiter is None:
            return cls(_delimiter(text[:_LOOKED_AT], is_cut=len(text) > _LOOKED_AT))
        return cls(_checked_delimiter(text.partition("\n")[0], delimiter, source))

    @classmethod
    def of_bytes(cls, content: bytes, delimiter: str | None, source: str) -> "Dialect":
        """The same; `start` counts bytes."""
        text = content[: 2 * _LOOKED_AT].decode("utf-8", "replace")
        found = cls.of(text, delimiter, source)
        return cls(found.delimiter, len(text[: found.start].encode()))


def read_csv_text(
    text: str, *, header: bool = True, delimiter: str | None = None, decimal: str = ".", source: str = "CSV"
) -> Table:
    r"""A table of CSV text; the delimiter, unless it is given, is the one of `,`, `;`, tab and `|` that makes rows of
    equally many cells of the header and the first rows, or the one that a line `sep=;` before the header names.

    Without a header the columns are `_c0`, `_c1`, …, as Model Monitor calls them. An empty cell is missing. With the
    `decimal` `,` a cell `1.234,5` is the number 1234.5.

    >>> read_csv_text('"a, b, c";d\n1;2\n').names
    ['a, b, c', 'd']
    >>> read_csv_text('price, EUR;qty\n1,50;3\n', decimal=",").columns['price, EUR'].as_texts().tolist()
    ['1.50']
    """
    if decimal not in DECIMALS:
        raise InputError(f"decimal is {decimal!r}: give . or ,")
    dialect = Dialect.of(text, delimiter, source)
    lines = csv.reader(
        io.StringIO(text[dialect.start :] if dialect.start else text, newline=""),
        delimiter=dialect.delimiter,
        strict=True,
    )
    before = 1 if dialect.start else 0  # lines
    rows: list[list[str]] = []
    begin = 1 + before  # the line in which a row begins; quotes may hold line breaks
    try:
        for row in lines:
            if row and rows and len(row) != len(rows[0]):
                fix = "quote the cells that hold the delimiter, or fix the line"
                if len(rows) <= _ROWS and len(rows[0]) == 1:
                    fix = "remove what stands above the header, a title or a comment"
                raise InputError(
                    f"{source}, line {begin}: {len(row)} cells where the first line has {len(rows[0])}: {fix}"
                )
            if row:
                rows.append(row)
            begin = lines.line_num + 1 + before
    except csv.Error as error:
        raise InputError(_not_csv(source, begin, lines.line_num + before, error)) from error
    if not rows:
        raise InputError(f"{source}: empty: give a file with {'a header and ' if header else ''}at least one row")
    names = [name.strip() for name in rows.pop(0)] if header else [f"_c{index}" for index in range(len(rows[0]))]
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    columns = [Column.from_cells(name, _read_cells(column, decimal)) for name, column in zip(names, cells, strict=True)]
    return named(columns, len(rows), source)


def _read_cells(cells: Sequence[str], decimal: str) -> list[str | None]:
    stripped = [cell.strip() or None for cell in cells]
    if decimal == ".":
        return stripped
    return [
        cell.replace(".", "").replace(",", ".") if cell and _COMMA_NUMBER.fullmatch(cell) else cell for cell in stripped
    ]


def _delimiter(text: str, *, is_cut: bool) -> str:
    """The delimiter that makes equally many cells, and more than one, of each of the first rows. Of several that do the
    one whose cells hold no other (but a decimal comma), and then the one that makes most.
    """
    scores = {}
    for candidate in _DELIMITERS:
        rows = _first_rows(text, candidate, is_cut=is_cut)
        if rows and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1:
            cells = [cell.strip() for row in rows[1:] or rows for cell in row]
            clean = sum(_COMMA_NUMBER.fullmatch(cell) is not None or not set(_DELIMITERS) & set(cell) for cell in cells)
            scores[candidate] = (clean / len(cells), len(rows[0]))
    if scores:
        return max(scores, key=lambda candidate: scores[candidate])
    # No two rows alike: the header is for whoever names the line.
    unquoted = _QUOTED.sub("", text.partition("\n")[0])
    return max(_DELIMITERS, key=unquoted.count)


def _first_rows(text: str, delimiter: str, *, is_cut: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if len(rows) > _ROWS:
                return rows[:-1]
            if row:
                rows.append(row)
    except csv.Error:
        return rows
    return rows[:-1] if is_cut and len(rows) > 1 else rows


def _not_csv(source: str, begin: int, line: int, error: csv.Error) -> str:
    """What to say of a row that begins in one line and cannot be understood in another: a quote that nobody closed
    takes up all lines to the next quote, or to the end.
    """
    if begin == line:
        return f"{source}, line {line}: not CSV ({error}): fix the line; a quote within quotes is written twice"
    return (
        f"{source}, line {begin}: not CSV ({error}, in line {line}): a quote opens in the row that begins here and is "
        "not closed: close it, or double it if it is part of the cell"
    )


def _checked_delimiter(first_line: str, delimiter: str, source: str) -> str:
    """The delimiter that was given, unless it makes one column of a line that plainly has several."""
    unquoted = _QUOTED.sub("", first_line)
    if delimiter not in unquoted and any(other in unquoted for other in _DELIMITERS):
        name = first_line.strip()
        name = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise InputError(f"{source}, line 1: one column called {name!r}: is the delimiter right? --delimiter")
    return delimiter


def _is_number(column: Column) -> bool:
    return re.fullmatch(r"[-+]?[0-9.]+([eE][-+]?[0-9]+)?", column.name) is not None


def named(columns: Iterable[Column], rows: int, source: str) -> Table:
    """The table of a CSV; what is wrong with names is in its first line."""
    columns = list(columns)
    try:
        for number, column in enumerate(columns, start=1):
            if not column.name:
                fix = "write the file without its index"
                if 1 < number == len(columns):
                    fix = "remove the delimiter at the ends of the lines"
                raise InputError(f"column {number} has no name: name it, or {fix}")
        if len({column.name for column in columns}) < len(columns) and all(map(_is_number, columns)):
            raise InputError("numbers and no names: write a line with the columns' names above it")
        return Table.of(columns, rows)
    except InputError as error:
        raise InputError(f"{source}, line 1: {error}") from error
