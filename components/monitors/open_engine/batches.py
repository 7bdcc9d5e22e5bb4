"""How a batch's end starts its run: the plan of the run, beside the scripts, and the rule that hears of the end."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import BatchSettings, CommonSettings
from components.storage import content_object
from contract import bucket_layout


def batch_plan(
    stem: str,
    settings: BatchSettings,
    plan: pulumi.Output[dict[str, Any]],
    *,
    bucket: pulumi.Output[str],
    common: CommonSettings,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Upload the plan; its address. It lies where no role of the stack's may write: who could would choose the job."""
    text = pulumi.Output.all(plan, settings.output_uri).apply(
        lambda found: json.dumps(
            {
                **found[0],
                "output_uri": found[1].rstrip("/"),
                "output_columns": settings.output_columns,
                "has_header": settings.has_header,
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


def event_pattern(output_uri: str) -> Mapping[str, Any]:
    """Transform jobs that ended well and write below this place."""
    return {
        "source": ["aws.sagemaker"],
        "detail-type": ["SageMaker Transform Job State Change"],
        "detail": {
            "TransformJobStatus": ["Completed"],
            "TransformOutput": {"S3OutputPath": [{"prefix": output_uri.rstrip("/")}]},
        },
    }


def start_on_batch(
    stem: str,
    settings: BatchSettings,
    function: aws.lambda_.Function,
    *,
    common: CommonSettings,
    parent: pulumi.Resource,
) -> None:
    """Invoke the function that starts runs when a transform job has ended."""
    options = pulumi.ResourceOptions(parent=parent)
    rule = aws.cloudwatch.EventRule(
        f"{stem}-batch-ended",
        description=f"The batches that {stem} monitors",
        event_pattern=pulumi.Output.from_input(settings.output_uri).apply(
            lambda uri: json.dumps(event_pattern(uri), sort_keys=True)
        ),
        tags=common.tags,
        opts=options,
    )
    permission = aws.lambda_.Permission(
        f"{stem}-batch-ended",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="events.amazonaws.com",
        source_arn=rule.arn,
        opts=options,
    )
    aws.cloudwatch.EventTarget(
        f"{stem}-batch-ended",
        rule=rule.name,
        arn=function.arn,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[permission])),
    )
