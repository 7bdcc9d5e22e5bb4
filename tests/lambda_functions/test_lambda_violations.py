"""What is read out of the monitor's violation descriptions."""

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lambda_functions.functions import common

violations = common("violations")


def one(check: str, description: str, **fields: str) -> Any:
    entry = {"constraint_check_type": check, "description": description, **(fields or {"feature_name": "age"})}
    (parsed,) = violations.parse_violations({"violations": [entry]})
    return parsed


_TYPES = "Data type match requirement is not met. Expected data type: Integral, Expected match: 100.0%. Observed: "
_COLUMNS = "Number of columns in current dataset: 8, Number of columns in baseline constraints: 9"
_UNMET = "does not meet the constraint requirement! "
_BIAS = "doesn't meet the baseline constraint requirement"


@pytest.mark.parametrize(
    ("check", "description", "observed", "limit"),
    [
        ("baseline_drift_check", "Baseline drift distance: 0.2347 exceeds threshold: 0.1", 0.2347, 0.1),
        ("baseline_drift_check", "Numerical distance: 0.2711598 exceeds\n numerical threshold: 0", 0.2711598, 0.0),
        ("baseline_drift_check", "Baseline drift distance: 1.5E-1 exceeds threshold: 1e-1", 0.15, 0.1),
        ("data_type_check", f"{_TYPES}Only 12.5% of data is Integral.", 0.125, 1.0),
        ("data_type_check", f"Value: 0.4994994994994995 {_UNMET}", 0.4994994994994995, None),
        ("completeness_check", f"Value: 0.0 {_UNMET}", 0.0, None),
        ("missing_column_check", f"There are missing columns in current dataset. {_COLUMNS}", 8.0, 9.0),
        ("LessThanThreshold", "Metric gini with 0.6111 was LessThanThreshold 0.6611", 0.6111, 0.6611),
        ("GreaterThanThreshold", "Metric rmse with 2.5 +/- 0.1 was GreaterThanThreshold '1.25'", 2.5, 1.25),
        ("LessThanThreshold", "Metric r2 with -3.5 was LessThanThreshold -0.05", -3.5, -0.05),
        ("bias_drift_check", f"Metric value -0.35 {_BIAS} -0.095", -0.35, -0.095),
        ("bias_drift_check", f"Metric value Infinity {_BIAS} 2.9", math.inf, 2.9),
        ("feature_attribution_drift_check", "Feature attribution drift 0.76 exceeds threshold 0.9", 0.76, 0.9),
        ("baseline_drift_check", "Baseline drift distance exceeded threshold", None, None),
        ("some_new_check", "", None, None),
    ],
)
def test_numbers_of_each_wording(check: str, description: str, observed: float | None, limit: float | None) -> None:
    parsed = one(check, description)
    assert (parsed.observed, parsed.limit) == (observed, limit)


def test_expected_type_is_read() -> None:
    parsed = one("data_type_check", "Expected data type: Fractional, Expected match: 99%. Observed: Only 1% of data is")
    assert parsed.expected_type == "Fractional"


@pytest.mark.parametrize(
    ("fields", "subject"),
    [
        ({"feature_name": "AGEP"}, "AGEP"),
        ({"metric_name": "f1"}, "f1"),
        ({"facet": "Sex", "facet_value": "0", "metric_name": "CDDPL"}, "CDDPL (Sex = 0)"),
        ({"label": "label0", "metric_name": "shap"}, "shap (label0)"),
        ({"other": "x"}, "unnamed"),
    ],
)
def test_subject(fields: dict[str, str], subject: str) -> None:
    assert one("any_check", "", **fields).subject == subject


def test_column_checks_have_one_subject_whatever_they_call_the_feature() -> None:
    assert one("extra_column_check", "", feature_name="Extra columns").subject == "number of columns"


def test_severity_ranks_across_checks() -> None:
    columns = one("missing_column_check", "current dataset: 8, Number of columns in baseline constraints: 9")
    wrong_type = one("data_type_check", "Value: 0.0 does not meet the constraint requirement!")
    far = one("baseline_drift_check", "distance: 0.83 exceeds threshold: 0.1")
    slight = one("categorical_values_check", "Value: 0.99 does not meet the constraint requirement!")
    unknown = one("baseline_drift_check", "drifted")
    no_threshold = one("baseline_drift_check", "distance: 0.27 exceeds numerical threshold: 0")
    assert columns.severity == math.inf
    assert wrong_type.severity == 11.0
    assert far.severity == pytest.approx(8.3)
    assert slight.severity == pytest.approx(1.1)
    assert no_threshold.severity == pytest.approx(3.7)
    assert unknown.severity == 1.0


def test_metric_severity_is_relative_to_its_threshold() -> None:
    assert one("LessThanThreshold", "Metric f1 with 0.5 was LessThanThreshold 0.8").severity == pytest.approx(1.375)
    assert one("GreaterThanThreshold", "Metric mae with 2 was GreaterThanThreshold 0").severity == 3.0


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ([], "no list `violations`"),
        ({}, "no list `violations`"),
        ({"violations": None}, "no list `violations`"),
        ({"violations": ["x"]}, "entry 0 of `violations` is no object"),
        ("violations", "no list `violations`"),
    ],
)
def test_malformed(document: Any, complaint: str) -> None:
    with pytest.raises(violations.MalformedViolationsError, match=complaint):
        violations.parse_violations(document)


_text = st.text("a1.:% '\n\u00e9", max_size=12)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3),
    max_leaves=6,
)
_fields = st.sampled_from(
    ["feature_name", "metric_name", "constraint_check_type", "description", "facet", "facet_value", "label"]
)


@settings(deadline=None)
@given(st.lists(st.dictionaries(_fields, _json), max_size=4))
def test_any_objects_are_violations_and_none_is_lost(entries: list[dict[str, Any]]) -> None:
    parsed = violations.parse_violations({"violations": entries})
    assert len(parsed) == len(entries)
    assert all(violation.severity >= 1.0 or violation.observed is not None for violation in parsed)


@settings(deadline=None)
@given(
    st.floats(min_value=0, max_value=1e6, allow_nan=False), st.floats(min_value=1e-9, max_value=1e6, allow_nan=False)
)
def test_numbers_survive_exactly(distance: float, threshold: float) -> None:
    parsed = one("baseline_drift_check", f"Baseline drift distance: {distance} exceeds threshold: {threshold}")
    assert (parsed.observed, parsed.limit) == (distance, threshold)


@pytest.mark.limit("a violation's description, and names in it")
@pytest.mark.parametrize(
    "trap",
    ["distance: {}", "with {} was", "Metric value {}", "Expected {}", "Value: {}", "Expected{0}Expected{0}Observed{0}",
     "current dataset: {} baseline", "Expected data type: {}", "attribution drift {}"],
)  # fmt: skip
@pytest.mark.parametrize("digit", ["1", ".1", "1e1", "'1", "inf", " ", "Expected 1", "%", "-+1"])
def test_no_name_that_a_client_chooses_costs_more_than_its_length(trap: str, digit: str) -> None:
    """A key of 20,000 digits took 11 s of a function that has 60: the hour's metric never came."""
    began = time.process_time()
    one("extra_column_check", f"There are extra columns. {trap.format(digit * 30_000)}", feature_name=digit * 30_000)
    one("baseline_drift_check", trap.format(digit * 900))
    assert time.process_time() - began < 0.5


def test_counting_reads_no_descriptions() -> None:
    entries = [{"description": "distance: " + "1" * 100_000, "feature_name": 1}, {}]
    assert violations.count_violations({"violations": entries}) == 2
    with pytest.raises(violations.MalformedViolationsError, match="entry 1"):
        violations.count_violations({"violations": [{}, "x"]})


@pytest.mark.limit("a violation's description, and names in it")
def test_long_names_are_clipped() -> None:
    parsed = one("c" * 1000, "d" * 5000, facet="f" * 1000, facet_value="v" * 1000, metric_name="n" * 1000)
    assert (len(parsed.check), len(parsed.subject), len(parsed.description)) == (256, 256, 1000)
    assert parsed.subject.endswith("…")
