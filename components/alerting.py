"""From a metric to a person: alarms, the topic that they go to, the function that answers them, the topic for people.

Two topics. With one for both, the responder's own message would invoke the responder, for ever.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import (
    AlertingArgs,
    AlertingSettings,
    ArgumentError,
    check_component_name,
    common_settings,
)
from components.functions import MonitoringFunction, monitoring_function
from components.identity import (
    Place,
    PolicyDocument,
    deny_insecure_transport,
    look_up_place,
    policy_document,
    responder_policy,
)

PERIOD_SECONDS: Final = 3600
CONSTRAINT_VIOLATIONS: Final = "ConstraintViolations"
JOB_FAILURES: Final = "JobFailures"

# CloudWatch may not use the AWS-managed key of SNS (its policy knows no other service), so a topic that alarms publish
# to is either encrypted with a customer's key or not at rest. An alarm's message has names and counts, no data.
NOTIFICATION_TOPIC_KEY: Final = "alias/aws/sns"


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """When a schedule's alarm is raised. The alarm and the line in the dashboard are both made from it."""

    suffix: str
    metric_name: str
    threshold: int
    title: str


def alarm_rules(settings: AlertingSettings) -> tuple[AlarmRule, AlarmRule]:
    """Violations that were found, and runs that could not look."""
    return (
        AlarmRule(
            suffix="violations",
            metric_name=CONSTRAINT_VIOLATIONS,
            threshold=settings.violations_threshold,
            title="constraint violations",
        ),
        AlarmRule(suffix="job-failures", metric_name=JOB_FAILURES, threshold=1, title="failed jobs"),
    )


@dataclass(frozen=True, kw_only=True)
class ScheduleAlarm:
    """One alarm of one schedule."""

    kind: str
    rule: AlarmRule
    alarm: aws.cloudwatch.MetricAlarm


def alarm_topic_policy(place: Place, topic_arn: str, alarm_stem: str) -> PolicyDocument:
    """Only this account's CloudWatch may publish, only from alarms of this stack, only over TLS."""
    return policy_document(
        {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": place.account_id},
                "ArnLike": {"aws:SourceArn": place.arn("cloudwatch", f"alarm:{alarm_stem}-*")},
            },
        },
        deny_insecure_transport(["sns:Publish"], [topic_arn]),
    )


def notification_topic_policy(topic_arn: str, responder_role_arn: str) -> PolicyDocument:
    """Only the responder may publish, only over TLS."""
    return policy_document(
        {
            "Sid": "ResponderPublishes",
            "Effect": "Allow",
            "Principal": {"AWS": responder_role_arn},
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
        },
        deny_insecure_transport(["sns:Publish"], [topic_arn]),
    )


class DriftAlertingArgs(TypedDict):
    """Alarms on the metrics of monitoring schedules, and who is told."""

    alerting: NotRequired[AlertingArgs]
    """Who is told, and from when on."""
    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the schedules that are watched, by kind: `data-quality`, `model-quality`."""
    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Where the responder finds results."""
    metric_namespace: str
    """Where `ConstraintViolations` and `JobFailures` are published."""
    baseline_statistics: NotRequired[Mapping[str, pulumi.Input[str]]]
    """URI of a schedule's baseline `statistics.json`, by kind; messages then show values side by side."""
    dashboard_url: NotRequired[pulumi.Input[str]]
    """A link in every message."""
    log_retention_in_days: NotRequired[int]
    """Of the responder's log group. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the responder's role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class DriftAlerting(pulumi.ComponentResource):
    """Two alarms a schedule, a function that finds out what is behind them, and one readable message to people."""

    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    responder_function_name: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]
    """Where alarms end that the responder could not answer."""

    def __init__(self, name: str, args: DriftAlertingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        for kind in args["schedules"]:
            if kind not in {naming.DATA_QUALITY, naming.MODEL_QUALITY}:
                raise ArgumentError(f"schedules has {kind!r}: kinds are {naming.DATA_QUALITY}, {naming.MODEL_QUALITY}")
        settings = AlertingSettings.from_args(args.get("alerting") or {})
        common = common_settings(
            tags=args.get("tags"),
            permissions_boundary_arn=args.get("permissions_boundary_arn"),
            log_retention_in_days=args.get("log_retention_in_days"),
        )
        super().__init__("model-monitoring:index:DriftAlerting", name, {}, opts)
        self._stem, self._args, self._settings, self._common = name, args, settings, common
        options = pulumi.ResourceOptions(parent=self)
        alarm_topic = aws.sns.Topic(f"{name}-alarms", tags=self._common.tags, opts=options)
        notification_topic = aws.sns.Topic(
            f"{name}-notifications",
            kms_master_key_id=NOTIFICATION_TOPIC_KEY,
            tags=self._common.tags,
            opts=options,
        )
        responder = self._responder(notification_topic)
        ready = self._topic_policies(alarm_topic, notification_topic, responder)
        self._subscribe(alarm_topic, notification_topic, responder)

        self.alarms = [
            self._alarm(kind, rule, schedule_name, alarm_topic, ready)
            for kind, schedule_name in args["schedules"].items()
            for rule in alarm_rules(self._settings)
        ]
        self.alarm_topic_arn = alarm_topic.arn
        self.notification_topic_arn = notification_topic.arn
        self.responder_function_name = responder.function.name
        self.dead_letter_queue_name = responder.dead_letter_queue_name
        self.register_outputs(
            {
                "alarm_topic_arn": self.alarm_topic_arn,
                "notification_topic_arn": self.notification_topic_arn,
                "responder_function_name": self.responder_function_name,
                "dead_letter_queue_name": self.dead_letter_queue_name,
            }
        )

    def alarm_name(self, kind: str, metric_name: str) -> pulumi.Output[str]:
        """Name of the alarm on a schedule's metric."""
        found = [item for item in self.alarms if item.kind == kind and item.rule.metric_name == metric_name]
        if not found:
            raise KeyError(f"no alarm on {metric_name} of {kind}")
        return found[0].alarm.name

    def _responder(self, notification_topic: aws.sns.Topic) -> MonitoringFunction:
        bucket_name = self._args["bucket_name"]

        def policy(
            place: pulumi.Output[Place], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            return pulumi.Output.all(place, bucket_name, notification_topic.arn, log_group_arn, dead_letter_arn).apply(
                lambda found: responder_policy(
                    found[0],
                    bucket=found[1],
                    notification_topic_arn=found[2],
                    log_group_arn=found[3],
                    dead_letter_arn=found[4],
                )
            )

        environment: dict[str, pulumi.Input[str]] = {
            "BUCKET_NAME": bucket_name,
            "RESULTS_PREFIX": naming.MONITORING_RESULTS,
            "STATE_PREFIX": naming.RESPONDER_STATE,
            "NOTIFICATION_TOPIC_ARN": notification_topic.arn,
            "NOTIFY_ON_OK": "true" if self._settings.notify_on_ok else "false",
            "BASELINE_STATISTICS": self._baseline_statistics(),
        }
        dashboard_url = self._args.get("dashboard_url")
        if dashboard_url is not None:
            environment["DASHBOARD_URL"] = dashboard_url
        return monitoring_function(
            f"{self._stem}-alarm-responder",
            parent=self,
            folder="alarm_responder",
            description=f"Answers the alarms of {self._stem}: which feature violated what, in one message",
            timeout=60,
            memory_size=512,
            environment=environment,
            policy=policy,
            common=self._common,
            asynchronous=True,
        )

    def _baseline_statistics(self) -> pulumi.Output[str]:
        """JSON of schedule name to URI, as the responder reads it."""
        schedules = self._args["schedules"]
        pairs = [
            pulumi.Output.all(schedules[kind], uri)
            for kind, uri in (self._args.get("baseline_statistics") or {}).items()
            if kind in schedules
        ]
        return pulumi.Output.all(*pairs).apply(lambda found: json.dumps(dict(found), sort_keys=True))

    def _topic_policies(
        self, alarm_topic: aws.sns.Topic, notification_topic: aws.sns.Topic, responder: MonitoringFunction
    ) -> aws.sns.TopicPolicy:
        options = pulumi.ResourceOptions(parent=self)
        aws.sns.TopicPolicy(
            f"{self._stem}-notifications-policy",
            arn=notification_topic.arn,
            policy=pulumi.Output.all(notification_topic.arn, responder.role_arn).apply(
                lambda found: json.dumps(notification_topic_policy(found[0], found[1]))
            ),
            opts=options,
        )
        return aws.sns.TopicPolicy(
            f"{self._stem}-alarms-policy",
            arn=alarm_topic.arn,
            policy=pulumi.Output.all(look_up_place(self), alarm_topic.arn).apply(
                lambda found: json.dumps(alarm_topic_policy(found[0], found[1], self._stem))
            ),
            opts=options,
        )

    def _subscribe(
        self, alarm_topic: aws.sns.Topic, notification_topic: aws.sns.Topic, responder: MonitoringFunction
    ) -> None:
        options = pulumi.ResourceOptions(parent=self)
        permission = aws.lambda_.Permission(
            f"{self._stem}-alarms-invoke",
            action="lambda:InvokeFunction",
            function=responder.function.name,
            principal="sns.amazonaws.com",
            source_arn=alarm_topic.arn,
            opts=options,
        )
        aws.sns.TopicSubscription(
            f"{self._stem}-alarms-responder",
            topic=alarm_topic.arn,
            protocol="lambda",
            endpoint=responder.function.arn,
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[permission])),
        )
        for index, email in enumerate(self._settings.emails):
            aws.sns.TopicSubscription(
                f"{self._stem}-email-{_email_key(email, index)}",
                topic=notification_topic.arn,
                protocol="email",
                endpoint=email,
                opts=options,
            )

    def _alarm(
        self,
        kind: str,
        rule: AlarmRule,
        schedule_name: pulumi.Input[str],
        alarm_topic: aws.sns.Topic,
        topic_policy: aws.sns.TopicPolicy,
    ) -> ScheduleAlarm:
        alarm = aws.cloudwatch.MetricAlarm(
            f"{self._stem}-{kind}-{rule.suffix}",
            alarm_description=f"The {kind} monitor of {self._stem} has {rule.title}",
            namespace=self._args["metric_namespace"],
            metric_name=rule.metric_name,
            dimensions={"Endpoint": self._args["endpoint_name"], "MonitoringSchedule": schedule_name},
            # The largest, not the sum: AWS sends an event twice now and then, and the metric with it.
            statistic="Maximum",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=rule.threshold,
            treat_missing_data="notBreaching",
            alarm_actions=[alarm_topic.arn],
            ok_actions=[alarm_topic.arn],
            tags=self._common.tags,
            # An alarm that is raised before its topic lets it in has told nobody.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[topic_policy]),
        )
        return ScheduleAlarm(kind=kind, rule=rule, alarm=alarm)


def _email_key(email: pulumi.Input[str], index: int) -> str:
    """Keeps a subscription when another address is added before it; an address not known yet goes by its place."""
    return naming.content_hash(email) if isinstance(email, str) else str(index)
