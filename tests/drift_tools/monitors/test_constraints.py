"""constraints.json: suggested, read in every spelling, and checked."""

import json
import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import chisquare

from contract.constraints_file import FeatureConstraint
from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Constraints, evaluate, suggest
from drift_tools.monitors.data_quality.constraints import (
    MonitoringConfig,
    NotComparedError,
    chi_squared_distance,
)
from drift_tools.profiles.profile import profile
from drift_tools.tables import Table, as_table, read_csv_text


def feature(document: dict[str, Any], config: dict[str, Any] | None = None) -> Constraints:
    entry = {"name": "x", "inferred_type": "Integral", **document}
    return Constraints.from_dict({"version": 0.0, "features": [entry], "monitoring_config": config or {}})


def checks(table: Table, constraints: Constraints, baseline: Table | None = None) -> list[tuple[str, str, str]]:
    statistics = None if baseline is None else profile(baseline)
    return [(v.subject, v.check, v.description) for v in evaluate(table, constraints, statistics).violations]


def test_the_suggestion_is_the_file_that_model_monitor_writes() -> None:
    table = read_csv_text("n,m,s\n1,-0.5,a\n2,1.5,b\n3,,a\n4,2,b\n")
    assert suggest(profile(table)).to_dict() == {
        "version": 0.0,
        "features": [
            {
                "name": "n",
                "inferred_type": "Integral",
                "completeness": 1.0,
                "num_constraints": {"is_non_negative": True},
            },
            {
                "name": "m",
                "inferred_type": "Fractional",
                "completeness": 0.75,
                "num_constraints": {"is_non_negative": False},
            },
            {
                "name": "s",
                "inferred_type": "String",
                "completeness": 1.0,
                "string_constraints": {"domains": ["a", "b"]},
            },
        ],
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
                "categorical_comparison_threshold": 0.1,
                "categorical_drift_method": "LInfinity",
            },
        },
    }


def test_no_domain_is_suggested_for_ids() -> None:
    table = as_table({"id": [f"id-{i}" for i in range(50)], "many": [f"c{i % 121}" for i in range(484)][:50]})
    constraints = suggest(profile(table))
    assert constraints.features["id"].domains is None
    many = suggest(profile(as_table({"many": [f"c{i % 121}" for i in range(484)]})))
    assert many.features["many"].domains is None


def test_a_file_survives_reading_and_writing() -> None:
    overrides: dict[str, bool | float | str] = {
        "evaluate_constraints": False,
        "domain_content_threshold": 0.9,
        "perform_comparison": True,
        "comparison_threshold": 0.3,
        "categorical_comparison_threshold": 0.2,
    }
    constraints = Constraints(
        {
            "x": FeatureConstraint("x", "Fractional", 0.5, True, None, overrides),
            "y": FeatureConstraint("y", "String", 1.0, None, ("a",)),
        },
        MonitoringConfig(comparison_method="Simple", categorical_drift_method="ChiSquared"),
    )
    assert Constraints.from_dict(json.loads(json.dumps(constraints.to_dict()))) == constraints


@pytest.mark.parametrize(
    ("spelling", "method"),
    [("Simple", "Simple"), ("linf_simple", "Simple"), ("Robust", "Robust"), ("linf_robust", "Robust")],
)
def test_both_spellings_of_the_method_are_read(spelling: str, method: str) -> None:
    constraints = feature({}, {"distribution_constraints": {"comparison_method": spelling}})
    assert constraints.config.comparison_method == method


def test_an_old_file_has_fewer_keys() -> None:
    config = feature(
        {}, {"distribution_constraints": {"enable_comparisons": False, "comparison_threshold": 0.25}}
    ).config
    assert (config.perform_comparison, config.comparison_threshold, config.categorical_comparison_threshold) == (
        False,
        0.25,
        0.25,
    )
    assert feature({}).config == MonitoringConfig()


@pytest.mark.parametrize("key", ["monitoring_config_overrides", "monitoringConfigOverrides"])
@pytest.mark.parametrize("place", [None, "string_constraints", "num_constraints"])
def test_overrides_are_read_wherever_they_stand(key: str, place: str | None) -> None:
    overrides = {key: {"evaluate_constraints": "Disabled", "emit_metrics": "Enabled"}}
    constraints = feature(overrides if place is None else {place: overrides}, {"emit_metrics": "Disabled"})
    assert not constraints.evaluates("x")
    assert constraints.emits("x")
    assert constraints.evaluates("another")
    assert not constraints.emits("another")


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"features": [{}]},
        {"features": [], "monitoring_config": {"distribution_constraints": {"comparison_method": "KS"}}},
        {"features": [{"name": "x", "inferred_type": "Integral", "completeness": "all"}]},
    ],
)
def test_what_is_no_constraints_file_is_refused_in_one_line(document: Any) -> None:
    with pytest.raises(InputError) as error:
        Constraints.from_dict(document)
    assert "\n" not in str(error.value)


def test_data_type_check() -> None:
    # Text: cell output of aws/amazon-sagemaker-examples, introduction to Model Monitor (Apache-2.0).
    assert checks(read_csv_text("x\n0.5\n1.5\n"), feature({})) == [
        (
            "x",
            "data_type_check",
            "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. "
            "Observed: Only 0.0% of data is Integral.",
        )
    ]
    assert checks(read_csv_text("x\n1\n2.5\n"), feature({"inferred_type": "Fractional"})) == []
    assert checks(read_csv_text("x\n1\na\n"), feature({}, {"datatype_check_threshold": 0.5})) == []
    assert checks(read_csv_text("x\n1\n\n"), feature({})) == []
    assert checks(read_csv_text("x\n1\n2\n"), feature({"inferred_type": "String"})) == []


def test_completeness_check() -> None:
    table = read_csv_text("x,y\n1,1\n,1\n,1\n,1\n")
    constraints = Constraints({name: FeatureConstraint(name, "Integral", 1.0) for name in ("x", "y")})
    assert checks(table, constraints) == [
        ("x", "completeness_check", "Value: 0.25 does not meet the constraint requirement! ")
    ]
    half = Constraints({"x": FeatureConstraint("x", "Integral", 0.25), "y": FeatureConstraint("y", "Integral", 1.0)})
    assert checks(table, half) == []


def test_categorical_values_check() -> None:
    table = read_csv_text("x\na\nb\nz\n\n")
    constraints = feature({"inferred_type": "String", "string_constraints": {"domains": ["a", "b"]}})
    (violation,) = checks(table, constraints)
    assert violation[1:] == ("categorical_values_check", f"Value: {2 / 3} does not meet the constraint requirement! ")
    assert checks(read_csv_text("x\na\nb\n"), constraints) == []


def test_codes_written_as_numbers_are_matched_as_they_were_written() -> None:
    constraints = feature({"inferred_type": "String", "string_constraints": {"domains": ["01", "2"]}})
    assert checks(read_csv_text("x\n01\n2\n"), constraints) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("a,b", []),
        ("b,a", []),
        (
            "a",
            [
                (
                    "Missing columns",
                    "missing_column_check",
                    "current dataset: 1, Number of columns in baseline constraints: 2",
                )
            ],
        ),
        (
            "a,b,c",
            [
                (
                    "Extra columns",
                    "extra_column_check",
                    "current dataset: 3, Number of columns in baseline constraints: 2",
                )
            ],
        ),
        (
            "a,c",
            [
                (
                    "Missing columns",
                    "missing_column_check",
                    "current dataset: 2, Number of columns in baseline constraints: 2",
                ),
                (
                    "Extra columns",
                    "extra_column_check",
                    "current dataset: 2, Number of columns in baseline constraints: 2",
                ),
            ],
        ),
    ],
)
def test_column_checks(header: str, expected: list[tuple[str, str, str]]) -> None:
    constraints = Constraints({name: FeatureConstraint(name, "Integral") for name in ("a", "b")})
    found = checks(read_csv_text(f"{header}\n" + ",".join("1" * (header.count(",") + 1)) + "\n"), constraints)
    assert [(subject, check) for subject, check, _ in found] == [(subject, check) for subject, check, _ in expected]
    for (_, _, text), (_, _, part) in zip(found, expected, strict=True):
        assert part in text


def test_columns_that_have_no_names_are_counted() -> None:
    constraints = Constraints({name: FeatureConstraint(name, "Integral") for name in ("a", "b")})
    table = read_csv_text("1,2,3\n", header=False)
    assert checks(table, constraints) == [
        (
            "Extra columns",
            "extra_column_check",
            "There are extra columns in current dataset. Number of columns in current dataset: 3, "
            "Number of columns in baseline constraints: 2",
        )
    ]


def drift(baseline: Table, current: Table, **config: Any) -> float | None:
    statistics = profile(baseline)
    constraints = Constraints(suggest(statistics).features, MonitoringConfig(**config))
    return evaluate(current, constraints, statistics).distances.get("x")


def test_numerical_drift_simple_and_robust() -> None:
    baseline, current = as_table({"x": np.arange(100.0)}), as_table({"x": np.arange(50.0, 90.0)})
    assert drift(baseline, current, comparison_method="Simple") == pytest.approx(0.5, abs=1e-12)
    robust = drift(baseline, current)
    assert robust == pytest.approx(0.5 - 1.8 * math.sqrt(140 / 4000), abs=1e-12)
    statistics = profile(baseline)
    assert checks(current, suggest(statistics), baseline) == [
        ("x", "baseline_drift_check", f"Baseline drift distance: {robust} exceeds threshold: 0.1")
    ]


def test_a_short_window_is_no_drift_under_robust() -> None:
    baseline = as_table({"x": np.arange(1000.0)})
    assert drift(baseline, as_table({"x": np.array([900.0, 950.0, 990.0])})) == 0.0


def test_categorical_drift_is_of_shares() -> None:
    baseline, current = as_table({"x": ["a", "b"] * 500}), as_table({"x": ["a"] * 700 + ["c"] * 300})
    assert drift(baseline, current, comparison_method="Simple") == pytest.approx(0.5)
    assert drift(baseline, current) == pytest.approx(0.5 - 1.8 * math.sqrt(2000 / 1e6))


def test_a_window_in_which_each_text_is_new_is_far_away() -> None:
    """Of so many categories that occur once none is kept, and the baseline's are gone all the same."""
    baseline = as_table({"x": ["a"] * 500 + ["b"] * 400 + [f"s{index}" for index in range(100)]})
    for kinds in (9_000, 20_000):
        current = as_table({"x": [f"n{index}" for index in range(kinds)]})
        assert drift(baseline, current, comparison_method="Simple") == pytest.approx(0.5)
        assert drift(baseline, current, categorical_drift_method="ChiSquared") == 1.0


def test_a_window_with_one_bad_cell_still_has_a_drift_distance() -> None:
    baseline = as_table({"x": np.arange(100.0)})
    cells = "\n".join([*map(str, range(100)), "bad"])
    assert drift(baseline, read_csv_text(f"x\n{cells}\n"), comparison_method="Simple") == 0.0


def test_a_column_without_values_has_no_distance_and_is_incomplete() -> None:
    baseline = read_csv_text("x,y\n1,1\n2,1\n")
    empty = read_csv_text("x,y\n,1\n,1\n")
    assert drift(baseline, empty) is None
    assert [check for _, check, _ in checks(empty, suggest(profile(baseline)), baseline)] == ["completeness_check"]


def test_thresholds_of_a_feature_go_before_the_dataset_s() -> None:
    baseline, current = as_table({"x": np.arange(100.0)}), as_table({"x": np.arange(50.0, 150.0)})
    own = {"monitoring_config_overrides": {"distribution_constraints": {"comparison_threshold": 0.9}}}
    assert checks(current, feature({"inferred_type": "Fractional", **own}), baseline) == []
    assert len(checks(current, feature({"inferred_type": "Fractional"}), baseline)) == 1


def test_switched_off_is_switched_off() -> None:
    baseline, current = as_table({"x": np.arange(100.0)}), as_table({"x": np.arange(500.0, 600.0)})
    assert checks(current, feature({}, {"evaluate_constraints": "Disabled"}), baseline) == []
    off = {"distribution_constraints": {"perform_comparison": "Disabled"}}
    assert checks(current, feature({"inferred_type": "Fractional"}, off), baseline) == []


def test_chi_squared_distance_is_one_less_the_p_value() -> None:
    baseline, current = {"a": 500, "b": 300, "c": 200}, {"a": 40, "b": 40, "c": 20}
    expected = chisquare([40, 40, 20], [50, 30, 20]).pvalue
    assert chi_squared_distance(baseline, current) == pytest.approx(1 - expected, abs=1e-12)
    assert chi_squared_distance({"a": 100, "b": 100}, {"a": 50, "b": 50}) == 0.0


def test_chi_squared_regroups_small_categories_and_knows_when_nothing_is_left() -> None:
    baseline, current = {"a": 800, "b": 190, "c": 10}, {"a": 70, "b": 28, "c": 2}
    # c expects 1 of 100: of three categories none may expect fewer than five, so it joins b.
    assert chi_squared_distance(baseline, current) == pytest.approx(1 - chisquare([70, 30], [80, 20]).pvalue, abs=1e-12)
    for before, after in (({"a": 1000, "b": 1}, {"a": 50}), ({"a": 10}, {"a": 10})):
        with pytest.raises(NotComparedError, match="too rare"):
            chi_squared_distance(before, after)
    assert chi_squared_distance({"a": 10, "b": 5}, {"z": 10}) == 1.0  # nothing that the baseline knows
