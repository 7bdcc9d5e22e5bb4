"""Large CSV files, read by pyarrow's CSV reader: as fast as that, with the result of the careful reader.

What is numbers to pyarrow is numbers at once; types of cells and their spelling are found out, by the careful reader's
own functions, when somebody asks for them: a comparison does not. Whatever means something to one of the two readers
and not to the other (a quote inside of a cell, a carriage return on its own) is for the careful reader, as is every
error, since only that one knows the line.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from drift_tools.tables.arrow_cells import ArrowTexts, Cells, Parts, without_empty
from drift_tools.tables.column import MISSING_WORDS, Column, Numbers, are_mostly_numbers
from drift_tools.tables.csv_layout import Layout, has_bare_commas
from drift_tools.tables.csv_text import COMMA_NUMBER
from drift_tools.tables.lazy_column import LazyColumn
from drift_tools.tables.number_bytes import buffers_of
from drift_tools.tables.rereading import Content

_HEAD = 1 << 17  # bytes that tell which columns hold texts
# Bytes that are parsed at once. pyarrow reads some thirty blocks ahead, whatever their size.
_BLOCK = 1 << 19
_ROWS_PER_BLOCK = 16
# A row that is longer than a block, in pyarrow's words; and blocks for such rows.
_TOO_LONG, _LONG_ROWS = "block size", 1 << 26
_PIECES = 32
_SPACE, _FULL, _ASCII = b" 0\x7f"
# Characters with which Python's `float` reads something, of one byte: with any other a cell is surely no number.
_IN_NUMBERS = frozenset(b"0123456789+-.eEinfINFtyTYaA \t")
_ALIEN = np.array([code < 128 and code not in _IN_NUMBERS for code in range(256)])


def read_plain_csv(
    content: Content, *, header: bool, delimiter: str, decimal: str = ".", start: int = 0
) -> list[Column] | None:
    """The columns of a CSV file; None if pyarrow might read it otherwise than the careful reader, or is not there.

    `content` is UTF-8 without a byte-order mark, of which the table begins at byte `start`; `decimal` is what numbers
    have before their fraction; names are stripped, and without a header `_c0`, `_c1`, …. It is kept as long as the
    columns are, as far as it cannot be had again.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    with content.opened(start) as stream:
        first = stream.readline()
    if not delimiter.isascii() or first.count(b'"') % 2:
        return None
    with content.opened() as stream:
        layout = Layout.of(stream, delimiter)
    if not layout.is_plain:
        return None
    try:
        cells = next(csv.reader(io.StringIO(first.decode(), newline=""), delimiter=delimiter, strict=True), [])
        names = [name.strip() for name in cells] if header else [f"_c{index}" for index in range(len(cells))]
        begin = start + len(first) if header else start
        reader = _Reader(
            pa, content, begin=begin, width=len(names), delimiter=delimiter, decimal=decimal, layout=layout
        )
        columns = reader.columns(names) if names else None
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error):
        return None
    content.forget()
    return columns


class _Reader:
    """Reads a file from byte `begin` on; its columns are called by their positions, since names may be equal here."""

    def __init__(
        self, pa: Any, content: Content, *, begin: int, width: int, delimiter: str, decimal: str, layout: Layout
    ) -> None:
        self._pa, self._content, self._begin, self._delimiter, self._layout = pa, content, begin, delimiter, layout
        self._decimal = decimal
        self._keys = [str(index) for index in range(width)]
        self._numbers: list[str] = []
        self._block = _BLOCK

    def columns(self, names: Sequence[str]) -> list[Column] | None:
        """All columns; None where there is no row.

        What the first rows have for numbers is asked for as such: what pyarrow has to find out over the whole file, it
        keeps as text until the end, which is as large as everything else.
        """
        from pyarrow import csv as reader  # noqa: PLC0415 - optional, and slow to import

        pa = self._pa
        head = self._head()
        if not head.strip():
            return None
        self._block = max(_BLOCK, _ROWS_PER_BLOCK * (head.find(b"\n") + 1 or _BLOCK))  # no row is longer
        number = (pa.null(), pa.int64(), pa.float64())
        looks = reader.read_csv(pa.BufferReader(head), **self._options({}, ()))
        self._numbers = [key for key in self._keys if looks[key].type in number] if self._parses_numbers else []
        try:
            return self._of_all(names)
        except pa.ArrowInvalid as error:
            if _TOO_LONG in str(error):
                self._block = _LONG_ROWS
            # What pyarrow takes for truths, dates and times is texts here, and so is a column with a stray cell.
            self._numbers = self._surely_numbers()
            return self._of_all(names)

    def _of_all(self, names: Sequence[str]) -> list[Column]:
        """The columns, read a block at a time into the places where they stay."""
        string, number = self._pa.string(), self._pa.float64()
        types = {key: number if key in self._numbers else string for key in self._keys}
        numbers = {key: np.empty(self._layout.lines) for key in self._numbers}
        missing = dict.fromkeys(self._numbers, 0)
        texts = {key: _Pieces(self._pa) for key in self._keys if key not in numbers}
        rows = 0
        for batch in self._batches(types, self._keys):
            for key, values in numbers.items():
                values[rows : rows + len(batch)] = batch[key].to_numpy(zero_copy_only=False)
                missing[key] += batch[key].null_count
            for key, pieces in texts.items():
                pieces.append(self._cells(batch[key]))
            rows += len(batch)
        return [
            self._of_numbers(name, key, numbers[key][:rows], rows - missing[key])
            if key in numbers
            else _of_texts(name, texts[key].joined(), rows)
            for name, key in zip(names, self._keys, strict=True)
        ]

    def _batches(self, types: dict[str, Any], only: Sequence[str], *, empty_is_missing: bool = False) -> Iterator[Any]:
        """The rows in batches. Not all at once: pyarrow would read the file faster than it parses it, and hold it."""
        from pyarrow import csv as reader  # noqa: PLC0415 - optional, and slow to import

        options = self._options(types, only, empty_is_missing=empty_is_missing)
        with self._content.opened(self._begin) as stream:
            # The system's memory: pyarrow's own keeps what was freed, as much as the columns.
            yield from reader.open_csv(stream, **options, memory_pool=self._pa.system_memory_pool())

    def _head(self) -> bytes:
        """The first rows, whole ones."""
        with self._content.opened(self._begin) as stream:
            head = stream.read(_HEAD + 1)
        if len(head) <= _HEAD:
            return head
        end = head.rfind(b"\n")
        while end > 0 and head.count(b'"', 0, end) % 2:  # within a cell
            end = head.rfind(b"\n", 0, end)
        return head[: end + 1] or head

    def _surely_numbers(self) -> list[str]:
        """Which of the columns that begin with numbers have nothing else, in any row."""
        import pyarrow.compute as pc  # noqa: PLC0415 - optional, and slow to import

        left = list(self._numbers)
        for batch in self._batches(dict.fromkeys(left, self._pa.string()), left, empty_is_missing=True):
            for key in tuple(left):
                cells = pc.utf8_trim(batch[key], characters=" \t")
                try:
                    if self._decimal != ".":
                        if pc.any(pc.match_substring(cells, ".")).as_py():  # between thousands
                            raise self._pa.ArrowInvalid(key)
                        cells = pc.replace_substring(cells, self._decimal, ".")
                    cells.cast(self._pa.float64())
                except self._pa.ArrowInvalid:
                    left.remove(key)
        return left

    def _options(self, types: dict[str, Any], only: Sequence[str], *, empty_is_missing: bool = False) -> dict[str, Any]:
        from pyarrow import csv as reader  # noqa: PLC0415 - as above

        return {
            "read_options": reader.ReadOptions(column_names=self._keys, block_size=self._block),
            "parse_options": reader.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=self._layout.has_broken_cells
            ),
            "convert_options": reader.ConvertOptions(
                column_types=types,
                null_values=[""],
                strings_can_be_null=empty_is_missing,
                include_columns=list(only),
                decimal_point=self._decimal,
            ),
        }

    @cached_property
    def _parses_numbers(self) -> bool:
        """Whether pyarrow takes for numbers what the careful reader does, which knows no `,5` and no `5,`."""
        if self._decimal == ".":
            return True
        with self._content.opened(self._begin) as stream:
            return self._delimiter != self._decimal and not has_bare_commas(stream, self._delimiter)

    def _cells(self, array: Any) -> Any:
        """Cells as the careful reader has them: without blanks around them, and with a decimal point."""
        return _trimmed(array) if self._decimal == "." else _with_points(_trimmed(array))

    @cached_property
    def _spelt(self) -> dict[str, list[Any]]:
        """The columns of numbers as they were written, which take as long to read again as all of the file."""
        spelt = {key: _Pieces(self._pa) for key in self._numbers}
        for batch in self._batches(dict.fromkeys(self._numbers, self._pa.string()), self._numbers):
            for key, pieces in spelt.items():
                pieces.append(self._cells(batch[key]))
        return {key: pieces.joined() for key, pieces in spelt.items()}

    def _of_numbers(self, name: str, key: str, numbers: Numbers, present: int) -> Column:
        if not present:
            return Column.from_cells(name, [None] * len(numbers))
        return LazyColumn(
            name, lambda: _look_at(name, self._spelt[key]), rows=len(numbers), present=present, numbers=numbers
        )


class _Pieces:
    """Texts of many batches, some of which become one: what is freed between small ones that stay is nobody's."""

    def __init__(self, pa: Any) -> None:
        self._pa = pa
        self._parts: list[Any] = []
        self._pieces: list[Any] = []

    def append(self, texts: Any) -> None:
        self._pieces.append(texts)
        if len(self._pieces) == _PIECES:
            self._parts = self.joined()
            self._pieces = []

    def joined(self) -> list[Any]:
        """All of them."""
        if not self._pieces:
            return self._parts
        return [*self._parts, self._pa.concat_arrays(self._pieces, memory_pool=self._pa.system_memory_pool())]


def _look_at(name: str, parts: Sequence[Any]) -> Column:
    return Cells.joined([Cells.of_trimmed(part) for part in parts]).column(name)


def _of_texts(name: str, parts: Sequence[Any], rows: int) -> Column:
    present = rows - sum(part.null_count for part in parts)
    if not are_surely_texts(parts, present):
        return _look_at(name, parts)
    return LazyColumn(
        name,
        lambda: _look_at(name, parts),
        rows=rows,
        present=present,
        texts=Parts([ArrowTexts(part) for part in parts]),
        is_mostly_numerical=False,
    )


def _trimmed(array: Any) -> Any:
    """The cells of a `pyarrow.StringArray` without the blanks around them, as `str.strip` takes them away; what is
    empty then is missing.
    """
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    content, _ = buffers_of(array)
    if content.min(initial=_FULL) <= _SPACE or content.max(initial=0) > _ASCII:
        cut = pc.utf8_trim(array, characters=" ")
        # Blanks beyond the space are rare, and Python knows the most.
        if content.min() < _SPACE or not cut.equals(pc.utf8_trim_whitespace(cut)):
            cut = pa.array([cell.strip() for cell in array.to_pylist()], type=pa.string())
        array = cut
    return without_empty(array)


def _with_points(array: Any) -> Any:
    """The cells, numbers with a decimal comma written with a point and without points between thousands."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    are_numbers = pc.match_substring_regex(array, rf"\A(?:{COMMA_NUMBER})\z")
    with_points = pc.replace_substring(pc.replace_substring(array, ".", ""), ",", ".")
    return pc.if_else(are_numbers, with_points, array)


def are_surely_texts(parts: Sequence[Any], present: int) -> bool:
    """Whether so many of the cells hold a character that no number has that this can be no column of numbers."""
    import pyarrow as pa  # noqa: PLC0415 - as above
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    words = pa.array(sorted(MISSING_WORDS))
    wrong = 0
    for part in parts:
        content, offsets = buffers_of(part)
        aliens = np.concatenate([[0], np.cumsum(_ALIEN[content])])
        has_any = aliens[offsets[1:]] > aliens[offsets[:-1]]
        wrong += int(np.count_nonzero(has_any & ~pc.is_in(part, words).to_numpy(zero_copy_only=False)))
        if wrong and not are_mostly_numbers(wrong, present):
            return True
    return False
