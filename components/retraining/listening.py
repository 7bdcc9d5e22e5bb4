"""What the functions of retraining hear of: events, alarms, schedules."""

import json
from typing import Final

import pulumi
import pulumi_aws as aws

from components.iam import service_role
from components.retraining import policies
from components.retraining.surroundings import Ground

_RETRIES: Final = 3
_SCHEDULED: Final = "<aws.scheduler.scheduled-time>"  # EventBridge Scheduler fills it in


def hear(ground: Ground, what: str, pattern: pulumi.Input[str], function: aws.lambda_.Function) -> None:
    """Let the function hear of events of the default bus."""
    rule = aws.cloudwatch.EventRule(
        f"{ground.stem}-retraining-{what}",
        description=f"Retraining of {ground.stem}: a {what} changed",
        event_pattern=pattern,
        tags=ground.common.tags,
        opts=ground.child,
    )
    permission = aws.lambda_.Permission(
        f"{ground.stem}-retraining-{what}-invoke",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=ground.child,
    )
    aws.cloudwatch.EventTarget(
        f"{ground.stem}-retraining-{what}-target",
        rule=rule.name,
        arn=function.arn,
        opts=pulumi.ResourceOptions(parent=ground.parent, depends_on=[permission]),
    )


def hear_alarms(ground: Ground, start: aws.lambda_.Function) -> None:
    """Every alarm of the stack goes to the function, which knows by rule which ask for a retraining."""
    if not ground.around.triggers:
        return
    permission = aws.lambda_.Permission(
        f"{ground.stem}-retraining-alarms-invoke",
        action="lambda:InvokeFunction",
        function=start.name,
        principal="sns.amazonaws.com",
        source_arn=ground.around.alarm_topic_arn,
        opts=ground.child,
    )
    aws.sns.TopicSubscription(
        f"{ground.stem}-retraining-alarms",
        topic=ground.around.alarm_topic_arn,
        protocol="lambda",
        endpoint=start.arn,
        opts=pulumi.ResourceOptions(parent=ground.parent, depends_on=[permission]),
    )


def make_schedules(ground: Ground, start: aws.lambda_.Function) -> None:
    """Ask by the calendar, and every hour for what has lasted."""
    # An alarm tells once, when it begins; whether its violations have lasted since has to be asked again.
    is_checked = ground.around.triggers or ground.settings.quality_floor
    wanted = {
        "calendar": (ground.settings.schedule, {"by": "schedule", "at": _SCHEDULED}),
        "check": ("rate(1 hour)" if is_checked else None, {"by": "check", "at": _SCHEDULED}),
    }
    if not any(expression for expression, _ in wanted.values()):
        return
    role = service_role(
        f"{ground.stem}-retraining-timer",
        parent=ground.parent,
        description=f"The schedules of retraining of {ground.stem}",
        trust=policies.scheduler_trust,
        policy=pulumi.Output.all(start.arn, ground.common.kms_key_arn).apply(
            lambda found: policies.scheduler_policy(found[0], found[1])
        ),
        common=ground.common,
    )
    for what, (expression, event) in wanted.items():
        if expression:
            aws.scheduler.Schedule(
                f"{ground.stem}-retraining-{what}",
                description=f"Asks for a retraining of {ground.stem}",
                schedule_expression=expression,
                schedule_expression_timezone="UTC",
                flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
                kms_key_arn=ground.common.kms_key_arn,
                target=aws.scheduler.ScheduleTargetArgs(
                    arn=start.arn,
                    role_arn=role.arn,
                    input=json.dumps(event),
                    retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(maximum_retry_attempts=_RETRIES),
                ),
                # As the other schedules: a name of its own must be free when it comes again.
                opts=pulumi.ResourceOptions(parent=ground.parent, delete_before_replace=True),
            )


def package_pattern(group_name: str) -> str:
    """Events of an answer to a model package."""
    return json.dumps(
        {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Model Package State Change"],
            "detail": {
                "ModelPackageGroupName": [group_name],
                "ModelApprovalStatus": ["Approved", "Rejected"],
            },
        },
        sort_keys=True,
    )


def execution_pattern(machine_arn: str) -> str:
    """Events of an execution that could not clean up after itself, or that did and failed."""
    return json.dumps(
        {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [machine_arn], "status": ["ABORTED", "FAILED", "TIMED_OUT"]},
        },
        sort_keys=True,
    )
