"""A prepared baseline, threads, the level of a schedule, blocks, and all columns together."""

from unittest.mock import patch

import numpy as np
import pytest

from drift_tools.comparison import columns as comparison_samples
from drift_tools.comparison import compare, prepare_baseline
from drift_tools.errors import InputError
from tests.drift_tools.comparison.columns import NORMAL, OTHER


def test_a_prepared_baseline_sorts_once() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    prepared = prepare_baseline({"x": values})
    with patch.object(comparison_samples, "_sort", wraps=comparison_samples._sort) as sort:
        compare(prepared, {"x": values + 1})
    assert sort.call_count == 1


def test_threads_change_nothing() -> None:
    rng = np.random.default_rng(2)
    before = {f"x{i}": rng.normal(size=51_000) for i in range(4)} | {"t": np.array(["a", "b", "c"] * 17_000)}
    after = {f"x{i}": rng.normal(i / 5, size=50_500) for i in range(4)} | {"t": np.array(["a", "b"] * 25_250)}
    alone = compare(before, after, threads=1)
    for threads in (None, 2, 5):
        assert compare(before, after, threads=threads).to_dict() == alone.to_dict()
    with pytest.raises(InputError, match="threads is 0"):
        compare(before, after, threads=0)


def test_the_level_of_a_schedule() -> None:
    table = {"x": NORMAL}
    assert compare(table, table, runs_per_year=8760).alpha == pytest.approx(1 / 8760)
    assert compare(table, table, runs_per_year=8760, false_alarms_per_year=2).alpha == pytest.approx(2 / 8760)
    with pytest.raises(InputError, match="without runs_per_year"):
        compare(table, table, false_alarms_per_year=1)
    with pytest.raises(InputError, match="give one of them"):
        compare(table, table, alpha=0.01, runs_per_year=100)


def test_blocks_see_through_hours_that_differ() -> None:
    """Hours with a level of their own: a textbook test takes 100 rows of an hour for 100 pieces of news."""
    rng = np.random.default_rng(3)
    hours = np.repeat(np.arange(24), 100)
    rows = {"x": np.repeat(rng.normal(size=24), 100) + rng.normal(size=2400) / 10}
    later = {"x": np.repeat(rng.normal(size=24), 100) + rng.normal(size=2400) / 10}
    rows["t"], later["t"] = (np.where(hours % 5 < high, "high", "low") for high in (2, 3))
    assert compare(rows, later).drifted_features == ["x", "t"]
    assert not compare(rows, later, blocks=hours, baseline_blocks=hours).drifted
    assert not compare(prepare_baseline(rows), later, blocks=hours, baseline_blocks=hours).drifted
    later["x"] += 5
    assert compare(rows, later, blocks=hours, baseline_blocks=hours).drifted_features == ["x"]
    assert compare(rows, {"x": np.empty(0)}, blocks=[]).features["x"].verdict == "not enough data"
    with pytest.raises(InputError, match="baseline_blocks without blocks"):
        compare(rows, later, baseline_blocks=hours)


def test_all_columns_together_show_what_none_shows_alone() -> None:
    rng = np.random.default_rng(4)
    x, noise = rng.normal(size=(2, 600))
    before, after = {"x": x, "y": x + noise / 2}, {"x": x, "y": noise / 2 - x}
    comparison = compare(before, after, multivariate=True)
    assert not comparison.drifted
    assert comparison.multivariate is not None
    assert comparison.multivariate.p_value < 0.01
    assert comparison.to_dict()["multivariate"]["strongest"] == ("x", "y")
    assert compare(prepare_baseline(before), after, multivariate=True).multivariate == comparison.multivariate
    assert "multivariate" not in compare(before, after).to_dict()


def test_ranked_puts_what_matters_first() -> None:
    before = dict.fromkeys(("none", "large", "small", "gone"), NORMAL)
    after = {"none": OTHER, "large": OTHER + 2, "small": OTHER + 0.6}
    ranking = compare(before, after).ranked()
    assert [feature.name for feature in ranking] == ["large", "small", "gone", "none"]
    assert ranking[0].effect > ranking[1].effect
    assert "median" in ranking[0].summary
    assert "PSI" in ranking[0].summary
