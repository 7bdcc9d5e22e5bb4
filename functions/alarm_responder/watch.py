"""What is known about the open engine's own state, for the alarms on it: silent, without data, in disagreement.

The monitor keeps a record of every run (`{state}/{endpoint}/{schedule}/yyyy/mm/dd/hh.json`, by the hour of the window's
end), and the comparison of two engines one of every window. Nothing here may cost a notification: what cannot be read
becomes a sentence.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.alarm_responder.alarm_event import Alarm
from functions.common.s3_objects import UnreadableError, list_folders, list_keys, read_json

# A monitor may run once a day, and CloudWatch looks back a week. Windows that end before their run are looked for so
# much further back (`lag` below).
LOOKBACK = timedelta(days=7)
# A week of hourly runs; more would only say "for long" in other words.
MOST_RECORDS = 168
_HOUR_FILE = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(\d{2})\.json")


@dataclass(frozen=True)
class Silence:
    """`last_window_end` is when the last window ended that a run looked at; None if there is none in `lookback`."""

    last_window_end: datetime | None = None
    problem: str | None = None
    lookback: timedelta = LOOKBACK


@dataclass(frozen=True)
class Drought:
    """Windows without data, one after the other: the latest, the first of them, and how many.

    `last_with_data` is when the last window ended that had any; None if there is none in `lookback`.
    """

    window_start: str | None = None
    window_end: str | None = None
    since: datetime | None = None
    windows: int = 0
    last_with_data: datetime | None = None
    problem: str | None = None
    lookback: timedelta = LOOKBACK


@dataclass(frozen=True)
class Dispute:
    """The latest window on which two engines disagree (as `compare_engines` kept it), and since when they do."""

    document: Mapping[str, Any] | None = None
    key: str | None = None
    since: datetime | None = None
    windows: int = 0
    problem: str | None = None

    @property
    def disagreements(self) -> Sequence[Mapping[str, Any]]:
        """One entry a feature; what has not that shape is left out."""
        found = (self.document or {}).get("disagreements")
        return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def silence(s3: Any, alarm: Alarm, bucket: str, prefix: str | None, lag: timedelta = timedelta()) -> Silence:
    """When the monitor last ran; never raises for what cannot be read."""
    if prefix is None:
        return Silence(problem=_untold("The monitor's last run", "MONITOR_STATE_PREFIX"))
    try:
        hours = _hours(s3, bucket, f"{prefix}/{alarm.endpoint}/{alarm.schedule}/", until=alarm.changed_at, lag=lag)
        return Silence(last_window_end=next((hour for hour, _ in hours), None), lookback=LOOKBACK + lag)
    except UnreadableError as error:
        return Silence(problem=f"The monitor's last run could not be looked up: {error}.")


def drought(s3: Any, alarm: Alarm, bucket: str, prefix: str | None, lag: timedelta = timedelta()) -> Drought:
    """Since when the windows have been empty; never raises for what cannot be read."""
    if prefix is None:
        return Drought(problem=_untold("The monitor's runs", "MONITOR_STATE_PREFIX"))
    where = f"{prefix}/{alarm.endpoint}/{alarm.schedule}/"
    latest: Mapping[str, Any] = {}
    since: datetime | None = None
    windows = 0
    try:
        for hour, key in _hours(s3, bucket, where, until=alarm.changed_at, lag=lag):
            record = _object(read_json(s3, bucket, key))
            if record.get("route") != "none":
                return _drought(latest, since, windows, hour, lag)
            latest, since, windows = latest or record, hour, windows + 1
    except UnreadableError as error:
        return Drought(problem=f"The monitor's runs could not be looked up: {error}.")
    return _drought(latest, since, windows, None, lag)


def _drought(
    latest: Mapping[str, Any], since: datetime | None, windows: int, with_data: datetime | None, lag: timedelta
) -> Drought:
    start, end = latest.get("window_start"), latest.get("window_end")
    return Drought(
        window_start=str(start) if start else None,
        window_end=str(end) if end else None,
        since=since,
        windows=windows,
        last_with_data=with_data,
        lookback=LOOKBACK + lag,
    )


def dispute(s3: Any, alarm: Alarm, bucket: str, prefix: str | None, lag: timedelta = timedelta()) -> Dispute:
    """What the two engines disagree about; never raises for what cannot be read."""
    if prefix is None:
        return Dispute(problem=_untold("What the engines disagree about", "AGREEMENT_PREFIX"))
    where = f"{prefix}/{alarm.endpoint}/"
    try:
        for kind in list_folders(s3, bucket, where):
            found = _dispute(s3, alarm, bucket, f"{where}{kind}/", lag)
            if found is not None:
                return found
    except UnreadableError as error:
        return Dispute(problem=f"What the engines disagree about could not be looked up: {error}.")
    return Dispute(problem=f"No comparison of this schedule was found in s3://{bucket}/{where}.")


def _dispute(s3: Any, alarm: Alarm, bucket: str, prefix: str, lag: timedelta) -> Dispute | None:
    """None if the comparisons below `prefix` are another schedule's, or agree."""
    latest: tuple[Mapping[str, Any], str] | None = None
    since: datetime | None = None
    windows = 0
    for hour, key in _hours(s3, bucket, prefix, until=alarm.changed_at, lag=lag):
        document = _object(read_json(s3, bucket, key))
        if _object(document.get("schedules")).get("open") != alarm.schedule:
            return None
        if document.get("disagreements"):
            latest, since, windows = latest or (document, key), hour, windows + 1
        elif latest:
            break
    return Dispute(document=latest[0], key=latest[1], since=since, windows=windows) if latest else None


def _hours(s3: Any, bucket: str, prefix: str, *, until: datetime, lag: timedelta) -> Iterator[tuple[datetime, str]]:
    """(hour, key) of the files of a week and `lag` up to `until`, the newest first, at most MOST_RECORDS of them."""
    lookback = LOOKBACK + lag
    shown = 0
    for days in range(lookback.days + 2):  # part of a day at either end
        day = until - timedelta(days=days)
        found = {
            hour: key
            for key in list_keys(s3, bucket, f"{prefix}{day:%Y/%m/%d}/")
            if (hour := _hour(key.removeprefix(prefix))) is not None and until - lookback <= hour <= until
        }
        for hour in sorted(found, reverse=True):
            if shown == MOST_RECORDS:
                return
            shown += 1
            yield hour, found[hour]


def _hour(path: str) -> datetime | None:
    match = _HOUR_FILE.fullmatch(path)
    if match is None:
        return None  # a manifest beside the record
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), int(match[4]), tzinfo=UTC)
    except ValueError:
        return None  # somebody's own file


def _untold(what: str, variable: str) -> str:
    return f"{what} could not be looked up: the function is not told where (environment variable {variable})."


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
