"""Bins from a baseline's quantiles: equal shares and not equal widths, so that one outlier cannot blind them."""

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures.sums import starts_of_equals
from drift_tools.tables import Numbers

DECILES = 10


def quantile_edges(values: Numbers, weights_up_to: Numbers | None = None, *, bins: int = DECILES) -> Numbers:
    """The inner edges of a baseline's quantile bins, at most `bins - 1` of them.

    Bin i holds what is above edge i - 1 and up to edge i; the outer bins are open. A quantile is a value of the
    baseline (the smallest with at least that share at or below it), so that the bins follow any strictly increasing
    transform. Where rows are equal, an edge is at the side of a quantile's value that is nearer to its share: above it,
    or at the next smaller float; and a value on which several quantiles fall is a bin of its own, with an edge on
    either side. So what is rare below a frequent value (the zeros of a flag that is nearly always 1) has a bin as what
    is rare above it has, and a column and its mirror image have the same bins. No edge has nothing on one side of it: a
    constant column is one bin.

    Parameters
    ----------
    values
        the baseline's, ascending.
    weights_up_to
        of a sketch's items: how many rows there are up to and with each. None: each value is a row.
    bins
        how many of equal shares.

    >>> quantile_edges(np.arange(1.0, 101.0))
    array([10., 20., 30., 40., 50., 60., 70., 80., 90.])
    >>> quantile_edges(np.array([7.0, 7.0, 7.0]))
    array([], dtype=float64)
    >>> quantile_edges(np.repeat([0.0, 1.0, 2.0], [1, 98, 1])).tolist()
    [0.9999999999999999, 1.0]
    """
    if bins < 1:
        raise ValueError(f"bins is {bins}: give at least 1")
    if not len(values):
        return np.empty(0)
    # In units of 1 / bins of a row, because 0.1 * 30 rows is a little more than 3 in floating point.
    targets = np.arange(1, bins) * (len(values) if weights_up_to is None else weights_up_to[-1])
    if weights_up_to is None:
        places = np.maximum((targets + bins - 1) // bins - 1, 0)
    else:
        places = np.searchsorted(weights_up_to * bins, targets)
    at_places = values[places]  # ascending: what is equal is side by side
    first_at = np.flatnonzero(starts_of_equals(at_places))
    points = at_places[first_at]
    first, last = values.searchsorted(points, side="left"), values.searchsorted(points, side="right")
    if weights_up_to is None:
        below, up_to = first, last
    else:
        below, up_to = (np.concatenate([[0.0], weights_up_to])[ends] for ends in (first, last))
    is_tied = last - first > 1
    inner: Numbers
    if not np.count_nonzero(is_tied):
        inner = points[points < values[-1]]
        return inner
    times = np.diff(first_at, append=len(places))
    is_own = is_tied & (times > 1)
    is_below = is_tied & ((2 * targets[first_at] < bins * (below + up_to)) | (points == values[-1]))
    edges = np.union1d(points[is_own | ~is_below], np.nextafter(points[is_own | is_below], -np.inf))
    inner = edges[(edges >= values[0]) & (edges < values[-1])]
    return inner


def count_in_bins(values: Numbers, edges: Numbers) -> NDArray[np.int64]:
    """How many of the sorted finite values lie in each of the `len(edges) + 1` bins.

    >>> count_in_bins(np.array([1.0, 2.0, 2.0, 9.0]), np.array([2.0, 5.0]))
    array([3, 0, 1])
    """
    ends = np.zeros(len(edges) + 2, dtype=np.int64)
    ends[1:-1] = values.searchsorted(edges, side="right")
    ends[-1] = len(values)
    return ends[1:] - ends[:-1]
