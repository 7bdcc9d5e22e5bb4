"""Starts the monitoring run of a window, once: the open engine's counterpart of a Model Monitor schedule.

EventBridge Scheduler delivers at least once. Which files a window has is decided by the first delivery and kept; the
job's name follows from the window; so a second delivery starts nothing, and one that died half-way is finished. What
no delivery could start is taken by the next window's run; should one come after that after all, it has what is left.
Permissions and environment variables: functions/README.md.
"""

import os
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from contract.metrics import JOB_FAILURES, LEFT_OUT_FILES, LOST_WINDOWS, NO_DATA
from functions.common.aws_clients import client, error_code
from functions.common.cloudwatch import publish
from functions.common.deliveries import DELIVERIES, delivery_of
from functions.common.environment import prefix, required
from functions.common.event_fields import BadEventError
from functions.common.idempotency import Clock, IdempotencyStore, StillInProgressError
from functions.common.json_logging import attempt, log
from functions.start_monitor import batch_events
from functions.start_monitor.batch_plan import BatchPlan
from functions.start_monitor.current_baseline import followed, missing_baseline
from functions.start_monitor.job_request import (
    create_job,
    job_name,
    processing_job_request,
    results_uri,
    small_window_event,
)
from functions.start_monitor.plan import Plan, parse
from functions.start_monitor.run_ledger import Records, Run
from functions.start_monitor.second_chance import NO_JOB, note_lost, settle
from functions.start_monitor.start_failures import FailureNotes, delivery_of_batches
from functions.start_monitor.taking import FUNCTION, NONE, labels_of, take
from functions.start_monitor.time_window import iso, parse_time

_CLOCK = Clock()
_SECONDS = 60.0  # of an invocation that does not say how long it may take


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    namespace: str
    bucket: str
    failures_prefix: str
    log_group: str | None = None
    """This function's own, as Lambda says."""
    batch_plan: str | None = None
    """URI of the plan of batches; None where these are not monitored."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing."""
        return cls(
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            failures_prefix=prefix(environ, "FAILURES_PREFIX"),
            log_group=environ.get("AWS_LAMBDA_LOG_GROUP_NAME") or None,
            batch_plan=environ.get("BATCH_PLAN") or None,
        )

    def notes(self, s3: Any, endpoint: str, schedule: str, job: str, run: str) -> FailureNotes:
        """The place where reasons are kept, for one run."""
        return FailureNotes(s3, self.bucket, self.failures_prefix, self.log_group, endpoint, schedule, job, run)


def start(
    plan: Plan, *, s3: Any, sagemaker: Any, functions: Any, deadline: float | None = None, clock: Clock = _CLOCK
) -> dict[str, Any]:
    """Start what the window needs; what was done comes back. `deadline`: when this delivery is killed at the latest."""
    records = Records.of(s3, plan, clock.now)
    killed_at = clock.now() + _SECONDS if deadline is None else deadline
    store = IdempotencyStore(s3, records.bucket, plan.schedule, killed_at, clock)
    taken = take(s3, plan, records, store, lambda run: was_started(run, sagemaker))
    run = taken.run
    answer: dict[str, Any] = {
        "schedule": plan.schedule,
        "window_start": run.window_start,
        "window_end": run.window_end,
        "files": len(run.files),
        "late_files": len(run.late_files),
        "route": run.route,
    }
    if run.left_out:
        answer |= {"odd_keys": run.odd_keys, "replaced": len(run.replaced), "left_out": run.left_out}
    if not run.all_files:
        return answer | {"started": None}
    if taken.is_started:  # what it was started with lies there; whoever said so may have died before it was
        request = _request(plan, run, records, is_labelled=plan.ground_truth_uri is not None)
        return answer | _start(plan, run, request, sagemaker=sagemaker, functions=functions)
    try:
        return answer | _start_first(plan, run, records, s3=s3, sagemaker=sagemaker, functions=functions)
    except Exception:
        attempt("files that nobody starts on stay held", lambda: records.let_go(plan.window.end))
        raise


def _start_first(plan: Plan, run: Run, records: Records, *, s3: Any, sagemaker: Any, functions: Any) -> dict[str, Any]:
    end = plan.window.end
    records.write_manifest(end, "captured", plan.captured_uri, run.all_files)
    if plan.ground_truth_uri is not None:
        since = parse_time(run.late_from) if run.late_from else plan.window.start
        found = labels_of(s3, plan, since, parse_time(run.due))
        records.write_manifest(end, "ground-truth", plan.ground_truth_uri, found.keys)
    request = _request(plan, run, records, is_labelled=plan.ground_truth_uri is not None)
    if run.route == FUNCTION:
        # A job can be asked whether it was created, a function not whether it was invoked: said before, it is at most
        # said of one that was not, and the next delivery finds that out.
        records.mark_started(end, run.job_name)
    answer = _start(plan, run, request, sagemaker=sagemaker, functions=functions)
    if run.route != FUNCTION:
        records.mark_started(end, run.job_name)
    return answer


def _request(plan: Plan, run: Run, records: Records, *, is_labelled: bool) -> dict[str, Any]:
    labels = records.manifest_uri(plan.window.end, "ground-truth") if is_labelled else None
    captured = records.manifest_uri(plan.window.end, "captured")
    return processing_job_request(plan, run, captured=captured, ground_truth=labels)


def was_started(run: Run, sagemaker: Any) -> bool:
    """Whether whoever died before saying that a run was started had started it: then its job is there."""
    if run.route == FUNCTION:  # of which it would have been said before
        return False
    try:
        sagemaker.describe_processing_job(ProcessingJobName=run.job_name)
    except ClientError as error:
        if error_code(error) in NO_JOB:
            return False
        raise
    return True


def _start(plan: Plan, run: Run, request: Mapping[str, Any], *, sagemaker: Any, functions: Any) -> dict[str, Any]:
    if run.route == FUNCTION and plan.small_window is not None:
        functions.invoke(
            FunctionName=plan.small_window.function_name,
            InvocationType="Event",
            Payload=small_window_event(request),
        )
        return {"started": plan.small_window.function_name}
    return {"started": run.job_name, "created": create_job(sagemaker, request)}


def _notes(s3: Any, settings: Settings, plan: Plan) -> FailureNotes:
    return settings.notes(s3, plan.endpoint, plan.schedule, job_name(plan), iso(plan.window.end))


def _note_lost(notes: FailureNotes, lost: Mapping[str, str]) -> None:
    """Why windows are lost, for the message of the alarm."""
    spans = "; ".join(f"the window until {end}: {reason}" for end, reason in lost.items())
    are = "window is" if len(lost) == 1 else "windows are"
    notes.lost(f"{len(lost)} {are} lost, nobody looks at them again: {spans}")


def process(
    event: Any,
    settings: Settings,
    *,
    s3: Any,
    sagemaker: Any,
    functions: Any,
    cloudwatch: Any,
    deadline: float | None = None,
    clock: Clock = _CLOCK,
    scheduler: Any = None,
    function_arn: str = "",
) -> dict[str, Any]:
    """One delivery. A start that fails leaves a reason and the exception for Lambda's retry: what a retry repaired need
    not wake anybody. The last one that Lambda makes leaves a `JobFailures` in place of the exception: its alarm tells
    of it, and a dead letter would tell of the same a second time. Where it cannot be published, the letter does.

    Lambda tells no number of the attempt, so they are counted beside the run's record. Where they cannot be, every
    failure alarms: silence would be worse.
    """
    if batch_events.is_batch(event):
        services = {"s3": s3, "sagemaker": sagemaker, "scheduler": scheduler, "function_arn": function_arn}
        return _process_batch(event, settings, services, cloudwatch)
    plan = parse(event)
    try:
        plan = followed(plan, s3)
        if (missing := missing_baseline(plan, s3)) is not None:
            # Nothing is taken: a later run makes up for it, and the watch rings if none comes.
            return {"schedule": plan.schedule, "started": None, "why": f"there is no baseline yet: {missing}"}
        answer = start(plan, s3=s3, sagemaker=sagemaker, functions=functions, deadline=deadline, clock=clock)
    except StillInProgressError:  # no failure: another delivery decides, and Lambda tries this one again
        raise
    except Exception as error:
        _notes(s3, settings, plan).not_started(error)
        records = Records.of(s3, plan, clock.now)
        delivery = delivery_of(lambda: records.count_try(plan.window.end), plan.schedule)
        if _is_given_up(error, delivery, cloudwatch, settings, plan):
            return _failed(error, plan)
        raise
    # CloudWatch bills a metric by the hours that have it, and its alarm takes an hour without it for a good one.
    metrics = {NO_DATA: 1.0} if answer["route"] == NONE else {}
    if answer.get("odd_keys") or answer.get("replaced"):
        metrics[LEFT_OUT_FILES] = float(answer["odd_keys"] + answer["replaced"])
    records = Records.of(s3, plan, clock.now)
    answer |= _settle(plan, records, s3=s3, sagemaker=sagemaker)
    lost = answer.get("lost_windows", {})
    if lost:
        # Rings as a failed job does: nobody has looked at those windows, and nobody will.
        metrics |= {LOST_WINDOWS: float(len(lost)), JOB_FAILURES: 1.0}
        _note_lost(_notes(s3, settings, plan), lost)
    if metrics:
        publish(cloudwatch, settings.namespace, plan.endpoint, plan.schedule, metrics)
    attempt("lost windows will be told of again", lambda: note_lost(records, lost), schedule=plan.schedule)
    return answer | {"results": results_uri(plan)}


def _is_given_up(
    error: Exception, delivery: int | None, cloudwatch: Any, settings: Settings, plan: Plan | BatchPlan
) -> bool:
    """Whether nobody delivers this any more and the alarm tells people; the next run, or hour, makes up for it."""
    if delivery is not None and delivery < DELIVERIES:
        return False
    publish(cloudwatch, settings.namespace, plan.endpoint, plan.schedule, {JOB_FAILURES: 1.0})
    trace = "".join(traceback.format_exception(error))
    log("ERROR", "a start failed; JobFailures tells of it", schedule=plan.schedule, delivery=delivery, trace=trace)
    return delivery is not None  # whoever cannot count may have deliveries left


def _failed(error: Exception, plan: Plan | BatchPlan) -> dict[str, Any]:
    return {"schedule": plan.schedule, "started": None, "failed": f"{type(error).__name__}: {error}"}


def _process_batch(event: Any, settings: Settings, services: Mapping[str, Any], cloudwatch: Any) -> dict[str, Any]:
    """One delivery of what batches are told of; a start that fails leaves what that of a window does."""
    if settings.batch_plan is None:
        raise BadEventError("an event of a batch was delivered, and BATCH_PLAN is not set")
    plan = BatchPlan.read(services["s3"], settings.batch_plan)
    try:
        answer = batch_events.process(event, plan, settings.batch_plan, **services)
    except Exception as error:
        s3, moment = services["s3"], batch_events.told_at(event) or iso(datetime.now(UTC))
        settings.notes(s3, plan.endpoint, plan.schedule, plan.schedule, moment).not_started(error)
        if _is_given_up(error, delivery_of_batches(s3, plan, event), cloudwatch, settings, plan):
            return _failed(error, plan)
        raise
    if "transform" in answer and "why" not in answer and not answer["started"]:
        publish(cloudwatch, settings.namespace, plan.endpoint, plan.schedule, {NO_DATA: 1.0})
    return answer


def _settle(plan: Plan, records: Records, *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """What became of earlier runs; today's is started whether that can be found out or not."""
    answer: dict[str, Any] = {}

    def look() -> None:
        settled = settle(plan, records, s3=s3, sagemaker=sagemaker)
        if settled.tried_again:
            answer["tried_again"] = list(settled.tried_again)
        if settled.lost:
            answer["lost_windows"] = dict(settled.lost)

    attempt("what became of earlier runs is not known", look, schedule=plan.schedule)
    return answer


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    killed_at = _CLOCK.now() + context.get_remaining_time_in_millis() / 1000.0
    settings = Settings.read(os.environ)
    try:
        answer = process(
            event,
            settings,
            s3=client("s3"),
            sagemaker=client("sagemaker"),
            functions=client("lambda"),
            cloudwatch=client("cloudwatch"),
            deadline=killed_at,
            scheduler=client("scheduler") if batch_events.is_batch(event) else None,
            function_arn=context.invoked_function_arn,
        )
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    log("INFO", "monitoring run", **answer)
    return answer
