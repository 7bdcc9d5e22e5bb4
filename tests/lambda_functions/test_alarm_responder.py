"""alarm_responder as a whole: an SNS event in, one notification out, whatever goes wrong beside it."""

import json
import threading
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from tests.lambda_functions.conftest import RUN, ManualClock, categories, drift, numeric, statistics
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import common, event, load

functions = load("alarm_responder")
respond = functions.handler.respond_to_all
BASELINES = json.dumps({"churn-data-quality": "s3://churn-data/baseline-data/results/ab12/statistics.json"})
VIOLATIONS = f"{RUN}/2026/11/23/04/constraint_violations.json"


@pytest.fixture
def results(s3: FakeS3) -> FakeS3:
    """Two runs with violations after a clean one, and the baseline."""
    for hour in ("02", "03", "04"):
        s3.put(f"{RUN}/2026/11/23/{hour}/statistics.json", statistics(numeric("AGEP", 62, 17, 930)))
    for hour in ("03", "04"):
        s3.put(f"{RUN}/2026/11/23/{hour}/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    baseline = statistics(numeric("AGEP", 41.25, 17, 94), categories("RELP", own=3))
    s3.put("baseline-data/results/ab12/statistics.json", baseline)
    return s3


def outcome(result: Any) -> list[str]:
    return [record["outcome"] for record in result["handled"]]


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


class Killed(BaseException):
    """The execution environment died: no handler of exceptions sees it."""


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


@pytest.mark.limit("JSON that a function reads")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{broken", "constraint_violations.json is no valid JSON"),
        (b"\xff\xfe\x00", "constraint_violations.json is no valid JSON"),
        (b"[" * 200_000, "constraint_violations.json is no valid JSON"),
        (b"", "constraint_violations.json is no valid JSON"),
        ({"features": []}, "is not in the monitor's format, it has no list `violations`"),
        ({"violations": [1]}, "entry 0 of `violations` is no object"),
        (b" " * (8 * 1024**2 + 1), "is larger than 8 MB, too large to read here"),
    ],
)
def test_results_that_cannot_be_read_are_told(
    results: FakeS3, sns: FakeSns, new_responder: Any, content: Any, sentence: str
) -> None:
    results.put(VIOLATIONS, content)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert sentence in sns.published[0]["Message"]
    assert sns.published[0]["Subject"] == "[ALARM] churn-endpoint: the monitor found violations"


def test_a_hundred_thousand_violations(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """Takes half a second; anything quadratic in it would take a minute, and run into the function's timeout."""
    entries = [{"feature_name": f"f{n}", "constraint_check_type": "c"} for n in range(100_000)]
    results.put(VIOLATIONS, {"violations": entries})
    respond(event("alarm_violations"), new_responder())
    assert "... and 99975 more in the violations file" in sns.published[0]["Message"]


def test_no_results_at_all(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    respond(event("alarm_violations"), new_responder())
    sentence = f"No results of the 48 hours before the alarm were found in s3://churn-data/{RUN}/."
    assert sentence in sns.published[0]["Message"]


def test_results_of_windows_that_are_moved_back_are_found(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    """The window of the run of 23 November, 04:00, ended three days before."""
    behind = '{"churn-data-quality": 72}'
    s3.put(f"{RUN}/2026/11/20/04/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    respond(event("alarm_violations"), new_responder(HOURS_BEHIND=behind))
    body = sns.published[0]["Message"]
    assert "distance 0.83" in body
    assert "Run       2026-11-20 04:00 UTC\n" in body
    assert "none clean in the 120 hours before the alarm" in body


def test_the_message_of_a_run_that_says_nothing_of_its_window_names_it(
    s3: FakeS3, sns: FakeSns, new_responder: Any
) -> None:
    for hour in (3, 4):
        s3.put(f"{RUN}/2026/11/23/{hour:02}/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    s3.put(f"{RUN}/2026/11/23/02/statistics.json", {})
    respond(event("alarm_violations"), new_responder(WINDOW_HOURS='{"churn-data-quality": 1}'))
    body = sns.published[0]["Message"]
    assert "Data      2026-11-23 03:00–04:00 UTC\n" in body
    assert "Since     2026-11-23 02:00 UTC (2 consecutive windows; the one before was clean)" in body


def test_how_far_back_was_looked_is_said(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUN}/2026/11/18/03/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]})
    respond(event("alarm_violations"), new_responder(HOURS_BEHIND='{"churn-data-quality": 72, "other": 240}'))
    assert "No results of the 120 hours before the alarm were found" in sns.published[0]["Message"]


def test_only_clean_runs(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    s3.put(f"{RUN}/2026/11/23/04/statistics.json", {})
    respond(event("alarm_violations"), new_responder())
    assert (
        "None of the 1 runs of the 48 hours before the alarm left a constraint_violations.json"
        in (sns.published[0]["Message"])
    )


def test_results_that_may_not_be_listed(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    results.denied_prefixes = ("monitoring-results/",)
    respond(event("alarm_violations"), new_responder())
    assert "The monitor's results could not be looked up" in sns.published[0]["Message"]


@pytest.mark.parametrize(
    "unreadable", ["baseline-data/results/ab12/statistics.json", f"{RUN}/2026/11/23/04/statistics.json"]
)
def test_statistics_that_cannot_be_read_cost_only_themselves(
    results: FakeS3, sns: FakeSns, new_responder: Any, unreadable: str
) -> None:
    results.put(unreadable, b"{")
    respond(event("alarm_violations"), new_responder(BASELINE_STATISTICS=BASELINES))
    body = sns.published[0]["Message"]
    assert "distance 0.83" in body
    assert f"s3://churn-data/{unreadable} is no valid JSON" in body


def test_an_error_of_our_own_costs_only_the_details(
    results: FakeS3, sns: FakeSns, new_responder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_fields: Any) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("functions.alarm_responder.findings.list_runs", fail)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    body = sns.published[0]["Message"]
    assert "The details could not be put together (ZeroDivisionError: division by zero)" in body
    assert "Threshold Crossed" in body


def test_a_lost_connection_to_s3_costs_only_the_details(
    s3: FakeS3, sns: FakeSns, new_responder: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable(**_request: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://s3")

    for operation in ("put_object", "get_object", "list_objects_v2"):
        monkeypatch.setattr(s3, operation, unreachable)
    assert outcome(respond(event("alarm_violations"), new_responder())) == ["published"]
    assert "cannot be listed (EndpointConnectionError)" in sns.published[0]["Message"]


def test_a_newer_clean_run_is_mentioned(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    del results.objects[VIOLATIONS]
    respond(event("alarm_violations"), new_responder())
    body = sns.published[0]["Message"]
    assert "Run       2026-11-23 03:00 UTC\n" in body
    assert "Note      a newer run, 2026-11-23 04:00 UTC, left no violations file\n" in body


def test_model_quality(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    folder = "monitoring-results/churn-endpoint/churn-model-quality/2026/11/23/06"
    entry = {
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric f1 with 0.61 was LessThanThreshold 0.81",
        "metric_name": "f1",
    }
    s3.put(f"{folder}/constraint_violations.json", {"violations": [entry]})
    respond(event("alarm_violations_model_quality"), new_responder())
    published = sns.published[0]
    assert published["Subject"] == "[ALARM] churn-endpoint: 1 quality metric crossed the baseline's threshold (f1)"
    assert "0.61, below the threshold 0.81" in published["Message"]
    assert "retrain on recent data" in published["Message"]


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


@pytest.mark.parametrize("name", ["alarm_ok", "alarm_insufficient_data"])
def test_other_transitions_are_recorded_only(s3: FakeS3, sns: FakeSns, new_responder: Any, name: str) -> None:
    assert outcome(respond(event(name), new_responder())) == ["recorded"]
    assert sns.published == []
    (key,) = s3.keys("responder-state/alarms/")
    assert s3.json(key)["facts"]["outcome"] == "recorded"


def test_the_end_of_an_alarm_is_told_if_asked_for(sns: FakeSns, new_responder: Any) -> None:
    assert outcome(respond(event("alarm_ok"), new_responder(NOTIFY_ON_OK="true"))) == ["published"]
    assert outcome(respond(event("alarm_insufficient_data"), new_responder(NOTIFY_ON_OK="true"))) == ["recorded"]
    assert sns.published[0]["Subject"].startswith("[OK] churn-endpoint")


def test_several_records_are_each_answered(results: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    assert outcome(respond(event("alarm_two_records"), new_responder())) == ["published", "published"]
    assert {published["Subject"][:40] for published in sns.published} == {
        "[ALARM] churn-endpoint: 1 feature drifte",
        "[ALARM] churn-endpoint: monitoring job f",
    }


def test_a_bad_record_does_not_keep_a_good_one_from_being_answered(
    results: FakeS3, sns: FakeSns, new_responder: Any
) -> None:
    document = event("sns_plain_text")
    document["Records"] += event("alarm_violations")["Records"]
    with pytest.raises(
        common("event_fields").BadEventError, match="the SNS message is no CloudWatch alarm: it is not JSON"
    ):
        respond(document, new_responder())
    assert len(sns.published) == 1
    document["Records"].reverse()
    with pytest.raises(common("event_fields").BadEventError):  # Lambda's retry of the same event
        respond(document, new_responder())
    assert len(sns.published) == 1


def test_several_bad_records_are_all_named(new_responder: Any) -> None:
    document = event("sns_plain_text")
    document["Records"] *= 2
    with pytest.raises(ExceptionGroup, match="2 of 2 records failed"):
        respond(document, new_responder())


class Context:
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@pytest.fixture
def deployed(s3: FakeS3, sns: FakeSns, responder_environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lambda's entry, with the environment that the deployment gives it."""
    monkeypatch.setattr(functions.handler, "client", {"s3": s3, "sns": sns}.__getitem__)
    for name, value in responder_environment.items():
        monkeypatch.setenv(name, value)
    return functions.handler.handler


@pytest.mark.parametrize("context", [Context(), None])
def test_lambdas_entry(deployed: Any, results: FakeS3, sns: FakeSns, context: Any) -> None:
    assert outcome(deployed(event("alarm_violations"), context)) == ["published"]
    assert outcome(deployed(event("alarm_violations"), context)) == ["duplicate"]
    assert len(sns.published) == 1


def test_lambdas_entry_with_a_bad_event(deployed: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(common("event_fields").BadEventError, match="the event has no Records"):
        deployed({"hello": 1}, Context())
    line = json.loads(capsys.readouterr().out)
    assert (line["level"], line["message"]) == ("ERROR", "unusable event")


def test_the_self_test_publishes_nothing(deployed: Any, s3: FakeS3, sns: FakeSns) -> None:
    answer = deployed({"test": True}, Context())
    assert answer == {
        "ok": True,
        "bucket": "churn-data",
        "results_prefix": "monitoring-results",
        "results_found": False,
        "notification_topic_arn": "arn:aws:sns:eu-central-1:111122223333:churn-notifications",
    }
    s3.put(f"{RUN}/2026/11/23/04/statistics.json", {})
    assert deployed({"test": True}, Context())["results_found"] is True
    assert sns.published == []
    assert s3.keys("responder-state/") == []


def test_the_self_test_finds_a_missing_permission(deployed: Any, s3: FakeS3) -> None:
    s3.denied_prefixes = ("monitoring-results/",)
    with pytest.raises(ClientError, match="AccessDenied"):
        deployed({"test": True}, Context())


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"BUCKET_NAME": ""}, "BUCKET_NAME is not set"),
        ({"NOTIFICATION_TOPIC_ARN": " "}, "NOTIFICATION_TOPIC_ARN is not set"),
        ({"NOTIFY_ON_OK": "perhaps"}, "NOTIFY_ON_OK must be true or false, not 'perhaps'"),
        ({"HOURS_BEHIND": "[72]"}, "HOURS_BEHIND must map schedule names to hours"),
        ({"HOURS_BEHIND": '{"a": "three days"}'}, "HOURS_BEHIND must map schedule names to hours"),
        ({"BASELINE_STATISTICS": "{"}, "BASELINE_STATISTICS is no JSON"),
        ({"BASELINE_STATISTICS": "[]"}, "BASELINE_STATISTICS must map schedule names to s3:// URIs"),
        ({"BASELINE_STATISTICS": '{"a": "/b"}'}, "BASELINE_STATISTICS must map schedule names to s3:// URIs"),
    ],
)
def test_a_wrong_environment_is_named(
    responder_environment: dict[str, str], change: dict[str, str], complaint: str
) -> None:
    with pytest.raises(common("environment").ConfigurationError, match=complaint):
        functions.responder.Settings.read({**responder_environment, **change})


def test_logs_hold_no_payload_data(results: FakeS3, new_responder: Any, capsys: pytest.CaptureFixture[str]) -> None:
    results.put(VIOLATIONS, {"violations": [drift("AGEP", 0.83), "secret-customer-value"]})
    respond(event("alarm_violations"), new_responder(BASELINE_STATISTICS=BASELINES))
    out = capsys.readouterr().out
    assert "secret-customer-value" not in out
    assert all(json.loads(line) for line in out.splitlines())
