"""Faults of what is around the functions: AWS, clocks, events, the responder, the endpoint, the stack, the files."""

import itertools
import random
from functools import partial
from typing import Any

from benchmarks.failures.lines import Line, begun, line_of, lived
from tests.lambda_functions.monitored_world import Episode, World
from tests.lambda_functions.mortal import Meanwhile
from tests.lambda_functions.start_monitor.partial_uploads import CASES, played

_AWAY = 0.2  # of S3's answers
_MOST_CALLS = 40
_SKEW = 4.0  # seconds; the functions allow for five


def s3_unreliable() -> Line:
    """A fifth of S3's answers is 503, for a day; its clients try each request four times, as the functions' do."""
    return _s3_refuses("S3 answers 503 to a fifth of all requests, for a day", attempts=4)


def s3_away() -> Line:
    """The same with clients that try each request once: nearly every run fails, three times over."""
    return _s3_refuses("the same with clients that try once: nearly every run fails", attempts=1)


def _s3_refuses(name: str, *, attempts: int) -> Line:
    worlds = []
    for seed in range(10):
        chance = random.Random(seed)  # noqa: S311 - drills are repeated, not guessed
        world = begun()

        def refuses(chance: random.Random = chance) -> str | None:
            return "SlowDown" if all(chance.random() < _AWAY for _ in range(attempts)) else None

        world.s3.refuses = refuses
        for hour in range(24):
            world.capture(files=1 + hour % 5)
            world.next_hour()
            lived(world)
        world.drain()
        worlds.append(world)
    return line_of(name, len(worlds), worlds)


def deliveries_in_between() -> Line:
    """At each call of a delivery another one comes, of the same window, the next or the one before; clocks differ."""
    worlds = []
    for call in range(1, _MOST_CALLS):
        for ahead in (-_SKEW, _SKEW):
            for other in (-1, 0, 1):
                world = begun()
                for files in (2, 5, 3):
                    world.capture(files=files)
                    world.next_hour()

                def comes(world: World = world, ahead: float = ahead, other: int = other) -> None:
                    world.deliver(world.due[2 + other], ahead=ahead, seconds=1.0)  # it waits no longer: it comes again

                world.deliver(world.due[2], mortal=Meanwhile(call, comes))
                world.drain()
                worlds.append(world)
    return line_of("a delivery in between, at each call of another, with clocks 4 s apart", len(worlds), worlds)


def responders_in_between() -> Line:
    """At each call of a responder another one has the same alarm; clocks differ."""
    worlds = []
    for call in range(1, 16):
        for ahead in (-_SKEW, _SKEW):
            world = _failed_twice()
            for episode in world.episodes:

                def comes(world: World = world, episode: Episode = episode, ahead: float = ahead) -> None:
                    world.respond(episode, ahead=ahead, seconds=1.0)

                world.respond(episode, mortal=Meanwhile(call, comes))
            world.drain()
            worlds.append(world)
    return line_of("a responder in between, at each call of another, with clocks 4 s apart", len(worlds), worlds)


def events_late() -> Line:
    """Deliveries and the ends of jobs are heard up to a day late, out of order, twice, or (of jobs) never."""
    worlds = []
    for seed in range(20):
        chance = random.Random(seed)  # noqa: S311 - drills are repeated, not guessed
        world = begun()
        later: list[tuple[int, int, partial[Any]]] = []
        number_of = itertools.count()
        for hour in range(48):
            world.capture(files=chance.choice([1, 2, 5]))
            world.next_hour()
            happen: list[partial[Any]] = [partial(world.deliver, world.due[-1])] * chance.choice([1, 1, 1, 2])
            for name in world.running():
                world.end_job(name, chance.choice(["well", "well", "well", "killed", "error"]))
                happen += [partial(world.hear_of, name)] * chance.choice([0, 1, 1, 2])
            later += [(hour + _hours_late(chance), next(number_of), one) for one in happen]
            due = sorted(item for item in later if item[0] <= hour)
            later = [item for item in later if item[0] > hour]
            for _, _, happens in due:
                happens()
            for number in range(world.invoked, len(world.functions.requests("Invoke"))):
                world.run_function(number)
            world.invoked = len(world.functions.requests("Invoke"))
            for episode in world.episodes:
                if chance.random() < 0.3:  # SNS is late as well, and comes again
                    world.respond(episode)
        for _, _, happens in sorted(later):
            happens()
        world.drain()
        worlds.append(world)
    return line_of("deliveries and events up to a day late, out of order, twice: hours", 48 * len(worlds), worlds)


def _hours_late(chance: random.Random) -> int:
    return chance.choice([0, 0, 0, 0, 1, 2, 5, chance.randint(1, 24)])


def _failed_twice() -> World:
    """A world in which a job was killed twice, and its alarm rings."""
    world = begun()
    world.capture(files=5)
    for _ in range(2):
        world.next_hour()
        world.deliver(world.due[-1])
        for name in world.running():
            world.end_job(name, "killed")
            world.hear_of(name)
    world.next_hour()
    return world


def throttled_for_an_hour() -> Line:
    """One service, or all of them, answers nothing but ThrottlingException for an hour, in which everything is due."""
    worlds = []
    for services in (["s3"], ["sagemaker"], ["cloudwatch"], ["sns"], ["s3", "sagemaker", "cloudwatch", "sns"]):
        for files in (2, 5):
            world = begun()
            for hour in range(4):
                for service in services:
                    getattr(world, service).refuses = (lambda: "ThrottlingException") if hour == 1 else None
                world.capture(files=files)
                world.next_hour()
                lived(world)
            world.drain()
            worlds.append(world)
    return line_of("a service, or all of them, throttled for an hour", len(worlds), worlds)


def responder_killed() -> Line:
    """The responder is killed before and after each of its calls; SNS gives it the alarm again, twice."""
    worlds = []
    for call in range(1, 12):
        for after in (False, True):
            world = _failed_twice()
            for episode in world.episodes:
                world.respond(episode, call, after=after)
                world.respond(episode)
                world.respond(episode)
            world.drain()
            worlds.append(world)
    return line_of("the responder killed before and after each call", sum(bool(w.episodes) for w in worlds), worlds)


def endpoint_comes_and_goes() -> Line:
    """An endpoint gets another variant, is deleted for a day, and comes back, while windows are open and a job runs."""
    worlds = []
    for gone in (0, 1, 24):
        for running in (False, True):
            world = begun()
            world.capture(files=5)
            world.next_hour()
            world.deliver(world.due[-1])
            if not running:
                lived(world)
            # The new variant captures before the monitor's plan has it: a deployment makes one after the other.
            world.capture(files=2, variant="Canary")
            world.plan["variants"] = ["Primary", "Canary"]
            for _ in range(gone):
                world.next_hour()
                lived(world)
            world.capture(files=3, variant="Canary")
            world.next_hour()
            lived(world)
            world.drain()
            worlds.append(world)
    return line_of("endpoint updated, deleted, replaced while monitored", len(worlds), worlds)


def stack_updated() -> Line:
    """The stack is deployed anew while a job runs and a function's window waits: other limits, image and instances."""
    worlds = []
    for outcome in ("well", "killed", "error"):
        for files in (2, 5):
            world = begun()
            world.capture(files=files)
            world.next_hour()
            world.deliver(world.due[-1])
            world.plan["small_window"] = None if files == 2 else {**world.plan["small_window"], "max_files": 100}
            world.plan["request"]["AppSpecification"]["ImageUri"] = "another"
            world.plan["request"]["ProcessingResources"]["ClusterConfig"]["InstanceType"] = "ml.m5.2xlarge"
            world.plan["job_stem"] = "churn2"
            for name in world.running():
                world.end_job(name, outcome)
                world.hear_of(name)
            world.capture(files=files)
            world.next_hour()
            lived(world)
            world.drain()
            worlds.append(world)
    return line_of("stack updated while a job runs and a window waits", len(worlds), worlds)


def files_in_part() -> Line:
    """Capture files that arrive in part, and perhaps whole later; record by record, by the monitor's own program."""
    wrong = [item for case in CASES for item in played(case).wrong()]
    double = sum(" was counted " in item for item in wrong)
    name = "capture files that arrive in part, whole before or after their run, or never: by record"
    return [name, str(len(CASES)), str(double), str(len(wrong) - double), "0", "0"]
