"""One side of a comparison, column by column, in the only two forms that the measures need: sorted numbers and counted
categories.

Each form is made when it is first asked for, so that a column costs one sort or one count, in the thread that measures
it, and is gone when it has been measured. What is neither a plain array nor a plain Arrow column goes the careful way
through `drift_tools.tables`, which decides what a cell is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.results import Side
from drift_tools.measures import count_distinct, moments, starts_of_equals
from drift_tools.tables import (
    Column,
    Numbers,
    as_single,
    common_spelling,
    respelt,
)

_LEVELS = 10_000
_INFINITIES = np.array([-np.inf, np.inf])
_LAST_PLACES = 8 * float(np.finfo(np.float64).eps)  # of a double: it promises 15 decimal digits


@dataclass(frozen=True, eq=False, slots=True)
class SortedNumbers:
    """A column as numbers: the finite ones sorted, and how many rows are something else."""

    finite: Numbers
    below: int
    """How many are minus infinity."""
    above: int
    """How many are plus infinity."""
    missing: int
    wrong: int
    """How many cells are no number."""
    side: Side

    @property
    def rows(self) -> int:
        return len(self.finite) + self.infinite + self.missing + self.wrong

    @property
    def has_any(self) -> bool:
        """Whether any of its cells is a number, or none is anything else."""
        return bool(len(self.finite) or self.infinite or not self.wrong)

    @property
    def infinite(self) -> int:
        return self.below + self.above

    @classmethod
    def of(cls, ordered: Numbers, wrong: int = 0) -> "SortedNumbers":
        """What a sorted column holds: minus infinity, the finite numbers, infinity, and NaN for what is missing or one
        of the `wrong` cells that are no number.
        """
        start, stop = ordered.searchsorted(_INFINITIES, side="right").tolist()
        last = int(ordered.searchsorted(np.inf, side="left"))
        finite = ordered[start:last]
        missing = len(ordered) - stop - wrong
        side = _numerical_side(finite, len(ordered), missing, (start, stop - last), wrong)
        return cls(finite, start, stop - last, missing, wrong, side)

    def in_single_precision(self) -> "SortedNumbers":
        """The numbers as single precision has them; `side` stays what it was."""
        return replace(self, finite=as_single(self.finite))

    def count(self) -> "Categories":
        """The numbers as categories, in their shortest spelling (3.0 is `3`)."""
        if len(self.finite):
            starts = np.flatnonzero(starts_of_equals(self.finite))
            counts = np.diff(np.append(starts, len(self.finite))).tolist()
            found = dict(zip(map(_spell, self.finite[starts].tolist()), counts, strict=True))
        else:
            found = {}
        found |= {name: rows for name, rows in (("-inf", self.below), ("inf", self.above)) if rows}
        return Categories(found, self.rows)


def in_one_rounding(before: SortedNumbers, after: SortedNumbers) -> tuple[SortedNumbers, SortedNumbers]:
    """Both sides of a column of few levels, where a current value that is a level of the baseline but for the last
    places of a double (0.1 + 0.2 and 0.3: another order of the same sum) is that level.

    Not where the baseline itself has levels so near each other: they use those places.
    """
    if not 0 < before.side.distinct <= _LEVELS or not 0 < after.side.distinct <= _LEVELS:
        return before, after
    levels, own = (side.finite[starts_of_equals(side.finite)] for side in (before, after))
    moved = _moved_to(levels, own)
    if moved is None:
        return before, after
    finite = moved[np.searchsorted(own, after.finite)]
    side = _numerical_side(finite, after.rows, after.missing, (after.below, after.above), after.wrong)
    return before, replace(after, finite=finite, side=side)


def rounded_cells(before: Numbers, after: Numbers) -> Numbers:
    """The current numbers, in the order of the rows, as `in_one_rounding` has them."""
    is_finite = np.isfinite(after)
    levels, own = np.unique(before[np.isfinite(before)]), np.unique(after[is_finite])
    if not 0 < len(levels) <= _LEVELS or not 0 < len(own) <= _LEVELS:
        return after
    moved = _moved_to(levels, own)
    if moved is None:
        return after
    cells = after.copy()
    cells[is_finite] = moved[np.searchsorted(own, after[is_finite])]
    return cells


def _moved_to(levels: Numbers, own: Numbers) -> Numbers | None:
    """The current levels, those that are a level of the baseline but for the last places as that; None if none is."""
    with np.errstate(over="ignore"):  # near the largest float
        if np.count_nonzero(levels[1:] - levels[:-1] <= _LAST_PLACES * np.abs(levels[1:])):
            return None
        nearest = _nearest(levels, own)
        moved = (own != nearest) & (np.abs(own - nearest) <= _LAST_PLACES * np.abs(nearest))
    return np.where(moved, nearest, own) if np.count_nonzero(moved) else None


def _nearest(levels: Numbers, values: Numbers) -> Numbers:
    """The one of the sorted levels that is nearest to each value."""
    places = levels.searchsorted(values)
    above, below = levels.take(places, mode="clip"), levels.take(places - 1, mode="clip")
    nearest: Numbers = np.where(values - below < above - values, below, above)
    return nearest


def _sort(values: NDArray[Any], room: Numbers | None) -> Numbers:
    """The numbers in order, NaN last; in `room`, where there is some for at least as many, until the next are."""
    if room is None:
        ordered = np.sort(values)  # in its own type: the order survives the conversion
    else:
        ordered = room[: len(values)]
        np.copyto(ordered, values)
        ordered.sort()
        return ordered
    with np.errstate(invalid="ignore", over="ignore"):
        return ordered.astype(np.float64, copy=False)


def _spell(value: float) -> str:
    return f"{value + 0.0:.17g}" if value.is_integer() else repr(value)  # -0.0 + 0.0 is 0.0


def _numerical_side(finite: Numbers, rows: int, missing: int, infinite: tuple[int, int], wrong: int) -> Side:
    shares = (missing / max(rows, 1), sum(infinite) / max(rows, 1), wrong / max(rows, 1))
    minus_infinity = infinite[0] / max(rows, 1)
    if not len(finite):
        return Side(rows, *shares, 0, minus_infinity_share=minus_infinity)
    with np.errstate(over="ignore", invalid="ignore"):  # values near 1e308 have no finite variance
        lower, upper = float(finite[(len(finite) - 1) // 2]), float(finite[len(finite) // 2])
        median = lower if lower == upper else lower / 2 + upper / 2
        mean, deviation = moments(finite, upper)
    # Sorting takes 0 and -0 for equal and leaves either first; -0 + 0 is 0.
    places = (mean + 0.0, median + 0.0, deviation, float(finite[0]) + 0.0, float(finite[-1]) + 0.0)
    return Side(rows, *shares, count_distinct(finite), *places, minus_infinity)


@dataclass(frozen=True, eq=False, slots=True)
class Categories:
    """A column as categories: how often each occurs; what is left of the `rows` is missing."""

    counts: dict[str, int]
    rows: int

    @property
    def missing(self) -> int:
        return self.rows - sum(self.counts.values())

    def cleaned(self) -> "Categories":
        """Strip the blanks around texts, which no reader of CSV keeps; what is empty then is missing."""
        if "" not in self.counts and all(name == name.strip() for name in self.counts):
            return self
        found: dict[str, int] = {}
        for name, count in self.counts.items():
            if stripped := name.strip():
                found[stripped] = found.get(stripped, 0) + count
        return Categories(found, self.rows)

    @property
    def side(self) -> Side:
        return Side(self.rows, self.missing / max(self.rows, 1), 0.0, 0.0, len(self.counts))


def in_one_spelling(sides: Sequence[Categories]) -> list[Categories]:
    """The same column of several sources, their categories spelt alike."""
    new = common_spelling(*(side.counts for side in sides))
    return [Categories(respelt(side.counts, new), side.rows) for side in sides] if new else list(sides)


class Sample:
    """A column of one side. `is_numerical`: whether whatever it holds are numbers, but for a few stray cells at most;
    `is_time`: whether those are seconds since 1970; `is_single`: whether the source held them in single precision.
    """

    is_time = False
    is_single = False
    problem: str | None = None
    """Why the column could not be read, in half a sentence."""

    def __init__(self, name: str, rows: int, *, is_numerical: bool) -> None:
        self.name, self.rows, self.is_numerical = name, rows, is_numerical
        self._room: Numbers | None = None
        # Kept by hand: before Python 3.12 a cached_property has one lock for all objects, and no two would be sorted
        # at the same time.
        self._ordered: tuple[Numbers, int] | None = None
        self._numbers: SortedNumbers | None = None
        self._categories: Categories | None = None
        self._arrow_counts: Any = None

    def copy(self, room: Numbers | None = None) -> Self:
        """A sample with the forms that this one has; those that are made later are the copy's own, and numbers are
        sorted in `room`, where there is some.
        """
        other = object.__new__(type(self))  # as `copy.copy` does it, which takes four times as long to find that out
        other.__dict__.update(self.__dict__)
        other._room = room
        return other

    @property
    def present(self) -> int:
        """Rows that hold anything."""
        return self.rows - (self.numbers.missing if self.is_numerical else self.categories.missing)

    def arrange(self) -> None:
        """Sort or count the column, as its source asks for: what numpy and Arrow do outside the interpreter, so that
        threads may do it at the same time. The forms below are quickly made of it.
        """
        _ = self._sorted() if self.is_numerical else self.categories

    def _sorted(self) -> tuple[Numbers, int]:
        if self._ordered is None:
            values, wrong = self._as_numbers()
            self._ordered = _sort(values, self._room), wrong
        return self._ordered

    @property
    def numbers(self) -> SortedNumbers:
        """The column as numbers."""
        if self._numbers is None:
            self._numbers = SortedNumbers.of(*self._sorted())
        return self._numbers

    @property
    def categories(self) -> Categories:
        """The column as categories."""
        if self._categories is None:
            self._categories = self._count().cleaned()
        return self._categories

    def in_order(self, *, numerical: bool) -> NDArray[Any]:
        """The cells in the order of the rows, for tests that know which rows belong together: as numbers, NaN for what
        is none, or as categories, None for what is missing.
        """
        column = self._column()
        if numerical:
            return column.as_numbers()[0]
        texts = column.as_texts()
        cells: NDArray[Any] = np.empty(len(texts), dtype=object)
        cells[:] = [None if text is None else text.strip() or None for text in texts]
        return cells

    def arrow_counts(self) -> Any:
        """Arrow's `value_counts` of a column of texts that Arrow holds, missing ones among them; else None."""
        if self._arrow_counts is None and (texts := self._arrow_texts()) is not None:
            self._arrow_counts = texts.value_counts()
        return self._arrow_counts

    def uncounted_texts(self) -> Any:
        """The column of texts that Arrow holds, as long as nobody has counted it; else None."""
        return None if self._arrow_counts is not None or self._categories is not None else self._arrow_texts()

    def _arrow_texts(self) -> Any:
        return None

    def _as_numbers(self) -> tuple[NDArray[Any], int]:
        """The cells in any order, NaN for what is none, and how many of those hold something else."""
        raise NotImplementedError

    def _count(self) -> Categories:
        raise NotImplementedError

    def _column(self) -> Column:
        """The column with every cell looked at."""
        raise NotImplementedError


class _Rounded(Sample):
    """A column as single precision has its numbers, beside a side that is of single precision."""

    def __init__(self, sample: Sample) -> None:
        super().__init__(sample.name, sample.rows, is_numerical=sample.is_numerical)
        self._sample, self.is_time = sample, sample.is_time

    @property
    def present(self) -> int:
        return self._sample.present

    @property
    def numbers(self) -> SortedNumbers:
        if self._numbers is None:
            self._numbers = self._sample.numbers.in_single_precision()
        return self._numbers

    def _count(self) -> Categories:
        are_numbers = self.is_numerical and not self.numbers.wrong
        return self.numbers.count() if are_numbers else self._sample.categories

    def _column(self) -> Column:
        column = self._sample._column()
        if not column.is_numerical:
            return column
        return Column.from_numbers(self.name, as_single(column.as_numbers()[0]))


def in_one_precision(samples: Sequence[Sample]) -> list[Sample]:
    """The same column of several sources. Where some of them are of single precision, the others are rounded to it:
    0.7 is 0.699999988 there, and identical rows would have no value in common.
    """
    if len({sample.is_single for sample in samples}) == 1:
        return list(samples)
    return [sample if sample.is_single else _Rounded(sample) for sample in samples]
