"""What the responder is handed: transitions, several records, bad ones, and Lambda's own entry."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lambda_functions.alarm_responder.answers import BASELINES, VIOLATIONS, functions, outcome, respond
from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import common, enter, event


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


def test_the_handler_itself_ends_well(results: FakeS3, sns: FakeSns, responder_environment: dict[str, str]) -> None:
    clients = {"s3": results, "sns": sns}
    answer, log = enter("alarm_responder", event("alarm_violations"), clients, responder_environment)
    assert (outcome(answer), log[-1]["message"], log[-1]["outcome"]) == (["published"], "record handled", "published")


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
