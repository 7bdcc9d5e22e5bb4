"""The function that watches the monitors themselves, and the schedule that wakes it every hour."""

import json
from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.args import check_component_name, common_settings
from components.functions import monitoring_function
from components.iam import (
    AwsContext,
    PolicyDocument,
    allow,
    function_basics,
    list_prefixes,
    policy_document,
    publish_metrics,
    read_objects,
    service_role,
    trust,
    write_objects,
)
from contract import bucket_layout

_STATE: Final = f"{bucket_layout.RESPONDER_STATE}/{bucket_layout.WATCH_FOLDER}"
# Ten minutes to the hour: the runs of the hour, which start twenty minutes into it, have mostly ended.
_EVERY_HOUR: Final = "cron(50 * * * ? *)"
_NOW: Final = "<aws.scheduler.scheduled-time>"  # EventBridge Scheduler writes the time in its place
_DELIVERY_ATTEMPTS: Final = 3
_DELIVERY_SECONDS: Final = 1800  # the next look is due then


class MonitorWatchArgs(TypedDict):
    """The schedules that are watched."""

    model_monitor_schedules: Mapping[str, pulumi.Input[str]]
    """Names of Model Monitor's schedules, by kind."""
    open_schedules: Mapping[str, pulumi.Input[str]]
    """Names of the open engine's schedules, by kind."""
    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Where the function keeps when it last looked."""
    metric_namespace: str
    """Where `HoursSilent` is published."""
    metrics_function_name: pulumi.Input[str]
    """The function that is asked to look at jobs whose end it did not hear."""
    metrics_function_arn: pulumi.Input[str]
    dead_letters: NotRequired[aws.sqs.Queue | None]
    """Where a look that failed is kept, if there is a queue for it; its owner alarms. Default a queue of its own."""
    log_retention_in_days: NotRequired[int]
    """Of the function's log group. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the roles."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of queue, logs, environment and schedule."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


def watch_policy(
    context: AwsContext,
    *,
    bucket: str,
    namespace: str,
    has_model_monitor: bool,
    metrics_function_arn: str,
    log_group_arn: str,
    dead_letter_arn: str,
) -> PolicyDocument:
    """The watch: see which jobs and executions ended, and what was published; keep when it looked; publish."""
    statements = [
        *function_basics(log_group_arn, dead_letter_arn),
        # "*": see ANY_RESOURCE.
        allow("ListJobsAndReadMetrics", ["cloudwatch:GetMetricData", "sagemaker:ListProcessingJobs"], ["*"]),
        list_prefixes(context, bucket, [bucket_layout.RESPONDER_STATE]),
        read_objects(context, bucket, [_STATE]),
        write_objects(context, bucket, [_STATE]),
        allow("InvokeJobMetrics", ["lambda:InvokeFunction"], [metrics_function_arn]),
        publish_metrics([namespace]),
    ]
    if has_model_monitor:
        statements.append(allow("ListExecutions", ["sagemaker:ListMonitoringExecutions"], ["*"]))
    return policy_document(*statements)


class MonitorWatch(pulumi.ComponentResource):
    """Publishes for how many hours each monitor has been silent, and has missed job ends looked at."""

    dead_letter_queue_name: pulumi.Output[str]

    def __init__(self, name: str, args: MonitorWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(args)
        super().__init__("model-monitoring:index:MonitorWatch", name, {}, opts)
        bucket, namespace = args["bucket_name"], args["metric_namespace"]
        has_model_monitor = bool(args["model_monitor_schedules"])

        def policy(
            context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            needed = (context, bucket, args["metrics_function_arn"], log_group_arn, dead_letter_arn)
            return pulumi.Output.all(*needed).apply(
                lambda found: watch_policy(
                    found[0],
                    bucket=found[1],
                    namespace=namespace,
                    has_model_monitor=has_model_monitor,
                    metrics_function_arn=found[2],
                    log_group_arn=found[3],
                    dead_letter_arn=found[4],
                )
            )

        made = monitoring_function(
            f"{name}-monitor-watch",
            parent=self,
            folder="monitor_watch",
            description=f"Watches the monitors of {name} themselves",
            timeout=60,
            memory_size=256,
            environment={
                "ENDPOINT_NAME": args["endpoint_name"],
                "METRIC_NAMESPACE": namespace,
                "BUCKET_NAME": bucket,
                "STATE_PREFIX": bucket_layout.RESPONDER_STATE,
                "METRICS_FUNCTION_NAME": args["metrics_function_name"],
            },
            policy=policy,
            common=common,
            asynchronous=True,
            dead_letters=args.get("dead_letters"),
        )
        queue = made.dead_letters
        assert queue is not None  # noqa: S101 - an asynchronous function has one
        role = service_role(
            f"{name}-watch-schedule-role",
            parent=self,
            description=f"Wakes the watch over the monitors of {name}",
            trust=lambda context: trust(
                "scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}}
            ),
            policy=pulumi.Output.all(made.function.arn, queue.arn, common.kms_key_arn).apply(
                lambda found: policy_document(
                    allow("StartWatch", ["lambda:InvokeFunction"], [found[0]]),
                    allow("KeepDeadLetters", ["sqs:SendMessage"], [found[1]]),
                    *([allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [found[2]])] if found[2] else []),
                )
            ),
            common=common,
        )
        engines = [("model-monitor", args["model_monitor_schedules"]), ("open", args["open_schedules"])]
        pairs = [
            pulumi.Output.all(schedule, engine) for engine, schedules in engines for schedule in schedules.values()
        ]
        aws.scheduler.Schedule(
            f"{name}-hourly-monitor-watch",
            description=f"Wakes the watch over the monitors of {name}",
            schedule_expression=_EVERY_HOUR,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            kms_key_arn=common.kms_key_arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=made.function.arn,
                role_arn=role.arn,
                input=pulumi.Output.all(*pairs).apply(
                    lambda found: json.dumps({"scheduled_time": _NOW, "schedules": dict(found)}, sort_keys=True)
                ),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=_DELIVERY_ATTEMPTS, maximum_event_age_in_seconds=_DELIVERY_SECONDS
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=queue.arn),
            ),
            # As the other schedules: should it ever have a name of its own, that name must be free when it comes again.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.dead_letter_queue_name = made.dead_letter_queue_name
        self.register_outputs({"dead_letter_queue_name": self.dead_letter_queue_name})
