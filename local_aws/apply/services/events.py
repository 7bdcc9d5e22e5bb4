"""EventBridge: buses, rules and targets (pulumi-aws has them in its ``cloudwatch`` module)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none, differences, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    keys,
    put_again,
    tagger,
    with_tags,
)
from local_aws.apply.shapes import camel, to_api

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


def _put_rule(request: Request, tags: list[dict[str, str]] | None) -> str:
    inputs = request.inputs
    enabled = inputs.get("state") or ("DISABLED" if inputs.get("isEnabled") is False else "ENABLED")
    arn: str = request.api(
        "events",
        "PutRule",
        Name=inputs["name"],
        EventBusName=_bus(inputs),
        EventPattern=inputs.get("eventPattern"),
        ScheduleExpression=inputs.get("scheduleExpression"),
        Description=inputs.get("description"),
        RoleArn=inputs.get("roleArn"),
        State=enabled,
        Tags=tags,
    )["RuleArn"]
    return arn


def _create_rule(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    arn = _put_rule(request, request.tag_list())
    identifier = name if _bus(inputs) == DEFAULT_BUS else f"{_bus(inputs)}/{name}"
    return Created(identifier, {"name": name, "arn": arn, "eventBusName": _bus(inputs), "tagsAll": request.tags})


def _update_rule(_existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    _put_rule(request, None)  # tags of a rule that exists go by an operation of their own
    return {}


def _read_rule(existing: Existing) -> Found | None:
    name, bus = existing.outputs["name"], _bus(existing.inputs)
    answer = answer_or_none(existing.api, "events", "DescribeRule", Name=name, EventBusName=bus)
    if answer is None:
        return None
    names = "eventPattern scheduleExpression description roleArn state"
    return Found(differences(answer, existing, names, service="events", operation="PutRule"))


def _delete_rule(existing: Existing) -> None:
    existing.api(
        "events",
        "DeleteRule",
        Name=existing.outputs["name"],
        EventBusName=_bus(existing.inputs),
        Force=existing.inputs.get("forceDestroy"),
    )


def _put_target(request: Request) -> Created:
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


def _read_target(existing: Existing) -> Found | None:
    rule, bus = existing.inputs["rule"], _bus(existing.inputs)
    answer = answer_or_none(existing.api, "events", "ListTargetsByRule", Rule=rule, EventBusName=bus)
    targets = [item for item in (answer or {}).get("Targets", []) if item["Id"] == existing.outputs["targetId"]]
    if not targets:
        return None
    wanted = {name: existing.inputs[name] for name in TARGET_INPUTS.split() if existing.inputs.get(name) is not None}
    put = {"rule": rule, "targets": [{"id": targets[0]["Id"], **wanted}]}
    sent = to_api("events", "PutTargets", put, renames=RENAMES)["Targets"][0]
    differs = [name for name in ("Arn", "RoleArn", "Input") if targets[0].get(name) != sent.get(name)]
    return Found({camel(name): targets[0].get(name) for name in differs})


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


def _create_bus(request: Request) -> Created:
    name = request.inputs["name"]
    settings = {"name": name, **request.pick("description", "eventSourceName", "kmsKeyIdentifier", "deadLetterConfig")}
    body = to_api("events", "CreateEventBus", settings)
    arn = request.api("events", "CreateEventBus", **body, Tags=request.tag_list())["EventBusArn"]
    return Created(name, {"arn": arn, "name": name, "tagsAll": request.tags})


def _update_bus(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    settings = {"name": existing.id, **request.pick("description", "kmsKeyIdentifier", "deadLetterConfig")}
    existing.api("events", "UpdateEventBus", **to_api("events", "UpdateEventBus", settings))
    return {}


def _read_bus(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "events", "DescribeEventBus", Name=existing.id)
    return None if answer is None else Found()


def _delete_bus(existing: Existing) -> None:
    existing.api("events", "DeleteEventBus", Name=existing.id)


def _put_bus_policy(request: Request) -> Created:
    bus = _bus(request.inputs)
    request.api("events", "PutPermission", EventBusName=bus, Policy=request.inputs["policy"])
    return Created(bus, {"eventBusName": bus})


def _read_bus_policy(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "events", "DescribeEventBus", Name=existing.id)
    if answer is None or not answer.get("Policy"):
        return None
    return Found({} if same_text(answer["Policy"], existing.inputs["policy"]) else {"policy": answer["Policy"]})


def _delete_bus_policy(existing: Existing) -> None:
    existing.api("events", "RemovePermission", EventBusName=existing.id, RemoveAllPermissions=True)


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/eventBus:EventBus",
        inputs=keys("name description eventSourceName kmsKeyIdentifier deadLetterConfig tags"),
        create=_create_bus,
        delete=_delete_bus,
        read=_read_bus,
        update=with_tags(tagger("events", "TagResource", "UntagResource", by_arn("ResourceARN")), rest=_update_bus),
        auto_name=AutoName(256),
    ),
    ResourceType(
        kind="aws:cloudwatch/eventBusPolicy:EventBusPolicy",
        inputs=keys("eventBusName policy"),
        create=_put_bus_policy,
        delete=_delete_bus_policy,
        read=_read_bus_policy,
        update=put_again(_put_bus_policy),
    ),
    ResourceType(
        kind="aws:cloudwatch/eventRule:EventRule",
        inputs=keys(
            "name eventBusName eventPattern scheduleExpression description roleArn state isEnabled forceDestroy tags"
        ),
        create=_create_rule,
        delete=_delete_rule,
        read=_read_rule,
        update=with_tags(tagger("events", "TagResource", "UntagResource", by_arn("ResourceARN")), rest=_update_rule),
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:cloudwatch/eventTarget:EventTarget",
        inputs=keys(f"rule targetId eventBusName forceDestroy {TARGET_INPUTS}"),
        create=_put_target,
        delete=_delete_target,
        read=_read_target,
        update=put_again(_put_target),
        auto_name=AutoName(64, property="targetId"),
    ),
)
