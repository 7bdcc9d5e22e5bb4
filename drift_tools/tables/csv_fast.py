"""Large CSV files, read by pyarrow's CSV reader: as fast as that, with the result of the careful reader.

What is numbers to pyarrow is numbers at once; types of cells and their spelling are found out, by the careful reader's
own functions, when somebody asks for them: a comparison does not. Whatever means something to one of the two readers
and not to the other (a quote inside of a cell, a carriage return on its own) is for the careful reader, as is every
error, since only that one knows the line.
"""

import csv
import io
from collections.abc import Callable, Sequence
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np

from drift_tools.tables.arrow_cells import ArrowTexts, Cells, Parts, buffers_of, without_empty
from drift_tools.tables.column import MISSING_WORDS, Column, Numbers, Texts, TextSource, TypeCounts, are_mostly_numbers

_HEAD = 1 << 17  # bytes that tell which columns hold texts
_BLOCK = 1 << 22
_NEWLINE, _SPACE, _QUOTE, _FULL, _ASCII = b'\n "0\x7f'
# Characters with which Python's `float` reads something, of one byte: with any other a cell is surely no number.
_IN_NUMBERS = frozenset(b"0123456789+-.eEinfINFtyTYaA \t")
_ALIEN = np.array([code < 128 and code not in _IN_NUMBERS for code in range(256)])


class LazyColumn(Column):
    """A column whose cells are looked at when somebody asks what only `full`, the careful column, can say.

    `source`: its texts, where they are at hand.
    """

    __slots__ = ("_full", "_is_mostly", "_made", "_present", "_rows", "_texts")

    _full: Callable[[], Column]
    _is_mostly: bool
    _made: Column | None
    _present: int
    _rows: int
    _texts: TextSource | None

    def __init__(
        self,
        name: str,
        full: Callable[[], Column],
        *,
        rows: int,
        present: int,
        numbers: Numbers | None = None,
        texts: TextSource | None = None,
        is_mostly_numerical: bool = True,
    ) -> None:
        own: dict[str, object] = {
            "name": name,
            "numbers": numbers,
            "is_single": False,
            "problem": None,
            "_full": full,
            "_made": None,
            "_rows": rows,
        }
        own |= {"_present": present, "_is_mostly": is_mostly_numerical, "_texts": texts}
        for field, value in own.items():
            object.__setattr__(self, field, value)  # frozen, as every column

    def _looked_at(self) -> Column:
        made = self._made or self._full()
        object.__setattr__(self, "_made", made)
        return made

    def __len__(self) -> int:
        return self._rows

    def __reduce__(self) -> tuple[Any, ...]:
        """For other processes, as the careful column."""
        return copy, (self._looked_at(),)

    def renamed(self, name: str) -> Column:
        """The same column under another name."""
        return LazyColumn(
            name,
            self._looked_at,
            rows=self._rows,
            present=self._present,
            numbers=self.numbers,
            texts=self._texts,
            is_mostly_numerical=self._is_mostly,
        )

    @property
    def types(self) -> TypeCounts:
        return self._looked_at().types

    @property
    def source(self) -> Texts | TextSource | None:
        return self._looked_at().source if self._texts is None else self._texts

    @property
    def parsed(self) -> tuple[Numbers, int] | None:
        return self._looked_at().parsed if self.numbers is None else (self.numbers, 0)

    @property
    def present(self) -> int:
        return self._present

    @property
    def is_mostly_numerical(self) -> bool:
        return self._is_mostly

    @property
    def is_typed_number(self) -> bool:
        return False

    @property
    def is_typed_text(self) -> bool:
        return False


def read_plain_csv(
    content: bytes, *, header: bool, delimiter: str, start: int = 0, again: Callable[[], bytes] | None = None
) -> list[Column] | None:
    """The columns of a CSV file; None if pyarrow might read it otherwise than the careful reader, or is not there.

    `content` is UTF-8 without a byte-order mark, of which the table begins at byte `start`; names are stripped, and
    without a header `_c0`, `_c1`, …. `again` reads it once more; without it, it is kept as long as the columns are.
    """
    end = content.find(b"\n", start) + 1
    first = content[start : end or len(content)]
    if not delimiter.isascii() or first.count(b'"') % 2 or not _is_plain(content, delimiter):
        return None
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
    except ImportError:
        return None
    try:
        cells = next(csv.reader(io.StringIO(first.decode(), newline=""), delimiter=delimiter, strict=True), [])
        names = [name.strip() for name in cells] if header else [f"_c{index}" for index in range(len(cells))]
        begin = end if header else start
        body = memoryview(content)[begin:]
        if not names or not bytes(body[:_HEAD]).strip():
            return None
        reader = _Reader(pa, body, len(names), delimiter)
        columns = reader.columns(names)
        if again is not None:
            reader.forget(lambda: memoryview(again())[begin:])
        return columns
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error):
        return None


def _is_plain(content: bytes, delimiter: str) -> bool:
    """Whether every line ends with a line feed, and every quote begins a cell, ends one or is doubled within one."""
    if content.count(b"\r") != content.count(b"\r\n") or b"\0" in content:
        return False
    if b'"' not in content:
        return True
    every = np.frombuffer(content, dtype=np.uint8)
    borders = np.zeros(256, dtype=np.bool_)
    borders[list(delimiter.encode() + b'"\r\n')] = True
    inside = 0  # whether the block begins inside of quotes
    for start in range(0, len(every), _BLOCK):
        places = start + np.flatnonzero(every[start : start + _BLOCK] == _QUOTE)
        opening, closing = places[inside::2], places[1 - inside :: 2]
        if len(opening) and opening[0] == 0:
            opening = opening[1:]
        # Behind the last quote of all there is nothing, and the quote itself is as good.
        if not borders[every[opening - 1]].all() or not borders[every[np.minimum(closing + 1, len(every) - 1)]].all():
            return False
        inside = (inside + len(places)) % 2
    return not inside


class _Reader:
    """Reads the body of a file; its columns are called by their positions, since names may be equal here."""

    def __init__(self, pa: Any, body: memoryview, width: int, delimiter: str) -> None:
        self._pa, self._body, self._delimiter = pa, body, delimiter
        self._again: Callable[[], memoryview] | None = None
        self._keys = [str(index) for index in range(width)]
        self._numbers: set[str] = set()

    def columns(self, names: Sequence[str]) -> list[Column]:
        """All columns."""
        pa = self._pa
        number = {pa.null(), pa.int64(), pa.float64()}
        head = bytes(self._body[:_HEAD])
        cut = head.rfind(b"\n") + 1
        table = self._read(head[:cut] or head, {}) if len(self._body) > _HEAD else None
        texts = [] if table is None else [key for key in self._keys if table[key].type not in number]
        table = self._read(self._body, dict.fromkeys(texts, pa.string()))
        self._numbers = {key for key in self._keys if table[key].type in number}
        # What pyarrow takes for truths, dates and times is texts here.
        others = [key for key in self._keys if table[key].type not in (*number, pa.string())]
        again = self._read(self._body, dict.fromkeys(others, pa.string()), others) if others else None
        found: list[Column] = []
        for name, key in zip(names, self._keys, strict=True):
            if key in self._numbers:
                found.append(self._of_numbers(name, key, table[key]))
            else:
                found.append(_of_texts(name, table[key] if again is None or key not in others else again[key]))
            table = table.drop_columns([key])  # so that no number is held twice
        return found

    def forget(self, again: Callable[[], memoryview]) -> None:
        """Let the body go, which is as large as the columns; `again` has it for whoever asks for texts after all."""
        self._body, self._again = memoryview(b""), again

    def _read(self, content: Any, types: dict[str, Any], only: Sequence[str] = ()) -> Any:
        from pyarrow import csv as reader  # noqa: PLC0415 - optional, and slow to import

        return reader.read_csv(
            self._pa.py_buffer(content),
            read_options=reader.ReadOptions(column_names=self._keys, block_size=_BLOCK),
            parse_options=reader.ParseOptions(delimiter=self._delimiter, newlines_in_values=self._has_broken_cells),
            convert_options=reader.ConvertOptions(
                column_types=types, null_values=[""], strings_can_be_null=False, include_columns=list(only)
            ),
        )

    @cached_property
    def _has_broken_cells(self) -> bool:
        """Whether any cell has a line break in it, in its quotes."""
        every = np.frombuffer(self._body, dtype=np.uint8)
        inside = 0
        for start in range(0, len(every), _BLOCK):
            block = every[start : start + _BLOCK]
            quotes = np.flatnonzero(block == _QUOTE)
            if len(quotes) or inside:
                before = np.searchsorted(quotes, np.flatnonzero(block == _NEWLINE))
                if ((before + inside) % 2).any():
                    return True
            inside = (inside + len(quotes)) % 2
        return False

    @cached_property
    def _spelt(self) -> Any:
        """The columns of numbers as they were written, which take as long to read again as all of the file."""
        only = [key for key in self._keys if key in self._numbers]
        body = self._body if self._again is None else self._again()
        return self._read(body, dict.fromkeys(only, self._pa.string()), only)

    def _of_numbers(self, name: str, key: str, column: Any) -> Column:
        present = len(column) - column.null_count
        if not present:
            return Column.from_cells(name, [None] * len(column))
        numbers = column.to_numpy().astype(np.float64, copy=False)
        return LazyColumn(
            name, lambda: _look_at(name, self._spelt[key]), rows=len(column), present=present, numbers=numbers
        )


def _look_at(name: str, column: Any) -> Column:
    return Cells.joined([Cells.of_trimmed(_trimmed(chunk)) for chunk in column.chunks]).column(name)


def _of_texts(name: str, column: Any) -> Column:
    parts = [_trimmed(chunk) for chunk in column.chunks]
    present = sum(len(part) - part.null_count for part in parts)
    if not are_surely_texts(parts, present):
        return _look_at(name, column)
    return LazyColumn(
        name,
        lambda: _look_at(name, column),
        rows=len(column),
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
