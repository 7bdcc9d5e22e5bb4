"""Model quality from labels to violations, and the merge of labels and records before it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from drift_tools.job.inputs import merge as ground_truth_merge
from tests.drift_tools.job.model_monitor.model_monitor_box import MERGED, Box, quality_environment
from tests.drift_tools.open_box import CSV, HOUR
from tests.drift_tools.records import label, record, write


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
