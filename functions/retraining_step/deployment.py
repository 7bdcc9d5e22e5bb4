"""Deployment: the new model and its endpoint configuration, made from what serves now, and the monitors' new baseline.

The endpoint's configuration is the running one with another model: instance types, data capture and network stay what
Pulumi declared. Names follow from the package's version, so a step that is repeated makes nothing twice.
"""

import json
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from contract.bucket_layout import BASELINE_DATA, BASELINE_RESULTS, CONSTRAINTS, STATISTICS
from contract.monitor_kinds import DATA_QUALITY, KINDS
from contract.retraining import BASELINE_FILE, BASELINES, POINTER, QUALITY_BASELINE_FILE
from functions.common.retraining_state import State
from functions.common.s3_objects import split_uri
from functions.retraining_step.services import Services, gone, is_running

_CONFIG = (
    "DataCaptureConfig",
    "KmsKeyId",
    "AsyncInferenceConfig",
    "ExecutionRoleArn",
    "VpcConfig",
    "EnableNetworkIsolation",
)
_MODEL = ("ExecutionRoleArn", "VpcConfig", "EnableNetworkIsolation")


def names_of(package: str, settings: Mapping[str, Any]) -> str:
    """What a version's model and endpoint configuration are called."""
    return f"{settings['name_stem']}-retrained-{package.rsplit('/', 1)[-1]}"


def prepare(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Make model and configuration; what the update of the endpoint and the baseline jobs are called with."""
    sagemaker, package, champion = services.sagemaker, event["package"], event["champion"]
    name = names_of(package, settings)
    running = sagemaker.describe_model(ModelName=champion["model"])
    container = sagemaker.describe_model_package(ModelPackageName=package)["InferenceSpecification"]["Containers"][0]
    tags = [{"Key": key, "Value": value} for key, value in sorted(settings["tags"].items())]
    model = {
        "ModelName": name,
        "PrimaryContainer": {**running["PrimaryContainer"], "ModelDataUrl": container["ModelDataUrl"]},
        **{key: running[key] for key in _MODEL if key in running},
        "Tags": tags,
    }
    config = sagemaker.describe_endpoint_config(EndpointConfigName=champion["config"])
    variants = [{**variant, "ModelName": name} for variant in config["ProductionVariants"]]
    request = {
        "EndpointConfigName": name,
        "ProductionVariants": variants,
        **{key: config[key] for key in _CONFIG if key in config},
        "Tags": tags,
    }
    try:
        _once(lambda: sagemaker.create_model(**model))
        _once(lambda: sagemaker.create_endpoint_config(**request))
    except ClientError:
        _undo_if_stopped(name, event["execution"], services)
        raise
    _undo_if_stopped(name, event["execution"], services)
    return {
        "config": name,
        "update": {
            "EndpointName": settings["endpoint_name"],
            "EndpointConfigName": name,
            "DeploymentConfig": settings["deployment_config"],
        },
        "baselines": [_baseline(kind, each, event, settings, services) for kind, each in settings["baselines"].items()],
    }


def _undo_if_stopped(name: str, execution: str, services: Services) -> None:
    """Remove what was made for an execution that was stopped meanwhile: cleaning up may have come before or between."""
    if is_running(execution, services):
        return
    gone(lambda: services.sagemaker.delete_endpoint_config(EndpointConfigName=name))
    gone(lambda: services.sagemaker.delete_model(ModelName=name))
    raise RuntimeError(f"{execution} was stopped: {name} is removed again")


def _once(create: Any) -> None:
    """Create what the same step may have created before."""
    try:
        create()
    except ClientError as error:
        if "already exist" not in str(error):
            raise


def _baseline(
    kind: str, template: Mapping[str, Any], event: Mapping[str, Any], settings: Mapping[str, Any], services: Services
) -> dict[str, Any]:
    """The request of the job that describes what the monitor of this kind will compare with."""
    version, bucket = event["package"].rsplit("/", 1)[-1], settings["bucket"]
    file = BASELINE_FILE if kind == DATA_QUALITY else QUALITY_BASELINE_FILE
    source_bucket, source = split_uri(f"{event['run_uri']}/evaluation/{file}")
    data = _rows(kind, version)
    services.s3.copy_object(Bucket=bucket, Key=data, CopySource={"Bucket": source_bucket, "Key": source})
    text = json.dumps(template)
    text = text.replace("{data}", f"s3://{bucket}/{data}").replace("{results}", _results(kind, version, bucket))
    # An execution that is repeated for the same package needs another name: SageMaker never forgets one.
    attempt = event["execution"].rsplit(":", 1)[-1][-8:]
    return {**json.loads(text), "ProcessingJobName": f"{settings['job_stem']}-r{version}-{KINDS[kind].short}-{attempt}"}


def _rows(kind: str, version: str) -> str:
    """Key of the rows that a retrained model's baseline is made from."""
    return f"{BASELINE_DATA}/{kind}/{BASELINES}{version}/baseline.csv"


def _results(kind: str, version: str, bucket: str) -> str:
    folder = f"{BASELINES}{version}" if kind == DATA_QUALITY else f"{kind}-{BASELINES}{version}"
    return f"s3://{bucket}/{BASELINE_RESULTS}/{folder}"


def point_monitors(event: Mapping[str, Any], settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Let every monitor compare with the new baseline from its next run on; the function that starts runs reads it."""
    if not is_running(event["execution"], services):  # the old model is brought back, and its baseline stays
        raise RuntimeError(f"{event['execution']} was stopped: the monitors are left alone")
    version, bucket = event["package"].rsplit("/", 1)[-1], settings["bucket"]
    kinds = {}
    for kind in settings["baselines"]:
        results = _results(kind, version, bucket)
        inputs = {"baseline_constraints": f"{results}/{CONSTRAINTS}"}
        if kind == DATA_QUALITY:
            inputs["baseline_statistics"] = f"{results}/{STATISTICS}"
            inputs["baseline_data"] = f"s3://{bucket}/{_rows(kind, version)}"
        kinds[kind] = inputs
    pointer = {"version": version, "package": event["package"], "config": event["config"], "inputs": kinds}
    State(services.s3, bucket).write(POINTER, pointer)
    return {"monitored_by": kinds}
