"""Differences of numbers of which only sketches are kept: windows larger than memory, and several machines'.

The measures are those of `drift_tools.measures`, over counts that are read off the sketches. Each comes with how far
the sketches may have moved it; where nothing was compacted (up to 2,050 values a side) that is nothing.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures import (
    FLOOR,
    KolmogorovSmirnov,
    ks_of_sorted,
    ks_p_value,
    population_stability,
    quantile_edges,
)
from drift_tools.profiles import NumberProfile, distance
from drift_tools.tables import TypeCounts


@dataclass(frozen=True, slots=True)
class SketchedNumbers:
    """A column of numbers of two profiles.

    `psi` over the baseline's deciles, missing cells being a bin; `psi_expected` of equal populations. `ks`: with its
    p-value. `psi_error` (to first order) and `ks_error`: how far each may be from the exact value.
    `counts`: rows of either side in each bin; the last two are missing cells and cells that hold no finite number.
    """

    psi: float
    psi_error: float
    psi_expected: float
    ks: KolmogorovSmirnov
    ks_error: float
    counts: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False, compare=False)


def compare_numbers(
    before: tuple[TypeCounts, NumberProfile], after: tuple[TypeCounts, NumberProfile]
) -> SketchedNumbers:
    """The differences of a column of numbers; of either side the types of its cells, and its numbers.

    Examples
    --------
    >>> from drift_tools.profiles import Profile
    >>> from drift_tools.tables import as_table
    >>> sides = (Profile.of(as_table({"x": np.arange(100.0) + shift})).columns["x"] for shift in (0, 50))
    >>> found = compare_numbers(*((side.types, side.numbers) for side in sides))
    >>> found.ks.statistic, found.ks_error, round(found.psi, 2)
    (0.5, 0.0, 4.35)
    """
    left, right = before[1].sketch, after[1].sketch
    edges = quantile_edges(*left.weighted())
    counts = [_bins(*side, edges) for side in (before, after)]
    if left.rank_error or right.rank_error:
        statistic = distance(left, right)
        ks = KolmogorovSmirnov(statistic, ks_p_value(statistic, left.weight, right.weight))
    else:
        ks = ks_of_sorted(left.cumulated()[0], right.cumulated()[0])
    occupied = (counts[0] > 0) | (counts[1] > 0)
    first, second = counts[0][occupied], counts[1][occupied]
    stability = population_stability(first, second)
    p, q = np.maximum(first / first.sum(), FLOOR), np.maximum(second / second.sum(), FLOOR)
    # The derivatives of (p - q) ln(p / q) by p and by q.
    by_p, by_q = np.abs(np.log(p / q) + (p - q) / p).sum(), np.abs(np.log(p / q) + (p - q) / q).sum()
    return SketchedNumbers(
        stability.value,
        # A bin lies between two ranks.
        float(2 * (by_p * left.rank_error + by_q * right.rank_error)),
        stability.expected,
        ks,
        left.rank_error + right.rank_error,
        (counts[0], counts[1]),
    )


def _bins(types: TypeCounts, numbers: NumberProfile, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows in each bin; behind them the missing cells, and those that are infinite or no number."""
    up_to = numbers.sketch.weights_up_to(edges)
    values = np.diff(np.concatenate([[0.0], up_to, [float(numbers.count)]]))
    return np.append(values, [types.missing, types.present - numbers.count])
