"""Facets and labels by Clarify's rules, analysis.json to and fro, and the drift check."""

import json
import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.bias.analysis import BiasAnalysis, read_references
from drift_tools.monitors.bias.check import BiasCheck, Reference, Verdict, check, independent_tests, written
from drift_tools.monitors.bias.facets import is_continuous, select, selections, strata
from drift_tools.monitors.bias.measure import BiasData, measure

NUMBERS = np.array([0.1, 0.5, 0.6, np.nan, 0.9])
TEXTS = np.array(["a", "b", None, "a", "c"], dtype=object)


class TestSelection:
    def test_a_threshold_is_strict_and_written_with_the_maximum(self) -> None:
        found = select("x", NUMBERS, [0.5])
        assert found.value_or_threshold == "(0.5, 0.9]"
        assert found.chosen.tolist() == [False, False, True, False, True]

    def test_several_values_are_categories(self) -> None:
        found = select("s", TEXTS, ["a", "c"])
        assert found.value_or_threshold == "a,c"
        assert found.chosen.tolist() == [True, False, False, True, True]

    @pytest.mark.parametrize("value", [1, 1.0, "1", "1.0", True], ids=repr)
    def test_a_flag_is_a_category_in_a_small_table_too(self, value: Any) -> None:
        found = select("flag", np.array([0.0, 1.0, 1.0, np.nan]), [value])
        assert found.chosen.tolist() == ([False] * 4 if value is True else [False, True, True, False])

    def test_truths_are_alike_however_they_are_spelt(self) -> None:
        cells = np.array(["True", "false", "TRUE", None], dtype=object)
        assert select("t", cells, [True]).chosen.tolist() == [True, False, True, False]

    def test_ids_are_continuous(self) -> None:
        assert is_continuous(np.arange(1000.0), [500])
        assert not is_continuous(np.arange(1000.0) % 12, [5])
        assert not is_continuous(np.arange(1000.0), [5, 6])

    def test_every_value_without_values(self) -> None:
        assert [one.value_or_threshold for one in selections("s", TEXTS, [])] == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("cells", "values", "words"),
        [
            (NUMBERS, [], "give the threshold"),
            (NUMBERS, ["high"], "'high' is none"),
            (np.array([f"id{i}" for i in range(200)], dtype=object), [], "200 values"),
        ],
    )
    def test_what_cannot_be_a_group_is_said(self, cells: NDArray[Any], values: list[Any], words: str) -> None:
        with pytest.raises(InputError, match=words):
            selections("f", cells, values)

    def test_missing_is_a_stratum_of_its_own(self) -> None:
        assert strata(np.array(["x", None, "y", "x", ""], dtype=object)).tolist() == [2, 0, 3, 2, 1]


def sample(rows: int, seed: int, gap: float = 0.0) -> BiasData:
    """Labels and predictions of `rows`; in the group (the first half) `gap` fewer predictions are positive."""
    rng = np.random.default_rng(seed)
    label = rng.random(rows) < 0.5
    share = np.where(label, 0.85, 0.15) - gap * (np.arange(rows) < rows // 2)
    return BiasData(label, rng.random(rows) < share)


def group_of(rows: int) -> NDArray[np.bool_]:
    return np.arange(rows) < rows // 2


def baseline_of(rows: int = 20_000) -> BiasAnalysis:
    return BiasAnalysis("y", "1", [measure("sex", "0", group_of(rows), sample(rows, 1))])


class TestCheck:
    references = baseline_of().references()

    def verdicts(self, rows: int, seed: int, gap: float = 0.0, level: float = 0.01) -> dict[str, BiasCheck]:
        checks = check([measure("sex", "0", group_of(rows), sample(rows, seed, gap))], self.references, level)
        return {one.metric: one for one in checks}

    def test_a_gap_of_fifteen_points_is_found_and_written_as_clarify_does(self) -> None:
        found = self.verdicts(4000, 2, 0.15)
        assert found["DPPL"].verdict is Verdict.DRIFT
        violation = found["DPPL"].violation()
        assert set(violation) == {"constraint_check_type", "description", "facet", "facet_value", "metric_name"}
        assert violation["constraint_check_type"] == "bias_drift_check"
        assert violation["description"].startswith("Metric value 0.1")
        assert "doesn't meet the baseline constraint requirement" in violation["description"]
        assert found["DPL"].verdict is Verdict.NO_DRIFT

    def test_a_certain_but_harmless_change_is_no_drift(self) -> None:
        rows = 400_000
        large = baseline_of(rows).references()
        found = check([measure("sex", "0", group_of(rows), sample(rows, 3, 0.03))], large, 0.01)
        parity = next(one for one in found if one.metric == "DPPL")
        assert parity.p_value is not None
        assert parity.p_value < 1e-6
        assert parity.verdict is Verdict.NO_DRIFT
        assert "immaterial" in parity.reason

    def test_few_rows_are_not_enough(self) -> None:
        assert {one.verdict for one in self.verdicts(40, 4, 0.5).values()} == {
            Verdict.NOT_ENOUGH_DATA,
            Verdict.NOT_COMPARABLE,
        }

    @pytest.mark.parametrize("rows", [100, 300, 2000])
    def test_false_alarms_of_all_metrics_together_stay_below_the_level(self, rows: int) -> None:
        alarms = sum(
            any(one.verdict is Verdict.DRIFT for one in self.verdicts(rows, seed, level=0.05).values())
            for seed in range(1000, 1060)
        )
        assert alarms <= 8  # 3 expected at the most; 8 or fewer in 99 of 100 trials

    def test_an_infinite_value_is_no_reason_by_itself(self) -> None:
        label, predicted = np.ones(80, bool), np.ones(80, bool)
        predicted[:30] = False  # false negatives and no false positive: TE is infinite
        found = check([measure("sex", "0", np.arange(80) < 40, BiasData(label, predicted))], self.references, 0.01)
        equality = next(one for one in found if one.metric == "TE")
        assert equality.verdict is not Verdict.NOT_COMPARABLE
        assert equality.p_value is not None

    def test_a_group_that_is_gone_is_named(self) -> None:
        checks = check([], self.references, 0.05)
        assert {one.reason for one in checks} == {"the window has no row of this group"}
        assert len(checks) == 21

    def test_metrics_that_are_one_are_tested_once(self) -> None:
        assert independent_tests(["DPL", "KL", "JS", "LP", "TVD", "KS", "CI"]) == 2


class TestAnalysis:
    def test_a_baseline_survives_its_file(self) -> None:
        baseline = baseline_of(2000)
        text = json.dumps(baseline.to_dict(), allow_nan=False)
        assert read_references(json.loads(text), "analysis.json") == baseline.references()

    def test_it_has_clarifys_keys(self) -> None:
        analysis = baseline_of(2000).to_dict()
        assert list(analysis) == ["version", "pre_training_bias_metrics", "post_training_bias_metrics"]
        section = analysis["pre_training_bias_metrics"]
        assert list(section) == ["label", "facets", "label_value_or_threshold"]
        entry = section["facets"]["sex"][0]
        assert entry["value_or_threshold"] == "0"
        assert [metric["name"] for metric in entry["metrics"]] == ["CDDL", "CI", "DPL", "JS", "KL", "KS", "LP", "TVD"]
        assert entry["metrics"][0] == {
            "name": "CDDL",
            "description": "Conditional Demographic Disparity in Labels (CDDL)",
            "value": None,
            "error": "no group variable is given",
        }

    def test_clarifys_own_file_is_a_baseline(self) -> None:
        metrics = [
            {"name": "TE", "description": "Treatment Equality (TE)", "value": "-Infinity"},
            {"name": "DI", "description": "Disparate Impact (DI)", "value": 0.5},
            {"name": "FT", "value": None, "error": "not numeric"},
        ]
        facets = {"Sex": [{"value_or_threshold": "0", "metrics": metrics}]}
        read = read_references({"version": "1.0", "post_training_bias_metrics": {"facets": facets}}, "a.json")
        assert read[("Sex", "0")] == {
            "TE": Reference(-math.inf, -math.inf),
            "DI": Reference(0.5, math.log(0.5)),
            "FT": None,
        }

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ([], "top level is list"),
            ({}, "has neither"),
            ({"pre_training_bias_metrics": 3}, "pre_training_bias_metrics is 3"),
            (
                {"pre_training_bias_metrics": {"facets": {"a": [{"metrics": [{"name": "DPI", "value": 1}]}]}}},
                "'DPI' of facet 'a' is no bias metric",
            ),
            (
                {"pre_training_bias_metrics": {"facets": {"a": [{"metrics": [{"name": "CI", "value": "much"}]}]}}},
                "the value of CI is 'much'",
            ),
        ],
    )
    def test_what_is_no_baseline_is_said(self, content: Any, words: str) -> None:
        with pytest.raises(InputError, match=words):
            read_references(content, "b.json")

    def test_infinities_are_written_as_clarify_does(self) -> None:
        assert [written(value) for value in (math.inf, -math.inf, 0.25)] == ["Infinity", "-Infinity", "0.25"]


def test_the_flip_test_is_told_and_not_judged() -> None:
    """Where features have few values all rows of the group share their neighbours: no interval follows from counts."""
    data = sample(400, 5)
    features = (np.arange(400) % 3).astype(float)[:, None]
    found = measure("sex", "0", group_of(400), BiasData(data.label, data.predicted, None, features))
    assert found.values["FT"].value is not None
    assert found.values["FT"].low is None
    checks = {one.metric: one for one in check([found], {("sex", "0"): {"FT": Reference(0.0, 0.0)}}, 0.05)}
    assert checks["FT"].verdict is Verdict.NOT_COMPARABLE
    assert "not judged" in checks["FT"].reason
