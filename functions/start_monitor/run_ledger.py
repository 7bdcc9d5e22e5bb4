"""What every run has taken, so that a second delivery takes the same and a late file is counted once.

One object a run, `{state}/{endpoint}/{schedule}/yyyy/mm/dd/hh.json` by the hour of the window's end, written with a
condition: the first delivery decides which files a window has, whoever comes second reads it there. Beside it,
`hh.held` says until when a delivery is at work to start the run, and `hh.started` that it was started: what one took
that never was is still there for the next.
"""

import base64
import gzip
import json
import re
import time
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from contract.bucket_layout import hour_folder
from functions.common.aws_clients import error_code
from functions.common.deliveries import count_delivery
from functions.common.json_logging import log
from functions.common.s3_objects import (
    DamagedError,
    ListedObject,
    exists,
    list_keys,
    list_objects,
    read_json,
    split_location,
)
from functions.start_monitor.plan import Plan
from functions.start_monitor.time_window import HOUR, Window, hours_between, parse_time

_LOST = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409"})
_STARTED = ".started"
_HELD = ".held"
_SETTLED = ".settled"
_TRIES = ".tries"
_SECOND = ".second"
_DAMAGED = ".damaged"
_RECORD = re.compile(r"\d\d\.json")
_DAYS_BACK = 7
_ALLOWANCE_SECONDS = 5.0  # for clocks that differ
# A day of one file a second takes 3 MB (packed); thirty such days are beyond what this function can hold.
_MAX_BYTES = 64 * 1024 * 1024
# So many records are kept in an environment, of so few files each: an hour's run reads those of the hours before it.
_MOST_KEPT, _FEW_FILES = 500, 100


def packed(keys: Iterable[str]) -> str:
    """Keys as a record has them: a day may have 86,400, all much alike. The manifest beside has them in plain words."""
    return base64.b64encode(gzip.compress(json.dumps(list(keys)).encode(), mtime=0)).decode()


def unpacked(text: str) -> tuple[str, ...]:
    """The keys again."""
    return tuple(json.loads(gzip.decompress(base64.b64decode(text))))


@dataclass(frozen=True)
class Run:
    """A window and the files that it took, as keys below the captures' place.

    `late_files` are of hours before the window; `due` is the run's hour; `odd_keys` is how many were left out;
    `replaced` are captures of earlier runs, each with the moment (seconds) at which it was written again after it was
    taken, that no run before has named; `left_out` says both for people.
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
    odd_keys: int = 0
    replaced: tuple[tuple[str, float], ...] = ()
    left_out: str = ""

    @property
    def all_files(self) -> tuple[str, ...]:
        """All files in the order in which the job gets them."""
        return (*self.late_files, *self.files)

    def without(self, made_up_for: Collection[str], taken: Collection[str]) -> "Run":
        """The run, but for files that a later one made up for, and late files that an earlier one has taken."""
        return replace(
            self,
            files=tuple(key for key in self.files if key not in made_up_for),
            late_files=tuple(key for key in self.late_files if key not in made_up_for and key not in taken),
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
            "odd_keys": self.odd_keys,
            "replaced": [list(item) for item in self.replaced],
            "left_out": self.left_out,
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
            odd_keys=int(document.get("odd_keys", 0)),
            replaced=tuple((str(key), float(moment)) for key, moment in document.get("replaced", ())),
            left_out=str(document.get("left_out", "")),
        )


@dataclass(frozen=True)
class Past:
    """What earlier runs leave for a window.

    The files that were `taken` by those that were started, and when (seconds, by S3's clock, as the files' own times);
    which of them were `replaced` afterwards, as runs have named them; where the first window `began` that ended before
    this one, None without any (then there is no monitor that could have missed something); and where the first of them
    began whose run was never started.
    """

    taken: Mapping[str, float]
    replaced: frozenset[tuple[str, float]]
    began: datetime | None
    missed_from: datetime | None


@dataclass(frozen=True)
class Unsettled:
    """A run that was started at `started_at` (seconds), of which it is not yet known how it ended."""

    end: datetime
    run: Run
    started_at: float
    has_second: bool


_kept: dict[tuple[str, str, str], Run] = {}
"""Records that were read, by bucket, key and ETag."""


@dataclass(frozen=True)
class Records:
    """The runs of one schedule."""

    s3: Any
    bucket: str
    root: str
    endpoint: str
    schedule: str
    now: Callable[[], float] = time.time

    @classmethod
    def of(cls, s3: Any, plan: Plan, now: Callable[[], float] = time.time) -> "Records":
        """The runs of the plan's schedule; `now` is the time in seconds since the epoch."""
        bucket, root = split_location(plan.state_uri)
        return cls(s3, bucket, root, plan.endpoint, plan.schedule, now)

    @property
    def prefix(self) -> str:
        """Below which everything of the schedule is."""
        return "/".join(part for part in (self.root, self.endpoint, self.schedule) if part)

    @property
    def turn_key(self) -> str:
        """Key of the marker of the delivery that decides at the moment."""
        return f"{self.prefix}/turn.json"

    def key(self, end: datetime, suffix: str = ".json") -> str:
        """Key of the record of the window that ends at `end`, or of a file beside it."""
        return f"{self.prefix}/{hour_folder(end)}{suffix}"

    def read(self, end: datetime) -> Run | None:
        """The run of the window that ends at `end`; None if there was none, or if what is there cannot be read."""
        key = self.key(end)
        return self._readable(key) if exists(self.s3, self.bucket, key) else None

    def _readable(self, key: str) -> Run | None:
        """A record; one that is damaged is set aside under another name, logged, and is none from then on.

        What it took is not known any more: the next run finds those files untaken, and counts them once more. AWS's own
        errors are no damage.
        """
        try:
            document = self._read(key)
            # Without `due` it is one that an earlier version left: the monitor begins anew, and misses nothing else.
            return Run.from_dict(document) if "due" in document.keys() else None  # noqa: SIM118 -- a list has no keys
        except DamagedError as error:
            damage = str(error)
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, zlib.error) as error:
            damage = f"s3://{self.bucket}/{key} is no record of a run ({type(error).__name__}: {error})"
        log("ERROR", "a damaged record was set aside", reason=damage, kept_as=f"{key}{_DAMAGED}")
        damaged = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read(_MAX_BYTES)
        self._write(f"{key}{_DAMAGED}", damaged)
        self._write(key, json.dumps({"damaged": damage}).encode())  # nobody here may delete
        return None

    def _write(self, key: str, body: bytes, **condition: str) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body, ContentType="application/json", **condition)

    def _read(self, key: str) -> Any:
        return read_json(self.s3, self.bucket, key, max_bytes=_MAX_BYTES)

    def keep(self, end: datetime, run: Run) -> Run:
        """Write the record unless there is one; the one that counts comes back."""
        key, body = self.key(end), json.dumps(run.to_dict()).encode()
        try:
            self._write(key, body, IfNoneMatch="*")
        except ClientError as error:
            if error_code(error) not in _LOST:
                raise
            kept = self._readable(key)
            if kept is not None:
                return kept
            self._write(key, body)  # in place of a damaged one
        return run

    def is_started(self, end: datetime) -> bool:
        """Whether the run of the window that ends at `end` was started."""
        return exists(self.s3, self.bucket, self.key(end, _STARTED))

    def mark_started(self, end: datetime, what: str) -> None:
        """Note that the run was started, as `what`."""
        self._write(self.key(end, _STARTED), json.dumps({"started": what, "at": self.now()}).encode())

    def hold(self, end: datetime, until: float) -> None:
        """Note that a delivery is at work to start the run, and dead for certain at `until` (seconds)."""
        self._write(self.key(end, _HELD), json.dumps({"until": until + _ALLOWANCE_SECONDS}).encode())

    def let_go(self, end: datetime) -> None:
        """Note that nobody is at work any more: the run could not be started."""
        self._write(self.key(end, _HELD), json.dumps({"until": 0.0}).encode())

    def count_try(self, end: datetime) -> int:
        """Count a delivery that could not start the run; how many there were."""
        return count_delivery(self.s3, self.bucket, self.key(end, _TRIES))

    def _is_held(self, end: datetime) -> bool:
        try:
            return float(self._read(self.key(end, _HELD))["until"]) > self.now()
        except (DamagedError, TypeError, KeyError, ValueError):
            return False

    def past(self, since: datetime, window: Window, was_started: Callable[[Run], bool]) -> "Past":
        """What the runs of windows that ended after `since` leave for `window`.

        Of windows that overlap the later ones took files as their own, too. `was_started`: see `_runs`.
        """
        taken: dict[str, float] = {}
        replaced: set[tuple[str, float]] = set()
        began: list[datetime] = []
        missed: list[datetime] = []
        for run, is_taken, written in self._runs(since, window.end, was_started):
            start, end = parse_time(run.window_start), parse_time(run.window_end)
            if is_taken or not run.all_files:
                replaced.update(run.replaced)
            if is_taken:
                taken.update(dict.fromkeys(run.all_files, written))
            elif run.all_files and end <= window.start:
                missed.append(parse_time(run.late_from) if run.late_from else start)
            if end <= window.start:
                began.append(start)
        return Past(taken, frozenset(replaced), min(began, default=None), min(missed, default=None))

    def made_up_for(self, window: Window, late_hours: int, was_started: Callable[[Run], bool]) -> frozenset[str]:
        """Files that runs of later windows took as late: perhaps of `window`, whose own run came too late.

        The last run that looks so far back begins `late_hours` after the window, and is as long as any; or it is one
        that made up for hours without any, perhaps the latest.
        """
        usual = window.end + late_hours * HOUR + (window.end - window.start)
        until = max(usual, datetime.fromtimestamp(self.now(), UTC).replace(minute=0, second=0, microsecond=0))
        later = self._runs(window.end, until, was_started)
        return frozenset(key for run, is_taken, _ in later if is_taken for key in run.late_files)

    def taken_before(self, run: Run, was_started: Callable[[Run], bool]) -> frozenset[str]:
        """Files of runs of earlier windows, back to where the run's late files begin.

        What a delivery took that could not start the run may be the earlier windows' own by now, whose runs came after.
        """
        if run.late_from is None:
            return frozenset()
        earlier = self._runs(parse_time(run.late_from), parse_time(run.window_end) - HOUR, was_started)
        return frozenset(key for other, is_taken, _ in earlier if is_taken for key in other.all_files)

    def _runs(
        self, since: datetime, until: datetime, was_started: Callable[[Run], bool]
    ) -> Iterator[tuple[Run, bool, float]]:
        """Runs whose windows end in (`since`, `until`], whether their files are theirs, and when that was decided.

        They are if the run was started, or if a delivery is at work to start it. If one died, `was_started` is asked
        whether it died before or after it had.
        """
        found = self._keys(since, until)
        for end in hours_between(since + HOUR, until + HOUR):
            run = self._listed(found[self.key(end)]) if self.key(end) in found else None
            if run is None:
                continue
            is_taken = self.key(end, _STARTED) in found
            if not is_taken and run.all_files and self.key(end, _HELD) in found:
                is_taken = self._is_held(end) or was_started(run)
            yield run, is_taken, found[self.key(end)].modified

    def _listed(self, item: ListedObject) -> Run | None:
        """As `_readable`, of a record that was listed: what was read before and is the same is not read again."""
        place = (self.bucket, item.key, item.etag)
        if place in _kept:
            return _kept[place]
        run = self._readable(item.key)
        if run is not None and item.etag and len(run.all_files) <= _FEW_FILES:
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            _kept[place] = run
        return run

    def _keys(self, since: datetime, until: datetime) -> Mapping[str, ListedObject]:
        """What lies there of these windows."""
        days = sorted({self.key(end).rsplit("/", 1)[0] + "/" for end in hours_between(since + HOUR, until + HOUR)})
        if not days:
            return {}
        # A listing brings a thousand keys, a week of hourly runs: several days are one, from the first to the last.
        first, last = days[0], days[-1]
        if first == last:
            listed = list_objects(self.s3, self.bucket, first)
        else:
            listed = list_objects(self.s3, self.bucket, f"{self.prefix}/", after=first)
        return {item.key: item for item in takewhile(lambda item: item.key[: len(last)] <= last, listed)}

    def last_before(self, moment: datetime) -> datetime | None:
        """When the last window ended of which there is a record, up to `moment`; None if there is none for a week."""
        for days in range(_DAYS_BACK):
            day = moment - timedelta(days=days)
            folder = f"{self.prefix}/{day:%Y/%m/%d}/"
            names = (key.removeprefix(folder) for key in list_keys(self.s3, self.bucket, folder))
            midnight = day.replace(hour=0)
            ends = [midnight + int(name[:2]) * HOUR for name in names if _RECORD.fullmatch(name)]
            if known := [end for end in ends if end <= moment]:
                return max(known)
        return None

    def unsettled(self, since: datetime, until: datetime) -> Iterator[Unsettled]:
        """Started runs with files of windows that end in (`since`, `until`]."""
        found = self._keys(since, until)
        for end in hours_between(since + HOUR, until + HOUR):
            if not {self.key(end), self.key(end, _STARTED)} <= found.keys() or self.key(end, _SETTLED) in found:
                continue
            run = self._listed(found[self.key(end)])
            if run is not None and run.all_files:
                started = self._read(self.key(end, _STARTED))
                yield Unsettled(end, run, float(started.get("at", 0.0)), self.key(end, _SECOND) in found)

    def settle(self, end: datetime, facts: Mapping[str, str]) -> None:
        """Note how the run ended: nobody looks at it again."""
        self._write(self.key(end, _SETTLED), json.dumps(dict(facts)).encode())

    def mark_second(self, end: datetime, job: str) -> None:
        """Note that the run is tried once more, as `job`."""
        self._write(self.key(end, _SECOND), json.dumps({"job": job, "at": self.now()}).encode())

    def manifest_uri(self, end: datetime, name: str) -> str:
        """Where `write_manifest` puts it."""
        return f"s3://{self.bucket}/{self.key(end, f'.{name}.manifest')}"

    def write_manifest(self, end: datetime, name: str, location: str, keys: Iterable[str]) -> str:
        """A manifest of `keys`, which are relative to `location`, as SageMaker reads it; its URI."""
        manifest: list[Any] = [{"prefix": f"{location}/"}, *keys]
        self._write(self.key(end, f".{name}.manifest"), json.dumps(manifest).encode())
        return self.manifest_uri(end, name)
