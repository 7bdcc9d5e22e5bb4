"""The open engine's start of a run: windows, what a window takes, one job for two deliveries."""

import copy
import dataclasses
import json
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.alarm_responder.kinds import Sources, job_failure
from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common, load

MODULES = load("start_monitor")
NAMESPACE = "ModelMonitoring/churn"
SETTINGS = MODULES.handler.Settings.read(
    {
        "METRIC_NAMESPACE": NAMESPACE,
        "BUCKET_NAME": "churn-data",
        "FAILURES_PREFIX": "responder-state/job-failures",
        "AWS_LAMBDA_LOG_GROUP_NAME": "churn-start-monitor-logs-1a2b3c4",
    }
)
NOTE = "responder-state/job-failures/churn-endpoint/churn-endpoint-data-quality/20261123T100000Z.json"
CAPTURED = "captured-data/churn-endpoint/Primary"
STATE = "monitor-state/churn-endpoint/churn-endpoint-data-quality"
REQUEST: dict[str, Any] = {
    "ProcessingInputs": [
        {
            "InputName": "code",
            "S3Input": {
                "S3Uri": "s3://churn-data/job-code/abc/drift_tools.zip",
                "LocalPath": "/opt/ml/processing/input/code",
                "S3DataType": "S3Prefix",
                "S3InputMode": "File",
            },
        }
    ],
    "ProcessingResources": {
        "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
    },
    "AppSpecification": {
        "ImageUri": "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
        "ContainerEntrypoint": ["python3", "-m", "drift_tools.monitor"],
    },
    "Environment": {"publish_cloudwatch_metrics": "Enabled"},
    "RoleArn": "arn:aws:iam::123456789012:role/churn-monitor",
}
EVENT: dict[str, Any] = {
    "scheduled_time": "2026-11-23T10:20:00Z",
    "plan": {
        "kind": "data-quality",
        "endpoint": "churn-endpoint",
        "schedule": "churn-endpoint-data-quality",
        "variants": ["Primary"],
        "start_offset": "-PT1H",
        "end_offset": "-PT0H",
        "late_hours": 3,
        "captured_uri": "s3://churn-data/captured-data",
        "ground_truth_uri": None,
        "results_uri": "s3://churn-data/monitoring-results",
        "state_uri": "s3://churn-data/monitor-state",
        "job_stem": "churn",
        "small_window": None,
        "request": REQUEST,
    },
}
QUALITY = {
    "kind": "model-quality",
    "schedule": "churn-endpoint-model-quality",
    "ground_truth_uri": "s3://churn-data/ground-truth",
}
"""What the plan of a model-quality monitor has in its place."""


@pytest.fixture
def functions() -> FakeLambda:
    return FakeLambda()


@pytest.fixture
def deliver(s3: FakeS3, sagemaker: FakeSageMaker, functions: FakeLambda, cloudwatch: FakeCloudWatch) -> Any:
    def deliver(**changes: Any) -> Any:
        event = copy.deepcopy(EVENT)
        event["scheduled_time"] = changes.pop("scheduled_time", event["scheduled_time"])
        timing = {name: changes.pop(name) for name in ("deadline", "clock") if name in changes}
        event["plan"] |= changes
        return MODULES.handler.process(
            event,
            SETTINGS,
            s3=s3,
            sagemaker=sagemaker,
            functions=functions,
            cloudwatch=cloudwatch,
            **timing,
        )

    return deliver


def published(cloudwatch: FakeCloudWatch) -> list[dict[str, float]]:
    return [
        {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}
        for request in cloudwatch.requests("PutMetricData")
    ]


def test_a_window_with_captures_becomes_one_job(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/11-00-000-b.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/00-00-000-next.jsonl", b"{}\n")
    answer = deliver()
    assert answer == {
        "schedule": "churn-endpoint-data-quality",
        "window_start": "2026-11-23T09:00:00Z",
        "window_end": "2026-11-23T10:00:00Z",
        "files": 2,
        "late_files": 0,
        "route": "job",
        "started": "churn-dq-202611231000-eb748a",
        "created": True,
        "results": "s3://churn-data/monitoring-results/churn-endpoint/churn-endpoint-data-quality/2026/11/23/10",
    }
    (request,) = sagemaker.requests("CreateProcessingJob")
    assert request["ProcessingJobName"] == answer["started"]
    assert request["Environment"] == {
        "publish_cloudwatch_metrics": "Enabled",
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-11-23T09:00:00Z",
        "end_time": "2026-11-23T10:00:00Z",
        "records_until": "2026-11-23T10:05:00Z",
        "metric_time": "2026-11-23T09:00:00Z",
        "due_time": "2026-11-23T10:00:00Z",
        "sagemaker_endpoint_name": "churn-endpoint",
        "sagemaker_monitoring_schedule_name": "churn-endpoint-data-quality",
    }
    assert [item["InputName"] for item in request["ProcessingInputs"]] == ["code", "captured"]
    captured = request["ProcessingInputs"][1]["S3Input"]
    assert captured["S3Uri"] == f"s3://churn-data/{STATE}/2026/11/23/10.captured.manifest"
    assert captured["S3DataType"] == "ManifestFile"
    assert captured["S3DataDistributionType"] == "FullyReplicated"
    assert s3.json(f"{STATE}/2026/11/23/10.captured.manifest") == [
        {"prefix": "s3://churn-data/captured-data/"},
        "churn-endpoint/Primary/2026/11/23/09/10-00-000-a.jsonl",
        "churn-endpoint/Primary/2026/11/23/09/11-00-000-b.jsonl",
    ]
    (output,) = request["ProcessingOutputConfig"]["Outputs"]
    assert output["S3Output"]["S3Uri"] == answer["results"]
    assert published(cloudwatch) == []  # the run itself says how it ended


def test_a_run_whose_baseline_is_being_made_is_skipped_and_made_up_for(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    baseline = "baseline-data/results/bias-1/analysis.json"
    constraints: dict[str, Any] = copy.deepcopy(REQUEST["ProcessingInputs"][0]) | {"InputName": "baseline_constraints"}
    constraints["S3Input"]["S3Uri"] = f"s3://churn-data/{baseline}"
    request = {**REQUEST, "ProcessingInputs": [*REQUEST["ProcessingInputs"], constraints]}
    for hour in ("08", "09", "10"):
        s3.put(f"{CAPTURED}/2026/11/23/{hour}/10-00-000-a.jsonl", b"{}\n")
    assert deliver(scheduled_time="2026-11-23T09:20:00Z")["created"] is True
    answer = deliver(request=request)
    assert answer == {
        "schedule": "churn-endpoint-data-quality",
        "started": None,
        "why": f"there is no baseline yet: s3://churn-data/{baseline}",
    }
    assert len(sagemaker.requests("CreateProcessingJob")) == 1
    assert published(cloudwatch) == []  # neither a failure nor a window without data
    s3.put(baseline, {})
    answer = deliver(request=request, scheduled_time="2026-11-23T11:20:00Z")
    assert (answer["created"], answer["files"], answer["late_files"]) == (True, 1, 1)


def test_a_baseline_that_was_given_is_not_looked_for(deliver: Any, s3: FakeS3) -> None:
    given: dict[str, Any] = copy.deepcopy(REQUEST["ProcessingInputs"][0]) | {"InputName": "baseline_constraints"}
    given["S3Input"]["S3Uri"] = "s3://of-another-team/baseline-data/results/constraints.json"
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    answer = deliver(request={**REQUEST, "ProcessingInputs": [*REQUEST["ProcessingInputs"], given]})
    assert answer["created"] is True


def test_a_second_delivery_starts_nothing_and_takes_no_other_files(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver()["created"] is True
    s3.put(f"{CAPTURED}/2026/11/23/09/59-59-000-late.jsonl", b"{}\n")
    again = deliver()
    assert (again["created"], again["files"]) == (False, 1)
    first, second = sagemaker.requests("CreateProcessingJob")
    assert first == second


def test_a_delivery_that_died_before_the_job_is_finished_by_the_next(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    sagemaker.fail("CreateProcessingJob", "ResourceLimitExceeded")
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        deliver()
    assert published(cloudwatch) == []  # Lambda tries again: what that repairs rings nobody
    assert f"{STATE}/2026/11/23/10.started" not in s3.objects
    assert deliver()["created"] is True
    assert s3.json(f"{STATE}/2026/11/23/10.started")["started"] == "churn-dq-202611231000-eb748a"


def fails_for_good(deliver: Any, sagemaker: FakeSageMaker, **changes: Any) -> None:
    """As Lambda has it: a delivery, and two retries. Of the last one the alarm tells, and no dead letter."""
    sagemaker.fail("CreateProcessingJob", *["ResourceLimitExceeded"] * 3)
    for _ in range(2):
        with pytest.raises(Exception, match="ResourceLimitExceeded"):
            deliver(**changes)
    answer = deliver(**changes)
    assert (answer["started"], answer["failed"][:11]) == (None, "ClientError")


def test_a_start_that_fails_three_times_rings(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    fails_for_good(deliver, sagemaker)
    assert published(cloudwatch) == [{"JobFailures": 1.0}]
    assert s3.json(f"{STATE}/2026/11/23/10.tries")["tries"] == 3


def test_why_a_run_could_not_be_started_is_told_by_the_responder(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(NOTE, {"job": "an earlier one", "reason": "AlgorithmError"})
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    sagemaker.fail("CreateProcessingJob", "ResourceLimitExceeded")
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        deliver()
    alarm: Any = SimpleNamespace(
        endpoint="churn-endpoint", schedule="churn-endpoint-data-quality", changed_at=s3.now() + timedelta(minutes=5)
    )
    sources = Sources(s3=s3, bucket="churn-data", results_prefix="monitoring-results", state_prefix="responder-state")
    noted = job_failure.look(alarm, sources)
    failed = noted.job
    assert noted.problem is None
    assert failed is not None
    assert (failed.name, failed.kind, failed.status) == ("churn-dq-202611231000-eb748a", "monitoring", "NotStarted")
    assert failed.reason == (
        "the job could not be started: ResourceLimitExceeded: ResourceLimitExceeded (from the fake)"
    )
    assert failed.ended == s3.now()
    note = s3.json(NOTE)
    assert (note["arn"], note["log_group"]) == (None, "churn-start-monitor-logs-1a2b3c4")


def test_a_failure_is_counted_though_its_reason_cannot_be_kept(
    deliver: Any, s3: FakeS3, cloudwatch: FakeCloudWatch, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.denied_prefixes = ("captured-data", "responder-state")
    for _ in range(2):
        with pytest.raises(common("s3_objects").UnreadableError, match="cannot be listed"):
            deliver()
    assert deliver()["started"] is None
    assert published(cloudwatch) == [{"JobFailures": 1.0}]
    said = next(line for line in map(json.loads, capsys.readouterr().out.splitlines()) if "could not be k" in str(line))
    assert said["reason"].startswith("the job could not be started: UnreadableError: s3://churn-data/captured-data")


def test_a_delivery_that_cannot_be_counted_rings_and_is_tried_again(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """It may be the first one: to end well would take the others from it."""
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.denied_prefixes = (f"{STATE}/2026/11/23/10.tries",)
    sagemaker.fail("CreateProcessingJob", "ResourceLimitExceeded")
    with pytest.raises(Exception, match="ResourceLimitExceeded"):
        deliver()
    assert published(cloudwatch) == [{"JobFailures": 1.0}]
    assert deliver()["created"] is True


def test_a_metric_that_cannot_be_published_leaves_a_dead_letter(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """Then the letter's alarm is what tells people."""
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    sagemaker.fail("CreateProcessingJob", *["ResourceLimitExceeded"] * 3)
    cloudwatch.fail("PutMetricData", "InternalServiceFault")
    for refused in ("ResourceLimitExceeded", "ResourceLimitExceeded", "InternalServiceFault"):
        with pytest.raises(Exception, match=refused):
            deliver()


def test_what_could_not_be_started_is_taken_by_the_next_run(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")
    fails_for_good(deliver, sagemaker)
    second = deliver(scheduled_time="2026-11-23T11:20:00Z")
    assert (second["files"], second["late_files"], second["created"]) == (1, 1, True)
    third = deliver(scheduled_time="2026-11-23T12:20:00Z")
    assert (third["route"], third["late_files"]) == ("none", 0)


def test_a_day_that_could_not_be_started_is_taken_as_a_whole(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    daily = {"start_offset": "-P1D", "late_hours": 3}
    for hour in ("2026/11/21/11", "2026/11/22/09", "2026/11/22/11", "2026/11/23/09", "2026/11/23/11"):
        s3.put(f"{CAPTURED}/{hour}/10-00-000-a.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-22T10:20:00Z", **daily)
    fails_for_good(deliver, sagemaker, **daily)
    s3.put(f"{CAPTURED}/2026/11/22/09/59-00-000-too-late-for-a-day.jsonl", b"{}\n")
    next_day = deliver(scheduled_time="2026-11-24T10:20:00Z", **daily)
    assert (next_day["files"], next_day["late_files"]) == (1, 2)
    assert sagemaker.requests("CreateProcessingJob")[-1]["Environment"]["late_from"] == "2026-11-22T10:00:00Z"
    again = deliver(**daily)
    assert (again["files"], again["started"]) == (0, None)


def test_a_run_that_comes_after_it_was_made_up_for_starts_nothing(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    fails_for_good(deliver, sagemaker)
    deliver(scheduled_time="2026-11-23T11:20:00Z")
    again = deliver()
    assert (again["route"], again["files"], again["started"]) == ("job", 0, None)
    assert published(cloudwatch)[-1] == {"JobFailures": 1.0}  # of the start that failed, and nothing since
    assert len(sagemaker.jobs) == 1


def test_a_run_that_comes_after_the_next_starts_with_what_is_left(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver()
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-23T12:20:00Z")  # the run of 10 to 11 has not come yet: its file is late here
    s3.put(f"{CAPTURED}/2026/11/23/10/20-00-000-c.jsonl", b"{}\n")
    answer = deliver(scheduled_time="2026-11-23T11:20:00Z")
    assert (answer["files"], answer["created"]) == (1, True)
    assert s3.json(f"{STATE}/2026/11/23/11.captured.manifest")[1:] == [
        "churn-endpoint/Primary/2026/11/23/10/20-00-000-c.jsonl"
    ]
    s3.put(f"{CAPTURED}/2026/11/23/12/10-00-000-d.jsonl", b"{}\n")
    last = deliver(scheduled_time="2026-11-23T13:20:00Z")
    assert (last["files"], last["late_files"]) == (1, 0)


def test_a_run_that_was_started_keeps_its_files_whatever_later_ones_took(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver()
    record = s3.objects.pop(f"{STATE}/2026/11/23/10.started")
    s3.objects[f"{STATE}/2026/11/23/10.held"] = b'{"until": 0}'  # as if the first had died before its marker
    assert deliver(scheduled_time="2026-11-23T11:20:00Z")["started"] is None
    s3.objects[f"{STATE}/2026/11/23/10.started"] = record
    again = deliver()
    assert (again["files"], again["created"]) == (1, False)
    assert len(sagemaker.jobs) == 1


def test_without_captures_there_is_no_job_but_a_metric(
    deliver: Any, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    answer = deliver()
    assert (answer["route"], answer["started"]) == ("none", None)
    assert sagemaker.calls == []
    (request,) = cloudwatch.requests("PutMetricData")
    assert request["Namespace"] == NAMESPACE
    dimensions = [
        {"Name": "Endpoint", "Value": "churn-endpoint"},
        {"Name": "MonitoringSchedule", "Value": "churn-endpoint-data-quality"},
    ]
    assert request["MetricData"] == [{"MetricName": "NoData", "Dimensions": dimensions, "Value": 1.0, "Unit": "Count"}]


def test_a_late_file_is_taken_once_by_the_next_run(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/08/10-00-000-before-the-monitor.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver()["late_files"] == 0  # what was captured before there was a monitor was not missed
    s3.put(f"{CAPTURED}/2026/11/23/09/59-00-000-late.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")
    second = deliver(scheduled_time="2026-11-23T11:20:00Z")
    assert (second["files"], second["late_files"]) == (1, 1)
    request = sagemaker.requests("CreateProcessingJob")[1]
    assert request["Environment"]["late_from"] == "2026-11-23T09:00:00Z"
    assert s3.json(f"{STATE}/2026/11/23/11.captured.manifest")[1:] == [
        "churn-endpoint/Primary/2026/11/23/09/59-00-000-late.jsonl",
        "churn-endpoint/Primary/2026/11/23/10/10-00-000-b.jsonl",
    ]
    s3.put(f"{CAPTURED}/2026/11/23/11/10-00-000-c.jsonl", b"{}\n")
    third = deliver(scheduled_time="2026-11-23T12:20:00Z")
    assert (third["files"], third["late_files"]) == (1, 0)
    assert "late_from" not in sagemaker.requests("CreateProcessingJob")[2]["Environment"]


def test_windows_that_overlap_take_no_file_again_as_late(deliver: Any, s3: FakeS3) -> None:
    rolling = {"start_offset": "-P1D"}
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-a.jsonl", b"{}\n")
    assert deliver(scheduled_time="2026-11-23T11:20:00Z", **rolling)["files"] == 1
    s3.put(f"{CAPTURED}/2026/11/23/10/59-00-000-late.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/10/59-30-000-later.jsonl", b"{}\n")
    second = deliver(scheduled_time="2026-11-23T12:20:00Z", **rolling)
    assert (second["files"], second["late_files"]) == (3, 0)  # within its own window a file is not late
    s3.put(f"{CAPTURED}/2026/11/23/10/59-40-000-latest.jsonl", b"{}\n")  # and this one no window had
    last = deliver(scheduled_time="2026-11-24T11:20:00Z", **rolling)
    assert (last["files"], last["late_files"]) == (0, 1)


def test_an_hour_that_was_never_looked_at_is_made_up_for(deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver()
    s3.put(f"{CAPTURED}/2026/11/23/10/10-00-000-b.jsonl", b"{}\n")  # whose delivery never came
    answer = deliver(scheduled_time="2026-11-23T12:20:00Z")
    assert (answer["files"], answer["late_files"]) == (0, 1)


def test_other_variants_are_left_out_and_named(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint/shadow-1/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint/Canary/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint-2/Other/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver()["files"] == 1
    (request,) = sagemaker.requests("CreateProcessingJob")
    assert request["Environment"]["excluded_variants"] == "Canary,shadow-1"


@pytest.mark.limit("a window that a function looks at")
@pytest.mark.parametrize(("limit", "route"), [(6, "function"), (5, "job")])
def test_a_small_window_goes_to_the_function(
    limit: int, route: str, deliver: Any, s3: FakeS3, functions: FakeLambda
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n{}\n")
    answer = deliver(small_window={"function_name": "churn-monitor-window", "max_bytes": limit})
    assert answer["route"] == route
    if route == "job":
        assert functions.calls == []
        return
    (request,) = functions.requests("Invoke")
    assert (request["FunctionName"], request["InvocationType"]) == ("churn-monitor-window", "Event")
    assert json.loads(request["Payload"])["job"]["ProcessingJobName"] == "churn-dq-202611231000-eb748a"


@pytest.mark.parametrize(("limit", "route"), [(10, "function"), (9, "job")])
def test_labels_count_where_a_window_is_called_small(limit: int, route: str, deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"[1,2]\n\n")
    answer = deliver(**QUALITY, small_window={"function_name": "churn-monitor-window", "max_bytes": limit})
    assert answer["route"] == route


def test_labels_without_captures_are_no_window(deliver: Any, s3: FakeS3) -> None:
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"{}\n")
    answer = deliver(**QUALITY)
    assert (answer["route"], answer["started"]) == ("none", None)


def listed(s3: FakeS3, below: str) -> list[str]:
    """Prefixes that were listed below a place, in order; each once, however many pages it has."""
    prefixes = [request["Prefix"] for request in s3.requests("ListObjectsV2") if "Delimiter" not in request]
    return [prefix.removeprefix(below) for prefix in dict.fromkeys(prefixes) if prefix.startswith(below)]


def test_hours_of_one_day_are_listed_at_once_from_the_first_to_the_last(deliver: Any, s3: FakeS3) -> None:
    outside = ["2026/10/24/09/59-59-000-before.jsonl", "2026/11/23/10/00-00-000-after.jsonl", "2026/11/01/stray.jsonl"]
    outside += ["2026/11/23/09-x/stray.jsonl"]
    for key in (*outside, "2026/11/01/00/10-00-000-b.jsonl", "2026/11/23/09/10-00-000-c.jsonl"):
        s3.put(f"{CAPTURED}/{key}", b"{}\n")
    answer = deliver(start_offset="-P30D", late_hours=0)
    assert answer["files"] == 2
    days = listed(s3, f"{CAPTURED}/")
    assert (days[0], days[1], days[-1]) == ("2026/10/24/", "2026/10/25/", "2026/11/23/")
    assert len(days) == 31


def test_of_a_day_of_many_captures_only_the_pages_of_the_wanted_hours_are_listed(deliver: Any, s3: FakeS3) -> None:
    s3.page = 4
    for hour in range(24):
        for number in range(4):
            s3.put(f"{CAPTURED}/2026/11/23/{hour:02}/{number}.jsonl", b"{}\n")
    assert deliver(start_offset="-PT3H", late_hours=0)["files"] == 3 * 4
    pages = [request for request in s3.requests("ListObjectsV2") if request["Prefix"] == f"{CAPTURED}/2026/11/23/"]
    assert len(pages) == 3 + 1  # the last one brings the first key that is too late


def test_an_hour_is_not_looked_for_in_its_whole_day(deliver: Any, s3: FakeS3) -> None:
    deliver()
    assert listed(s3, f"{CAPTURED}/") == ["2026/11/23/09/"]


def test_a_day_of_a_file_a_second_is_recorded_and_read_again(deliver: Any, s3: FakeS3) -> None:
    chance = random.Random(7)
    keys = [
        f"churn-endpoint/Primary/2026/11/22/{second // 3600:02d}/{second // 60 % 60:02d}-{second % 60:02d}-"
        f"{chance.randrange(1000):03d}-{uuid.UUID(int=chance.getrandbits(128))}.jsonl"
        for second in range(86_400)
    ]
    end = datetime(2026, 11, 23, 10, tzinfo=UTC)
    records = MODULES.run_ledger.Records.of(s3, MODULES.plan.parse(EVENT))
    deliver()
    run = dataclasses.replace(records.read(end), files=tuple(keys))
    records.keep(end + timedelta(hours=1), run)
    assert records.read(end + timedelta(hours=1)) == run
    # The responder reads records, too, and of one no more than so much.
    assert len(s3.objects[f"{STATE}/2026/11/23/11.json"]) < common("s3_objects").MAX_JSON_BYTES / 2


def test_records_of_an_earlier_version_stop_no_run(deliver: Any, s3: FakeS3) -> None:
    old = {
        "window_start": "2026-11-23T08:00:00Z",
        "window_end": "2026-11-23T09:00:00Z",
        "files": [f"{CAPTURED}/2026/11/23/08/10-00-000-a.jsonl"],
        "late_files": [],
    }
    s3.put(f"{STATE}/2026/11/23/09.json", old)
    s3.put(f"{CAPTURED}/2026/11/23/08/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-b.jsonl", b"{}\n")
    answer = deliver()
    assert (answer["files"], answer["late_files"]) == (1, 0)


@pytest.mark.limit("JSON that a function reads")
def test_a_record_may_be_larger_than_what_others_write(deliver: Any, s3: FakeS3) -> None:
    deliver()
    key = f"{STATE}/2026/11/23/10.json"
    s3.objects[key] += b" " * common("s3_objects").MAX_JSON_BYTES
    assert deliver()["route"] == "none"


def test_captures_may_lie_at_the_root_of_a_bucket(deliver: Any, s3: FakeS3) -> None:
    s3.put("churn-endpoint/Primary/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver(captured_uri="s3://churn-data")["files"] == 1
    assert s3.json(f"{STATE}/2026/11/23/10.captured.manifest") == [
        {"prefix": "s3://churn-data/"},
        "churn-endpoint/Primary/2026/11/23/09/10-00-000-a.jsonl",
    ]


def test_several_instances_share_the_captures_and_have_all_labels(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(f"{CAPTURED}/2026/11/22/10/10-00-000-a.jsonl", b"{}\n")
    s3.put("ground-truth/2026/11/22/10/labels.jsonl", b"{}\n")
    s3.put("ground-truth/2026/11/23/11/after-the-run-was-due.jsonl", b"{}\n")
    request = copy.deepcopy(REQUEST)
    request["ProcessingResources"]["ClusterConfig"]["InstanceCount"] = 3
    deliver(**QUALITY, start_offset="-P1D", request=request)
    (sent,) = sagemaker.requests("CreateProcessingJob")
    assert sent["ProcessingJobName"].startswith("churn-mq-202611231000-")
    spread = {item["InputName"]: item["S3Input"].get("S3DataDistributionType") for item in sent["ProcessingInputs"][1:]}
    assert spread == {"captured": "ShardedByS3Key", "ground_truth": "FullyReplicated"}
    assert sent["Environment"]["ground_truth_source"] == "/opt/ml/processing/input/ground_truth"
    assert sent["Environment"]["shards_uri"] == f"s3://churn-data/monitor-state/shards/{sent['ProcessingJobName']}"
    key = "monitor-state/churn-endpoint/churn-endpoint-model-quality/2026/11/23/10.ground-truth.manifest"
    assert s3.json(key) == [{"prefix": "s3://churn-data/ground-truth/"}, "2026/11/22/10/labels.jsonl"]


def test_labels_that_take_days_are_found_where_they_were_collected(deliver: Any, s3: FakeS3) -> None:
    s3.put(f"{CAPTURED}/2026/11/21/09/10-00-000-a.jsonl", b"{}\n")
    collected = ["2026/11/21/08", "2026/11/21/09", "2026/11/22/23", "2026/11/23/09", "2026/11/23/10", "2026/11/23/11"]
    for hour in collected:
        s3.put(f"ground-truth/{hour}/labels.jsonl", b"{}\n")
    moved_back = {**QUALITY, "start_offset": "-P2DT1H", "end_offset": "-P2D"}
    assert deliver(**moved_back)["route"] == "job"
    state = "monitor-state/churn-endpoint/churn-endpoint-model-quality/2026/11/21"
    first = s3.json(f"{state}/10.ground-truth.manifest")
    # What came before the window cannot be about it; what comes after the run's hour, another delivery would not see.
    assert first[1:] == [f"{hour}/labels.jsonl" for hour in collected[1:-1]]
    assert s3.json(f"{state}/10.json")["due"] == "2026-11-23T10:00:00Z"
    deliver(**moved_back)
    assert s3.json(f"{state}/10.ground-truth.manifest") == first


def test_captures_without_labels_wait_for_the_next_run(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    answer = deliver(**QUALITY)
    assert answer["route"] == "none"
    waits = (
        "1 captured files wait for labels: there are none (*.jsonl) below s3://churn-data/ground-truth in the hours "
        "2026/11/23/09 to 2026/11/23/10."
    )
    assert answer["left_out"] == waits
    assert published(cloudwatch) == [{"NoData": 1.0}]
    s3.put("ground-truth/2026/11/23/09/labels.jsonl", b"{}\n")
    answer = deliver(scheduled_time="2026-11-23T11:20:00Z", **QUALITY)
    assert (answer["route"], answer["late_files"]) == ("job", 1)


@pytest.mark.parametrize("name", ["labels.csv", "labels.json", "labels.JSONL", "labels.jsonl.zip", "part-0.parquet"])
def test_labels_in_another_form_are_named(
    name: str, deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """Whoever wrote a CSV there would wait for a measurement that never comes."""
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put(f"ground-truth/2026/11/23/09/{name}", b"id,label\n")
    answer = deliver(**QUALITY)
    named = f"Left out: 1 x a file of labels that is no *.jsonl (2026/11/23/09/{name})."
    assert answer["route"] == "none"
    assert answer["left_out"].endswith(f" to 2026/11/23/10. {named}")
    assert published(cloudwatch) == [{"NoData": 1.0, "LeftOutFiles": 1.0}]
    s3.put("ground-truth/2026/11/23/10/labels.jsonl", b"{}\n")
    answer = deliver(scheduled_time="2026-11-23T11:20:00Z", **QUALITY)
    assert (answer["route"], answer["left_out"]) == ("job", named)  # the others' labels are measured, and it is said
    assert sagemaker.requests("CreateProcessingJob")[0]["Environment"]["left_out"] == named


def test_a_job_of_the_name_that_writes_elsewhere_is_an_error(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    deliver()
    job = sagemaker.jobs["churn-dq-202611231000-eb748a"]
    job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"] = "s3://another/place"
    with pytest.raises(MODULES.job_request.JobConflictError, match="writes to s3://another/place"):
        deliver()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "weather"}, "kind is 'weather'"),
        ({"variants": []}, "at least one variant"),
        ({"start_offset": "1h"}, "'1h' is no offset"),
        ({"start_offset": "-PT0H"}, "is empty"),
        ({"late_hours": 100}, "late_hours is 100"),
        ({"captured_uri": "/tmp"}, "captured_uri is no place in S3"),
        ({"small_window": {"function_name": "f", "max_bytes": 0}}, "max_bytes is 0"),
        ({"kind": "model-quality"}, "ground_truth_uri is missing"),
        ({"scheduled_time": "2026-11-23T10:20:00"}, "has no time zone"),
        ({"schedule": ""}, "schedule must be a non-empty string"),
    ],
)
def test_a_bad_event_is_one_clear_error(change: dict[str, Any], said: str, deliver: Any) -> None:
    with pytest.raises(common("event_fields").BadEventError, match=said):
        deliver(**change)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 48),
    st.integers(0, 59),
)
def test_windows_join_without_gap_or_overlap(moment: datetime, hours: int, lateness: int) -> None:
    window_of = MODULES.time_window.window_of
    hour = moment.replace(minute=0, second=0, microsecond=0)
    offsets = {"start_offset": timedelta(hours=-hours), "end_offset": timedelta(0)}
    first = window_of(hour + timedelta(minutes=lateness), **offsets)
    following = window_of(hour + timedelta(hours=hours), **offsets)
    assert first.end == following.start == hour
    assert len(list(first.hours())) == hours


ODD = [
    "../../../../../../../ground_truth/zz.jsonl",
    "./a.jsonl",
    "a//b.jsonl",
    "a\\b.jsonl",
    "a\n.jsonl",
    "\u202ea.jsonl",
]


@pytest.mark.limit("keys of captures and labels")
@pytest.mark.parametrize("key", ODD, ids=ascii)
def test_an_odd_key_is_left_out_counted_and_named_and_the_window_runs(
    key: str,
    deliver: Any,
    s3: FakeS3,
    sagemaker: FakeSageMaker,
    cloudwatch: FakeCloudWatch,
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-ü 😀%2F+&.jsonl", b"{}\n")
    s3.put(f"{CAPTURED}/2026/11/23/09/{key}", b"{}\n")
    answer = deliver()
    assert (answer["files"], answer["odd_keys"], answer["route"]) == (1, 1, "job")
    manifest = s3.json(f"{STATE}/2026/11/23/10.captured.manifest")
    assert manifest[1:] == ["churn-endpoint/Primary/2026/11/23/09/10-00-000-ü 😀%2F+&.jsonl"]
    said = answer["left_out"]
    shown = ascii(f"churn-endpoint/Primary/2026/11/23/09/{key}")[1:-1][:120]
    assert said == f"Left out: 1 x a key that cannot be a file's ({shown})."
    (request,) = sagemaker.requests("CreateProcessingJob")
    assert request["Environment"]["left_out"] == said[:256]
    assert published(cloudwatch) == [{"LeftOutFiles": 1.0}]


def test_a_capture_that_was_written_again_is_named_once_by_the_next_run(
    deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    """What is new in it cannot be told from what was counted."""
    key = f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl"
    clock = ManualClock(datetime(2026, 11, 23, 10, 20, tzinfo=UTC).timestamp())
    once = common("idempotency")
    turned = once.Clock(now=clock.now, sleep=clock.sleep)
    s3.now = lambda: datetime.fromtimestamp(clock.now(), UTC)
    s3.put(key, b"{}\n")
    assert deliver(clock=turned)["files"] == 1
    for hour in (11, 12, 13):
        clock.sleep(1800)
        if hour == 11:
            s3.put(key, b"{}\n{}\n{}\n")
        clock.sleep(1800)
        s3.put(f"{CAPTURED}/2026/11/23/{hour - 1}/10-00-000-{hour}.jsonl", b"{}\n")
        answer = deliver(scheduled_time=f"2026-11-23T{hour}:20:00Z", clock=turned)
        assert (answer["files"], answer["late_files"]) == (1, 0)
        assert answer.get("replaced") == (1 if hour == 11 else None)
    named = f"Left out: 1 x a file that was written again after it was taken ({key.removeprefix('captured-data/')})."
    assert [request["Environment"].get("left_out") for request in sagemaker.requests("CreateProcessingJob")] == [
        None,
        named,
        None,
        None,
    ]
    assert published(cloudwatch) == [{"LeftOutFiles": 1.0}]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"due": 1}', b'{"due": "x", "files": "AAAA"}'])
def test_a_damaged_record_is_set_aside_and_todays_run_goes_on(
    content: bytes, deliver: Any, s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/08/a.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-23T09:20:00Z")
    s3.put(f"{STATE}/2026/11/23/09.json", content)
    s3.put(f"{CAPTURED}/2026/11/23/09/b.jsonl", b"{}\n")
    assert deliver()["files"] == 1
    assert s3.objects[f"{STATE}/2026/11/23/09.json.damaged"] == content
    capsys.readouterr()
    assert deliver(scheduled_time="2026-11-23T11:20:00Z")["route"] == "none"
    assert capsys.readouterr().out == ""  # said once


def test_a_windows_own_damaged_record_is_replaced(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/a.jsonl", b"{}\n")
    s3.put(f"{STATE}/2026/11/23/10.json", b"{")
    assert deliver()["files"] == 1
    assert deliver()["files"] == 1
    assert len(sagemaker.jobs) == 1
    assert s3.json(f"{STATE}/2026/11/23/10.json")["due"] == "2026-11-23T10:00:00Z"


def files_of_jobs(s3: FakeS3, sagemaker: FakeSageMaker) -> list[str]:
    """What the jobs that were created have got, of all manifests."""
    manifests = [
        source["S3Uri"].removeprefix("s3://churn-data/")
        for job in sagemaker.jobs.values()
        for source in (item["S3Input"] for item in job["ProcessingInputs"])
        if source["S3DataType"] == "ManifestFile"
    ]
    return sorted(key for manifest in manifests for key in s3.json(manifest)[1:])


@pytest.mark.parametrize("seed", range(6))
def test_windows_that_come_at_once_give_each_file_to_one_job(
    seed: int, s3: FakeS3, sagemaker: FakeSageMaker, deliver: Any
) -> None:
    """Three windows, each delivered twice, by six threads whose calls of S3 take their turns at random."""
    turns = random.Random(seed)
    hasty = common("idempotency").Clock(sleep=lambda _seconds: time.sleep(turns.random() / 1000.0))
    s3.put(f"{CAPTURED}/2026/11/23/08/a.jsonl", b"{}\n")
    deliver(scheduled_time="2026-11-23T09:20:00Z")
    keys = [f"2026/11/23/{hour:02}/{minute}.jsonl" for hour in (8, 9, 10, 11) for minute in range(3)]
    for key in keys:
        s3.put(f"{CAPTURED}/{key}", b"{}\n")
    windows = [f"2026-11-23T{hour}:20:00Z" for hour in (10, 11, 12)] * 2
    turns.shuffle(windows)
    everybody = threading.Barrier(len(windows))

    def one(scheduled: str) -> Any:
        everybody.wait()
        return deliver(scheduled_time=scheduled, clock=hasty)

    with ThreadPoolExecutor(len(windows)) as pool:
        list(pool.map(one, windows))
    expected = [f"churn-endpoint/Primary/{key}" for key in ["2026/11/23/08/a.jsonl", *keys]]
    assert files_of_jobs(s3, sagemaker) == sorted(expected)


def test_who_cannot_have_a_turn_is_no_failure(deliver: Any, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    once = common("idempotency")
    other = once.IdempotencyStore(s3, "churn-data", "other", time.time() + 60.0)
    assert other.acquire(f"{STATE}/turn.json") is not None
    with pytest.raises(once.StillInProgressError):
        deliver(deadline=time.time() + 3.1)
    assert published(cloudwatch) == []


@pytest.mark.limit("a window that a function looks at")
@pytest.mark.parametrize(("files", "route"), [(2000, "function"), (2001, "job")])
def test_many_small_files_are_a_jobs(files: int, route: str, deliver: Any, s3: FakeS3, functions: FakeLambda) -> None:
    for number in range(files):
        s3.objects[f"{CAPTURED}/2026/11/23/09/{number:05}.jsonl"] = b"{}\n"
    s3.page = 1000
    assert deliver(small_window={"function_name": "f", "max_bytes": 10**6})["route"] == route
    assert len(functions.requests("Invoke")) == (route == "function")


def test_a_hundred_thousand_small_files_are_a_jobs(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    for number in range(100_000):
        s3.objects[f"{CAPTURED}/2026/11/23/09/{number:06}-0123456789abcdef0123456789abcdef.jsonl"] = b"{}\n"
    s3.page = 1000
    answer = deliver(small_window={"function_name": "f", "max_bytes": 50 * 1024 * 1024})
    assert (answer["route"], answer["files"]) == ("job", 100_000)
    assert len(files_of_jobs(s3, sagemaker)) == 100_000
