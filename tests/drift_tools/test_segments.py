"""Drift segment by segment: against the comparison of the same rows cut by pandas."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from drift_tools import compare
from drift_tools.job.segments import by_segment, document, numbers, says
from drift_tools.tables import as_table


def rows(seed: int, *, moved: str | None = None) -> Any:
    generator = np.random.default_rng(seed)
    region = generator.choice(["north", "south", "west"], 1_500, p=[0.6, 0.38, 0.02])
    income = generator.normal(100, 15, 1_500)
    income[region == moved] += 20
    return pd.DataFrame({"region": region, "income": income.round(6), "age": generator.integers(18, 90, 1_500)})


KINDS: Any = {"region": "categorical", "income": "numerical", "age": "numerical"}


def test_a_drift_in_one_segment_is_told_there_and_nowhere_else() -> None:
    before, now = rows(1), rows(2, moved="south")
    found = by_segment(["region"], as_table(before), as_table(now), alpha=0.03, kinds=KINDS)
    assert {one.value: one.drifted for one in found} == {"north": [], "south": ["income"], "west": []}
    assert says(found) == " Drift by segment, which rings nothing: region=south (income)."
    # Too few rows are counted, and not judged.
    west = document(found)["region"]["west"]
    assert (west["judged"], west["drifted"]) == (False, [])
    assert west["rows"] == int((now.region == "west").sum()) < 50
    assert dict(numbers(found)) == {"region=north": 0.0, "region=south": 1.0}


def test_each_is_the_comparison_of_its_rows() -> None:
    before, now = rows(1), rows(2, moved="south")
    found = {one.value: one for one in by_segment(["region"], as_table(before), as_table(now), alpha=0.03, kinds=KINDS)}
    for value in ("north", "south"):
        cut = [frame[frame.region == value].drop(columns="region").reset_index(drop=True) for frame in (before, now)]
        expected = compare(*cut, alpha=0.01)
        ours = found[value].comparison
        assert ours is not None
        for name, feature in expected.features.items():
            assert ours.features[name].psi == pytest.approx(feature.psi)
            assert ours.features[name].p_value_adjusted == pytest.approx(feature.p_value_adjusted)


def test_a_column_that_is_not_there_is_no_segment() -> None:
    assert by_segment(["nowhere"], as_table(rows(1)), as_table(rows(2)), alpha=0.05, kinds=KINDS) == []
    assert says([]) == ""
