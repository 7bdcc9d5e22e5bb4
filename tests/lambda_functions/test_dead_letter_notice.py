"""Dead letters are told past the responder."""

import json
from typing import Any

import pytest

from functions.common.event_fields import BadEventError
from functions.dead_letter_notice import handler as module
from tests.lambda_functions.functions import enter

ALARM = {
    "AlarmName": "churn-alarm-responder-dead-letters-2b7d137",
    "Trigger": {"MetricName": "ApproximateNumberOfMessagesVisible"},
    "AlarmDescription": "Events lie in its queue. Severity: critical",
    "NewStateValue": "ALARM",
    "StateChangeTime": "2026-11-29T12:00:00.000+0000",
}


class Sns:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> None:
        self.published.append(message)


@pytest.fixture
def sns(monkeypatch: pytest.MonkeyPatch) -> Sns:
    found = Sns()
    monkeypatch.setattr(module, "client", lambda _name: found)
    monkeypatch.setenv("NOTIFICATION_TOPIC_ARN", "arn:topic")
    return found


def event(*alarms: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"Sns": {"Message": json.dumps(alarm)}} for alarm in alarms]}


def test_people_are_told_which_function_and_what_to_do(sns: Sns) -> None:
    assert module.handler(event(ALARM), None) == {"published": 1}
    (message,) = sns.published
    assert message["TopicArn"] == "arn:topic"
    assert message["Subject"] == "Dead letter: churn-alarm-responder"
    assert "churn-alarm-responder could not handle an event" in message["Message"]
    assert "Since: 2026-11-29T12:00:00" in message["Message"]
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert attributes == {
        "state": "ALARM",
        "kind": "dead-letter",
        "severity": "critical",
        "chat": "Dead letter: churn-alarm-responder. Look into its log, fix the reason, send the letter again: "
        "docs/operations.md, Dead letters",
    }


def test_the_link_to_the_runbook(sns: Sns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_URL", "https://wiki/runbook")
    module.handler(event(ALARM), None)
    assert sns.published[0]["Message"].endswith("send the letter again (https://wiki/runbook#dead-letters).")


@pytest.mark.parametrize("change", [{"NewStateValue": "OK"}, {"Trigger": {"MetricName": "ConstraintViolations"}}])
def test_ends_and_other_alarms_are_passed_over(sns: Sns, change: dict[str, Any]) -> None:
    assert module.handler(event(ALARM | change), None) == {"published": 0}
    assert sns.published == []


def test_a_long_name_is_cut_to_snss_limit(sns: Sns) -> None:
    module.handler(event(ALARM | {"AlarmName": "x" * 200 + "-dead-letters-2b7d137"}), None)
    assert len(sns.published[0]["Subject"]) == 100


@pytest.mark.parametrize("records", [[], [{"Sns": {"Message": "{"}}], [{"Sns": {"Message": "[]"}}], [{}]])
def test_unusable_events_are_errors(sns: Sns, records: list[Any]) -> None:
    with pytest.raises(BadEventError):
        module.handler({"Records": records}, None)


def test_the_handler_itself_ends_well(sns: Sns) -> None:
    answer, log = enter(
        "dead_letter_notice", event(ALARM, ALARM), {"sns": sns}, {"NOTIFICATION_TOPIC_ARN": "arn:topic"}
    )
    assert answer == {"published": len(sns.published)} == {"published": len(log)} == {"published": 2}
    assert log[-1]["alarm"] == ALARM["AlarmName"]
