"""What every run has taken, so that a second delivery takes the same and a late file is counted once.

One object a run, `{state}/{endpoint}/{schedule}/yyyy/mm/dd/hh.json` by the hour of the window's end, written with a
condition: the first delivery decides which files a window has, whoever comes second reads it there. A second object,
`hh.started`, says that the run was started: what one took that never was is still there for the next.
"""

import base64
import gzip
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.common.aws_clients import error_code
from functions.common.s3_objects import exists, list_keys, read_json, split_location
from functions.start_monitor.plan import Plan
from functions.start_monitor.time_window import HOUR, Window, hour_path, hours_between, parse_time

_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_STARTED = ".started"
# A day of one file a second takes 3 MB (packed); thirty such days are beyond what this function can hold.
_MAX_BYTES = 64 * 1024 * 1024


def packed(keys: Iterable[str]) -> str:
    """Keys as a record has them: a day may have 86,400, all much alike. The manifest beside has them in plain words."""
    return base64.b64encode(gzip.compress(json.dumps(list(keys)).encode(), mtime=0)).decode()


def unpacked(text: str) -> tuple[str, ...]:
    """The keys again."""
    return tuple(json.loads(gzip.decompress(base64.b64decode(text))))


@dataclass(frozen=True)
class Run:
    """A window and the files that it took, as keys below the captures' place.

    `late_files` are of hours before the window; `due` is the run's hour.
    """

    window_start: str
    window_end: str
    due: str
    files: tuple[str, ...]
    late_files: tuple[str, ...]
    late_from: str | None
    size: int
    job_name: str
    route: str
    excluded_variants: tuple[str, ...] = ()

    @property
    def all_files(self) -> tuple[str, ...]:
        """In the order in which the job gets them."""
        return (*self.late_files, *self.files)

    def without(self, files: Collection[str]) -> "Run":
        """The run, but for `files`."""
        return replace(
            self,
            files=tuple(key for key in self.files if key not in files),
            late_files=tuple(key for key in self.late_files if key not in files),
        )

    def to_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "window_start": self.window_start,
            "window_end": self.window_end,
            "due": self.due,
            "files": packed(self.files),
            "late_files": packed(self.late_files),
            "late_from": self.late_from,
            "bytes": self.size,
            "job_name": self.job_name,
            "route": self.route,
            "excluded_variants": list(self.excluded_variants),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Run":
        """As it was kept."""
        return cls(
            window_start=str(document["window_start"]),
            window_end=str(document["window_end"]),
            due=str(document["due"]),
            files=unpacked(document["files"]),
            late_files=unpacked(document["late_files"]),
            late_from=document.get("late_from"),
            size=int(document["bytes"]),
            job_name=str(document["job_name"]),
            route=str(document["route"]),
            excluded_variants=tuple(document.get("excluded_variants", ())),
        )


@dataclass(frozen=True)
class Past:
    """What earlier runs leave for a window.

    The files that were `taken` by those that were started; where the first window `began` that ended before this one,
    None without any (then there is no monitor that could have missed something); and where the first of them began
    whose run was never started.
    """

    taken: frozenset[str]
    began: datetime | None
    missed_from: datetime | None


@dataclass(frozen=True)
class Records:
    """The runs of one schedule."""

    s3: Any
    bucket: str
    prefix: str

    @classmethod
    def of(cls, s3: Any, plan: Plan) -> "Records":
        """Those of the plan's schedule."""
        bucket, prefix = split_location(plan.state_uri)
        return cls(s3, bucket, "/".join(part for part in (prefix, plan.endpoint, plan.schedule) if part))

    def key(self, end: datetime, suffix: str = ".json") -> str:
        """Key of the record of the window that ends at `end`, or of a file beside it."""
        return f"{self.prefix}/{hour_path(end)}{suffix}"

    def read(self, end: datetime) -> Run | None:
        """The run of the window that ends at `end`; None if there was none."""
        key = self.key(end)
        return Run.from_dict(self._read(key)) if exists(self.s3, self.bucket, key) else None

    def _read(self, key: str) -> Any:
        return read_json(self.s3, self.bucket, key, max_bytes=_MAX_BYTES)

    def keep(self, end: datetime, run: Run) -> Run:
        """Write the record unless there is one; the one that counts comes back."""
        try:
            self.s3.put_object(
                Bucket=self.bucket,
                Key=self.key(end),
                Body=json.dumps(run.to_dict()).encode(),
                ContentType="application/json",
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error_code(error) not in _LOST:
                raise
            return Run.from_dict(self._read(self.key(end)))
        return run

    def is_started(self, end: datetime) -> bool:
        """Whether the run of the window that ends at `end` was started."""
        return exists(self.s3, self.bucket, self.key(end, _STARTED))

    def mark_started(self, end: datetime, what: str) -> None:
        """Note that the run was started, as `what`.

        Who dies right before leaves files that the next run counts once more: twice is better than never.
        """
        self.s3.put_object(
            Bucket=self.bucket,
            Key=self.key(end, _STARTED),
            Body=json.dumps({"started": what}).encode(),
            ContentType="application/json",
        )

    def past(self, since: datetime, window: Window) -> "Past":
        """What the runs of windows that ended after `since` leave for `window`.

        Of windows that overlap the later ones took files as their own, too.
        """
        taken: set[str] = set()
        began: list[datetime] = []
        missed: list[datetime] = []
        for run, is_started in self._runs(since, window.end):
            start, end = parse_time(run.window_start), parse_time(run.window_end)
            if is_started:
                taken.update(run.all_files)
            elif run.all_files and end <= window.start:
                missed.append(start)
            if end <= window.start:
                began.append(start)
        return Past(frozenset(taken), min(began, default=None), min(missed, default=None))

    def made_up_for(self, window: Window, late_hours: int) -> frozenset[str]:
        """Files that started runs of later windows took as late: perhaps of `window`, whose own run came too late.

        The last run that looks so far back begins `late_hours` after the window, and is as long as any.
        """
        until = window.end + late_hours * HOUR + (window.end - window.start)
        return frozenset(
            key for run, is_started in self._runs(window.end, until) if is_started for key in run.late_files
        )

    def _runs(self, since: datetime, until: datetime) -> Iterator[tuple[Run, bool]]:
        """Runs whose windows end in (`since`, `until`], and whether each was started."""
        ends = list(hours_between(since + HOUR, until + HOUR))
        days = sorted({self.key(end).rsplit("/", 1)[0] + "/" for end in ends})
        found = {key for day in days for key in list_keys(self.s3, self.bucket, day)}
        for end in ends:
            key = self.key(end)
            document = self._read(key) if key in found else {}
            # Without `due` it is one that an earlier version left: the monitor begins anew, and misses nothing else.
            if "due" in document:
                yield Run.from_dict(document), self.key(end, _STARTED) in found

    def write_manifest(self, end: datetime, name: str, location: str, keys: Iterable[str]) -> str:
        """A manifest of `keys`, which are relative to `location`, as SageMaker reads it; its URI."""
        manifest: list[Any] = [{"prefix": f"{location}/"}, *keys]
        key = self.key(end, f".{name}.manifest")
        self.s3.put_object(
            Bucket=self.bucket, Key=key, Body=json.dumps(manifest).encode(), ContentType="application/json"
        )
        return f"s3://{self.bucket}/{key}"
