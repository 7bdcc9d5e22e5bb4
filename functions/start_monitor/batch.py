"""The run of one batch: what a transform job wrote, looked at when it has ended.

EventBridge delivers at least once, and several events for one state: the run's name follows from the transform job's,
which SageMaker never gives twice, so that a second delivery starts nothing. Of an event that never came the clock
makes up: it lists the jobs that have ended.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from contract.processing_job import BATCH_INPUT_PATH, CAPTURED_PATH
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.json_logging import log
from functions.common.s3_objects import exists, list_keys, split_location
from functions.start_monitor.batch_plan import (
    Batch,
    BatchPlan,
    batch_request,
    dataset_format,
    write_json,
    write_manifest,
)
from functions.start_monitor.job_request import create_job

DETAIL_TYPE: Final = "SageMaker Transform Job State Change"
_OUT: Final = ".out"
_STARTED: Final = "started.json"


@dataclass(frozen=True)
class Transform:
    """A transform job that has ended well, as DescribeTransformJob has it."""

    name: str
    description: Mapping[str, Any]

    @property
    def output_uri(self) -> str:
        return str(self.description["TransformOutput"]["S3OutputPath"]).rstrip("/")

    @property
    def source(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.description["TransformInput"]["DataSource"]["S3DataSource"]
        return found

    @property
    def is_joined(self) -> bool:
        """Whether its output has the input's columns, in front."""
        return bool((self.description.get("DataProcessing") or {}).get("JoinSource") == "Input")

    @property
    def has_ids(self) -> bool:
        """Whether its output ends in an id and the job's time."""
        return bool((self.description.get("DataCaptureConfig") or {}).get("GenerateInferenceId"))

    @property
    def filters(self) -> dict[str, str]:
        """Which columns the model saw, and which were written, where that is not all."""
        given = self.description.get("DataProcessing") or {}
        named = {"input_filter": given.get("InputFilter"), "output_filter": given.get("OutputFilter")}
        return {name: str(text) for name, text in named.items() if text not in (None, "", "$")}

    @property
    def input_is_json(self) -> bool:
        """Whether its input is JSON Lines."""
        return "json" in str(self.description["TransformInput"].get("ContentType") or "").lower()

    @property
    def is_json(self) -> bool:
        """Whether its output is JSON Lines."""
        target, source = self.description["TransformOutput"], self.description["TransformInput"]
        return "json" in str(target.get("Accept") or source.get("ContentType") or "").lower()


def start(event: Any, plan: BatchPlan, *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """Start the run over what the transform job of this event wrote; what was done comes back."""
    detail = mapping(event.get("detail"), "the event's detail")
    return _start(text(detail, "TransformJobName", "the event's detail"), plan, s3=s3, sagemaker=sagemaker)


def sweep(plan: BatchPlan, *, since: datetime, s3: Any, sagemaker: Any) -> list[dict[str, Any]]:
    """Start the runs over what transform jobs wrote that have ended well since `since`, and of whose end nobody was
    told; what was done comes back, of each that was missed.
    """
    bucket, state = plan.state
    answers = []
    for name in _ended(sagemaker, since):
        if exists(s3, bucket, f"{state}/{name}/{_STARTED}"):
            continue
        try:
            answer = _start(name, plan, s3=s3, sagemaker=sagemaker)
        except BadEventError as error:  # as its event said, if that came; the others' runs are started
            log("ERROR", "a batch that cannot be looked at", transform=name, reason=str(error))
            continue
        if answer["started"]:
            answers.append(answer)
    return answers


def _ended(sagemaker: Any, since: datetime) -> Iterator[str]:
    request: dict[str, Any] = {
        "StatusEquals": "Completed",
        "LastModifiedTimeAfter": since - timedelta(seconds=1),
        "MaxResults": 100,
    }
    while True:
        page = sagemaker.list_transform_jobs(**request)
        for item in page["TransformJobSummaries"]:
            if item.get("TransformEndTime", since) >= since:
                yield str(item["TransformJobName"])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _start(name: str, plan: BatchPlan, *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    job = Transform(name, sagemaker.describe_transform_job(TransformJobName=name))
    answer = {"schedule": plan.schedule, "transform": name}
    if job.description["TransformJobStatus"] != "Completed" or not _is_below(job.output_uri, plan.output_uri):
        return answer | {"started": None, "why": "not a completed job of this monitor's outputs"}
    found = _pairs(s3, job)
    if not found:
        return answer | {"started": None, "files": 0}
    request = batch_request(plan, _batch(plan, job, _manifests(s3, plan, job, found)))
    created = create_job(sagemaker, request)
    bucket, state = plan.state
    write_json(s3, bucket, f"{state}/{name}/{_STARTED}", {"job": request["ProcessingJobName"]})
    return answer | {"started": request["ProcessingJobName"], "files": len(found), "created": created}


def _is_below(uri: str, prefix: str) -> bool:
    return uri == prefix.rstrip("/") or uri.startswith(prefix.rstrip("/") + "/")


def _pairs(s3: Any, job: Transform) -> list[tuple[str, str]]:
    """The input and output keys of the job, relative to its input's and output's place: one output an input, named
    after it. Outputs of other jobs in the same place have other inputs.
    """
    target, below = split_location(job.output_uri)
    base = f"{below}/" if below else ""
    there = set(list_keys(s3, target, base))
    if job.is_joined:  # where its input lies nobody need know, nor may this function see it
        return [(key, key.removeprefix(base)) for key in sorted(there) if key.endswith(_OUT)]
    bucket, prefix = split_location(str(job.source["S3Uri"]))
    if job.source.get("S3DataType", "S3Prefix") != "S3Prefix":
        raise BadEventError(f"the transform job {job.name} reads a manifest: give it an S3 prefix as its input")
    inputs = [key for key in list_keys(s3, bucket, prefix) if not key.endswith("/")]
    folder = prefix if prefix.endswith("/") else prefix.rpartition("/")[0] + "/" if "/" in prefix else ""
    pairs = []
    for key in inputs:
        # `prefix/day/a.csv` of the input `s3://in/prefix` becomes `day/a.csv.out`; of the one object itself its name.
        name = key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2]
        candidates = (name, key.removeprefix(folder), key.rpartition("/")[2])
        found = next((n for n in candidates if base + n + _OUT in there), None)
        if found is not None:
            pairs.append((key, found + _OUT))
    return pairs


def _manifests(s3: Any, plan: BatchPlan, job: Transform, found: list[tuple[str, str]]) -> tuple[str, str | None]:
    """The manifest of the outputs and, where these do not have the inputs, of those, under the same names."""
    bucket, state = plan.state
    folder = f"{state}/{job.name}"
    written = write_manifest(s3, bucket, f"{folder}/outputs.json", f"{job.output_uri}/", [out for _, out in found])
    if job.is_joined:
        return written, None
    source = split_location(str(job.source["S3Uri"]))[0]
    return written, write_manifest(s3, bucket, f"{folder}/inputs.json", f"s3://{source}/", [key for key, _ in found])


def _batch(plan: BatchPlan, job: Transform, manifests: tuple[str, str | None]) -> Batch:
    columns = {"position": "END" if job.is_joined else "START", "number": plan.output_columns, "ids": job.has_ids}
    columns |= job.filters
    if manifests[1] is not None and job.input_is_json != job.is_json:
        columns["input_format"] = "json" if job.input_is_json else "csv"
    places = [("captured", manifests[0], CAPTURED_PATH), ("batch_input", manifests[1], BATCH_INPUT_PATH)]
    return Batch(
        name=job.name,
        identity=job.name,
        started=job.description.get("TransformStartTime") or job.description["CreationTime"],
        ended=job.description["TransformEndTime"],
        inputs=[(name, uri, path) for name, uri, path in places if uri is not None],
        environment={
            "dataset_format": dataset_format(plan, "json" if job.is_json else "csv"),
            "dataset_source": CAPTURED_PATH,
            "batch_columns": json.dumps(columns, separators=(",", ":")),
            **({"batch_input_source": BATCH_INPUT_PATH} if manifests[1] is not None else {}),
        },
    )
