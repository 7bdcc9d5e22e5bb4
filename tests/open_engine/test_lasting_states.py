"""What lasts is one message and its end is another, however rarely the monitor runs; and no traffic is told on Model
Monitor's engine, too. On the embedded AWS, at the inbox.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.conftest import lived
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix

ROWS = 200


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return at(24 * day + hour, minute)


@dataclass
class Days:
    """The alarm's state between the daily runs, and what people were told by then."""

    states: dict[str, str] = field(default_factory=dict)
    told: dict[str, list[Told]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def days() -> Days:
    seen = Days()
    settings = {
        "engine": "open",
        "monitoring": {
            "open_engine": {"grace_in_minutes": 5},
            "data_quality": {"schedule_expression": "cron(0 6 ? * * *)"},
            "model_quality": None,
        },
    }
    with lived(settings, start=on(0, 5), grace=timedelta(minutes=5)) as (stack, _):
        stack.wait_for_baseline()
        for day, make in ((1, anomalous_requests), (2, anomalous_requests), (3, baseline_requests)):
            stack.go_to(on(day - 1, 20))
            stack.send(make(ROWS, seed=day))
            for hour in (7, 12, 19):
                stack.after_the_run(on(day, 6)) if hour == 7 else stack.go_to(on(day, hour))
                note(stack, seen, f"day {day}, {hour}:00")
        wait_until("the message of the end", lambda: len(stack.told()) == 2 or None)
        note(stack, seen, "at last")
    return seen


def note(stack: Watched, seen: Days, when: str) -> None:
    seen.states[when] = stack.state("data-quality-violations")
    seen.told[when] = stack.told()


def test_a_daily_monitors_alarm_holds_until_a_run_says_otherwise(days: Days) -> None:
    """Between two runs nothing is known: eleven hours without a data point are no recovery."""
    ringing = [when for when in days.states if when.startswith(("day 1", "day 2"))]
    assert {days.states[when] for when in ringing} == {"ALARM"}
    assert days.states["day 3, 19:00"] == "OK"


def test_two_drifted_days_are_one_message_and_their_end_is_one(days: Days) -> None:
    assert [len(days.told[when]) for when in ("day 1, 19:00", "day 2, 19:00", "at last")] == [1, 1, 2]
    first, last = days.told["at last"]
    assert first.subject.startswith("[WARNING]")
    assert last.subject.startswith("[OK]")
    assert "data-quality-violations" in last.subject
    # From when to when the data are, not the hour of the run; how bad it is; the next step and the command.
    assert "2026-11-24 06:00" in first.body
    assert "Effect" in first.body
    assert "drift_tools acknowledge --bucket" in first.body


@pytest.fixture(scope="module")
def without_traffic() -> list[Told]:
    settings = {"engine": "model-monitor", "compute_baselines_here": "true"}
    with lived(settings, start=on(0, 4, 5), grace=timedelta(minutes=20)) as (stack, _):
        stack.go_to(on(1, 6, 30))
        wait_until("that somebody is told", lambda: stack.told() or None, seconds=60)
        return stack.told()


def test_model_monitors_runs_without_data_are_told_once(without_traffic: list[Told]) -> None:
    """Executions that fail with "Job inputs had no data" start no job and leave no event: the watch says it, after
    a day of them.
    """
    kinds = [message.kind for message in without_traffic]
    assert kinds
    assert len(kinds) == len(set(kinds))
    assert "no-data" in kinds
