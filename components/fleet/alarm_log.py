"""The alarms of an account's stacks as a log, which its dashboard shows: CloudWatch finds no alarms by search."""

import json

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings
from components.fleet import accounts_policies as policies
from components.fleet.event_log import event_log


def alarm_log(name: str, parent: pulumi.Resource, common: CommonSettings) -> pulumi.Output[str]:
    """Keep each change of an alarm on the project's metrics, whatever stack it is of; returns the log group's name."""
    child = pulumi.ResourceOptions(parent=parent)
    logs, admitted = event_log(f"{name}-alarms", parent, common)
    rule = aws.cloudwatch.EventRule(
        f"{name}-alarms",
        description="Alarms on models, for the fleet's dashboard",
        event_pattern=json.dumps(policies.alarm_pattern(), sort_keys=True),
        tags=common.tags,
        opts=child,
    )
    aws.cloudwatch.EventTarget(
        f"{name}-alarms-log",
        rule=rule.name,
        target_id="log",
        arn=logs.arn,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[admitted], delete_before_replace=True),
    )
    return logs.name
