"""Monitoring schedules of Model Monitor, read from an account with their definitions and their endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from drift_tools.aws import one_line
from drift_tools.errors import InputError

DATA_QUALITY: Final = "DataQuality"
MODEL_QUALITY: Final = "ModelQuality"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A monitoring schedule as AWS describes it, with its definition's parts under one name for both kinds.

    `job` is the definition: `app`, `baseline`, `input`, `output`, `cluster`, `network`, `stopping`, each AWS's object.
    `is_stopped`: whether it is there and does not run.
    """

    name: str
    kind: str
    expression: str
    job: Mapping[str, Mapping[str, Any]]
    endpoint: Mapping[str, Any]
    tags: Mapping[str, str]
    is_stopped: bool = False


def read_schedule(name: str, sagemaker: Any) -> Schedule:
    """A schedule with its definition and its endpoint; InputError as `migrate` raises it."""
    try:
        described = sagemaker.describe_monitoring_schedule(MonitoringScheduleName=name)
        config = described["MonitoringScheduleConfig"]
        kind = described.get("MonitoringType") or config.get("MonitoringType") or DATA_QUALITY
        if kind not in (DATA_QUALITY, MODEL_QUALITY):
            raise InputError(
                f"{name}: is a {kind} schedule: the open engine monitors {DATA_QUALITY} and {MODEL_QUALITY}"
            )
        job = _job(kind, config, sagemaker)
        endpoint = _endpoint(name, job, sagemaker)
        tags = sagemaker.list_tags(ResourceArn=described["MonitoringScheduleArn"])["Tags"]
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
    if kind == DATA_QUALITY:
        found = sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition_name)
    else:
        found = sagemaker.describe_model_quality_job_definition(JobDefinitionName=definition_name)
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
    endpoint_input = job["input"].get("EndpointInput")
    if endpoint_input is None:
        raise InputError(f"{name}: watches batch transform jobs: the open engine monitors endpoints")
    endpoint: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=endpoint_input["EndpointName"])
    if not (endpoint.get("DataCaptureConfig") or {}).get("EnableCapture"):
        raise InputError(
            f"{name}: its endpoint {endpoint['EndpointName']} captures nothing: turn data capture on, then migrate"
        )
    return endpoint
