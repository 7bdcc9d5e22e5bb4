"""How bad it is, in the message; and that two alarms on one metric read as one matter."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from components.args.subscriptions import FILTERS
from functions.alarm_responder.findings import Findings
from functions.alarm_responder.kinds import job_failure, kind_of
from functions.alarm_responder.kinds import violations as violations_kind
from functions.alarm_responder.notification import MessageContext, plain_notification
from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.fakes import FakeS3, FakeSns
from tests.lambda_functions.functions import common, event, load

functions = load("alarm_responder")
severity = functions.severity
BOTH = json.dumps(
    {
        "ConstraintViolations": [
            {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
            {"severity": "critical", "threshold": 3, "evaluation_periods": 1},
        ],
        "JobFailures": [
            {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
            {"severity": "critical", "threshold": 1, "evaluation_periods": 2},
        ],
    }
)


def place(severities: str = BOTH) -> Any:
    known = severity.read_severities(severities)
    return MessageContext("churn-data", "monitoring-results", "eu-central-1", severities=known)


def alarm(level: str | None, name: str = "alarm_violations") -> Any:
    (record,) = functions.alarm_event.records(event(name))
    parsed = functions.alarm_event.parse_alarm(record)
    description = "The data-quality monitor of churn has constraint violations"
    return replace(parsed, description=description if level is None else f"{description}. Severity: {level}")


def violations(level: str | None, count: int, severities: str = BOTH) -> Any:
    entries = {"violations": [drift(f"F{number}", 0.9) for number in range(count)]}
    found = Findings(violations=common("violations").parse_violations(entries))
    return violations_kind.notification(alarm(level), found, place(severities))


def failure(level: str) -> Any:
    job = job_failure.FailedJob("dq-1", "monitoring", "Failed", "x", datetime(2026, 11, 23, 4, tzinfo=UTC))
    return job_failure.notification(alarm(level, "alarm_job_failures"), job_failure.NotedFailure(job), place())


def facts(notification: Any) -> list[str]:
    lines: list[str] = notification.body.splitlines()
    return [line for line in lines if line.startswith(("Severity", "Note"))]


def test_the_subject_begins_with_it() -> None:
    assert violations("critical", 3).subject == "[CRITICAL] churn-endpoint: 3 features drifted (F0, F1, F2)"
    assert violations("warning", 1).subject == "[WARNING] churn-endpoint: 1 feature drifted (F0)"
    assert violations(None, 1).subject == "[ALARM] churn-endpoint: 1 feature drifted (F0)"
    assert failure("critical").subject == "[CRITICAL] churn-endpoint: monitoring job failed (churn-data-quality)"


def test_it_is_an_attribute_to_filter_by() -> None:
    assert violations("critical", 3).attributes["severity"] == "critical"
    assert "severity" not in violations(None, 1).attributes


def test_what_people_may_filter_by_is_what_a_message_has() -> None:
    assert set(violations("critical", 3).attributes) == {*FILTERS, "violations"}


def test_a_critical_alarm_is_no_second_finding() -> None:
    assert facts(violations("critical", 3)) == [
        "Severity  critical: from 3 violations on",
        "Note      the same finding as the warning's (from 1 violation on), grown worse: not a second one",
    ]


def test_a_warning_says_that_the_critical_alarm_rings_too() -> None:
    assert facts(violations("warning", 3)) == [
        "Severity  warning: from 1 violation on",
        "Note      the critical alarm (from 3 violations on) rings for this run as well: "
        "the same finding, not a second one",
    ]


def test_a_warning_says_when_it_becomes_critical() -> None:
    assert facts(violations("warning", 2)) == [
        "Severity  warning: from 1 violation on",
        "Note      from 3 violations on it becomes critical, and you are told again",
    ]


def test_failed_jobs() -> None:
    assert facts(failure("warning")) == [
        "Severity  warning: from 1 failed job on",
        "Note      from 1 failed job on in 2 runs in a row it becomes critical, and you are told again",
    ]
    assert facts(failure("critical")) == [
        "Severity  critical: from 1 failed job on in 2 runs in a row",
        "Note      the same finding as the warning's (from 1 failed job on), grown worse: not a second one",
    ]


def test_with_one_severity_there_is_nothing_to_explain() -> None:
    assert facts(violations("warning", 3, "{}")) == ["Severity  warning"]
    assert facts(violations(None, 3)) == []


def test_an_alarm_whose_details_are_unknown_still_says_it() -> None:
    notification = plain_notification(alarm("critical"), place(), note="no details")
    assert notification.subject.startswith("[CRITICAL] ")
    assert facts(notification)[0] == "Severity  critical: from 3 violations on"


def test_an_alarm_without_details_says_what_it_is_for() -> None:
    """As the alarm on a function that lost an event: its description is all that is known."""
    lost = replace(alarm("warning"), dimensions={}, description="It failed at every attempt. Severity: warning")
    body = plain_notification(lost, place()).body
    assert "\n\nIt failed at every attempt.\n\n" in body
    assert "Severity: warning" not in body
    over = replace(lost, state="OK", previous_state="ALARM")
    assert "every attempt" not in plain_notification(over, place()).body


def test_the_end_of_an_alarm_is_no_emergency() -> None:
    over = replace(alarm("critical"), state="OK", previous_state="ALARM")
    notification = plain_notification(over, place())
    assert notification.subject.startswith("[OK] ")
    assert facts(notification) == []
    assert notification.attributes["severity"] == "critical"


def test_two_alarms_two_messages_once_each(s3: FakeS3, sns: FakeSns, new_responder: Any) -> None:
    entries = [drift(f"F{number}", 0.9) for number in range(3)]
    s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", {"violations": entries})
    for level in ("warning", "critical", "critical"):
        found = event("alarm_violations")
        body = json.loads(found["Records"][0]["Sns"]["Message"])
        body["AlarmDescription"] += f". Severity: {level}"
        body["AlarmName"] += f"-{level}"
        body["AlarmArn"] += f"-{level}"
        found["Records"][0]["Sns"]["Message"] = json.dumps(body)
        functions.handler.respond_to_all(found, new_responder(SEVERITIES=BOTH))
    subjects = [published["Subject"] for published in sns.published]
    assert [subject.split("]")[0] for subject in subjects] == ["[WARNING", "[CRITICAL"]
    assert all("not a second one" in published["Message"] for published in sns.published)


@pytest.mark.parametrize(
    "value", ["no JSON", "[]", '{"JobFailures": [{}]}', '{"JobFailures": [{"severity": "warning"}]}', '{"x": 1}']
)
def test_unusable_settings_are_named(value: str) -> None:
    with pytest.raises(
        common("environment").ConfigurationError, match="environment variable SEVERITIES must map metrics"
    ):
        severity.read_severities(value)


@pytest.mark.parametrize("description", ["", "Severity: loud", "Severity: critical, they say", "severity critical"])
def test_other_peoples_alarms_have_none(description: str) -> None:
    assert severity.severity_of(replace(alarm(None), description=description)) is None


BY_EFFECT = json.dumps(
    {
        "ConstraintViolations": [
            {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
            {"severity": "critical", "threshold": 1, "evaluation_periods": 1, "effect": 3.0},
        ]
    }
)


def sized(level: str, *distances: float) -> Any:
    """A message of features that drifted by so much, of a threshold of 0.1."""
    entries = {"violations": [drift(f"F{number}", distance) for number, distance in enumerate(distances)]}
    found = Findings(violations=common("violations").parse_violations(entries))
    told = replace(alarm(level), metric="LargestEffect" if level == "critical" else "ConstraintViolations")
    return violations_kind.notification(told, found, place(BY_EFFECT))


def test_it_is_the_size_of_the_change_and_not_the_number_of_entries() -> None:
    many, large = sized("warning", *[0.12] * 20), sized("warning", 0.12, 0.62)
    assert facts(many) == [
        "Severity  warning: from 1 violation on",
        "Note      from 3 times what is material on it becomes critical, and you are told again",
    ]
    assert facts(large) == [
        "Severity  warning: from 1 violation on",
        "Note      the critical alarm (from 3 times what is material on) rings for this run as well: "
        "the same finding, not a second one",
    ]
    assert "Effect    1.2 times what is material (F0)" in many.body
    assert "Effect    6.2 times what is material (F1)" in large.body


def test_an_alarm_on_the_effect_is_one_of_violations() -> None:
    told = sized("critical", 0.62)
    assert told.subject == "[CRITICAL] churn-endpoint: 1 feature drifted (F0)"
    assert facts(told)[0] == "Severity  critical: from 3 times what is material on"
    assert told.attributes["kind"] == "violations"
    assert kind_of("LargestEffect") is kind_of("ConstraintViolations")


def test_the_effect_is_told_with_one_severity_too() -> None:
    assert "Effect    9 times what is material (F0)" in violations("warning", 2, "{}").body


def test_a_column_that_is_gone_is_certain() -> None:
    gone = {
        "violations": [
            {
                "feature_name": "Missing columns",
                "constraint_check_type": "missing_column_check",
                "description": "There are missing columns in current dataset. Number of columns in current dataset: 3, "
                "Number of columns in baseline constraints: 4",
            }
        ]
    }
    found = Findings(violations=common("violations").parse_violations(gone))
    body = violations_kind.notification(alarm("warning"), found, place("{}")).body
    assert "Effect    certain: the columns are not those of the baseline" in body
    assert common("violations").largest_effect(gone) == 100.0
