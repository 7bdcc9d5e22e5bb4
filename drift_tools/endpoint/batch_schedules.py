"""Schedules that watch transform jobs, as a stack's argument `batch`: what the schedule itself does not say, where the
jobs read and write, is read from the jobs that capture to its place.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

# The newest jobs say where they write; an account may have run very many.
_MOST_JOBS: Final = 200
_ENOUGH: Final = 20
_FORMATS: Final[Mapping[str, str]] = {"Csv": "csv", "Json": "json", "Parquet": "parquet"}


def place_of(source: Mapping[str, Any]) -> str:
    """The place to which the jobs that such an input watches capture."""
    return str(source["DataCapturedDestinationS3Uri"]).rstrip("/")


def transforms_of(source: Mapping[str, Any], sagemaker: Any) -> list[Mapping[str, Any]]:
    """The newest transform jobs that capture there, as DescribeTransformJob has them."""
    place = place_of(source)
    found = (
        job
        for name in islice(_names(sagemaker), _MOST_JOBS)
        if _captures_to(job := sagemaker.describe_transform_job(TransformJobName=name), place)
    )
    return list(islice(found, _ENOUGH))


def _names(sagemaker: Any) -> Iterator[str]:
    request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": 100}
    while True:
        page = sagemaker.list_transform_jobs(**request)
        yield from (str(item["TransformJobName"]) for item in page["TransformJobSummaries"])
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]


def _captures_to(job: Mapping[str, Any], place: str) -> bool:
    capture = job.get("DataCaptureConfig") or {}
    return str(capture.get("DestinationS3Uri", "")).rstrip("/") == place


def stand_in(schedule: str, arn: str, source: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What stands where a stack has its endpoint: a name for results and metrics, the jobs' model if they have one."""
    models = {str(job["ModelName"]) for job in jobs}
    return {
        "EndpointName": next(iter(models)) if len(models) == 1 else schedule,
        "EndpointArn": arn,
        "DataCaptureConfig": {"DestinationS3Uri": place_of(source)},
    }


def batch_arguments(
    source: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]], differences: list[str], *, is_open: bool
) -> dict[str, Any]:
    """Where batches lie and how they are read; `is_open`: the open engine looks at them, else Model Monitor."""
    place = place_of(source)
    outputs = [str(job["TransformOutput"]["S3OutputPath"]) for job in jobs]
    found: dict[str, Any] = {"output_uri": _common_place(outputs) if outputs else f"s3://{_parts(place)[0]}"}
    if not jobs:
        differences.append(
            f"No transform job that captures to {place} was found: set batch.output_uri to where such jobs write, and "
            "batch.input_uri to where they read, unless they join their input."
        )
    joined = [_is_joined(job) for job in jobs]
    if jobs and not (all(joined) and is_open):
        inputs = [str(job["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"]) for job in jobs]
        found["input_uri"] = _common_place(inputs)
    if is_open:
        differences.append("Set batch.output_columns to how many columns an answer has; 1 is taken.")
    format_ = next((name for name in _FORMATS if name in source["DatasetFormat"]), "Csv")
    if (source["DatasetFormat"].get("Csv") or {}).get("Header"):
        found["has_header"] = True
    if not is_open:
        found |= {"captured_uri": place, "dataset_format": _FORMATS[format_]}
    elif format_ == "Parquet":
        differences.append("The batches are Parquet: a plain prefix of them is watched by batch.partitions.")
    excluded = [name.strip() for name in str(source.get("ExcludeFeaturesAttribute") or "").split(",") if name.strip()]
    if excluded:
        found["exclude_features"] = excluded
    keys = sorted({key for job in jobs if (key := job["TransformOutput"].get("KmsKeyId"))})
    if keys:
        differences.append(f"What the jobs write is encrypted with {', '.join(keys)}: let the stack's job role use it.")
    return found


def _is_joined(job: Mapping[str, Any]) -> bool:
    return bool((job.get("DataProcessing") or {}).get("JoinSource") == "Input")


def _common_place(uris: Sequence[str]) -> str:
    """The longest folder that all lie in; the bucket at least, of the first where there are several."""
    bucket, first = _parts(uris[0])
    common = first
    for other_bucket, path in map(_parts, uris[1:]):
        if other_bucket == bucket:
            common = common[: _shared(common, path)]
    return "/".join([f"s3://{bucket}", *common])


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    return next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def _parts(uri: str) -> tuple[str, list[str]]:
    bucket, _, path = uri.removeprefix("s3://").partition("/")
    return bucket, [part for part in path.split("/") if part]
