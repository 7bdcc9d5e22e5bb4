"""What the message says of a job that failed: its reason, its log, and what it most likely was."""

from datetime import datetime
from typing import Any

import pytest

from tests.lambda_functions.alarm_responder.answers import outcome, respond
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import event


def put_note(s3: FakeS3, record: dict[str, Any], at: str = "2026-11-23T05:05:00+00:00") -> None:
    """Keep a failure's note, with S3's date of it."""
    s3.now = lambda: datetime.fromisoformat(at)
    s3.put("responder-state/job-failures/churn-endpoint/churn-data-quality/20261123T050000Z.json", record)


def test_a_failed_job(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    record = {"job": "dq-1", "kind": "monitoring", "status": "Failed", "reason": "out of memory", "ended": None}
    put_note(s3, record)
    respond(event("alarm_job_failures"), new_responder())
    assert "REASON\n  out of memory" in sns.published[0]["Message"]
    assert "Ended     2026-11-23 05:05:00 UTC\n" in sns.published[0]["Message"]


def test_the_note_of_a_function_is_as_old_as_s3_says(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """Functions have clocks of their own; S3 has one for all that they note."""
    record = {"job": "dq-1", "status": "NotStarted", "reason": "no capacity", "ended": None, "arn": None}
    put_note(s3, record, at="2026-11-23T03:07:01+00:00")
    respond(event("alarm_job_failures"), new_responder())
    assert "ended at 2026-11-23 03:07 UTC." in sns.published[0]["Message"]
    assert "no capacity" not in sns.published[0]["Message"]


@pytest.mark.parametrize(
    ("ended", "told"),
    [
        ("2026-11-23T05:05:00+00:00", True),  # the alarm changes at 05:07:01
        ("2026-11-23T03:07:02+00:00", True),
        ("2026-11-23T03:07:01+00:00", False),
        ("2026-11-23T04:07:01+01:00", False),
        ("2026-11-20T05:05:00+00:00", False),
        ("2026-11-23T05:09:00+00:00", True),  # a job that failed since: newer than the alarm is not old
        ("some day", True),
    ],
)
def test_an_old_reason_is_not_quoted(s3: FakeS3, sns: FakeSns, new_responder: Any, ended: str, *, told: bool) -> None:
    record = {"job": "dq-1", "kind": "baseline", "status": "Failed", "reason": "out of memory", "ended": ended}
    put_note(s3, record)
    respond(event("alarm_job_failures"), new_responder())
    body = sns.published[0]["Message"]
    assert ("REASON\n  out of memory" in body) is told
    assert ("No failed job of the 2 hours before the alarm has been noted; the last one that was" in body) is not told
    assert told or ("dq-1" not in body and "a baseline job" not in body)


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({}, "/aws/sagemaker/ProcessingJobs, streams that begin with dq-1"),  # as it was noted before ARNs were
        ({"arn": "arn:aws:sagemaker:…"}, "/aws/sagemaker/ProcessingJobs, streams that begin with dq-1"),
        ({"arn": None, "log_group": "churn-window-logs"}, "Log group:    churn-window-logs\n"),
        ({"arn": None, "log_group": "x"}, "Lower open_engine.small_windows.max_megabytes"),
        ({"arn": None, "log_group": "x", "status": "NotStarted"}, "Ask Service Quotas for more"),
    ],
)
def test_where_the_log_of_a_failure_is_and_what_it_most_likely_was(
    s3: FakeS3, sns: FakeSns, new_responder: Any, fields: dict[str, Any], shown: str
) -> None:
    record = {"job": "dq-1", "kind": "monitoring", "status": "Failed", "reason": "x", "ended": None, **fields}
    put_note(s3, record)
    respond(event("alarm_job_failures"), new_responder())
    assert shown in sns.published[0]["Message"]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "No failed job has been noted in s3://churn-data/responder-state/job-failures/"),
        (b"{", "The failed job could not be looked up"),
        ([], "is no object"),
    ],
)
def test_a_failed_job_without_a_usable_note(
    s3: FakeS3, sns: FakeSns, new_responder: Any, content: Any, sentence: str
) -> None:
    if content is not None:
        s3.put("responder-state/job-failures/churn-endpoint/churn-data-quality/20261123T050000Z.json", content)
    assert outcome(respond(event("alarm_job_failures"), new_responder())) == ["published"]
    assert sentence in sns.published[0]["Message"]
