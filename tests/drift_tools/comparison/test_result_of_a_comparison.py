"""What a comparison says: the JSON object, histograms, sentences, and the cross-check."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import drift_tools
from drift_tools import compare
from drift_tools.comparison import cross_check
from drift_tools.errors import InputError
from tests.drift_tools.comparison.verdicts import verdict, with_value
from tests.drift_tools.records import record


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
    days = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]")
    feature = verdict(days, days + np.timedelta64(40, "D"))
    assert feature.is_time
    assert feature.summary == (
        "x: median 2026-02-14 → 2026-03-26, range 2026-01-01 … 2026-03-31 → 2026-02-10 … 2026-05-10, "
        f"PSI {feature.psi:.2f}."
    )
    seconds = np.arange("2026-03-01T10:00:00", "2026-03-01T10:01:39", dtype="datetime64[s]")
    feature = verdict(seconds, seconds + np.timedelta64(40, "s"))
    assert feature.summary.startswith(
        "x: median 2026-03-01 10:00 → 2026-03-01 10:01, range 2026-03-01 10:00 … 2026-03-01 10:01 → "
        "2026-03-01 10:00 … 2026-03-01 10:02, PSI "
    )
    assert (
        "median 2026-03-01 10:00:49 → 2026-03-01 10:00:50,"
        in verdict(seconds, seconds + np.timedelta64(1, "s")).summary
    )
    assert not verdict(days, np.arange(90.0)).is_time
    ancient = np.array(["-9000-01-01"] * 100, dtype="datetime64[D]")
    assert "median -3.46" in verdict(ancient, ancient).summary
    assert "is_time" not in feature.to_dict()
