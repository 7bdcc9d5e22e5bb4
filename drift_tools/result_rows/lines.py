"""Rows as the objects of a table: their names, and JSON Lines in and out."""

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from contract.acknowledgement import Acknowledgement
from contract.result_tables import ACKNOWLEDGEMENTS, day_prefix
from drift_tools.errors import InputError
from drift_tools.result_rows.rows import Row, RunIdentity

_GZIP: Final = b"\x1f\x8b"
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_PARSED_AT_ONCE: Final = 1000
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


def day_of(moment: str) -> str:
    """`2026-01-31` of an ISO 8601 moment in UTC. Raises `InputError` for what is none."""
    if not _DAY.match(moment):
        raise InputError(f"{moment!r} is no moment: give one such as 2026-01-31T13:00:00Z")
    return moment[:10]


def object_name(table: str, identity: RunIdentity) -> str:
    """The name of the object with a run's rows, below the place of the tables: the same if the run is done again."""
    moment = identity.window_end.replace("-", "").replace(":", "")
    parts = (identity.account, identity.region, identity.endpoint, identity.schedule, moment)
    name = "_".join(_UNSAFE.sub("-", part) for part in parts if part)
    return f"{day_prefix(table, day_of(identity.window_end))}/{name}.json"


def lines_of(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """JSON Lines: one object a line, as Athena's JSON SerDe reads them."""
    return b"".join(
        json.dumps(row, separators=(",", ":"), allow_nan=False, ensure_ascii=False).encode(errors="replace") + b"\n"
        for row in rows
    )


def read_lines(content: bytes, where: str) -> Iterator[Row]:
    """The rows of an object, compressed or not. Raises `InputError` that names the line that is no JSON object."""
    plain = gzip.decompress(content) if content[:2] == _GZIP else content
    lines = plain.splitlines()
    for first in range(0, len(lines), _PARSED_AT_ONCE):
        yield from _parsed(lines[first : first + _PARSED_AT_ONCE], first, where)


def _parsed(lines: list[bytes], before: int, where: str) -> list[Row]:
    """Many lines in one parse, which takes half of the time; one by one where that does not go, to name the bad one."""
    full = [line for line in lines if line]
    try:
        rows: list[Row] = json.loads(b"[" + b",".join(full) + b"]")
    except ValueError:
        rows = []
    if len(rows) == len(full) and all(isinstance(row, dict) for row in rows):
        return rows
    return [_row(line, f"{where}: line {before + at}") for at, line in enumerate(lines, start=1) if line]


def _row(line: bytes, where: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise InputError(f"{where} is no JSON ({error}): write the tables of that day again") from error
    if not isinstance(row, dict):
        raise InputError(f"{where} is no JSON object: fill that day up again")
    return row


def acknowledgement_line(endpoint: str, schedule: str, found: Acknowledgement) -> tuple[str, bytes]:
    """The name and the content of the object that tells of an acknowledgement."""
    row = {
        "endpoint": endpoint,
        "schedule": schedule,
        "acknowledged_by": found.by,
        "acknowledged_at": found.at,
        "note": found.note,
    }
    # A window's place and an acknowledgement's are told apart by the table; the moment makes the name its own.
    moment = found.at.replace("+00:00", "Z")
    identity = RunIdentity(endpoint=endpoint, schedule=schedule, window_end=moment)
    return object_name(ACKNOWLEDGEMENTS.name, identity), lines_of([row])
