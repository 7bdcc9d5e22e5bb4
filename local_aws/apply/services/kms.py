"""KMS: keys, aliases and grants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    keys,
)

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


def _update_key(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    api, inputs, key = request.api, request.inputs, existing.id
    if "policy" in changed and inputs.get("policy"):
        api("kms", "PutKeyPolicy", KeyId=key, PolicyName="default", Policy=inputs["policy"])
    if "description" in changed:
        api("kms", "UpdateKeyDescription", KeyId=key, Description=inputs.get("description") or "")
    if changed & {"enableKeyRotation", "rotationPeriodInDays"}:
        if inputs.get("enableKeyRotation"):
            period = inputs.get("rotationPeriodInDays")
            api("kms", "EnableKeyRotation", KeyId=key, RotationPeriodInDays=period)
        else:
            api("kms", "DisableKeyRotation", KeyId=key)
    if "isEnabled" in changed:
        api("kms", "DisableKey" if inputs.get("isEnabled") is False else "EnableKey", KeyId=key)
    if "tags" not in changed:
        return {}
    if gone := sorted((existing.outputs.get("tagsAll") or {}).keys() - request.tags.keys()):
        api("kms", "UntagResource", KeyId=key, TagKeys=gone)
    if request.tags:
        api("kms", "TagResource", KeyId=key, Tags=request.tag_list("TagKey", "TagValue"))
    return {"tagsAll": request.tags}


def _read_key(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "kms", "DescribeKey", KeyId=existing.id)
    if answer is None or answer["KeyMetadata"].get("KeyState") == "PendingDeletion":
        return None
    said = existing.inputs.get("policy")
    if not said:
        return Found()
    policy = existing.api("kms", "GetKeyPolicy", KeyId=existing.id, PolicyName="default")["Policy"]
    return Found({} if same_text(policy, said) else {"policy": policy})


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


def _update_alias(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    request.api("kms", "UpdateAlias", AliasName=existing.id, TargetKeyId=request.inputs["targetKeyId"])
    key = request.api("kms", "DescribeKey", KeyId=request.inputs["targetKeyId"])["KeyMetadata"]
    return {"targetKeyArn": key["Arn"]}


def _read_alias(existing: Existing) -> Found | None:
    pages = existing.api.pages("kms", "ListAliases")
    return Found() if any(item["AliasName"] == existing.id for page in pages for item in page["Aliases"]) else None


def _delete_alias(existing: Existing) -> None:
    existing.api("kms", "DeleteAlias", AliasName=existing.id)


def _create_grant(request: Request) -> Created:
    inputs = request.inputs
    answer = request.api(
        "kms",
        "CreateGrant",
        KeyId=inputs["keyId"],
        GranteePrincipal=inputs["granteePrincipal"],
        Operations=inputs["operations"],
        RetiringPrincipal=inputs.get("retiringPrincipal"),
        Name=inputs.get("name"),
    )
    identifier = f"{inputs['keyId']}:{answer['GrantId']}"
    return Created(identifier, {"grantId": answer["GrantId"], "grantToken": answer["GrantToken"]})


def _read_grant(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "kms", "ListGrants", KeyId=existing.inputs["keyId"])
    grants = (answer or {}).get("Grants", [])
    return Found() if any(grant["GrantId"] == existing.outputs["grantId"] for grant in grants) else None


def _delete_grant(existing: Existing) -> None:
    existing.api("kms", "RevokeGrant", KeyId=existing.inputs["keyId"], GrantId=existing.outputs["grantId"])


TYPES = (
    ResourceType(
        kind="aws:kms/grant:Grant",
        inputs=keys("keyId granteePrincipal operations retiringPrincipal name"),
        create=_create_grant,
        delete=_delete_grant,
        read=_read_grant,
    ),
    ResourceType(
        kind="aws:kms/key:Key",
        inputs=keys(
            "description keyUsage customerMasterKeySpec multiRegion policy enableKeyRotation rotationPeriodInDays"
            " isEnabled"
            " deletionWindowInDays tags"
        ),
        create=_create_key,
        delete=_delete_key,
        read=_read_key,
        update=_update_key,
    ),
    ResourceType(
        kind="aws:kms/alias:Alias",
        inputs=keys("name targetKeyId"),
        create=_create_alias,
        delete=_delete_alias,
        read=_read_alias,
        update=_update_alias,
        auto_name=AutoName(250),
    ),
)
