"""What a finished processing job was for, and how it ended, from DescribeProcessingJob's answer."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from contract.processing_job import is_merge, output_uri

# SageMaker's clock and the limit may disagree by a moment.
_LIMIT_TOLERANCE_SECONDS = 1.0
_VIOLATIONS_IN_MESSAGE = re.compile(r"\bwith (\d+) violations?\b", re.IGNORECASE)


class JobKind(Enum):
    """What a job does in this stack."""

    MONITORING = "monitoring"
    BASELINE = "baseline"
    MERGE = "ground-truth merge"


@dataclass(frozen=True)
class Job:
    """A processing job of a monitored endpoint."""

    name: str
    arn: str
    kind: JobKind
    endpoint: str
    schedule: str
    status: str
    exit_message: str
    failure_reason: str
    output_uri: str | None
    started: datetime | None
    ended: datetime | None
    max_runtime_seconds: int | None
    window_end: str | None = None
    """As its environment says it."""

    @property
    def timed_out(self) -> bool:
        """SageMaker stopped it at its MaxRuntimeInSeconds: Stopped, as if a person had done it, so the time tells."""
        if self.status != "Stopped" or self.started is None or self.ended is None or self.max_runtime_seconds is None:
            return False
        elapsed = (self.ended - self.started).total_seconds()
        return elapsed >= self.max_runtime_seconds - _LIMIT_TOLERANCE_SECONDS

    @property
    def failed(self) -> bool:
        """Failed or timed out. A job that a person stopped is no failure."""
        return self.status == "Failed" or self.timed_out

    @property
    def reason(self) -> str:
        """Why it failed, in SageMaker's or the container's words; never empty."""
        if self.timed_out:
            return f"stopped at its time limit of {self.max_runtime_seconds} s"
        reason, said = self.failure_reason, self.exit_message
        if reason and said and said not in reason:
            # SageMaker's is often just "AlgorithmError: ..., exit code: 1"; what the container wrote says more.
            return f"{reason}; the job itself said: {said}"
        return reason or said or "SageMaker gave no reason"

    @property
    def violations_in_message(self) -> int | None:
        """The count that the exit message names: 0 when it says none, None when it says nothing about violations."""
        if match := _VIOLATIONS_IN_MESSAGE.search(self.exit_message):
            return int(match[1])
        if self.exit_message.startswith("CompletedWithViolations"):
            return 1  # at least one; how many is not said
        return 0 if "no violations" in self.exit_message.lower() else None


def identify(description: Mapping[str, Any], *, endpoint: str, results_uri: str) -> Job | None:
    """The job, if it belongs to `endpoint`; None for any other job of the account.

    `results_uri` is the stack's `s3://bucket/prefix/`: it identifies a merge job, whose environment names neither
    endpoint nor schedule.
    """
    environment = description.get("Environment") or {}
    results = output_uri(description)
    schedule_from_arn = _name_of(description.get("MonitoringScheduleArn"))
    if is_merge(environment):
        kind, found_endpoint = JobKind.MERGE, environment.get("sagemaker_endpoint_name")
        if found_endpoint is None and results is not None and results.startswith(results_uri):
            found_endpoint = endpoint
        schedule = environment.get("sagemaker_monitoring_schedule_name") or schedule_from_arn
    elif "model_monitoring_endpoint" in environment:
        kind, found_endpoint = JobKind.BASELINE, environment["model_monitoring_endpoint"]
        schedule = environment.get("model_monitoring_schedule")
    else:
        kind, found_endpoint = JobKind.MONITORING, environment.get("sagemaker_endpoint_name")
        if found_endpoint is None and results is not None and results.startswith(f"{results_uri}{endpoint}/"):
            found_endpoint = endpoint  # of transform jobs, of which Model Monitor knows no endpoint
        schedule = environment.get("sagemaker_monitoring_schedule_name") or schedule_from_arn
    if found_endpoint != endpoint or not schedule:
        return None
    return Job(
        name=description["ProcessingJobName"],
        arn=description["ProcessingJobArn"],
        kind=kind,
        endpoint=endpoint,
        schedule=schedule,
        status=description["ProcessingJobStatus"],
        exit_message=description.get("ExitMessage") or "",
        failure_reason=description.get("FailureReason") or "",
        output_uri=results,
        started=description.get("ProcessingStartTime"),
        ended=description.get("ProcessingEndTime"),
        window_end=environment.get("end_time"),
        max_runtime_seconds=(description.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds"),
    )


def _name_of(arn: str | None) -> str | None:
    return arn.rsplit("/", 1)[-1] if arn else None
