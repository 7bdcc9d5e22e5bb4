"""Lambda: mappings of event sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, differences
from local_aws.apply.resource_types import (
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
from local_aws.apply.shapes import to_api

# As UpdateEventSourceMapping takes them; the source and where its reading began are fixed.
_CHANGEABLE = (
    "batchSize bisectBatchOnFunctionError destinationConfig enabled functionName functionResponseTypes"
    " maximumBatchingWindowInSeconds maximumRecordAgeInSeconds maximumRetryAttempts parallelizationFactor"
    " tumblingWindowInSeconds"
)
_RENAMES = {"OnFailure.destinationArn": "Destination"}
_FIXED = "eventSourceArn startingPosition startingPositionTimestamp"


def _create(request: Request) -> Created:
    settings = request.pick(*_CHANGEABLE.split(), *_FIXED.split())
    operation = "CreateEventSourceMapping"
    answer = request.api(
        "lambda", operation, **to_api("lambda", operation, settings, renames=_RENAMES), Tags=request.tags or None
    )
    arn = answer["EventSourceMappingArn"]
    return Created(
        answer["UUID"],
        {
            "uuid": answer["UUID"],
            "arn": arn,
            "functionArn": answer["FunctionArn"],
            "state": answer.get("State", ""),
            "tagsAll": request.tags,
        },
    )


def _update(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    settings = {**request.pick(*_CHANGEABLE.split()), "UUID": existing.id}
    operation = "UpdateEventSourceMapping"
    answer = request.api("lambda", operation, **to_api("lambda", operation, settings, renames=_RENAMES))
    return {"functionArn": answer["FunctionArn"], "state": answer.get("State", "")}


def _read(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "lambda", "GetEventSourceMapping", UUID=existing.id)
    if answer is None:
        return None
    names = " ".join(name for name in _CHANGEABLE.split() if name not in ("functionName", "enabled"))
    changed = differences(
        answer, existing, names, service="lambda", operation="CreateEventSourceMapping", renames=_RENAMES
    )
    if (answer.get("State") == "Disabled") == bool(existing.inputs.get("enabled", True)):
        changed["enabled"] = answer.get("State") != "Disabled"
    return Found(changed, {"state": answer.get("State", "")})


def _delete(existing: Existing) -> None:
    existing.api("lambda", "DeleteEventSourceMapping", UUID=existing.id)


TYPES = (
    ResourceType(
        kind="aws:lambda/eventSourceMapping:EventSourceMapping",
        inputs=keys(f"{_CHANGEABLE} {_FIXED} tags"),
        create=_create,
        delete=_delete,
        read=_read,
        update=with_tags(tagger("lambda", "TagResource", "UntagResource", by_arn("Resource")), rest=_update),
        stale=frozenset({"functionArn", "state"}),
    ),
)
