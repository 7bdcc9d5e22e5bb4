"""A defined verdict on every column of numbers, and on columns that are missing or of other types."""

import json
import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools import compare
from drift_tools.tables import Column, Table
from tests.drift_tools.comparison.verdicts import N, verdict, with_value


@pytest.mark.parametrize("size", [50, 500, 20_000])
def test_the_same_distribution_is_no_drift(normal: Callable[..., Any], size: int) -> None:
    feature = verdict(normal(size), normal(size))
    assert feature.verdict == ("not enough data" if size == 50 else "no drift")


def test_an_outlier_in_the_baseline_does_not_hide_a_shift(normal: Callable[..., Any]) -> None:
    feature = verdict(with_value(normal(), 1e6), normal(shift=1.0))
    assert feature.drifted
    assert feature.ks is not None
    assert feature.ks.statistic == pytest.approx(0.383, abs=0.02)
    assert feature.psi > 0.8


def test_an_outlier_in_the_current_rows_is_no_drift(normal: Callable[..., Any]) -> None:
    feature = verdict(normal(), with_value(normal(), 1e6))
    assert feature.verdict == "no drift"
    assert feature.wasserstein > 10  # it sees the outlier, and decides nothing


def test_missing_values_are_drift_of_their_own(normal: Callable[..., Any]) -> None:
    for before, after in ((normal(), with_value(normal(), np.nan, 0.3)), (with_value(normal(), np.nan, 0.3), normal())):
        feature = verdict(before, after)
        assert feature.drifted
        assert "share of missing values" in feature.reason
    assert "missing 30 % → 0 %" in feature.summary


def test_equally_many_missing_values_are_none(normal: Callable[..., Any]) -> None:
    assert verdict(with_value(normal(), np.nan, 0.3), with_value(normal(), np.nan, 0.3)).verdict == "no drift"


def test_a_column_that_empties_is_drift(normal: Callable[..., Any]) -> None:
    feature = verdict(normal(), np.full(N, np.nan))
    assert feature.drifted
    assert feature.kind == "numerical"
    assert feature.ks is None
    assert feature.to_dict()["ks"] == {"statistic": None, "p_value": None}
    assert math.isnan(feature.wasserstein)


def test_a_column_that_was_always_empty_is_no_drift() -> None:
    feature = verdict(np.full(N, np.nan), np.full(N, np.nan))
    assert (feature.verdict, feature.psi) == ("no drift", 0.0)


def test_a_column_that_fills_is_drift(normal: Callable[..., Any]) -> None:
    feature = verdict(np.full(N, np.nan), normal())
    assert (feature.verdict, feature.kind) == ("drift", "numerical")


def test_infinities_are_drift_of_their_own(normal: Callable[..., Any]) -> None:
    feature = verdict(normal(), with_value(normal(), np.inf, 0.05))
    assert feature.drifted
    assert "share of infinite values" in feature.reason
    assert feature.current.infinite_share == 0.05
    assert math.isfinite(feature.wasserstein)


def test_a_single_infinity_is_no_drift(normal: Callable[..., Any]) -> None:
    assert verdict(normal(), with_value(normal(), np.inf)).verdict == "no drift"


def test_only_infinities_on_both_sides() -> None:
    feature = verdict(np.full(N, np.inf), np.full(N, np.inf))
    assert (feature.verdict, feature.psi) == ("no drift", 0.0)


def test_a_constant_that_stays_is_no_drift() -> None:
    feature = verdict(np.ones(N), np.ones(N))
    assert (feature.verdict, feature.psi, feature.wasserstein, feature.jensen_shannon) == ("no drift", 0.0, 0.0, 0.0)


def test_a_constant_that_changes_is_drift() -> None:
    feature = verdict(np.ones(N), np.full(N, 2.0))
    assert feature.drifted
    assert feature.ks is not None
    assert feature.ks.statistic == 1.0
    assert feature.psi == pytest.approx(2 * (1 - 1e-4) * math.log(1e4))
    assert feature.to_dict()["wasserstein"] is None
    assert feature.reason.endswith("PSI 18.419 above its expectation")


def test_a_constant_that_starts_to_vary_is_drift(normal: Callable[..., Any]) -> None:
    assert verdict(np.zeros(N), normal()).drifted
    assert verdict(normal(), np.zeros(N)).drifted


def test_a_constant_with_one_exception_is_no_drift() -> None:
    assert verdict(np.ones(N), with_value(np.ones(N), 5.0)).verdict == "no drift"


@pytest.mark.parametrize("rows", [0, 1, 10])
@pytest.mark.parametrize("swap", [False, True])
def test_few_rows_are_not_enough_data_and_never_no_drift(normal: Callable[..., Any], rows: int, swap: bool) -> None:
    few, many = normal(rows, 3.0), normal(1000)
    feature = verdict(few, many) if swap else verdict(many, few)
    assert feature.verdict == "not enough data"
    assert feature.reason.startswith("not enough data: ")
    assert not feature.drifted
    assert f"{rows} {'baseline' if swap else 'current'} row" in feature.reason
    assert feature.reason.endswith("needed")


def test_two_empty_sides() -> None:
    comparison = compare({"x": np.empty(0)}, {"x": np.empty(0)})
    assert comparison.features["x"].verdict == "not enough data"
    json.dumps(comparison.to_dict(), allow_nan=False)


def test_twenty_rows_of_something_else_are_drift(normal: Callable[..., Any]) -> None:
    assert verdict(normal(1000), normal(20, 5.0)).drifted


def test_a_new_category_is_drift_from_a_share_that_matters() -> None:
    before = ["a", "b"] * 5000
    feature = verdict(before, ["a", "b"] * 4650 + ["c"] * 700)
    assert feature.drifted
    assert feature.new_categories == ("c",)
    assert feature.summary.startswith('x: category "c" appeared (7 % of values), PSI 0.')
    trifle = verdict(before, ["a", "b"] * 4990 + ["c"] * 20)
    assert trifle.verdict == "no drift"
    assert trifle.p_value_adjusted < 0.001
    assert trifle.new_categories == ("c",)


def test_a_category_that_vanishes_is_drift() -> None:
    feature = verdict(["a", "b", "c", "c"] * 500, ["a", "b"] * 1000)
    assert feature.drifted
    assert feature.vanished_categories == ("c",)
    assert 'category "c" vanished (50 % of values)' in feature.summary


def test_all_categories_are_new() -> None:
    feature = verdict(["a", "b"] * 500, ["c", "d"] * 500)
    assert feature.drifted
    assert feature.jensen_shannon == 1.0
    assert feature.l_infinity == 0.5


def test_a_column_of_ids_is_no_reason_to_fail() -> None:
    feature = verdict([f"a{i}" for i in range(2000)], [f"b{i}" for i in range(2000)])
    assert feature.verdict in ("drift", "no drift", "not enough data")
    assert feature.histogram is not None
    assert feature.histogram.labels[-1] == "(other)"


def test_booleans_are_categories() -> None:
    feature = verdict(np.array([True, False] * 500), np.array([True] * 900 + [False] * 100))
    assert (feature.kind, feature.drifted) == ("categorical", True)


def test_codes_written_as_numbers_are_numbers_unless_it_is_said() -> None:
    before, after = np.array([1, 2, 3, 9] * 250), np.array([1, 2, 9, 9] * 250)
    assert verdict(before, after).kind == "numerical"
    feature = verdict(before, after, kinds={"x": "categorical"})
    assert (feature.kind, feature.vanished_categories) == ("categorical", ("3",))


def test_dates_are_numbers() -> None:
    days = [datetime(2025, 1, 1 + i % 28) for i in range(1000)]
    later = [datetime(2026, 1, 1 + i % 28) for i in range(1000)]
    comparison = compare(pa.table({"day": days}), pa.table({"day": later}))
    assert comparison.features["day"].kind == "numerical"
    assert comparison.drifted_features == ["day"]


def test_a_column_that_goes_missing_is_drift_and_a_new_one_is_not(normal: Callable[..., Any]) -> None:
    comparison = compare({"a": normal(500), "b": normal(500)}, {"a": normal(500), "c": ["x"] * 500})
    assert comparison.drifted_features == ["b"]
    assert comparison.features["b"].reason == "the column is missing from the current data"
    assert (comparison.features["c"].verdict, comparison.features["c"].kind) == ("no drift", "categorical")
    assert comparison.features["c"].reason.startswith("the column is not in the baseline")
    document = json.loads(json.dumps(comparison.to_dict(), allow_nan=False))
    assert document["features"]["b"]["psi"] is None
    assert document["features"]["b"]["ks"] == {"statistic": None, "p_value": None}
    assert [feature.name for feature in comparison.ranked()] == ["b", "a", "c"]


def test_the_order_of_columns_does_not_matter(normal: Callable[..., Any]) -> None:
    a, b = normal(500), normal(500, 5.0)
    assert not compare({"a": a, "b": b}, {"b": b, "a": a}).drifted


def test_numbers_that_become_texts_are_drift(normal: Callable[..., Any]) -> None:
    feature = verdict(normal(1000), ["seven", "eight"] * 500)
    assert feature.drifted
    assert feature.kind == "numerical"
    assert "share of values of another type" in feature.reason
    assert "of another type 0 % → 100 %" in feature.summary


def test_some_texts_among_numbers_are_a_share_of_their_own(normal: Callable[..., Any]) -> None:
    cells = [str(value) for value in normal(1000)]
    mixed = Column.from_cells("x", ["#REF!"] * 100 + cells[100:])
    feature = verdict(Column.from_cells("x", [str(value) for value in normal(1000)]), mixed)
    assert feature.drifted
    assert feature.current.wrong_type_share == 0.1
    assert feature.ks is not None
    assert feature.ks.p_value > 0.01


def test_texts_that_become_numbers_are_drift() -> None:
    assert verdict(["a", "b"] * 500, np.arange(1000) % 2).drifted


def test_texts_that_are_the_same_codes_as_numbers_are_not() -> None:
    assert verdict(["1", "2"] * 500, np.array([1, 2] * 500)).verdict == "no drift"


def test_values_near_the_largest_float() -> None:
    feature = verdict(np.array([1e308, -1e308] * 500), np.array([1e308, -1e308] * 500))
    assert feature.verdict == "no drift"


def test_a_thousand_columns() -> None:
    rng = np.random.default_rng(0)
    before = {f"x{i}": rng.normal(size=100) for i in range(1000)}
    after = {f"x{i}": rng.normal(size=100) for i in range(999)} | {"x999": rng.normal(5, size=100)}
    assert compare(before, after).drifted_features == ["x999"]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_two_columns_have_a_verdict(data: st.DataObject) -> None:
    cell = st.one_of(
        st.none(),
        st.sampled_from(["nan", "inf", "-inf", "1e999", "", "true", "x", "0", "1", "-0.0"]),
        st.floats().map(repr),
        st.text(max_size=3),
    )
    sides = []
    for _ in range(2):
        cells = data.draw(st.lists(cell, max_size=15))
        cells = cells * data.draw(st.sampled_from([1, 1, 30]))
        sides.append(Table.of([Column.from_cells("x", cells)], len(cells)))
    comparison = compare(*sides)
    feature = comparison.features["x"]
    assert feature.verdict in ("drift", "no drift", "not enough data")
    assert feature.drifted == (comparison.drifted_features == ["x"])
    assert "\n" not in feature.reason
    json.dumps(comparison.to_dict(), allow_nan=False)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=40), st.integers(1, 40))
def test_anything_compared_with_itself_is_no_drift(cells: list[str | None], times: int) -> None:
    table = {"x": cells * times}
    feature = compare(table, table).features["x"]
    assert not feature.drifted
    assert (feature.psi, feature.jensen_shannon, feature.l_infinity) == (0, 0, 0)
