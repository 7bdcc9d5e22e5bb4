"""The open engine's timetable and requests, held against EventBridge Scheduler's and SageMaker's own models."""

import json
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from components.args import ArgumentError, ScheduleExpression
from components.jobs import Files, Machine
from components.monitors.open_engine.schedule_input import Places, run_request, schedule_input
from contract.metrics import OPEN_DATA_METRICS, OPEN_MODEL_METRICS
from tests.lambda_functions.functions import load

PLACES = Places(
    captured="s3://b/captured-data",
    results="s3://b/monitoring-results",
    state="s3://b/monitor-state",
    ground_truth="s3://b/ground-truth",
)
MACHINE = Machine(
    image_uri="683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
    instance_type="ml.m5.xlarge",
    instance_count=1,
    volume_size_in_gb=20,
    max_runtime_in_seconds=3600,
    role_arn="arn:aws:iam::123456789012:role/m",
    tags={},
)
FILES = Files(
    code="s3://b/job-code/abc/drift_tools.zip", constraints="s3://b/baseline-data/results/abc/constraints.json"
)


@pytest.mark.parametrize(
    ("expression", "grace", "fires", "period"),
    [
        ("cron(0 * ? * * *)", 20, "cron(20 * ? * * *)", 1),
        ("cron(0 6 ? * * *)", 0, "cron(0 6 ? * * *)", 24),
        ("cron(0 06 ? * * *)", 5, "cron(5 6 ? * * *)", 24),
        ("cron(0 17/12 ? * * *)", 20, "cron(20 5,17 ? * * *)", 12),
        ("cron(0 0/6 ? * * *)", 59, "cron(59 0,6,12,18 ? * * *)", 6),
        ("cron(0 3/24 ? * * *)", 20, "cron(20 3 ? * * *)", 24),
        ("cron(0 5/1 ? * * *)", 0, f"cron(0 {','.join(map(str, range(24)))} ? * * *)", 1),
    ],
)
def test_when_it_fires(expression: str, grace: int, fires: str, period: int) -> None:
    found = ScheduleExpression.parse(expression)
    assert (found.for_event_bridge(grace), found.period_hours) == (fires, period)
    assert found.runs_per_year == 8760 / period


@pytest.mark.parametrize("hours", range(1, 25))
def test_windows_that_would_not_join_are_refused(hours: int) -> None:
    schedule = ScheduleExpression.parse(f"cron(0 0/{hours} ? * * *)")
    if hours in {1, 2, 3, 4, 6, 8, 12, 24}:
        schedule.check_windows_join("x")
    else:
        with pytest.raises(ArgumentError, match=r"x is 'cron.*: with the open engine .* must divide 24"):
            schedule.check_windows_join("x")


def problems(service: str, operation: str, request: dict[str, Any]) -> str:
    model = botocore.session.get_session().get_service_model(service)
    report = ParamValidator().validate(request, model.operation_model(operation).input_shape)
    return str(report.generate_report())


def complete(request: dict[str, Any]) -> dict[str, Any]:
    """With what start_monitor adds."""
    output = {"S3Uri": "s3://b/r", "LocalPath": "/opt/ml/processing/output", "S3UploadMode": "EndOfJob"}
    outputs = {"OutputName": "monitoring_output", "S3Output": output}
    config = {**request.get("ProcessingOutputConfig", {}), "Outputs": [outputs]}
    return {**request, "ProcessingJobName": "churn-dq-202611231000-abcdef", "ProcessingOutputConfig": config}


def test_the_request_is_one_that_sagemaker_takes() -> None:
    machine = Machine(
        **{
            **vars(MACHINE),
            "instance_count": 3,
            "tags": {"team": "risk", "cost": "1"},
            "kms_key_arn": "arn:aws:kms:us-east-1:123456789012:key/output",
            "network": {
                "EnableNetworkIsolation": False,
                "EnableInterContainerTrafficEncryption": True,
                "VpcConfig": {"SecurityGroupIds": ["sg-1"], "Subnets": ["subnet-1"]},
            },
        }
    )
    files = Files(
        code="s3://b/job-code/abc/drift_tools.zip",
        constraints="s3://b/baseline-data/results/abc/constraints.json",
        statistics="s3://b/baseline-data/results/abc/statistics.json",
        baseline_data="s3://b/baseline-data/data-quality/abc/baseline.csv",
        preprocessor="s3://b/job-code/def/clean.py",
    )
    request = run_request(machine, files, {"metric_namespace": OPEN_DATA_METRICS})
    assert problems("sagemaker", "CreateProcessingJob", complete(request)) == ""
    assert request["Environment"] == {
        "metric_namespace": OPEN_DATA_METRICS,
        "PYTHONPATH": "/opt/ml/processing/input/code/drift_tools.zip",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        "baseline_dataset": "/opt/ml/processing/input/baseline_data/baseline.csv",
        "record_preprocessor_script": "/opt/ml/processing/input/preprocessor/clean.py",
    }
    assert request["AppSpecification"]["ContainerEntrypoint"] == ["python3", "-m", "drift_tools.monitor"]
    assert request["ProcessingOutputConfig"]["KmsKeyId"] == "arn:aws:kms:us-east-1:123456789012:key/output"
    # Two inputs more at run time, captures and labels; SageMaker takes ten.
    assert len(request["ProcessingInputs"]) + 2 <= 10
    assert request["Tags"] == [{"Key": "cost", "Value": "1"}, {"Key": "team", "Value": "risk"}]


def test_what_is_not_given_is_not_in_the_request() -> None:
    request = run_request(MACHINE, FILES, {})
    assert sorted(request) == [
        "AppSpecification", "Environment", "ProcessingInputs", "ProcessingResources", "RoleArn", "StoppingCondition",
    ]  # fmt: skip
    assert [item["InputName"] for item in request["ProcessingInputs"]] == ["code", "baseline_constraints"]


@pytest.mark.parametrize("kind", ["data-quality", "model-quality"])
def test_the_schedules_input_is_what_the_function_reads(kind: str) -> None:
    """functions/start_monitor is the reader; its own parser is asked."""
    request = run_request(MACHINE, FILES, {})
    given = schedule_input(
        kind=kind,
        endpoint="churn-endpoint",
        schedule=f"churn-endpoint-{kind}",
        variants=["Primary"],
        window=("-PT1H", "-PT0H"),
        grace_minutes=20,
        late_hours=6,
        places=PLACES,
        job_stem="churn",
        small_window={"function_name": "churn-monitor-window", "max_bytes": 1000},
        request=request,
    )
    event = json.loads(json.dumps(given).replace("<aws.scheduler.scheduled-time>", "2026-11-23T10:20:00Z"))
    plan = load("start_monitor").plan.parse(event)
    assert (plan.kind, plan.schedule, plan.late_hours) == (kind, f"churn-endpoint-{kind}", 6)
    assert (plan.ground_truth_uri is None) == (kind == "data-quality")
    assert plan.small_window.max_bytes == 1000
    assert plan.request == request


def test_the_schedule_is_one_that_eventbridge_takes() -> None:
    target = {"Arn": "arn:aws:lambda:us-east-1:123456789012:function:f", "RoleArn": "arn:aws:iam::123456789012:role/s"}
    schedule = {
        "Name": "n" * 64,
        "ScheduleExpression": ScheduleExpression.parse("cron(0 * ? * * *)").for_event_bridge(20),
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
        "Target": target,
    }
    assert problems("scheduler", "CreateSchedule", schedule) == ""


def test_no_namespace_is_aws_own() -> None:
    assert not any(name.lower().startswith("aws/") for name in (OPEN_DATA_METRICS, OPEN_MODEL_METRICS))


def test_the_entrypoint_is_a_module_that_can_be_run() -> None:
    module = Path(__file__).parents[3] / "drift_tools" / "monitor.py"
    assert 'if __name__ == "__main__"' in module.read_text()
