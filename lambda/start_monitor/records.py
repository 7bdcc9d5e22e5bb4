"""What every run has taken, so that a second delivery takes the same and a late file is counted once.

One object a run, `{state}/{endpoint}/{schedule}/yyyy/mm/dd/hh.json` by the hour of the window's end, written with a
condition: the first delivery decides which files a window has, whoever comes second reads it there.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from plan import Plan
from shared.clients import error_code
from shared.objects import exists, list_keys, read_json, split_location
from window import HOUR, hour_path, hours_between, parse_time

_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})


@dataclass(frozen=True)
class Run:
    """A window and the files that it took. `late_files` are of hours before the window."""

    window_start: str
    window_end: str
    files: tuple[str, ...]
    late_files: tuple[str, ...]
    late_from: str | None
    size: int
    job_name: str
    route: str
    excluded_variants: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As it is kept."""
        return {
            "window_start": self.window_start,
            "window_end": self.window_end,
            "files": list(self.files),
            "late_files": list(self.late_files),
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
            files=tuple(document["files"]),
            late_files=tuple(document["late_files"]),
            late_from=document.get("late_from"),
            size=int(document["bytes"]),
            job_name=str(document["job_name"]),
            route=str(document["route"]),
            excluded_variants=tuple(document.get("excluded_variants", ())),
        )


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
        return Run.from_dict(read_json(self.s3, self.bucket, key)) if exists(self.s3, self.bucket, key) else None

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
            return Run.from_dict(read_json(self.s3, self.bucket, self.key(end)))
        return run

    def taken(self, since: datetime, until: datetime) -> tuple[frozenset[str], datetime | None]:
        """Files that runs whose windows end in (`since`, `until`] have taken, and where the first such window began.

        The second is None without any such run: then there is no monitor that could have missed something.
        """
        files: set[str] = set()
        began: list[datetime] = []
        for key in self._keys(hours_between(since + HOUR, until + HOUR)):
            run = Run.from_dict(read_json(self.s3, self.bucket, key))
            files.update(run.files, run.late_files)
            began.append(parse_time(run.window_start))
        return frozenset(files), min(began, default=None)

    def _keys(self, hours: Iterable[datetime]) -> list[str]:
        wanted = {self.key(hour) for hour in hours}
        days = sorted({key.rsplit("/", 1)[0] + "/" for key in wanted})
        return [key for day in days for key in list_keys(self.s3, self.bucket, day) if key in wanted]

    def write_manifest(self, end: datetime, name: str, location: str, keys: Iterable[str]) -> str:
        """A manifest of `keys`, which lie below `location`, as SageMaker reads it; its URI."""
        bucket, prefix = split_location(location)
        base = f"{prefix}/" if prefix else ""
        manifest: list[Any] = [{"prefix": f"s3://{bucket}/{base}"}, *(key.removeprefix(base) for key in keys)]
        key = self.key(end, f".{name}.manifest")
        self.s3.put_object(
            Bucket=self.bucket, Key=key, Body=json.dumps(manifest).encode(), ContentType="application/json"
        )
        return f"s3://{self.bucket}/{key}"
