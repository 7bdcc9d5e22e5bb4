"""Starts the baseline processing job of a deployment, once; the deployment does not wait for it.

Needs `sagemaker:CreateProcessingJob`, `sagemaker:DescribeProcessingJob` and (for a request with tags)
`sagemaker:AddTags` on the job, and `iam:PassRole` on the job's role; functions/README.md has the exact resources.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from functions.common.aws_clients import client, error_code
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.iam_patience import patiently
from functions.common.json_logging import log


class BaselineConflictError(RuntimeError):
    """A job of the requested name exists, and is not the baseline that was asked for or is no use as one."""


@dataclass(frozen=True)
class StartBaseline:
    """The event: the whole CreateProcessingJob request, and the hash of the baseline data that it stands for."""

    request: Mapping[str, Any]
    source_hash: str

    @property
    def job_name(self) -> str:
        """The job's name, by which a second delivery is recognised."""
        return str(self.request["ProcessingJobName"])


def parse(event: Any) -> StartBaseline:
    """The event as an object; BadEventError names what is missing."""
    fields = mapping(event, "the event")
    request = mapping(fields.get("request"), "the event's request")
    text(request, "ProcessingJobName", "the event's request")
    return StartBaseline(request=dict(request), source_hash=text(fields, "source_hash", "the event"))


def start(sagemaker: Any, baseline: StartBaseline) -> dict[str, Any]:
    """Creates the job, or finds it made already by an earlier delivery.

    Returns `ProcessingJobArn`, `ProcessingJobName`, `ProcessingJobStatus` and `Created`.
    Raises BaselineConflictError when the name is taken by another job or by one that failed, and AWS's own error
    when it refuses.
    """
    try:
        # Right after its deployment: AWS may not see the job's role and the right to pass it on yet.
        created = patiently(lambda: sagemaker.create_processing_job(**baseline.request))
    except ClientError as error:
        if error_code(error) not in ("ResourceInUse", "ResourceInUseException"):
            raise
        existing = sagemaker.describe_processing_job(ProcessingJobName=baseline.job_name)
        _require_same(baseline, existing)
        return _answer(existing["ProcessingJobArn"], baseline.job_name, existing["ProcessingJobStatus"], created=False)
    return _answer(created["ProcessingJobArn"], baseline.job_name, "InProgress", created=True)


def _answer(arn: str, name: str, status: str, *, created: bool) -> dict[str, Any]:
    return {"ProcessingJobArn": arn, "ProcessingJobName": name, "ProcessingJobStatus": status, "Created": created}


def _require_same(baseline: StartBaseline, existing: Mapping[str, Any]) -> None:
    """A job's name outlives its stack: an old job may have written to a bucket that is gone."""
    for what, wanted, found in zip(
        ("image", "inputs", "outputs"), _essence(baseline.request), _essence(existing), strict=True
    ):
        if wanted != found:
            raise BaselineConflictError(
                f"processing job {baseline.job_name} exists already with other {what} ({found}, not {wanted}): "
                "give the new job another name, for example with a hash of the whole request in it"
            )
    status = existing["ProcessingJobStatus"]
    if status in ("Failed", "Stopping", "Stopped"):
        reason = existing.get("FailureReason") or existing.get("ExitMessage") or "no reason given"
        raise BaselineConflictError(
            f"baseline job {baseline.job_name} exists already and is {status} ({reason}): "
            "fix the cause, then raise baseline.attempt of the stack to run it again"
        )


def _essence(job: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """(image, input URIs, output URIs): what makes a job this baseline and no other."""
    inputs = [item.get("S3Input", {}).get("S3Uri") for item in job.get("ProcessingInputs", [])]
    outputs = [
        item.get("S3Output", {}).get("S3Uri") for item in job.get("ProcessingOutputConfig", {}).get("Outputs", [])
    ]
    return job.get("AppSpecification", {}).get("ImageUri"), inputs, outputs


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    try:
        baseline = parse(event)
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    result = start(client("sagemaker"), baseline)
    log("INFO", "baseline job", source_hash=baseline.source_hash, **result)
    return result
