"""Alarms by severity, who is told, and quiet hours: what DriftAlerting registers."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components import ArgumentError, DriftAlerting
from components.alerting.alarm_rules import alarm_rules
from components.args import AlertingSettings
from components.args.schedules import hours_back
from tests.components.mocked_runtime import Registration, Run, run_program
from tests.components.resource_types import ALARM, TOPIC

MUTE = "aws:cloudwatch/alarmMuteRule:AlarmMuteRule"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
KEY = "arn:aws:kms:us-east-1:123456789012:key/1234abcd"
# Pulumi's wire format marks a secret with this key.
SECRET = "4dabf18193072939515e22adb298388d"
URL = "https://events.example.com/integration/the-key/enqueue"
BOTH = {
    "violations": {"warning": {}, "critical": {"threshold": 10, "evaluation_periods": 3}},
    "job_failures": {"warning": {}, "critical": {"evaluation_periods": 2}},
}


def alerting(
    alerting: dict[str, Any] | Callable[[], dict[str, Any]] | None = None, *, preview: bool = False, **changes: Any
) -> Run:
    """The component alone, on an hourly and a daily schedule; arguments with outputs are made in the program."""
    args: Any = {
        "schedules": {"data-quality": "dq", "model-quality": "mq"},
        "hours_between_runs": {"data-quality": 1, "model-quality": 24},
        "endpoint_name": "endpoint",
        "bucket_name": "bucket",
        "metric_namespace": "Own",
        "tags": {"team": "risk"},
        **changes,
    }

    def program() -> None:
        args["alerting"] = alerting() if callable(alerting) else alerting or {}
        DriftAlerting("own", args)

    return run_program(program, preview=preview)


def evaluation(item: Registration) -> tuple[int, int, int | None]:
    return item.inputs["threshold"], item.inputs["evaluationPeriods"], item.inputs.get("datapointsToAlarm")


def test_both_severities_side_by_side() -> None:
    found = {item.name.removeprefix("own-"): evaluation(item) for item in alerting(BOTH).of_type(ALARM)}
    assert found == {
        "data-quality-violations": (1, 1, None),
        "data-quality-violations-critical": (10, 3, 3),
        "data-quality-job-failures": (1, 1, None),
        "data-quality-job-failures-critical": (1, 2, 2),
        # Three daily runs in a row: three bad hours among the 72 in which three runs are due.
        "model-quality-violations": (1, 1, None),
        "model-quality-violations-critical": (10, 72, 3),
        "model-quality-job-failures": (1, 1, None),
        "model-quality-job-failures-critical": (1, 48, 2),
    }


def test_an_alarm_that_is_added_leaves_the_others_alone() -> None:
    assert alerting().changed_by(alerting(BOTH)) == {
        *(
            f"own-{kind}-{metric}-critical"
            for kind in ("data-quality", "model-quality")
            for metric in ("violations", "job-failures")
        ),
        "own-alarm-responder",  # is told how the two are related
    }


def test_alarms_say_how_bad_it_is() -> None:
    descriptions = {item.name: item.inputs["alarmDescription"] for item in alerting(BOTH).of_type(ALARM)}
    assert descriptions["own-data-quality-violations"] == (
        "The data-quality monitor of own has constraint violations. Severity: warning"
    )
    assert descriptions["own-model-quality-job-failures-critical"] == (
        "The model-quality monitor of own has failed jobs. Severity: critical"
    )


def test_the_alarm_of_a_metric_is_the_one_that_rings_first() -> None:
    def program() -> None:
        args: Any = {
            "alerting": BOTH,
            "schedules": {"data-quality": "dq"},
            "endpoint_name": "endpoint",
            "bucket_name": "bucket",
            "metric_namespace": "Own",
        }
        made = DriftAlerting("own", args)
        pulumi.export("name", made.alarm_name("data-quality", "ConstraintViolations"))
        pulumi.export("critical", made.alarm_arns("critical"))

    run = run_program(program)
    assert run.exports["name"] == run.one(ALARM, "own-data-quality-violations").outputs["name"]
    critical = [item.outputs["arn"] for item in run.of_type(ALARM) if item.name.endswith("-critical")]
    assert len(critical) == 2
    assert sorted(run.exports["critical"]) == sorted(critical)


def test_severity_by_effect() -> None:
    """How bad it is, and not how many entries say so: the critical alarm listens to the largest effect."""
    by_effect = {"violations": {"warning": {}, "critical": {"effect": 2.5, "evaluation_periods": 3}}}
    run = alerting(by_effect, schedules={"data-quality": "dq"})
    warning = run.one(ALARM, "-violations").inputs
    critical = run.one(ALARM, "-violations-critical").inputs
    assert (warning["metricName"], warning["threshold"]) == ("ConstraintViolations", 1)
    assert (critical["metricName"], critical["threshold"], critical["datapointsToAlarm"]) == ("LargestEffect", 2.5, 3)
    assert critical["dimensions"] == warning["dimensions"]
    assert critical["alarmDescription"] == (
        "The data-quality monitor of own has constraint violations of at least 2.5 times what is material. "
        "Severity: critical"
    )
    told = json.loads(run.one("aws:lambda/function:Function").inputs["environment"]["variables"]["SEVERITIES"])
    assert told["ConstraintViolations"][1] == {
        "severity": "critical",
        "threshold": 1,
        "evaluation_periods": 3,
        "effect": 2.5,
    }


def test_only_critical() -> None:
    run = alerting({"violations": {"critical": {"threshold": 5}}}, schedules={"data-quality": "dq"})
    assert {item.name for item in run.of_type(ALARM)} == {
        "own-data-quality-violations-critical",
        "own-data-quality-job-failures",
    }


def test_the_responder_knows_how_severities_are_related() -> None:
    function = "aws:lambda/function:Function"
    assert "SEVERITIES" not in alerting().one(function).inputs["environment"]["variables"]
    told = json.loads(alerting(BOTH).one(function).inputs["environment"]["variables"]["SEVERITIES"])
    assert told == {
        "ConstraintViolations": [
            {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
            {"severity": "critical", "threshold": 10, "evaluation_periods": 3},
        ],
        "JobFailures": [
            {"severity": "warning", "threshold": 1, "evaluation_periods": 1},
            {"severity": "critical", "threshold": 1, "evaluation_periods": 2},
        ],
    }


def test_more_runs_than_cloudwatch_remembers() -> None:
    with pytest.raises(ArgumentError) as caught:
        alerting({"violations": {"critical": {"evaluation_periods": 8}}})
    assert str(caught.value) == (
        "alerting.violations.critical.evaluation_periods is 8: CloudWatch looks back seven days, in which the "
        "model-quality monitor runs 7 times; give at most that"
    )
    assert alerting({"violations": {"critical": {"evaluation_periods": 7}}}).of_type(ALARM)


def test_alarms_and_lines_are_made_from_the_same_rules() -> None:
    args: Any = BOTH
    rules = {rule.suffix: (rule.metric_name, rule.threshold) for rule in alarm_rules(AlertingSettings.from_args(args))}
    alarms = alerting(BOTH, schedules={"data-quality": "dq"}).of_type(ALARM)
    assert rules == {
        item.name.removeprefix("own-data-quality-"): (item.inputs["metricName"], item.inputs["threshold"])
        for item in alarms
    }


class TestSubscriptions:
    def test_an_https_endpoint_is_a_secret_though_it_was_given_plain(self) -> None:
        run = alerting({"subscriptions": [{"protocol": "https", "endpoint": URL, "name": "pagerduty"}]})
        item = run.one(SUBSCRIPTION, "own-https-pagerduty")
        assert item.inputs == {
            "topic": run.one(TOPIC, "own-notifications").outputs["arn"],
            "protocol": "https",
            "endpoint": URL,
        }
        sent = dict(item.request.object.fields)["endpoint"]
        assert SECRET in sent.struct_value.fields
        assert list(item.request.additionalSecretOutputs) == ["endpoint"]

    def test_nothing_else_says_it(self) -> None:
        run = alerting({"subscriptions": [{"protocol": "https", "endpoint": URL}]})
        for item in run.resources:
            if item.type != SUBSCRIPTION:
                assert "the-key" not in str(item.request.object), item.name
            assert "the-key" not in item.name
        assert "the-key" not in str(run.component_outputs)

    def test_a_url_that_is_known_later_stays_a_secret(self) -> None:
        def late() -> dict[str, Any]:
            return {"subscriptions": [{"protocol": "https", "endpoint": pulumi.Output.from_input(URL)}]}

        run = alerting(late, preview=True)
        sent = dict(run.one(SUBSCRIPTION, "own-https-0").request.object.fields)["endpoint"]
        assert SECRET in sent.struct_value.fields

    def test_an_address_that_is_known_later_takes_no_subscriptions_name(self) -> None:
        def both() -> dict[str, Any]:
            late = pulumi.Output.secret("a@example.com")
            return {"emails": [late], "subscriptions": [{"protocol": "email", "endpoint": "b@example.com"}]}

        names = [item.name for item in alerting(both).of_type(SUBSCRIPTION) if item.inputs["protocol"] == "email"]
        assert sorted(names) == ["own-email-0", "own-email-address-0"]

    def test_a_secret_of_another_protocol_stays_one(self) -> None:
        def secret() -> dict[str, Any]:
            return {"subscriptions": [{"protocol": "sms", "endpoint": pulumi.Output.secret("+14155550100")}]}

        run = alerting(secret)
        sent = dict(run.one(SUBSCRIPTION, "own-sms-0").request.object.fields)["endpoint"]
        assert SECRET in sent.struct_value.fields

    def test_filters_and_delivery(self) -> None:
        queue = "arn:aws:sqs:us-east-1:123456789012:q"
        run = alerting(
            {
                "violations": {"critical": {}},
                "subscriptions": [
                    {
                        "protocol": "sqs",
                        "endpoint": queue,
                        "filter_policy": {"severity": ["critical"]},
                        "raw_message_delivery": True,
                    },
                    {"protocol": "https", "endpoint": URL, "endpoint_auto_confirms": True},
                ],
            }
        )
        first, second = run.one(SUBSCRIPTION, "-sqs-0").inputs, run.one(SUBSCRIPTION, "-https-1").inputs
        assert (first["endpoint"], first["rawMessageDelivery"]) == (queue, True)
        assert json.loads(first["filterPolicy"]) == {"severity": ["critical"]}
        assert second["endpointAutoConfirms"] is True
        assert not {"filterPolicy", "rawMessageDelivery"} & set(second)

    def test_one_that_has_a_name_stays_when_another_comes_before_it(self) -> None:
        own = {"protocol": "https", "endpoint": URL, "name": "pagerduty"}
        other = {"protocol": "sms", "endpoint": "+14155550100", "name": "night"}
        before, after = alerting({"subscriptions": [own]}), alerting({"subscriptions": [other, own]})
        assert before.changed_by(after) == {"own-sms-night"}


class TestWindowsThatAreMovedBack:
    """Their results lie at the hour in which the window ends, which may be days before the run and its alarm."""

    @staticmethod
    def variables(run: Run) -> dict[str, str]:
        found: dict[str, str] = run.one("aws:lambda/function:Function", "-alarm-responder").inputs["environment"][
            "variables"
        ]
        return found

    @pytest.mark.parametrize(
        ("offset", "hours"),
        [("-PT0H", 0), ("-P3D", 72), ("-PT6H", 6), ("-P1DT2H30M", 27), ("-PT30M", 1), ("-P8D", 192)],
    )
    def test_hours_of_an_offset(self, offset: str, hours: int) -> None:
        assert hours_back(offset) == hours

    def test_the_responder_knows_how_far(self) -> None:
        run = alerting(
            hours_behind={"data-quality": 0, "model-quality": 72}, open_schedules={"model-quality": "mq-open"}
        )
        assert json.loads(self.variables(run)["HOURS_BEHIND"]) == {"mq": 72, "mq-open": 72}

    def test_it_is_not_told_of_what_is_not(self) -> None:
        assert "HOURS_BEHIND" not in self.variables(alerting(hours_behind={"data-quality": 0, "model-quality": 0}))
        assert "HOURS_BEHIND" not in self.variables(alerting(schedules={"data-quality": "dq"}))

    @pytest.mark.parametrize("engine", ["model-monitor", "open", "both"])
    def test_the_stack_tells_it_of_every_engines_schedule(self, run_stack: Callable[..., Run], engine: str) -> None:
        quality = {
            "problem_type": "Regression",
            "thresholds": {"rmse": 2},
            "start_time_offset": "-P4D",
            "end_time_offset": "-P3D",
        }
        run = run_stack(engine=engine, model_quality=quality)
        watched = {
            item.inputs["dimensions"]["MonitoringSchedule"]
            for item in run.of_type(ALARM)
            if "model-quality" in item.name
        }
        assert len(watched) == (2 if engine == "both" else 1)
        assert json.loads(self.variables(run)["HOURS_BEHIND"]) == dict.fromkeys(watched, 72)
        long = json.loads(self.variables(run)["WINDOW_HOURS"])
        assert {name: hours for name, hours in long.items() if name in watched} == dict.fromkeys(watched, 24)
        assert set(long.values()) == {1, 24}


class TestQuietHours:
    def test_warnings_are_muted(self) -> None:
        quiet = {"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H", "timezone": "Europe/Berlin"}
        run = alerting({**BOTH, "quiet_hours": [quiet]})
        item = run.one(MUTE)
        assert item.name == "own-quiet-hours-0"
        assert item.inputs["rule"] == {
            "schedule": {"expression": "cron(0 22 * * *)", "duration": "PT9H", "timezone": "Europe/Berlin"}
        }
        warnings = [found for found in run.of_type(ALARM) if not found.name.endswith("-critical")]
        assert len(warnings) == 4
        assert sorted(item.inputs["muteTargets"]["alarmNames"]) == sorted(found.outputs["name"] for found in warnings)
        assert item.inputs["tags"] == {"team": "risk"}
        assert "alarmActions" in warnings[0].inputs  # muted, not switched off

    def test_all_are_muted_if_somebody_says_so(self) -> None:
        holidays = {
            "schedule_expression": "at(2026-12-24T12:00)",
            "duration": "P3D",
            "severities": ["critical", "warning"],
        }
        run = alerting({**BOTH, "quiet_hours": [holidays]})
        assert len(run.one(MUTE).inputs["muteTargets"]["alarmNames"]) == 8

    def test_without_schedules_there_is_nothing_to_mute(self) -> None:
        quiet = {"schedule_expression": "cron(0 22 * * *)", "duration": "PT9H"}
        assert alerting({"quiet_hours": [quiet]}, schedules={}).of_type(MUTE) == []


class TestKeys:
    def test_without_a_key(self) -> None:
        run = alerting()
        assert run.one(TOPIC, "own-notifications").inputs["kmsMasterKeyId"] == "alias/aws/sns"
        assert "kmsMasterKeyId" not in run.one(TOPIC, "own-alarms").inputs

    def test_with_a_key_everything_has_it(self) -> None:
        run = alerting(kms_key_arn=KEY)
        assert {item.inputs["kmsMasterKeyId"] for item in run.of_type(TOPIC)} == {KEY}
        queue = run.one("aws:sqs/queue:Queue").inputs
        assert (queue["kmsMasterKeyId"], "sqsManagedSseEnabled" in queue) == (KEY, False)
        policy = run.document("aws:iam/rolePolicy:RolePolicy", "-role-policy", "policy")
        [statement] = [item for item in policy["Statement"] if item["Resource"] == [KEY]]
        # To publish to a topic with a key takes the key.
        assert {"kms:Decrypt", "kms:GenerateDataKey"} <= set(statement["Action"])


def test_a_baseline_in_another_bucket_may_be_quoted() -> None:
    uri = "s3://elsewhere/baseline/statistics.json"
    run = alerting(baseline_statistics={"data-quality": uri})
    policy = run.document("aws:iam/rolePolicy:RolePolicy", "-role-policy", "policy")
    [statement] = [item for item in policy["Statement"] if item["Sid"] == "ReadFiles"]
    assert statement["Resource"] == ["arn:aws:s3:::elsewhere/baseline/statistics.json"]


def test_the_stack_checks_runs_before_it_registers_anything(run_stack: Callable[..., Run]) -> None:
    with pytest.raises(ArgumentError, match=r"the model-quality monitor runs 7 times; give at most that"):
        run_stack(alerting={"job_failures": {"warning": {"evaluation_periods": 8}}})


CRITICAL = ("-critical", "-dead-letters")


def test_the_stack_shows_critical_alarms_first(run_stack: Callable[..., Run]) -> None:
    run = run_stack(alerting=BOTH)
    body = run.document("aws:cloudwatch/dashboard:Dashboard", "", "dashboardBody")
    shown = {
        item["properties"]["title"]: set(item["properties"]["alarms"])
        for item in body["widgets"]
        if item["type"] == "alarm"
    }
    alarms = {item.name: item.outputs["arn"] for item in run.of_type(ALARM)}
    assert list(shown) == ["Critical alarms", "Warnings"]
    assert shown["Critical alarms"] == {arn for name, arn in alarms.items() if name.endswith(CRITICAL)}
    assert shown["Warnings"] == {arn for name, arn in alarms.items() if not name.endswith(CRITICAL)}
    daily = run.one(ALARM, "churn-model-quality-violations-critical").inputs
    assert (daily["evaluationPeriods"], daily["datapointsToAlarm"]) == (72, 3)
