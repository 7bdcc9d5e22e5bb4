"""Worlds at their beginning, an hour as Lambda has it, and what became of it as a line of the table."""

import contextlib
from collections.abc import Sequence

from tests.lambda_functions.monitored_world import World

Line = list[str]
# The last two: episodes of the alarm on failed runs, and those of which no message told, or more than one.
HEADINGS = ["drill", "tried", "in two windows", "lost without a word", "episodes", "not told once"]


def begun() -> World:
    """A world whose monitor has had its first run."""
    world = World()
    world.capture()
    world.next_hour()
    world.deliver(world.due[0])
    return world


def line_of(name: str, tried: int, worlds: Sequence[World]) -> Line:
    wrong = [item for world in worlds for item in world.account()]
    double, told = (sum(part in item for item in wrong) for part in (" is in ", " of episode "))
    episodes = sum(len(world.episodes) for world in worlds)
    return [name, f"{tried:,}", str(double), str(len(wrong) - double - told), f"{episodes:,}", str(told)]


def lived(world: World) -> None:
    """An hour as Lambda has it: what fails is tried three times, and then no more."""
    for _ in range(3):
        if world.deliver(world.due[-1]):
            break
    invoked = len(world.functions.requests("Invoke"))
    for number in range(world.invoked, invoked):
        for _ in range(3):
            with contextlib.suppress(Exception):
                world.run_function(number)
                break
    world.invoked = invoked
    for name in world.running():
        world.end_job(name, "well")
        for _ in range(3):
            with contextlib.suppress(Exception):
                world.hear_of(name)
                break
    for episode in world.episodes:
        for _ in range(3):
            if episode.is_answered or world.respond(episode):
                break
