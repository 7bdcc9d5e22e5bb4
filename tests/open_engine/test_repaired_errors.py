"""Errors that were repaired, notes that come late, an ear that is broken, and a client's key of twenty thousand digits:
each on a deployed stack, at the inbox.

The schedule is switched off and its deliveries are made by hand: Lambda tries an event again after minutes, in which
somebody repairs something or not.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.conftest import lived
from tests.open_engine.runbook import redrive, switch_off
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

ROWS = 200
DIGITS = "7" * 20_000
# By hand: rights are taken away, and what a function must know.
BROKEN = ("is not authorized to perform: s3:PutObject with an explicit deny", "BUCKET_NAME is not set")


@dataclass
class Repaired:
    """What people had been told by then, states of alarms, and what the function answered."""

    told: dict[str, list[Told]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    violations: float = 0.0

    def kinds(self, when: str) -> list[str]:
        return [message.kind for message in self.told[when]]


class Faults:
    """Faults of a stack, and deliveries of its schedule."""

    def __init__(self, stack: Watched) -> None:
        self.stack = stack
        scheduler = stack.cloud.client("scheduler")
        group = stack.made("aws:scheduler/scheduleGroup:ScheduleGroup", "")
        target = scheduler.get_schedule(Name=stack.outputs["data_quality_schedule_name"], GroupName=group)["Target"]
        self.function, self.input = target["Arn"], target["Input"]
        self.role = stack.made("aws:iam/role:Role", "-start-monitor-role")

    def deliver(self, end: datetime) -> dict[str, Any]:
        """The delivery for the window that ended at `end`, as EventBridge Scheduler and Lambda make it."""
        payload = self.input.replace(
            "<aws.scheduler.scheduled-time>", f"{end + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        )
        answer = self.stack.cloud.client("lambda").invoke(FunctionName=self.function, Payload=payload.encode())
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        return found | {"error": answer.get("FunctionError")}

    def forbid(self) -> None:
        """Let the function that starts runs write no manifest, as somebody's new bucket policy might."""
        place = f"arn:aws:s3:::{self.stack.bucket}/monitor-state/*.captured.manifest"
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": place}],
        }
        iam = self.stack.cloud.client("iam")
        iam.put_role_policy(RoleName=self.role, PolicyName="by-hand", PolicyDocument=json.dumps(policy))

    def allow(self) -> None:
        self.stack.cloud.client("iam").delete_role_policy(RoleName=self.role, PolicyName="by-hand")

    def break_the_ear(self, bucket: str | None = None) -> None:
        """Take from the function that counts violations what it needs, or give it back."""
        functions = self.stack.cloud.client("lambda")
        name = self.stack.made("aws:lambda/function:Function", "-processing-metrics")
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables["BUCKET_NAME"] = bucket or ""
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables})

    def ring_again(self, alarm: str) -> None:
        """The alarm rings once more, as it would after somebody had reset it."""
        name = self.stack.made("aws:cloudwatch/metricAlarm:MetricAlarm", alarm)
        for state in ("OK", "ALARM"):
            self.stack.cloud.client("cloudwatch").set_alarm_state(
                AlarmName=name, StateValue=state, StateReason="by hand"
            )


@pytest.fixture(scope="module")
def repaired() -> Repaired:
    seen = Repaired()
    settings = {
        "engine": "open",
        "monitoring": {
            "open_engine": {"grace_in_minutes": 5, "small_windows": {"max_megabytes": 0}},
            "model_quality": None,
        },
    }
    with lived(settings, start=at(3, 50), grace=timedelta(minutes=5), breaks=BROKEN) as (stack, _):
        stack.wait_for_baseline()
        switch_off(stack)
        faults = Faults(stack)

        def note(what: str, alarm: str = "data-quality-job-failures") -> None:
            seen.told[what] = stack.told()
            seen.states[what] = stack.state(alarm)

        an_error_that_a_retry_repairs(stack, faults, seen)
        note("repaired")
        an_error_that_lasts(stack, faults, seen)
        note("lasted")
        faults.deliver(at(6))
        faults.deliver(at(6))
        faults.ring_again("data-quality-job-failures")
        wait_until("the message of the second ring", lambda: len(stack.told_of("job-failure")) == 2 or None)
        note("an older run failed after it")
        faults.allow()
        a_broken_ear(stack, faults, note)
        digits(stack, faults, seen)
        note("digits", "data-quality-violations")
    return seen


def an_error_that_a_retry_repairs(stack: Watched, faults: Faults, seen: Repaired) -> None:
    stack.go_to(at(4, 5))
    stack.send(baseline_requests(ROWS, seed=7))
    stack.go_to(at(5, 6))
    faults.forbid()
    seen.answers["first"] = faults.deliver(at(5))
    faults.allow()
    seen.answers["second"] = faults.deliver(at(5))
    # Heard of in its hour: the clock goes on at once, and a run that nobody heard of for two hours is a silent monitor.
    schedule = stack.outputs["data_quality_schedule_name"]
    wait_until("what the run found", lambda: stack.metric("ConstraintViolations", schedule, at(5)) == 0 or None)
    stack.send(baseline_requests(ROWS, seed=8))
    stack.go_to(at(6, 6))


def an_error_that_lasts(stack: Watched, faults: Faults, seen: Repaired) -> None:
    faults.forbid()
    faults.deliver(at(6))
    stack.send(baseline_requests(ROWS, seed=9))
    stack.go_to(at(7, 6))
    for delivery in ("third", "fourth", "fifth"):
        seen.answers[delivery] = faults.deliver(at(7))
    stack.go_to(at(7, 20))
    stack.wait_for_message("job-failure")


def a_broken_ear(stack: Watched, faults: Faults, note: Any) -> None:
    stack.go_to(at(8, 6))
    faults.deliver(at(8))
    stack.go_to(at(8, 20))
    stack.send(anomalous_requests(ROWS, seed=7))
    faults.break_the_ear()
    stack.go_to(at(9, 6))
    faults.deliver(at(9))
    stack.go_to(at(9, 50))
    stack.wait_for_message("dead-letter")
    note("the ear is broken", "data-quality-violations")
    faults.break_the_ear(stack.bucket)
    redrive(
        stack, "-processing-metrics-dead-letters", stack.made("aws:lambda/function:Function", "-processing-metrics")
    )
    stack.go_to(at(10, 4))
    stack.wait_for_message("violations")
    note("the ear is back", "data-quality-violations")


def digits(stack: Watched, faults: Faults, seen: Repaired) -> None:
    """A client sends JSON with a key of twenty thousand digits, for an hour."""
    line = {
        "captureData": {
            "endpointInput": {"observedContentType": "application/json", "mode": "INPUT", "encoding": "JSON",
                              "data": json.dumps({DIGITS: 1})},
            "endpointOutput": {"observedContentType": "text/csv", "mode": "OUTPUT", "encoding": "CSV", "data": "1,0.5"},
        },
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-11-24T10:30:00Z"},
        "eventVersion": "0",
    }  # fmt: skip
    folder = next(key for key in stack.keys("captured-data/") if key.endswith(".jsonl")).rsplit("/", 5)[0]
    stack.cloud.client("s3").put_object(
        Bucket=stack.bucket,
        Key=f"{folder}/2026/11/24/10/30-00-000-a.jsonl",
        Body=(json.dumps(line) + "\n").encode() * 50,
    )
    stack.go_to(at(11, 6))
    seen.answers["digits"] = faults.deliver(at(11))
    stack.go_to(at(11, 30))
    schedule = stack.outputs["data_quality_schedule_name"]
    seen.violations = wait_until(
        "what the run found", lambda: stack.metric("ConstraintViolations", schedule, at(11)), seconds=60
    )
    before = len(stack.told_of("violations"))
    faults.ring_again("data-quality-violations")
    wait_until("the message of the digits", lambda: len(stack.told_of("violations")) == before + 1 or None)


def test_an_error_that_lambdas_retry_repaired_rings_nobody(repaired: Repaired) -> None:
    assert repaired.answers["first"]["error"] == "Unhandled"
    assert (repaired.answers["second"]["error"], repaired.answers["second"]["created"]) == (None, True)
    assert repaired.told["repaired"] == []
    assert repaired.states["repaired"] == "OK"


def test_one_that_lasts_is_one_message_and_no_dead_letter_beside_it(repaired: Repaired) -> None:
    assert [repaired.answers[name]["error"] for name in ("third", "fourth", "fifth")] == [
        "Unhandled",
        "Unhandled",
        None,
    ]
    assert "AccessDenied" in repaired.answers["fifth"]["failed"]
    assert repaired.states["lasted"] == "ALARM"
    assert repaired.kinds("lasted") == ["job-failure"]
    [message] = repaired.told["lasted"]
    assert "Status    NotStarted\n" in message.body
    assert "the job could not be started: AccessDenied" in message.body
    assert "-202611240700-" in message.body
    assert "Ended     2026-11-24 07:06:" in message.body  # by the stack's clock


def test_an_older_runs_failure_does_not_hide_the_newer_ones(repaired: Repaired) -> None:
    message = repaired.told["an older run failed after it"][-1]
    assert message.kind == "job-failure"
    assert "-202611240700-" in message.body
    assert "-202611240600-" not in message.body


def test_an_ear_that_is_broken_is_told_and_what_it_missed_once_it_is_mended(repaired: Repaired) -> None:
    before = len(repaired.told["an older run failed after it"])
    assert "dead-letter" in repaired.kinds("the ear is broken")[before:]
    assert "violations" not in repaired.kinds("the ear is broken")
    assert repaired.kinds("the ear is back").count("violations") == 1


def test_a_key_of_twenty_thousand_digits_is_counted_and_told(repaired: Repaired) -> None:
    assert repaired.violations >= 1
    message = repaired.told["digits"][-1]
    assert message.kind == "violations"
    # The answer of each record, `1,0.5`, has no names and is the baseline's first two columns.
    assert "2 features drifted, columns changed" in message.subject
    assert DIGITS not in message.body
    assert len(message.body) < 20_000
