"""The bias job as its container runs it: captures joined with labels, a baseline of its own, Clarify's files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drift_tools.errors import InputError
from drift_tools.monitors.bias import BiasSettings, Facet, measure_table
from drift_tools.tables import read_table
from tests.drift_tools.bias.monitor import CONFIG, Monitor, people


@pytest.fixture
def monitor(tmp_path: Path) -> Monitor:
    made = Monitor(tmp_path)
    made.baseline(people(2000, seed=0))
    return made


def of_group(analysis: Mapping[str, Any], stage: str, facet: str) -> dict[str, Any]:
    [group] = analysis[f"{stage}_training_bias_metrics"]["facets"][facet]
    return {metric["name"]: metric["value"] for metric in group["metrics"]}


def test_a_baseline_is_clarifys_analysis_of_the_data(monitor: Monitor) -> None:
    """The same as `measure_table` has of the file, whose values are held against smclarify elsewhere."""
    analysis = json.loads((monitor.root / "baseline/analysis.json").read_text())
    settings = BiasSettings("label", [1], [Facet("SEX", ["F"]), Facet("AGE", [0.5])], predicted="prediction")
    expected = measure_table(read_table(monitor.root / "data.csv"), settings).to_dict()
    for stage in ("pre", "post"):
        for facet in ("SEX", "AGE"):
            found, wanted = of_group(analysis, stage, facet), of_group(expected, stage, facet)
            assert {**found, "FT": None} == {**wanted, "FT": None}
    assert analysis["post_training_bias_metrics"]["label_value_or_threshold"] == "1"


def test_nothing_is_found_where_nothing_changed(monitor: Monitor) -> None:
    message = monitor.window(people(1500, seed=5))
    assert message.startswith("Completed: Job completed successfully with no violations.")
    assert "No bias metric drifted." in message
    assert not (monitor.root / "results/constraint_violations.json").exists()
    assert monitor.result("drift.json")["rules"] == "calibrated"


def test_a_model_that_turns_against_a_group_is_found_and_said(monitor: Monitor) -> None:
    message = monitor.window(people(1500, seed=5, positive_of_f=0.3, positive_of_m=0.6))
    document = monitor.result("constraint_violations.json")
    assert document["version"] == "1.0"
    found = {(item["metric_name"], item["facet"], item["facet_value"]) for item in document["violations"]}
    assert ("DPPL", "SEX", "F") in found
    assert ("DI", "SEX", "F") in found
    # Neither the labels nor the other facet moved, and the flip test has no interval.
    assert not {name for name, _, _ in found} & {"CI", "DPL", "KL", "JS", "LP", "TVD", "KS", "FT"}
    assert {facet for _, facet, _ in found} == {"SEX"}
    [dppl] = [item for item in document["violations"] if item["metric_name"] == "DPPL"]
    value = of_group(monitor.result("analysis.json"), "post", "SEX")["DPPL"]
    assert dppl["constraint_check_type"] == "bias_drift_check"
    assert dppl["description"].startswith(f"Metric value {value!r} doesn't meet the baseline constraint requirement ")
    assert message.startswith(f"CompletedWithViolations: Job completed successfully with {len(found)} violations.")
    assert "Farther from neutral than in the baseline:" in message
    groups = {group["facet"]: group["metrics"] for group in monitor.result("drift.json")["judgement"]["groups"]}
    assert groups["SEX"]["DPPL"]["verdict"] == "drift"
    assert groups["SEX"]["DPPL"]["low"] < value < groups["SEX"]["DPPL"]["high"]
    # Another maximum in the window is the same group above the threshold.
    assert groups["AGE"]["DPPL"]["verdict"] == "no drift"


def test_metrics_have_clarifys_names_and_dimensions(monitor: Monitor) -> None:
    monitor.window(people(400, seed=1))
    by_name = {(item["MetricName"], item["Dimensions"][-2]["Value"]): item for item in monitor.metrics()}
    found = by_name["bias_metric_DPPL", "SEX"]
    assert [(item["Name"], item["Value"]) for item in found["Dimensions"]] == [
        ("Endpoint", "ep"),
        ("MonitoringSchedule", "ep-bias"),
        ("BiasStage", "Post-Training"),
        ("Label", "label"),
        ("LabelValue", "1"),
        ("Facet", "SEX"),
        ("FacetValue", "F"),
    ]
    assert found["Value"] == of_group(monitor.result("analysis.json"), "post", "SEX")["DPPL"]
    # The group of a threshold is one metric, whatever the window's maximum.
    assert by_name["bias_metric_DPPL", "AGE"]["Dimensions"][-1]["Value"] == "> 0.5"


def test_infinities_are_published_as_clarify_does(monitor: Monitor) -> None:
    """A group without a false positive has no finite treatment equality."""
    rows = [(0, "F", 0.1, 1)] * 50 + [(0, "F", 0.1, 0)] * 50 + [(1, "M", 0.9, 0)] * 60 + [(0, "M", 0.9, 1)] * 60
    monitor.window(rows)
    [te] = [item for item in monitor.metrics() if item["MetricName"] == "bias_metric_TE"][:1]
    assert te["Value"] == pytest.approx(2.348542582773833e108)
    assert of_group(monitor.result("analysis.json"), "post", "SEX")["TE"] == "Infinity"


def test_few_rows_are_said_to_be_few_and_call_nothing(monitor: Monitor) -> None:
    message = monitor.window(people(40, seed=2, positive_of_f=0.0, positive_of_m=1.0))
    assert message.startswith("Completed:")
    assert "Not enough data on SEX = F: " in message


def test_no_label_at_all_is_an_error_that_says_so(monitor: Monitor) -> None:
    with pytest.raises(InputError, match="the labels' files hold no line: write them anew"):
        monitor.window(people(100, seed=3), labelled=0)


def test_labels_that_cannot_be_read_are_told_as_that(monitor: Monitor) -> None:
    monitor.window(people(100, seed=3))
    path = monitor.root / "labels" / "l.jsonl"
    path.write_text(path.read_text().replace("groundTruthData", "ground_truth"))
    [captured] = monitor.root.rglob("a.jsonl")
    with pytest.raises(InputError) as caught:
        monitor.rewrite(captured, captured.read_text())
    assert str(caught.value) == (
        "100 of 100 lines of the labels cannot be read (100 x a line without groundTruthData: there are eventMetadata, "
        f"ground_truth); the first is {path}, line 1: fix the labels' files, or write them with drift_tools "
        "ground-truth"
    )


def test_probabilities_make_the_labels_where_answers_have_no_others(monitor: Monitor) -> None:
    monitor.window(people(1500, seed=5), inference_attribute="", probability_attribute="1")
    by_probability = of_group(monitor.result("analysis.json"), "post", "SEX")
    monitor.window(people(1500, seed=5))
    assert by_probability["DPPL"] == of_group(monitor.result("analysis.json"), "post", "SEX")["DPPL"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facet": []}, "facet is empty"),
        ({"label": "employed"}, "label is 'employed': headers has SEX, AGE, label"),
        ({"label_values_or_threshold": []}, "label_values_or_threshold is empty"),
        ({"headers": None}, "headers is None"),
        ({"facet": [{"name_or_index": 7}]}, "facet.name_or_index is 7"),
    ],
)
def test_a_configuration_that_cannot_be_used(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Monitor(tmp_path, {**CONFIG, **change}).baseline(people(50, seed=0))


def test_answers_in_json_are_found_by_a_jmespath(monitor: Monitor) -> None:
    """Requests are CSV, answers JSON: the same rows with CSV answers have the same bias."""
    rows = people(1200, seed=3, positive_of_f=0.3)
    monitor.window(rows)
    expected = monitor.result("analysis.json")
    captured = monitor.root / "captured/ep/Primary/2026/01/01/00/a.jsonl"
    records = [json.loads(line) for line in captured.read_text().splitlines()]
    for record, (prediction, *_) in zip(records, rows, strict=True):
        answer = {"predictions": [{"label": prediction, "score": 0.9 if prediction else 0.1}], "took": 3}
        record["captureData"]["endpointOutput"] = {"data": json.dumps(answer), "encoding": "JSON"}
    written = "".join(json.dumps(record) + "\n" for record in records)
    for variables in (
        {"inference_attribute": "predictions[0].label"},
        {"inference_attribute": "", "probability_attribute": "predictions[0].score"},
    ):
        monitor.rewrite(captured, written, **variables)
        found = monitor.result("analysis.json")
        assert found["pre_training_bias_metrics"] == expected["pre_training_bias_metrics"]
        assert of_group(found, "post", "SEX") == of_group(expected, "post", "SEX")


def test_a_jmespath_that_cannot_be_parsed_ends_the_run_in_one_line(monitor: Monitor) -> None:
    with pytest.raises(InputError, match=r"^predictions\[0\]\. is a JMESPath that cannot be parsed: it ends too early"):
        monitor.window(people(100, seed=3), inference_attribute="predictions[0].")


def test_a_jmespath_that_finds_nothing_is_said(monitor: Monitor) -> None:
    monitor.window(people(100, seed=3))
    captured = monitor.root / "captured/ep/Primary/2026/01/01/00/a.jsonl"
    lines = [json.loads(line) for line in captured.read_text().splitlines()]
    for line in lines:
        line["captureData"]["endpointOutput"] = {"data": '{"other": 1}', "encoding": "JSON"}
    with pytest.raises(InputError, match=r"predictions\[0\]\.label finds nothing in the answer"):
        monitor.rewrite(
            captured,
            "".join(json.dumps(line) + "\n" for line in lines),
            inference_attribute="predictions[0].label",
        )
