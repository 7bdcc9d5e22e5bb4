"""Kinesis: data streams."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.errors import ApplyError
from local_aws.apply.reading import answer_or_none
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    keys,
    tagger,
    with_tags,
)

_FIRST_RETENTION = 24  # hours, of a stream that is just made


def _create(request: Request) -> Created:
    name, inputs = request.inputs["name"], request.inputs
    mode = (inputs.get("streamModeDetails") or {}).get("streamMode", "PROVISIONED")
    if mode == "PROVISIONED" and not inputs.get("shardCount"):
        raise ApplyError("a provisioned stream needs shard_count; set it, or streamMode ON_DEMAND")
    request.api(
        "kinesis",
        "CreateStream",
        StreamName=name,
        ShardCount=inputs.get("shardCount") if mode == "PROVISIONED" else None,
        StreamModeDetails={"StreamMode": mode},
    )
    arn = _summary(request.api, name)["StreamARN"]
    request.keep(arn, name=name, arn=arn)
    _retain(request.api, name, _FIRST_RETENTION, int(inputs.get("retentionPeriod") or _FIRST_RETENTION))
    if inputs.get("encryptionType") == "KMS":
        _encrypt(request.api, name, inputs["kmsKeyId"])
    if request.tags:
        request.api("kinesis", "AddTagsToStream", StreamName=name, Tags=request.tags)
    return Created(arn, {"arn": arn, "name": name, "tagsAll": request.tags})


def _summary(api: Any, name: str) -> Mapping[str, Any]:
    answer = api("kinesis", "DescribeStreamSummary", StreamName=name)
    found: Mapping[str, Any] = answer["StreamDescriptionSummary"]
    return found


def _retain(api: Any, name: str, before: int, hours: int) -> None:
    if hours != before:
        operation = "IncreaseStreamRetentionPeriod" if hours > before else "DecreaseStreamRetentionPeriod"
        api("kinesis", operation, StreamName=name, RetentionPeriodHours=hours)


def _encrypt(api: Any, name: str, key: str) -> None:
    api("kinesis", "StartStreamEncryption", StreamName=name, EncryptionType="KMS", KeyId=key)


def _update(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    name, api = existing.outputs["name"], request.api
    unknown = changed - {"retentionPeriod", "encryptionType", "kmsKeyId"}
    if unknown:
        raise ApplyError(f"stream {name}: {', '.join(sorted(unknown))} cannot be changed here; make another stream")
    if "retentionPeriod" in changed:
        hours = int(request.inputs.get("retentionPeriod") or _FIRST_RETENTION)
        _retain(api, name, int(_summary(api, name)["RetentionPeriodHours"]), hours)
    if changed & {"encryptionType", "kmsKeyId"}:
        if request.inputs.get("encryptionType") == "KMS":
            _encrypt(api, name, request.inputs["kmsKeyId"])
        else:
            key = existing.inputs["kmsKeyId"]
            api("kinesis", "StopStreamEncryption", StreamName=name, EncryptionType="KMS", KeyId=key)
    return {}


def _read(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "kinesis", "DescribeStreamSummary", StreamName=existing.outputs["name"])
    if answer is None:
        return None
    has, said = answer["StreamDescriptionSummary"], existing.inputs
    changed: dict[str, Any] = {}
    if has["RetentionPeriodHours"] != int(said.get("retentionPeriod") or _FIRST_RETENTION):
        changed["retentionPeriod"] = has["RetentionPeriodHours"]
    if has.get("EncryptionType", "NONE") != (said.get("encryptionType") or "NONE"):
        changed["encryptionType"] = has.get("EncryptionType", "NONE")
    return Found(changed)


def _delete(existing: Existing) -> None:
    consumers = bool(existing.inputs.get("enforceConsumerDeletion"))
    existing.api(
        "kinesis", "DeleteStream", StreamName=existing.outputs["name"], EnforceConsumerDeletion=consumers or None
    )


TYPES = (
    ResourceType(
        kind="aws:kinesis/stream:Stream",
        inputs=keys(
            "name shardCount retentionPeriod encryptionType kmsKeyId streamModeDetails enforceConsumerDeletion tags"
        ),
        create=_create,
        delete=_delete,
        read=_read,
        update=with_tags(
            tagger(
                "kinesis", "AddTagsToStream", "RemoveTagsFromStream", lambda one: {"StreamName": one.outputs["name"]}
            ),
            rest=_update,
        ),
        auto_name=AutoName(128),
    ),
)
