"""The tables of results of runs that did not write them, and the many small objects of a day put together into one."""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.acknowledgement import Acknowledgement
from contract.result_tables import DAY, TABLES, day_prefix
from drift_tools.errors import InputError
from drift_tools.fleet.runs_in_folders import read_runs, run_folders
from drift_tools.fleet.store import Store
from drift_tools.result_rows import acknowledgement_line, day_of, lines_of, object_name, rows_of

COMPACTED: Final = "all.json.gz"
_WRITTEN_AT_ONCE: Final = 512


@dataclass(frozen=True, slots=True)
class Filled:
    """How many runs, and lines by table, were written."""

    runs: int
    lines: Mapping[str, int]


def fill_tables(results: Store, tables: Store, about: Mapping[str, str | None]) -> Filled:
    """Write the rows of all runs below a place of results: the same objects that the runs themselves would have
    written, so that to do it twice changes nothing. `about`: account, region, team, variant, version, where known.
    """
    folders = run_folders(results, about)
    lines: dict[str, int] = dict.fromkeys(TABLES, 0)
    waiting: dict[str, bytes] = {}
    for identity, documents in read_runs(results, folders):
        for table, rows in rows_of(identity, documents).items():
            if rows:
                waiting[object_name(table, identity)] = lines_of(rows)
                lines[table] += len(rows)
        if len(waiting) >= _WRITTEN_AT_ONCE:
            tables.write(waiting)
            waiting = {}
    tables.write(waiting)
    return Filled(len(folders), lines)


def fill_acknowledgements(acknowledged: Store, tables: Store) -> int:
    """Write a line for each acknowledgement below a place of them, `endpoint/schedule.json`; returns how many."""
    names = [name for name in acknowledged.names() if name.count("/") == 1 and name.endswith(".json")]
    written = {}
    for name, content in zip(names, acknowledged.read(names), strict=True):
        endpoint, schedule = name.removesuffix(".json").split("/")
        try:
            found = Acknowledgement.of(json.loads(content))
        except ValueError as error:
            raise InputError(f"{acknowledged.where}/{name}: is no acknowledgement ({error}): remove it") from error
        target, line = acknowledgement_line(endpoint, schedule, found)
        written[target] = line
    tables.write(written)
    return len(written)


def compact_tables(tables: Store, *, before: str) -> int:
    """Put the objects of each day before `before` (`2026-01-31`) together into one, compressed; returns how many
    objects it replaced. Athena opens each object of a day, and a fleet has thousands a day.

    A line that comes later lies beside them, and the next time goes in. The one object is written before the others
    are deleted; a run that is done again after an interruption there would count twice until the next time: lines of
    the same run are then taken from the newest object.
    """
    day_of(before)
    replaced = 0
    for table in TABLES:
        days: dict[str, list[str]] = {}
        for name in tables.names(f"{table}/"):
            day = name.split("/")[1].removeprefix(f"{DAY}=")
            if day < before:
                days.setdefault(day, []).append(name)
        for day, names in sorted(days.items()):
            target = f"{day_prefix(table, day)}/{COMPACTED}"
            single = [name for name in names if name != target]
            if not single:
                continue
            # What was compacted first: a run that was done again replaces its lines.
            ordered = [name for name in names if name == target] + single
            tables.write({target: gzip.compress(_merged(tables, ordered), mtime=0)})
            tables.delete(single)
            replaced += len(single)
    return replaced


def _merged(tables: Store, names: list[str]) -> bytes:
    """The lines of these objects; of a run that is in several, those of the last."""
    by_run: dict[tuple[Any, ...], dict[str, list[bytes]]] = {}
    for name, content in zip(names, tables.read(names), strict=True):
        for line in _lines(content):
            row = json.loads(line)
            run = tuple(row.get(key) for key in ("account", "region", "endpoint", "schedule", "window_end"))
            run += (row.get("acknowledged_at"),)
            by_run.setdefault(run, {}).setdefault(name, []).append(line)
    return b"".join(line + b"\n" for found in by_run.values() for line in found[list(found)[-1]])


def _lines(content: bytes) -> Iterator[bytes]:
    plain = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    return (line for line in plain.splitlines() if line)
