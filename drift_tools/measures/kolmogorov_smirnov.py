"""Two-sample Kolmogorov-Smirnov test."""

import warnings
from dataclasses import dataclass

import numpy as np

from drift_tools.tables import Numbers

# scipy's own limit for the exact distribution (ks_2samp, method="auto").
_EXACT_UP_TO = 10_000


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
    distribution with n * m / (n + m) rows. With ties it is too large rather than too small.

    >>> test = kolmogorov_smirnov(np.arange(100.0), np.arange(50.0, 150.0))
    >>> test.statistic, test.p_value < 1e-10
    (0.5, True)
    """
    from scipy import stats  # noqa: PLC0415 - half a second to import, which the monitor job never needs

    n, m = len(baseline), len(current)
    if not n or not m:
        return KolmogorovSmirnov(np.nan, np.nan)
    statistic = ks_statistic(np.sort(baseline), np.sort(current))
    if max(n, m) <= _EXACT_UP_TO:
        with warnings.catch_warnings():
            # Where the exact distribution overflows, scipy says so and takes the asymptotic one.
            warnings.filterwarnings("ignore", "ks_2samp: Exact calculation unsuccessful", RuntimeWarning)
            return KolmogorovSmirnov(statistic, float(stats.ks_2samp(baseline, current).pvalue))
    return KolmogorovSmirnov(statistic, float(stats.kstwo.sf(statistic, np.round(n * m / (n + m)))))


def ks_statistic(baseline: Numbers, current: Numbers) -> float:
    """The statistic alone, of two sorted samples that are not empty."""
    points = np.concatenate([baseline, current])
    n, m = len(baseline), len(current)
    below = np.searchsorted(baseline, points, side="right") * m - np.searchsorted(current, points, side="right") * n
    return float(np.max(np.abs(below)) / (n * m))
