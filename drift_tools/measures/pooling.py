"""Rare categories of two samples, counted as one: the chi-squared distribution needs rows in every bin."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures.counts import Counts

# Fewer rows expected of a category than this and it is pooled with the other rare ones (Cochran, Biometrics 10, 1954).
ENOUGH = 5.0


def pool_rare(first: Counts, second: Counts) -> tuple[Counts, Counts, int]:
    """Both samples' counts with the rare categories as the last one, or in the smallest other; how many were rare."""
    smaller_share = min(first.sum(), second.sum()) / (first.sum() + second.sum())
    totals, rare = first + second, are_rare(first, second)
    if len(first) <= 2 or not rare.any():
        return first, second, 0
    order = np.argsort(totals[~rare], kind="stable")
    pooled = [(counts[~rare][order], counts[rare].sum()) for counts in (first, second)]
    is_short = sum(pool for _, pool in pooled) * smaller_share < ENOUGH
    if is_short and len(order) > 1:
        joined = [np.concatenate([[kept[0] + pool], kept[1:]]) for kept, pool in pooled]
    else:
        joined = [np.append(kept, pool) for kept, pool in pooled]
    return joined[0], joined[1], int(rare.sum())


def are_rare(first: NDArray[Any], second: NDArray[Any]) -> NDArray[np.bool_]:
    """Of which categories fewer than 5 rows are expected in the smaller of two samples, neither of them empty."""
    share = min(first.sum(), second.sum()) / (first.sum() + second.sum())
    rare: NDArray[np.bool_] = (first + second) * share < ENOUGH
    return rare
