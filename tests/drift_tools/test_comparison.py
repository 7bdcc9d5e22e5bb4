"""Comparisons of whole tables: the JSON object, and a defined verdict on every hostile input."""

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

import drift_tools
from drift_tools import compare
from drift_tools.comparison import FeatureComparison, cross_check
from drift_tools.errors import InputError
from drift_tools.tables import Column, Table, as_table
from tests.drift_tools.records import record

N = 20_000


@pytest.fixture(scope="module")
def normal() -> Callable[..., Any]:
    rng = np.random.default_rng(3)

    def draw(size: int = N, shift: float = 0.0) -> Any:
        return rng.normal(shift, size=size)

    return draw


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


# --- the hostile inputs --------------------------------------------------------------------------------------------


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


# --- the result ----------------------------------------------------------------------------------------------------


def test_the_json_object_is_the_documented_one(normal: Callable[..., Any]) -> None:
    comparison = compare({"n": normal(1000), "c": ["a", "b"] * 500}, {"n": normal(1000, 1.0), "c": ["a", "b"] * 500})
    document = comparison.to_dict()
    assert list(document) == ["baseline_rows", "current_rows", "alpha", "drifted", "drifted_features", "features"]
    assert (document["baseline_rows"], document["current_rows"], document["alpha"]) == (1000, 1000, 0.05)
    assert (document["drifted"], document["drifted_features"]) == (True, ["n"])
    common = {"kind", "psi", "jensen_shannon", "l_infinity", "p_value_adjusted"}
    common |= {"drifted", "verdict", "reason", "summary"}
    assert set(document["features"]["n"]) == common | {"ks", "wasserstein"}
    assert set(document["features"]["c"]) == common | {"chi_squared"}
    assert set(document["features"]["n"]["ks"]) == {"statistic", "p_value"}
    assert document["features"]["c"]["chi_squared"] == {"statistic": 0.0, "p_value": 1.0}
    assert repr(comparison) == "<Comparison: 1000 with 1000 rows, 2 features, drifted: n>"


def test_a_histogram_to_draw(normal: Callable[..., Any]) -> None:
    feature = verdict(with_value(normal(), 1e6), normal(shift=1.0))
    histogram = feature.histogram
    assert histogram is not None
    assert len(histogram.edges) == len(histogram.baseline) + 1 == len(histogram.current) + 1 == 21
    assert np.all(np.diff(histogram.edges) > 0)
    assert -4 < histogram.edges[0] < histogram.edges[-1] < 5
    assert sum(histogram.baseline) == pytest.approx(1)
    assert sum(histogram.current) == pytest.approx(1)


def test_a_histogram_of_whole_numbers_has_a_bin_for_each() -> None:
    histogram = verdict(np.array([1, 2, 3, 3] * 100), np.array([1, 1, 5, 5] * 100)).histogram
    assert histogram is not None
    assert histogram.edges == (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)
    assert histogram.baseline == (0.25, 0.25, 0.5, 0.0, 0.0)
    assert histogram.current == (0.5, 0.0, 0.0, 0.0, 0.5)


def test_a_histogram_of_categories_keeps_those_that_matter() -> None:
    before = [f"c{i:02d}" for i in range(40) for _ in range(40 - i)]
    after = ["new"] * 100
    histogram = verdict(before, after).histogram
    assert histogram is not None
    assert len(histogram.labels) == 20
    assert histogram.labels[:2] == ("c00", "c01")
    assert histogram.labels[-2:] == ("new", "(other)")
    assert histogram.current[-2] == 1.0
    assert sum(histogram.baseline) == pytest.approx(1)


def test_every_drifted_feature_has_a_sentence(normal: Callable[..., Any]) -> None:
    feature = verdict(np.arange(1000.0) % 80, np.arange(1000.0) % 80 * 12)
    assert feature.summary.startswith("x: median 38 → 456, range 0 … 79 → 0 … 948, PSI ")


def test_thresholds_by_feature(normal: Callable[..., Any]) -> None:
    before, after = normal(1000), normal(1000, 0.5)
    assert verdict(before, after).drifted
    assert not verdict(before, after, thresholds={"x": 2.0}).drifted


def test_captures_are_compared_as_they_are() -> None:
    rng = np.random.default_rng(1)
    lines = [record(f"{value},{value > 0.5}", "1") for value in rng.random(200)]
    captures = drift_tools.read_captures(lines, columns=["y", "x", "flag"])
    assert not compare(captures, captures).drifted
    assert compare({"x": rng.random(200) + 1}, captures).features["x"].drifted


def test_bad_arguments_are_one_line() -> None:
    with pytest.raises(InputError, match="alpha is 2"):
        compare({}, {}, alpha=2)
    with pytest.raises(InputError, match="baseline is a str"):
        compare("baseline.csv", {})
    with pytest.raises(AttributeError, match="no attribute 'compute'"):
        drift_tools.compute  # noqa: B018 - that it is refused is what is tested


def test_the_cross_check_sorts_features_by_who_calls_them(normal: Callable[..., Any]) -> None:
    comparison = compare(
        {name: normal(1000) for name in "abcd"},
        {"a": normal(1000, 2.0), "b": normal(1000), "c": normal(1000, 2.0), "d": normal(1000)},
    )
    violations = [
        {"feature_name": "b", "constraint_check_type": "completeness_check", "description": ""},
        {"feature_name": "a", "constraint_check_type": "baseline_drift_check", "description": ""},
        {"feature_name": "a", "constraint_check_type": "data_type_check", "description": ""},
        {"feature_name": "Extra columns", "constraint_check_type": "extra_column_check", "description": ""},
    ]
    result = cross_check(violations, comparison)
    assert (result.agreed, result.monitor_only, result.local_only) == (["a"], ["b", "Extra columns"], ["c"])
    document = result.to_dict()
    assert document["features"]["a"]["checks"] == ["baseline_drift_check", "data_type_check"]
    assert document["features"]["c"]["checks"] == []
    assert "PSI" in document["features"]["c"]["reason"]
    assert document["features"]["Extra columns"]["reason"] is None
    assert cross_check([], compare({}, {})).to_dict() == {
        "agreed": [],
        "monitor_only": [],
        "local_only": [],
        "features": {},
    }


@pytest.mark.parametrize(
    ("gone", "told"), [(3, ""), (4, "1 more category vanished, "), (5, "2 more categories vanished, ")]
)
def test_the_categories_that_are_not_named_are_counted(gone: int, told: str) -> None:
    names = ["stays", *(f"c{number}" for number in range(gone))]
    feature = verdict(np.array(names * 100), np.array(["stays"] * 500))
    assert feature.summary.endswith(f"of values), {told}PSI {feature.psi:.2f}.")


def test_times_are_told_as_times() -> None:
    days = np.datetime64("2026-01-01") + np.arange(90)
    feature = verdict(days, days + 40)
    assert feature.is_time
    assert feature.summary == (
        "x: median 2026-02-14 → 2026-03-26, range 2026-01-01 … 2026-03-31 → 2026-02-10 … 2026-05-10, "
        f"PSI {feature.psi:.2f}."
    )
    seconds = np.datetime64("2026-03-01T10:00:00") + np.arange(99)
    feature = verdict(seconds, seconds + 40)
    assert feature.summary.startswith(
        "x: median 2026-03-01 10:00 → 2026-03-01 10:01, range 2026-03-01 10:00 … 2026-03-01 10:01 → "
        "2026-03-01 10:00 … 2026-03-01 10:02, PSI "
    )
    assert "median 2026-03-01 10:00:49 → 2026-03-01 10:00:50," in verdict(seconds, seconds + 1).summary
    assert not verdict(days, np.arange(90.0)).is_time
    ancient = np.array(["-9000-01-01"] * 100, dtype="datetime64[D]")
    assert "median -3.46" in verdict(ancient, ancient).summary
    assert "is_time" not in feature.to_dict()
