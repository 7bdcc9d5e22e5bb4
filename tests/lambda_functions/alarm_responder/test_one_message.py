"""An alarm is one message, whatever is delivered twice and whoever dies on the way."""

import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lambda_functions.alarm_responder.answers import BASELINES, VIOLATIONS, functions, outcome, respond
from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import common, event
from tests.lambda_functions.mortal import Killed


def test_one_alarm_one_message(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    result = respond(event("alarm_violations"), new_responder(BASELINE_STATISTICS=BASELINES))
    assert outcome(result) == ["published"]
    (published,) = sns.published
    assert published["TopicArn"] == "arn:aws:sns:eu-central-1:111122223333:churn-notifications"
    assert published["Subject"] == "[ALARM] churn-endpoint: 1 feature drifted (AGEP)"
    body = published["Message"]
    assert "distribution drifted: distance 0.83, 8.3 times the threshold 0.1" in body
    assert "baseline: mean 41.25, std dev 2.5, min 17, max 94\n     now:      mean 62," in body
    assert (
        "Since     the window that ended at 2026-11-23 03:00 UTC (2 consecutive windows; the one before was clean)"
        in body
    )
    assert f"s3://churn-data/{VIOLATIONS}" in body
    assert {name: value["StringValue"] for name, value in published["MessageAttributes"].items()} == {
        "kind": "violations",
        "state": "ALARM",
        "alarm_name": "churn-constraint-violations",
        "endpoint": "churn-endpoint",
        "monitoring_schedule": "churn-data-quality",
        "violations": "1",
        "chat": "[ALARM] churn-endpoint: 1 feature drifted (AGEP)\n"
        "Data up to 2026-11-23 04:00 UTC, 200 rows\n"
        "AGEP (up to 9.9 times the baseline's largest): some rows are far out of the range. "
        "Look for a client or source that sends another unit.\n"
        "Since the window that ended at 2026-11-23 03:00 UTC (2 consecutive windows; the one before was clean)\n"
        "Runbook: docs/operations.md, Violations",
    }


def test_the_marker_is_kept_and_says_what_was_sent(results: FakeS3, new_responder: Any) -> None:
    respond(event("alarm_violations"), new_responder(owner="request-1"))
    (key,) = results.keys("responder-state/alarms/")
    marker = results.json(key)
    assert (marker["state"], marker["owner"], marker["facts"]["message_id"]) == ("done", "request-1", "message-1")


def test_a_duplicate_delivery_publishes_nothing(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    respond(event("alarm_violations"), new_responder())
    assert outcome(respond(event("alarm_violations"), new_responder(owner="second"))) == ["duplicate"]
    assert len(sns.published) == 1


def test_another_transition_of_the_same_alarm_is_no_duplicate(
    results: FakeS3, sns: FakeSns, new_responder: Any
) -> None:
    respond(event("alarm_violations"), new_responder())
    later = event("alarm_violations")
    later["Records"][0]["Sns"]["Message"] = later["Records"][0]["Sns"]["Message"].replace("04:06:09", "07:06:09")
    assert outcome(respond(later, new_responder())) == ["published"]
    assert len(sns.published) == 2


def test_eight_concurrent_deliveries_one_message(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """Real threads; the clock of each is its own, since one that waits moves it."""
    outcomes: list[str] = []
    ready = threading.Barrier(8)

    def deliver(name: str) -> None:
        responder = new_responder(owner=name)
        store = common("idempotency").IdempotencyStore(
            results, "churn-data", name, common("idempotency").Clock().now() + 60.0
        )
        ready.wait(timeout=10)
        responder = functions.responder.Responder(responder.settings, results, sns, store)
        outcomes.extend(outcome(respond(event("alarm_violations"), responder)))

    threads = [threading.Thread(target=deliver, args=(f"delivery-{index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["duplicate"] * 7 + ["published"]
    assert len(sns.published) == 1


@pytest.mark.parametrize("moment", ["listing the results", "publishing"])
def test_a_crash_before_publishing_loses_nothing(
    results: FakeS3, sns: FakeSns, new_responder: Any, clock: ManualClock, moment: str
) -> None:
    def die(**_request: Any) -> None:
        raise Killed

    service, operation = (sns, "publish") if moment == "publishing" else (results, "list_objects_v2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(service, operation, die)
        with pytest.raises(Killed):
            respond(event("alarm_violations"), new_responder(owner="killed"))
    (key,) = results.keys("responder-state/alarms/")
    assert results.json(key)["state"] == "in-progress"
    # A duplicate that comes while the first may be alive waits, and is tried again later.
    with pytest.raises(common("idempotency").StillInProgressError):
        respond(event("alarm_violations"), new_responder(owner="duplicate", seconds=30.0))
    clock.seconds = 1_000_000.0 + 66.0
    assert outcome(respond(event("alarm_violations"), new_responder(owner="retry"))) == ["published"]
    assert outcome(respond(event("alarm_violations"), new_responder(owner="late"))) == ["duplicate"]
    assert len(sns.published) == 1


def test_when_sns_refuses_a_retry_publishes_at_once(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    sns.fail("Publish", "Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        respond(event("alarm_violations"), new_responder(owner="first"))
    assert outcome(respond(event("alarm_violations"), new_responder(owner="retry"))) == ["published"]


def test_without_markers_a_message_is_sent_all_the_same(
    results: FakeS3, sns: FakeSns, new_responder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    results.denied_prefixes = ("responder-state/",)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert "no marker; the message may go out twice" in capsys.readouterr().out


def test_a_marker_that_cannot_be_finished_does_not_repeat_the_message(
    results: FakeS3, sns: FakeSns, new_responder: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    publish = sns.publish

    def publish_then_lose_s3(**request: Any) -> Any:
        results.fail("PutObject", "ServiceUnavailable")
        return publish(**request)

    sns.publish = publish_then_lose_s3  # type: ignore[method-assign] # S3 fails between publishing and marking
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert "marker not updated" in capsys.readouterr().out
