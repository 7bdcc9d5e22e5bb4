"""What may be said about alarms, and what is refused before anything is registered."""

from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components import ArgumentError
from components.args import AlertingSettings
from components.args.quiet_hours import QuietHours
from components.args.severities import Threshold
from components.args.subscriptions import Subscription
from tests.components.mocked_runtime import run_program

QUIET = {"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H"}
HTTPS = {"protocol": "https", "endpoint": "https://events.example.com/key"}


def settings(**args: Any) -> AlertingSettings:
    found: Any = args
    return AlertingSettings.from_args(found)


def test_defaults() -> None:
    found = settings()
    assert found.violations == found.job_failures == (Threshold(severity="warning"),)
    assert (found.emails, found.subscriptions, found.quiet_hours, found.notify_on_ok) == ((), (), (), True)
    assert found.severities == ("warning",)


def test_severities_are_the_mildest_first() -> None:
    found = settings(violations={"critical": {"threshold": 10, "evaluation_periods": 2}, "warning": {"threshold": 3}})
    assert found.violations == (
        Threshold(severity="warning", threshold=3, evaluation_periods=1),
        Threshold(severity="critical", threshold=10, evaluation_periods=2),
    )
    assert found.severities == ("warning", "critical")


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"violations": {"fatal": {}}},
        "alerting.violations.fatal is not an argument: there are warning, critical",
    ),
    (
        {"violations": {}},
        "alerting.violations has no severity: give warning or critical, or leave it out for the default",
    ),
    (
        {"violations": {"warning": {"treshold": 1}}},
        "alerting.violations.warning.treshold is not an argument: did you mean 'threshold'?",
    ),
    (
        {"violations": {"warning": {"threshold": 0}}},
        "alerting.violations.warning.threshold is 0: must be from 1 to 1000000",
    ),
    (
        {"violations": {"warning": {"threshold": 5}, "critical": {"threshold": 3}}},
        "alerting.violations.critical.threshold is 3: must be at least 5, the warning's, which has to ring first",
    ),
    (
        {"violations": {"critical": {"effect": 3, "threshold": 5}}},
        "alerting.violations.critical.effect is given with alerting.violations.critical.threshold: remove one",
    ),
    (
        {"violations": {"critical": {"effect": 0.5}}},
        "alerting.violations.critical.effect is 0.5: must be a number from 1.0 to 100.0",
    ),
    (
        {"violations": {"warning": {"effect": 3}, "critical": {"effect": 2}}},
        "alerting.violations.critical.effect is 2: must be at least 3, the warning's, which has to ring first",
    ),
    (
        {"violations": {"warning": {"effect": 2}, "critical": {"threshold": 5}}},
        "alerting.violations.warning.effect is given and alerting.violations.critical counts violations",
    ),
    (
        {"violations": {"warning": {"threshold": 2}, "critical": {"effect": 3}}},
        "alerting.violations.warning.threshold is 2 and alerting.violations.critical asks for an effect",
    ),
    (
        {"job_failures": {"critical": {"effect": 3}}},
        "alerting.job_failures.critical.effect is given: a job that failed has none",
    ),
    (
        {"job_failures": {"warning": {"evaluation_periods": 2}, "critical": {"threshold": 2}}},
        "alerting.job_failures.critical.evaluation_periods is 1: must be at least 2, "
        "the warning's, which has to ring first",
    ),
    (
        {"violations": {"warning": {}, "critical": {}}},
        "alerting.violations.critical is the same as alerting.violations.warning: "
        "raise its threshold or evaluation_periods, or remove one of the two",
    ),
    (
        {"violations": {"warning": {}}, "violations_threshold": 2},
        "alerting.violations_threshold is given with alerting.violations: remove one of the two",
    ),
    ({"violations": 3}, "alerting.violations is 3: give a dictionary with warning, critical"),
    ({"subscriptions": HTTPS}, "alerting.subscriptions must be a list of subscriptions with protocol and endpoint"),
    (
        {"subscriptions": [{**HTTPS, "protocol": "http"}]},
        "alerting.subscriptions[0].protocol is 'http': must be one of email, email-json, https, lambda, sms, sqs",
    ),
    (
        {"subscriptions": [{"protocol": "sqs", "endpoint": "https://sqs/queue"}]},
        "alerting.subscriptions[0].endpoint is 'https://sqs/queue': sqs needs the ARN of a queue that the topic may "
        "send to",
    ),
    (
        {"subscriptions": [{"protocol": "https"}]},
        "alerting.subscriptions[0].endpoint is None: https needs a URL that begins with https://",
    ),
    (
        {"subscriptions": [{**HTTPS, "filter_policy": {"severty": ["critical"]}}]},
        "alerting.subscriptions[0].filter_policy.severty is no attribute of a notification, and would let none "
        "through: did you mean 'severity'?",
    ),
    (
        {"subscriptions": [{**HTTPS, "filter_policy": {"severity": ["fatal"]}}]},
        "alerting.subscriptions[0].filter_policy.severity has 'fatal': there are warning, critical",
    ),
    (
        {"subscriptions": [{**HTTPS, "filter_policy": {"severity": "critical"}}]},
        "alerting.subscriptions[0].filter_policy.severity is 'critical': must be a list of the values that are let "
        "through",
    ),
    (
        {"subscriptions": [{**HTTPS, "filter_policy": {}}]},
        'alerting.subscriptions[0].filter_policy is {}: must be a dictionary such as {"severity": ["critical"]}',
    ),
    (
        {"subscriptions": [{"protocol": "email", "endpoint": "a@b.com", "raw_message_delivery": True}]},
        "alerting.subscriptions[0].raw_message_delivery is True: email knows nothing of it; "
        "remove it, or use https or sqs",
    ),
    (
        {"subscriptions": [{**HTTPS, "name": "x"}, {**HTTPS, "name": "x"}]},
        "alerting.subscriptions has the name 'x' twice: rename one",
    ),
    ({"quiet_hours": [{**QUIET, "duration": "9h"}]}, "alerting.quiet_hours[0].duration is '9h': must be a duration"),
    ({"quiet_hours": [{**QUIET, "duration": "P16D"}]}, "alerting.quiet_hours[0].duration is 'P16D': must be from PT1M"),
    ({"quiet_hours": [{**QUIET, "duration": "PT0M"}]}, "alerting.quiet_hours[0].duration is 'PT0M': must be from PT1M"),
    (
        {"quiet_hours": [{**QUIET, "schedule_expression": "cron(0 22 ? * * *)"}]},
        "alerting.quiet_hours[0].schedule_expression is 'cron(0 22 ? * * *)': write cron(MINUTE HOUR DAY-OF-MONTH",
    ),
    (
        {"quiet_hours": [{**QUIET, "schedule_expression": "cron(0 24 * * *)"}]},
        "alerting.quiet_hours[0].schedule_expression is 'cron(0 24 * * *)': its hour is '24', give * or numbers from 0 "
        "to 23",
    ),
    (
        {"quiet_hours": [{**QUIET, "schedule_expression": "cron(0 22 * * WED-)"}]},
        "its day of the week is 'WED-', give * or numbers from 0 to 6 or SUN to SAT",
    ),
    (
        {"quiet_hours": [{**QUIET, "timezone": "Europe/Berln"}]},
        "alerting.quiet_hours[0].timezone is 'Europe/Berln': did you mean 'Europe/Berlin'?",
    ),
    (
        {"quiet_hours": [{**QUIET, "severities": ["loud"]}]},
        "alerting.quiet_hours[0].severities is ['loud']: must be a list of warning, critical",
    ),
    (
        {"quiet_hours": [{**QUIET, "severities": ["critical"]}]},
        "alerting.quiet_hours[0].severities has 'critical': there is no such alarm; "
        "give it a threshold in violations or job_failures, or leave it out here",
    ),
    ({"quiet_hours": QUIET}, "must be a list with schedule_expression and duration in each"),
    ({"emails": ["nobody"]}, "alerting.emails has 'nobody': write an address such as team@example.com"),
]


@pytest.mark.parametrize(("args", "message"), REFUSED)
def test_refused(args: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        settings(**args)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_error_does_not_tell_a_secret() -> None:
    with pytest.raises(ArgumentError) as caught:
        settings(subscriptions=[{"protocol": "https", "endpoint": "http://events.example.com/the-key"}])
    assert str(caught.value) == (
        "alerting.subscriptions[0].endpoint is not usable: https needs a URL that begins with https://"
    )


def test_subscriptions() -> None:
    def program() -> tuple[Subscription, ...]:
        return settings(
            subscriptions=[
                {"protocol": "sqs", "endpoint": "arn:aws:sqs:eu-west-1:123456789012:q", "raw_message_delivery": True},
                {
                    "protocol": "https",
                    "endpoint": pulumi.Output.secret("https://x"),
                    "name": "pagerduty",
                    "filter_policy": {"severity": ["critical"], "state": ["ALARM", "OK"]},
                    "endpoint_auto_confirms": True,
                },
            ],
            violations={"critical": {"threshold": 5}},
        ).subscriptions

    [plain, late] = run_program(program).result
    assert (plain.name, plain.secret, plain.raw_message_delivery, plain.filter_policy) == ("0", False, True, {})
    assert (late.name, late.secret, late.endpoint_auto_confirms) == ("pagerduty", True, True)
    assert late.filter_policy == {"severity": ("critical",), "state": ("ALARM", "OK")}


@pytest.mark.parametrize(
    "expression",
    [
        "cron(0 22 * * *)",
        "cron(30 18 * * FRI)",
        "cron(0,30 0-6 1,15 JAN-MAR MON-FRI)",
        "cron(0 2 * * SUN)",
        "at(2026-12-24T12:00)",
    ],
)
def test_expressions_of_quiet_hours(expression: str) -> None:
    [quiet] = settings(quiet_hours=[{**QUIET, "schedule_expression": expression}]).quiet_hours
    assert quiet == QuietHours(schedule_expression=expression, duration="PT9H", timezone="UTC", severities=("warning",))


@given(days=st.integers(0, 20), hours=st.integers(0, 400), minutes=st.integers(0, 30_000))
def test_durations_are_from_a_minute_to_fifteen_days(days: int, hours: int, minutes: int) -> None:
    text = f"P{days}DT{hours}H{minutes}M"
    total = (days * 24 + hours) * 60 + minutes
    weekly = {**QUIET, "schedule_expression": "cron(0 22 * * FRI)"}  # each day's must end before the next one's begin
    args = {"quiet_hours": [{**weekly, "duration": text}]}
    if 1 <= total <= 15 * 24 * 60:
        assert settings(**args).quiet_hours[0].duration == text
    else:
        with pytest.raises(ArgumentError):
            settings(**args)


@given(
    warning=st.tuples(st.integers(1, 5), st.integers(1, 5)), critical=st.tuples(st.integers(1, 5), st.integers(1, 5))
)
def test_a_critical_alarm_never_rings_without_the_warning(warning: tuple[int, int], critical: tuple[int, int]) -> None:
    def asks(found: tuple[int, int]) -> dict[str, int]:
        return {"threshold": found[0], "evaluation_periods": found[1]}

    args = {"violations": {"warning": asks(warning), "critical": asks(critical)}}
    if warning != critical and critical[0] >= warning[0] and critical[1] >= warning[1]:
        assert len(settings(**args).violations) == 2
    else:
        with pytest.raises(ArgumentError):
            settings(**args)
