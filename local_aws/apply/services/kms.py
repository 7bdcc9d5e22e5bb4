"""KMS: keys and aliases."""

from __future__ import annotations

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys

DELETION_WINDOW = 30  # days; AWS's default. The key is useless from the first one


def _create_key(request: Request) -> Created:
    inputs = request.inputs
    key = request.api(
        "kms",
        "CreateKey",
        Description=inputs.get("description"),
        KeyUsage=inputs.get("keyUsage"),
        KeySpec=inputs.get("customerMasterKeySpec"),
        MultiRegion=inputs.get("multiRegion"),
        Policy=inputs.get("policy"),
        Tags=request.tag_list("TagKey", "TagValue"),
    )["KeyMetadata"]
    request.keep(key["KeyId"])
    if inputs.get("enableKeyRotation"):
        request.api(
            "kms", "EnableKeyRotation", KeyId=key["KeyId"], RotationPeriodInDays=inputs.get("rotationPeriodInDays")
        )
    if inputs.get("isEnabled") is False:
        request.api("kms", "DisableKey", KeyId=key["KeyId"])
    return Created(key["KeyId"], {"keyId": key["KeyId"], "arn": key["Arn"], "tagsAll": request.tags})


def _delete_key(existing: Existing) -> None:
    window = existing.inputs.get("deletionWindowInDays") or DELETION_WINDOW
    existing.api("kms", "ScheduleKeyDeletion", KeyId=existing.id, PendingWindowInDays=window)


def _create_alias(request: Request) -> Created:
    name = request.inputs["name"]
    if not name.startswith("alias/"):
        name = f"alias/{name}"
    request.api("kms", "CreateAlias", AliasName=name, TargetKeyId=request.inputs["targetKeyId"])
    key = request.api("kms", "DescribeKey", KeyId=request.inputs["targetKeyId"])["KeyMetadata"]
    arn = f"arn:aws:kms:{request.api.region}:{request.account_id}:{name}"
    return Created(name, {"name": name, "arn": arn, "targetKeyArn": key["Arn"]})


def _delete_alias(existing: Existing) -> None:
    existing.api("kms", "DeleteAlias", AliasName=existing.id)


TYPES = (
    ResourceType(
        kind="aws:kms/key:Key",
        inputs=keys(
            "description keyUsage customerMasterKeySpec multiRegion policy enableKeyRotation rotationPeriodInDays"
            " isEnabled"
            " deletionWindowInDays tags"
        ),
        create=_create_key,
        delete=_delete_key,
    ),
    ResourceType(
        kind="aws:kms/alias:Alias",
        inputs=keys("name targetKeyId"),
        create=_create_alias,
        delete=_delete_alias,
        auto_name=AutoName(250),
    ),
)
