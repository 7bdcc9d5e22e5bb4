"""The function that counts a fleet's models, the alarms on its counts, and one alarm over those."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components.alerting import AlarmFactory, Metric, alarm_topic_policy
from components.args import (
    CRITICAL,
    WARNING,
    CommonSettings,
    Reader,
    argument_names,
    check_component_name,
    common_settings,
)
from components.functions import monitoring_function
from components.iam import (
    AwsContext,
    PolicyDocument,
    allow,
    function_basics,
    look_up_context,
    policy_document,
    publish_metrics,
    service_role,
    trust,
)
from contract import metrics

# Five minutes before the hour: the watches of the stacks have published theirs.
_EVERY_HOUR: Final = "cron(55 * * * ? *)"
_TOPIC: Final = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
_NOW: Final = "<aws.scheduler.scheduled-time>"


class FleetWatchArgs(TypedDict):
    """What is counted, and from when on it rings."""

    silent_hours: NotRequired[float]
    """From so many hours without a run on a monitor is silent. Default 26: a daily monitor may be late."""
    drifting_share: NotRequired[float]
    """From this share of models that drift at once on it rings: then it is rarely the models. Default 0.25."""
    linked_accounts: NotRequired[bool]
    """Models of accounts that are linked to this one count too. Default false."""
    topic_arn: NotRequired[pulumi.Input[str] | None]
    """Who is told; its policy must admit CloudWatch. Default a topic of the watch's own."""
    log_retention_in_days: NotRequired[int]
    """Of the function's log group. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of what can take one."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


@dataclass(frozen=True, kw_only=True)
class FleetWatchSettings:
    """`FleetWatchArgs`, checked and complete."""

    silent_hours: float
    drifting_share: float
    linked_accounts: bool
    topic_arn: pulumi.Input[str] | None
    common: CommonSettings

    @classmethod
    def from_args(cls, args: FleetWatchArgs, path: str = "") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(FleetWatchArgs))
        return cls(
            silent_hours=silent_hours(read),
            # With none at all it would ring for ever.
            drifting_share=read.number("drifting_share", 0.25, 0.001, 1.0) or 0.25,
            linked_accounts=read.flag("linked_accounts", False),
            topic_arn=read.optional_late_text("topic_arn", _TOPIC, "the ARN of a topic of SNS, no FIFO one"),
            common=common_settings(args, path),
        )


def silent_hours(read: Reader) -> float:
    """From how many hours on a monitor is silent. Raises ArgumentError."""
    return read.number("silent_hours", 26.0, 1.0, 24.0 * 365) or 26.0


def fleet_watch_policy(context: AwsContext, *, log_group_arn: str, dead_letter_arn: str) -> PolicyDocument:
    """See which metrics there are, read them, and publish the counts."""
    _ = context
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        # "*": see ANY_RESOURCE.
        allow("FindAndReadMetrics", ["cloudwatch:GetMetricData", "cloudwatch:ListMetrics"], ["*"]),
        publish_metrics([metrics.FLEET_NAMESPACE]),
    )


class FleetWatch(pulumi.ComponentResource):
    """Counts models every hour; rings when many drift at once, when one is silent or fails, or when nobody counts."""

    topic_arn: pulumi.Output[str]
    function_name: pulumi.Output[str]
    alarm_arns: list[pulumi.Output[str]]
    """The composite alarm first."""
    composite_alarm_name: pulumi.Output[str]

    def __init__(self, name: str, args: FleetWatchArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = FleetWatchSettings.from_args(args)
        super().__init__("model-monitoring:index:FleetWatch", name, {}, opts)
        self._stem, self._common = name, settings.common
        given = settings.topic_arn
        self.topic_arn = self._topic() if given is None else pulumi.Output.from_input(given)
        self._function(settings)
        self._alarms(settings)
        self.register_outputs({"topic_arn": self.topic_arn, "composite_alarm_name": self.composite_alarm_name})

    @property
    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

    def _topic(self) -> pulumi.Output[str]:
        topic = aws.sns.Topic(
            f"{self._stem}-fleet-alarms",
            kms_master_key_id=self._common.kms_key_arn,
            tags=self._common.tags,
            opts=self._child,
        )
        policy = aws.sns.TopicPolicy(
            f"{self._stem}-fleet-alarms-policy",
            arn=topic.arn,
            policy=pulumi.Output.all(look_up_context(self), topic.arn).apply(
                lambda found: json.dumps(alarm_topic_policy(found[0], found[1], self._stem))
            ),
            opts=self._child,
        )
        return pulumi.Output.all(topic.arn, policy.id).apply(lambda found: str(found[0]))

    def _function(self, settings: FleetWatchSettings) -> None:
        made = monitoring_function(
            f"{self._stem}-fleet-watch",
            parent=self,
            folder="fleet_watch",
            description=f"Counts the models of {self._stem} that drift, fail or are silent",
            timeout=120,
            memory_size=256,
            environment={
                "FLEET_NAME": self._stem,
                "SILENT_HOURS": f"{settings.silent_hours:g}",
                "LINKED_ACCOUNTS": "true" if settings.linked_accounts else "false",
            },
            policy=lambda context, logs, dead: pulumi.Output.all(context, logs, dead).apply(
                lambda found: fleet_watch_policy(found[0], log_group_arn=found[1], dead_letter_arn=found[2])
            ),
            common=self._common,
            asynchronous=True,
        )
        queue = made.dead_letters
        assert queue is not None  # noqa: S101 - an asynchronous function has one
        role = service_role(
            f"{self._stem}-fleet-watch-schedule-role",
            parent=self,
            description=f"Wakes the watch over the fleet {self._stem}",
            trust=lambda context: trust(
                "scheduler.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}}
            ),
            policy=pulumi.Output.all(made.function.arn, queue.arn, self._common.kms_key_arn).apply(
                lambda found: policy_document(
                    allow("StartWatch", ["lambda:InvokeFunction"], [found[0]]),
                    allow("KeepDeadLetters", ["sqs:SendMessage"], [found[1]]),
                    *([allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [found[2]])] if found[2] else []),
                )
            ),
            common=self._common,
        )
        aws.scheduler.Schedule(
            f"{self._stem}-hourly-fleet-watch",
            description=f"Wakes the watch over the fleet {self._stem}",
            schedule_expression=_EVERY_HOUR,
            schedule_expression_timezone="UTC",
            flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
            kms_key_arn=self._common.kms_key_arn,
            target=aws.scheduler.ScheduleTargetArgs(
                arn=made.function.arn,
                role_arn=role.arn,
                input=json.dumps({"scheduled_time": _NOW}),
                retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                    maximum_retry_attempts=3, maximum_event_age_in_seconds=1800
                ),
                dead_letter_config=aws.scheduler.ScheduleTargetDeadLetterConfigArgs(arn=queue.arn),
            ),
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.function_name = made.function.name

    def _alarms(self, settings: FleetWatchSettings) -> None:
        """Alarms that tell nobody, and one over them that does: a bad hour of a fleet is one message."""
        stem = self._stem

        def metric(name: str) -> Metric:
            return Metric(
                namespace=metrics.FLEET_NAMESPACE, name=name, dimensions={metrics.FLEET: stem}, statistic="Maximum"
            )

        factory = AlarmFactory(topic_arn=None, tags=self._common.tags, opts=self._child)

        def alarm(
            suffix: str, name: str, threshold: float, severity: str, says: str, **more: Any
        ) -> aws.cloudwatch.MetricAlarm:
            return factory.make(
                f"{stem}-fleet-{suffix}", metric(name), description=says, severity=severity, threshold=threshold, **more
            )

        share = settings.drifting_share
        many = f"At least {share:.0%} of the models of {stem} drift at once"
        alarms = [
            alarm("many-drift", metrics.DRIFTING_SHARE, share, WARNING, many),
            alarm("silent", metrics.SILENT_MODELS, 1.0, CRITICAL, f"Models of {stem} are silent"),
            alarm("failing", metrics.FAILING_MODELS, 1.0, WARNING, f"The last run of models of {stem} failed"),
            # The count may come a little before or after the full hour.
            alarm(
                "not-counted",
                metrics.MODELS,
                0.0,
                CRITICAL,
                f"Nobody counts the models of {stem}",
                below=True,
                evaluation_periods=3,
                missing_data="breaching",
            ),
        ]
        says = f"Something is wrong with models of {stem}: its dashboard says with which. Severity: critical"
        composite = aws.cloudwatch.CompositeAlarm(
            f"{stem}-fleet",
            alarm_name=f"{stem}-fleet",
            alarm_description=says,
            alarm_rule=pulumi.Output.all(*(alarm.name for alarm in alarms)).apply(
                lambda names: " OR ".join(f'ALARM("{name}")' for name in names)
            ),
            alarm_actions=[self.topic_arn],
            ok_actions=[self.topic_arn],
            tags=self._common.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.composite_alarm_name = composite.alarm_name
        self.alarm_arns = [composite.arn, *(alarm.arn for alarm in alarms)]
