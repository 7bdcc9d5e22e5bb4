"""Starts the monitoring run of a window, once: the open engine's counterpart of a Model Monitor schedule.

EventBridge Scheduler delivers at least once. Which files a window has is decided by the first delivery and kept; the
job's name follows from the window; so a second delivery starts nothing, and one that died half-way is finished. What
no delivery could start is taken by the next window's run; should one come after that after all, it has what is left.
Permissions and environment variables: functions/README.md.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from functions.common.aws_clients import client, error_code
from functions.common.cloudwatch import publish
from functions.common.environment import prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.failure_note import NOT_STARTED, Failure, note_failure
from functions.common.json_logging import log
from functions.start_monitor.job_request import job_name, processing_job_request, results_uri, small_window_event
from functions.start_monitor.plan import Plan, parse
from functions.start_monitor.run_ledger import Records, Run
from functions.start_monitor.s3_inputs import Found, captured, labels, other_variants
from functions.start_monitor.time_window import HOUR, hours_between, iso, parse_time

JOB, FUNCTION, NONE = "job", "function", "none"


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    namespace: str
    bucket: str
    failures_prefix: str
    log_group: str | None = None
    """This function's own, as Lambda says."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """From environment variables; ConfigurationError names the one that is missing."""
        return cls(
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            failures_prefix=prefix(environ, "FAILURES_PREFIX"),
            log_group=environ.get("AWS_LAMBDA_LOG_GROUP_NAME") or None,
        )


class JobConflictError(RuntimeError):
    """A job of the run's name exists and is another one."""


def take(s3: Any, plan: Plan, records: Records) -> Run:
    """Decide which files the window has, or read what an earlier delivery decided."""
    decided = records.read(plan.window.end)
    if decided is not None:
        return decided
    own = captured(s3, plan.captured_uri, plan.endpoint, plan.variants, plan.window.hours())
    late, late_from = _late(s3, plan, records)
    collected = _labels(s3, plan, late_from, plan.due)
    # Without labels nothing can be measured; what is not taken now is late, not lost, for the next run.
    usable = plan.ground_truth_uri is None or bool(collected.files)
    captures = own.size + late.size if usable else 0
    size = captures + collected.size if captures else 0
    run = Run(
        window_start=iso(plan.window.start),
        window_end=iso(plan.window.end),
        due=iso(plan.due),
        files=own.keys if usable else (),
        late_files=late.keys if usable else (),
        late_from=iso(late_from) if late.files and usable else None,
        size=size,
        job_name=job_name(plan),
        route=_route(plan, size),
        excluded_variants=other_variants(s3, plan.captured_uri, plan.endpoint, plan.variants),
    )
    return records.keep(plan.window.end, run)


def _late(s3: Any, plan: Plan, records: Records) -> tuple[Found, datetime]:
    """Captures of hours before the window that no run has taken, and the first hour that was looked at.

    Only as far back as this monitor has run: what was captured before there was one was not missed. And as far as the
    window before this one began, if its run was never started: that may be a day, where late files are a few hours'.
    """
    earliest = plan.window.start - plan.late_hours * HOUR
    past = records.past(earliest, plan.window)
    since = plan.window.start if past.began is None else max(earliest, past.began)
    if past.missed_from is not None and past.missed_from < since:
        since = past.missed_from
        past = records.past(since, plan.window)
    found = captured(s3, plan.captured_uri, plan.endpoint, plan.variants, hours_between(since, plan.window.start))
    return Found(tuple(file for file in found.files if file.key not in past.taken)), since


def _labels(s3: Any, plan: Plan, since: datetime, due: datetime) -> Found:
    """Labels that were collected from `since` on until the run was due, its own hour among them.

    Labels are filed under the hour in which they were collected, not under that of the record which they are for: a
    window that was moved back for labels that take days has its labels behind it.
    """
    if plan.ground_truth_uri is None:
        return Found(())
    return labels(s3, plan.ground_truth_uri, hours_between(since, due + HOUR))


def _route(plan: Plan, size: int) -> str:
    if size == 0:
        return NONE
    if plan.small_window is not None and size <= plan.small_window.max_bytes:
        return FUNCTION
    return JOB


def start(plan: Plan, *, s3: Any, sagemaker: Any, functions: Any) -> dict[str, Any]:
    """Start what the window needs; what was done comes back."""
    records = Records.of(s3, plan)
    run = take(s3, plan, records)
    is_started = run.route != NONE and records.is_started(plan.window.end)
    if run.route != NONE and not is_started:
        run = run.without(records.made_up_for(plan.window, plan.late_hours))
    answer: dict[str, Any] = {
        "schedule": plan.schedule,
        "window_start": run.window_start,
        "window_end": run.window_end,
        "files": len(run.files),
        "late_files": len(run.late_files),
        "route": run.route,
    }
    if not run.all_files:
        return answer | {"started": None}
    manifest = records.write_manifest(plan.window.end, "captured", plan.captured_uri, run.all_files)
    request = processing_job_request(
        plan, run, captured=manifest, ground_truth=_labels_manifest(s3, plan, records, run)
    )
    answer |= _start(plan, run, request, sagemaker=sagemaker, functions=functions)
    if not is_started:
        records.mark_started(plan.window.end, answer["started"])
    return answer


def _start(plan: Plan, run: Run, request: Mapping[str, Any], *, sagemaker: Any, functions: Any) -> dict[str, Any]:
    if run.route == FUNCTION and plan.small_window is not None:
        functions.invoke(
            FunctionName=plan.small_window.function_name,
            InvocationType="Event",
            Payload=small_window_event(request),
        )
        return {"started": plan.small_window.function_name}
    return {"started": run.job_name, "created": create_job(sagemaker, request)}


def _labels_manifest(s3: Any, plan: Plan, records: Records, run: Run) -> str | None:
    if plan.ground_truth_uri is None:
        return None
    since = parse_time(run.late_from) if run.late_from else plan.window.start
    found = _labels(s3, plan, since, parse_time(run.due))
    return records.write_manifest(plan.window.end, "ground-truth", plan.ground_truth_uri, found.keys)


def create_job(sagemaker: Any, request: Mapping[str, Any]) -> bool:
    """Create the job; False if an earlier delivery has. JobConflictError if the name is another job's."""
    try:
        sagemaker.create_processing_job(**request)
    except ClientError as error:
        if error_code(error) not in ("ResourceInUse", "ResourceInUseException"):
            raise
        existing = sagemaker.describe_processing_job(ProcessingJobName=request["ProcessingJobName"])
        if _output(existing) != _output(request):
            raise JobConflictError(
                f"processing job {request['ProcessingJobName']} exists already and writes to {_output(existing)}, "
                f"not to {_output(request)}: give the stack another name"
            ) from error
        return False
    return True


def _output(job: Mapping[str, Any]) -> str:
    outputs = job["ProcessingOutputConfig"]["Outputs"]
    return str(outputs[0]["S3Output"]["S3Uri"]) if outputs else ""


def _note(s3: Any, settings: Settings, plan: Plan, error: Exception) -> None:
    """The metric comes whether the reason could be kept or not."""
    reason = f"the job could not be started: {error_code(error)}: {_message(error)}"
    failure = Failure(
        endpoint=plan.endpoint,
        schedule=plan.schedule,
        job=job_name(plan),
        log_group=settings.log_group,
        status=NOT_STARTED,
        reason=reason,
        exit_message=None,
        ended=datetime.now(UTC).isoformat(),
    )
    try:
        note_failure(s3, settings.bucket, settings.failures_prefix, failure)
    except Exception as problem:
        log("ERROR", "the reason could not be kept", reason=reason, problem=str(problem))


def _message(error: Exception) -> str:
    """AWS's own words, without those of botocore around them."""
    response = getattr(error, "response", None)
    said = response.get("Error", {}).get("Message") if isinstance(response, dict) else None
    return str(said or error)


def process(
    event: Any, settings: Settings, *, s3: Any, sagemaker: Any, functions: Any, cloudwatch: Any
) -> dict[str, Any]:
    """One delivery. A start that fails leaves a reason and a `JobFailures`, not silence, and the exception for Lambda's
    retry.

    Whether a retry will follow, the function cannot know: Lambda tells it no number of the attempt. A limit that was
    met for a minute alarms, too; the alternative is one that was met for good and never does.
    """
    if "announce" in mapping(event, "the event"):
        return announce(event, settings.namespace, cloudwatch)
    plan = parse(event)
    try:
        answer = start(plan, s3=s3, sagemaker=sagemaker, functions=functions)
    except Exception as error:
        _note(s3, settings, plan, error)
        publish(cloudwatch, settings.namespace, plan.endpoint, plan.schedule, {"JobFailures": 1.0})
        raise
    metrics = {"Runs": 1.0, "NoData": 1.0 if answer["route"] == NONE else 0.0}
    publish(cloudwatch, settings.namespace, plan.endpoint, plan.schedule, metrics)
    return answer | {"results": results_uri(plan)}


def announce(event: Any, namespace: str, cloudwatch: Any) -> dict[str, Any]:
    """A deployment's word that a schedule exists: a sign of life, so that silence counts from here on."""
    where = "the event's announce"
    given = mapping(event["announce"], where)
    endpoint, schedule = text(given, "endpoint", where), text(given, "schedule", where)
    publish(cloudwatch, namespace, endpoint, schedule, {"Runs": 0.0})
    return {"schedule": schedule, "announced": True}


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    settings = Settings.read(os.environ)
    try:
        answer = process(
            event,
            settings,
            s3=client("s3"),
            sagemaker=client("sagemaker"),
            functions=client("lambda"),
            cloudwatch=client("cloudwatch"),
        )
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    log("INFO", "monitoring run", **answer)
    return answer
