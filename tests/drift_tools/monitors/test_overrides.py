"""What constraints.json and statistics.json can mean is obeyed, feature by feature."""

from typing import Any

import numpy as np
import pytest

from drift_tools.monitors.data_quality import Constraints, evaluate
from drift_tools.profiles import Statistics
from drift_tools.tables import Table, as_table
from tests.drift_tools.monitors.files import (
    BASELINE,
    COMMON,
    CONFIG,
    CONSTRAINTS,
    DISTRIBUTION,
    MOVED,
    NUMBERS,
    OVERRIDES,
    STATISTICS,
    STRINGS,
    C,
    X,
    changed,
)


def checks(document: dict[str, Any], rows: Table = MOVED) -> dict[str, str]:
    evaluation = evaluate(rows, Constraints.from_dict(document), BASELINE)
    assert not evaluation.not_checked
    return {violation.subject: violation.check for violation in evaluation.violations}


def test_what_is_found_without_overrides() -> None:
    assert checks(CONSTRAINTS) == {"x": "baseline_drift_check"}


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        ({"evaluate_constraints": "Disabled"}, {}),
        ({"evaluate_constraints": False}, {}),
        ({DISTRIBUTION: {"perform_comparison": "Disabled"}}, {}),
        ({DISTRIBUTION: {"enable_comparisons": False}}, {}),
        ({DISTRIBUTION: {"comparison_threshold": 0.99}}, {}),
        ({DISTRIBUTION: {"comparison_threshold": "0.99"}}, {}),
        ({"emit_metrics": "Disabled"}, {"x": "baseline_drift_check"}),
        # Robust takes 0.057 off a distance of 0.38 here, Simple nothing.
        ({DISTRIBUTION: {"comparison_threshold": 0.36, "comparison_method": "Robust"}}, {}),
        ({DISTRIBUTION: {"comparison_threshold": 0.36, "comparison_method": "Simple"}}, {"x": "baseline_drift_check"}),
    ],
)
@pytest.mark.parametrize("key", [OVERRIDES, "monitoringConfigOverrides"])
def test_overrides_of_a_number(overrides: dict[str, Any], expected: dict[str, str], key: str) -> None:
    assert checks(changed(CONSTRAINTS, (*X, key), overrides)) == expected


def test_overrides_of_types_domains_and_categories() -> None:
    integral = changed(CONSTRAINTS, (*X, "inferred_type"), "Integral")
    drift = {DISTRIBUTION: {"perform_comparison": "Disabled"}}
    assert checks(changed(integral, (*X, OVERRIDES), drift)) == {"x": "data_type_check"}
    assert checks(changed(integral, (*X, OVERRIDES), {"datatype_check_threshold": 0.0, **drift})) == {}
    only_a = changed(changed(CONSTRAINTS, (*C, "string_constraints", "domains"), ["a"]), (*X, OVERRIDES), drift)
    assert checks(only_a) == {"c": "categorical_values_check"}
    assert checks(changed(only_a, (*C, OVERRIDES), {"domain_content_threshold": 0.3})) == {}
    assert checks(changed(only_a, (*C, OVERRIDES), {DISTRIBUTION: {"min_domain_mass": 0.3}})) == {}
    fewer = as_table({"x": np.zeros(2000) + 0.5, "n": np.arange(2000) % 9, "c": np.array(["a"] * 1500 + ["b"] * 500)})
    quiet = changed(CONSTRAINTS, (*X, OVERRIDES), {"evaluate_constraints": "Disabled"})
    assert checks(quiet, fewer) == {"c": "baseline_drift_check"}
    for setting in ({"categorical_comparison_threshold": 0.5}, {"comparison_threshold": 0.5}):
        assert checks(changed(quiet, (*C, OVERRIDES), {DISTRIBUTION: setting}), fewer) == {}


def test_a_threshold_of_2019_is_that_of_the_domain() -> None:
    old = {CONFIG: {DISTRIBUTION: {"enable_comparisons": True, "min_domain_mass": 0.25}}}
    config = Constraints.from_dict({**CONSTRAINTS, **old}).config
    assert (config.perform_comparison, config.domain_content_threshold) == (True, 0.25)


@pytest.mark.parametrize(
    ("value", "domains"),
    [([0, 1], ("0", "1")), ([True, False], ("true", "false")), (["a", None], ("a",)), ([], ()), (None, None)],
)
def test_domains(value: object, domains: tuple[str, ...] | None) -> None:
    found = Constraints.from_dict(changed(CONSTRAINTS, (*C, "string_constraints", "domains"), value))
    assert found.features["c"].domains == domains


@pytest.mark.parametrize(
    ("place", "value", "name", "reason"),
    [
        ((*C, STRINGS), {COMMON: {"num_present": 2000, "num_missing": 0}, "distinct_count": 900.0}, "c",
         "the baseline lists none of its categories"),
        ((*C, STRINGS, "distribution", "categorical", "buckets"), [], "c", "the baseline lists none of its categories"),
        ((*C, STRINGS, "distribution"), None, "c", "the baseline lists none of its categories"),
        ((*X, NUMBERS, "distribution"), None, "x", "the baseline has no distribution of its numbers"),
        ((*X, NUMBERS, "distribution", "kll", "sketch"), None, "x", "the baseline has no distribution of its numbers"),
        ((*X, NUMBERS), None, "x", "the baseline has no distribution of its numbers"),
        ((*X, "name"), "y", "x", "not in the baseline's statistics.json"),
    ],
)  # fmt: skip
def test_drift_that_cannot_be_checked_has_a_reason(
    place: tuple[str | int, ...], value: object, name: str, reason: str
) -> None:
    before = Statistics.from_dict(changed(STATISTICS, place, value))
    evaluation = evaluate(MOVED, Constraints.from_dict(CONSTRAINTS), before)
    assert evaluation.not_checked == {name: reason}
    assert evaluation.distances.keys() == {"x", "n", "c"} - {name}


@pytest.mark.parametrize(
    "place",
    [("extra",), (*X, "tags"), (*X, NUMBERS, "median"), (*X, NUMBERS, "approximate_num_distinct_values"),
     (*X, NUMBERS, "completeness"), (*C, STRINGS, "completeness"), (*C, STRINGS, "entropy")],
)  # fmt: skip
def test_a_container_may_write_more_statistics(place: tuple[str | int, ...]) -> None:
    """Model Monitor's own files have some of these; the guide allows any."""
    assert Statistics.from_dict(changed(STATISTICS, place, 1.0)).to_dict() == STATISTICS


def test_windows_in_which_nothing_can_be_compared() -> None:
    window = as_table({"x": np.full(50, np.inf), "n": np.arange(50), "c": np.array([None] * 50, dtype=object)})
    evaluation = evaluate(window, Constraints.from_dict(CONSTRAINTS), BASELINE)
    assert evaluation.not_checked == {
        "x": "the window has no finite number in it", "c": "the window has no value in it"}  # fmt: skip
    unknown = Constraints.from_dict(changed(CONSTRAINTS, (*X, "inferred_type"), "Unknown"))
    assert evaluate(MOVED, unknown, BASELINE).not_checked == {"x": "the baseline does not say of which type it is"}


def test_a_count_of_rows_that_is_absent_is_that_of_the_features() -> None:
    assert Statistics.from_dict({"features": STATISTICS["features"]}).item_count == 2000
