"""EventBridge Scheduler: the schedules that ministack keeps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ministack.services import eventbridge as _eventbridge
from ministack.services import scheduler as _scheduler


def stop_own_scheduler() -> None:
    """Keep ministack from firing schedules of EventBridge Scheduler: it would on real time, and without their role."""
    _scheduler.start_scheduler = lambda: None


def schedules_everywhere() -> list[tuple[str, str, dict[str, Any]]]:
    """Every schedule of EventBridge Scheduler as (account, region, schedule)."""
    return [(account, region, item) for (account, region, _), item in list(_scheduler._schedules._data.items())]


def forget_schedule(account: str, region: str, schedule: Mapping[str, Any]) -> None:
    """Delete a schedule that has completed."""
    _scheduler._schedules._data.pop((account, region, f"{schedule['GroupName']}/{schedule['Name']}"), None)


def moment(value: Any) -> datetime | None:
    """A time as ministack keeps it (seconds or ISO 8601) in UTC; None for None."""
    seconds = _scheduler._to_epoch(value)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def next_cron_time(expression: str, after: datetime) -> datetime | None:
    """The first time after the minute of `after` (both without a zone) that a `cron(…)` of six fields matches."""
    fields = _eventbridge._parse_cron_fields(expression)
    if fields is None:
        raise ValueError("a cron expression has six fields, one of day-of-month and day-of-week being ?")
    found = _eventbridge._cron_next_fire(fields, after.replace(tzinfo=UTC))
    return None if found is None else found.replace(tzinfo=None)
