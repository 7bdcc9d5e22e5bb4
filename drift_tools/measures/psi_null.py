"""What the population stability index is when nothing has changed, at any sample size.

The index of two samples from equal populations is not zero: its mean is about (bins - 1)(1/n + 1/m) (Yurdakul,
"Statistical Properties of Population Stability Index", Western Michigan University, dissertation 3208, 2018). That
holds while every bin has many rows. With a thousand categories and fifty rows most bins are empty on one side, and the
logarithm of a floor has another mean altogether: here it is computed instead.
"""

import math
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import Counts, Groups

Numbers: TypeAlias = NDArray[np.float64]
# With as many rows expected of a bin in the smaller sample, the mean's first term is right to a part in 200.
_MANY = 200.0
_CHUNK = 1_000_000
_SORTED_SOONER = 64
_MOST_KNOWN = 10_000
_ENOUGH = 15.0


def expected_index(first: Counts, second: Counts, times: NDArray[np.int64] | None = None, *, floor: float) -> float:
    """The mean of the index over all ways in which the rows of both samples could have been dealt to the two sides.

    Given how many rows a bin has in both samples together, its rows in one of them have a hypergeometric distribution,
    and the mean of a sum is the sum of the means: exact for categories. For the baseline's own quantile bins it is
    within 1 % from 100 rows a side on (0.19 where Yurdakul's formula, its limit for many rows a bin, says 0.18), and
    rough below: 0.44 for 0.51 at 50 against 50 rows.

    Parameters
    ----------
    first, second
        the rows of either sample in each bin, without bins that neither has rows in.
    times
        how many bins have these counts; one each by default.
    floor
        the share that a smaller one counts as.

    Examples
    --------
    >>> round(expected_index(np.full(10, 1e5), np.full(10, 1e5), floor=1e-4), 8)  # 9 * (1e-6 + 1e-6)
    1.8e-05
    >>> round(expected_index(np.full(1000, 20.0), np.repeat([1.0, 0.0], [50, 950]), floor=1e-4), 2)  # and not 20
    4.92
    """
    return expected_of(Groups.of(first, second, times), floor=floor)


def expected_of(groups: Groups, *, floor: float) -> float:
    """The same of samples that are paired already."""
    n, m = sorted(groups.rows, reverse=True)
    totals = groups.first + groups.second
    often: NDArray[Any] = groups.times
    if len(totals) > _SORTED_SOONER:
        totals, group = np.unique(totals, return_inverse=True)
        often = np.bincount(group, weights=often, minlength=len(totals))
    means = _known_means(n, m, floor).of(totals.tolist())
    # Of terms in any order the same sum, to the last digit: a column and its mirror image have one expectation.
    return math.fsum(times * mean for times, mean in zip(often.tolist(), means, strict=True))


class _Means:
    """The mean of a bin's part of the index, by the bin's total, for samples of n >= m rows; what was computed once is
    known. The columns of a table, and the windows of a monitor, have the same few totals over and over.
    """

    def __init__(self, n: float, m: float, floor: float) -> None:
        self.n, self.m, self.floor = n, m, floor
        self.known: dict[float, float] = {}

    def of(self, totals: list[float]) -> list[float]:
        """The means of bins of these totals."""
        if len(self.known) > _MOST_KNOWN:
            self.known = {}
        known = self.known  # another thread may be about to forget it
        new = [total for total in dict.fromkeys(totals) if total not in known]
        if new:
            known.update(self._computed(new))
        return [known[total] for total in totals]

    def _computed(self, totals: list[float]) -> dict[float, float]:
        n, m = self.n, self.m
        share = m / (n + m)
        found = {total: (1 - total / (n + m)) * (1 / n + 1 / m) for total in totals}
        few = np.array([total for total in totals if total * share < _MANY])
        most = float(few.max(initial=0.0)) * share
        reach = int(most + 14 * np.sqrt(most)) + 20  # what lies beyond has a probability of less than 1e-30
        step = max(1, _CHUNK // reach)
        for start in range(0, len(few), step):
            part = few[start : start + step]
            found.update(zip(part.tolist(), _bin_means(part, n, m, self.floor, reach).tolist(), strict=True))
        return found


_known_means = lru_cache(maxsize=16)(_Means)


def _bin_means(totals: Numbers, n: float, m: float, floor: float, reach: int) -> Numbers:
    """The mean of (p - q) ln(p / q) of bins that have these totals, the smaller sample having m rows."""
    from scipy.special import gammaln  # noqa: PLC0415 - slow to import

    rows = np.arange(min(reach, int(min(totals.max(initial=0.0), m))) + 1.0)[None, :]
    total = totals[:, None]
    possible = (rows <= total) & (total - rows <= n)
    inside = np.where(possible, rows, np.maximum(total - n, 0.0))
    logs = -(
        gammaln(inside + 1) + gammaln(m - inside + 1) + gammaln(total - inside + 1) + gammaln(n - total + inside + 1)
    )
    weights = np.where(possible, np.exp(logs - np.max(logs, axis=1, keepdims=True)), 0.0)
    p, q = np.maximum((total - inside) / n, floor), np.maximum(inside / m, floor)
    # One after the other, so that a mean is the same whatever other totals it is computed with: theirs are zeros here.
    sums = np.cumsum([weights * (p - q) * np.log(p / q), weights], axis=-1)[..., -1]
    means: Numbers = sums[0] / sums[1]
    return means


def index_p_value(value: float, first: Counts, second: Counts, *, floor: float, draws: int = 2000) -> float:
    """The probability of an index of at least `value` when nothing has changed; NaN if either sample has no rows.

    With 15 rows or more expected of every bin in either sample it is the chi-squared one (Yurdakul 2018). That one is
    6 to 9 % optimistic at a hundred rows and useless at fifty; with fewer rows a bin the rows are therefore dealt to
    the two sides `draws` times (seeded: the same counts give the same p-value), and the share of dealings with as large
    an index is taken, the observed one among them; the smallest possible is then 1 / (1 + draws).

    >>> index_p_value(0.0405, np.array([500.0, 500.0]), np.array([400.0, 600.0]), floor=1e-4) < 1e-5
    True
    >>> 0.5 < index_p_value(0.0016, np.array([30.0, 20.0]), np.array([29.0, 21.0]), floor=1e-4) <= 1
    True
    """
    n, m = float(first.sum()), float(second.sum())
    if not n or not m:
        return math.nan
    if len(first) < 2:
        return 1.0
    if float((first + second).min()) * min(n, m) / (n + m) >= _ENOUGH:
        from scipy.special import chdtrc  # noqa: PLC0415 - slow to import

        return float(chdtrc(len(first) - 1, value / (1 / n + 1 / m)))
    totals = (first + second).astype(np.int64)
    rng = np.random.default_rng(0)
    dealt = rng.multivariate_hypergeometric(totals, int(m), size=draws, method="marginals")
    p, q = np.maximum((totals - dealt) / n, floor), np.maximum(dealt / m, floor)
    values = np.sum((p - q) * np.log(p / q), axis=1)
    return (1 + int(np.count_nonzero(values >= value * (1 - 1e-12)))) / (1 + draws)
