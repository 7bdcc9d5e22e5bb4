"""`traffic`: send requests to an endpoint."""

import argparse
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

from drift_tools.aws import s3_paths
from drift_tools.cli.shared import OK, say, warn
from drift_tools.endpoint import traffic
from drift_tools.errors import InputError
from drift_tools.report import progress


def run(options: argparse.Namespace) -> int:
    """Send requests to an endpoint. Returns the exit status."""
    with ExitStack() as stack:
        requests, total = _requests(options, stack)
        bar = stack.enter_context(progress())
        task = bar.add_task(f"{options.kind} traffic to {options.endpoint}", total=total)
        result = traffic.send(
            requests,
            endpoint=options.endpoint,
            threads=options.threads,
            rate=options.rate,
            on_progress=lambda sent, failed: bar.update(task, completed=sent + failed),
        )
    for reason, number in sorted(result.failures.items(), key=lambda failure: -failure[1]):
        warn(f"{number:,} failed: {reason}")
    if result.failed and not result.sent:
        raise InputError(
            f"{options.endpoint}: not one of {result.failed:,} requests was answered: look at the endpoint's log"
        )
    speed = f", {result.sent / result.seconds:,.0f} a second" if result.seconds else ""
    when = f" ({result.first:%Y-%m-%d %H:%M:%S} to {result.last:%H:%M:%S} UTC)" if result.first and result.last else ""
    say(f"{result.sent:,} requests answered, {result.failed:,} failed{speed}{when}")
    return OK


def _requests(options: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Any], int]:

    if options.kind != "replay":
        if options.data or options.columns or options.id_column:
            raise InputError(
                f"traffic {options.kind}: --data, --columns and --id-column belong to replay: leave them out"
            )
        make = traffic.baseline_requests if options.kind == "baseline" else traffic.anomalous_requests
        number = 500 if options.requests is None else options.requests
        return make(number, features=options.features, seed=options.seed), number
    if not options.data:
        raise InputError("traffic replay: needs the rows to send: add --data FILE")
    file = stack.enter_context(s3_paths.local_copy(options.data))
    columns = options.columns.split(",") if options.columns else None
    rows = traffic.replay_requests(file, number=options.requests, columns=columns, id_column=options.id_column)
    return iter(rows), len(rows)
