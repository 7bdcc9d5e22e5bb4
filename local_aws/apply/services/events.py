"""EventBridge: rules and targets (pulumi-aws has them in its ``cloudwatch`` module)."""

from __future__ import annotations

from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.shapes import to_api

DEFAULT_BUS = "default"
TARGET_INPUTS = (
    "arn roleArn input inputPath inputTransformer deadLetterConfig retryPolicy sqsTarget kinesisTarget"
    " sagemakerPipelineTarget"
)
RENAMES = {
    "Target.sqsTarget": "SqsParameters",
    "Target.kinesisTarget": "KinesisParameters",
    "Target.sagemakerPipelineTarget": "SageMakerPipelineParameters",
    "InputTransformer.inputPaths": "InputPathsMap",
}


def _bus(inputs: Any) -> str:
    return str(inputs.get("eventBusName") or DEFAULT_BUS)


def _create_rule(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    enabled = inputs.get("state") or ("DISABLED" if inputs.get("isEnabled") is False else "ENABLED")
    arn = request.api(
        "events",
        "PutRule",
        Name=name,
        EventBusName=_bus(inputs),
        EventPattern=inputs.get("eventPattern"),
        ScheduleExpression=inputs.get("scheduleExpression"),
        Description=inputs.get("description"),
        RoleArn=inputs.get("roleArn"),
        State=enabled,
        Tags=request.tag_list(),
    )["RuleArn"]
    identifier = name if _bus(inputs) == DEFAULT_BUS else f"{_bus(inputs)}/{name}"
    return Created(identifier, {"name": name, "arn": arn, "eventBusName": _bus(inputs), "tagsAll": request.tags})


def _delete_rule(existing: Existing) -> None:
    existing.api(
        "events",
        "DeleteRule",
        Name=existing.outputs["name"],
        EventBusName=_bus(existing.inputs),
        Force=existing.inputs.get("forceDestroy"),
    )


def _create_target(request: Request) -> Created:
    inputs = request.inputs
    rule, identifier = inputs["rule"], inputs["targetId"]
    target = {"id": identifier, **request.pick(*TARGET_INPUTS.split())}
    put = to_api(
        "events", "PutTargets", {"rule": rule, "eventBusName": _bus(inputs), "targets": [target]}, renames=RENAMES
    )
    answer = request.api("events", "PutTargets", **put)
    for problem in answer.get("FailedEntries", []):
        raise ApplyError(f"EventBridge refused the target: {problem.get('ErrorCode')}: {problem.get('ErrorMessage')}")
    return Created(f"{rule}-{identifier}", {"targetId": identifier, "eventBusName": _bus(inputs)})


def _delete_target(existing: Existing) -> None:
    answer = existing.api(
        "events",
        "RemoveTargets",
        Rule=existing.inputs["rule"],
        EventBusName=_bus(existing.inputs),
        Ids=[existing.outputs["targetId"]],
    )
    for problem in answer.get("FailedEntries", []):
        raise ApplyError(f"EventBridge kept the target: {problem.get('ErrorCode')}: {problem.get('ErrorMessage')}")


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/eventRule:EventRule",
        inputs=keys(
            "name eventBusName eventPattern scheduleExpression description roleArn state isEnabled forceDestroy tags"
        ),
        create=_create_rule,
        delete=_delete_rule,
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:cloudwatch/eventTarget:EventTarget",
        inputs=keys(f"rule targetId eventBusName forceDestroy {TARGET_INPUTS}"),
        create=_create_target,
        delete=_delete_target,
        auto_name=AutoName(64, property="targetId"),
    ),
)
