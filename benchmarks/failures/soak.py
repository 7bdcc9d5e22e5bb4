"""A year of hourly runs, with the bucket's own lifecycle: what is kept, what it costs, and how large this grows."""

import json
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta

from benchmarks.failures.growth import memory
from benchmarks.failures.lines import Line
from benchmarks.shared.publishing import DOCS
from tests.lambda_functions.monitored_world import World

# The bucket's own, by default (components/storage/bucket.py).
_DAYS = {"captured-data/": 90, "monitoring-results/": 400, "monitor-state/": 30, "responder-state/": 30}
_PUT_PRICE, _GET_PRICE = 0.005 / 1000, 0.0004 / 1000  # US dollars a request, as in docs/cost.md; LIST as PUT


def soak(hours: int) -> Line:
    """A year of hourly runs, with the bucket's own lifecycle: what is kept, what it costs, and how large this grows.

    Most hours are the function's; once a day there is more and a job does it, and once a week that job is killed, so
    that its second one, the alarm and the responder have their turn.
    """
    world = World()
    most, results, jobs, invocations, held = 0, 0, 0, 0, [0, 0]
    requests: Counter[str] = Counter()
    began = time.process_time()
    for hour in range(hours):
        world.capture(files=5 if hour % 24 == 9 else 2)
        world.next_hour()
        world.deliver(world.due[-1])
        asked_for = len(world.functions.calls)
        for number in range(world.invoked, asked_for):
            world.run_function(number)
        invocations += 1 + asked_for - world.invoked
        world.invoked = asked_for
        for name in world.running():
            jobs += 1
            world.end_job(name, "killed" if hour % 168 == 9 else "well")
            world.hear_of(name)
            invocations += 1
        for episode in world.episodes:
            if not episode.is_answered:
                world.respond(episode)
                invocations += 1
        results = len(world.s3.keys("monitoring-results/")) if hour % 24 == 0 else results
        most = max(most, len(world.s3.objects) - results)
        if hour % 24 == 0:
            _expire(world)
            requests.update(operation for operation, _ in world.s3.calls)
            world.s3.calls.clear()  # the fake's own book
            world.due[:-48] = []
            held[hour > hours // 2] = memory()
    requests.update(operation for operation, _ in world.s3.calls)
    seconds = time.process_time() - began
    state = [key for key in world.s3.objects if key.startswith("monitor-state/")]
    cheap = requests["GetObject"]
    asked = sum(requests.values())
    cost = (asked - cheap) * _PUT_PRICE + cheap * _GET_PRICE
    return [
        f"hours: {hours:,}",
        f"files captured, counted: {len(world.captured):,}, {len(world.counted):,}",
        f"lost without a word, in two windows, episodes not told once: {len(world.account())}",
        f"processing jobs: {jobs:,}",
        f"episodes of the alarm, messages: {len(world.episodes):,}, {len(world.sns.published):,}",
        f"S3 objects at most, without results (captures 90 days, state 30): {most:,}",
        f"files of results at the end (400 days): {len(world.s3.keys('monitoring-results/')):,}",
        f"state at the end: {len(state):,} objects, {sum(len(world.s3.objects[key]) for key in state) / 1e6:.1f} MB",
        f"S3 requests a run, of which GET: {asked / hours:.1f}, {cheap / hours:.1f}",
        f"S3 requests, US dollars a month: {cost / hours * 730:.2f}",
        f"functions invoked a run: {invocations / hours:.2f}",
        f"time a run: {seconds / hours * 1000:.0f} ms",
        f"memory at most, first and second half: {held[0]} and {held[1]} MiB",
    ]


def alone(hours: int) -> Line:
    """The same in a process of its own: what other drills have held is not its memory."""
    code = f"from benchmarks.failures import soak; soak.tell({hours})"
    run = subprocess.run(  # noqa: S603 - this interpreter and module
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=DOCS.parent
    )
    found: Line = json.loads(run.stdout.splitlines()[-1])
    return found


def tell(hours: int) -> None:
    """Print the figures as the last line, behind the functions' logs."""
    found = soak(hours)
    sys.stdout.write(f"\n{json.dumps(found)}\n")


def _expire(world: World) -> None:
    """What the bucket's lifecycle has deleted by now."""
    for key in list(world.s3.objects):
        for prefix, days in _DAYS.items():
            if key.startswith(prefix) and world.s3.modified[key] < world.now - timedelta(days=days):
                world.s3.expire(key)
