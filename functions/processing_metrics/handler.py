"""Publishes the metrics on which the stack's alarms stand, whenever a processing job of the endpoint ends.

Model Monitor publishes neither the number of violations nor a job's failure. EventBridge delivers an event at least
once and a job's events may come twice, so the alarms take the Maximum and publishing again changes nothing.

Permissions and environment variables: functions/README.md.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.bucket_layout import DRIFT, FAILURE_NOTES_FOLDER, HEARD_JOBS_FOLDER, VIOLATIONS
from contract.failure_note import SECOND_TRY, Failure
from contract.metrics import CONSTRAINT_VIOLATIONS, JOB_FAILURES, LARGEST_EFFECT
from functions.common.aws_clients import client
from functions.common.cloudwatch import publish
from functions.common.environment import flag, prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.failure_notes import note_failure
from functions.common.json_logging import attempt, log
from functions.common.s3_objects import UnreadableError, exists, read_json, split_uri
from functions.common.violations import MalformedViolationsError, largest_effect
from functions.common.violations import count_violations as count_entries
from functions.processing_metrics.job import Job, JobKind, identify

DETAIL_TYPE = "SageMaker Processing Job State Change"
_LOST = "; it was the second try: the window is lost"
FINAL_STATES = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    endpoint: str
    namespace: str
    bucket: str
    results_prefix: str
    state_prefix: str
    publishes_effect: bool = False
    """Whether an alarm listens to the largest effect: CloudWatch bills every metric."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing."""
        return cls(
            endpoint=required(environ, "ENDPOINT_NAME"),
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            results_prefix=prefix(environ, "RESULTS_PREFIX"),
            state_prefix=prefix(environ, "STATE_PREFIX"),
            publishes_effect=flag(environ, "EFFECT_METRIC"),
        )


def parse(event: Any) -> str:
    """The name of the job that changed; BadEventError if this is no processing job's event."""
    fields = mapping(event, "the event")
    detail_type = fields.get("detail-type")
    if detail_type != DETAIL_TYPE:
        raise BadEventError(f"the event's detail-type is {detail_type!r}, expected {DETAIL_TYPE!r}")
    return text(mapping(fields.get("detail"), "the event's detail"), "ProcessingJobName", "the event's detail")


def measure(s3: Any, job: Job, *, with_effect: bool = False) -> dict[str, float]:
    """The metrics of an ended job, by name. A failed monitoring job says nothing about violations."""
    metrics = {JOB_FAILURES: 1.0 if job.failed else 0.0}
    if job.kind is JobKind.MONITORING and job.status == "Completed":
        listed, effect = _violations_in_file(s3, job, with_effect=with_effect)
        found = _counted(job, listed)
        metrics[CONSTRAINT_VIOLATIONS] = float(found)
        if with_effect:  # what only the exit message knows of has no size
            metrics[LARGEST_EFFECT] = max(effect, 1.0) if found else 0.0
    return metrics


def _counted(job: Job, listed: int | None) -> int:
    """The larger of what exit message and violations file say: what one of them knows of is not to be lost."""
    said = job.violations_in_message
    if said is not None and listed is not None and said != listed:
        log("WARNING", "exit message and violations file disagree", job=job.name, message_count=said, file_count=listed)
    return max(said or 0, listed or 0)


def _violations_in_file(s3: Any, job: Job, *, with_effect: bool) -> tuple[int | None, float]:
    """The file's count, None if unknown, and its largest effect. It is written only if there are violations:
    unreadable counts as one.
    """
    if job.output_uri is None:
        return None, 0.0
    try:
        bucket, key = split_uri(job.output_uri.rstrip("/") + "/")
        found = next((key + name for name in VIOLATIONS if exists(s3, bucket, key + name)), None)
    except (ValueError, UnreadableError) as error:
        log(
            "WARNING",
            "the job's results cannot be looked up; its exit message decides",
            job=job.name,
            reason=str(error),
        )
        return None, 0.0
    if found is None:
        return 0, 0.0
    try:
        document = read_json(s3, bucket, found)
        return count_entries(document), _effect(s3, bucket, key, document) if with_effect else 1.0
    except (UnreadableError, MalformedViolationsError) as error:
        log("WARNING", "the violations file cannot be read; counted as one", job=job.name, reason=str(error))
        return 1, 1.0


def _effect(s3: Any, bucket: str, folder: str, document: Any) -> float:
    """The largest effect among violations, as the open engine measured it where it left its measures beside them."""
    try:
        drift = read_json(s3, bucket, folder + DRIFT) if exists(s3, bucket, folder + DRIFT) else None
    except UnreadableError as error:
        log("WARNING", "the run's measures cannot be read; its violations say how large they are", reason=str(error))
        drift = None
    return largest_effect(document, drift)


def _note(s3: Any, settings: Settings, job: Job) -> None:
    failure = Failure(
        endpoint=job.endpoint,
        schedule=job.schedule,
        job=job.name,
        arn=job.arn,
        kind=job.kind.value,
        status=job.status,
        reason=job.reason + (_LOST if job.name.endswith(SECOND_TRY) else ""),
        exit_message=job.exit_message,
        ended=job.ended.isoformat() if job.ended else None,
        run=job.window_end,
    )
    note_failure(s3, settings.bucket, f"{settings.state_prefix}/{FAILURE_NOTES_FOLDER}", failure)


def _note_heard(s3: Any, settings: Settings, job: Job) -> None:
    """Note it for `monitor_watch`, which has every job looked at that has no such note."""
    key = f"{settings.state_prefix}/{HEARD_JOBS_FOLDER}/{job.name}.json"
    s3.put_object(Bucket=settings.bucket, Key=key, Body=b"{}")


def process(job_name: str, settings: Settings, *, sagemaker: Any, s3: Any, cloudwatch: Any) -> dict[str, Any]:
    """Looks the job up and publishes its metrics; returns what was published, or why nothing was."""
    description = sagemaker.describe_processing_job(ProcessingJobName=job_name)
    status = description["ProcessingJobStatus"]
    if status not in FINAL_STATES:
        return {"job": job_name, "ignored": f"the job is {status}"}
    results_uri = f"s3://{settings.bucket}/{settings.results_prefix}/"
    job = identify(description, endpoint=settings.endpoint, results_uri=results_uri)
    if job is None:
        return {"job": job_name, "ignored": f"no job of endpoint {settings.endpoint}"}
    metrics = measure(s3, job, with_effect=settings.publishes_effect)
    if job.failed:
        # First the reason, to be there when the alarm is; but the alarm comes without one, too.
        attempt("the reason could not be kept", lambda: _note(s3, settings, job), job=job.name, reason=job.reason)
    publish(cloudwatch, settings.namespace, job.endpoint, job.schedule, metrics)
    attempt("it could not be noted that the job was heard of", lambda: _note_heard(s3, settings, job), job=job.name)
    return {"job": job_name, "kind": job.kind.value, "schedule": job.schedule, "status": status, "metrics": metrics}


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    settings = Settings.read(os.environ)
    try:
        job_name = parse(event)
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    result = process(
        job_name, settings, sagemaker=client("sagemaker"), s3=client("s3"), cloudwatch=client("cloudwatch")
    )
    log("INFO", "processing job", **result)
    return result
