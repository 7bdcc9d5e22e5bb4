"""The kinds of features on which verdicts are measured: how to draw rows of each."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Draw: TypeAlias = Callable[[np.random.Generator, int], NDArray[Any]]


def categories(shares: NDArray[np.float64]) -> Draw:
    """Rows of categories `c0`, `c1`, … with these shares."""
    names = np.array([f"c{index}" for index in range(len(shares))])
    limits = np.cumsum(shares)[:-1]
    return lambda rng, rows: names[np.searchsorted(limits, rng.random(rows), side="right")]


def _zipf(levels: int) -> NDArray[np.float64]:
    weights = 1 / np.arange(1, levels + 1) ** 1.5
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


NUMERICAL: Mapping[str, Draw] = {
    "normal": lambda rng, rows: rng.normal(size=rows),
    "lognormal": lambda rng, rows: rng.lognormal(size=rows),
    "heavy-tailed (Student's t, 2)": lambda rng, rows: rng.standard_t(2, size=rows),
    "discrete (Poisson, 3)": lambda rng, rows: rng.poisson(3, size=rows).astype(np.float64),
    "many ties (normal, whole numbers)": lambda rng, rows: np.round(rng.normal(size=rows)),
    "zero-inflated (90 % zeros)": lambda rng, rows: np.where(rng.random(rows) < 0.9, 0.0, rng.exponential(size=rows)),
}
CATEGORICAL: Mapping[str, Draw] = {
    "2 categories, 1 in 100": categories(np.array([0.99, 0.01])),
    "10 categories": categories(np.full(10, 0.1)),
    "50 categories, the rarest 1 in 900": categories(_zipf(50)),
    "200 categories, the rarest 1 in 7,000": categories(_zipf(200)),
    "1,000 categories": categories(np.full(1000, 1e-3)),
}
ALL: Mapping[str, Draw] = {**NUMERICAL, **CATEGORICAL}


def rows_of(features: Mapping[str, Draw], rng: np.random.Generator, rows: int) -> dict[str, NDArray[Any]]:
    """A table: rows of each of the features, independent of each other."""
    return {name: draw(rng, rows) for name, draw in features.items()}
