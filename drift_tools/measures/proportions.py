"""Whether a share of rows differs between two samples."""

import numpy as np

_ENOUGH = 5.0


def share_test(baseline_hits: int, baseline_rows: int, current_hits: int, current_rows: int) -> float:
    """The two-sided p-value for equal shares; 1 if there is nothing to tell them apart by.

    Fisher's exact test where any expected count is below 5 (as `scipy.stats.fisher_exact`), else the chi-squared test
    without continuity correction.

    >>> share_test(0, 1000, 300, 1000) < 1e-60
    True
    >>> round(share_test(0, 20, 4, 20), 4)
    0.106
    """
    from scipy.special import chdtrc  # noqa: PLC0415 - the monitor job never asks for a p-value, and should start quickly

    rows, hits = baseline_rows + current_rows, baseline_hits + current_hits
    if not 0 <= baseline_hits <= baseline_rows or not 0 <= current_hits <= current_rows:
        raise ValueError("a share needs 0 <= hits <= rows")
    if not baseline_rows or not current_rows or hits in (0, rows):
        return 1.0
    smallest = min(hits, rows - hits) * min(baseline_rows, current_rows) / rows
    if smallest < _ENOUGH:
        return _fisher(baseline_hits, baseline_rows, current_hits, current_rows)
    difference = baseline_hits / baseline_rows - current_hits / current_rows
    share = hits / rows
    statistic = difference**2 / (share * (1 - share) * (1 / baseline_rows + 1 / current_rows))
    return float(chdtrc(1, statistic))


def _fisher(baseline_hits: int, baseline_rows: int, current_hits: int, current_rows: int) -> float:
    """The probability of all tables with these margins that are at most as probable as this one."""
    first, probabilities = hypergeometric(baseline_hits + current_hits, baseline_rows, current_rows)
    own = probabilities[current_hits - first]
    return float(min(1.0, probabilities[probabilities <= own * (1 + 1e-7)].sum()))


def hypergeometric(
    hits: int, baseline_rows: int, current_rows: int
) -> tuple[int, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The distribution of the hits in the current sample, given how many there are in both: the smallest number
    possible, and the probability of it and of each following one.
    """
    from scipy.special import gammaln  # noqa: PLC0415 - as above

    first, last = max(0, hits - baseline_rows), min(hits, current_rows)
    possible = np.arange(first, last + 1)
    logs = -(
        gammaln(possible + 1)
        + gammaln(current_rows - possible + 1)
        + gammaln(hits - possible + 1)
        + gammaln(baseline_rows - hits + possible + 1)
    )
    weights = np.exp(logs - logs.max())
    return first, weights / weights.sum()
