"""Roles: each actor has one of its own, with one inline policy."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings
from components.iam.context import AwsContext, look_up_context
from components.iam.statements import PolicyDocument, policy_document, use_key


@dataclass(frozen=True, kw_only=True)
class ServiceRole:
    """A role with its policy. Hand out `arn`, not the role's own: who uses it then waits until it may do something."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy

    @property
    def arn(self) -> pulumi.Output[str]:
        """The role's ARN, known once the policy is attached; on a destroy the policy outlives what uses the role."""
        return pulumi.Output.all(self.role.arn, self.policy.id).apply(lambda found: str(found[0]))


def service_role(
    name: str,
    *,
    parent: pulumi.Resource,
    description: str,
    trust: Callable[[AwsContext], PolicyDocument],
    policy: pulumi.Output[PolicyDocument],
    common: CommonSettings,
) -> ServiceRole:
    """Make a role and its one inline policy, as children of `parent`."""
    role = bare_role(name, parent=parent, description=description, trust=trust, common=common)
    return with_policy(name, role, policy, parent=parent)


def bare_role(
    name: str,
    *,
    parent: pulumi.Resource,
    description: str,
    trust: Callable[[AwsContext], PolicyDocument],
    common: CommonSettings,
) -> aws.iam.Role:
    """Make the role alone: for one whose policy names what itself names the role."""
    return aws.iam.Role(
        name,
        description=description,
        assume_role_policy=look_up_context(parent).apply(lambda context: json.dumps(trust(context))),
        permissions_boundary=common.permissions_boundary_arn,
        # An engine that dies between making the policy and noting it leaves one that no destroy knows of.
        force_detach_policies=True,
        tags=common.tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def with_policy(
    name: str, role: aws.iam.Role, policy: pulumi.Output[PolicyDocument], *, parent: pulumi.Resource
) -> ServiceRole:
    """Give a bare role, which was made under this name, its one inline policy."""
    options = pulumi.ResourceOptions(parent=parent)
    return ServiceRole(
        role=role,
        policy=aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=policy.apply(json.dumps), opts=options),
    )


def with_key(policy: pulumi.Output[PolicyDocument], common: CommonSettings) -> pulumi.Output[PolicyDocument]:
    """A function's policy and, where everything is encrypted with one key, the use of it."""
    if common.kms_key_arn is None:
        return policy
    return pulumi.Output.all(policy, common.kms_key_arn).apply(
        lambda found: policy_document(*found[0]["Statement"], use_key(found[1]))
    )
