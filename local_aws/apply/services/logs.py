"""CloudWatch Logs: log groups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def _create_group(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    request.api(
        "logs",
        "CreateLogGroup",
        logGroupName=name,
        kmsKeyId=inputs.get("kmsKeyId"),
        logGroupClass=inputs.get("logGroupClass"),
        tags=request.tags or None,
    )
    request.keep(name)
    if inputs.get("retentionInDays"):
        request.api("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=inputs["retentionInDays"])
    arn = f"arn:aws:logs:{request.api.region}:{request.account_id}:log-group:{name}"
    return Created(name, {"name": name, "arn": arn, "tagsAll": request.tags})


def _update_group(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    name, inputs, api = existing.id, request.inputs, request.api
    if "retentionInDays" in changed:
        if inputs.get("retentionInDays"):
            api("logs", "PutRetentionPolicy", logGroupName=name, retentionInDays=inputs["retentionInDays"])
        else:
            api("logs", "DeleteRetentionPolicy", logGroupName=name)
    if "kmsKeyId" in changed:
        if inputs.get("kmsKeyId"):
            api("logs", "AssociateKmsKey", logGroupName=name, kmsKeyId=inputs["kmsKeyId"])
        else:
            api("logs", "DisassociateKmsKey", logGroupName=name)
    return {}


def _read_group(existing: Existing) -> Found | None:
    answer = existing.api("logs", "DescribeLogGroups", logGroupNamePrefix=existing.id)
    group = next((item for item in answer["logGroups"] if item["logGroupName"] == existing.id), None)
    if group is None:
        return None
    has = {name: group.get(name) for name in ("retentionInDays", "kmsKeyId")}
    return Found({name: value for name, value in has.items() if value != (existing.inputs.get(name) or None)})


def _delete_group(existing: Existing) -> None:
    if not existing.inputs.get("skipDestroy"):
        existing.api("logs", "DeleteLogGroup", logGroupName=existing.id)


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/logGroup:LogGroup",
        inputs=keys("name retentionInDays kmsKeyId logGroupClass skipDestroy tags"),
        create=_create_group,
        delete=_delete_group,
        read=_read_group,
        update=with_tags(tagger("logs", "TagResource", "UntagResource", by_arn("resourceArn")), rest=_update_group),
        auto_name=AutoName(512),
    ),
)
