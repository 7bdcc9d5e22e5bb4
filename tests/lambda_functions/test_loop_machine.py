"""The whole loop as a state machine: whatever order things happen in, every file is in one window or named as lost.

A few hundred steps here; `python -m benchmarks drills` takes ten thousand and more.
"""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from tests.lambda_functions.monitored_world import LATE_HOURS, World

_CALLS = st.none() | st.integers(1, 30)


class Loop(RuleBasedStateMachine):
    """Hours of an endpoint, with everything that may go wrong in them."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.world.capture()
        self.world.next_hour()
        self.world.deliver(self.world.due[0])  # a deployment's first run, from which on nothing is missed

    @rule(files=st.integers(1, 5))
    def traffic(self, files: int) -> None:
        self.world.capture(files=files)

    @rule(hours=st.integers(1, LATE_HOURS - 1))
    def late_traffic(self, hours: int) -> None:
        self.world.capture(hours_late=hours)

    @rule()
    def an_hour_passes(self) -> None:
        self.world.next_hour()

    @rule(data=st.data(), kill_at=_CALLS, after=st.booleans())
    def delivery(self, data: Any, kill_at: int | None, after: bool) -> None:
        # The newest as often as all others together: some wait for hours, some come twice.
        due = self.world.due
        scheduled = data.draw(st.sampled_from([due[-1]]) | st.sampled_from(due[-6:]))
        self.world.deliver(scheduled, kill_at, after=after)

    @rule(operation=st.sampled_from(["CreateProcessingJob", "PutObject", "ListObjectsV2", "GetObject"]))
    def delivery_with_a_fault(self, operation: str) -> None:
        self.world.deliver(self.world.due[-1], failing={operation: "ServiceUnavailable"})

    @precondition(lambda self: self.world.running())
    @rule(data=st.data(), outcome=st.sampled_from(["well", "well", "killed", "error"]), told=st.integers(0, 2))
    def a_job_ends(self, data: Any, outcome: str, told: int) -> None:
        name = data.draw(st.sampled_from(self.world.running()))
        self.world.end_job(name, outcome)
        for _ in range(told):
            self.world.hear_of(name)

    @precondition(lambda self: len(self.world.sagemaker.jobs) > len(self.world.running()))
    @rule(data=st.data())
    def an_event_comes_late(self, data: Any) -> None:
        # Of any job that has ended: out of order, and perhaps for the second time.
        ended = [name for name in self.world.sagemaker.jobs if name not in self.world.running()]
        self.world.hear_of(data.draw(st.sampled_from(ended)))

    @precondition(lambda self: self.world.functions.requests("Invoke"))
    @rule(data=st.data(), kill_at=_CALLS, fails=st.booleans())
    def a_function_runs(self, data: Any, kill_at: int | None, fails: bool) -> None:
        # Lambda runs an invocation within minutes, again within some more, and not days later.
        number = data.draw(st.integers(0, len(self.world.functions.requests("Invoke")) - 1))
        self.world.run_function(number, kill_at, fails=fails)

    @precondition(lambda self: self.world.episodes)
    @rule(data=st.data(), kill_at=_CALLS, after=st.booleans())
    def people_are_told(self, data: Any, kill_at: int | None, after: bool) -> None:
        # SNS delivers at least once, and Lambda tries again.
        self.world.respond(data.draw(st.sampled_from(self.world.episodes)), kill_at, after=after)

    @invariant()
    def no_file_is_in_two_windows(self) -> None:
        assert [item for item in self.world.account() if " is in " in item] == []

    @invariant()
    def an_episode_is_one_message(self) -> None:
        assert [item for item in self.world.account() if " of episode " in item] == []

    def teardown(self) -> None:
        self.world.drain()
        assert self.world.account() == []


def machine(examples: int, steps: int) -> Any:
    """A test of so many sequences of so many steps."""
    case = Loop.TestCase
    case.settings = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    return case


TestLoop = machine(examples=15, steps=25)


def test_the_account_finds_what_is_lost_or_double() -> None:
    world = World()
    world.capture(files=2)
    world.next_hour()
    world.deliver(world.due[0])
    one, two = world.captured
    assert world.account() == [f"{key} was neither counted nor named" for key in (one, two)]
    world.counted.update([one, two])
    world.windows_of[one] = {"a", "b"}
    assert world.account() == [f"{one} is in ['a', 'b']"]


def test_the_account_finds_an_episode_that_nobody_or_everybody_was_told_of() -> None:
    world = World()
    world.capture(files=5)
    world.next_hour()
    world.deliver(world.due[0])
    for _ in range(2):
        for name in world.running():
            world.end_job(name, "killed")
            world.hear_of(name)
        world.next_hour()
        world.deliver(world.due[-1])
    (episode,) = world.episodes
    assert world.respond(episode)
    assert world.respond(episode)  # SNS, again
    assert (episode.told, len(world.sns.published), world.account()) == (1, 1, [])
    episode.told = 2
    assert world.account() == ["people were told of episode 0 2 times"]
    episode.told = 0
    assert world.account() == ["nobody was told of episode 0"]


@pytest.mark.parametrize("hours", [LATE_HOURS + 1, 30])
def test_hours_without_a_delivery_are_made_up_for(hours: int) -> None:
    world = World()
    world.capture()
    world.next_hour()
    world.deliver(world.due[0])
    for _ in range(hours):
        world.capture()
        world.now += timedelta(hours=1)  # the schedules are switched off
    world.next_hour()
    world.drain()
    assert world.account() == []
