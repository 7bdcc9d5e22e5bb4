"""LightGBM's histogram bins of numbers, for scikit-learn's boosting, so that both grow the same trees.

The two algorithms are one but for where they may cut: scikit-learn takes percentiles of a column, LightGBM bins of
about equally many rows, none of fewer than three, a frequent value in one of its own, and zero apart. Errors have long
tails, and the cuts in these decide what is learnt of them: with percentiles the estimates of small baselines were up to
5 % off.

Source: LightGBM 4, `src/io/bin.cpp` (`GreedyFindBin`, `FindBinWithZeroAsOneBin`), with its defaults `max_bin` 255 and
`min_data_in_bin` 3. Of cuts with equal gains, between which there are no rows, LightGBM takes the highest, since it
looks from above, and scikit-learn the lowest: the bins are numbered from above, which makes it the same one.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Numbers

_MOST_BINS: Final = 255
_FEWEST_IN_BIN: Final = 3
_ZERO: Final = 1e-35  # LightGBM's kZeroThreshold: nearer numbers are zero
_BIG: Final = 0.5  # a bin before a frequent value may be so much of the mean


@dataclass(frozen=True, slots=True)
class Bins:
    """`bounds`: the upper ends of the bins, each belonging to its bin; the last is infinite."""

    bounds: Numbers

    @classmethod
    def of(cls, values: Numbers) -> "Bins":
        """The bins of a column; NaN is missing, and takes one of them."""
        present = values[~np.isnan(values)]
        most = _MOST_BINS - (len(present) < len(values))
        distinct, counts = np.unique(present, return_counts=True)
        below, above = distinct <= -_ZERO, distinct > _ZERO
        negative, positive = int(counts[below].sum()), int(counts[above].sum())
        found: list[float] = []
        if negative:
            share = max(1, int(negative / (negative + positive) * (most - 1)))
            found = _greedy(distinct[below], counts[below], share, negative)
            found[-1] = -_ZERO
        left = most - 1 - len(found)
        if positive and left > 0:
            found += [_ZERO, *_greedy(distinct[above], counts[above], left, positive)]
        else:
            found.append(np.inf)
        return cls(np.array(found))

    def numbers(self, values: Numbers) -> Numbers:
        """The number of each value's bin, from above; NaN stays."""
        places: NDArray[np.intp] = np.searchsorted(self.bounds, values, side="left")
        found: Numbers = np.where(np.isnan(values), np.nan, len(self.bounds) - 1.0 - places)
        return found


def _greedy(distinct: Numbers, counts: NDArray[np.intp], most: int, rows: int) -> list[float]:
    """`GreedyFindBin`: the upper ends of at most so many bins of sorted values that differ."""
    ends = _few(distinct, counts) if len(distinct) <= most else _many(distinct, counts, most, rows)
    return [*ends, np.inf]


def _few(distinct: Numbers, counts: NDArray[np.intp]) -> list[float]:
    """A bin a value, but for those of too few rows, which are put together with the next ones."""
    ends: list[float] = []
    filled = 0
    for place in range(len(distinct) - 1):
        filled += int(counts[place])
        if filled >= _FEWEST_IN_BIN and _end(ends, distinct[place], distinct[place + 1]):
            filled = 0
    return ends


def _many(distinct: Numbers, counts: NDArray[np.intp], most: int, rows: int) -> list[float]:
    """Bins of about equally many rows; a value of more rows than that has one of its own."""
    most = max(1, min(most, rows // _FEWEST_IN_BIN))
    is_big = counts >= rows / most
    bins_left, rows_left = most - int(is_big.sum()), rows - int(counts[is_big].sum())
    mean = _per_bin(rows_left, bins_left)
    ends: list[float] = []
    filled = made = 0
    for place in range(len(distinct) - 1):
        big, count = bool(is_big[place]), int(counts[place])
        rows_left -= 0 if big else count
        filled += count
        if big or filled >= mean or (is_big[place + 1] and filled >= max(1.0, mean * _BIG)):
            _end(ends, distinct[place], distinct[place + 1])
            made += 1
            if made >= most - 1:
                break
            filled = 0
            if not big:
                bins_left -= 1
                mean = _per_bin(rows_left, bins_left)
    return ends


def _per_bin(rows: int, bins: int) -> float:
    return rows / bins if bins else np.inf


def _end(ends: list[float], below: float, above: float) -> bool:
    """Add the end between two values, unless it is the last one's next number; whether it was added."""
    end = float(np.nextafter((below + above) / 2, np.inf))
    is_new = not ends or end > np.nextafter(ends[-1], np.inf)
    if is_new:
        ends.append(end)
    return is_new
