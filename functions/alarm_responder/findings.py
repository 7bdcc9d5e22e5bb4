"""Gathers what the message tells: the run behind an alarm, its violations, since when, and the values on both sides.

Nothing here may cost a notification: what cannot be read becomes a sentence in `problems`, which the message shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bucket_layout import FAILURE_NOTES_FOLDER, STATISTICS
from contract.failure_note import note_key
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.column_summaries import summaries
from functions.alarm_responder.run_history import Run, Streak, list_runs, streak
from functions.common.s3_objects import UnreadableError, exists, read_json, split_uri
from functions.common.violations import MalformedViolationsError, Violation, parse_violations

LOOKBACK = timedelta(hours=48)
# An alarm changes within minutes of the metric, and the metric comes within the hour for which EventBridge tries.
NOTE_HOLDS = timedelta(hours=2)


@dataclass(frozen=True)
class Findings:
    """What the results in S3 say about an alarm.

    `run` is the newest run with violations, `newer_clean_run` one after it, if any. `violations` is None if they could
    not be read. `lookback` is how far back was looked. `baseline` and `current` are one-line summaries by feature or
    metric. `problems` are sentences for a person.
    """

    run: Run | None = None
    newer_clean_run: Run | None = None
    streak: Streak | None = None
    violations: Sequence[Violation] | None = None
    lookback: timedelta = LOOKBACK
    baseline: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


@dataclass(frozen=True)
class FailedJob:
    """The latest failed job of a schedule, as it was noted (functions/README.md has the form).

    `in_function`: a function did it or should have started it, and SageMaker knows of no such job; then `log_group` is
    where that function's words are, if it said so.
    """

    name: str
    kind: str
    status: str
    reason: str
    ended: datetime | None
    in_function: bool = False
    log_group: str | None = None


def gather(
    s3: Any,
    alarm: Alarm,
    *,
    bucket: str,
    results_prefix: str,
    baseline_statistics_uri: str | None,
    lag: timedelta = timedelta(),
) -> Findings:
    """Everything about a violations alarm that can be read; never raises for what cannot.

    Results lie at the hour in which their window ends: `lag` before the run. The time looked at grows by it and does
    not move, since an engine may as well file a run under its own hour.
    """
    lookback = LOOKBACK + lag
    schedule_prefix = f"{results_prefix}/{alarm.endpoint}/{alarm.schedule}/"
    try:
        runs = list_runs(s3, bucket, schedule_prefix, until=alarm.changed_at, lookback=lookback)
    except UnreadableError as error:
        return Findings(problems=(f"The monitor's results could not be looked up: {error}.",))
    run = next((candidate for candidate in runs if candidate.violations_key), None)
    if run is None or run.violations_key is None:
        return Findings(problems=(_no_violations(runs, bucket, schedule_prefix, lookback),))
    problems: list[str] = []
    violations = _violations(s3, bucket, run.violations_key, problems)
    current_key = run.key(STATISTICS)
    current = _summaries(s3, bucket, current_key, "this run's statistics", problems) if current_key else {}
    return Findings(
        run=run,
        newer_clean_run=runs[0] if runs[0] is not run else None,
        streak=streak(runs),
        violations=violations,
        lookback=lookback,
        baseline=_baseline(s3, baseline_statistics_uri, problems),
        current=current,
        problems=tuple(problems),
    )


def _no_violations(runs: Sequence[Run], bucket: str, schedule_prefix: str, lookback: timedelta) -> str:
    hours = lookback // timedelta(hours=1)
    if not runs:
        return f"No results of the {hours} hours before the alarm were found in s3://{bucket}/{schedule_prefix}."
    return (
        f"None of the {len(runs)} runs of the {hours} hours before the alarm left a constraint_violations.json; "
        f"the newest is s3://{bucket}/{runs[0].prefix}."
    )


def _violations(s3: Any, bucket: str, key: str, problems: list[str]) -> Sequence[Violation] | None:
    try:
        return parse_violations(read_json(s3, bucket, key))
    except UnreadableError as error:
        problems.append(f"The violations could not be read: {error}.")
    except MalformedViolationsError as error:
        problems.append(
            f"The violations could not be read: s3://{bucket}/{key} is not in the monitor's format, {error}."
        )
    return None


def _summaries(s3: Any, bucket: str, key: str, what: str, problems: list[str]) -> Mapping[str, str]:
    try:
        return summaries(read_json(s3, bucket, key))
    except UnreadableError as error:
        problems.append(f"Values are not shown for {what}: {error}.")
        return {}


def _baseline(s3: Any, uri: str | None, problems: list[str]) -> Mapping[str, str]:
    if uri is None:
        return {}
    bucket, key = split_uri(uri)
    return _summaries(s3, bucket, key, "the baseline", problems)


def failed_job(s3: Any, alarm: Alarm, *, bucket: str, state_prefix: str) -> tuple[FailedJob | None, str | None]:
    """The failed job that was noted for the alarm's schedule; or None, and a sentence on why it is not known.

    There is one note a schedule, the latest. One from long before the alarm is about another failure: its reason would
    send people after what was mended long ago. One without a time is shown, and says so.
    """
    key = note_key(f"{state_prefix}/{FAILURE_NOTES_FOLDER}", str(alarm.endpoint), str(alarm.schedule))
    try:
        if not exists(s3, bucket, key):
            return None, f"No failed job has been noted in s3://{bucket}/{key}."
        record = read_json(s3, bucket, key)
    except UnreadableError as error:
        return None, f"The failed job could not be looked up: {error}."
    if not isinstance(record, Mapping):
        return None, f"The failed job could not be looked up: s3://{bucket}/{key} is no object."
    ended = _moment(record.get("ended"))
    if ended is not None and alarm.changed_at - ended > NOTE_HOLDS:
        return None, (
            f"No failed job of the {NOTE_HOLDS // timedelta(hours=1)} hours before the alarm has been noted; "
            f"the last one that was, in s3://{bucket}/{key}, ended at {ended:%Y-%m-%d %H:%M} UTC."
        )
    values = {name: str(record.get(name) or "not noted") for name in ("kind", "status", "reason")}
    job = FailedJob(
        name=str(record.get("job") or "not noted"),
        ended=ended,
        in_function="arn" in record and not record["arn"],
        log_group=str(record["log_group"]) if record.get("log_group") else None,
        **values,
    )
    return job, None


def _moment(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (TypeError, ValueError):
        return None
