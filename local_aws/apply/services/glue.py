"""Glue: databases and tables of the data catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, differences
from local_aws.apply.resource_types import AutoName, Created, Existing, Found, Request, ResourceType, keys
from local_aws.apply.shapes import to_api

TABLE_INPUTS = "name description owner parameters partitionKeys retention storageDescriptor tableType"
RENAMES = {"StorageDescriptor.serDeInfo": "SerdeInfo", "StorageDescriptor.serdeInfo": "SerdeInfo"}


def _create_database(request: Request) -> Created:
    name = request.inputs["name"]
    database = {"name": name, **request.pick("description", "locationUri", "parameters")}
    body = to_api("glue", "CreateDatabase", {"databaseInput": database})
    request.api("glue", "CreateDatabase", **body, Tags=request.tags or None)
    arn = f"arn:aws:glue:{request.api.region}:{request.account_id}:database/{name}"
    outputs = {"arn": arn, "catalogId": request.account_id, "name": name, "tagsAll": request.tags}
    return Created(f"{request.account_id}:{name}", outputs)


def _update_database(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    name = existing.outputs["name"]
    database = {"name": name, **request.pick("description", "locationUri", "parameters")}
    existing.api(
        "glue", "UpdateDatabase", **to_api("glue", "UpdateDatabase", {"name": name, "databaseInput": database})
    )
    return {}


def _read_database(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "glue", "GetDatabase", Name=existing.outputs["name"])
    if answer is None:
        return None
    has = answer["Database"]
    return Found(
        {
            name: has.get(member)
            for name, member in (("description", "Description"), ("locationUri", "LocationUri"))
            if existing.inputs.get(name) is not None and existing.inputs[name] != has.get(member)
        }
    )


def _delete_database(existing: Existing) -> None:
    existing.api("glue", "DeleteDatabase", Name=existing.outputs["name"])


def _table_input(request: Request) -> dict[str, Any]:
    table = {"databaseName": request.inputs["databaseName"], "tableInput": request.pick(*TABLE_INPUTS.split())}
    return to_api("glue", "CreateTable", table, renames=RENAMES)


def _create_table(request: Request) -> Created:
    request.api("glue", "CreateTable", **_table_input(request))
    name, database = request.inputs["name"], request.inputs["databaseName"]
    arn = f"arn:aws:glue:{request.api.region}:{request.account_id}:table/{database}/{name}"
    outputs = {"arn": arn, "catalogId": request.account_id, "name": name}
    return Created(f"{request.account_id}:{database}:{name}", outputs)


def _update_table(_existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    request.api("glue", "UpdateTable", **_table_input(request))
    return {}


def _read_table(existing: Existing) -> Found | None:
    database, name = existing.inputs["databaseName"], existing.outputs["name"]
    answer = answer_or_none(existing.api, "glue", "GetTable", DatabaseName=database, Name=name)
    if answer is None:
        return None
    given = {"tableInput": {key: existing.inputs.get(key) for key in TABLE_INPUTS.split()}, "databaseName": database}
    sent = to_api("glue", "CreateTable", given, renames=RENAMES)["TableInput"]
    differs = differences({"TableInput": answer["Table"]}, existing, "tableInput", service="glue",
                          operation="CreateTable", renames=RENAMES, given=given)  # fmt: skip
    if not differs:
        return Found()
    members = {"description": "Description", "parameters": "Parameters", "tableType": "TableType"}
    changed = {
        name: answer["Table"].get(member)
        for name, member in members.items()
        if member in sent and answer["Table"].get(member) != sent[member]
    }
    return Found(changed or {"storageDescriptor": None})


def _delete_table(existing: Existing) -> None:
    existing.api("glue", "DeleteTable", DatabaseName=existing.inputs["databaseName"], Name=existing.outputs["name"])


TYPES = (
    ResourceType(
        kind="aws:glue/catalogDatabase:CatalogDatabase",
        inputs=keys("name description locationUri parameters tags"),
        create=_create_database,
        delete=_delete_database,
        read=_read_database,
        update=_update_database,
        auto_name=AutoName(255),
    ),
    ResourceType(
        kind="aws:glue/catalogTable:CatalogTable",
        inputs=keys(f"databaseName {TABLE_INPUTS}"),
        create=_create_table,
        delete=_delete_table,
        read=_read_table,
        update=_update_table,
        auto_name=AutoName(255),
    ),
)
