"""From a baseline to violations and metrics, and what of a window's records counts."""

import json

import pytest

from tests.drift_tools.job.model_monitor.model_monitor_box import Box, rows
from tests.drift_tools.open_box import CSV, HOUR
from tests.drift_tools.records import record, side, write


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
