"""Lambda: versions of layers."""

from __future__ import annotations

from typing import Any

from local_aws.apply.assets import archive_bytes
from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import exists
from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.shapes import to_api


def _content(request: Request) -> dict[str, Any]:
    if (code := request.inputs.get("code")) is not None:
        return {"zipFile": archive_bytes(code)}
    stored = request.pick("s3Bucket", "s3Key", "s3ObjectVersion")
    if not stored:
        raise ApplyError("a layer needs code, or s3_bucket and s3_key")
    return stored


def _publish(request: Request) -> Created:
    name = request.inputs["layerName"]
    settings = {
        **request.pick("layerName", "compatibleArchitectures", "compatibleRuntimes", "description", "licenseInfo"),
        "content": _content(request),
    }
    answer = request.api("lambda", "PublishLayerVersion", **to_api("lambda", "PublishLayerVersion", settings))
    content = answer.get("Content", {})
    return Created(
        answer["LayerVersionArn"],
        {
            "arn": answer["LayerVersionArn"],
            "layerArn": answer["LayerArn"],
            "layerName": name,
            "version": str(answer["Version"]),
            "createdDate": answer.get("CreatedDate", ""),
            "codeSha256": content.get("CodeSha256", ""),
            "sourceCodeHash": content.get("CodeSha256", ""),
            "sourceCodeSize": content.get("CodeSize", 0),
        },
    )


def _delete(existing: Existing) -> None:
    if not existing.inputs.get("skipDestroy"):
        existing.api("lambda", "DeleteLayerVersion", **_identity(existing))


def _identity(existing: Existing) -> dict[str, Any]:
    name, version = existing.id.split(":")[-2:]
    return {"LayerName": name, "VersionNumber": int(version)}


TYPES = (
    ResourceType(
        kind="aws:lambda/layerVersion:LayerVersion",
        # sourceCodeHash only tells the provider when to publish again.
        inputs=keys(
            "layerName code s3Bucket s3Key s3ObjectVersion compatibleArchitectures compatibleRuntimes description"
            " licenseInfo skipDestroy sourceCodeHash"
        ),
        create=_publish,
        delete=_delete,
        read=exists("lambda", "GetLayerVersion", _identity),
        auto_name=AutoName(140, property="layerName"),
    ),
)
