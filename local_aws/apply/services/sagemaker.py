"""SageMaker: model, endpoint configuration, endpoint, data-quality job definition and monitoring schedule.

The model-quality, bias and explainability definitions are aws-native resources; ``local_aws.apply.native`` has them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.calls import Api, wait_until
from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none, differences, exists
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    by_id,
    keys,
    tagger,
    with_tags,
)
from local_aws.apply.shapes import to_api

NAME_LIMIT = 63
# What DescribeEndpoint and DescribeMonitoringSchedule answer once it is gone.
GONE = ("ValidationException", "ResourceNotFound", "ResourceNotFoundException")
# The provider's defaults for members that the API requires (schemas of aws_sagemaker_data_quality_job_definition).
INPUT_PATH, OUTPUT_PATH = "/opt/ml/processing/input", "/opt/ml/processing/output"


def _create_model(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    settings = request.pick(
        "executionRoleArn",
        "primaryContainer",
        "containers",
        "enableNetworkIsolation",
        "inferenceExecutionConfig",
        "vpcConfig",
    )
    body = to_api("sagemaker", "CreateModel", {"name": name, **settings}, renames={"name": "ModelName"})
    arn = request.api("sagemaker", "CreateModel", **body, Tags=request.tag_list())["ModelArn"]
    isolated = bool(inputs.get("enableNetworkIsolation"))
    return Created(name, {"name": name, "arn": arn, "enableNetworkIsolation": isolated, "tagsAll": request.tags})


def _create_endpoint_configuration(request: Request) -> Created:
    name = request.inputs["name"]
    settings = request.pick(
        "productionVariants",
        "shadowProductionVariants",
        "dataCaptureConfig",
        "asyncInferenceConfig",
        "kmsKeyArn",
        "executionRoleArn",
    )
    body = to_api(
        "sagemaker",
        "CreateEndpointConfig",
        {"name": name, **settings},
        renames={"name": "EndpointConfigName", "kmsKeyArn": "KmsKeyId"},
    )
    arn = request.api("sagemaker", "CreateEndpointConfig", **body, Tags=request.tag_list())["EndpointConfigArn"]
    return Created(name, {"name": name, "arn": arn, "tagsAll": request.tags})


def _create_endpoint(request: Request) -> Created:
    name = request.inputs["name"]
    settings = request.pick("endpointConfigName", "deploymentConfig")
    body = to_api("sagemaker", "CreateEndpoint", {"name": name, **settings}, renames={"name": "EndpointName"})
    arn = request.api("sagemaker", "CreateEndpoint", **body, Tags=request.tag_list())["EndpointArn"]
    request.keep(name)

    def in_service() -> bool:
        state = request.api("sagemaker", "DescribeEndpoint", EndpointName=name)
        if state["EndpointStatus"] == "Failed":
            raise ApplyError(f"endpoint {name} failed: {state.get('FailureReason', 'no reason given')}")
        return bool(state["EndpointStatus"] == "InService")

    wait_until(in_service, f"the start of endpoint {name}")
    return Created(name, {"name": name, "arn": arn, "tagsAll": request.tags})


def _update_endpoint(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    """Bring an endpoint to another configuration.

    If that does not start, AWS goes back to the old one and the endpoint is InService again, which the real provider
    calls a success (internal/service/sagemaker/wait.go, waitEndpointInService). A program must find it out by itself.
    """
    name = existing.id
    settings = {"name": name, **request.pick("endpointConfigName", "deploymentConfig")}
    body = to_api("sagemaker", "UpdateEndpoint", settings, renames={"name": "EndpointName"})
    request.api("sagemaker", "UpdateEndpoint", **body)

    def settled() -> bool:
        state = request.api("sagemaker", "DescribeEndpoint", EndpointName=name)
        status, reason = state["EndpointStatus"], state.get("FailureReason", "no reason given")
        if status in {"Failed", "UpdateRollbackFailed"}:
            raise ApplyError(f"endpoint {name} failed: {reason}")
        return bool(status == "InService")

    wait_until(settled, f"the update of endpoint {name}")
    return {}


def _read_endpoint(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sagemaker", "DescribeEndpoint", EndpointName=existing.id)
    if answer is None:
        return None
    outputs = {"name": existing.id, "arn": answer["EndpointArn"]}
    config = answer["EndpointConfigName"]
    if not existing.inputs:
        listed = existing.api("sagemaker", "ListTags", ResourceArn=answer["EndpointArn"])["Tags"]
        tags = {tag["Key"]: tag["Value"] for tag in listed}
        inputs = {"name": existing.id, "endpointConfigName": config, **({"tags": tags} if tags else {})}
        return Found(inputs, {**outputs, "tagsAll": tags})
    return Found({} if config == existing.inputs["endpointConfigName"] else {"endpointConfigName": config}, outputs)


def _with_local_paths(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The provider's defaults for paths inside the container that a program need not give."""
    result = dict(definition)
    if sources := result.get("dataQualityJobInput"):
        result["dataQualityJobInput"] = {
            kind: {"localPath": INPUT_PATH, **source} for kind, source in sources.items() if source is not None
        }
    if config := result.get("dataQualityJobOutputConfig"):
        outputs = config["monitoringOutputs"]
        outputs = outputs if isinstance(outputs, list) else [outputs]
        result["dataQualityJobOutputConfig"] = {
            **config,
            "monitoringOutputs": [{"s3Output": {"localPath": OUTPUT_PATH, **output["s3Output"]}} for output in outputs],
        }
    return result


def _create_data_quality_definition(request: Request) -> Created:
    name = request.inputs["name"]
    settings = request.pick(
        "dataQualityAppSpecification",
        "dataQualityBaselineConfig",
        "dataQualityJobInput",
        "dataQualityJobOutputConfig",
        "jobResources",
        "networkConfig",
        "roleArn",
        "stoppingCondition",
    )
    body = to_api(
        "sagemaker",
        "CreateDataQualityJobDefinition",
        {"name": name, **_with_local_paths(settings)},
        renames={"name": "JobDefinitionName"},
    )
    arn = request.api("sagemaker", "CreateDataQualityJobDefinition", **body, Tags=request.tag_list())[
        "JobDefinitionArn"
    ]
    return Created(name, {"name": name, "arn": arn, "tagsAll": request.tags})


SCHEDULE_RENAMES = {"name": "MonitoringScheduleName", "MonitoringJobDefinition.baseline": "BaselineConfig"}


def _update_schedule(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    settings = {"name": existing.id, **request.pick("monitoringScheduleConfig")}
    body = to_api("sagemaker", "UpdateMonitoringSchedule", settings, renames=SCHEDULE_RENAMES)
    request.api("sagemaker", "UpdateMonitoringSchedule", **body)
    return {}


def _read_schedule(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sagemaker", "DescribeMonitoringSchedule", MonitoringScheduleName=existing.id)
    if answer is None:
        return None
    operation = "CreateMonitoringSchedule"
    names = "monitoringScheduleConfig"
    changed = differences(answer, existing, names, service="sagemaker", operation=operation, renames=SCHEDULE_RENAMES)
    return Found(changed)


def _create_schedule(request: Request) -> Created:
    name = request.inputs["name"]
    body = to_api(
        "sagemaker",
        "CreateMonitoringSchedule",
        {"name": name, **request.pick("monitoringScheduleConfig")},
        renames=SCHEDULE_RENAMES,
    )
    arn = request.api("sagemaker", "CreateMonitoringSchedule", **body, Tags=request.tag_list())["MonitoringScheduleArn"]
    request.keep(name)

    def scheduled() -> bool:
        state = request.api("sagemaker", "DescribeMonitoringSchedule", MonitoringScheduleName=name)
        if state["MonitoringScheduleStatus"] == "Failed":
            raise ApplyError(f"monitoring schedule {name} failed: {state.get('FailureReason', 'no reason given')}")
        return bool(state["MonitoringScheduleStatus"] == "Scheduled")

    wait_until(scheduled, f"the start of monitoring schedule {name}")
    return Created(name, {"name": name, "arn": arn, "tagsAll": request.tags})


def _delete_model(existing: Existing) -> None:
    existing.api("sagemaker", "DeleteModel", ModelName=existing.id)


def _delete_endpoint_configuration(existing: Existing) -> None:
    existing.api("sagemaker", "DeleteEndpointConfig", EndpointConfigName=existing.id)


def _delete_endpoint(existing: Existing) -> None:
    existing.api("sagemaker", "DeleteEndpoint", EndpointName=existing.id)
    _wait_until_gone(existing.api, "DescribeEndpoint", EndpointName=existing.id)


def _delete_data_quality_definition(existing: Existing) -> None:
    existing.api("sagemaker", "DeleteDataQualityJobDefinition", JobDefinitionName=existing.id)


def _delete_schedule(existing: Existing) -> None:
    """AWS refuses while an execution runs, and takes its time; the definition may only go once the schedule is gone."""
    existing.api("sagemaker", "DeleteMonitoringSchedule", MonitoringScheduleName=existing.id)
    _wait_until_gone(existing.api, "DescribeMonitoringSchedule", MonitoringScheduleName=existing.id)


def _wait_until_gone(api: Api, describe: str, **identity: str) -> None:
    wait_until(
        lambda: api.missing("sagemaker", describe, GONE, **identity), f"the deletion of {', '.join(identity.values())}"
    )


_retag = tagger("sagemaker", "AddTags", "DeleteTags", by_arn("ResourceArn"))
TYPES = (
    ResourceType(
        kind="aws:sagemaker/model:Model",
        inputs=keys(
            "name executionRoleArn primaryContainer containers enableNetworkIsolation inferenceExecutionConfig"
            " vpcConfig tags"
        ),
        create=_create_model,
        delete=_delete_model,
        read=exists("sagemaker", "DescribeModel", by_id("ModelName")),
        update=with_tags(_retag),
        auto_name=AutoName(NAME_LIMIT),
    ),
    ResourceType(
        kind="aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        inputs=keys(
            "name productionVariants shadowProductionVariants dataCaptureConfig asyncInferenceConfig kmsKeyArn"
            " executionRoleArn tags"
        ),
        create=_create_endpoint_configuration,
        delete=_delete_endpoint_configuration,
        read=exists("sagemaker", "DescribeEndpointConfig", by_id("EndpointConfigName")),
        update=with_tags(_retag),
        auto_name=AutoName(NAME_LIMIT),
    ),
    ResourceType(
        kind="aws:sagemaker/endpoint:Endpoint",
        inputs=keys("name endpointConfigName deploymentConfig tags"),
        create=_create_endpoint,
        delete=_delete_endpoint,
        read=_read_endpoint,
        update=with_tags(_retag, rest=_update_endpoint),
        importable=True,
        auto_name=AutoName(NAME_LIMIT),
    ),
    ResourceType(
        kind="aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
        inputs=keys(
            "name dataQualityAppSpecification dataQualityBaselineConfig dataQualityJobInput"
            " dataQualityJobOutputConfig jobResources"
            " networkConfig roleArn stoppingCondition tags"
        ),
        create=_create_data_quality_definition,
        delete=_delete_data_quality_definition,
        read=exists("sagemaker", "DescribeDataQualityJobDefinition", by_id("JobDefinitionName")),
        update=with_tags(_retag),
        auto_name=AutoName(NAME_LIMIT),
    ),
    ResourceType(
        kind="aws:sagemaker/monitoringSchedule:MonitoringSchedule",
        inputs=keys("name monitoringScheduleConfig tags"),
        create=_create_schedule,
        delete=_delete_schedule,
        read=_read_schedule,
        update=with_tags(_retag, rest=_update_schedule),
        auto_name=AutoName(NAME_LIMIT),
    ),
)
