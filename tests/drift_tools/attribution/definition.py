"""Attributions by their definition."""

from collections.abc import Callable
from itertools import combinations
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray


def by_definition(
    score: Callable[[NDArray[Any]], NDArray[Any]], rows: NDArray[Any], background: NDArray[Any]
) -> NDArray[Any]:
    """Shapley 1953: the mean of a feature's contribution over all sets of the others, and over the background."""
    number, features = rows.shape
    values = np.zeros((number, features))
    for absent in background:
        worth = {}
        for size in range(features + 1):
            for chosen in combinations(range(features), size):
                mixed = np.repeat(absent[None], number, axis=0)
                mixed[:, chosen] = rows[:, chosen]
                worth[frozenset(chosen)] = score(mixed)
        for others, before in worth.items():
            for feature in set(range(features)) - others:
                weight = factorial(len(others)) * factorial(features - len(others) - 1) / factorial(features)
                values[:, feature] += weight * (worth[others | {feature}] - before)
    return values / len(background)


def score(rows: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(rows[:, 0] * 2 + rows[:, 1] * rows[:, 2] - np.abs(rows[:, 3]))
