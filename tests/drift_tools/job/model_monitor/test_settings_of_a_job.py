"""What a job's environment says: formats, features, thresholds, scripts, and what cannot be meant."""

import json
import os
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.job import program as monitor
from tests.drift_tools.job.model_monitor.model_monitor_box import Box, quality_environment, rows
from tests.drift_tools.open_box import CAPTURE, CSV, HOUR
from tests.drift_tools.records import record, write


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
