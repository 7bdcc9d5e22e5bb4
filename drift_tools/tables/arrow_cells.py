"""Runs of captured cells: typed and parsed, and strings of Python only if somebody asks for them.

A run comes from one block of a file. Runs are joined, put in order and become a `Column`. A run of Arrow strings (the
fast reader's) says of itself exactly what `Column.from_cells` says of the same texts; where that cannot be told
without looking at every cell, every cell is looked at, by the same functions.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import UnusableError
from drift_tools.tables.column import Column, Numbers, Texts, TypeCounts, count_categories
from drift_tools.tables.number_bytes import Order, are_json, buffers_of, content_of, types_of

_BLANK, _PLUS = 32, 43
_LAST_BYTE = 2**31 - 1
# Above this share of distinct texts, looking at all cells at once is quicker than at these one by one.
_MANY = 0.1


class NotPlainError(Exception):
    """Cells that only the careful reader can judge."""


@dataclass(frozen=True, slots=True)
class ArrowTexts:
    """A `pyarrow.StringArray` whose texts stand between `before` and `after` bytes that all of its strings share.

    `is_json`: they are JSON's scalars and not texts.
    """

    array: Any
    is_json: bool = False
    before: int = 0
    after: int = 0

    def __len__(self) -> int:
        return len(self.array)

    def where(self, wanted: NDArray[np.bool_]) -> "ArrowTexts":
        """Take only the wanted ones."""
        return replace(self, array=self.array.filter(_boolean(wanted)))

    def cut(self) -> Any:
        """The texts alone, as a `pyarrow.StringArray`."""
        import pyarrow as pa  # noqa: PLC0415 - optional: the careful reader works without it

        if not self.before and not self.after:
            return self.array
        import pyarrow.compute as pc  # noqa: PLC0415 - as above

        # By bytes, of which whole characters are cut away. pyarrow fails at an end that it is not told.
        cells = self.array.view(pa.binary())
        return pc.binary_slice(cells, self.before, -self.after or _LAST_BYTE).view(pa.string())

    def every(self, step: int, first: int = 0) -> list[str | None]:
        """One text in so many, from the cell `first` on."""
        some = replace(self, array=self.array.take(np.arange(first, len(self.array), step)))
        texts: list[str | None] = some.materialised().tolist()
        return texts

    def distinct(self) -> tuple[list[str | None], Order]:
        """The distinct texts, and for each text which of them it is. No text may be missing."""
        encoded = self.array.dictionary_encode()
        codes: Order = encoded.indices.to_numpy().astype(np.intp)
        return [self._text(cell) for cell in encoded.dictionary.to_pylist()], codes

    def materialised(self) -> Texts:
        """The texts, one string or None a cell."""
        texts: Texts = np.empty(len(self.array), dtype=object)
        cells = self.cut().to_pylist()
        texts[:] = [_spelled(cell) for cell in cells] if self.is_json else cells
        return texts

    def counts(self) -> dict[str, int]:
        """How often each text occurs, the missing left out."""
        distinct = self.array.value_counts()
        counts: dict[str, int] = {}
        for cell, count in zip(distinct.field(0).to_pylist(), distinct.field(1).to_pylist(), strict=True):
            if (text := self._text(cell)) is not None:
                counts[text] = counts.get(text, 0) + count
        return counts

    def _text(self, cell: str | None) -> str | None:
        if cell is None:
            return None
        if self.before or self.after:
            # In bytes, as they were counted.
            cell = cell.encode()[self.before : -self.after or None].decode()
        return _spelled(cell) if self.is_json else cell


def _spelled(cell: str | None) -> str | None:
    """A JSON number as Python spells it; whole numbers are spelt alike."""
    return cell if cell is None or cell.lstrip("-").isdigit() else repr(float(cell))


Part: TypeAlias = Texts | ArrowTexts


@dataclass(slots=True)
class Parts:
    """Texts of several runs, one after the other; `order` puts the cells into another order."""

    parts: list[Part]
    order: Order | None = None
    _cells: Texts | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def materialised(self) -> Texts:
        """The texts, one string or None a cell."""
        if self._cells is None:
            runs = [part if isinstance(part, np.ndarray) else part.materialised() for part in self.parts]
            cells = runs[0] if len(runs) == 1 else np.concatenate([np.empty(0, dtype=object), *runs])
            self._cells = cells if self.order is None else cells[self.order]
        return self._cells

    def in_own_order(self) -> list[Part]:
        """Parts that need no order."""
        return self.parts if self.order is None else [self.materialised()]

    def every(self, step: int) -> list[str | None]:
        """One text in so many, the first among them."""
        found: list[str | None] = []
        begin = 0
        for part in self.in_own_order():
            first = -begin % step
            found += part[first::step].tolist() if isinstance(part, np.ndarray) else part.every(step, first)
            begin += len(part)
        return found

    def head(self, cells: int) -> dict[str, int]:
        """How often each text occurs among so many of the first part."""
        for part in self.parts:
            if len(part):
                own = part[:cells] if isinstance(part, np.ndarray) else replace(part, array=part.array[:cells])
                return count_categories(own) if isinstance(own, np.ndarray) else own.counts()
        return {}

    def counts(self) -> dict[str, int]:
        """How often each text occurs, the missing left out."""
        counts: Counter[str] = Counter()
        for part in self.parts:
            counts.update(count_categories(part) if isinstance(part, np.ndarray) else part.counts())
        return counts


@dataclass(slots=True)
class Cells:
    """One run of one column. `numbers`: NaN where a cell is missing or no number; `wrong`: how many are no number."""

    types: TypeCounts
    numbers: Numbers
    wrong: int
    texts: Parts

    def __len__(self) -> int:
        return len(self.numbers)

    @classmethod
    def of_texts(cls, cells: Sequence[str | None]) -> "Cells":
        """Take Python strings."""
        column = Column.from_cells("", cells)
        numbers, wrong = column.as_numbers()
        return cls(column.types, numbers, wrong, Parts([column.as_texts()]))

    @classmethod
    def missing(cls, rows: int) -> "Cells":
        """The cells of a column that this run does not have."""
        return cls(TypeCounts(missing=rows), np.full(rows, np.nan), 0, Parts([np.full(rows, None, dtype=object)]))

    @classmethod
    def of_csv(cls, array: Any) -> "Cells":
        """Take a `pyarrow.StringArray` of CSV cells: blanks around them go, empty ones are missing."""
        return cls.of_trimmed(without_blanks(array))

    @classmethod
    def of_trimmed(cls, array: Any) -> "Cells":
        """Take CSV cells without blanks around them, of which the empty ones are missing already."""
        return cls._of_arrow(array, *buffers_of(array), array.null_count, is_json=False)

    @classmethod
    def of_strings(cls, array: Any) -> "Cells":
        """Take a `pyarrow.StringArray` of JSON strings, which are what they are, also when empty."""
        return cls._of_arrow(array, *buffers_of(array), array.null_count, is_json=False)

    @classmethod
    def of_json(cls, array: Any) -> "Cells":
        """Take a `pyarrow.StringArray` of JSON scalars that are no strings.

        Raises `NotPlainError` for one that is no JSON.
        """
        import pyarrow.compute as pc  # noqa: PLC0415 - as above

        null = pc.equal(array, "null")
        missing = pc.sum(null).as_py() or 0
        if missing:
            array = pc.if_else(null, None, array)
        content, offsets = buffers_of(array)
        try:
            if not are_json(array, content, offsets):
                return cls._of_odd_json(array)
            return cls._of_arrow(array, content, offsets, missing, is_json=True)
        except OverflowError:
            return cls._of_odd_json(array)

    @classmethod
    def _of_odd_json(cls, array: Any) -> "Cells":
        try:
            return cls.of_texts([None if cell is None else json_cell(json.loads(cell)) for cell in array.to_pylist()])
        except (ValueError, RecursionError, UnusableError) as error:  # a list, which the careful reader takes
            raise NotPlainError(str(error)) from error

    @classmethod
    def _of_arrow(
        cls, array: Any, content: NDArray[np.uint8], offsets: Order, missing: int, *, is_json: bool
    ) -> "Cells":
        import pyarrow as pa  # noqa: PLC0415 - as above

        present = len(array) - missing
        try:
            numbers = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        except pa.ArrowInvalid:
            numbers = None
        # What is not finite may be something that only one of the two parsers takes for a number.
        if numbers is None or np.count_nonzero(np.isfinite(numbers)) != present:
            if is_json:
                raise OverflowError
            return cls._of_distinct(array)
        return cls(types_of(array, content, offsets, missing), numbers, 0, Parts([ArrowTexts(array, is_json)]))

    @classmethod
    def _of_distinct(cls, array: Any) -> "Cells":
        """Each distinct text is looked at once: what is no number is mostly one of a few categories."""
        encoded = array.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        if len(distinct) > _MANY * len(array):
            return cls.of_texts(array.to_pylist())
        each = [cls.of_texts([text]) for text in distinct]
        codes = encoded.indices.fill_null(len(distinct)).to_numpy(zero_copy_only=False)
        counts = np.bincount(codes, minlength=len(distinct) + 1).tolist()
        kinds = TypeCounts.sum_of(one.types.times(count) for one, count in zip(each, counts[:-1], strict=True))
        return cls(
            TypeCounts(kinds.fractional, kinds.integral, kinds.boolean, kinds.string, counts[-1]),
            np.array([*(one.numbers[0] for one in each), np.nan])[codes],
            sum(one.wrong * count for one, count in zip(each, counts[:-1], strict=True)),
            Parts([ArrowTexts(array)]),
        )

    @classmethod
    def joined(cls, runs: Sequence["Cells"], order: Order | None = None) -> "Cells":
        """Runs one after the other, their cells then put in `order`."""
        if len(runs) == 1 and order is None:
            return runs[0]
        numbers = np.concatenate([run.numbers for run in runs])
        parts = [part for run in runs for part in run.texts.in_own_order()]
        return cls(
            TypeCounts.sum_of(run.types for run in runs),
            numbers if order is None else numbers[order],
            sum(run.wrong for run in runs),
            Parts(parts, order),
        )

    def column(self, name: str) -> Column:
        """The run as a column."""
        is_numerical = self.types.present > 0 and not self.wrong
        if is_numerical:
            return Column(name, self.types, self.numbers, self.texts)
        return Column(name, self.types, None, self.texts, (self.numbers, self.wrong))


def without_blanks(array: Any) -> Any:
    """The texts without the blanks around them, those that are empty then missing."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    if content_of(array).min(initial=_PLUS) <= _BLANK:  # or a tab
        array = pc.utf8_trim(array, characters=" \t")
    return without_empty(array)


def without_empty(array: Any) -> Any:
    """The texts, the empty ones missing."""
    import pyarrow.compute as pc  # noqa: PLC0415 - as above

    empty = np.diff(buffers_of(array)[1]) == 0
    return pc.if_else(_boolean(empty), None, array) if empty.any() else array


def _boolean(mask: NDArray[np.bool_]) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - as above

    return pa.array(mask)


def json_cell(value: object) -> str | None:
    """Spell a scalar as text, as Python does; NaN, which is no JSON and yet written by some, is missing."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return None if value != value else repr(value)  # noqa: PLR0124 - only NaN differs from itself
    raise UnusableError("nested JSON: flatten it in a record preprocessor")
