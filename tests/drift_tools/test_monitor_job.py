"""The jobs under SageMaker's container contract, files in and files out."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.errors import InputError
from drift_tools.job import program as monitor
from drift_tools.job import suggest_baseline
from drift_tools.job.inputs import merge as ground_truth_merge
from drift_tools.job.kinds import data_quality
from drift_tools.tables import Table, read_csv_text
from tests.drift_tools.records import label, record, side, write

CSV = '{"csv":{"header":true,"output_columns_position":"START"}}'
CAPTURE = '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput","endpointOutput"]}}'
MERGED = '{"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}'
HOUR = "ep/Primary/2026/01/01/10"


class Box:
    """A container's /opt/ml, and the jobs that run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.processing = root / "processing"
        self.output = self.processing / "output"

    def run(self, **environment: str) -> int:
        base = {"dataset_source": "/opt/ml/processing/input", "output_path": "/opt/ml/processing/output"}
        return monitor.main(["--ml-root", str(self.root)], base | environment)

    def scheduled(self, **environment: str) -> int:
        base = {
            "dataset_format": CAPTURE,
            "start_time": "2026-01-01T10:00:00Z",
            "end_time": "2026-01-01T11:00:00Z",
            "metric_time": "2026-01-01T10:00:00Z",
            "publish_cloudwatch_metrics": "Enabled",
            "sagemaker_endpoint_name": "ep",
            "sagemaker_monitoring_schedule_name": "sched",
            "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
            "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        }
        return self.run(**(base | environment))

    def keep_baseline(self) -> None:
        for name, folder in (("constraints", "constraints"), ("statistics", "stats")):
            target = self.processing / "baseline" / folder / f"{name}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.output / f"{name}.json").rename(target)

    @property
    def message(self) -> str:
        return (self.root / "output" / "message").read_text()

    def document(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.output / name).read_bytes())
        return content

    def metrics(self) -> dict[str, dict[str, Any]]:
        path = self.root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
        return {entry["MetricName"]: entry for entry in map(json.loads, path.read_text().splitlines())}


def rows(low: float, high: float, size: int = 300, seed: int = 0) -> list[tuple[str, str]]:
    """Answers and requests of a model of three features."""
    values = np.random.default_rng(seed).uniform(low, high, (size, 3))
    return [(f"{int(row.mean() > 0.5)},{row.mean()}", ",".join(map(str, row))) for row in values]


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "ml")


@pytest.fixture
def with_baseline(box: Box) -> Box:
    lines = [
        "prediction,probability,feature_1,feature_2,feature_3",
        *(f"{out},{given}" for out, given in rows(0, 1, 1000)),
    ]
    write(box.processing / "input" / "baseline.csv", lines)
    assert box.run(dataset_format=CSV) == 0
    (box.processing / "input" / "baseline.csv").unlink()
    box.keep_baseline()
    return box


def test_a_baseline_job_suggests_statistics_and_constraints(box: Box) -> None:
    write(box.processing / "input" / "sub" / "baseline.csv", ["a,b", "1,x", "2,y", "3,x", "4,y"])
    assert box.run(dataset_format=CSV) == 0
    assert box.message == "Completed: Job completed successfully with no violations."
    assert box.document("statistics.json")["dataset"] == {"item_count": 4}
    assert [feature["name"] for feature in box.document("constraints.json")["features"]] == ["a", "b"]
    assert not (box.output / "constraint_violations.json").exists()


def test_baseline_traffic_violates_nothing(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1, seed=1)])
    assert box.scheduled() == 0
    assert box.message == "Completed: Job completed successfully with no violations."
    assert not (box.output / "constraint_violations.json").exists()
    statistics = box.document("statistics.json")
    assert [feature["name"] for feature in statistics["features"]] == [
        "prediction",
        "probability",
        "feature_1",
        "feature_2",
        "feature_3",
    ]
    assert statistics["dataset"] == {"item_count": 300}
    assert box.document("constraints.json")["features"][2]["name"] == "feature_1"


def test_anomalous_traffic_completes_with_violations(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    assert box.scheduled() == 0
    assert box.message == "CompletedWithViolations: Job completed successfully with 5 violations."
    violations = box.document("constraint_violations.json")["violations"]
    assert {violation["feature_name"] for violation in violations} == {
        "prediction",
        "probability",
        "feature_1",
        "feature_2",
        "feature_3",
    }
    assert {violation["constraint_check_type"] for violation in violations} == {"baseline_drift_check"}


def test_metrics_are_those_of_model_monitor(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record("0.25,0.5,", "1,0.5"), record("0.75,0.5,1", "0,0.5")])
    assert box.scheduled() == 0
    metrics = box.metrics()
    assert metrics["feature_data_feature_1"] == {
        "MetricName": "feature_data_feature_1",
        "Timestamp": "2026-01-01T10:00:00Z",
        "Dimensions": [{"Name": "Endpoint", "Value": "ep"}, {"Name": "MonitoringSchedule", "Value": "sched"}],
        "StatisticValues": {"SampleCount": 2.0, "Sum": 1.0, "Minimum": 0.25, "Maximum": 0.75},
        "Unit": "None",
    }
    assert metrics["feature_non_null_feature_3"]["Value"] == 1.0
    assert metrics["feature_baseline_drift_feature_1"]["Value"] == 0.0
    assert metrics["features_not_checked"]["Value"] == 0.0
    assert len(metrics) == 16


@pytest.mark.parametrize("where", ["environment", "constraints", "feature"])
def test_metrics_can_be_switched_off(with_baseline: Box, where: str) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record("0.25,0.5,0.5", "1,0.5")])
    path = box.processing / "baseline" / "constraints" / "constraints.json"
    constraints = json.loads(path.read_bytes())
    if where == "constraints":
        constraints["monitoring_config"]["emit_metrics"] = "Disabled"
    if where == "feature":
        constraints["features"][2]["monitoring_config_overrides"] = {"emit_metrics": "Disabled"}
    path.write_text(json.dumps(constraints))
    assert box.scheduled(publish_cloudwatch_metrics="Disabled" if where == "environment" else "Enabled") == 0
    if where == "feature":
        assert "feature_data_feature_1" not in box.metrics()
        assert "feature_data_feature_2" in box.metrics()
    else:
        assert not (box.root / "output" / "metrics").exists()


def test_the_window_is_start_included_and_end_not(with_baseline: Box) -> None:
    box = with_baseline
    times = ["2026-01-01T09:59:59Z", "2026-01-01T10:00:00Z", "2026-01-01T10:59:59Z", "2026-01-01T11:00:00Z"]
    write(box.processing / "input" / HOUR / "a.jsonl", [record("0,0,0", "1,0", time=time) for time in times])
    assert box.scheduled() == 0
    assert box.document("statistics.json")["dataset"] == {"item_count": 2}


def test_an_hour_without_data_fails_in_sagemakers_words(with_baseline: Box) -> None:
    box = with_baseline
    (box.processing / "input").mkdir(exist_ok=True)
    assert box.scheduled() == 1
    assert box.message == "Error: Job inputs had no data"
    write(box.processing / "input" / HOUR / "a.jsonl", [record("0,0,0", "1,0", time="2026-01-01T12:00:00Z")])
    assert box.scheduled() == 1
    assert box.message.startswith("Error: Job inputs had no data")


def test_unusable_records_are_said_and_never_stop_the_run(with_baseline: Box) -> None:
    box = with_baseline
    lines = [record("0.5,0.5,0.5", "1,0.5")] * 18 + ["{broken", record("0.5,0.5,0.5", side("??", "BASE64"))]
    write(box.processing / "input" / HOUR / "a.jsonl", lines)
    assert box.scheduled() == 0
    assert (
        "2 of 20 records were skipped: 1 x not JSON, 1 x BASE64 that holds no UTF-8 text; the first: a.jsonl, line 19."
        in box.message
    )


def test_too_many_unusable_records_are_an_error_of_the_run(with_baseline: Box) -> None:
    box = with_baseline
    lines = [record("0.5,0.5,0.5", "1,0.5")] * 17 + ["{broken"] * 3
    write(box.processing / "input" / HOUR / "a.jsonl", lines)
    assert box.scheduled() == 1
    assert "3 of 20 captured records cannot be used (3 x not JSON), more than the share of 0.1" in box.message
    assert "a.jsonl, line 18: not JSON" in box.message
    assert box.scheduled(max_unreadable_share="0.15") == 0
    assert box.scheduled(max_unreadable_share="much") == 1
    assert "max_unreadable_share is 'much': give a share between 0 and 1" in box.message
    write(box.processing / "input" / HOUR / "a.jsonl", ["{broken"])
    assert box.scheduled(max_unreadable_share="1") == 1
    assert "none of 1 captured records can be used" in box.message


def test_another_number_of_columns_is_one_violation(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record("0.5,0.5", "1,0.5")] * 3)
    assert box.scheduled() == 0
    (violation,) = box.document("constraint_violations.json")["violations"]
    assert violation["feature_name"] == "Missing columns"
    assert violation["constraint_check_type"] == "missing_column_check"


def test_violations_of_an_earlier_run_do_not_stay(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    assert box.scheduled() == 0
    assert (box.output / "constraint_violations.json").exists()
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1)])
    assert box.scheduled() == 0
    assert not (box.output / "constraint_violations.json").exists()


def test_the_environment_may_come_from_the_jobs_configuration_file(box: Box) -> None:
    write(box.processing / "input" / "b.csv", ["a", "1"])
    configuration = {"Environment": {"dataset_format": CSV, "output_path": "/nowhere/that/is/used"}}
    write(box.root / "config" / "processingjobconfig.json", [json.dumps(configuration)])
    assert box.run() == 0
    assert (box.output / "statistics.json").exists()


def test_of_several_instances_one_writes(box: Box) -> None:
    hosts = {"current_host": "algo-2", "hosts": ["algo-1", "algo-2"]}
    write(box.root / "config" / "resourceconfig.json", [json.dumps(hosts)])
    assert box.run(dataset_format=CSV) == 0
    assert not box.output.exists()


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "Error: the environment variable dataset_format is not set"),
        ({"dataset_format": "csv"}, "Error: dataset_format is 'csv': give JSON with one key"),
        ({"dataset_format": '{"xml": {}}'}, "Error: dataset_format is 'xml': give one of csv, json, parquet"),
        ({"dataset_format": CSV}, "Error: Job inputs had no data"),
        ({"dataset_format": CSV, "baseline_constraints": "/opt/ml/none.json"}, "no such file"),
        (
            {"dataset_format": CAPTURE, "start_time": "yesterday"},
            "Error: start_time is 'yesterday': give an ISO 8601 time",
        ),
        ({"dataset_format": CSV, "output_path": ""}, "Error: the environment variable output_path is not set"),
    ],
)
def test_what_is_wrong_stands_in_the_message(box: Box, environment: dict[str, str], message: str) -> None:
    (box.processing / "input").mkdir(parents=True)
    assert box.run(**environment) == 1
    assert message in box.message
    assert "\n" not in box.message


def test_a_fault_of_ours_is_a_message_too(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(job: object) -> str:
        raise RuntimeError("line one\nline two " + "x" * 2000)

    monkeypatch.setattr(monitor, "run", fail)
    assert box.run(dataset_format=CSV) == 1
    assert box.message.startswith("Error: RuntimeError: line one line two xxx")
    assert len(box.message.encode()) <= 1024


@pytest.mark.parametrize(
    ("name", "dataset_format", "lines"),
    [
        ("d.csv", '{"csv": {"header": false}}', ["1,x", "2,y"]),
        ("d.json", '{"json": {"lines": true}}', ['{"_c0": 1, "_c1": "x"}', '{"_c0": 2, "_c1": "y"}']),
        ("d.json", '{"json": {"line": false}}', ['[{"_c0": 1, "_c1": "x"}, {"_c0": 2, "_c1": "y"}]']),
        ("d.jsonl", '{"Json": {"Line": true}}', ['{"_c0": 1, "_c1": "x"}', '{"_c0": 2, "_c1": "y"}']),
    ],
)
def test_every_dataset_format(box: Box, name: str, dataset_format: str, lines: list[str]) -> None:
    write(box.processing / "input" / name, lines)
    assert box.run(dataset_format=dataset_format) == 0, box.message
    features = box.document("constraints.json")["features"]
    assert [(feature["name"], feature["inferred_type"]) for feature in features] == [
        ("_c0", "Integral"),
        ("_c1", "String"),
    ]


def test_parquet_and_several_files(box: Box) -> None:
    (box.processing / "input").mkdir(parents=True)
    for number in (1, 2):
        pq.write_table(
            pa.table({"a": [number, number], "b": ["x", "y"]}), box.processing / "input" / f"{number}.parquet"
        )
    assert box.run(dataset_format='{"parquet": {}}') == 0, box.message
    assert box.document("statistics.json")["dataset"] == {"item_count": 4}
    pq.write_table(pa.table({"z": [1]}), box.processing / "input" / "3.parquet")
    assert box.run(dataset_format='{"parquet": {}}') == 1
    assert "3.parquet: its columns are not those of" in box.message


@pytest.mark.parametrize("excluded", ["prediction, probability,feature_1", "0,1, 2", "feature_1,1,0", "0,1,2,unknown"])
def test_features_can_be_left_out(with_baseline: Box, excluded: str) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    assert box.scheduled(exclude_features_attribute=excluded) == 0
    violations = box.document("constraint_violations.json")["violations"]
    assert [violation["feature_name"] for violation in violations] == ["feature_2", "feature_3"]


def test_a_position_that_no_feature_has_is_refused(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    assert box.scheduled(exclude_features_attribute="0,5") == 1
    assert "exclude_features_attribute names position 5, and there are 5 features: give one from 0 to 4" in box.message


def test_batch_output_without_a_header_is_named_after_the_baseline(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / "part.csv.out", [f"{out},{given}" for out, given in rows(10, 20)])
    write(box.processing / "input" / "_SUCCESS", [])
    assert box.scheduled(dataset_format='{"csv": {"header": false}}') == 0, box.message
    assert len(box.document("constraint_violations.json")["violations"]) == 5


def test_scripts_before_and_after(with_baseline: Box) -> None:
    box = with_baseline
    write(
        box.processing / "code" / "pre.py",
        [
            "def preprocess_handler(inference_record, logger):",
            "    if inference_record.endpoint_input.data == 'drop':",
            "        return []",
            "    names = ['feature_1', 'feature_2', 'feature_3']",
            "    row = dict(zip(names, map(float, inference_record.endpoint_input.data.split(';'))))",
            "    out = inference_record.endpoint_output.data.split(',')",
            "    return row | {'prediction': int(out[0]), 'probability': float(out[1])}",
        ],
    )
    write(
        box.processing / "code" / "post.py",
        [
            "from pathlib import Path",
            "def postprocess_handler():",
            f"    Path({str(box.root / 'post')!r}).write_text('ran')",
        ],
    )
    lines = [record("0.5;0.5;0.5", "1,0.5"), record("drop", "0,0")]
    write(box.processing / "input" / HOUR / "a.jsonl", lines)
    scripts = {
        "record_preprocessor_script": "/opt/ml/processing/code/pre.py",
        "post_analytics_processor_script": "/opt/ml/processing/code/post.py",
    }
    assert box.scheduled(**scripts) == 0, box.message
    assert box.document("statistics.json")["dataset"] == {"item_count": 1}
    assert not (box.output / "constraint_violations.json").exists()
    assert (box.root / "post").read_text() == "ran"
    assert box.scheduled(record_preprocessor_script="/opt/ml/processing/code/post.py") == 1
    assert "post.py: has no function preprocess_handler" in box.message


def test_a_threshold_that_is_no_number(box: Box) -> None:
    write(box.processing / "input" / "b.csv", ["p,label", "0.5,1"])
    attributes = quality_environment(probability_attribute="p", ground_truth_attribute="label")
    assert box.run(dataset_format=CSV, probability_threshold_attribute="half", **attributes) == 1
    assert box.message == "Error: probability_threshold_attribute is 'half': give a number between 0 and 1"
    assert box.run(dataset_format=CSV, probability_threshold_attribute="0.4", **attributes) == 0


def quality_environment(**more: str) -> dict[str, str]:
    return {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification", **more}


def test_model_quality_from_labels_to_violations(box: Box, tmp_path: Path) -> None:
    write(
        box.processing / "input" / "baseline.csv",
        ["prediction,probability,label", *(f"{i % 2},{0.9 if i % 2 else 0.1},{i % 2}" for i in range(300))],
    )
    assert (
        box.run(
            dataset_format=CSV,
            **quality_environment(
                inference_attribute="prediction", probability_attribute="probability", ground_truth_attribute="label"
            ),
        )
        == 0
    )
    assert box.document("statistics.json")["binary_classification_metrics"]["accuracy"]["value"] == 1.0
    box.keep_baseline()
    (box.processing / "input" / "baseline.csv").unlink()

    captured, truth, merged = tmp_path / "captured", tmp_path / "truth", box.processing / "input"
    lines = [record("1,2", f"{i % 2},0.7", event_id=f"e{i}") for i in range(10)]
    write(captured / HOUR / "a.jsonl", lines)
    write(truth / "2026/01/01/12/labels.jsonl", [label(f"e{i}", "1") for i in range(8)])
    environment = {"dataset_source": str(captured), "ground_truth_source": str(truth), "output_path": str(merged)}
    assert ground_truth_merge.main(["--ml-root", str(tmp_path / "merge")], environment) == 0
    assert (tmp_path / "merge/output/message").read_text() == "Completed: 8 of 10 captured records have a label."

    attributes = quality_environment(inference_attribute="0", probability_attribute="1")
    assert box.scheduled(dataset_format=MERGED, baseline_statistics="", **attributes) == 0, box.message
    metrics = box.document("statistics.json")["binary_classification_metrics"]
    assert metrics["confusion_matrix"] == {"0": {"0": 0, "1": 0}, "1": {"0": 4, "1": 4}}
    assert metrics["accuracy"]["value"] == 0.5
    violations = box.document("constraint_violations.json")["violations"]
    assert {
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric accuracy with 0.5 was LessThanThreshold 1.0",
        "metric_name": "accuracy",
    } in violations
    assert box.message == f"CompletedWithViolations: Job completed successfully with {len(violations)} violations."
    assert box.metrics()["accuracy"]["Value"] == 0.5
    assert "auc" not in box.metrics()  # one class only: it does not exist


@pytest.mark.parametrize("named", ["", "bad"])
def test_a_run_measures_the_positive_class_of_its_baseline(box: Box, named: str) -> None:
    source = box.processing / "input" / "data.csv"
    attributes = quality_environment(probability_attribute="p", ground_truth_attribute="label", dataset_format=CSV)
    write(source, ["p,label", "0.9,bad", "0.8,bad", "0.2,good", "0.6,good"])
    assert box.run(**attributes, positive_label="bad") == 0, box.message
    assert box.document("constraints.json")["positive_label"] == "bad"
    assert box.document("statistics.json")["binary_classification_metrics"]["precision"]["value"] == 2 / 3
    box.keep_baseline()

    baseline = {"baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json"}
    write(source, ["p,label", *["0.9,good"] * 9, "0.1,good"])
    assert box.run(**attributes, **baseline, positive_label=named) == 0, box.message
    metrics = box.document("statistics.json")["binary_classification_metrics"]
    assert metrics["accuracy"]["value"] == 0.1
    assert metrics["confusion_matrix"] == {"bad": {"bad": 0, "good": 0}, "good": {"bad": 9, "good": 1}}
    assert box.document("constraints.json")["positive_label"] == "bad"
    found = {item["metric_name"] for item in box.document("constraint_violations.json")["violations"]}
    assert found == {"accuracy", "precision", "true_negative_rate", "false_positive_rate"}

    assert box.run(**attributes, **baseline, positive_label="good") == 1
    assert "the constraints are of the positive class 'bad', and positive_label is 'good'" in box.message


def test_the_monitor_as_a_function(with_baseline: Box, tmp_path: Path) -> None:
    captured, output = tmp_path / "captured", tmp_path / "results"
    write(captured / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    baseline = tmp_path / "baseline"
    baseline.mkdir()
    for name in ("constraints/constraints.json", "stats/statistics.json"):
        (with_baseline.processing / "baseline" / name).rename(baseline / Path(name).name)
    result = data_quality.monitor_captures(captured, baseline, output)
    assert (result.rows, len(result.violations)) == (300, 5)
    assert result.message == "CompletedWithViolations: Job completed successfully with 5 violations."
    with pytest.raises(InputError, match="Job inputs had no data"):
        data_quality.monitor_captures(captured, baseline, output, start=datetime(2027, 1, 1, tzinfo=UTC))


@pytest.fixture
def files(with_baseline: Box, tmp_path: Path) -> tuple[Path, Path]:
    """Captured data, and the folder of a baseline."""
    captured, baseline = tmp_path / "captured", tmp_path / "baseline"
    write(captured / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1, seed=1)])
    baseline.mkdir()
    for name in ("constraints/constraints.json", "stats/statistics.json"):
        (with_baseline.processing / "baseline" / name).rename(baseline / Path(name).name)
    return captured, baseline


def test_drift_that_was_not_checked_is_no_silence(files: tuple[Path, Path], tmp_path: Path) -> None:
    captured, baseline = files
    quiet = "Completed: Job completed successfully with no violations."
    assert data_quality.monitor_captures(captured, baseline, tmp_path / "out").message == quiet
    statistics = json.loads((baseline / "statistics.json").read_bytes())
    statistics["features"] = statistics["features"][1:]
    (baseline / "statistics.json").write_text(json.dumps(statistics))
    message = data_quality.monitor_captures(captured, baseline, tmp_path / "out").message
    assert message == f"{quiet} Drift of prediction was not checked: not in the baseline's statistics.json."
    (baseline / "statistics.json").unlink()
    message = data_quality.monitor_captures(captured, baseline, tmp_path / "out").message
    assert message == f"{quiet} Drift was not checked: the baseline has no statistics.json."
    constraints = json.loads((baseline / "constraints.json").read_bytes())
    constraints["monitoring_config"]["distribution_constraints"]["perform_comparison"] = "Disabled"
    (baseline / "constraints.json").write_text(json.dumps(constraints))
    assert data_quality.monitor_captures(captured, baseline, tmp_path / "out").message == quiet


def test_a_job_without_statistics_says_so_too(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(0, 1, seed=1)])
    assert box.scheduled(baseline_statistics="") == 0
    assert box.message.endswith("no violations. Drift was not checked: the baseline has no statistics.json.")


@pytest.mark.parametrize("lines", [["a,b"], []])
def test_a_baseline_of_nothing_is_refused(box: Box, lines: list[str]) -> None:
    write(box.processing / "input" / "baseline.csv", lines)
    assert box.run(dataset_format=CSV) == 1
    assert not (box.output / "constraints.json").exists()


def test_a_baseline_of_no_rows_or_no_columns_says_nothing(tmp_path: Path) -> None:
    for table, what in ((read_csv_text("a\n"), "rows"), (Table({}, 3), "columns")):
        with pytest.raises(InputError) as error:
            suggest_baseline(table, tmp_path)
        assert str(error.value) == f"a baseline of data without {what} says nothing: give data that have some"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("constraints", "{}", "not a data-quality constraints.json (no 'features'): run the baseline again"),
        ("constraints", '{"features": []}', "has constraints of no feature: run the baseline again, on data that have"),
        (
            "constraints",
            '{"features":' + "[" * 100_000,
            "nested too deeply for JSON that anybody reads: write the file again",
        ),
        ("statistics", '{"dataset": {}}', "not a data-quality statistics.json (no 'features')"),
        ("statistics", '{"features": [], "dataset": {}}', "has statistics of no feature: run the baseline again"),
    ],
)
def test_a_baseline_that_is_none_is_named(
    files: tuple[Path, Path], tmp_path: Path, name: str, content: str, says: str
) -> None:
    captured, baseline = files
    (baseline / f"{name}.json").write_text(content)
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out")
    assert str(error.value).startswith(f"{baseline / name}.json: {says}")


def test_where_nothing_was_captured_is_said_with_the_mend(files: tuple[Path, Path], tmp_path: Path) -> None:
    captured, baseline = files
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out", start=datetime(2027, 1, 1, tzinfo=UTC))
    nothing = f"{captured}: Job inputs had no data"
    assert str(error.value) == (f"{nothing}: no captured record in the window (300 outside it): take another window")
    (captured / HOUR / "a.jsonl").write_text("")
    with pytest.raises(InputError) as error:
        data_quality.monitor_captures(captured, baseline, tmp_path / "out")
    assert str(error.value) == f"{nothing}: its files are empty: name captured data that hold records"


def test_the_job_is_a_program_that_loads_neither_scipy_nor_pyarrow(with_baseline: Box) -> None:
    box = with_baseline
    write(box.processing / "input" / HOUR / "a.jsonl", [record(given, out) for out, given in rows(10, 20)])
    program = f"""
import sys
sys.modules["scipy"] = sys.modules["pyarrow"] = None
from drift_tools import monitor
sys.exit(monitor.main(["--ml-root", {str(box.root)!r}]))
"""
    environment = {
        **os.environ,
        "dataset_format": CAPTURE,
        "dataset_source": "/opt/ml/processing/input",
        "output_path": "/opt/ml/processing/output",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
    }
    result = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout == "CompletedWithViolations: Job completed successfully with 5 violations.\n"


Merge = Callable[..., ground_truth_merge.Merge]


@pytest.fixture
def merge(tmp_path: Path) -> Merge:
    def run(captured: list[str], labels: list[str]) -> ground_truth_merge.Merge:
        write(tmp_path / "captured" / HOUR / "a.jsonl", captured)
        write(tmp_path / "truth" / "2026/01/01/10/l.jsonl", labels)
        return ground_truth_merge.merge(tmp_path / "captured", tmp_path / "truth", tmp_path / "merged")

    return run


def test_a_label_belongs_to_its_inference_id_or_else_to_the_event(merge: Merge, tmp_path: Path) -> None:
    result = merge(
        [record(event_id="e1", inference_id="mine"), record(event_id="e2"), record(event_id="e3")],
        [label("mine", "1"), label("e1", "0"), label("e2", "0"), label("unknown", "1")],
    )
    assert (result.captured, result.labels, result.merged, result.skipped) == (3, 4, 2, 0)
    (path,) = result.files
    assert path.parent == tmp_path / "merged" / HOUR
    assert path.name.startswith("part-00000-")
    assert path.name.endswith(".c000.jsonl")
    merged = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["groundTruthData"]["data"] for entry in merged] == ["1", "0"]
    assert merged[0]["eventMetadata"]["inferenceId"] == "mine"
    assert set(merged[0]) == {"captureData", "eventMetadata", "eventVersion", "groundTruthData"}


def test_the_last_of_several_labels_counts(merge: Merge) -> None:
    result = merge([record(event_id="e1")], [label("e1", "0"), label("e1", "1")])
    assert json.loads(result.files[0].read_text())["groundTruthData"]["data"] == "1"


def test_unreadable_lines_are_counted_and_an_empty_join_writes_nothing(merge: Merge) -> None:
    result = merge([record(event_id="e1"), "{"], [label("e2", "0"), "[]", '{"eventMetadata": {"eventId": "e1"}}'])
    assert (result.captured, result.labels, result.merged, result.skipped, result.files) == (1, 1, 0, 3, ())


def test_lines_that_cannot_be_merged_are_counted_and_stop_nothing(merge: Merge, tmp_path: Path) -> None:
    damaged = tmp_path / "captured" / HOUR / "b.jsonl.gz"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(gzip.compress(record("1", event_id="e").encode() * 50)[:-9])
    result = merge([record("1", event_id="a"), "{", "[" * 100_000, "7"], [label("a", "1"), "x"])
    assert (result.captured, result.labels, result.merged) == (1, 1, 1)
    assert result.skipped == 5  # two broken lines, a number, the damaged file's rest, and a broken label


def test_a_merge_without_labels_says_where_it_looked(tmp_path: Path) -> None:
    write(tmp_path / "captured" / HOUR / "a.jsonl", [record()])
    (tmp_path / "truth").mkdir()
    environment = {
        "dataset_source": str(tmp_path / "captured"),
        "ground_truth_source": str(tmp_path / "truth"),
        "output_path": str(tmp_path / "merged"),
    }
    assert ground_truth_merge.main(["--ml-root", str(tmp_path / "ml")], environment) == 1
    assert str(tmp_path / "truth") in (tmp_path / "ml/output/message").read_text()
