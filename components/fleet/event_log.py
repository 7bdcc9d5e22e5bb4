"""A log group that rules of EventBridge may write to."""

import json

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings
from components.fleet import accounts_policies as policies
from components.iam import look_up_context


def event_log(
    name: str, parent: pulumi.Resource, common: CommonSettings
) -> tuple[aws.cloudwatch.LogGroup, aws.cloudwatch.LogResourcePolicy]:
    """Make the log group; returns it, and the policy that must be there before a rule writes to it."""
    logs = aws.cloudwatch.LogGroup(
        f"{name}-log",
        # EventBridge writes to no others.
        name=f"/aws/events/{name}",
        retention_in_days=common.log_retention_in_days,
        kms_key_id=common.kms_key_arn,
        tags=common.tags,
        opts=pulumi.ResourceOptions(parent=parent, delete_before_replace=True),
    )
    admitted = aws.cloudwatch.LogResourcePolicy(
        f"{name}-log-policy",
        policy_name=name,
        policy_document=pulumi.Output.all(look_up_context(parent), logs.arn).apply(
            lambda found: json.dumps(policies.findings_log_policy(found[0], found[1]))
        ),
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return logs, admitted
