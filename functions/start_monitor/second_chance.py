"""What became of earlier runs: one that was killed is tried once more on a larger machine, a lost window is named.

Every delivery looks at the runs before its own that were started and are not settled. A job that said what was wrong
("Error: constraints.json …") would say it again: its window is lost, and said to be. One that was killed (out of
memory, out of time, an instance that died) or whose function never ended gets one job more, on the next larger
instance. The results go where the first try's would have gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from contract.failure_note import SECOND_TRY
from functions.common.aws_clients import error_code
from functions.common.idempotency import DONE, small_window_key
from functions.common.json_logging import log
from functions.common.s3_objects import read_json_or_none
from functions.start_monitor.job_request import create_job, processing_job_request
from functions.start_monitor.plan import Plan
from functions.start_monitor.run_ledger import Records, Run, Unsettled
from functions.start_monitor.taking import FUNCTION
from functions.start_monitor.time_window import HOUR, Window, parse_time

NO_JOB = frozenset({"ValidationException", "ResourceNotFound", "ResourceNotFoundException"})
_JOB_NAME = 63
_LOOK_BACK = timedelta(hours=26)
# Three attempts of a function of five minutes, and Lambda's pauses between them.
_FUNCTION_SECONDS = 45 * 60.0
_MEMORY = ("memory", "not done after", "ended before the monitor did", "internalservererror", "capacityerror")
_LARGER = {"medium": "large", "large": "xlarge", "xlarge": "2xlarge", "2xlarge": "4xlarge"}


@dataclass(frozen=True)
class Settled:
    """Windows, by when they ended: those that are tried once more, and those that are lost, with the reason.

    That one is lost is noted by `note_lost`, after it was told: told twice is better than never.
    """

    tried_again: tuple[str, ...] = ()
    lost: Mapping[str, str] | None = None


@dataclass(frozen=True)
class _Ended:
    """How a try ended; `reason` is None if well, `was_killed` if it might end well another time."""

    reason: str | None = None
    was_killed: bool = False


def settle(plan: Plan, records: Records, *, s3: Any, sagemaker: Any) -> Settled:
    """Look at the runs before the plan's that are not settled, and do what is to be done."""
    back = max(_LOOK_BACK, plan.late_hours * HOUR, 2 * (plan.window.end - plan.window.start))
    again: list[str] = []
    lost: dict[str, str] = {}
    for found in records.unsettled(plan.window.end - back, plan.window.end - HOUR):
        ended = _ended(found, records, s3, sagemaker)
        if ended is None:
            continue
        if ended.reason is None:
            records.settle(found.end, {"as": "done"})
        elif ended.was_killed and not found.has_second:
            job = _try_again(plan, records, found.end, found.run, sagemaker)
            records.mark_second(found.end, job)
            log("WARNING", "a run that was killed is tried again", window_end=found.run.window_end, reason=ended.reason)
            again.append(found.run.window_end)
        else:
            log(
                "ERROR",
                "a window is lost",
                window_start=found.run.window_start,
                window_end=found.run.window_end,
                files=len(found.run.all_files),
                reason=ended.reason,
            )
            lost[found.run.window_end] = ended.reason
    return Settled(tuple(again), lost)


def note_lost(records: Records, lost: Mapping[str, str]) -> None:
    """Note that people were told of lost windows (see `Settled`): nobody looks at them again."""
    for end, reason in lost.items():
        records.settle(parse_time(end), {"as": "lost", "reason": reason})


def _ended(found: Unsettled, records: Records, s3: Any, sagemaker: Any) -> _Ended | None:
    """How the run's last try ended; None while it may be at work."""
    if found.has_second:
        return _job_ended(sagemaker, second_name(found.run))
    if found.run.route == FUNCTION:
        return _function_ended(found, records, s3)
    return _job_ended(sagemaker, found.run.job_name)


def _job_ended(sagemaker: Any, name: str) -> _Ended | None:
    try:
        job = sagemaker.describe_processing_job(ProcessingJobName=name)
    except ClientError as error:
        if error_code(error) in NO_JOB:
            return _Ended(f"there is no job {name}", was_killed=True)
        raise
    status, said = job["ProcessingJobStatus"], str(job.get("ExitMessage") or "")
    if status == "Failed":
        reason = f"{job.get('FailureReason') or ''} {said}".strip() or "SageMaker gave no reason"
        return _Ended(reason, was_killed=not said or _is_about_memory(reason))
    if status == "Stopped" and _timed_out(job):
        return _Ended("stopped at its time limit", was_killed=True)
    return _Ended() if status in {"Completed", "Stopped"} else None  # whoever stopped it wants no second one


def _timed_out(job: Mapping[str, Any]) -> bool:
    limit = (job.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds")
    started, ended = job.get("ProcessingStartTime"), job.get("ProcessingEndTime")
    return bool(limit and started and ended and (ended - started).total_seconds() >= limit - 1)


def _function_ended(found: Unsettled, records: Records, s3: Any) -> _Ended | None:
    if found.started_at + _FUNCTION_SECONDS > records.now():
        return None
    key = small_window_key(records.root, records.endpoint, found.run.job_name)
    marker, _ = read_json_or_none(s3, records.bucket, key) or ({}, "")
    facts = marker.get("facts") or {}
    if marker.get("state") != DONE:
        return _Ended(f"the function did not end ({facts.get('error', 'no reason was kept')})", was_killed=True)
    if facts.get("status", "0") == "0":
        return _Ended()
    return _Ended(facts["message"], was_killed=_is_about_memory(facts["message"]))


def _is_about_memory(reason: str) -> bool:
    return any(word in reason.lower() for word in _MEMORY)


def second_name(run: Run) -> str:
    """The name of a run's second job."""
    return f"{run.job_name[: _JOB_NAME - len(SECOND_TRY)]}{SECOND_TRY}"


def _try_again(plan: Plan, records: Records, end: datetime, run: Run, sagemaker: Any) -> str:
    window = Window(parse_time(run.window_start), parse_time(run.window_end))
    past = replace(plan, window=window, due=parse_time(run.due))
    labels = None if plan.ground_truth_uri is None else records.manifest_uri(end, "ground-truth")
    request = processing_job_request(past, run, captured=records.manifest_uri(end, "captured"), ground_truth=labels)
    request["ProcessingJobName"] = second_name(run)
    environment = request["Environment"]
    if "shards_uri" in environment:  # what the first try's instances left there is not this one's
        request["Environment"] = {**environment, "shards_uri": environment["shards_uri"] + SECOND_TRY}
    try:
        create_job(sagemaker, _on_larger(request))
    except ClientError as error:
        if error_code(error) != "ResourceLimitExceeded":
            raise
        create_job(sagemaker, request)  # an account may have none of the larger ones
    return str(request["ProcessingJobName"])


def _on_larger(request: Mapping[str, Any]) -> dict[str, Any]:
    resources = request["ProcessingResources"]
    cluster = resources["ClusterConfig"]
    family, _, size = cluster["InstanceType"].rpartition(".")
    larger = {**cluster, "InstanceType": f"{family}.{_LARGER.get(size, size)}"}
    return {**request, "ProcessingResources": {**resources, "ClusterConfig": larger}}
