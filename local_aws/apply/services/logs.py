"""CloudWatch Logs: log groups."""

from __future__ import annotations

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys


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


def _delete_group(existing: Existing) -> None:
    if not existing.inputs.get("skipDestroy"):
        existing.api("logs", "DeleteLogGroup", logGroupName=existing.id)


TYPES = (
    ResourceType(
        kind="aws:cloudwatch/logGroup:LogGroup",
        inputs=keys("name retentionInDays kmsKeyId logGroupClass skipDestroy tags"),
        create=_create_group,
        delete=_delete_group,
        auto_name=AutoName(512),
    ),
)
