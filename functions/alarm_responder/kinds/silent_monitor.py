"""The monitor has not run: nobody is watching the model."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    hour_text,
    place_lines,
    problem_lines,
    schedule_lines,
    step_lines,
    subject_of,
)
from functions.alarm_responder.run_records import LOOKBACK, hours, untold
from functions.common.s3_objects import UnreadableError


@dataclass(frozen=True)
class LastRun:
    """`last_window_end` is when the last window ended that a run looked at; None if there is none in `lookback`."""

    last_window_end: datetime | None = None
    problem: str | None = None
    lookback: timedelta = LOOKBACK


def look(alarm: Alarm, sources: Sources) -> LastRun:
    """When the monitor last ran; never raises for what cannot be read."""
    s3, bucket, prefix, lag = sources.s3, sources.bucket, sources.monitor_state_prefix, sources.lag
    if prefix is None:
        return LastRun(problem=untold("The monitor's last run", "MONITOR_STATE_PREFIX"))
    try:
        ended = hours(s3, bucket, f"{prefix}/{alarm.endpoint}/{alarm.schedule}/", until=alarm.changed_at, lag=lag)
        return LastRun(last_window_end=next((hour for hour, _ in ended), None), lookback=LOOKBACK + lag)
    except UnreadableError as error:
        return LastRun(problem=f"The monitor's last run could not be looked up: {error}.")


def notification(alarm: Alarm, found: LastRun, context: MessageContext) -> Notification:
    """Write the message on a monitor that has not run."""
    if found.problem is not None:
        last = "not known"
    elif found.last_window_end is None:
        last = f"none in the {found.lookback.days} days before the alarm"
    else:
        last = f"over the window that ended at {hour_text(found.last_window_end)}"
    schedule = alarm.schedule or ""
    headline = f"{alarm.endpoint}: the monitor is silent. Nobody is watching the model until it runs again."
    sections = [
        [headline],
        [*schedule_lines(alarm, context), f"Last run  {last}"],
        problem_lines(found.problem),
        step_lines(
            f"Is the schedule there and enabled? Open engine: aws scheduler list-schedules --name-prefix {schedule}; "
            f"Model Monitor: aws sagemaker list-monitoring-executions --monitoring-schedule-name {schedule}",
            "Does it run, and nobody hears of it? See the function that ends in processing-metrics and its rule.",
            "Was a run due and not delivered? See the schedules' dead-letter queue; its messages say why.",
            "Did the function that starts runs fail? See its log group, which ends in start-monitor-logs and a suffix.",
            "Once it runs again it takes up files of the hours before, as far back as open_engine.late_hours.",
        ),
        place_lines(context),
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject_of(alarm, "the monitor is silent", [schedule]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "silent-monitor"),
        chat=[headline, f"Last run: {last}", f"First: is the schedule {schedule} there and enabled?"],
    )


KIND = AlarmKind(look, notification)
