"""From the end of a processing job to the two metrics that alarms need and that nobody else publishes."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from components.args import check_component_name, common_settings
from components.functions.function import monitoring_function
from components.functions.on_job_end import ENDED, HearingNames, hear_of_ended_jobs
from components.functions.policies import metrics_policy
from components.iam import AwsContext, PolicyDocument
from contract import bucket_layout


class ProcessingMetricsArgs(TypedDict):
    """Metrics of the monitoring jobs of one endpoint."""

    endpoint_name: pulumi.Input[str]
    """Jobs of other endpoints are passed over."""
    bucket_name: pulumi.Input[str]
    """Where the jobs' results are."""
    metric_namespace: str
    """Where `ConstraintViolations` and `JobFailures` are published."""
    publishes_effect: NotRequired[bool]
    """`LargestEffect` too, because an alarm listens to it. Default false: CloudWatch bills every metric."""
    log_retention_in_days: NotRequired[int]
    """Of the function's log group. Default 30."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the function's logs, environment and dead letters."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the function's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class ProcessingMetrics(pulumi.ComponentResource):
    """Publishes how many violations a monitoring job found, and whether it failed."""

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]
    """Where events end that the function could not handle."""

    def __init__(self, name: str, args: ProcessingMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(args)
        super().__init__("model-monitoring:index:ProcessingMetrics", name, {}, opts)
        bucket_name, namespace = args["bucket_name"], args["metric_namespace"]

        def policy(
            context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(context, bucket_name, log_group_arn, dead_letter_arn).apply(
                lambda found: metrics_policy(
                    found[0], bucket=found[1], namespace=namespace, log_group_arn=found[2], dead_letter_arn=found[3]
                )
            )

        made = monitoring_function(
            f"{name}-processing-metrics",
            parent=self,
            folder="processing_metrics",
            description=f"Publishes what the monitoring jobs of {name} found",
            timeout=60,
            memory_size=256,
            environment={
                "ENDPOINT_NAME": args["endpoint_name"],
                "METRIC_NAMESPACE": namespace,
                "BUCKET_NAME": bucket_name,
                "RESULTS_PREFIX": bucket_layout.MONITORING_RESULTS,
                "STATE_PREFIX": bucket_layout.RESPONDER_STATE,
                **({"EFFECT_METRIC": "true"} if args.get("publishes_effect") else {}),
            },
            policy=policy,
            common=common,
            asynchronous=True,
        )
        hear_of_ended_jobs(
            HearingNames(f"{name}-job-ended", f"{name}-events-invoke", f"{name}-job-ended-metrics"),
            made.function,
            statuses=ENDED,
            description=f"A processing job ended; {name} looks whether it was one of its own",
            parent=self,
            common=common,
        )
        self.function_name = made.function.name
        self.function_arn = made.function.arn
        self.dead_letter_queue_name = made.dead_letter_queue_name
        self.register_outputs(
            {"function_name": self.function_name, "dead_letter_queue_name": self.dead_letter_queue_name}
        )
