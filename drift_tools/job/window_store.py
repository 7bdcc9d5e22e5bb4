"""Where a monitor keeps the counts of its windows between runs: one small object a window, named by its start.

A run writes its own window and reads those of the last weeks. A window that runs twice replaces itself, a late one
takes its place, one that never ran is missing: nothing is counted up from run to run.
"""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, Protocol

from contract.bad_windows import BAD_WINDOWS, BadWindows
from contract.new_normal import NEW_NORMAL, NewNormal
from drift_tools.errors import InputError
from drift_tools.job.container import Job

_MONTH: Final = 30 * 86400
_MOST_WINDOWS: Final = 2000
_MOST_BYTES: Final = 8_000_000


class Place(Protocol):
    """A folder, or a prefix in S3."""

    readers: ClassVar[int]
    """How many objects it pays to read at a time."""

    def names(self, first: str, last: str) -> list[str]:
        """The names of the objects there, from `first` to `last` in their order."""

    def get(self, name: str) -> bytes:
        """The content of one."""

    def put(self, name: str, content: bytes) -> None:
        """Write one, in place of what has its name."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder on this machine."""

    readers: ClassVar[int] = 1  # threads would cost more than they save
    path: Path

    def names(self, first: str, last: str) -> list[str]:
        """The names of the files there, from `first` to `last`."""
        if not self.path.is_dir():
            return []
        return sorted(name for name in os.listdir(self.path) if first <= name <= last)

    def get(self, name: str) -> bytes:
        """The content of a file."""
        return (self.path / name).read_bytes()

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        part = self.path / f".{name}.part"
        part.write_bytes(content)
        part.replace(self.path / name)


@dataclass(frozen=True, slots=True)
class Prefix:
    """A prefix in S3."""

    readers: ClassVar[int] = 16
    client: Any
    bucket: str
    prefix: str

    def names(self, first: str, last: str) -> list[str]:
        """The names of the objects there, from `first` to `last`."""
        place, found = f"{self.prefix}/", []
        pages = self.client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=place, StartAfter=place + first[:-1]
        )
        for page in pages:
            names = [item["Key"].removeprefix(place) for item in page.get("Contents", [])]
            found += [name for name in names if first <= name <= last]
            if names and names[-1] > last:
                break
        return found

    def get(self, name: str) -> bytes:
        """The content of an object."""
        content: bytes = self.client.get_object(Bucket=self.bucket, Key=f"{self.prefix}/{name}")["Body"].read()
        return content

    def put(self, name: str, content: bytes) -> None:
        """Write an object."""
        self.client.put_object(
            Bucket=self.bucket, Key=f"{self.prefix}/{name}", Body=content, ContentType="application/json"
        )


def place_of(job: Job, where: str | None) -> Place | None:
    """The place of an S3 URI, or of a path in the container; None of nothing.

    Raises `InputError` for a URI without a prefix.
    """
    if where is None:
        return None
    if not where.startswith("s3://"):
        return Folder(job.here(where))
    bucket, _, prefix = where.removeprefix("s3://").partition("/")
    if not bucket or not prefix.strip("/"):
        raise InputError(f"{where!r} is no place for windows: give one such as s3://bucket/prefix")
    return Prefix(job.client("s3"), bucket, prefix.strip("/"))


@dataclass(frozen=True, slots=True)
class WindowStore:
    """The records of a monitor's windows at a place."""

    place: Place

    def records(self, first: int, last: int) -> list[Mapping[str, Any]]:
        """The records of the windows that start from `first` to `last` (seconds since 1970), in their order.

        Raises `InputError` for one that is no JSON object.
        """
        names = self.place.names(_name(first), _name(last))[-_MOST_WINDOWS:]
        if self.place.readers == 1:
            return [self._record(name) for name in names]
        with ThreadPoolExecutor(self.place.readers) as readers:
            return list(readers.map(self._record, names))

    def bad(self, starts: Iterable[int]) -> list[int]:
        """The starts of those windows that a person marked as bad (`drift-tools acknowledge --bad-from … --bad-to …`).

        Raises `InputError` for a mark that is none.
        """
        marks = self._marks()
        return [start for start in starts if any(mark.holds(start) for mark in marks)]

    def bad_within(self, starts: Iterable[int], seconds: int) -> list[int]:
        """The starts of those windows, so long, that have anything of a span in them that a person marked as bad."""
        marks = self._marks()
        return [start for start in starts if any(mark.touches(start, seconds) for mark in marks)]

    def normal(self) -> NewNormal | None:
        """What a person said last to be the new normal (`drift-tools rebaseline`); None if nobody did.

        Raises `InputError` for an object that says nothing of the kind.
        """
        names = self.place.names(NEW_NORMAL, f"{NEW_NORMAL}~")
        if not names:
            return None
        try:
            return NewNormal.of(json.loads(self.place.get(names[-1])))
        except ValueError as error:
            raise InputError(f"{names[-1]}, a new normal, is damaged ({error}): say it again") from error

    def _marks(self) -> list[BadWindows]:
        return [self._mark(name) for name in self.place.names(BAD_WINDOWS, f"{BAD_WINDOWS}~")]

    def _mark(self, name: str) -> BadWindows:
        try:
            return BadWindows.of(json.loads(self.place.get(name)))
        except ValueError as error:
            raise InputError(f"the mark {name} of bad windows is damaged ({error}): delete it") from error

    def _record(self, name: str) -> Mapping[str, Any]:
        content = self.place.get(name)
        try:
            if len(content) > _MOST_BYTES:
                raise ValueError(f"{len(content):,} bytes")
            record = json.loads(content)
            if not isinstance(record, dict):
                raise ValueError("no object")
        except ValueError as error:
            raise InputError(f"the record {name} of a window is damaged ({error}): delete it") from error
        return record

    def put(self, start: int, record: Mapping[str, Any]) -> None:
        """Keep a window's record."""
        self.place.put(_name(start), json.dumps(record, separators=(",", ":"), allow_nan=False).encode())


def _name(start: int) -> str:
    return f"{datetime.fromtimestamp(start, UTC):%Y%m%dT%H%M%SZ}.json"


def is_kept_anew(start: int, seconds: int) -> bool:
    """Whether the run of this window writes again what was learnt: one a month does, so that it does not expire."""
    return start % _MONTH < seconds
