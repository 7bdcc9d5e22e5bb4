"""Rare categories of two samples, counted as one: the chi-squared distribution needs rows in every bin."""

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency.counts import Counts, Groups

# Fewer rows expected of a category than this and it is pooled with the other rare ones (Cochran, Biometrics 10, 1954).
ENOUGH = 5.0


def pool_rare(groups: Groups) -> tuple[Counts, Counts, int]:
    """Both samples' counts with the rare categories as the last one, or in the smallest other; how many were rare."""
    rare = are_rare(groups)
    if not np.count_nonzero(rare) or groups.bins <= 2:
        return *groups.apart(), 0
    n, m = groups.rows
    smaller_share = min(n, m) / (n + m)
    kept, pooled = groups.where(~rare).apart(), groups.where(rare)
    order = np.argsort(kept[0] + kept[1], kind="stable")
    sides = [(counts[order], pool) for counts, pool in zip(kept, pooled.rows, strict=True)]
    is_short = sum(pool for _, pool in sides) * smaller_share < ENOUGH
    if is_short and len(order) > 1:
        joined = [np.concatenate([[counts[0] + pool], counts[1:]]) for counts, pool in sides]
    else:
        joined = [np.append(counts, pool) for counts, pool in sides]
    return joined[0], joined[1], pooled.bins


def are_rare(groups: Groups) -> NDArray[np.bool_]:
    """Say of which categories fewer than 5 rows are expected in the smaller of two samples, neither of them empty."""
    n, m = groups.rows
    rare: NDArray[np.bool_] = (groups.first + groups.second) * (min(n, m) / (n + m)) < ENOUGH
    return rare
