"""Sides of a comparison that say the same, typed or written differently."""

import numpy as np

from drift_tools.comparison import Comparison, FeatureComparison
from drift_tools.tables import Table, read_csv_text

RNG = np.random.default_rng(5)
AMOUNTS = RNG.normal(50, 10, 2000).round(6)


def csv(*cells: object, name: str = "x") -> Table:
    return read_csv_text("\n".join([name, *map(str, cells)]) + "\n")


def only(comparison: Comparison) -> FeatureComparison:
    (feature,) = comparison.features.values()
    return feature


INCOME = RNG.normal(50, 10, 1000).round(3)


TRUTHS = [True, False, False, False] * 100
