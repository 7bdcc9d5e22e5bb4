"""Statistics and constraints of a table, and the same with one thing changed."""

import copy
from typing import Any

import numpy as np

from drift_tools.monitors.data_quality import suggest
from drift_tools.profiles import Statistics
from drift_tools.profiles.profile import profile
from drift_tools.tables import Table, as_table

RNG = np.random.default_rng(1)


def table(shift: float = 0.0, rows: int = 2000) -> Table:
    return as_table(
        {"x": RNG.normal(shift, 1, rows).round(4), "n": RNG.integers(0, 9, rows), "c": RNG.choice(["a", "b"], rows)}
    )


STATISTICS = profile(table()).to_dict()
BASELINE = Statistics.from_dict(STATISTICS)
CONSTRAINTS = suggest(BASELINE).to_dict()
MOVED = table(shift=1.0)


def changed(document: dict[str, Any], place: tuple[str | int, ...], value: object) -> dict[str, Any]:
    found = copy.deepcopy(document)
    inside: Any = found
    for key in place[:-1]:
        inside = inside.setdefault(key, {}) if isinstance(inside, dict) else inside[key]
    inside[place[-1]] = value
    return found


CONFIG, DISTRIBUTION, OVERRIDES = "monitoring_config", "distribution_constraints", "monitoring_config_overrides"
X, C = ("features", 0), ("features", 2)


NUMBERS, STRINGS, COMMON = "numerical_statistics", "string_statistics", "common"
