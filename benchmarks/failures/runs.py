"""Faults of the functions that start and look at windows, each tried at every call, code or number that it has."""

import threading
from concurrent.futures import ThreadPoolExecutor

from benchmarks.failures.lines import Line, begun, line_of
from tests.lambda_functions.monitored_world import HOUR, STATE, World

_WINDOWS_AT_ONCE = 30
_MOST_CALLS = 40
_MANY_FILES = 100_000
_DELIVERIES = 3  # Lambda's own and two more


def windows_at_once() -> Line:
    """Three windows come at the same moment, each twice, in threads."""
    worlds = []
    for _ in range(_WINDOWS_AT_ONCE):
        world = begun()
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
    return line_of("three windows at once, each delivered twice", _WINDOWS_AT_ONCE, worlds)


def killed_anywhere() -> Line:
    """The starter is killed before and after each of its calls, and not tried again for an hour."""
    worlds = []
    for call in range(1, _MOST_CALLS):
        for after in (False, True):
            for files in (2, 5):  # a function's window, and a job's
                world = begun()
                world.capture(files=files)
                world.next_hour()
                world.deliver(world.due[-1], call, after=after)
                world.capture()
                world.next_hour()
                world.deliver(world.due[-1])
                world.drain()
                worlds.append(world)
    return line_of("start_monitor killed before and after each call", len(worlds), worlds)


def fault_anywhere() -> Line:
    """A call of each kind is refused at each of Lambda's tries, with each of AWS's codes for a bad moment."""
    worlds = []
    for operation in ("CreateProcessingJob", "DescribeProcessingJob", "PutObject", "GetObject", "ListObjectsV2"):
        for code in ("ServiceUnavailable", "ThrottlingException", "AccessDenied", "ResourceLimitExceeded"):
            world = begun()
            for _ in range(3):
                world.capture(files=5)
                world.next_hour()
                for _ in range(_DELIVERIES):
                    if world.deliver(world.due[-1], failing={operation: code}):
                        break
            world.drain()
            worlds.append(world)
    return line_of("each call of start_monitor refused, for three hours", len(worlds), worlds)


def function_killed_anywhere() -> Line:
    """The function for small windows is killed after each of its calls."""
    worlds = []
    for call in range(1, 16):
        world = begun()
        world.run_function(0, call)
        for _ in range(2):
            world.capture()
            world.next_hour()
            world.deliver(world.due[-1])
        world.drain()
        worlds.append(world)
    return line_of("monitor_window killed after each call", len(worlds), worlds)


def job_killed() -> Line:
    """Jobs are killed once, twice, or say what is wrong."""
    worlds = []
    for outcomes in (["killed", "well"], ["killed", "killed"], ["error"], ["killed", "error"]):
        world = begun()
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
    return line_of("jobs killed once and twice, jobs that say what is wrong", len(worlds), worlds)


def damaged_records() -> Line:
    """A record that was not started yet is cut short, or emptied, or is another document."""
    worlds = []
    for content in (b"", b"{", b"[]", b'{"due": 1}'):
        world = begun()
        world.capture(files=5)
        world.next_hour()
        world.deliver(world.due[-1], failing={"CreateProcessingJob": "ServiceUnavailable"})
        world.s3.put(f"{STATE}/{world.due[-1]:%Y/%m/%d/%H}.json", content)
        world.capture()
        world.next_hour()
        world.drain()
        worlds.append(world)
    return line_of("damaged state record", len(worlds), worlds)


def nothing_delivered() -> Line:
    """EventBridge delivers nothing for hours, and days."""
    worlds = []
    for hours in (1, 4, 12, 30, 100):
        world = begun()
        for _ in range(hours):
            world.capture()
            world.now += HOUR
        world.next_hour()
        world.drain()
        worlds.append(world)
    return line_of("no delivery for 1 to 100 hours", len(worlds), worlds)


def many_files() -> Line:
    """A window of 100,000 files of three bytes."""
    world = begun()
    world.capture(files=_MANY_FILES)
    world.next_hour()
    world.deliver(world.due[-1])
    world.drain()
    return line_of(f"{_MANY_FILES:,} small files in an hour: a job's", 1, [world])
