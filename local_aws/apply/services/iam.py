"""IAM: roles, their policies, and managed policies."""

from __future__ import annotations

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys


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
    for policy in inputs.get("inlinePolicies") or []:
        request.api("iam", "PutRolePolicy", RoleName=name, PolicyName=policy["name"], PolicyDocument=policy["policy"])
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
            "maxSessionDuration": inputs.get("maxSessionDuration") or 3600,
            "tagsAll": request.tags,
        },
    )


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


def _create_role_policy(request: Request) -> Created:
    role, name = request.inputs["role"], request.inputs["name"]
    request.api("iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=request.inputs["policy"])
    return Created(f"{role}:{name}", {"name": name})


def _delete_role_policy(existing: Existing) -> None:
    role, name = existing.id.split(":", 1)
    existing.api("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)


def _attach(request: Request) -> Created:
    role, arn = request.inputs["role"], request.inputs["policyArn"]
    request.api("iam", "AttachRolePolicy", RoleName=role, PolicyArn=arn)
    return Created(f"{role}/{arn}")


def _detach(existing: Existing) -> None:
    existing.api("iam", "DetachRolePolicy", RoleName=existing.inputs["role"], PolicyArn=existing.inputs["policyArn"])


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
        auto_name=AutoName(64),
    ),
    ResourceType(
        kind="aws:iam/rolePolicy:RolePolicy",
        inputs=keys("name role policy"),
        create=_create_role_policy,
        delete=_delete_role_policy,
        auto_name=AutoName(128),
    ),
    ResourceType(
        kind="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        inputs=keys("role policyArn"),
        create=_attach,
        delete=_detach,
    ),
    ResourceType(
        kind="aws:iam/policy:Policy",
        inputs=keys("name policy description path tags"),
        create=_create_policy,
        delete=_delete_policy,
        auto_name=AutoName(128),
    ),
)
