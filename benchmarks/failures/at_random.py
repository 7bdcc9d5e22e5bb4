"""Everything at random, in worlds of forty steps."""

import random

from benchmarks.failures.lines import Line, begun, line_of
from tests.lambda_functions.monitored_world import World

_STEPS = (
    *("traffic", "traffic", "late", "hour", "hour", "deliver", "deliver"),
    *("fault", "job", "event", "function", "alarm"),
)


def state_machine(steps: int, seed: int = 20261129) -> Line:
    """Everything at random, in worlds of forty steps."""
    chance = random.Random(seed)  # noqa: S311 - drills are repeated, not guessed
    worlds, done = [], 0
    while done < steps:
        world = begun()
        for _ in range(40):
            _step(world, chance)
        done += 40
        world.drain()
        worlds.append(world)
    return line_of("all of this at random, late files and repeated events beside it: steps", done, worlds)


def _step(world: World, chance: random.Random) -> None:
    kill_at = chance.choice([None, None, chance.randint(1, 30)])
    match chance.choice(
        [
            "traffic",
            "traffic",
            "late",
            "hour",
            "hour",
            "deliver",
            "deliver",
            "fault",
            "job",
            "event",
            "function",
            "alarm",
        ]
    ):
        case "traffic":
            world.capture(files=chance.randint(1, 5))
        case "late":
            world.capture(hours_late=chance.randint(1, 2))
        case "hour":
            world.next_hour()
        case "deliver":
            scheduled = chance.choice([world.due[-1], chance.choice(world.due[-6:])])
            world.deliver(scheduled, kill_at, after=chance.random() < 0.5)
        case "fault":
            operation = chance.choice(["CreateProcessingJob", "PutObject", "ListObjectsV2", "GetObject"])
            world.deliver(world.due[-1], failing={operation: "ServiceUnavailable"})
        case "job" if world.running():
            name = chance.choice(world.running())
            world.end_job(name, chance.choice(["well", "well", "killed", "error"]))
            for _ in range(chance.randint(0, 2)):
                world.hear_of(name)
        case "event" if world.sagemaker.jobs:  # of any job that has ended: late, out of order, for the second time
            name = chance.choice(list(world.sagemaker.jobs))
            if name not in world.running():
                world.hear_of(name)
        case "function" if world.functions.requests("Invoke"):
            number = chance.randrange(len(world.functions.requests("Invoke")))
            world.run_function(number, kill_at, fails=chance.random() < 0.3)
        case "alarm" if world.episodes:
            world.respond(chance.choice(world.episodes), kill_at, after=chance.random() < 0.5)
