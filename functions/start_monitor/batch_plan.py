"""The monitor of batches, as it lies beside the monitor's scripts, and the request of a batch's run."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from contract.bucket_layout import BATCHES_FOLDER, batch_folder
from contract.processing_job import OUTPUT_PATH, outputs
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.s3_objects import read_json, split_location, split_uri
from functions.start_monitor.s3_inputs import manifest_input
from functions.start_monitor.time_window import hour_of, iso

_WHERE: Final = "the plan of batches"


@dataclass(frozen=True)
class Looks:
    """What a look at a partition is planned with: a schedule of one time in this group, which assumes this role."""

    group: str
    role_arn: str
    dead_letter_arn: str


@dataclass(frozen=True)
class Partitions:
    """How a plain prefix is laid out. `keys`: the folders of a batch from the outermost on, `dt` and `hour`; `marker`:
    the file that is written last, None where a partition is there once nothing was written for `quiet_seconds`;
    `newest`: how many of the latest the clock looks at.
    """

    keys: tuple[str, ...]
    format: str
    marker: str | None
    quiet_seconds: int
    newest: int


@dataclass(frozen=True)
class BatchPlan:
    """The monitor of batches; the plan lies where no role of the stack's may write. `sweep_hours`: how far back the
    clock looks for transform jobs whose end nobody was told of.
    """

    endpoint: str
    schedule: str
    output_uri: str
    results_uri: str
    state_uri: str
    job_stem: str
    request: Mapping[str, Any]
    output_columns: int
    has_header: bool
    partitions: Partitions | None = None
    looks: Looks | None = None
    sweep_hours: int = 6

    @classmethod
    def read(cls, s3: Any, uri: str) -> "BatchPlan":
        """Read it from its object; BadEventError if it is none."""
        plan = mapping(read_json(s3, *split_uri(uri)), _WHERE)
        return cls(
            endpoint=text(plan, "endpoint", _WHERE),
            schedule=text(plan, "schedule", _WHERE),
            output_uri=text(plan, "output_uri", _WHERE),
            results_uri=text(plan, "results_uri", _WHERE),
            state_uri=text(plan, "state_uri", _WHERE),
            job_stem=text(plan, "job_stem", _WHERE),
            request=mapping(plan.get("request"), f"{_WHERE}.request"),
            output_columns=int(plan.get("output_columns", 1)),
            has_header=bool(plan.get("has_header", False)),
            partitions=_partitions(plan.get("partitions")),
            looks=_looks(plan.get("looks")),
        )

    @property
    def state(self) -> tuple[str, str]:
        """Bucket and prefix of what is remembered of batches."""
        bucket, root = split_location(self.state_uri)
        return bucket, f"{root}/{BATCHES_FOLDER}"


def _partitions(given: Any) -> Partitions | None:
    if given is None:
        return None
    where = f"{_WHERE}.partitions"
    fields = mapping(given, where)
    keys = fields.get("keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, str) and key for key in keys):
        raise BadEventError(f"{where}.keys must be a list of at least one name")
    return Partitions(
        tuple(keys),
        text(fields, "format", where),
        text(fields, "marker", where) if fields.get("marker") else None,
        int(fields.get("quiet_seconds", 0)),
        int(fields.get("newest", 1)),
    )


def _looks(given: Any) -> Looks | None:
    if given is None:
        return None
    where = f"{_WHERE}.looks"
    fields = mapping(given, where)
    return Looks(**{name: text(fields, name, where) for name in ("group", "role_arn", "dead_letter_arn")})


@dataclass(frozen=True)
class Batch:
    """One batch. `name`: as its results' folder has it; `identity`: the same for each delivery of one batch, and no
    other's; `inputs`: name, manifest and path in the container, of each; `environment`: what its job is told of it.
    """

    name: str
    identity: str
    started: datetime
    ended: datetime
    inputs: Sequence[tuple[str, str, str]]
    environment: Mapping[str, str]


def dataset_format(plan: BatchPlan, kind: str) -> str:
    """The variable `dataset_format` of `csv`, `json` or `parquet`."""
    options: dict[str, Any] = {"csv": {"header": plan.has_header}, "json": {"line": True}}.get(kind, {})
    return json.dumps({kind: options}, separators=(",", ":"))


def write_json(s3: Any, bucket: str, key: str, document: Any) -> None:
    """Write an object."""
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode(), ContentType="application/json")


def write_manifest(s3: Any, bucket: str, key: str, prefix: str, names: Sequence[str]) -> str:
    """A manifest of `names` below `prefix`, as SageMaker reads it; its URI."""
    write_json(s3, bucket, key, [{"prefix": prefix}, *names])
    return f"s3://{bucket}/{key}"


def batch_request(plan: BatchPlan, batch: Batch) -> dict[str, Any]:
    """The whole CreateProcessingJob request of a batch's run; its metrics stand at the hour in which it ended."""
    hour = hour_of(batch.ended)
    digest = hashlib.sha256(f"{plan.results_uri}\n{batch.identity}".encode()).hexdigest()[:6]
    request = dict(plan.request)
    environment = {
        "output_path": OUTPUT_PATH,
        "batch_name": batch.name,
        "start_time": iso(batch.started),
        "end_time": iso(batch.ended),
        "metric_time": iso(hour),
        "sagemaker_endpoint_name": plan.endpoint,
        "sagemaker_monitoring_schedule_name": plan.schedule,
        **batch.environment,
    }
    folder = batch_folder(batch.ended, batch.name)
    return {
        **request,
        "ProcessingJobName": f"{plan.job_stem}-bt-{hour:%Y%m%d%H%M}-{digest}",
        "ProcessingInputs": [
            *request.get("ProcessingInputs", []),
            *(manifest_input(name, uri, path) for name, uri, path in batch.inputs),
        ],
        "ProcessingOutputConfig": {
            **request.get("ProcessingOutputConfig", {}),
            "Outputs": outputs(f"{plan.results_uri}/{plan.endpoint}/{plan.schedule}/{folder}"),
        },
        "Environment": {**request.get("Environment", {}), **environment},
    }
