"""A column's verdict beside one that did not change."""

import json
from typing import Any

import numpy as np

from drift_tools import compare
from drift_tools.comparison import FeatureComparison
from drift_tools.tables import Column, Table, as_table

N = 20_000


def verdict(before: Any, after: Any, **options: Any) -> FeatureComparison:
    """The verdict on a column beside one that did not change: it must be found steady whatever the column is."""
    rng = np.random.default_rng(4)
    tables = []
    for values in (before, after):
        column = values if isinstance(values, Column) else as_table({"x": values}).columns["x"]
        size = len(column)
        tables.append(Table.of([column, Column.from_numbers("steady", rng.normal(size=size))], size))
    comparison = compare(*tables, **options)
    assert not comparison.features["steady"].drifted
    json.dumps(comparison.to_dict(), allow_nan=False)
    return comparison.features["x"]


def with_value(values: Any, value: float, share: float | None = None) -> Any:
    changed = values.copy()
    changed[: 1 if share is None else int(share * len(values))] = value
    return changed
