"""Bins from a baseline's quantiles: equal shares and not equal widths, so that one outlier cannot blind them."""

import numpy as np
from numpy.typing import NDArray

from drift_tools.tables import Numbers

DECILES = 10


def quantile_edges(baseline: Numbers, *, bins: int = DECILES) -> Numbers:
    """The inner edges of a sorted baseline's quantile bins, at most `bins - 1` of them.

    An edge is a value of the baseline (the smallest with at least that share at or below it), so that the bins follow
    any strictly increasing transform. Equal edges are merged, and one at the largest value is left out, since nothing
    is above it: a constant column is one bin. Bin i holds the values above edge i - 1 and up to edge i; the outer
    bins are open.

    >>> quantile_edges(np.arange(1.0, 101.0))
    array([10., 20., 30., 40., 50., 60., 70., 80., 90.])
    >>> quantile_edges(np.array([7.0, 7.0, 7.0]))
    array([], dtype=float64)
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}: give at least 1")
    if not len(baseline):
        return np.empty(0)
    # Integers, because 0.1 * 30 rows is a little more than 3 in floating point.
    positions = (np.arange(1, bins) * len(baseline) + bins - 1) // bins - 1
    edges = np.unique(baseline[np.maximum(positions, 0)])
    inner: Numbers = edges[edges < baseline[-1]]
    return inner


def count_in_bins(values: Numbers, edges: Numbers) -> NDArray[np.int64]:
    """How many of the sorted finite values lie in each of the `len(edges) + 1` bins.

    >>> count_in_bins(np.array([1.0, 2.0, 2.0, 9.0]), np.array([2.0, 5.0]))
    array([3, 0, 1])
    """
    ends = np.searchsorted(values, edges, side="right")
    return np.diff(np.concatenate([[0], ends, [len(values)]]))
