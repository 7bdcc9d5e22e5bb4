"""Two-sample chi-squared test on categories."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import ENOUGH, Groups, are_rare, fisher_exact_p_value, pool_rare


@dataclass(frozen=True, slots=True)
class ChiSquared:
    """`statistic` and `p_value` of the test of homogeneity; `degrees` of freedom; `pooled`: how many rare categories
    were counted as one.
    """

    statistic: float
    p_value: float
    degrees: int
    pooled: int


def chi_squared(
    baseline: Sequence[float] | NDArray[Any],
    current: Sequence[float] | NDArray[Any],
    times: NDArray[np.int64] | None = None,
) -> ChiSquared:
    """The test for equal shares of categories in two samples, both of which are samples: the baseline's shares are
    not taken for the truth (as `scipy.stats.chi2_contingency` without correction).

    Categories of which fewer than 5 rows are expected in either sample are pooled into one; if fewer than 5 rows are
    expected of that, it joins the smallest other. If only two are left and one is still short, the p-value is
    Fisher's.

    >>> test = chi_squared([500, 500], [400, 600])
    >>> round(test.statistic, 2), test.degrees
    (20.2, 1)
    """
    groups = Groups.of(baseline, current, times)
    n, m = groups.rows
    if not n or not m:
        return ChiSquared(np.nan, np.nan, 0, 0)
    first, second, pooled = pool_rare(groups)
    if len(first) < 2:
        return ChiSquared(0.0, 1.0, 0, pooled)
    from scipy.special import chdtrc  # noqa: PLC0415 - the monitor job never asks for a p-value, and should start quickly

    totals = first + second
    expected = totals * (n / (n + m))
    statistic = float(
        np.sum((first - expected) ** 2 / expected) + np.sum((second - totals + expected) ** 2 / (totals - expected))
    )
    degrees = len(first) - 1
    if degrees == 1 and totals.min() * min(n, m) / (n + m) < ENOUGH:
        p_value = fisher_exact_p_value(int(first[0]), int(n), int(second[0]), int(m))
    else:
        p_value = float(chdtrc(degrees, statistic))
    return ChiSquared(statistic, p_value, degrees, pooled)


def rare_categories_p_value(
    baseline: Sequence[float] | NDArray[Any],
    current: Sequence[float] | NDArray[Any],
    times: NDArray[np.int64] | None = None,
) -> float | None:
    """Whether any rare category appeared or vanished, which pooling can hide; None if there are none to pool.

    Fisher's exact p-value of each rare category's share, times the number of categories (Bonferroni). So three rows of
    a code that 60,000 baseline rows never had are found among fifty, and one row of a code that occurred once is not.

    >>> rare_categories_p_value([30000, 30000, 0], [24, 23, 3]) < 1e-6
    True
    """
    groups = Groups.of(baseline, current, times)
    n, m = map(int, groups.rows)
    if not n or not m:
        return None
    rare = groups.where(are_rare(groups))
    if not len(rare.times):
        return None
    # Each pair of counts once, as one number: as rows they would be sorted byte by byte.
    base = int(rare.second.max()) + 1
    pairs = np.unique(rare.first.astype(int) * base + rare.second.astype(int)).tolist()
    smallest = min(fisher_exact_p_value(pair // base, n, pair % base, m) for pair in pairs)
    return min(1.0, smallest * groups.bins)
