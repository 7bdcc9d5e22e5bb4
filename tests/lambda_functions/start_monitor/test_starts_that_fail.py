"""Starts that fail: who is told, and how the run is made up for."""

import json
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from functions.alarm_responder.kinds import Sources, job_failure
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common
from tests.lambda_functions.start_monitor.deliveries import CAPTURED, STATE, published

NOTE = "responder-state/job-failures/churn-endpoint/churn-endpoint-data-quality/20261123T100000Z.json"


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


def test_who_cannot_have_a_turn_is_no_failure(deliver: Any, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    once = common("idempotency")
    other = once.IdempotencyStore(s3, "churn-data", "other", time.time() + 60.0)
    assert other.acquire(f"{STATE}/turn.json") is not None
    with pytest.raises(once.StillInProgressError):
        deliver(deadline=time.time() + 3.1)
    assert published(cloudwatch) == []
