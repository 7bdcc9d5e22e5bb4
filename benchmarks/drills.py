"""Faults and attacks, tried on the real functions and the real reader; the table in docs/failures.md.

python -m benchmarks drills [--steps 10000] [--hours 8760]

The functions run on AWS in memory (tests/lambda_functions/monitored_world.py): their code is what is deployed, and only
the monitor's own program is not. What is counted is what became of every captured file.
"""

import argparse
import contextlib
import gzip
import io
import json
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

from botocore.exceptions import ClientError

from benchmarks.shared.publishing import DOCS, markdown_table, publish
from tests.lambda_functions.monitored_world import HOUR, STATE, World
from tests.lambda_functions.partial_uploads import CASES, played

_WINDOWS_AT_ONCE = 30
_MOST_CALLS = 40
_MANY_FILES = 100_000
_AWAY, _ATTEMPTS = 0.2, 4  # of S3's answers; of a client at each request (functions/common/aws_clients.py)
_CAPTURED_DAYS, _STATE_DAYS = 30, 30
_PUT_PRICE, _GET_PRICE = 0.005 / 1000, 0.0004 / 1000  # US dollars a request, as in docs/cost.md; LIST as PUT
Line = list[str]
# The last two: episodes of the alarm on failed runs, and those of which no message told, or more than one.
_HEADINGS = ["drill", "tried", "in two windows", "lost without a word", "episodes", "not told once"]


def main(argv: Sequence[str]) -> int:
    """Do all drills and write the table; 1 if a file was lost without a word, or counted twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks drills", description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000, help="of the state machine")
    parser.add_argument("--hours", type=int, default=8760, help="of the soak")
    options = parser.parse_args(argv)
    drills: list[Callable[[], Line]] = [
        windows_at_once,
        killed_anywhere,
        fault_anywhere,
        function_killed_anywhere,
        job_killed,
        damaged_records,
        nothing_delivered,
        many_files,
        s3_unreliable,
        throttled_for_an_hour,
        responder_killed,
        endpoint_comes_and_goes,
        stack_updated,
        files_in_part,
        lambda: state_machine(options.steps),
    ]
    lines = []
    for drill in drills:
        lines.append(_quietly(drill))
        _say(lines[-1])
    soaked = _quietly(lambda: soak(options.hours))
    _say(soaked)
    growing = list(growth())
    sections = {
        "drills": markdown_table(_HEADINGS, lines),
        "soak": markdown_table(["soak", "figure"], [list(pair) for pair in _pairs(soaked)]),
        "growth": markdown_table(["what a client sends", "size", "time", "twice the size", "memory"], growing),
    }
    publish(DOCS / "failures.md", sections)
    return int(any({line[2], line[3], line[5]} != {"0"} for line in lines))


def _say(parts: Line) -> None:
    sys.stdout.write("  ".join(parts) + "\n")
    sys.stdout.flush()


def _pairs(soaked: Line) -> Iterator[tuple[str, str]]:
    for part in soaked:
        name, _, figure = part.partition(": ")
        yield name, figure


def _quietly(drill: Callable[[], Line]) -> Line:
    with contextlib.redirect_stdout(io.StringIO()):  # the functions' logs
        return drill()


def _begun() -> World:
    """A world whose monitor has had its first run."""
    world = World()
    world.capture()
    world.next_hour()
    world.deliver(world.due[0])
    return world


def _line(name: str, tried: int, worlds: Sequence[World]) -> Line:
    wrong = [item for world in worlds for item in world.account()]
    double, told = (sum(part in item for item in wrong) for part in (" is in ", " of episode "))
    episodes = sum(len(world.episodes) for world in worlds)
    return [name, f"{tried:,}", str(double), str(len(wrong) - double - told), f"{episodes:,}", str(told)]


def windows_at_once() -> Line:
    """Three windows come at the same moment, each twice, in threads."""
    worlds = []
    for _ in range(_WINDOWS_AT_ONCE):
        world = _begun()
        for _ in range(3):
            world.capture(files=4)
            world.next_hour()
        everybody = threading.Barrier(6)

        def deliver(scheduled: object, world: World = world, everybody: threading.Barrier = everybody) -> None:
            everybody.wait()
            world.deliver(scheduled)  # type: ignore[arg-type] # a moment of `due`

        world.at_once = True
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(deliver, world.due[1:] * 2))
        world.at_once = False
        world.drain()
        worlds.append(world)
    return _line("three windows at once, each delivered twice", _WINDOWS_AT_ONCE, worlds)


def killed_anywhere() -> Line:
    """The starter is killed before and after each of its calls, and not tried again for an hour."""
    worlds = []
    for call in range(1, _MOST_CALLS):
        for after in (False, True):
            for files in (2, 5):  # a function's window, and a job's
                world = _begun()
                world.capture(files=files)
                world.next_hour()
                world.deliver(world.due[-1], call, after=after)
                world.capture()
                world.next_hour()
                world.deliver(world.due[-1])
                world.drain()
                worlds.append(world)
    return _line("start_monitor killed before and after each call", len(worlds), worlds)


def fault_anywhere() -> Line:
    """A call of each kind is refused once, with each of AWS's codes for a bad moment."""
    worlds = []
    for operation in ("CreateProcessingJob", "DescribeProcessingJob", "PutObject", "GetObject", "ListObjectsV2"):
        for code in ("ServiceUnavailable", "ThrottlingException", "AccessDenied", "ResourceLimitExceeded"):
            world = _begun()
            for _ in range(3):
                world.capture(files=5)
                world.next_hour()
                world.deliver(world.due[-1], failing={operation: code})
            world.drain()
            worlds.append(world)
    return _line("each call of start_monitor refused, for three hours", len(worlds), worlds)


def function_killed_anywhere() -> Line:
    """The function for small windows is killed after each of its calls."""
    worlds = []
    for call in range(1, 16):
        world = _begun()
        world.run_function(0, call)
        for _ in range(2):
            world.capture()
            world.next_hour()
            world.deliver(world.due[-1])
        world.drain()
        worlds.append(world)
    return _line("monitor_window killed after each call", len(worlds), worlds)


def job_killed() -> Line:
    """Jobs are killed once, twice, or say what is wrong."""
    worlds = []
    for outcomes in (["killed", "well"], ["killed", "killed"], ["error"], ["killed", "error"]):
        world = _begun()
        world.capture(files=5)
        world.next_hour()
        world.deliver(world.due[-1])
        for outcome in outcomes:
            for name in world.running():
                world.end_job(name, outcome)
                world.hear_of(name)
            world.next_hour()
            world.deliver(world.due[-1])
        world.drain()
        worlds.append(world)
    return _line("jobs killed once and twice, jobs that say what is wrong", len(worlds), worlds)


def damaged_records() -> Line:
    """A record that was not started yet is cut short, or emptied, or is another document."""
    worlds = []
    for content in (b"", b"{", b"[]", b'{"due": 1}'):
        world = _begun()
        world.capture(files=5)
        world.next_hour()
        world.deliver(world.due[-1], failing={"CreateProcessingJob": "ServiceUnavailable"})
        world.s3.put(f"{STATE}/{world.due[-1]:%Y/%m/%d/%H}.json", content)
        world.capture()
        world.next_hour()
        world.drain()
        worlds.append(world)
    return _line("damaged state record", len(worlds), worlds)


def nothing_delivered() -> Line:
    """EventBridge delivers nothing for hours, and days."""
    worlds = []
    for hours in (1, 4, 12, 30, 100):
        world = _begun()
        for _ in range(hours):
            world.capture()
            world.now += HOUR
        world.next_hour()
        world.drain()
        worlds.append(world)
    return _line("no delivery for 1 to 100 hours", len(worlds), worlds)


def many_files() -> Line:
    """A window of 100,000 files of three bytes."""
    world = _begun()
    world.capture(files=_MANY_FILES)
    world.next_hour()
    world.deliver(world.due[-1])
    world.drain()
    return _line(f"{_MANY_FILES:,} small files in an hour: a job's", 1, [world])


def s3_unreliable() -> Line:
    """A fifth of S3's answers is 503, for a day; its clients try each request four times, as the functions' do."""
    worlds = []
    for seed in range(10):
        chance = random.Random(seed)  # noqa: S311 - drills are repeated, not guessed
        world = _begun()

        def refuses(chance: random.Random = chance) -> str | None:
            return "SlowDown" if all(chance.random() < _AWAY for _ in range(_ATTEMPTS)) else None

        world.s3.refuses = refuses
        for hour in range(24):
            world.capture(files=1 + hour % 5)
            world.next_hour()
            _lived(world)
        world.drain()
        worlds.append(world)
    return _line("S3 answers 503 to a fifth of all requests, for a day", len(worlds), worlds)


def _lived(world: World) -> None:
    """An hour as Lambda has it: what fails is tried three times, and then no more."""
    for _ in range(3):
        if world.deliver(world.due[-1]):
            break
    invoked = len(world.functions.requests("Invoke"))
    for number in range(world.invoked, invoked):
        for _ in range(3):
            with contextlib.suppress(ClientError):
                world.run_function(number)
                break
    world.invoked = invoked
    for name in world.running():
        world.end_job(name, "well")
        for _ in range(3):
            with contextlib.suppress(ClientError):
                world.hear_of(name)
                break
    for episode in world.episodes:
        for _ in range(3):
            if episode.is_answered or world.respond(episode):
                break


def throttled_for_an_hour() -> Line:
    """One service, or all of them, answers nothing but ThrottlingException for an hour, in which everything is due."""
    worlds = []
    for services in (["s3"], ["sagemaker"], ["cloudwatch"], ["sns"], ["s3", "sagemaker", "cloudwatch", "sns"]):
        for files in (2, 5):
            world = _begun()
            for hour in range(4):
                for service in services:
                    getattr(world, service).refuses = (lambda: "ThrottlingException") if hour == 1 else None
                world.capture(files=files)
                world.next_hour()
                _lived(world)
            world.drain()
            worlds.append(world)
    return _line("a service, or all of them, throttled for an hour", len(worlds), worlds)


def responder_killed() -> Line:
    """The responder is killed before and after each of its calls; SNS gives it the alarm again, twice."""
    worlds = []
    for call in range(1, 12):
        for after in (False, True):
            world = _begun()
            world.capture(files=5)
            for _ in range(2):
                world.next_hour()
                world.deliver(world.due[-1])
                for name in world.running():
                    world.end_job(name, "killed")
                    world.hear_of(name)
            world.next_hour()
            for episode in world.episodes:
                world.respond(episode, call, after=after)
                world.respond(episode)
                world.respond(episode)
            world.drain()
            worlds.append(world)
    return _line("the responder killed before and after each call", sum(bool(w.episodes) for w in worlds), worlds)


def endpoint_comes_and_goes() -> Line:
    """An endpoint gets another variant, is deleted for a day, and comes back, while windows are open and a job runs."""
    worlds = []
    for gone in (0, 1, 24):
        for running in (False, True):
            world = _begun()
            world.capture(files=5)
            world.next_hour()
            world.deliver(world.due[-1])
            if not running:
                _lived(world)
            # The new variant captures before the monitor's plan has it: a deployment makes one after the other.
            world.capture(files=2, variant="Canary")
            world.plan["variants"] = ["Primary", "Canary"]
            for _ in range(gone):
                world.next_hour()
                _lived(world)
            world.capture(files=3, variant="Canary")
            world.next_hour()
            _lived(world)
            world.drain()
            worlds.append(world)
    return _line("endpoint updated, deleted, replaced while monitored", len(worlds), worlds)


def stack_updated() -> Line:
    """The stack is deployed anew while a job runs and a function's window waits: other limits, image and instances."""
    worlds = []
    for outcome in ("well", "killed", "error"):
        for files in (2, 5):
            world = _begun()
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
            _lived(world)
            world.drain()
            worlds.append(world)
    return _line("stack updated while a job runs and a window waits", len(worlds), worlds)


def files_in_part() -> Line:
    """Capture files that arrive in part, and perhaps whole later; record by record, by the monitor's own program."""
    wrong = [item for case in CASES for item in played(case).wrong()]
    double = sum(" was counted " in item for item in wrong)
    name = "capture files that arrive in part, whole before or after their run, or never: by record"
    return [name, str(len(CASES)), str(double), str(len(wrong) - double), "0", "0"]


def state_machine(steps: int, seed: int = 20261129) -> Line:
    """Everything at random, in worlds of forty steps."""
    chance = random.Random(seed)  # noqa: S311 - drills are repeated, not guessed
    worlds, done = [], 0
    while done < steps:
        world = _begun()
        for _ in range(40):
            _step(world, chance)
        done += 40
        world.drain()
        worlds.append(world)
    return _line("all of this at random, late files and repeated events beside it: steps", done, worlds)


def _step(world: World, chance: random.Random) -> None:
    kill_at = chance.choice([None, None, chance.randint(1, 30)])
    match chance.choice(
        ["traffic", "traffic", "late", "hour", "hour", "deliver", "deliver", "fault", "job", "function", "alarm"]
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
        case "function" if world.functions.requests("Invoke"):
            number = chance.randrange(len(world.functions.requests("Invoke")))
            world.run_function(number, kill_at, fails=chance.random() < 0.3)
        case "alarm" if world.episodes:
            world.respond(chance.choice(world.episodes), kill_at, after=chance.random() < 0.5)


def soak(hours: int) -> Line:
    """A year of hourly runs, with the bucket's own lifecycle: what is kept, what it costs, and how large this grows.

    Most hours are the function's; once a day there is more and a job does it, and once a week that job is killed, so
    that its second one, the alarm and the responder have their turn.
    """
    world = World()
    most, jobs, memory = 0, 0, [0, 0]
    requests: Counter[str] = Counter()
    began = time.process_time()
    for hour in range(hours):
        world.capture(files=5 if hour % 24 == 9 else 2)
        world.next_hour()
        world.deliver(world.due[-1])
        invoked = len(world.functions.calls)
        for number in range(world.invoked, invoked):
            world.run_function(number)
        world.invoked = invoked
        for name in world.running():
            jobs += 1
            world.end_job(name, "killed" if hour % 168 == 9 else "well")
            world.hear_of(name)
        for episode in world.episodes:
            if not episode.is_answered:
                world.respond(episode)
        most = max(most, len(world.s3.objects))
        if hour % 24 == 0:
            _expire(world)
            requests.update(operation for operation, _ in world.s3.calls)
            world.s3.calls.clear()  # the fake's own book
            world.due[:-48] = []
            memory[hour > hours // 2] = _memory()
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
        f"S3 objects at most (captures {_CAPTURED_DAYS} days, state {_STATE_DAYS}): {most:,}",
        f"state at the end: {len(state):,} objects, {sum(len(world.s3.objects[key]) for key in state) / 1e6:.1f} MB",
        f"S3 requests a run, of which GET: {asked / hours:.1f}, {cheap / hours:.1f}",
        f"S3 requests, US dollars a month: {cost / hours * 730:.2f}",
        f"time a run: {seconds / hours * 1000:.0f} ms",
        f"memory at most, first and second half: {memory[0]} and {memory[1]} MiB",
    ]


def _expire(world: World) -> None:
    oldest = {
        "captured-data/": world.now - timedelta(days=_CAPTURED_DAYS),
        "monitor-state/": world.now - timedelta(days=_STATE_DAYS),
        "monitoring-results/": world.now - timedelta(days=_STATE_DAYS),
    }
    for key in list(world.s3.objects):
        for prefix, moment in oldest.items():
            parts = key.split("/")
            day = [part for part in parts if part.isdecimal()][:3]
            if key.startswith(prefix) and len(day) == 3 and "-".join(day) < f"{moment:%Y-%m-%d}":
                world.s3.expire(key)
    for key in [key for key in world.s3.objects if "/small-windows/" in key]:
        ended = key.rsplit("-", 2)[1]
        if ended < f"{world.now - timedelta(days=_STATE_DAYS):%Y%m%d%H%M}":
            world.s3.expire(key)


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


# What a client may send, by how much of it; each is read in a process of its own, for its memory.
_SHAPES = {
    "a line of so many MiB in a small gzip file": (64, 256, 512),
    "20 records of so many columns": (4000, 8000, 16_000),
    "so many records, each with a name of its own": (500, 1000, 2000),
    "JSON nested so deep": (1000, 10_000, 100_000),
    "a description of so many digits": (10_000, 20_000, 40_000),
}


def growth() -> Iterator[Line]:
    """Time and memory for sizes that double; the ratio of times beside the ratio of sizes."""
    for shape, sizes in _SHAPES.items():
        measured = [_read_alone(shape, size) for size in sizes]
        (_, _), (before, _), (last, memory) = measured
        ratio = last / max(before, 0.001)
        yield [shape, f"{sizes[-1]:,}", f"{last * 1000:.0f} ms", f"{ratio:.1f} × the time", f"{memory} MiB"]


def _read_alone(shape: str, size: int) -> tuple[float, int]:
    code = f"from benchmarks import drills; drills.read_shape({shape!r}, {size})"
    run = subprocess.run(  # noqa: S603 - this interpreter and module
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=DOCS.parent
    )
    seconds, memory = run.stdout.split()
    return float(seconds), int(memory)


def read_shape(shape: str, size: int) -> None:
    """Read a shape of a size, and print seconds of the processor and MiB of memory."""
    from drift_tools.capture import iterate_captures  # noqa: PLC0415 - only here, where it is measured
    from functions.common.violations import parse_violations  # noqa: PLC0415 - as above

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl.gz"
        if "digits" not in shape:
            _write(path, shape, size)
        before, began = _memory(), time.process_time()
        if "digits" in shape:
            parse_violations({"violations": [{"description": "distance: " + "1" * size, "feature_name": "1" * size}]})
        else:
            for _ in iterate_captures(path, columns=["a"]):
                pass
        _say([str(time.process_time() - began), str(_memory() - before)])


def _write(path: Path, shape: str, size: int) -> None:
    with gzip.open(path, "wb", compresslevel=6) as file:
        if "MiB" in shape:
            for _ in range(size):
                file.write(b"1," * (1 << 19))
            file.write(b"\n")
        elif "columns" in shape:
            for number in range(20):
                file.write(_record(",".join(["1"] * size), "CSV", number))
        elif "nested" in shape:
            file.write(_record("[" * size, "JSON", 0))
        else:
            for number in range(size):
                file.write(_record(json.dumps({"a": 1, f"k{number}": 2}), "JSON", number))


def _record(data: str, encoding: str, number: int) -> bytes:
    side = {"observedContentType": "application/json", "data": data, "encoding": encoding}
    metadata = {"eventId": str(number), "inferenceTime": "2026-01-01T10:00:00Z"}
    document = {"captureData": {"endpointInput": side}, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(document).encode() + b"\n"
