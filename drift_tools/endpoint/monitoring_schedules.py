"""Monitoring schedules of Model Monitor, read from an account with their definitions and their endpoints."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from contract.monitor_kinds import KINDS, MonitorKind
from drift_tools.aws import one_line, s3_paths
from drift_tools.endpoint.batch_schedules import stand_in, transforms_of
from drift_tools.errors import InputError
from drift_tools.profiles import read_json

# Kinds by SageMaker's names for them.
KIND_OF: Final[Mapping[str, MonitorKind]] = {
    kind.monitoring_type: kind for kind in KINDS.values() if kind.monitoring_type
}


@dataclass(frozen=True, slots=True)
class Schedule:
    """A monitoring schedule as AWS describes it, with its definition's parts under one name for all kinds.

    `kind` is SageMaker's name for it; `config` the content of an analysis_config.json, where there is one. `job` is
    the definition: `app`, `baseline`, `input`, `output`, `cluster`, `network`, `stopping`, each AWS's object.
    `is_stopped`: whether it is there and does not run.
    """

    name: str
    kind: str
    expression: str
    job: Mapping[str, Mapping[str, Any]]
    endpoint: Mapping[str, Any]
    tags: Mapping[str, str]
    is_stopped: bool = False
    config: Mapping[str, Any] = field(default_factory=dict)
    transforms: Sequence[Mapping[str, Any]] = ()
    """The newest transform jobs that it watches, where it watches those; `endpoint` then only names them."""

    @property
    def source(self) -> Mapping[str, Any]:
        """What it looks at: AWS's EndpointInput, or its BatchTransformInput."""
        found: Mapping[str, Any] = self.job["input"].get("EndpointInput") or self.job["input"]["BatchTransformInput"]
        return found

    @property
    def is_batch(self) -> bool:
        """Whether it watches transform jobs."""
        return "BatchTransformInput" in self.job["input"]


def read_document(uri: str) -> Any:
    """The JSON document at an S3 URI."""
    with s3_paths.local_copy(uri) as path:
        return read_json(path)


def read_schedule(name: str, sagemaker: Any, read_file: Callable[[str], Any] = read_document) -> Schedule:
    """A schedule with its definition and its endpoint; InputError as `migrate` raises it. `read_file` gives the JSON
    document at an S3 URI.
    """
    try:
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
        config = described["MonitoringScheduleConfig"]
        kind = described.get("MonitoringType") or config.get("MonitoringType") or next(iter(KIND_OF))
        if kind not in KIND_OF:
            raise InputError(f"{name}: is a {kind} schedule: the open engine monitors {', '.join(KIND_OF)}")
        job = _job(kind, config, sagemaker)
        arn = described["MonitoringScheduleArn"]
        batch = job["input"].get("BatchTransformInput")
        transforms = transforms_of(batch, sagemaker) if batch else []
        endpoint = stand_in(name, arn, batch, transforms) if batch else _endpoint(name, job, sagemaker)
        tags = sagemaker.list_tags(ResourceArn=arn)["Tags"]
    except (ClientError, BotoCoreError) as error:
        raise InputError(f"{name}: cannot be read ({one_line(error)}): check name, region and permissions") from error
    return Schedule(
        name,
        kind,
        (config.get("ScheduleConfig") or {}).get("ScheduleExpression", ""),
        job,
        endpoint,
        {tag["Key"]: tag["Value"] for tag in tags if not tag["Key"].startswith("aws:")},
        described["MonitoringScheduleStatus"] == "Stopped",
        read_file(job["app"]["ConfigUri"]) if job["app"].get("ConfigUri") else {},
        transforms,
    )


def _job(kind: str, config: Mapping[str, Any], sagemaker: Any) -> dict[str, Mapping[str, Any]]:
    """The definition's parts, whether it is inline in the schedule or a resource of its own."""
    inline = config.get("MonitoringJobDefinition")
    if inline is not None:
        inputs = inline["MonitoringInputs"][0]
        return {
            "app": inline["MonitoringAppSpecification"] | {"Environment": inline.get("Environment") or {}},
            "baseline": inline.get("BaselineConfig") or {},
            "input": inputs,
            "output": inline["MonitoringOutputConfig"],
            "cluster": inline["MonitoringResources"]["ClusterConfig"],
            "network": inline.get("NetworkConfig") or {},
            "stopping": inline.get("StoppingCondition") or {},
        }
    definition_name = config["MonitoringJobDefinitionName"]
    words = re.sub("(?<!^)(?=[A-Z])", "_", kind).lower()
    found = getattr(sagemaker, f"describe_{words}_job_definition")(JobDefinitionName=definition_name)
    return {
        "app": found[f"{kind}AppSpecification"],
        "baseline": found.get(f"{kind}BaselineConfig") or {},
        "input": found[f"{kind}JobInput"],
        "output": found[f"{kind}JobOutputConfig"],
        "cluster": found["JobResources"]["ClusterConfig"],
        "network": found.get("NetworkConfig") or {},
        "stopping": found.get("StoppingCondition") or {},
    }


def _endpoint(name: str, job: Mapping[str, Mapping[str, Any]], sagemaker: Any) -> Mapping[str, Any]:
    endpoint: Mapping[str, Any] = sagemaker.describe_endpoint(
        EndpointName=job["input"]["EndpointInput"]["EndpointName"]
    )
    if not (endpoint.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise InputError(
            f"{name}: its endpoint {endpoint['EndpointName']} captures nothing: turn data capture on, then migrate"
        )
    return endpoint
