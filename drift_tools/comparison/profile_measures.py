"""Differences of two datasets of which only profiles are kept: windows larger than memory, and several machines'.

The measures are those of `drift_tools.measures`, over counts that are read off the sketches. Each comes with how far
the sketches may have moved it; where nothing was compacted (up to 2,050 values a side) that is nothing.
"""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures import (
    FLOOR,
    KolmogorovSmirnov,
    ks_of_sorted,
    ks_p_value,
    l_infinity,
    population_stability,
    quantile_edges,
)
from drift_tools.profiles import ColumnProfile, NumberProfile, Profile, distance
from drift_tools.tables import TypeCounts

_NUMERICAL = ("Integral", "Fractional")


@dataclass(frozen=True, slots=True)
class ProfileComparison:
    """One column of two profiles.

    `psi` over the baseline's deciles or over categories, missing cells being a bin; `psi_expected` of equal
    populations. `ks`: of numbers, with its p-value. `l_infinity`: the largest difference of a
    bin's shares. `psi_error` (to first order) and `ks_error`: how far each may be from the exact value.
    `counts`: rows of either side in each bin; the last two are no values but, of numbers, missing cells and cells that
    hold no finite number, and of categories, the rest and missing cells.
    """

    name: str
    kind: Literal["numerical", "categorical"]
    baseline_rows: int
    current_rows: int
    psi: float
    psi_error: float
    psi_expected: float
    l_infinity: float
    ks: KolmogorovSmirnov | None
    ks_error: float
    counts: tuple[NDArray[np.float64], NDArray[np.float64]] = field(repr=False, compare=False)


def compare_profiles(baseline: Profile, current: Profile) -> dict[str, ProfileComparison]:
    """The differences of each column that both profiles have, by name.

    A column is compared as numbers if both sides hold numbers only, else as categories; columns without a cell on
    either side, and those whose categories were not kept (see `Profile.of`, `categorical`), are left out.

    Examples
    --------
    >>> from drift_tools.tables import as_table
    >>> before, after = (Profile.of(as_table({"x": np.arange(100.0) + shift})) for shift in (0, 50))
    >>> found = compare_profiles(before, after)["x"]
    >>> found.ks.statistic, found.ks_error, round(found.psi, 2)
    (0.5, 0.0, 4.35)
    """
    found: dict[str, ProfileComparison] = {}
    for name, before in baseline.columns.items():
        after = current.columns.get(name)
        if after is None or not before.types.present or not after.types.present:
            continue
        if before.numbers is not None and after.numbers is not None and _is_numerical(before, after):
            found[name] = compare_numbers(name, (before.types, before.numbers), (after.types, after.numbers))
        elif not before.categories.unlisted and not after.categories.unlisted:
            found[name] = _compare_categories(name, before, after)
    return found


def _is_numerical(*sides: ColumnProfile) -> bool:
    return all(side.is_numerical or side.types.inferred_type in _NUMERICAL for side in sides)


def compare_numbers(
    name: str, before: tuple[TypeCounts, NumberProfile], after: tuple[TypeCounts, NumberProfile]
) -> ProfileComparison:
    """The differences of a column of numbers; of either side the types of its cells, and its numbers."""
    left, right = before[1].sketch, after[1].sketch
    edges = quantile_edges(*left.weighted())
    counts = [_bins(*side, edges) for side in (before, after)]
    if left.rank_error or right.rank_error:
        statistic = distance(left, right)
        ks = KolmogorovSmirnov(statistic, ks_p_value(statistic, left.weight, right.weight))
    else:
        ks = ks_of_sorted(left.cumulated()[0], right.cumulated()[0])
    # A bin lies between two ranks.
    errors = (2 * left.rank_error, 2 * right.rank_error)
    return _compared(name, "numerical", counts, errors, ks=ks, ks_error=left.rank_error + right.rank_error)


def _bins(types: TypeCounts, numbers: NumberProfile, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows in each bin; behind them the missing cells, and those that are infinite or no number."""
    up_to = numbers.sketch.weights_up_to(edges)
    values = np.diff(np.concatenate([[0.0], up_to, [float(numbers.count)]]))
    return np.append(values, [types.missing, types.present - numbers.count])


def _compare_categories(name: str, before: ColumnProfile, after: ColumnProfile) -> ProfileComparison:
    names = sorted(before.categories.counts.keys() | after.categories.counts.keys())
    counts = []
    for side in (before, after):
        listed = np.array([side.categories.counts.get(category, 0) for category in names], dtype=np.float64)
        # What Misra and Gries left out, rare categories all of them, is one more bin.
        counts.append(np.append(listed, [side.types.present - listed.sum(), side.types.missing]))
    errors = tuple(side.categories.undercount / side.rows for side in (before, after))
    return _compared(name, "categorical", counts, (errors[0], errors[1]), ks=None, ks_error=0.0)


def _compared(
    name: str,
    kind: Literal["numerical", "categorical"],
    counts: list[NDArray[np.float64]],
    errors: tuple[float, float],
    *,
    ks: KolmogorovSmirnov | None,
    ks_error: float,
) -> ProfileComparison:
    occupied = (counts[0] > 0) | (counts[1] > 0)
    first, second = counts[0][occupied], counts[1][occupied]
    stability = population_stability(first, second)
    p, q = np.maximum(first / first.sum(), FLOOR), np.maximum(second / second.sum(), FLOOR)
    # The derivatives of (p - q) ln(p / q) by p and by q.
    by_p, by_q = np.abs(np.log(p / q) + (p - q) / p).sum(), np.abs(np.log(p / q) + (p - q) / q).sum()
    return ProfileComparison(
        name,
        kind,
        int(counts[0].sum()),
        int(counts[1].sum()),
        stability.value,
        float(by_p * errors[0] + by_q * errors[1]),
        stability.expected,
        l_infinity(first, second),
        ks,
        ks_error,
        (counts[0], counts[1]),
    )
