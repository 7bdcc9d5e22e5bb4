"""Step Functions: state machines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    keys,
    tagger,
    with_tags,
)


def _settings(inputs: Mapping[str, Any]) -> dict[str, Any]:
    settings: dict[str, Any] = {"definition": inputs["definition"], "roleArn": inputs["roleArn"]}
    if logging := inputs.get("loggingConfiguration"):
        settings["loggingConfiguration"] = {
            "level": logging.get("level", "OFF"),
            "includeExecutionData": bool(logging.get("includeExecutionData")),
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": logging["logDestination"]}}],
        }
    if tracing := inputs.get("tracingConfiguration"):
        settings["tracingConfiguration"] = {"enabled": bool(tracing.get("enabled"))}
    return settings


def _create(request: Request) -> Created:
    name = request.inputs["name"]
    answer = request.api(
        "stepfunctions",
        "CreateStateMachine",
        name=name,
        type=request.inputs.get("type"),
        tags=request.tag_list("key", "value"),
        **_settings(request.inputs),
    )
    arn = answer["stateMachineArn"]
    return Created(arn, {"name": name, "arn": arn, "tagsAll": request.tags})


def _update(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    request.api("stepfunctions", "UpdateStateMachine", stateMachineArn=existing.id, **_settings(request.inputs))
    return {}


def _read(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "stepfunctions", "DescribeStateMachine", stateMachineArn=existing.id)
    if answer is None:
        return None
    has = {key: answer.get(key) for key in ("definition", "roleArn")}
    return Found({key: value for key, value in has.items() if value != existing.inputs.get(key)})


def _delete(existing: Existing) -> None:
    existing.api("stepfunctions", "DeleteStateMachine", stateMachineArn=existing.id)


TYPES = (
    ResourceType(
        kind="aws:sfn/stateMachine:StateMachine",
        inputs=keys("name type roleArn definition loggingConfiguration tracingConfiguration tags"),
        create=_create,
        delete=_delete,
        read=_read,
        update=with_tags(tagger("stepfunctions", "TagResource", "UntagResource", by_arn("resourceArn")), rest=_update),
        auto_name=AutoName(80),
    ),
)
