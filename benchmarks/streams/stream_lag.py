"""The embedded stream's rate without lag: records a second that the embedded Kinesis and Lambda keep up with.

python -m benchmarks stream_lag [--rates 500 1000 2000] [--seconds 30]
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np

import local_aws
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from benchmarks.streams.stream_endurance import NAME, WINDOW, Stack, records, until, write_baseline

# The mapping waits a second for a batch, and the window ends after five: what is no older than both together waits for
# nothing else.
BOUND: Final = WINDOW + 1.0
PART: Final = 100  # records a call


def ages(stack: Stack, began: datetime, ended: datetime) -> list[float]:
    """The largest age of a batch's last record, in seconds, as Lambda publishes it, in each five seconds."""
    found = stack.cloudwatch.get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="IteratorAge",
        Dimensions=[{"Name": "FunctionName", "Value": NAME}],
        StartTime=began,
        EndTime=ended,
        Period=WINDOW,
        Statistics=["Maximum"],
    )["Datapoints"]
    return [point["Maximum"] / 1000 for point in sorted(found, key=lambda point: point["Timestamp"])]


def step(stack: Stack, made: Sequence[dict[str, Any]], rate: float) -> dict[str, float]:
    """Put records at a rate; how old they were when they were read, and how long the last were waited for."""
    before, began, start = stack.counted(), time.monotonic(), datetime.now(UTC)
    for at in range(0, len(made), PART):
        answer = stack.kinesis.put_records(StreamName=NAME, Records=list(made[at : at + PART]))
        if answer["FailedRecordCount"]:
            raise RuntimeError(f"{answer['FailedRecordCount']} records were refused")
        time.sleep(max(0.0, began + min(at + PART, len(made)) / rate - time.monotonic()))
    put, middle = time.monotonic() - began, start + (datetime.now(UTC) - start) / 2
    ended = datetime.now(UTC)
    until(lambda: stack.counted() >= before + len(made))
    drained = time.monotonic() - began - put
    early, late = ages(stack, start, middle), ages(stack, middle, ended + timedelta(seconds=WINDOW))
    return {
        "put": len(made) / put,
        "early": max(early, default=float("nan")),
        "late": max(late, default=float("nan")),
        "drained": drained,
        "counted": stack.counted() - before,
    }


def run(rates: Sequence[float], seconds: float) -> tuple[list[dict[str, float]], list[str]]:
    """Each rate in its turn, on one stream of two shards; and what failed on the way."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, local_aws.start(enforce_iam=True) as cloud:
        mark = Path(folder) / "crashed"
        mark.touch()  # nothing dies here
        stack = Stack(cloud, mark)
        write_baseline(stack, rng)
        found = []
        for number, rate in enumerate((200.0, *rates)):  # the first only starts the function
            total = round(rate * (seconds if number else 2 * WINDOW))
            made = list(records(total, rng, first=number * 10_000_000, breaks=False))
            found.append({"rate": rate, "total": total, **step(stack, made, rate)})
            sys.stderr.write(json.dumps(found[-1]) + "\n")
        return found[1:], cloud.failures()


def verdict(one: dict[str, float]) -> str:
    """Whether the function keeps up with what was put, and whether that was what was asked for."""
    if not one["late"] <= BOUND:
        return "no"
    return "yes" if one["put"] >= 0.95 * one["rate"] else "yes; more could not be put"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure the rates and say which of them the stream keeps up with."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks stream_lag", description=__doc__)
    parser.add_argument("--rates", type=float, nargs="+", default=[500.0, 1000.0, 1500.0, 2000.0, 3000.0, 4000.0])
    parser.add_argument("--seconds", type=float, default=30.0, help="of each rate (default: 30)")
    parser.add_argument("--publish", action="store_true", help="write the table into docs/stream.md")
    options = parser.parse_args(argv)
    found, failures = run(options.rates, options.seconds)
    lines = [
        [
            f"{one['rate']:,.0f}/s",
            f"{one['put']:,.0f}/s",
            f"{one['early']:.1f} s",
            f"{one['late']:.1f} s",
            f"{one['drained']:.0f} s",
            str(round(one["total"] - one["counted"])),
            verdict(one),
        ]
        for one in found
    ]
    header = ["asked", "put", "iterator age, first half", "second half", "counted after", "not counted", "keeps up"]
    table = markdown_table(header, lines)
    sys.stdout.write(table + "\n" + "".join(f"failed: {line}\n" for line in failures))
    if options.publish and not failures:
        publish(DOCS / "stream.md", {"stream-lag": table})
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
