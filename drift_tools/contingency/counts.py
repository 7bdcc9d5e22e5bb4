"""Counts of two samples over the same bins, the common ground of the measures on shares."""

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.float64]


def pair(baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]) -> tuple[Counts, Counts]:
    """Both as arrays, without the bins that neither sample has anything in.

    Raises `ValueError` if the lengths differ or a count is negative.
    """
    first, second = np.asarray(baseline, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"counts of shape {first.shape} and {second.shape}: give one count a bin for both samples")
    if np.any(first < 0) or np.any(second < 0):
        raise ValueError("a count is negative: give how many rows fall into each bin")
    used = (first > 0) | (second > 0)
    return first[used], second[used]


class Groups(NamedTuple):
    """Bins of two samples, equal ones together: `times` so many bins have `first` and `second` rows.

    A column of a million texts of which no two are alike has two groups and a million bins.
    """

    first: NDArray[Any]
    second: NDArray[Any]
    times: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        first: Sequence[float] | NDArray[Any],
        second: Sequence[float] | NDArray[Any],
        times: NDArray[np.int64] | None = None,
    ) -> "Groups":
        """Pair two samples, without bins that neither sample has anything in; without `times` each bin is a group."""
        one, other = pair(first, second)
        if times is None:
            return cls(one, other, np.ones(len(one), dtype=np.int64))
        used = (np.asarray(first) > 0) | (np.asarray(second) > 0)
        return cls(one, other, times[used])

    @property
    def bins(self) -> int:
        """How many bins there are."""
        return int(self.times.sum())

    @property
    def rows(self) -> tuple[float, float]:
        """The rows of both samples."""
        if self.are_bins:
            return float(self.first.sum()), float(self.second.sum())
        return float(self.first @ self.times), float(self.second @ self.times)

    @property
    def are_bins(self) -> bool:
        """Whether each group is one bin."""
        return len(self.times) == self.bins

    def where(self, wanted: NDArray[np.bool_]) -> "Groups":
        """Some of them."""
        return Groups(self.first[wanted], self.second[wanted], self.times[wanted])

    def apart(self) -> tuple[Counts, Counts]:
        """The counts of each bin."""
        return np.repeat(self.first, self.times), np.repeat(self.second, self.times)

    def total(self, values: NDArray[np.float64]) -> float:
        """The sum of a value of each bin: to the last digit numpy's of all of them in a row."""
        if self.are_bins:
            return float(np.sum(values))
        return _total(values, np.cumsum(self.times), 0, self.bins, {})


_ADDED_AT_ONCE = 4096


def _total(
    values: NDArray[np.float64], ends: NDArray[np.int64], start: int, stop: int, known: dict[tuple[int, int], float]
) -> float:
    """What numpy does: it adds an array's halves, each of a multiple of eight values, and so on. What lies within one
    group is the same for equally many.
    """
    length = stop - start
    group = int(np.searchsorted(ends, start, side="right"))
    is_one = stop <= ends[group]
    if is_one and (group, length) in known:
        return known[group, length]
    if length <= _ADDED_AT_ONCE:
        borders = np.minimum(np.maximum(ends, start), stop)
        found = float(np.sum(np.repeat(values, np.diff(borders, prepend=start))))
    else:
        half = length // 2
        half -= half % 8
        found = _total(values, ends, start, start + half, known) + _total(values, ends, start + half, stop, known)
    if is_one:
        known[group, length] = found
    return found
