"""EventBridge Scheduler: the schedules that ministack keeps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import ministack.core.iam_actions as _iam_actions
from ministack.services import eventbridge as _eventbridge
from ministack.services import scheduler as _scheduler

from local_aws.seams.requests import json_object


def stop_own_scheduler() -> None:
    """Keep ministack from firing schedules of EventBridge Scheduler: it would on real time, and without their role."""
    _scheduler.start_scheduler = lambda: None


def authorise_schedules_by_group() -> None:
    """A schedule is named by its group, which is in the request's body or query.

    ministack takes every schedule for one of the group `default`. Source: Service Authorization Reference, Amazon
    EventBridge Scheduler: resource type schedule, `schedule/${GroupName}/${ScheduleName}`.
    """
    original = _iam_actions.extract_resource_arn
    ungrouped = ":schedule/default/"

    def extract(service: str, method: str, path: str, headers: dict[str, str], body: bytes, *rest: Any) -> str:
        found = str(original(service, method, path, headers, body, *rest))
        if service != "scheduler" or ungrouped not in found:
            return found
        query = (rest[0] if rest else {}).get("groupName")
        group = json_object(body).get("GroupName") or (query[0] if isinstance(query, list) and query else query)
        return found.replace(ungrouped, f":schedule/{group or 'default'}/")

    _iam_actions.extract_resource_arn = extract


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
