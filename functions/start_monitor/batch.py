"""The run of one batch: what a transform job wrote, looked at when it has ended.

EventBridge delivers at least once, and several events for one state: the run's name follows from the transform job's,
which SageMaker never gives twice, so that a second delivery starts nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from contract.bucket_layout import BATCHES_FOLDER, batch_folder
from contract.processing_job import BATCH_INPUT_PATH, CAPTURED_PATH, OUTPUT_PATH, outputs
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.s3_objects import list_keys, read_json, split_location, split_uri
from functions.start_monitor.job_request import create_job
from functions.start_monitor.time_window import hour_of, iso

DETAIL_TYPE: Final = "SageMaker Transform Job State Change"
_OUT: Final = ".out"


@dataclass(frozen=True)
class BatchPlan:
    """The monitor of batches; as it lies beside the monitor's scripts, where no role of the stack's may write."""

    endpoint: str
    schedule: str
    output_uri: str
    results_uri: str
    state_uri: str
    job_stem: str
    request: Mapping[str, Any]
    output_columns: int
    has_header: bool

    @classmethod
    def read(cls, s3: Any, uri: str) -> "BatchPlan":
        """From its object; BadEventError if it is none."""
        where = "the plan of batches"
        plan = mapping(read_json(s3, *split_uri(uri)), where)
        names = ("endpoint", "schedule", "output_uri", "results_uri", "state_uri", "job_stem")
        return cls(
            **{name: text(plan, name, where) for name in names},
            request=mapping(plan.get("request"), f"{where}.request"),
            output_columns=int(plan.get("output_columns", 1)),
            has_header=bool(plan.get("has_header", False)),
        )


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
    def is_json(self) -> bool:
        """Whether its output is JSON Lines."""
        target, source = self.description["TransformOutput"], self.description["TransformInput"]
        return "json" in str(target.get("Accept") or source.get("ContentType") or "").lower()


def is_transform(event: Any) -> bool:
    """Whether an event tells of a transform job."""
    return isinstance(event, Mapping) and event.get("detail-type") == DETAIL_TYPE


def start(event: Any, plan: BatchPlan, *, s3: Any, sagemaker: Any) -> dict[str, Any]:
    """Start the run over what the transform job of this event wrote; what was done comes back."""
    detail = mapping(event.get("detail"), "the event's detail")
    name = text(detail, "TransformJobName", "the event's detail")
    job = Transform(name, sagemaker.describe_transform_job(TransformJobName=name))
    answer = {"schedule": plan.schedule, "transform": name}
    if job.description["TransformJobStatus"] != "Completed" or not _is_below(job.output_uri, plan.output_uri):
        return answer | {"started": None, "why": "not a completed job of this monitor's outputs"}
    found = _pairs(s3, job)
    if not found:
        return answer | {"started": None, "files": 0}
    request = _request(plan, job, _manifests(s3, plan, job, found))
    return answer | {
        "started": request["ProcessingJobName"],
        "files": len(found),
        "created": create_job(sagemaker, request),
    }


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
    bucket, state = split_location(plan.state_uri)
    folder = f"{state}/{BATCHES_FOLDER}/{job.name}"
    _write(s3, bucket, f"{folder}/outputs.json", f"{job.output_uri}/", [out for _, out in found])
    if job.is_joined:
        return f"s3://{bucket}/{folder}/outputs.json", None
    source = split_location(str(job.source["S3Uri"]))[0]
    _write(s3, bucket, f"{folder}/inputs.json", f"s3://{source}/", [key for key, _ in found])
    return f"s3://{bucket}/{folder}/outputs.json", f"s3://{bucket}/{folder}/inputs.json"


def _write(s3: Any, bucket: str, key: str, prefix: str, names: list[str]) -> None:
    body = json.dumps([{"prefix": prefix}, *names]).encode()
    s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType="application/json")


def _request(plan: BatchPlan, job: Transform, manifests: tuple[str, str | None]) -> dict[str, Any]:
    ended = job.description["TransformEndTime"]
    hour = hour_of(ended)
    digest = hashlib.sha256(f"{plan.results_uri}\n{job.name}".encode()).hexdigest()[:6]
    places = [("captured", manifests[0], CAPTURED_PATH), ("batch_input", manifests[1], BATCH_INPUT_PATH)]
    inputs = [_manifest_input(name, uri, path) for name, uri, path in places if uri is not None]
    columns = {"position": "END" if job.is_joined else "START", "number": plan.output_columns, "ids": job.has_ids}
    kind = {"json": {"line": True}} if job.is_json else {"csv": {"header": plan.has_header}}
    environment = {
        "dataset_format": json.dumps(kind, separators=(",", ":")),
        "dataset_source": CAPTURED_PATH,
        "output_path": OUTPUT_PATH,
        "batch_columns": json.dumps(columns, separators=(",", ":")),
        **({"batch_input_source": BATCH_INPUT_PATH} if manifests[1] is not None else {}),
        "start_time": iso(job.description.get("TransformStartTime") or job.description["CreationTime"]),
        "end_time": iso(ended),
        "metric_time": iso(hour),
        "sagemaker_endpoint_name": plan.endpoint,
        "sagemaker_monitoring_schedule_name": plan.schedule,
    }
    request = dict(plan.request)
    return {
        **request,
        "ProcessingJobName": f"{plan.job_stem}-bt-{hour:%Y%m%d%H%M}-{digest}",
        "ProcessingInputs": [*request.get("ProcessingInputs", []), *inputs],
        "ProcessingOutputConfig": {
            **request.get("ProcessingOutputConfig", {}),
            "Outputs": outputs(f"{plan.results_uri}/{plan.endpoint}/{plan.schedule}/{batch_folder(ended, job.name)}"),
        },
        "Environment": {**request.get("Environment", {}), **environment},
    }


def _manifest_input(name: str, uri: str, path: str) -> Mapping[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": "ManifestFile",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }
