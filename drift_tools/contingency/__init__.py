"""Two samples counted over the same bins: rare bins pooled, and the exact test where two bins are left.

What the measures and the tests of significance both stand on.
"""

from drift_tools.contingency.counts import Counts, Groups, pair
from drift_tools.contingency.pooling import ENOUGH, are_rare, pool_rare
from drift_tools.contingency.proportions import fisher_exact_p_value, log_choices

__all__ = [
    "ENOUGH",
    "Counts",
    "Groups",
    "are_rare",
    "fisher_exact_p_value",
    "log_choices",
    "pair",
    "pool_rare",
]
