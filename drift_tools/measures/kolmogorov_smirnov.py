"""Two-sample Kolmogorov-Smirnov test."""

import math
import sys
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Numbers

# scipy's own limit for the exact distribution (ks_2samp, method="auto").
_EXACT_UP_TO = 10_000
# Two unequal samples of more rows are scipy's to count, whose loop is compiled: at 4500 rows 1.5 ms in place of 17.
_COUNTED_HERE = 2000
# With as many rows the asymptotic expansions agree with scipy, whose own sums take up to half a second each.
_MANY_ROWS = 2500
# From here on (the statistic squared times the rows) the two tails overlap in no digit that counts; scipy's own limit.
_FAR_TAIL = 2.2
# So many rows are ranked sooner than anything could be ruled out.
_AT_ONCE = 1000
_STRETCHES = 16
_PARTS = 8
_SOME = 64

_Rows: TypeAlias = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class KolmogorovSmirnov:
    """`statistic`: the largest difference of the two cumulative shares, 0 … 1. `p_value`: of a difference at least that
    large from equal populations.
    """

    statistic: float
    p_value: float


def kolmogorov_smirnov(baseline: Numbers, current: Numbers) -> KolmogorovSmirnov:
    """The two-sided test on two samples of finite numbers, NaN for an empty one.

    The statistic is exact, ties included: ranks are compared as integers. The p-value is scipy's
    (`scipy.stats.ks_2samp`, `method="auto"`): exact for up to 10,000 rows a side, else from the one-sample
    distribution with n * m / (n + m) rows (see `ks_p_value`). With ties it is too large rather than too small.

    >>> test = kolmogorov_smirnov(np.arange(100.0), np.arange(50.0, 150.0))
    >>> test.statistic, test.p_value < 1e-10
    (0.5, True)
    """
    return ks_of_sorted(np.sort(baseline), np.sort(current))


def ks_of_sorted(baseline: Numbers, current: Numbers) -> KolmogorovSmirnov:
    """The test on two samples that are sorted already."""
    n, m = len(baseline), len(current)
    if not n or not m:
        return KolmogorovSmirnov(math.nan, math.nan)
    statistic = ks_statistic(baseline, current)
    if statistic == 0:
        return KolmogorovSmirnov(0.0, 1.0)
    if max(n, m) > _EXACT_UP_TO:
        return KolmogorovSmirnov(statistic, ks_p_value(statistic, n, m))
    if n == m:
        return KolmogorovSmirnov(statistic, _exact_p_value(round(statistic * n), n))
    return KolmogorovSmirnov(statistic, _unequal_p_value(round(statistic * n * m), n, m))


@lru_cache(maxsize=4096)  # a table's columns share their number of rows, and differ in few dozen statistics
def _exact_p_value(rows: int, n: int) -> float:
    """The p-value of a difference of `rows` / n or more between two samples of n rows each without ties: the
    alternating sum of Gnedenko and Korolyuk (1951) over paths that leave the strip, C(2n, n - j * rows) / C(2n, n) for
    j = 1, 2, ….
    """
    step = np.arange(1.0, n + 1)
    shares = np.cumprod((n - step + 1) / (n + step))[rows - 1 :: rows]  # of all paths, by j
    return float(np.clip(2 * (shares[::2].sum() - shares[1::2].sum()), 0.0, 1.0))


@lru_cache(maxsize=4096)
def _unequal_p_value(lead: int, n: int, m: int) -> float:
    """The p-value of a difference of `lead` / (n * m) or more between samples of n and m rows without ties: scipy's."""
    # Ten times as fast by its compiled loop, where somebody has loaded that already.
    if n + m > _COUNTED_HERE or "scipy.stats" in sys.modules:
        return _scipys_p_value(lead, n, m)
    return _counted_p_value(lead, n, m)


def _counted_p_value(lead: int, n: int, m: int) -> float:
    """The same as scipy counts it: by path, from the lattice's first corner to its last, the share that has left the
    strip.
    """
    few, many = sorted((n, m))
    common = math.gcd(n, m)
    lead, across, step = lead // common, few // common, (few + many) // common
    at = np.arange(few + 1.0)
    # Of the paths to each point of one diagonal, by its row: a row before the first, then rows 0 to `few`.
    left = np.ones(few + 2)
    left[1] = 0.0
    first = 0
    for length in range(1, n + m + 1):
        behind = first
        first = max((length * across - lead) // step + 1, length - many, 0)
        end = min((length * across + lead - 1) // step, few, length) + 1
        if first >= end:
            return 1.0
        row, inside = at[first:end], left[first + 1 : end + 1]
        shares = (inside * (length - row) + left[first:end] * row) / length
        inside[:] = shares
        left[behind + 1 : first + 1] = 1.0
    return float(left[-1])


def _scipys_p_value(lead: int, n: int, m: int) -> float:
    """The same by scipy, of two samples of zeros and ones with this difference."""
    from scipy import stats  # noqa: PLC0415 - half a second to import

    # So many zeros of n and m rows that first * m - second * n is the lead, and as many as there can be.
    common = math.gcd(n, m)
    step = n // common
    first = lead // common * pow(m // common, -1, step) % step
    first += (n - first) // step * step
    second = (first * m - lead) // n
    samples = (np.repeat([0.0, 1.0], [zeros, rows - zeros]) for zeros, rows in ((first, n), (second, m)))
    with warnings.catch_warnings():
        # Where the exact distribution overflows, scipy says so and takes the asymptotic one.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful", RuntimeWarning)
        return float(stats.ks_2samp(*samples).pvalue)


def ks_p_value(statistic: float, n: int, m: int) -> float:
    """The p-value of large samples without ties: that of one sample of round(n * m / (n + m)) rows
    (`scipy.stats.kstwo`), as `scipy.stats.ks_2samp` takes it.

    From 2,500 rows on by expansions in 1 / sqrt(n), within 0.02 % of scipy's down to 1e-9 and within 0.1 % down to
    1e-22: Kolmogorov's distribution with Vrbik's correction, "Small-sample corrections to Kolmogorov-Smirnov test
    statistic", Pioneer J. Theor. Appl. Stat. 15 (2018); in the tail twice Smirnov's: Lauwerier, "The asymptotic
    expansion of the statistical distribution of N. V. Smirnov", Z. Wahrscheinlichkeitstheorie 2 (1963).
    """
    rows = round(n * m / (n + m))
    if rows < _MANY_ROWS:
        from scipy import stats  # noqa: PLC0415 - as above

        return float(stats.kstwo.sf(statistic, rows))
    square = statistic**2 * rows
    if square >= _FAR_TAIL:
        return min(1.0, 2 * math.exp(-2 * square - 2 * statistic / 3 + 4 * (square - square**2) / (9 * rows)))
    from scipy.special import kolmogorov  # noqa: PLC0415 - slow to import

    root, scaled = math.sqrt(rows), math.sqrt(square)
    return float(kolmogorov(scaled + 1 / (6 * root) + (scaled - 1) / (4 * rows)))


def ks_statistic(baseline: Numbers, current: Numbers) -> float:
    """The statistic alone, of two sorted samples that are not empty: the larger of the two leads."""
    n, m = len(baseline), len(current)
    if np.array_equal(baseline[:_SOME], current[:_SOME]) and np.array_equal(baseline, current):
        return 0.0
    return _largest_lead(current, baseline, _largest_lead(baseline, current, 0)) / (n * m)


def _largest_lead(first: Numbers, second: Numbers, least: int) -> int:
    """How far the first sample's cumulative share is ahead of the second's at most, times n * m; `least` if it is
    nowhere further ahead than that.

    It is furthest ahead at one of its own rows, and few of them need to be ranked in the other sample: whether row i
    leads by more than `best` is one comparison with the row of the other sample that it would then have to be below.
    For a stretch of rows the same comparison, of its first row with what its last would have to be below, rules out
    all of them at once. So: rank about sqrt(n) rows, rule out stretches by the best of them, cut what is left, go on.
    """
    n = len(first)
    if n <= _AT_ONCE:
        return max(least, _lead_at(np.arange(n), first, second))
    root = math.isqrt(n)
    best = max(least, _lead_at(np.arange(0, n, root), first, second))
    stretch = max(root // _STRETCHES, 1)
    starts = np.arange(0, n, stretch)
    while True:
        starts = starts[_may_lead(starts, np.minimum(starts + stretch, n), first, second, best)]
        if not len(starts):
            return best
        if stretch > 1:
            part = max(stretch // _PARTS, 1)
            starts = (starts[:, None] + np.arange(0, stretch, part)).ravel()
            starts, stretch = starts[starts < n], part
        else:
            some = starts[:: len(starts) // _AT_ONCE + 1]
            best = max(best, _lead_at(some, first, second))
            if len(some) == len(starts):
                return best


def _lead_at(rows: _Rows, first: Numbers, second: Numbers) -> int:
    """The largest lead at some rows of the first sample."""
    ranks = second.searchsorted(first.take(rows), side="right")
    return int(((rows + 1) * len(second) - ranks * len(first)).max())


def _may_lead(starts: _Rows, ends: _Rows, first: Numbers, second: Numbers, best: int) -> NDArray[np.bool_]:
    """Whether any row of each stretch [start, end) can lead by more than `best`; of a single row, whether it does.

    No row leads by more than the last would with the rank r of the first, end * m - r * n. That is more than `best` if
    r is at most `rank`, which it is where the second sample's number of this rank is above the stretch's first.
    """
    rank = (ends * len(second) - best - 1) // len(first)
    return (rank >= 0) & (second.take(rank, mode="clip") > first.take(starts))
