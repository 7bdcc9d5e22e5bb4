"""Counts of two samples over the same bins, the common ground of the measures on shares."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.float64]


def pair(baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]) -> tuple[Counts, Counts]:
    """Both as arrays, without the bins that neither sample has anything in.

    Raises `ValueError` if the lengths differ or a count is negative.
    """
    first, second = np.asarray(baseline, dtype=np.float64), np.asarray(current, dtype=np.float64)
    if first.shape != second.shape or first.ndim != 1:
        raise ValueError(f"counts of shape {first.shape} and {second.shape}: give one count a bin for both samples")
    if np.any(first < 0) or np.any(second < 0):
        raise ValueError("a count is negative: give how many rows fall into each bin")
    used = (first > 0) | (second > 0)
    return first[used], second[used]


def shares(counts: Counts) -> Counts:
    """Counts as shares; NaN where there are no rows."""
    total = counts.sum()
    return counts / total if total else np.full(len(counts), np.nan)
