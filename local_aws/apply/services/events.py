"""EventBridge: rules and targets (pulumi-aws has them in its ``cloudwatch`` module)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none, differences
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


TYPES = (
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
