"""CloudWatch Logs: log groups, and who may write to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import same_text
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


def _put_policy(request: Request) -> Created:
    name, document = request.inputs["policyName"], request.inputs["policyDocument"]
    request.api("logs", "PutResourcePolicy", policyName=name, policyDocument=document)
    return Created(name)


def _read_policy(existing: Existing) -> Found | None:
    policies = existing.api("logs", "DescribeResourcePolicies")["resourcePolicies"]
    has = next((item for item in policies if item["policyName"] == existing.id), None)
    if has is None:
        return None
    same = same_text(has["policyDocument"], existing.inputs["policyDocument"])
    return Found({} if same else {"policyDocument": has["policyDocument"]})


def _delete_policy(existing: Existing) -> None:
    existing.api("logs", "DeleteResourcePolicy", policyName=existing.id)


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
        inputs=keys("policyName policyDocument"),
        create=_put_policy,
        delete=_delete_policy,
        read=_read_policy,
        update=put_again(_put_policy),
    ),
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
