"""Requests of processing jobs, as CreateProcessingJob takes them: strings and numbers in, dictionaries out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.args import NetworkSettings
from components.jobs.instance_types import has_local_storage
from contract import processing_job


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
    analysis_config: str | None = None
    model: str | None = None
    labelled_data: str | None = None

    def inputs(self) -> list[dict[str, Any]]:
        """As inputs of a processing job."""
        known = (
            ("code", self.code, processing_job.CODE_PATH),
            ("baseline_constraints", self.constraints, processing_job.CONSTRAINTS_PATH),
            ("baseline_statistics", self.statistics, processing_job.STATISTICS_PATH),
            ("baseline_data", self.baseline_data, processing_job.BASELINE_DATA_PATH),
            ("record_preprocessor_script_input", self.preprocessor, processing_job.PREPROCESSOR_PATH),
            ("analysis_config", self.analysis_config, processing_job.ANALYSIS_CONFIG_PATH),
            ("model", self.model, processing_job.MODEL_PATH),
            ("labelled_data", self.labelled_data, processing_job.LABELLED_DATA_PATH),
        )
        return [s3_input(name, uri, path) for name, uri, path in known if uri is not None]

    def environment(self) -> dict[str, str]:
        """The variables that say where the job finds them."""
        known = (
            ("PYTHONPATH", self.code, processing_job.CODE_PATH),
            ("baseline_constraints", self.constraints, processing_job.CONSTRAINTS_PATH),
            ("baseline_statistics", self.statistics, processing_job.STATISTICS_PATH),
            ("baseline_dataset", self.baseline_data, processing_job.BASELINE_DATA_PATH),
            ("record_preprocessor_script", self.preprocessor, processing_job.PREPROCESSOR_PATH),
            ("analysis_config", self.analysis_config, processing_job.ANALYSIS_CONFIG_PATH),
            ("model_archive", self.model, processing_job.MODEL_PATH),
            ("estimate_baseline", self.labelled_data, processing_job.LABELLED_DATA_PATH),
        )
        return {name: f"{path}/{uri.rsplit('/', 1)[-1]}" for name, uri, path in known if uri is not None}


@dataclass(frozen=True, kw_only=True)
class KindFiles:
    """Addresses of what a kind of monitor's jobs read beside data and baseline; None for what it does without."""

    analysis_config: pulumi.Input[str] | None = None
    model: pulumi.Input[str] | None = None
    """The deployed model's archive, of kinds that ask it."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a job runs on and under; `network` is its NetworkConfig, `kms_key_arn` the key of volumes and results."""

    image_uri: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int
    role_arn: str
    tags: Mapping[str, str]
    instance_count: int = 1
    kms_key_arn: str | None = None
    network: Mapping[str, Any] | None = None


def processing_job_request(
    machine: Machine,
    *,
    inputs: Sequence[Mapping[str, Any]],
    outputs: Sequence[Mapping[str, Any]],
    environment: Mapping[str, str],
    entrypoint: Sequence[str] | None = None,
) -> dict[str, Any]:
    """The CreateProcessingJob request, but for the job's name. Without an entrypoint the image's own is run."""
    cluster: dict[str, Any] = {
        "InstanceCount": machine.instance_count,
        "InstanceType": machine.instance_type,
        "VolumeSizeInGB": machine.volume_size_in_gb,
    }
    output: dict[str, Any] = {"Outputs": list(outputs)}
    if machine.kms_key_arn is not None:
        output["KmsKeyId"] = machine.kms_key_arn
        if not has_local_storage(machine.instance_type):
            cluster["VolumeKmsKeyId"] = machine.kms_key_arn
    application: dict[str, Any] = {"ImageUri": machine.image_uri}
    if entrypoint is not None:
        application["ContainerEntrypoint"] = list(entrypoint)
    request: dict[str, Any] = {
        "ProcessingInputs": list(inputs),
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": machine.max_runtime_in_seconds},
        "AppSpecification": application,
        "Environment": dict(environment),
        "RoleArn": machine.role_arn,
    }
    optional = {
        "ProcessingOutputConfig": output if len(output) > 1 or output["Outputs"] else None,
        "NetworkConfig": machine.network,
        "Tags": [{"Key": key, "Value": value} for key, value in sorted(machine.tags.items())],
    }
    return request | {key: value for key, value in optional.items() if value}


def network_config(network: NetworkSettings) -> dict[str, Any] | None:
    """NetworkConfig of a processing job; None where AWS's own network will do. IDs may be outputs."""
    if not network.has_settings:
        return None
    found: dict[str, Any] = {
        "EnableInterContainerTrafficEncryption": network.encrypt_inter_container_traffic,
        "EnableNetworkIsolation": network.isolation,
    }
    if network.in_vpc:
        found["VpcConfig"] = {
            "Subnets": list(network.subnet_ids),
            "SecurityGroupIds": list(network.security_group_ids),
        }
    return found
