"""What constraints.json and statistics.json cannot mean is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Constraints
from drift_tools.monitors.model_quality import QualityConstraints
from drift_tools.profiles import Statistics
from tests.drift_tools.monitors.files import (
    COMMON,
    CONFIG,
    CONSTRAINTS,
    DISTRIBUTION,
    NUMBERS,
    OVERRIDES,
    STATISTICS,
    STRINGS,
    C,
    X,
    changed,
)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        # Switches.
        ((CONFIG, "evaluate_constraints"), "Enable", "evaluate_constraints is 'Enable': give Enabled or Disabled"),
        ((CONFIG, "emit_metrics"), 1, "emit_metrics is 1: give Enabled or Disabled"),
        ((CONFIG, "emit_metrics"), None, "emit_metrics is None: give Enabled or Disabled"),
        ((CONFIG, DISTRIBUTION, "perform_comparison"), "yes", "perform_comparison is 'yes': give Enabled or Disabled"),
        # Names of fields.
        (
            (CONFIG, "evaluate_constraint"),
            "Disabled",
            "monitoring_config has 'evaluate_constraint' ('Disabled'), which nothing reads: write evaluate_constraints",
        ),
        ((CONFIG, "evaluateConstraints"), "Disabled", "write evaluate_constraints"),
        ((CONFIG, DISTRIBUTION, "comparision_method"), "Simple", "write comparison_method"),
        (
            (CONFIG, "off"),
            True,
            "monitoring_config has 'off' (True), which nothing reads: there are evaluate_constraints",
        ),
        ((CONFIG, DISTRIBUTION, "alpha"), 0.01, "distribution_constraints has 'alpha' (0.01), which nothing reads"),
        (("drift",), "Disabled", "the file has 'drift' ('Disabled'), which nothing reads: there are version, features"),
        ((*X, "enabled"), False, "feature x: it has 'enabled' (False), which nothing reads: there are name, inferred"),
        ((*C, "tags"), {"a": 1}, "feature c: it has 'tags' ({'a': 1}), which nothing reads"),
        ((*X, "num_constraints", "max"), 3, "feature x: num_constraints has 'max' (3), which nothing reads"),
        (
            (*X, OVERRIDES, "skip"),
            True,
            "feature x: monitoring_config_overrides has 'skip' (True), which nothing reads",
        ),
        # Settings where nobody looks for them.
        (
            (CONFIG, "comparison_threshold"),
            0.5,
            "comparison_threshold stands in monitoring_config, where nothing reads "
            "it: write it into distribution_constraints",
        ),
        (
            (CONFIG, DISTRIBUTION, "evaluate_constraints"),
            "Disabled",
            "evaluate_constraints stands in "
            "distribution_constraints, where nothing reads it: write it into monitoring_config",
        ),
        (
            ("evaluate_constraints",),
            "Disabled",
            "stands in the file, where nothing reads it: write it into monitoring_",
        ),
        (
            (*X, "comparison_threshold"),
            0.5,
            "feature x: comparison_threshold stands in it, where nothing reads it: "
            "write it into monitoring_config_overrides",
        ),
        ((*C, "string_constraints", "evaluate_constraints"), "Disabled", "write it into monitoring_config_overrides"),
        # Two fields of one setting.
        (
            (CONFIG, DISTRIBUTION, "enable_comparisons"),
            False,
            "enable_comparisons says False and perform_comparison True of one setting: keep one of the two",
        ),
        ((CONFIG, DISTRIBUTION, "comparion_method"), "Simple", "comparion_method says 'Simple' and comparison_method"),
        (
            ("monitoring_configs",),
            {},
            "the file has 'monitoring_configs' ({}), which nothing reads: write monitoring_config",
        ),
        ((*X, "completness"), 1.0, "feature x: it has 'completness' (1.0), which nothing reads: write comp"),
        ((*C, "string_constraints", "domain"), [], "feature c: string_constraints has 'domain'"),
        # Numbers.
        (
            (CONFIG, "datatype_check_threshold"),
            100,
            "datatype_check_threshold is 100: give a number from 0 to 1 (1 for",
        ),
        ((CONFIG, "domain_content_threshold"), -0.1, "domain_content_threshold is -0.1: give a number from 0 to 1"),
        ((CONFIG, DISTRIBUTION, "comparison_threshold"), float("nan"), "comparison_threshold is nan: give a number"),
        (
            (CONFIG, DISTRIBUTION, "comparison_threshold"),
            float("inf"),
            "comparison_threshold is inf: give a number",
        ),
        ((CONFIG, DISTRIBUTION, "comparison_threshold"), "NaN", "comparison_threshold is 'NaN': give a number"),
        ((CONFIG, DISTRIBUTION, "comparison_threshold"), "0,1", "comparison_threshold is '0,1': give a number"),
        ((CONFIG, DISTRIBUTION, "comparison_threshold"), True, "comparison_threshold is True: give a number"),
        ((*X, "completeness"), 99, "feature x: completeness is 99: give a number from 0 to 1 (0.99 for 99 %)"),
        ((*X, "completeness"), None, "feature x: completeness is None: give a number from 0 to 1"),
        ((*X, "completeness"), 10**400, "feature x: completeness is 1000"),
        # Choices and types.
        (
            (CONFIG, DISTRIBUTION, "comparison_method"),
            "Robus",
            "comparison_method is 'Robus': give one of Robust, Simple",
        ),
        ((CONFIG, DISTRIBUTION, "categorical_drift_method"), 3, "give one of ChiSquared, LInfinity"),
        ((*X, "inferred_type"), "fractional", "feature x: inferred_type is 'fractional': give one of Integral,"),
        ((*X, "inferred_type"), "Boolean", "feature x: inferred_type is 'Boolean': give one of Integral, Fractional,"),
        ((*C, "string_constraints", "domains"), "ab", "feature c: domains is 'ab': give a list of texts"),
        ((*C, "string_constraints", "domains"), [["a"]], "feature c: domains is [['a']]: give a list of texts"),
        ((*C, "string_constraints"), ["a"], "feature c: string_constraints is ['a']: give a JSON object"),
        ((*X, "num_constraints", "is_non_negative"), "yes", "is_non_negative is 'yes': give true or false"),
        # Names of features.
        ((*C, "name"), "x", "feature x comes twice: keep one of them"),
        ((*C, "name"), 3, "feature number 3 has no name: give it the column's name as text"),
        (("features", 1), None, "feature number 2 has no name: give it the column's name as text"),
        (("features",), {"x": {}}, "not a data-quality constraints.json (no 'features')"),
        # Of one feature.
        ((*X, OVERRIDES, "evaluate_constraints"), "off", "feature x: evaluate_constraints is 'off': give Enabled or"),
        ((*X, OVERRIDES, "evaluate_constraint"), "Disabled", "feature x: monitoring_config_overrides has"),
        ((*X, OVERRIDES), "Disabled", "feature x: monitoring_config_overrides is 'Disabled': give a JSON object"),
    ],
)
def test_what_a_constraints_file_cannot_mean(
    place: tuple[str | int, ...], value: object, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(json.dumps(changed(CONSTRAINTS, place, value)))
    with pytest.raises(InputError) as caught:
        Constraints.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["_note", "$schema", "//", "comment"])
@pytest.mark.parametrize("place", [(), (CONFIG,), (CONFIG, DISTRIBUTION), X, (*C, "string_constraints")])
def test_notes_of_ones_own_are_left_alone(place: tuple[str | int, ...], name: str) -> None:
    assert Constraints.from_dict(changed(CONSTRAINTS, (*place, name), {"a": 1})) == Constraints.from_dict(CONSTRAINTS)


def test_the_method_as_the_guide_spelt_it_for_years() -> None:
    old = {CONFIG: {DISTRIBUTION: {"perform_comparison": "Enabled", "comparion_method": "Simple"}}}
    assert Constraints.from_dict({**CONSTRAINTS, **old}).config.comparison_method == "Simple"


def test_both_places_of_overrides_must_agree() -> None:
    both = changed(CONSTRAINTS, (*X, OVERRIDES), {"evaluate_constraints": "Enabled"})
    both = changed(both, (*X, "monitoringConfigOverrides"), {"evaluate_constraints": "Disabled"})
    with pytest.raises(InputError, match="says False and monitoring_config_overrides True of one setting"):
        Constraints.from_dict(both)
    nested = changed(both, (*C, "string_constraints", OVERRIDES), {"evaluate_constraints": "Disabled"})
    nested = changed(nested, (*X, "monitoringConfigOverrides"), {})
    nested = changed(nested, (*C, OVERRIDES), {"evaluate_constraints": "Enabled"})
    assert Constraints.from_dict(nested).evaluates("c")  # newer SDKs write at the feature, beside what older ones wrote


@pytest.mark.parametrize("read", [Constraints.read, Statistics.read, QualityConstraints.read])
def test_a_field_that_stands_twice(read: Callable[[Path], object], tmp_path: Path) -> None:
    """JSON lets the last one count, and the other is lost without a word."""
    path = tmp_path / "file.json"
    path.write_text('{"features": [], "monitoring_config": {"emit_metrics": "Enabled", "emit_metrics": "Disabled"}}')
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == f"{path}: 'emit_metrics' stands twice in one object: keep one of the two"


@pytest.mark.parametrize("value", [None, {}])
def test_an_absent_configuration_is_the_default(value: object) -> None:
    assert Constraints.from_dict(changed(CONSTRAINTS, (CONFIG,), value)) == Constraints.from_dict(CONSTRAINTS)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        ((*X, "inferred_type"), "Float", "feature x: inferred_type is 'Float': give one of Integral, Fractional,"),
        ((*C, "name"), "x", "feature x comes twice: keep one of them"),
        ((*C, "name"), None, "feature number 3 has no name"),
        ((*X, NUMBERS, COMMON, "num_present"), -1, "feature x: num_present is -1: give a number of rows"),
        ((*X, NUMBERS, COMMON, "num_present"), "many", "feature x: num_present is 'many': give a number of rows"),
        ((*X, NUMBERS, COMMON, "num_missing"), float("nan"), "feature x: num_missing is nan: give a number of rows"),
        ((*X, NUMBERS, COMMON, "num_missing"), 10**400, "0: give a number of rows"),
        ((*C, STRINGS, "distribution", "categorical", "buckets"), [{"value": "a", "count": 0.5}],
         "feature c: the count of 'a' is 0.5: give a number of rows"),
        ((*C, STRINGS, "distribution", "categorical", "buckets"), [{"count": 3}], "feature c: no 'value': run the"),
        (("dataset", "item_count"), 1.5, "item_count is 1.5: give a number of rows"),
        (("features",), None, "not a data-quality statistics.json (no 'features')"),
        (("features",), [], "has statistics of no feature"),
        ((*X, NUMBERS, "mean"), "NaN", "feature x: mean is 'NaN': give a finite number"),
        ((*X, NUMBERS, "std_dev"), [1.0], "feature x: std_dev is [1.0]: give a finite number"),
        ((*X, NUMBERS, "max"), True, "feature x: max is True: give a finite number"),
        ((*C, STRINGS, "distinct_count"), "many", "feature c: distinct_count is 'many': give a finite number"),
        ((*X, "numerical_statistic"), {}, "feature x: it has 'numerical_statistic', which nothing reads: write numer"),
        ((*C, STRINGS, "distributions"), {}, "feature c: string_statistics has 'distributions', which nothing reads"),
        ((*C, STRINGS, COMMON, "num_mising"), 1, "feature c: string_statistics.common has 'num_mising', which nothing"),
    ],
)  # fmt: skip
def test_what_a_statistics_file_cannot_mean(
    place: tuple[str | int, ...], value: object, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "statistics.json"
    path.write_text(json.dumps(changed(STATISTICS, place, value)))
    with pytest.raises(InputError) as caught:
        Statistics.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "entry", "says"),
    [
        ("acuracy", {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}, "acuracy is no metric of a Binary"),
        ("rmse", {"threshold": 0.9, "comparison_operator": "LessThanThreshold"}, "rmse is no metric of a Binary"),
        (
            "f1",
            {"threshold": "NaN", "comparison_operator": "LessThanThreshold"},
            "threshold is 'NaN' for f1: give a finite",
        ),
        (
            "f1",
            {"threshold": float("inf"), "comparison_operator": "LessThanThreshold"},
            "threshold is inf for f1: give a",
        ),
        (
            "f1",
            {"threshold": 10**400, "comparison_operator": "LessThanThreshold"},
            "0 for f1: give a finite",
        ),
        (
            "f1",
            {"threshold": True, "comparison_operator": "LessThanThreshold"},
            "threshold is True for f1: give a finite",
        ),
        (
            "f1",
            {"threshold": 0.9, "comparison_operator": "LessThan"},
            "comparison_operator is 'LessThan' for f1: give Greater",
        ),
        ("f1", {"threshold": 0.9}, "f1 is {'threshold': 0.9}: give threshold and comparison_operator"),
        ("f1", 0.9, "f1 is 0.9: give threshold and comparison_operator"),
        (
            "f1",
            {"threshold": 0.9, "comparison_operator": "LessThanThreshold", "enabled": False},
            "f1 has 'enabled' (False), which nothing reads: there are threshold, comparison_operator",
        ),
    ],
)
def test_what_constraints_of_model_quality_cannot_mean(
    metric: str, entry: dict[str, Any], says: str, tmp_path: Path
) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(json.dumps({"version": 0.0, "binary_classification_constraints": {metric: entry}}))
    with pytest.raises(InputError) as caught:
        QualityConstraints.read(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"monitoring_config": {"evaluate_constraints": "Disabled"}}, "the file has 'monitoring_config' ("),
        ({"positive_labell": "fraud"}, "('fraud'), which nothing reads: write positive_label"),
        ({"positive_label": 1}, "positive_label is 1: give the class as text"),
        ({"baseline_rows": 0}, "baseline_rows is 0: give the number of the baseline's rows"),
        ({"regression_constraints": {}}, "it has binary_classification_constraints, regression_constraints: keep the"),
    ],
)
def test_what_a_file_of_model_quality_cannot_mean(more: dict[str, Any], says: str) -> None:
    entry = {"threshold": 0.8, "comparison_operator": "LessThanThreshold"}
    document = {"version": 0.0, "binary_classification_constraints": {"f1": entry}, **more}
    with pytest.raises(InputError) as caught:
        QualityConstraints.from_dict(document)
    assert says in str(caught.value)


def test_constraints_of_model_quality_may_be_numbers_as_text_and_of_the_constant_classifier() -> None:
    names = ("f1", "accuracy_best_constant_classifier")
    entry = {"threshold": "8e-1", "comparison_operator": "LessThanThreshold"}
    found = QualityConstraints.from_dict({"binary_classification_constraints": dict.fromkeys(names, entry)})
    assert found.thresholds == dict.fromkeys(names, (0.8, "LessThanThreshold"))
