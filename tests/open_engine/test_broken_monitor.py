"""When the monitor itself is broken: each fault on a deployed stack, and what people are told of it.

Model Monitor's engine, of which nobody but this stack hears when it has stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from tests.open_engine.conftest import lived
from tests.open_engine.runbook import redrive
from tests.open_engine.watched import Watched, at

ROWS = 300


@dataclass
class Broken:
    """What people had been told at each point of the day."""

    told: dict[str, list[str]] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    letters: list[str] = field(default_factory=list)
    alarm: str = ""


@pytest.fixture(scope="module")
def broken() -> Broken:
    seen = Broken()
    settings = {"engine": "model-monitor", "compute_baselines_here": "true"}
    with lived(settings, start=at(4, 5), grace=timedelta(minutes=20), breaks=("alarm-responder",)) as (stack, _):

        def note(what: str) -> None:
            messages = stack.told()
            seen.told[what] = [message.kind for message in messages]
            seen.bodies |= {message.kind: message.body for message in messages}

        live(stack, note, seen)
    return seen


def live(stack: Watched, note: Callable[[str], None], seen: Broken) -> None:
    stack.send(baseline_requests(ROWS, seed=7))
    stack.go_to(at(6))
    note("a clean hour")
    deafen(stack, enabled=False)
    stack.send(anomalous_requests(ROWS, seed=7))
    stack.go_to(at(7, 45))
    note("a drifted hour that nobody heard of")
    deafen(stack, enabled=True)
    stack.go_to(at(8, 10))
    stack.wait_for_message("violations")
    note("the ear is back")
    stack.go_to(at(9, 40))
    note("an hour later")
    break_the_responder(stack)
    stop_the_schedules(stack)
    stack.go_to(at(14))
    stack.wait_for_message("dead-letter")
    note("the responder is broken")
    break_the_responder(stack, stack.outputs["notification_topic_arn"])
    seen.letters = redrive(stack, "-alarm-responder-dead-letters", stack.outputs["responder_function_name"])
    stack.wait_for_message("silent-monitor")
    note("the letters were sent again")
    for letter in seen.letters:  # and once more, as people do who are not sure
        send_again(stack, letter)
    stack.go_to(at(15, 30))
    note("and again")
    seen.alarm = stack.state("-alarm-responder-dead-letters")


def deafen(stack: Watched, *, enabled: bool) -> None:
    """Switch the rule on ended jobs off, as somebody might in the console, or on again."""
    events = stack.cloud.client("events")
    rule = stack.made("aws:cloudwatch/eventRule:EventRule", "job-ended")
    (events.enable_rule if enabled else events.disable_rule)(Name=rule)


def break_the_responder(stack: Watched, topic_arn: str = "") -> None:
    """Take the responder's topic from it, or give it one again."""
    functions = stack.cloud.client("lambda")
    name = stack.outputs["responder_function_name"]
    variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": {**variables, "NOTIFICATION_TOPIC_ARN": topic_arn}}
    )


def send_again(stack: Watched, letter: str) -> None:
    name = stack.outputs["responder_function_name"]
    answer = stack.cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=letter.encode())
    assert answer["StatusCode"] == 202


def stop_the_schedules(stack: Watched) -> None:
    sagemaker = stack.cloud.client("sagemaker")
    for key in ("data_quality_schedule_name", "model_quality_schedule_name"):
        sagemaker.stop_monitoring_schedule(MonitoringScheduleName=stack.outputs[key])


def test_nobody_is_told_of_a_clean_hour(broken: Broken) -> None:
    assert broken.told["a clean hour"] == []


def test_what_was_missed_is_told_once_when_the_ear_is_back(broken: Broken) -> None:
    assert broken.told["a drifted hour that nobody heard of"] == []
    assert broken.told["the ear is back"] == ["violations"]
    assert broken.told["an hour later"] == ["violations"]


def test_a_responder_that_is_broken_is_told_past_it(broken: Broken) -> None:
    """The schedules have stopped, which the responder cannot say any more: its dead letter does."""
    assert broken.told["the responder is broken"] == ["violations", "dead-letter"]
    assert "alarm-responder could not handle an event" in broken.bodies["dead-letter"]


def test_dead_letters_are_sent_again_as_the_runbook_says(broken: Broken) -> None:
    """docs/operations.md, Dead letters: whoever fixed the responder hears what it could not tell, once."""
    assert len(broken.letters) >= 1
    told = broken.told["the letters were sent again"]
    assert told[:2] == ["violations", "dead-letter"]
    assert len(told) > 2
    assert broken.told["and again"] == told
    assert broken.alarm == "OK"
