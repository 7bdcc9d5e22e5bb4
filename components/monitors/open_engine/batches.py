"""How a batch's end starts its run: the plan of the run, beside the scripts, the rule that hears of the end, and the
clock that finds what no event told of.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import BatchSettings, CommonSettings, PartitionsSettings
from components.storage import content_object
from contract import bucket_layout

# Once an hour, at a minute at which no monitor's clock stands.
SWEEP: Final = "cron(35 * ? * * *)"
SWEEP_MINUTES: Final = 10


@dataclass(frozen=True, kw_only=True)
class Clock:
    """What schedules are made with: their group, the role that they assume, and where undelivered ones end."""

    group_name: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    dead_letter_arn: pulumi.Input[str]


def batch_plan(
    stem: str,
    settings: BatchSettings,
    plan: pulumi.Output[dict[str, Any]],
    looks: Clock,
    *,
    bucket: pulumi.Output[str],
    common: CommonSettings,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Upload the plan; its address. It lies where no role of the stack's may write: who could would choose the job.
    `looks`: with what the function that starts runs plans a look at a partition.
    """
    text = pulumi.Output.all(plan, settings.output_uri, looks.group_name, looks.role_arn, looks.dead_letter_arn).apply(
        lambda found: json.dumps(
            {
                **found[0],
                "output_uri": found[1].rstrip("/"),
                "output_columns": settings.output_columns,
                "has_header": settings.has_header,
                **_partitions(settings.partitions),
                **(
                    {"looks": {"group": found[2], "role_arn": found[3], "dead_letter_arn": found[4]}}
                    if plans_looks(settings)
                    else {}
                ),
            },
            sort_keys=True,
        )
    )
    return content_object(
        f"{stem}-batch-plan",
        bucket=bucket,
        key=text.apply(lambda body: f"{bucket_layout.MONITORING_SCRIPTS}/batch/{naming.content_hash(body)}.json"),
        content=text,
        content_type="application/json",
        tags=common.tags,
        parent=parent,
    )


def plans_looks(settings: BatchSettings) -> bool:
    """Whether the function that starts runs plans looks: where no marker says that a partition is there."""
    return settings.partitions is not None and settings.partitions.marker is None


def _partitions(settings: PartitionsSettings | None) -> dict[str, Any]:
    if settings is None:
        return {}
    return {
        "partitions": {
            "keys": list(settings.keys),
            "format": settings.format,
            "marker": settings.marker,
            "quiet_seconds": settings.quiet_minutes * 60,
            "newest": settings.newest,
        }
    }


def event_pattern(output_uri: str, partitions: PartitionsSettings | None = None) -> Mapping[str, Any]:
    """Transform jobs that ended well and write below this place; of a plain prefix objects that are created below it,
    markers alone where there are any.
    """
    if partitions is None:
        return {
            "source": ["aws.sagemaker"],
            "detail-type": ["SageMaker Transform Job State Change"],
            "detail": {
                "TransformJobStatus": ["Completed"],
                "TransformOutput": {"S3OutputPath": [{"prefix": output_uri.rstrip("/")}]},
            },
        }
    bucket, prefix = naming.s3_parts(output_uri)
    base = f"{prefix}/" if prefix else ""
    if partitions.marker is not None:
        key: Mapping[str, str] = {"wildcard": f"{base}*{partitions.marker}"}
    else:
        key = {"prefix": f"{base}{partitions.keys[0]}="}
    return {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [bucket]}, "object": {"key": [key]}},
    }


def start_on_batch(
    stem: str,
    settings: BatchSettings,
    function: aws.lambda_.Function,
    clock: Clock,
    *,
    common: CommonSettings,
    parent: pulumi.Resource,
) -> None:
    """Invoke the function that starts runs when a batch is there, and every hour for one that no event told of."""
    options = pulumi.ResourceOptions(parent=parent)
    name = f"{stem}-batch-ended" if settings.partitions is None else f"{stem}-batch-written"
    rule = aws.cloudwatch.EventRule(
        name,
        description=f"The batches that {stem} monitors",
        event_pattern=pulumi.Output.from_input(settings.output_uri).apply(
            lambda uri: json.dumps(event_pattern(uri, settings.partitions), sort_keys=True)
        ),
        tags=common.tags,
        opts=options,
    )
    permission = aws.lambda_.Permission(
        name,
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=options,
    )
    aws.cloudwatch.EventTarget(
        name,
        rule=rule.name,
        arn=function.arn,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[permission])),
    )
    aws.scheduler.Schedule(
        f"{stem}-batch-sweep",
        group_name=clock.group_name,
        description=f"Batches of {stem} that no event told of",
        schedule_expression=SWEEP,
        schedule_expression_timezone="UTC",
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(
            mode="FLEXIBLE", maximum_window_in_minutes=SWEEP_MINUTES
        ),
        kms_key_arn=common.kms_key_arn,
        target=aws.scheduler.ScheduleTargetArgs(
            arn=function.arn,
            role_arn=clock.role_arn,
            input=json.dumps({"batch": {"sweep": True, "at": "<aws.scheduler.scheduled-time>"}}),
            # The next hour's does all that this one did not.
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_retry_attempts=2, maximum_event_age_in_seconds=1800
            ),
            dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=clock.dead_letter_arn),
        ),
        opts=options,
    )
