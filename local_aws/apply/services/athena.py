"""Athena: workgroups and named queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.errors import RequestError
from local_aws.apply.reading import covers
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
from local_aws.apply.shapes import to_api

RENAMES = {
    "WorkGroupConfiguration.publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "WorkGroupConfigurationUpdates.publishCloudwatchMetricsEnabled": "PublishCloudWatchMetricsEnabled",
    "WorkGroupConfigurationUpdates.resultConfiguration": "ResultConfigurationUpdates",
    "EncryptionConfiguration.kmsKeyArn": "KmsKey",
}


def _create_workgroup(request: Request) -> Created:
    name = request.inputs["name"]
    settings = {"name": name, **request.pick("description", "configuration")}
    body = to_api("athena", "CreateWorkGroup", settings, renames=RENAMES)
    request.api("athena", "CreateWorkGroup", **body, Tags=request.tag_list())
    arn = f"arn:aws:athena:{request.api.region}:{request.account_id}:workgroup/{name}"
    return Created(name, {"arn": arn, "name": name, "tagsAll": request.tags})


def _update_workgroup(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    configuration = request.inputs.get("configuration")
    settings = {
        "workGroup": existing.id,
        **request.pick("description", "state"),
        **({"configurationUpdates": configuration} if configuration else {}),
    }
    existing.api("athena", "UpdateWorkGroup", **to_api("athena", "UpdateWorkGroup", settings, renames=RENAMES))
    return {}


def _answer(existing: Existing, operation: str, **request: Any) -> dict[str, Any] | None:
    """Athena says of what does not exist that the request is not valid."""
    try:
        return existing.api("athena", operation, **request)
    except RequestError as error:
        if error.code == "InvalidRequestException" and "not found" in str(error):
            return None
        raise


def _read_workgroup(existing: Existing) -> Found | None:
    answer = _answer(existing, "GetWorkGroup", WorkGroup=existing.id)
    if answer is None:
        return None
    has, configuration = answer["WorkGroup"], existing.inputs.get("configuration")
    differs: dict[str, Any] = {}
    if configuration:
        sent = to_api("athena", "CreateWorkGroup", {"configuration": configuration}, renames=RENAMES)["Configuration"]
        if not covers(has["Configuration"], sent):
            differs["configuration"] = None
    return Found(differs)


def _delete_workgroup(existing: Existing) -> None:
    existing.api(
        "athena", "DeleteWorkGroup", WorkGroup=existing.id,
        RecursiveDeleteOption=bool(existing.inputs.get("forceDestroy")),
    )  # fmt: skip


def _create_query(request: Request) -> Created:
    inputs = request.inputs
    answer = request.api(
        "athena",
        "CreateNamedQuery",
        Name=inputs["name"],
        Description=inputs.get("description"),
        Database=inputs["database"],
        QueryString=inputs["query"],
        WorkGroup=inputs.get("workgroup"),
    )
    return Created(answer["NamedQueryId"], {"name": inputs["name"]})


def _read_query(existing: Existing) -> Found | None:
    answer = _answer(existing, "GetNamedQuery", NamedQueryId=existing.id)
    if answer is None:
        return None
    members = {"query": "QueryString", "database": "Database", "description": "Description"}
    has = answer["NamedQuery"]
    return Found(
        {
            name: has.get(member)
            for name, member in members.items()
            if existing.inputs.get(name) is not None and existing.inputs[name] != has.get(member)
        }
    )


def _delete_query(existing: Existing) -> None:
    existing.api("athena", "DeleteNamedQuery", NamedQueryId=existing.id)


TYPES = (
    ResourceType(
        kind="aws:athena/workgroup:Workgroup",
        inputs=keys("name description configuration forceDestroy state tags"),
        create=_create_workgroup,
        delete=_delete_workgroup,
        read=_read_workgroup,
        update=with_tags(
            tagger("athena", "TagResource", "UntagResource", by_arn("ResourceARN")), rest=_update_workgroup
        ),
        auto_name=AutoName(128),
    ),
    ResourceType(
        kind="aws:athena/namedQuery:NamedQuery",
        inputs=keys("name description database query workgroup"),
        create=_create_query,
        delete=_delete_query,
        read=_read_query,
        auto_name=AutoName(128),
    ),
)
