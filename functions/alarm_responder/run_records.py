"""Records by the hour: of the runs that the open engine took, of the windows on which two engines were compared.

Both lie at `…/yyyy/mm/dd/hh.json`, by the hour of the window's end.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from functions.common.s3_objects import list_keys

# A monitor may run once a day, and CloudWatch looks back a week. Windows that end before their run are looked for so
# much further back (`lag` below).
LOOKBACK = timedelta(days=7)
# A week of hourly runs; more would only say "for long" in other words.
MOST_RECORDS = 168
_HOUR_FILE = re.compile(r"(\d{4})/(\d{2})/(\d{2})/(\d{2})\.json")


def hours(s3: Any, bucket: str, prefix: str, *, until: datetime, lag: timedelta) -> Iterator[tuple[datetime, str]]:
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


def untold(what: str, variable: str) -> str:
    return f"{what} could not be looked up: the function is not told where (environment variable {variable})."


def as_object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
