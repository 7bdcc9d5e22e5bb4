"""Two-sample Kolmogorov-Smirnov test."""

import math
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Numbers

# scipy's own limit for the exact distribution (ks_2samp, method="auto").
_EXACT_UP_TO = 10_000
# With as many rows the asymptotic expansions agree with scipy, whose own sums take up to half a second each.
_MANY_ROWS = 2500
# From here on (the statistic squared times the rows) the two tails overlap in no digit that counts; scipy's own limit.
_FAR_TAIL = 2.2
_SPLITS = 4
# Refining a cell costs more than merging it once most of the samples are still in question.
_MERGE_FROM = 0.25
_SOME = 64

_Ranks: TypeAlias = NDArray[np.int64]


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
    from scipy import stats  # noqa: PLC0415 - half a second to import, which the monitor job never needs

    with warnings.catch_warnings():
        # Where the exact distribution overflows, scipy says so and takes the asymptotic one.
        warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful", RuntimeWarning)
        return KolmogorovSmirnov(statistic, float(stats.ks_2samp(baseline, current).pvalue))


@lru_cache(maxsize=4096)  # a table's columns share their number of rows, and differ in few dozen statistics
def _exact_p_value(rows: int, n: int) -> float:
    """Of a difference of `rows` / n or more between two samples of n rows each without ties: the alternating sum of
    Gnedenko and Korolyuk (1951) over paths that leave the strip, C(2n, n - j * rows) / C(2n, n) for j = 1, 2, ….
    """
    step = np.arange(1.0, n + 1)
    shares = np.cumprod((n - step + 1) / (n + step))[rows - 1 :: rows]  # of all paths, by j
    return float(np.clip(2 * (shares[::2].sum() - shares[1::2].sum()), 0.0, 1.0))


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
    """The statistic alone, of two sorted samples that are not empty, by branch and bound.

    Both cumulative shares are known at a grid of pivots. Between two pivots they only rise, so their ranks there bound
    the difference; only the cells whose bound beats the best difference so far are split further. Where most of them
    do, as with two samples that differ in the last digit, one merge decides.
    """
    n, m = len(baseline), len(current)
    if np.array_equal(baseline[:_SOME], current[:_SOME]) and np.array_equal(baseline, current):
        return 0.0
    if n + m <= 2 * _EXACT_UP_TO:
        return _largest_in_merge(baseline, current) / (n * m)
    cells = _Cells(*(np.array([end], dtype=np.int64) for end in (0, n, 0, m)))
    splits, best = math.isqrt(max(n, m)), 0
    while len(cells.baseline_from):
        finer, here = _split(cells, baseline, current, splits)
        best = max(best, here)
        cells = finer.above(best, n, m)
        if splits == _SPLITS and cells.rows() > _MERGE_FROM * (n + m):
            return _largest_in_merge(baseline, current) / (n * m)
        splits = _SPLITS
    return best / (n * m)


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """Stretches of numbers, by the ranks at their ends in either sample; equally long arrays."""

    baseline_from: _Ranks
    baseline_to: _Ranks
    current_from: _Ranks
    current_to: _Ranks

    def above(self, best: int, n: int, m: int) -> "_Cells":
        """Those in which the difference, times n * m, can be larger than `best`."""
        bound = np.maximum(self.baseline_to * m - self.current_from * n, self.current_to * n - self.baseline_from * m)
        keep = bound > best
        return _Cells(self.baseline_from[keep], self.baseline_to[keep], self.current_from[keep], self.current_to[keep])

    def rows(self) -> int:
        return int(np.sum(self.baseline_to - self.baseline_from) + np.sum(self.current_to - self.current_from))


def _split(cells: _Cells, baseline: Numbers, current: Numbers, splits: int) -> tuple[_Cells, int]:
    """The cells cut at evenly spaced numbers of either sample, and the largest difference at those, times n * m."""
    n, m = len(baseline), len(current)
    steps = np.arange(splits)
    places = [
        start[:, None] + (end - start)[:, None] * steps // splits
        for start, end in ((cells.baseline_from, cells.baseline_to), (cells.current_from, cells.current_to))
    ]
    # A cell without a row of one sample takes the next row: a pivot outside its cell only costs a comparison.
    pivots = np.concatenate(
        [np.take(baseline, places[0], mode="clip"), np.take(current, places[1], mode="clip")], axis=1
    )
    pivots.sort(axis=1)
    flat, shape = pivots.ravel(), pivots.shape
    (first_left, first_right), (second_left, second_right) = _ranks(baseline, flat), _ranks(current, flat)
    best = max(
        int(np.max(np.abs(first_right * m - second_right * n))), int(np.max(np.abs(first_left * m - second_left * n)))
    )
    ends = zip((cells.baseline_from, cells.current_from), (cells.baseline_to, cells.current_to), strict=True)
    stretches = [
        _between(start, left.reshape(shape), right.reshape(shape), end)
        for (start, end), (left, right) in zip(
            ends, ((first_left, first_right), (second_left, second_right)), strict=True
        )
    ]
    return _Cells(*stretches[0], *stretches[1]), best


def _between(start: _Ranks, left: _Ranks, right: _Ranks, end: _Ranks) -> tuple[_Ranks, _Ranks]:
    """The ranks at the beginnings and at the ends of the stretches between the pivots of each cell."""
    beginnings = np.empty((len(start), right.shape[1] + 1), dtype=np.int64)
    endings = np.empty_like(beginnings)
    beginnings[:, 0], beginnings[:, 1:] = start, right
    endings[:, :-1], endings[:, -1] = left, end
    return beginnings.ravel(), endings.ravel()


def _ranks(values: Numbers, points: Numbers) -> tuple[_Ranks, _Ranks]:
    """How many of the sorted values are below each point, and how many not above it."""
    right = values.searchsorted(points, side="right")
    left = right - (values.take(right - 1, mode="clip") == points)
    tied = np.flatnonzero((values.take(left - 1, mode="clip") == points) & (left > 0))
    if len(tied):
        left[tied] = values.searchsorted(points[tied], side="left")
    return left, right


def _largest_in_merge(baseline: Numbers, current: Numbers) -> int:
    """The largest difference, times n * m, at every number of either sample."""
    n, m = len(baseline), len(current)
    merged = np.concatenate([baseline, current])
    order = np.argsort(merged, kind="stable")  # two sorted runs: one merge
    merged = merged[order]
    difference = np.cumsum(np.where(order < n, m, -n))
    last_of_its_ties = np.append(merged[1:] != merged[:-1], True)
    return int(np.max(np.abs(difference[last_of_its_ties])))
