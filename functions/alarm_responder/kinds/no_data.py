"""A window in which nothing was captured."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    place_lines,
    plural,
    problem_lines,
    schedule_lines,
    step_lines,
    subject_of,
)
from functions.alarm_responder.run_records import LOOKBACK, as_object, hours, untold
from functions.common.s3_objects import UnreadableError, read_json


@dataclass(frozen=True)
class EmptyWindows:
    """Windows without data, one after the other: the latest, the first of them, and how many.

    `last_with_data` is when the last window ended that had any; None if there is none in `lookback`.
    """

    window_start: str | None = None
    window_end: str | None = None
    since: datetime | None = None
    windows: int = 0
    last_with_data: datetime | None = None
    left_out: str = ""
    """What the latest run said of what it left where it lies."""
    problem: str | None = None
    lookback: timedelta = LOOKBACK


def look(alarm: Alarm, sources: Sources) -> EmptyWindows:
    """Since when the windows have been empty; never raises for what cannot be read."""
    s3, bucket, prefix, lag = sources.s3, sources.bucket, sources.monitor_state_prefix, sources.lag
    if prefix is None:
        return EmptyWindows(problem=untold("The monitor's runs", "MONITOR_STATE_PREFIX"))
    where = f"{prefix}/{alarm.endpoint}/{alarm.schedule}/"
    latest: Mapping[str, Any] = {}
    since: datetime | None = None
    windows = 0
    try:
        for hour, key in hours(s3, bucket, where, until=alarm.changed_at, lag=lag):
            record = as_object(read_json(s3, bucket, key))
            if record.get("route") != "none":
                return _empty(latest, since, windows, hour, lag)
            latest, since, windows = latest or record, hour, windows + 1
    except UnreadableError as error:
        return EmptyWindows(problem=f"The monitor's runs could not be looked up: {error}.")
    return _empty(latest, since, windows, None, lag)


def _empty(
    latest: Mapping[str, Any], since: datetime | None, windows: int, with_data: datetime | None, lag: timedelta
) -> EmptyWindows:
    start, end = latest.get("window_start"), latest.get("window_end")
    return EmptyWindows(
        window_start=str(start) if start else None,
        window_end=str(end) if end else None,
        since=since,
        windows=windows,
        last_with_data=with_data,
        left_out=str(latest.get("left_out") or ""),
        lookback=LOOKBACK + lag,
    )


def notification(alarm: Alarm, found: EmptyWindows, context: MessageContext) -> Notification:
    """Write the message on a window in which nothing was captured."""
    facts = schedule_lines(alarm, context)
    if found.window_start and found.window_end:
        facts.append(f"Window    {found.window_start} to {found.window_end}")
    if found.since:
        facts.append(f"Since     the window that ended at {hour_text(found.since)} ({plural(found.windows, 'window')})")
    if found.problem is None:
        last = f"in the window that ended at {hour_text(found.last_with_data)}" if found.last_with_data else None
        facts.append(f"Last data {last or f'none in the {found.lookback.days} days before the alarm'}")
    headline = f"{alarm.endpoint}: the monitor found no data to look at, so it looked at nothing. No job ran."
    step = "Does anybody call the endpoint? See its metric Invocations (AWS/SageMaker): if not, ask who should."
    sections = [
        [headline],
        facts,
        problem_lines(found.problem),
        [clip(found.left_out, 1100)] if found.left_out else [],
        step_lines(
            step,
            "If it is called: is data capture on in its configuration, and may the model's role write to the bucket?",
            "A monitor of model quality or of bias needs labels as well: has whoever brings them stopped?",
        ),
        place_lines(context),
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject_of(alarm, "no data to monitor", [alarm.schedule or ""]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "no-data"),
        chat=[headline, found.left_out or step],
    )


KIND = AlarmKind(look, notification)
