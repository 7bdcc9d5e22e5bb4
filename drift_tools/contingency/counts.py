"""Counts of two samples over the same bins, the common ground of the measures on shares."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.float64]


def pair(baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]) -> tuple[Counts, Counts]:
    """Both as arrays, without the bins that neither sample has anything in.

    Raises `ValueError` if the lengths differ, or a count is negative or NaN.
    """
    first, second, _ = _paired(baseline, current)
    return first, second


def _paired(
    baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]
) -> tuple[Counts, Counts, NDArray[np.bool_] | None]:
    """Both, and which bins were used, if not all were. Each comparison of a column comes here, so that every call of
    numpy counts.
    """
    first, second = np.array(baseline, dtype=np.float64), np.array(current, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"counts of shape {first.shape} and {second.shape}: give one count a bin for both samples")
    if not np.minimum(first, second).min(initial=0.0) >= 0:  # NaN is the smallest wherever there is one
        raise ValueError("a count is negative or NaN: give how many rows fall into each bin")
    used = np.maximum(first, second) > 0
    if np.count_nonzero(used) == len(used):
        return first, second, None
    return first[used], second[used], used


class Groups:
    """Bins of two samples, equal ones together: `times` so many bins have `first` and `second` rows.

    `bins`: how many there are; `are_bins`: whether each group is one; `rows`: of both samples. A column of a million
    texts of which no two are alike has two groups and a million bins.
    """

    __slots__ = ("are_bins", "bins", "first", "rows", "second", "times")

    def __init__(self, first: NDArray[Any], second: NDArray[Any], times: NDArray[np.int64]) -> None:
        self.first, self.second, self.times = first, second, times
        self.bins = int(np.add.reduce(times))
        self.are_bins = len(times) == self.bins
        if self.are_bins:
            self.rows = float(np.add.reduce(first)), float(np.add.reduce(second))
        else:
            self.rows = float(first @ times), float(second @ times)

    @property
    def sides(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """The rows of either sample in each group."""
        return self.first, self.second

    @classmethod
    def of(
        cls,
        first: Sequence[float] | NDArray[Any],
        second: Sequence[float] | NDArray[Any],
        times: NDArray[np.int64] | None = None,
    ) -> "Groups":
        """Pair two samples, without bins that neither sample has anything in; without `times` each bin is a group."""
        one, other, used = _paired(first, second)
        if times is None:
            return cls(one, other, np.ones(len(one), dtype=np.int64))
        return cls(one, other, times if used is None else times[used])

    def where(self, wanted: NDArray[np.bool_]) -> "Groups":
        """Some of them."""
        return Groups(self.first[wanted], self.second[wanted], self.times[wanted])

    def apart(self) -> tuple[Counts, Counts]:
        """The counts of each bin."""
        if self.are_bins:
            return self.first, self.second
        return np.repeat(self.first, self.times), np.repeat(self.second, self.times)

    def total(self, values: NDArray[np.float64]) -> float:
        """The sum of a value of each bin: to the last digit numpy's of all of them in a row."""
        if self.are_bins:
            return float(np.add.reduce(values))
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
