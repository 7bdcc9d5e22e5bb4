"""The rules by which other libraries call a feature drifted, written down from their sources.

Each is a number that is larger the more two samples differ, and the limit from which the library says "drift". Read
in evidently a4aa4c2b3 (0.7.23), whylogs c9b9b8b15 (1.6.4), alibi-detect 5ff45c3f (0.13.0), frouros c69d139 (0.9.0),
deepchecks 9d6820f9a (0.19.1). P-values are given as -log10 p, so that larger is worse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import xlogy

Values: TypeAlias = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """`score`: of the baseline's and the current values. `limit`: drift from here on. `source`: who has it."""

    score: Callable[[Values, Values], float]
    limit: float
    source: str


def _evidently_bins(first: Values, second: Values, *, fill: bool) -> tuple[Values, Values]:
    """Shares over equal-width bins of both samples pooled, by Sturges' rule; one a value up to 20 values. With `fill`
    an empty bin's share is 1e-4, or a millionth of the smallest one if that is smaller (`get_binned_data`).
    """
    pooled = np.concatenate([first, second])
    values = np.unique(pooled)
    if pooled.dtype.kind in "fiu" and len(values) > 20:
        edges = np.histogram_bin_edges(pooled, bins="sturges")
        sides = [np.histogram(side, edges)[0] / len(side) for side in (first, second)]
    else:
        sides = [
            np.bincount(np.searchsorted(values, side), minlength=len(values)) / len(side) for side in (first, second)
        ]
    for shares in sides if fill else ():
        smallest = shares[shares > 0].min()
        shares[shares == 0] = 1e-4 if smallest > 1e-4 else smallest / 1e6
    return sides[0], sides[1]


def _psi(first: Values, second: Values) -> float:
    p, q = _evidently_bins(first, second, fill=True)
    return float(np.sum((p - q) * np.log(p / q)))


def _jensen_shannon(first: Values, second: Values) -> float:
    p, q = _evidently_bins(first, second, fill=False)
    middle = np.where(p + q > 0, (p + q) / 2, 1.0)
    return float(np.sqrt(np.sum(xlogy(p, p / middle) + xlogy(q, q / middle)) / 2))


def _decile_psi(first: Values, second: Values) -> float:
    edges = np.unique(np.quantile(first, np.linspace(0.1, 0.9, 9)))
    p, q = (np.bincount(np.searchsorted(edges, side), minlength=len(edges) + 1) / len(side) for side in (first, second))
    p, q = np.maximum(p, 1e-4), np.maximum(q, 1e-4)
    return float(np.sum((p - q) * np.log(p / q)))


def _hellinger(first: Values, second: Values) -> float:
    edges = np.histogram_bin_edges(np.concatenate([first, second]), bins=30)
    p, q = (np.histogram(side, edges)[0] / len(side) for side in (first, second))
    return float(np.sqrt(np.sum((np.sqrt(p) - np.sqrt(q)) ** 2) / 2))


def _kolmogorov_smirnov(first: Values, second: Values) -> float:
    return _log(stats.ks_2samp(first, second, method="asymp").pvalue)


def _wasserstein(first: Values, second: Values) -> float:
    return float(stats.wasserstein_distance(first, second)) / max(float(np.std(first)), 1e-3)


def _cramer_von_mises(first: Values, second: Values) -> float:
    return _log(stats.cramervonmises_2samp(first, second, method="asymptotic").pvalue)


def _one_sample_chi_squared(first: Values, second: Values) -> float:
    """The current counts against the baseline's shares as if those were the truth; a category that the baseline never
    had makes the statistic infinite.
    """
    p, q = _counts(first, second)
    if np.any((p == 0) & (q > 0)):
        return np.inf
    used = p > 0
    return _log(stats.chisquare(q[used], p[used] * (q.sum() / p.sum())).pvalue)


def _two_sample_chi_squared(first: Values, second: Values) -> float:
    return _log(stats.chi2_contingency(np.stack(_counts(first, second))).pvalue)


def _counts(first: Values, second: Values) -> tuple[Values, Values]:
    values = np.unique(np.concatenate([first, second]))
    p, q = (np.bincount(np.searchsorted(values, side), minlength=len(values)) for side in (first, second))
    return p, q


def _log(p_value: float) -> float:
    return float(-np.log10(max(p_value, 1e-300)))


_FIVE_PERCENT = float(-np.log10(0.05))
PSI = Rule(_psi, 0.1, "Evidently, PSI >= 0.1")
NUMERICAL: Mapping[str, Rule] = {
    "KS": Rule(_kolmogorov_smirnov, _FIVE_PERCENT, "Evidently up to 1,000 rows, alibi-detect, whylogs: p < 0.05"),
    "PSI": PSI,
    "PSI, deciles": Rule(_decile_psi, 0.1, "the usual PSI, baseline's deciles, >= 0.1"),
    "Wasserstein": Rule(_wasserstein, 0.1, "Evidently above 1,000 rows: distance / deviation >= 0.1"),
    "Jensen-Shannon": Rule(_jensen_shannon, 0.1, "Evidently, NannyML: distance >= 0.1"),
    "Hellinger": Rule(_hellinger, 0.15, "whylogs: distance >= 0.15 over 30 bins"),
    "Cramér-von Mises": Rule(_cramer_von_mises, _FIVE_PERCENT, "alibi-detect, frouros: p < 0.05"),
}
CATEGORICAL: Mapping[str, Rule] = {
    "chi-squared, one sample": Rule(_one_sample_chi_squared, _FIVE_PERCENT, "Evidently, whylogs, Deequ: p < 0.05"),
    "chi-squared, two samples": Rule(_two_sample_chi_squared, _FIVE_PERCENT, "alibi-detect, NannyML: p < 0.05"),
    "PSI": PSI,
    "Jensen-Shannon": Rule(_jensen_shannon, 0.1, "Evidently above 1,000 rows: distance >= 0.1"),
}
