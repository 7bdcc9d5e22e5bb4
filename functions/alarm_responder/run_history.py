"""The monitor's runs, as their results lie in S3: `{results}/{endpoint}/{schedule}/yyyy/mm/dd/hh/FILE`.

Those of a batch lie one folder deeper (contract.bucket_layout.batch_folder): an hour may have several.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bucket_layout import VIOLATIONS
from functions.common.s3_objects import list_keys

_HOUR_AND_FILE = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(\d{2})/((?:[0-5]\d[0-5]\d-[^/]+/)?)([^/]+)")


@dataclass(frozen=True)
class Run:
    """The results of one execution. `hour` (UTC) is the scheduled one, which is where its window ends."""

    hour: datetime
    prefix: str
    files: frozenset[str]

    @property
    def violations_key(self) -> str | None:
        """Key of the violations file; None for a run that found none, which writes no such file."""
        return next((self.prefix + name for name in VIOLATIONS if name in self.files), None)

    def key(self, name: str) -> str | None:
        """Key of the result file of that name; None if the run has none."""
        return self.prefix + name if name in self.files else None


@dataclass(frozen=True)
class Streak:
    """Consecutive runs with violations. `complete` is False if the first run that was looked at has some already."""

    since: datetime
    runs: int
    complete: bool


def list_runs(s3: Any, bucket: str, schedule_prefix: str, *, until: datetime, lookback: timedelta) -> list[Run]:
    """Runs of the hours (until - lookback) to `until`, newest first; `schedule_prefix` ends with a slash.

    One listing a day: a handful of requests, however long the schedule's history is.
    """
    files: dict[tuple[datetime, str], set[str]] = {}
    for day in _days(until - lookback, until):
        for key in list_keys(s3, bucket, f"{schedule_prefix}{day:%Y/%m/%d}/"):
            match = _HOUR_AND_FILE.fullmatch(key.removeprefix(schedule_prefix))
            if match is None:
                continue
            try:
                hour = datetime(int(match[1]), int(match[2]), int(match[3]), int(match[4]), tzinfo=UTC)
            except ValueError:
                continue  # someone's own folder below the day
            if until - lookback <= hour <= until:
                files.setdefault((hour, match[5]), set()).add(match[6])
    return [
        Run(hour=hour, prefix=f"{schedule_prefix}{hour:%Y/%m/%d/%H}/{batch}", files=frozenset(found))
        for (hour, batch), found in sorted(files.items(), key=lambda item: item[0], reverse=True)
    ]


def _days(first: datetime, last: datetime) -> Iterator[datetime]:
    day = first.replace(hour=0, minute=0, second=0, microsecond=0)
    while day <= last:
        yield day
        day += timedelta(days=1)


def streak(runs: Sequence[Run]) -> Streak | None:
    """How long it has been going on: the newest run with violations and those right before it; None without one.

    Hours without results (no traffic, a failed job) neither end a streak nor count in it.
    """
    start = next((index for index, run in enumerate(runs) if run.violations_key), None)
    if start is None:
        return None
    end = start
    while end + 1 < len(runs) and runs[end + 1].violations_key:
        end += 1
    return Streak(since=runs[end].hour, runs=end - start + 1, complete=end + 1 < len(runs))
