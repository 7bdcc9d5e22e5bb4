"""What a schedule of the open engine asks for: the plan that it gives to `functions/start_monitor`.

Pure functions: strings and numbers in, dictionaries out. functions/README.md has the plan's keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract import processing_job
from contract.monitor_kinds import MODEL_QUALITY


def s3_input(name: str, uri: str, local_path: str) -> dict[str, Any]:
    """An input that is one object, or all below a prefix, on every instance."""
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": local_path,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }


@dataclass(frozen=True, kw_only=True)
class Files:
    """URIs of what every run of a monitor reads; None for what it does without."""

    code: str
    constraints: str | None = None
    statistics: str | None = None
    baseline_data: str | None = None
    preprocessor: str | None = None

    def inputs(self) -> list[dict[str, Any]]:
        """As inputs of a processing job."""
        known = (
            ("code", self.code, processing_job.CODE_PATH),
            ("baseline_constraints", self.constraints, processing_job.CONSTRAINTS_PATH),
            ("baseline_statistics", self.statistics, processing_job.STATISTICS_PATH),
            ("baseline_data", self.baseline_data, processing_job.BASELINE_DATA_PATH),
            ("record_preprocessor_script_input", self.preprocessor, processing_job.PREPROCESSOR_PATH),
        )
        return [s3_input(name, uri, path) for name, uri, path in known if uri is not None]

    def environment(self) -> dict[str, str]:
        """Where the job finds them."""
        known = (
            ("PYTHONPATH", self.code, processing_job.CODE_PATH),
            ("baseline_constraints", self.constraints, processing_job.CONSTRAINTS_PATH),
            ("baseline_statistics", self.statistics, processing_job.STATISTICS_PATH),
            ("baseline_dataset", self.baseline_data, processing_job.BASELINE_DATA_PATH),
            ("record_preprocessor_script", self.preprocessor, processing_job.PREPROCESSOR_PATH),
        )
        return {name: f"{path}/{uri.rsplit('/', 1)[-1]}" for name, uri, path in known if uri is not None}


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a run's processing job gets."""

    image_uri: str
    instance_type: str
    instance_count: int
    volume_size_in_gb: int
    max_runtime_in_seconds: int
    volume_kms_key_arn: str | None = None
    output_kms_key_arn: str | None = None
    network: Mapping[str, Any] | None = None
    """NetworkConfig of the request."""


def job_request(
    machine: Machine,
    files: Files,
    *,
    environment: Mapping[str, str],
    role_arn: str,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """The CreateProcessingJob request, but for its name and for what changes from run to run."""
    cluster: dict[str, Any] = {
        "InstanceCount": machine.instance_count,
        "InstanceType": machine.instance_type,
        "VolumeSizeInGB": machine.volume_size_in_gb,
    }
    if machine.volume_kms_key_arn is not None:
        cluster["VolumeKmsKeyId"] = machine.volume_kms_key_arn
    request: dict[str, Any] = {
        "ProcessingInputs": files.inputs(),
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": machine.max_runtime_in_seconds},
        "AppSpecification": {"ImageUri": machine.image_uri, "ContainerEntrypoint": list(processing_job.ENTRYPOINT)},
        "Environment": {**environment, **files.environment()},
        "RoleArn": role_arn,
    }
    if machine.output_kms_key_arn is not None:
        request["ProcessingOutputConfig"] = {"KmsKeyId": machine.output_kms_key_arn, "Outputs": []}
    if machine.network:
        request["NetworkConfig"] = dict(machine.network)
    if tags:
        request["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return request


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a monitor finds and leaves things; URIs without a slash at the end."""

    captured: str
    results: str
    state: str
    ground_truth: str | None = None


def schedule_input(
    *,
    kind: str,
    endpoint: str,
    schedule: str,
    variants: Sequence[str],
    window: tuple[str, str],
    grace_minutes: int,
    late_hours: int,
    places: Places,
    job_stem: str,
    small_window: Mapping[str, Any] | None,
    request: Mapping[str, Any],
) -> dict[str, Any]:
    """The input of the schedule's target; EventBridge Scheduler fills in when the run was due.

    `window` are the offsets of its start and end from the scheduled hour, as Model Monitor writes them.
    """
    return {
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "plan": {
            "kind": kind,
            "endpoint": endpoint,
            "schedule": schedule,
            "variants": list(variants),
            "start_offset": window[0],
            "end_offset": window[1],
            "grace_minutes": grace_minutes,
            "late_hours": late_hours,
            "captured_uri": places.captured,
            "ground_truth_uri": places.ground_truth if kind == MODEL_QUALITY else None,
            "results_uri": places.results,
            "state_uri": places.state,
            "job_stem": job_stem,
            "small_window": dict(small_window) if small_window is not None else None,
            "request": dict(request),
        },
    }
