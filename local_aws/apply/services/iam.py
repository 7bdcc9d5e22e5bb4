"""IAM: roles, their policies, and managed policies."""

from __future__ import annotations

import json
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
    by_arn,
    by_id,
    keys,
    put_again,
    tagger,
    with_tags,
)

POLICY_VERSIONS = 5
SESSION_DURATION = 3600  # seconds; AWS's default


def _put_inline_policies(request: Request) -> None:
    name = request.inputs["name"]
    for policy in request.inputs.get("inlinePolicies") or []:
        request.api("iam", "PutRolePolicy", RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])


def _create_role(request: Request) -> Created:
    inputs, name = request.inputs, request.inputs["name"]
    role = request.api(
        "iam",
        "CreateRole",
        RoleName=name,
        AssumeRolePolicyDocument=inputs["assumeRolePolicy"],
        Description=inputs.get("description"),
        Path=inputs.get("path"),
        MaxSessionDuration=inputs.get("maxSessionDuration"),
        PermissionsBoundary=inputs.get("permissionsBoundary"),
        Tags=request.tag_list(),
    )["Role"]
    request.keep(name)
    _put_inline_policies(request)
    for arn in inputs.get("managedPolicyArns") or []:
        request.api("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
    return Created(
        name,
        {
            "name": name,
            "arn": role["Arn"],
            "uniqueId": role["RoleId"],
            "createDate": role["CreateDate"].isoformat(),
            "path": role.get("Path", "/"),
            "maxSessionDuration": inputs.get("maxSessionDuration") or SESSION_DURATION,
            "tagsAll": request.tags,
        },
    )


def _update_role(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    api, inputs, name = request.api, request.inputs, existing.id
    if "assumeRolePolicy" in changed:
        api("iam", "UpdateAssumeRolePolicy", RoleName=name, PolicyDocument=inputs["assumeRolePolicy"])
    if changed & {"description", "maxSessionDuration"}:
        duration = inputs.get("maxSessionDuration") or SESSION_DURATION
        described = inputs.get("description") or ""
        api("iam", "UpdateRole", RoleName=name, Description=described, MaxSessionDuration=duration)
    if "permissionsBoundary" in changed:
        if boundary := inputs.get("permissionsBoundary"):
            api("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
        else:
            api("iam", "DeleteRolePermissionsBoundary", RoleName=name)
    if "inlinePolicies" in changed:
        for policy in {item["name"] for item in existing.inputs.get("inlinePolicies") or []} - {
            item["name"] for item in inputs.get("inlinePolicies") or []
        }:
            api("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        _put_inline_policies(request)
    if "managedPolicyArns" in changed:
        before, after = (set(item.get("managedPolicyArns") or []) for item in (existing.inputs, inputs))
        for arn in sorted(before - after):
            api("iam", "DetachRolePolicy", RoleName=name, PolicyArn=arn)
        for arn in sorted(after - before):
            api("iam", "AttachRolePolicy", RoleName=name, PolicyArn=arn)
    return {}


def _read_role(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "iam", "GetRole", RoleName=existing.id)
    if answer is None:
        return None
    role, said = answer["Role"], existing.inputs
    has = {
        "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
        "description": role.get("Description") or None,
        "maxSessionDuration": role.get("MaxSessionDuration", SESSION_DURATION),
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
    }
    defaults = {"maxSessionDuration": SESSION_DURATION}
    tags = {item["Key"]: item["Value"] for item in role.get("Tags", [])}
    outputs = {
        "name": role["RoleName"],
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].isoformat(),
        "path": role.get("Path", "/"),
        "maxSessionDuration": has["maxSessionDuration"],
        "tagsAll": tags,
    }
    if not said:
        known = {key: value for key, value in has.items() if value is not None and value != defaults.get(key)}
        return Found({"name": role["RoleName"], **known, **({"tags": tags} if tags else {})}, outputs)
    changed = {
        key: value
        for key, value in has.items()
        if value != (said.get(key) or defaults.get(key)) and not same_text(value, str(said.get(key)))
    }
    return Found(changed, outputs)


def _delete_role(existing: Existing) -> None:
    api, name = existing.api, existing.id
    # As the provider: a role that declares policies, or says so, is stripped of all of them; a policy that somebody
    # else attached to any other role is AWS's DeleteConflict.
    if any(existing.inputs.get(key) for key in ("forceDetachPolicies", "inlinePolicies", "managedPolicyArns")):
        for page in api.pages("iam", "ListRolePolicies", RoleName=name):
            for policy in page["PolicyNames"]:
                api("iam", "DeleteRolePolicy", RoleName=name, PolicyName=policy)
        for page in api.pages("iam", "ListAttachedRolePolicies", RoleName=name):
            for attached in page["AttachedPolicies"]:
                api("iam", "DetachRolePolicy", RoleName=name, PolicyArn=attached["PolicyArn"])
    api("iam", "DeleteRole", RoleName=name)


def _put_role_policy(request: Request) -> Created:
    role, name = request.inputs["role"], request.inputs["name"]
    request.api("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=request.inputs["policy"])
    return Created(f"{role}:{name}", {"name": name})


def _read_role_policy(existing: Existing) -> Found | None:
    role, name = existing.id.split(":", 1)
    answer = answer_or_none(existing.api, "iam", "GetRolePolicy", RoleName=role, PolicyName=name)
    return None if answer is None else _document(existing, answer["PolicyDocument"])


def _document(existing: Existing, has: Any) -> Found:
    """A policy as it is, unless it is what the program said."""
    same = same_text(has, existing.inputs["policy"])
    return Found({} if same else {"policy": has if isinstance(has, str) else json.dumps(has)})


def _delete_role_policy(existing: Existing) -> None:
    role, name = existing.id.split(":", 1)
    existing.api("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)


def _attach(request: Request) -> Created:
    role, arn = request.inputs["role"], request.inputs["policyArn"]
    request.api("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
    return Created(f"{role}/{arn}")


def _detach(existing: Existing) -> None:
    existing.api("iam", "DetachRolePolicy", RoleName=existing.inputs["role"], PolicyArn=existing.inputs["policyArn"])


def _read_attachment(existing: Existing) -> Found | None:
    role = existing.inputs["role"]
    if answer_or_none(existing.api, "iam", "GetRole", RoleName=role) is None:
        return None
    pages = existing.api.pages("iam", "ListAttachedRolePolicies", RoleName=role)
    attached = {item["PolicyArn"] for page in pages for item in page["AttachedPolicies"]}
    return Found() if existing.inputs["policyArn"] in attached else None


def _update_policy(existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
    """A new version that counts; AWS keeps five, so that the oldest that does not count goes first."""
    api, arn = request.api, existing.id
    versions = api("iam", "ListPolicyVersions", PolicyArn=arn)["Versions"]
    idle = sorted((item for item in versions if not item["IsDefaultVersion"]), key=lambda item: item["CreateDate"])
    if len(versions) >= POLICY_VERSIONS:
        api("iam", "DeletePolicyVersion", PolicyArn=arn, VersionId=idle[0]["VersionId"])
    api("iam", "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=request.inputs["policy"], SetAsDefault=True)
    return {}


def _read_policy(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "iam", "GetPolicy", PolicyArn=existing.id)
    if answer is None:
        return None
    version = answer["Policy"]["DefaultVersionId"]
    found = existing.api("iam", "GetPolicyVersion", PolicyArn=existing.id, VersionId=version)
    return _document(existing, found["PolicyVersion"]["Document"])


def _create_policy(request: Request) -> Created:
    name = request.inputs["name"]
    policy = request.api(
        "iam",
        "CreatePolicy",
        PolicyName=name,
        PolicyDocument=request.inputs["policy"],
        Description=request.inputs.get("description"),
        Path=request.inputs.get("path"),
        Tags=request.tag_list(),
    )["Policy"]
    return Created(
        policy["Arn"], {"name": name, "arn": policy["Arn"], "policyId": policy["PolicyId"], "tagsAll": request.tags}
    )


def _delete_policy(existing: Existing) -> None:
    for version in existing.api("iam", "ListPolicyVersions", PolicyArn=existing.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            existing.api("iam", "DeletePolicyVersion", PolicyArn=existing.id, VersionId=version["VersionId"])
    existing.api("iam", "DeletePolicy", PolicyArn=existing.id)


TYPES = (
    ResourceType(
        kind="aws:iam/role:Role",
        inputs=keys(
            "name assumeRolePolicy description path maxSessionDuration permissionsBoundary inlinePolicies"
            " managedPolicyArns"
            " forceDetachPolicies tags"
        ),
        create=_create_role,
        delete=_delete_role,
        read=_read_role,
        update=with_tags(tagger("iam", "TagRole", "UntagRole", by_id("RoleName")), rest=_update_role),
        importable=True,
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:iam/rolePolicy:RolePolicy",
        inputs=keys("name role policy"),
        create=_put_role_policy,
        delete=_delete_role_policy,
        read=_read_role_policy,
        update=put_again(_put_role_policy),
        auto_name=AutoName(128),
    ),
    ResourceType(
        kind="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=keys("role policyArn"),
        create=_attach,
        delete=_detach,
        read=_read_attachment,
    ),
    ResourceType(
        kind="aws:iam/policy:Policy",
        inputs=keys("name policy description path tags"),
        create=_create_policy,
        delete=_delete_policy,
        read=_read_policy,
        update=with_tags(tagger("iam", "TagPolicy", "UntagPolicy", by_arn("PolicyArn")), rest=_update_policy),
        auto_name=AutoName(128),
    ),
)
