"""A run failed, or could not be started."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from contract.bucket_layout import FAILURE_NOTES_FOLDER
from contract.failure_note import NOT_STARTED, notes_of
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    subject_of,
    time_text,
)
from functions.alarm_responder.severity import severity_lines
from functions.common.s3_objects import ListedObject, UnreadableError, list_objects, read_json

# An alarm changes within minutes of the metric, and the metric comes within the hour for which EventBridge tries.
NOTE_HOLDS = timedelta(hours=2)
# Of the reason in a message of at most 400 characters.
_CHAT_REASON = 120
# A run tried again may fail after later ones did: so many of the latest runs' notes are looked at.
_NOTES = 5


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
    ended: datetime
    in_function: bool = False
    log_group: str | None = None


@dataclass(frozen=True)
class NotedFailure:
    """The job that failed; or None, and a sentence on why it is not known."""

    job: FailedJob | None
    problem: str | None = None


def look(alarm: Alarm, sources: Sources) -> NotedFailure:
    """The failed job that was noted for the alarm's schedule; or None, and a sentence on why it is not known.

    It is the note of the latest run. One from long before the alarm is about another failure: its reason would
    send people after what was fixed long ago. A function's has no time of its own: S3 says when it was written.
    """
    s3, bucket = sources.s3, sources.bucket
    place = notes_of(f"{sources.state_prefix}/{FAILURE_NOTES_FOLDER}", str(alarm.endpoint), str(alarm.schedule))
    try:
        listed = sorted(list_objects(s3, bucket, place), key=lambda item: item.key, reverse=True)[:_NOTES]
        records = [(item, read_json(s3, bucket, item.key)) for item in listed]
    except UnreadableError as error:
        return NotedFailure(None, f"The failed job could not be looked up: {error}.")
    if not records:
        return NotedFailure(None, f"No failed job has been noted in s3://{bucket}/{place}.")
    for item, record in records:
        if not isinstance(record, Mapping):
            return NotedFailure(None, f"The failed job could not be looked up: s3://{bucket}/{item.key} is no object.")
        ended = _ended(record, item)
        if alarm.changed_at - ended <= NOTE_HOLDS:
            return NotedFailure(_failed_job(record, ended))
    item, record = records[0]
    return NotedFailure(
        None,
        (
            f"No failed job of the {NOTE_HOLDS // timedelta(hours=1)} hours before the alarm has been noted; the last "
            f"one that was, in s3://{bucket}/{item.key}, ended at {_ended(record, item):%Y-%m-%d %H:%M} UTC."
        ),
    )


def _failed_job(record: Mapping[str, Any], ended: datetime) -> FailedJob:
    values = {name: str(record.get(name) or "not noted") for name in ("kind", "status", "reason")}
    return FailedJob(
        name=str(record.get("job") or "not noted"),
        ended=ended,
        in_function="arn" in record and not record["arn"],
        log_group=str(record["log_group"]) if record.get("log_group") else None,
        **values,
    )


def _ended(record: Mapping[str, Any], note: ListedObject) -> datetime:
    """When the job ended, or else when its end was noted."""
    try:
        return datetime.fromisoformat(str(record.get("ended"))).astimezone(UTC)
    except ValueError:
        return datetime.fromtimestamp(note.modified, UTC)


_CONSEQUENCES = {
    "monitoring": "Until a run succeeds, nobody would notice drift.",
    "baseline": "Without a baseline the monitor has nothing to compare with.",
    "ground-truth merge": "Without merged labels the model's quality is not measured.",
}

_AS_JOB = (
    "job's",
    "Killed without a reason? Then most likely out of memory on a busy hour: take a larger instance type.",
)
_IN_FUNCTION = (
    "function's",
    "Out of memory or of time? Lower open_engine.small_windows.max_megabytes: larger windows get a processing job.",
)

_NOT_STARTED = (
    "function's",
    "A limit of the account? Ask Service Quotas for more, or take another instance type.",
)


def _advice(job: FailedJob | None) -> tuple[str, str]:
    """Say whose log has more, and what it most likely was."""
    if job is None or not job.in_function:
        return _AS_JOB
    return _NOT_STARTED if job.status == NOT_STARTED else _IN_FUNCTION


def notification(alarm: Alarm, found: NotedFailure, context: MessageContext) -> Notification:
    """Write the message on a monitoring job that failed: nobody is watching the model until it is fixed."""
    job, problem = found.job, found.problem
    kind = job.kind if job else "monitoring"
    consequence = _CONSEQUENCES.get(kind, _CONSEQUENCES["monitoring"])
    facts = [*severity_lines(alarm, context.severities), f"Schedule  {alarm.schedule}"]
    if job:
        facts += [
            f"{'Run' if job.in_function else 'Job':<10}{job.name}",
            f"Status    {job.status}",
            f"Ended     {time_text(job.ended)}",
        ]
    facts.append(f"Alarm at  {time_text(alarm.changed_at)}")
    reason = ["REASON", f"  {clip(job.reason, 1100)}"] if job else ([problem] if problem else [])
    where = ["WHERE TO LOOK", *(_logs(job, Console(context.region)) if job else [])]
    if context.dashboard_url:
        where.append(f"  Dashboard:    {context.dashboard_url}")
    whose, remedy = _advice(job)
    steps = [
        "WHAT TO DO NEXT",
        f"  1. Read the reason above and the end of the {whose} log.",
        f"  2. {remedy}",
        "  3. The next run of the schedule shows whether it is fixed.",
    ]
    sections = [
        [f"{alarm.endpoint}: a {kind} job failed. {consequence}"],
        facts,
        reason,
        where if len(where) > 1 else [],
        steps,
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject_of(alarm, f"{kind} job failed", [alarm.schedule or ""]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "job-failure"),
        chat=[
            f"{alarm.endpoint}: a {kind} job failed. {consequence}",
            f"Reason: {clip(job.reason, _CHAT_REASON)}" if job else problem or "",
            remedy,
        ],
    )


def _logs(job: FailedJob, console: Console) -> list[str]:
    if job.in_function and job.log_group:
        return [f"  Log group:    {job.log_group}", f"  In a browser: {console.log_group(job.log_group)}"]
    if job.in_function:
        return []
    return [
        f"  Job and logs: {console.processing_job(job.name)}",
        f"  Log group:    /aws/sagemaker/ProcessingJobs, streams that begin with {job.name}",
    ]


KIND = AlarmKind(look, notification)
