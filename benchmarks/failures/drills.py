"""Faults and attacks, tried on the real functions and the real reader; the table in docs/failures.md.

python -m benchmarks drills [--steps 10000] [--hours 8760] [--part drills|soak|growth]

The functions run on AWS in memory (tests/lambda_functions/monitored_world.py): their code is what is deployed, and only
the monitor's own program is not. What is counted is what became of every captured file.
"""

import argparse
import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Sequence

from benchmarks.failures import at_random, growth, runs, soak, surroundings
from benchmarks.failures.lines import HEADINGS, Line
from benchmarks.shared.publishing import DOCS, markdown_table, publish

_DRILLS: Sequence[Callable[[], Line]] = (
    runs.windows_at_once,
    runs.killed_anywhere,
    runs.fault_anywhere,
    runs.function_killed_anywhere,
    runs.job_killed,
    runs.damaged_records,
    runs.nothing_delivered,
    runs.many_files,
    surroundings.files_in_part,
    surroundings.s3_unreliable,
    surroundings.s3_away,
    surroundings.throttled_for_an_hour,
    surroundings.deliveries_in_between,
    surroundings.events_late,
    surroundings.responder_killed,
    surroundings.responders_in_between,
    surroundings.endpoint_comes_and_goes,
    surroundings.stack_updated,
)

_PARTS = ("drills", "soak", "growth")


def main(argv: Sequence[str]) -> int:
    """Do all drills and write the table; 1 if a file was lost without a word, or counted twice."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks drills", description=__doc__)
    parser.add_argument("--steps", type=int, default=10_000, help="of the state machine")
    parser.add_argument("--hours", type=int, default=8760, help="of the soak")
    parser.add_argument("--part", action="append", choices=_PARTS, help="do this part alone (default: all)")
    options = parser.parse_args(argv)
    parts = options.part or _PARTS
    lines: list[Line] = []
    sections: dict[str, str] = {}
    if "drills" in parts:
        for drill in (*_DRILLS, lambda: at_random.state_machine(options.steps)):
            lines.append(_quietly(drill))
            _say(lines[-1])
        sections["drills"] = markdown_table(HEADINGS, lines)
    if "soak" in parts:
        soaked = soak.alone(options.hours)
        _say(soaked)
        sections["soak"] = markdown_table(["soak", "figure"], [list(pair) for pair in _pairs(soaked)])
    if "growth" in parts:
        headings = ["what a client sends", "size", "time", "twice the size", "memory"]
        sections["growth"] = markdown_table(headings, list(growth.growth()))
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
    # The functions' logs, and what the monitor's program says.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return drill()
