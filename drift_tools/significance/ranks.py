"""Ranks of values, as tests on ranks take them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def mid_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Rank values along the first axis, from 1 on; equal ones share the mean of their ranks, and none may be NaN.

    `scipy.stats.rankdata(values, axis=0)`, without the half second that `scipy.stats` takes to import.

    >>> mid_ranks(np.array([0.3, 0.1, 0.3])).tolist()
    [2.5, 1.0, 2.5]
    """
    order = np.argsort(values, axis=0, kind="stable")
    ordered = np.take_along_axis(values, order, axis=0)
    differs = ordered[1:] != ordered[:-1]
    edge = np.ones((1, *values.shape[1:]), dtype=np.bool_)
    places = np.arange(1.0, len(values) + 1).reshape(-1, *[1] * (values.ndim - 1))
    first = np.maximum.accumulate(np.where(np.concatenate([edge, differs]), places, 0.0), axis=0)
    last = np.minimum.accumulate(np.where(np.concatenate([differs, edge]), places, np.inf)[::-1], axis=0)[::-1]
    ranks = np.empty(values.shape)
    np.put_along_axis(ranks, order, (first + last) / 2, axis=0)
    return ranks
