"""Functions that hear of the end of SageMaker's processing jobs, through EventBridge's default bus."""

import json
from typing import Final, NamedTuple

import pulumi
import pulumi_aws as aws

from components.args import CommonSettings

ENDED: Final = ("Completed", "Failed", "Stopped")


class HearingNames(NamedTuple):
    """Names of what stands between the bus and a function."""

    rule: str
    permission: str
    target: str


def hear_of_ended_jobs(
    names: HearingNames,
    function: aws.lambda_.Function,
    *,
    statuses: tuple[str, ...],
    description: str,
    parent: pulumi.Resource,
    common: CommonSettings,
) -> None:
    """Invoke the function at the end of any processing job; it finds out whether the job is one of its own."""
    options = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        names.rule,
        description=description,
        event_pattern=json.dumps(
            {
                "source": ["aws.sagemaker"],
                "detail-type": ["SageMaker Processing Job State Change"],
                "detail": {"ProcessingJobStatus": list(statuses)},
            },
            sort_keys=True,
        ),
        tags=common.tags,
        opts=options,
    )
    permission = aws.lambda_.Permission(
        names.permission,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=options,
    )
    aws.cloudwatch.EventTarget(
        names.target,
        rule=rule.name,
        arn=function.arn,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[permission])),
    )
