"""`stream`: replay captured records into a Kinesis stream, or watch them here as the stream's function would."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from drift_tools.aws import aws_client, local_copy
from drift_tools.cli.shared import OK, check_output, check_window, give, say, warn
from drift_tools.errors import InputError
from drift_tools.profiles import read_json
from drift_tools.report import count, progress
from drift_tools.stream import Change, StreamBaseline, Tally, replay


def run(options: argparse.Namespace) -> int:
    """Replay captured records. Returns the exit status."""
    check_window(options)
    if (options.stream is None) == (options.baseline is None):
        raise InputError("stream: give --stream NAME, to put the records there, or --baseline FILE, to watch them here")
    with local_copy(options.captured) as folder:
        lines = replay.captured_lines(folder, start=options.start, end=options.end)
        return _put(options, lines) if options.stream else _watch(options, lines)


def _put(options: argparse.Namespace, lines: Any) -> int:
    if options.output or options.format != "table":
        raise InputError("stream --stream: prints one line: leave --format and --output out")
    with progress() as bar:
        task = bar.add_task(f"records to {options.stream}", total=None)
        done = replay.put(
            aws_client("kinesis", retries={"mode": "standard", "total_max_attempts": 5}),
            options.stream,
            lines,
            rate=options.rate,
            on_progress=lambda sent: bar.update(task, completed=sent),
        )
    if done.too_large:
        warn(f"{done.too_large:,} records are empty or larger than Kinesis takes: left out")
    say(f"{done.sent:,} records put into {options.stream}")
    return OK


def _watch(options: argparse.Namespace, lines: Any) -> int:
    check_output(options, options.captured, options.baseline)
    with local_copy(options.baseline) as file:
        baseline = StreamBaseline.of_statistics(read_json(_statistics(file)))
    tally = Tally(baseline, window_seconds=options.window, false_alarms_per_year=options.false_alarms_per_year)
    found = replay.watch(tally, lines)
    for reason, number in sorted(found.unreadable.items()):
        warn(f"{number:,} of {found.records:,} records cannot be read: {reason}")
    changes = [change for look in found.looks for change in look.changes]
    give(options, lambda: _document(found, changes), lambda console: _show(console, found, changes))
    return OK


def _statistics(path: Path) -> Path:
    return path / "statistics.json" if path.is_dir() else path


def _document(found: replay.Watched, changes: list[Change]) -> dict[str, Any]:
    return {
        "records": found.records,
        "unreadable": found.unreadable,
        "windows": found.windows,
        "changes": [
            {
                "feature": change.feature,
                "what": change.what,
                "is_over": change.is_over,
                "since": _time(change.since),
                "at": _time(change.at),
                "psi": round(change.psi, 4),
            }
            for change in changes
        ],
    }


def _show(console: Console, found: replay.Watched, changes: list[Change]) -> None:
    if changes:
        table = Table("at", "feature", "what", "since", "PSI")
        for change in changes:
            what = f"as before again ({change.what})" if change.is_over else change.what
            table.add_row(_time(change.at), change.feature, what, _time(change.since), f"{change.psi:.2f}")
        console.print(table)
    console.print(f"{found.records:,} records in {found.windows:,} windows, {count(len(changes), 'change')}")


def _time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"
