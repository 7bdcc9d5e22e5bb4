"""A window becomes one job, whatever is delivered twice, and by whoever dies on the way."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common, enter
from tests.lambda_functions.start_monitor.deliveries import (
    CAPTURED,
    ENVIRONMENT,
    EVENT,
    MODULES,
    QUALITY,
    REQUEST,
    STATE,
    published,
)


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


def test_other_variants_are_left_out_and_named(deliver: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint/shadow-1/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint/Canary/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    s3.put("captured-data/churn-endpoint-2/Other/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    assert deliver()["files"] == 1
    (request,) = sagemaker.requests("CreateProcessingJob")
    assert request["Environment"]["excluded_variants"] == "Canary,shadow-1"


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


def test_the_handler_itself_ends_well(
    s3: FakeS3, sagemaker: FakeSageMaker, functions: FakeLambda, cloudwatch: FakeCloudWatch
) -> None:
    s3.put(f"{CAPTURED}/2026/11/23/09/10-00-000-a.jsonl", b"{}\n")
    clients = {"s3": s3, "sagemaker": sagemaker, "lambda": functions, "cloudwatch": cloudwatch}
    answer, log = enter("start_monitor", copy.deepcopy(EVENT), clients, ENVIRONMENT)
    assert list(sagemaker.jobs) == [answer["started"]]
    assert (log[-1]["message"], log[-1]["started"]) == ("monitoring run", answer["started"])
