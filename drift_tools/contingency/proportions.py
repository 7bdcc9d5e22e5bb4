"""Whether a share of rows differs between two samples: the one exact test of a 2×2 table."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

_REACH = 40  # standard deviations: what lies farther from the mode is less than 1e-300 of it
# Tables are as probable as each other if they differ by rounding only (as scipy has it).
_EQUALLY = 1 + 1e-7


@lru_cache(maxsize=4096)  # of the few counts that rare categories have, in column after column
def fisher_exact_p_value(baseline_hits: int, baseline_rows: int, current_hits: int, current_rows: int) -> float:
    """Return the two-sided p-value for equal shares of hits, 0 … 1; 1 if there is nothing to tell them apart by.

    The probability of all tables with these margins that are at most as probable as this one (Fisher, "Statistical
    Methods for Research Workers", 1934, section 21.02), which is `scipy.stats.fisher_exact`; that takes half a second
    to import and minutes for a million rows.

    Raises `ValueError` unless 0 <= hits <= rows.

    >>> round(fisher_exact_p_value(0, 20, 4, 20), 4)
    0.106
    >>> fisher_exact_p_value(0, 1000, 300, 1000) < 1e-60
    True
    """
    if not 0 <= baseline_hits <= baseline_rows or not 0 <= current_hits <= current_rows:
        raise ValueError("a share needs 0 <= hits <= rows")
    rows, hits = baseline_rows + current_rows, baseline_hits + current_hits
    if not baseline_rows or not current_rows or hits in (0, rows):
        return 1.0
    mean = hits * (current_rows / rows)
    spread = math.sqrt(mean * (1 - hits / rows) * (baseline_rows / (rows - 1)))
    reach = int(_REACH * (1 + spread))
    low = max(0, hits - baseline_rows, min(current_hits, int(mean)) - reach)
    high = min(hits, current_rows, max(current_hits, int(mean)) + reach)
    possible = np.arange(low, high + 1.0)
    logs = log_choices(hits, possible) + log_choices(rows - hits, current_rows - possible)
    weights = np.exp(logs - logs.max())
    own = weights[current_hits - low]
    return min(1.0, float(weights[weights <= own * _EQUALLY].sum() / weights.sum()))


def log_choices(rows: Any, drawn: Any) -> Any:
    """Return the logarithm of the number of ways to choose, of numbers or arrays."""
    from scipy.special import gammaln  # noqa: PLC0415 - the monitor job seldom asks for a p-value, and should start quickly

    return gammaln(rows + 1) - gammaln(drawn + 1) - gammaln(rows - drawn + 1)
