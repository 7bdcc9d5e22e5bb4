"""What an update touches: two runs with one argument changed, and the resources whose inputs differ.

The mocked runtime has no diff and no replacement; that a changed job definition is replaced, and that a changed name
never clashes, follows from what is immutable at AWS and from the names checked here.
"""

from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest

from tests.components.mocked_runtime import Run

RunStack = Callable[..., Run]
ALARMS = {f"churn-{kind}-violations" for kind in ("data-quality", "model-quality")}


def test_nothing(full: Run, run_stack: RunStack) -> None:
    assert full.changed_by(run_stack()) == set()


def test_when_a_monitor_runs(full: Run, run_stack: RunStack) -> None:
    run = run_stack(data_quality={"schedule_expression": "cron(0 0/6 ? * * *)"})
    assert full.changed_by(run) == {"churn-data-quality-schedule"}


def test_what_a_monitor_runs_on(full: Run, run_stack: RunStack) -> None:
    run = run_stack(data_quality={"instance_type": "ml.m5.2xlarge"})
    assert full.changed_by(run) == {"churn-data-quality", "churn-data-quality-schedule"}
    kind = "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition"
    before, after = (item.one(kind).inputs["name"] for item in (full, run))
    assert before != after, "the new definition must not have the name that the old one still has"
    schedule = run.one("aws:sagemaker/monitoringSchedule:MonitoringSchedule", "-data-quality-schedule").inputs
    assert schedule["monitoringScheduleConfig"]["monitoringJobDefinitionName"] == after


def test_threshold(full: Run, run_stack: RunStack) -> None:
    run = run_stack(alerting={"emails": ["risk@example.com"], "violations_threshold": 2})
    assert full.changed_by(run) == {*ALARMS, "churn-dashboard"}


def test_log_retention(full: Run, run_stack: RunStack) -> None:
    groups = {f"churn-{name}-logs" for name in ("start-baseline", "processing-metrics", "alarm-responder")}
    assert full.changed_by(run_stack(log_retention_in_days=7)) == groups


def test_retention_of_captures(full: Run, run_stack: RunStack) -> None:
    assert full.changed_by(run_stack(storage={"captured_data_days": 7})) == {"churn-lifecycle"}


def test_machine_of_the_endpoint(full: Run, run_stack: RunStack, model_archive: Path) -> None:
    endpoint = {"model": pulumi.FileAsset(str(model_archive)), "instance_type": "ml.m5.large"}
    assert full.changed_by(run_stack(endpoint=endpoint)) == {"churn-config"}


def test_model(full: Run, run_stack: RunStack, tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    path.write_bytes(b"\x1f\x8banother")
    run = run_stack(endpoint={"model": pulumi.FileAsset(str(path))})
    # The configuration and the endpoint follow a real model's new name, which the mocks do not change.
    assert full.changed_by(run) == {"churn-archive", "churn-model"}


def test_baseline_data(full: Run, run_stack: RunStack, tmp_path: Path, baseline_csv: Path) -> None:
    path = tmp_path / "baseline.csv"
    path.write_bytes(baseline_csv.read_bytes() + b"1,0.8,52\n")
    run = run_stack(baseline={"data": pulumi.FileAsset(str(path))})
    assert full.changed_by(run) == {
        "churn-data-quality-baseline-data",
        "churn-data-quality-baseline",
        "churn-data-quality",
        "churn-data-quality-schedule",
        "churn-alarm-responder",  # it quotes the baseline in its messages
    }


def test_machine_of_the_baseline(full: Run, run_stack: RunStack, baseline_csv: Path) -> None:
    baseline = {"data": pulumi.FileAsset(str(baseline_csv)), "instance_type": "ml.m5.2xlarge"}
    run = run_stack(baseline=baseline)
    # The function is asked again, for jobs of the same names, and starts none (test_stack_resources).
    assert full.changed_by(run) == {"churn-data-quality-baseline", "churn-model-quality-baseline"}


def test_tags_replace_the_one_definition_whose_tags_are_fixed_under_a_new_name(full: Run, run_stack: RunStack) -> None:
    run = run_stack(tags={"team": "other"})
    before, after = (
        (
            item.one("aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition").inputs["name"],
            item.one("aws-native:sagemaker:ModelQualityJobDefinition").inputs["jobDefinitionName"],
        )
        for item in (full, run)
    )
    assert before[0] == after[0]
    assert before[1] != after[1]


@pytest.mark.parametrize(
    "more", [{}, {"data_quality": {"volume_size_in_gb": 21}}, {"model_quality": None}, {"retain_data": False}]
)
def test_endpoint_and_bucket_keep_their_names(full: Run, run_stack: RunStack, more: dict[str, object]) -> None:
    run = run_stack(**more)
    for kind in ("aws:s3/bucket:Bucket", "aws:sagemaker/endpoint:Endpoint"):
        before, after = (item.one(kind) for item in (full, run))
        assert before.name == after.name
        assert "name" not in after.inputs
        assert "bucket" not in after.inputs
