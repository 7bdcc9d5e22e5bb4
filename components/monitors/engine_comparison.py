"""Two engines on the same data, held against each other whenever both have finished a window."""

import json
from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from components.args import check_component_name, common_settings
from components.functions import HearingNames, hear_of_ended_jobs, monitoring_function
from components.iam import AwsContext, PolicyDocument
from components.monitors.policies import compare_policy
from contract import bucket_layout


class EngineComparisonArgs(TypedDict):
    """Model Monitor and the open engine, watching one endpoint."""

    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Where both engines' results are, and where disagreements are kept."""
    metric_namespace: str
    """Where `Agreement` is published."""
    model_monitor_schedules: Mapping[str, pulumi.Input[str]]
    """Names of Model Monitor's schedules, by kind."""
    open_schedules: Mapping[str, pulumi.Input[str]]
    """Names of the open engine's schedules, by kind."""
    log_retention_in_days: NotRequired[int]
    """Of the function's log group. Default 30."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for what the function has."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the function's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class EngineComparison(pulumi.ComponentResource):
    """Publishes the share of features on which both engines agree, and keeps what they disagree on."""

    function_name: pulumi.Output[str]
    function_arn: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]
    """Where events end that the function could not handle."""

    def __init__(self, name: str, args: EngineComparisonArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(args)
        super().__init__("model-monitoring:index:EngineComparison", name, {}, opts)
        bucket_name, namespace = args["bucket_name"], args["metric_namespace"]

        def policy(
            context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(context, bucket_name, log_group_arn, dead_letter_arn).apply(
                lambda found: compare_policy(
                    found[0],
                    bucket=found[1],
                    metric_namespace=namespace,
                    log_group_arn=found[2],
                    dead_letter_arn=found[3],
                )
            )

        made = monitoring_function(
            f"{name}-compare-engines",
            parent=self,
            folder="compare_engines",
            description=f"Holds the verdicts of both engines of {name} against each other",
            timeout=60,
            memory_size=1024,  # statistics.json of a thousand columns, parsed
            environment={
                "ENDPOINT_NAME": args["endpoint_name"],
                "METRIC_NAMESPACE": namespace,
                "BUCKET_NAME": bucket_name,
                "RESULTS_PREFIX": bucket_layout.MONITORING_RESULTS,
                "AGREEMENT_PREFIX": bucket_layout.ENGINE_AGREEMENT,
                "ENGINE_PAIRS": pulumi.Output.all(
                    old=dict(args["model_monitor_schedules"]), new=dict(args["open_schedules"])
                ).apply(lambda found: json.dumps(engine_pairs(found["old"], found["new"]), sort_keys=True)),
            },
            policy=policy,
            common=common,
            asynchronous=True,
        )
        hear_of_ended_jobs(
            HearingNames(f"{name}-run-ended", f"{name}-runs-invoke", f"{name}-run-ended-comparison"),
            made.function,
            statuses=("Completed",),  # only a run that ended well has results to compare
            description=f"A processing job ended; {name} looks whether both engines have finished a window",
            parent=self,
            common=common,
        )
        self.function_name = made.function.name
        self.function_arn = made.function.arn
        self.dead_letter_queue_name = made.dead_letter_queue_name
        self.register_outputs(
            {"function_name": self.function_name, "dead_letter_queue_name": self.dead_letter_queue_name}
        )


def engine_pairs(model_monitor: Mapping[str, str], other: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """The schedules of both engines that watch the same thing, by kind."""
    return {kind: {"model_monitor": name, "open": other[kind]} for kind, name in model_monitor.items() if kind in other}
