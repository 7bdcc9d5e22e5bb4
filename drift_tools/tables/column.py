"""One column of numbers or texts: what is known of its cells, and how it is read as either.

A column keeps what the source said. Cells of a text source (CSV, captured payloads) stay texts and are counted by the
type that each would have, because a monitor must be able to say "49.9 % of this column is no number"; a typed source
(Arrow, Parquet, numpy) has said its types and is believed.

Longer than 400 lines by a little: the rules for what counts as a number stand beside the column that asks them.
"""

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import ascii_letters
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.object_]


class TextSource(Protocol):
    """Texts that become Python strings only if somebody asks for them."""

    def __len__(self) -> int: ...

    def materialised(self) -> Texts:
        """The texts, one string or None a cell."""

    def counts(self) -> dict[str, int]:
        """How often each text occurs, the missing left out."""


# What programs and people write where a number is missing (R, SQL, Excel, Python, Hadoop); among numbers only, because
# among texts any of them may be a category.
_MISSING = ("na", "n/a", "n.a.", "null", "(null)", "none", "nil", "#n/a", "#na", "<na>", "nat", "missing")
MISSING_WORDS = frozenset(
    [spelt for word in _MISSING for spelt in (word, word.upper(), word.title(), word.capitalize())]
    + ["-", "--", "?", ".", "\\N"]
)
# A column of numbers stays one if of its present cells at most one in so many is none (`N/A`, `#REF!`).
_PRESENT_PER_STRAY = 20
# From here on float64 cannot tell neighbouring integers apart.
LARGEST_EXACT = 2.0**53


@dataclass(frozen=True, eq=False, slots=True)
class Integers:
    """Integers that float64 rounds, spelt in full where they are categories: numbers of accounts and orders."""

    values: NDArray[np.integer[Any]]
    missing: NDArray[np.bool_] | None = None

    @classmethod
    def of(cls, values: NDArray[Any], numbers: Numbers, missing: NDArray[np.bool_] | None = None) -> "Integers | None":
        """Take an array of integers that as floats are `numbers`; None if the floats say as much."""
        if not np.issubdtype(values.dtype, np.integer):
            return None
        is_rounded = (numbers >= LARGEST_EXACT).any() or (numbers <= -LARGEST_EXACT).any()
        return cls(values, missing) if is_rounded else None

    def __len__(self) -> int:
        return len(self.values)

    def materialised(self) -> Texts:
        """The integers, one string or None a cell."""
        texts: Texts = np.empty(len(self.values), dtype=object)
        texts[:] = list(map(str, self.values.tolist()))
        if self.missing is not None:
            texts[self.missing] = None
        return texts

    def counts(self) -> dict[str, int]:
        """How often each integer occurs, the missing left out."""
        present = self.values if self.missing is None else self.values[~self.missing]
        distinct, counts = np.unique(present, return_counts=True)
        return dict(zip(map(str, distinct.tolist()), counts.tolist(), strict=True))


# The types that a cell of text can have, and their patterns: awslabs/deequ, StatefulDataType.scala. `[0-9]` and not
# `\d`: Java's `\d` is ASCII only.
_FRACTIONAL = r"[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[Ee][-+]?[0-9]+)"
_INTEGRAL = r"[-+]? ?[0-9]+"
_BOOLEAN = r"true|false"
_ONE_CELL = re.compile(f"(?P<integral>{_INTEGRAL})|(?P<fractional>{_FRACTIONAL})|(?P<boolean>{_BOOLEAN})")
_LINES_OF = {
    kind: re.compile(f"^(?:{pattern})$", re.MULTILINE)
    for kind, pattern in (("fractional", _FRACTIONAL), ("integral", _INTEGRAL), ("boolean", _BOOLEAN))
}


@dataclass(frozen=True, slots=True)
class TypeCounts:
    """How many cells of a column are of which type, by Deequ's patterns."""

    fractional: int = 0
    integral: int = 0
    boolean: int = 0
    string: int = 0
    missing: int = 0

    @property
    def present(self) -> int:
        """Cells that hold anything."""
        return self.fractional + self.integral + self.boolean + self.string

    @property
    def inferred_type(self) -> str:
        """`Integral`, `Fractional`, `String` or `Unknown`, as Model Monitor names them.

        Deequ's decision: any string, or booleans (alone they have no name of their own in the file), make a column a
        String; any fractional value makes it Fractional; a column without values is Unknown.
        """
        if not self.present:
            return "Unknown"
        if self.string or self.boolean:
            return "String"
        return "Fractional" if self.fractional else "Integral"

    @classmethod
    def sum_of(cls, counts: Iterable["TypeCounts"]) -> "TypeCounts":
        """The counts of several runs of cells together."""
        every = [(one.fractional, one.integral, one.boolean, one.string, one.missing) for one in counts]
        return cls(*map(sum, zip(*every, strict=True))) if every else cls()

    def times(self, factor: int) -> "TypeCounts":
        """The counts of the same cells so many times."""
        return TypeCounts(
            self.fractional * factor,
            self.integral * factor,
            self.boolean * factor,
            self.string * factor,
            self.missing * factor,
        )

    def share_of(self, expected: str) -> float:
        """The share of the present cells that can stand where `expected` is asked for; 1 when no cell is present.

        Whole numbers are fractional numbers too, and every value can be a string.
        """
        if not self.present or expected in ("String", "Unknown"):
            return 1.0
        matching = self.integral + (self.fractional if expected == "Fractional" else 0)
        return matching / self.present


def are_mostly_numbers(wrong: int, present: int) -> bool:
    """Whether cells, `wrong` of which are no numbers, are numbers but for a few: at most 5 % of them.

    >>> are_mostly_numbers(5, 100), are_mostly_numbers(6, 100), are_mostly_numbers(0, 0)
    (True, False, False)
    """
    return present > 0 and wrong * _PRESENT_PER_STRAY <= present


def count_types(cells: Sequence[str]) -> TypeCounts:
    """Count present cells of text by type.

    >>> count_types(["1", "2.5", "1e3", "true", "n/a", "-7"])
    TypeCounts(fractional=2, integral=2, boolean=1, string=1, missing=0)
    """
    lines = "\n".join(cells)
    if lines.count("\n") == max(
        len(cells) - 1, 0
    ):  # one regular expression over all cells: ten times faster than one each
        counts = {kind: len(pattern.findall(lines)) for kind, pattern in _LINES_OF.items()}
    else:
        counts = dict.fromkeys(_LINES_OF, 0)
        for cell in cells:
            if match := _ONE_CELL.fullmatch(cell):
                counts[str(match.lastgroup)] += 1
    return TypeCounts(**counts, string=len(cells) - sum(counts.values()))


def _count_plain_numbers(cells: Sequence[str]) -> TypeCounts | None:
    """What `count_types` says of cells that `float` can read, without regular expressions; None if it takes them
    after all.
    """
    lines = "\n" + "\n".join(cells) + "\n"
    # What float reads and these patterns do not: nan, inf, other scripts' digits, ".5" and "5.".
    if (
        lines.count("\n") != len(cells) + 1
        or not lines.isascii()
        or lines.encode().translate(None, b"0123456789+-.eE\n")
    ):
        return None
    if any(odd in lines for odd in (".\n", "\n.", "+.", "-.", ".e", ".E")):
        return None
    unsigned = lines.replace("-", "").replace("+", "").split("\n") if "-" in lines or "+" in lines else cells
    integral = sum(map(str.isdigit, unsigned))
    return TypeCounts(fractional=len(cells) - integral, integral=integral)


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One named column. At least one of `numbers` and `texts` is there.

    `numbers` (float64, NaN = missing): the column as numbers, if every present cell is one.
    `source`: the cells as they were written, if the source was text or float64 rounds its integers; an array of str or
    None, or what can make one.
    `parsed`: what `as_numbers` gives, if a reader has done the work already.
    `is_single`: whether the source held the numbers in single precision, where 0.7 is 0.699999988.
    `problem`: why its cells could not be read, in half a sentence; then all of them count as missing.
    """

    name: str
    types: TypeCounts
    numbers: Numbers | None = None
    source: Texts | TextSource | None = None
    parsed: tuple[Numbers, int] | None = None
    is_single: bool = False
    problem: str | None = None

    def __len__(self) -> int:
        """Rows, the missing ones included."""
        values = self.numbers if self.numbers is not None else self.source
        return 0 if values is None else len(values)

    def renamed(self, name: str) -> "Column":
        """The same column under another name."""
        return replace(self, name=name)

    @property
    def texts(self) -> Texts | None:
        """The cells as they were written (str or None), if there is a source that knows."""
        return self.source if self.source is None or isinstance(self.source, np.ndarray) else self.source.materialised()

    @property
    def is_numerical(self) -> bool:
        """Whether every present cell is a number."""
        return self.numbers is not None

    @property
    def is_mostly_numerical(self) -> bool:
        """Whether it is a column of numbers but for a few stray cells; never one whose source says that it holds
        strings. It counts cells, so that neither their order nor the pieces that they came in matter.
        """
        if self.numbers is not None or self.is_typed_text:
            return self.numbers is not None
        wrong, words = self.as_numbers()[1], self.missing_words
        return are_mostly_numbers(wrong - words, self.present - words)

    @property
    def present(self) -> int:
        """Cells that hold anything."""
        return self.types.present

    @property
    def missing_words(self) -> int:
        """How many cells say that a number is missing (`NA`, `NULL`, `-`), of a column that has any number."""
        wrong = self.as_numbers()[1]
        if not 0 < wrong < self.present:
            return 0
        counts = self.category_counts()
        return sum(counts.get(word, 0) for word in MISSING_WORDS)

    @property
    def is_typed_number(self) -> bool:
        """Whether the source said that these are numbers, and not only their texts look like it."""
        return self.numbers is not None and (self.source is None or isinstance(self.source, Integers))

    @property
    def is_typed_text(self) -> bool:
        """Whether the source said that these are strings: nobody has tried to read them as numbers."""
        return self.numbers is None and self.parsed is None

    @classmethod
    def from_cells(cls, name: str, cells: Sequence[str | None]) -> "Column":
        """A column of a source that knows only text, such as CSV; None is a missing cell.

        Besides the numbers of Deequ's patterns, `nan` and `inf` in any spelling of Python's `float` are taken as
        numbers (a client's pandas writes them): they are counted as strings, as Model Monitor does, and measured as
        numbers.
        """
        texts = np.empty(len(cells), dtype=object)
        texts[:] = cells
        present = [cell for cell in cells if cell is not None]
        numbers, wrong = parse_numbers(texts)
        types = _with_missing(
            (None if wrong else _count_plain_numbers(present)) or count_types(present), len(cells) - len(present)
        )
        return cls(name, types, numbers if present and not wrong else None, texts, (numbers, wrong))

    @classmethod
    def from_strings(cls, name: str, values: Iterable[str | None]) -> "Column":
        """A column whose source says that it holds strings, so that the code `"16"` is a category and no number."""
        cells = list(values)
        texts = np.empty(len(cells), dtype=object)
        texts[:] = cells
        missing = sum(cell is None for cell in cells)
        return cls(name, TypeCounts(string=len(cells) - missing, missing=missing), None, texts)

    @classmethod
    def unreadable(cls, name: str, rows: int, problem: str) -> "Column":
        """A column that could not be read, and why."""
        return cls(name, TypeCounts(missing=rows), None, np.full(rows, None, dtype=object), problem=problem)

    @classmethod
    def from_numbers(cls, name: str, values: NDArray[Any]) -> "Column":
        """A column of a typed numerical source; NaN is a missing cell."""
        values = np.asarray(values)
        if np.issubdtype(values.dtype, np.integer):
            return cls.from_integers(name, values)
        numbers = values.astype(np.float64, copy=False)
        missing = int(np.count_nonzero(np.isnan(numbers)))
        types = TypeCounts(fractional=len(numbers) - missing, missing=missing)
        return cls(name, types, numbers, is_single=values.dtype == np.float32)

    @classmethod
    def from_integers(
        cls, name: str, values: NDArray[np.integer[Any]], missing: NDArray[np.bool_] | None = None
    ) -> "Column":
        """A column of integers; `missing`: in which rows there is none, whatever `values` has there."""
        numbers = values.astype(np.float64)
        if missing is not None:
            numbers[missing] = np.nan
        gone = 0 if missing is None else int(np.count_nonzero(missing))
        types = TypeCounts(integral=len(values) - gone, missing=gone)
        return cls(name, types, numbers, Integers.of(values, numbers, missing))

    def as_numbers(self) -> tuple[Numbers, int]:
        """The column as numbers, NaN where a cell is missing or no number, and how many cells are no number."""
        if self.numbers is not None:
            return self.numbers, 0
        return self.parsed if self.parsed is not None else parse_numbers(self._cells())

    def as_texts(self) -> Texts:
        """The column as categories: as written, or numbers in their shortest spelling (3.0 is `3`)."""
        if self.source is not None or self.numbers is None:
            return self._cells()
        distinct, inverse = np.unique(self.numbers + 0.0, return_inverse=True)  # -0.0 + 0.0 is 0.0
        names = np.empty(len(distinct), dtype=object)
        names[:] = [
            None if math.isnan(value) else f"{value:.17g}" if value.is_integer() else repr(value)
            for value in distinct.tolist()
        ]
        texts: Texts = names[inverse]
        return texts

    def category_counts(self) -> dict[str, int]:
        """How often each category of `as_texts` occurs, the missing left out."""
        if self.source is None or isinstance(self.source, np.ndarray):
            return count_categories(self.as_texts())
        return self.source.counts()

    def _cells(self) -> Texts:
        texts = self.texts
        if texts is None:
            raise ValueError(f"column {self.name!r} was made without numbers and without texts")
        return texts


def as_single(numbers: Numbers) -> Numbers:
    """The numbers as single precision has them, those that it cannot hold as they are. Their order survives.

    >>> as_single(np.array([0.5, 0.7, 1e300])).tolist()
    [0.5, 0.699999988079071, 1e+300]
    """
    with np.errstate(over="ignore"):
        rounded = numbers.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(rounded), rounded, numbers)


def count_categories(texts: Texts) -> dict[str, int]:
    """How often each category occurs, the missing left out."""
    counts: dict[str, int] = {}
    for text in texts:
        if text is not None:
            counts[text] = counts.get(text, 0) + 1
    return counts


# Letters with which no number begins, not even inf or nan: mostly a category's. An exception takes ten times as long.
_NO_NUMBERS_START = frozenset(ascii_letters) - frozenset("iInN")


def parse_numbers(texts: Texts) -> tuple[Numbers, int]:
    """Cells as float64, each bit-identical to Python's `float`; NaN where missing or no number, and the count of the
    latter.
    """
    try:
        # None becomes NaN. `float` would take "1_000" for a number; no other reader does.
        if "_" not in "".join(filter(None, texts)):
            return texts.astype(np.float64), 0
    except ValueError:
        pass  # at least one cell is no number: find out which, one by one
    numbers = np.full(len(texts), np.nan)
    wrong = 0
    for index, cell in enumerate(texts):
        if cell is None:
            continue
        if cell[:1] in _NO_NUMBERS_START or "_" in cell:
            wrong += 1
            continue
        try:
            numbers[index] = float(cell)
        except ValueError:
            wrong += 1
    return numbers, wrong


def _with_missing(types: TypeCounts, missing: int) -> TypeCounts:
    return TypeCounts(types.fractional, types.integral, types.boolean, types.string, missing)


@dataclass(frozen=True, eq=False, slots=True)
class TimeColumn(Column):
    """Seconds since 1970, of a source that says that they are dates or times: people read them as such."""
