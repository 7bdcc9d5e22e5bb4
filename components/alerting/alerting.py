"""From a metric to a person: alarms, the function that answers them, the people who are told, and their quiet hours."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components.alerting.alarm_rules import (
    AlarmFactory,
    AlarmRule,
    alarm_rules,
    schedule_metric,
)
from components.alerting.policies import responder_policy
from components.alerting.topics import (
    alarm_topic_policy,
    notification_topic_policy,
    subscribe_function,
    subscribe_people,
    topics,
)
from components.args import (
    AlertingArgs,
    AlertingSettings,
    ArgumentError,
    CommonSettings,
    check_component_name,
    common_settings,
    described,
)
from components.functions import MonitoringFunction, monitoring_function
from components.iam import AwsContext, PolicyDocument, look_up_context
from contract import bucket_layout, metrics, monitor_kinds


@dataclass(frozen=True, kw_only=True)
class WatchedAlarm:
    """One alarm of a schedule, by its kind."""

    kind: str
    rule: AlarmRule
    alarm: aws.cloudwatch.MetricAlarm


class DriftAlertingArgs(TypedDict):
    """Alarms on the metrics of monitoring schedules, and who is told."""

    alerting: NotRequired[AlertingArgs]
    """Who is told, and from when on."""
    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the schedules that are watched, by kind: `data-quality`, `model-quality`."""
    hours_between_runs: NotRequired[Mapping[str, int]]
    """Of each schedule, by kind; needed where several runs in a row must breach. Default 1."""
    hours_behind: NotRequired[Mapping[str, int]]
    """By kind: how many hours before its run a window ends; its results lie at that hour. Default 0."""
    window_hours: NotRequired[Mapping[str, int]]
    """By kind: how long a window is. Default unknown: messages of Model Monitor's runs then say when it ended."""
    open_schedules: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Names of the open engine's schedules, by kind, where `schedules` are Model Monitor's."""
    endpoint_name: pulumi.Input[str]
    bucket_name: pulumi.Input[str]
    """Where the responder finds results."""
    metric_namespace: str
    """Where `ConstraintViolations` and `JobFailures` are published."""
    baseline_statistics: NotRequired[Mapping[str, pulumi.Input[str]]]
    """URI of a schedule's baseline `statistics.json`, by kind; messages then show values side by side."""
    dashboard_url: NotRequired[pulumi.Input[str]]
    """A link in every message."""
    open_engine: NotRequired[bool]
    """The open engine runs the monitors, or runs beside: the responder may read its runs' records. Default false."""
    watches_stream: NotRequired[bool]
    """A stream is watched: the responder may read what was found in it. Default false."""
    compares_engines: NotRequired[bool]
    """Two engines are compared: the responder may read what they disagree on. Default false."""
    log_retention_in_days: NotRequired[int]
    """Of the responder's log group. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds the responder's role."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of topics, queue, logs and environment. Default AWS's own keys, and none for the topic of the alarms.

    The key's policy must let `cloudwatch.amazonaws.com` use `kms:Decrypt` and `kms:GenerateDataKey*` for this account
    (`aws:SourceAccount`): otherwise alarms cannot publish, and CloudWatch tells nobody.
    """
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class DriftAlerting(pulumi.ComponentResource):
    """Alarms on every schedule, a function that finds out what is behind them, one readable message to people."""

    alarm_topic_arn: pulumi.Output[str]
    notification_topic_arn: pulumi.Output[str]
    responder_function_name: pulumi.Output[str]
    dead_letter_queue_name: pulumi.Output[str]
    """Where alarms end that the responder could not answer."""

    def __init__(self, name: str, args: DriftAlertingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        settings = AlertingSettings.from_args(args.get("alerting") or {})
        for kind in args["schedules"]:
            if kind not in monitor_kinds.KINDS:
                raise ArgumentError(f"schedules has {kind!r}: kinds are {', '.join(monitor_kinds.KINDS)}")
        settings.check_runs(_hours_between_runs(args))
        self._build(
            name,
            args,
            settings=settings,
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: DriftAlertingArgs,
        opts: pulumi.ResourceOptions,
        *,
        settings: AlertingSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(name, args, settings=settings, common=common, opts=opts)
        return made

    def _build(
        self,
        name: str,
        args: DriftAlertingArgs,
        *,
        settings: AlertingSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:DriftAlerting", name, {}, opts)
        self._stem, self._args, self._settings, self._common = name, args, settings, common
        self._hours_between_runs = _hours_between_runs(args)
        options = pulumi.ResourceOptions(parent=self)
        alarm_topic, notification_topic = topics(name, self, common)
        responder = self._responder(notification_topic)
        ready = self._topic_policies(alarm_topic, notification_topic, responder)
        subscribe_function(name, alarm_topic, responder.function, options)
        subscribe_people(name, notification_topic, settings.emails, settings.subscriptions, options)

        self.alarms = [
            self._alarm(kind, rule, schedule_name, alarm_topic, ready)
            for kind, schedule_name in args["schedules"].items()
            for rule in alarm_rules(settings)
        ]
        self._quiet_hours()
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
        """Name of the alarm on a schedule's metric; of several the mildest, which rings first."""
        found = [item for item in self.alarms if item.kind == kind and item.rule.about == metric_name]
        if not found:
            raise KeyError(f"no alarm on {metric_name} of {kind}")
        return found[0].alarm.name

    def alarm_arns(self, severity: str) -> list[pulumi.Output[str]]:
        """ARNs of all alarms of a severity."""
        return [item.alarm.arn for item in self.alarms if item.rule.severity == severity]

    def _responder(self, notification_topic: aws.sns.Topic) -> MonitoringFunction:
        bucket_name = self._args["bucket_name"]
        statistics = list((self._args.get("baseline_statistics") or {}).values())
        monitors_state = self._monitors_state()

        def policy(
            context: pulumi.Output[AwsContext], log_group_arn: pulumi.Output[str], dead_letter_arn: pulumi.Output[str]
        ) -> pulumi.Output[PolicyDocument]:
            needed = (context, bucket_name, notification_topic.arn, log_group_arn, dead_letter_arn, statistics)
            return pulumi.Output.all(*needed).apply(
                lambda found: responder_policy(
                    found[0],
                    bucket=found[1],
                    notification_topic_arn=found[2],
                    log_group_arn=found[3],
                    dead_letter_arn=found[4],
                    statistics_uris=found[5],
                    monitors_state=list(monitors_state.values()),
                )
            )

        environment: dict[str, pulumi.Input[str]] = {
            "BUCKET_NAME": bucket_name,
            "RESULTS_PREFIX": bucket_layout.MONITORING_RESULTS,
            "STATE_PREFIX": bucket_layout.RESPONDER_STATE,
            "NOTIFICATION_TOPIC_ARN": notification_topic.arn,
            "NOTIFY_ON_OK": "true" if self._settings.notify_on_ok else "false",
            "BASELINE_STATISTICS": self._baseline_statistics(),
            **monitors_state,
        }
        if len(self._settings.severities) > 1:
            environment["SEVERITIES"] = json.dumps(
                {
                    metrics.CONSTRAINT_VIOLATIONS: described(self._settings.violations),
                    metrics.JOB_FAILURES: described(self._settings.job_failures),
                },
                sort_keys=True,
            )
        for variable, by_kind in (
            ("HOURS_BEHIND", self._args.get("hours_behind")),
            ("WINDOW_HOURS", self._args.get("window_hours")),
        ):
            given = {kind: hours for kind, hours in (by_kind or {}).items() if hours}
            if given:
                environment[variable] = self._by_schedule(given)
        if self._settings.runbook_url is not None:
            environment["RUNBOOK_URL"] = self._settings.runbook_url
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

    def _monitors_state(self) -> dict[str, str]:
        """Where the responder reads what it tells of the monitors themselves, by its environment variable."""
        found = {}
        if self._args.get("open_engine", False):
            found["MONITOR_STATE_PREFIX"] = bucket_layout.MONITOR_STATE
        if self._args.get("compares_engines", False):
            found["AGREEMENT_PREFIX"] = bucket_layout.ENGINE_AGREEMENT
        if self._args.get("watches_stream", False):
            found["STREAM_PREFIX"] = bucket_layout.STREAM_STATE
        return found

    def _by_schedule(self, by_kind: Mapping[str, int]) -> pulumi.Output[str]:
        """JSON of schedule name to hours: alarms on the monitors themselves name the open engine's schedules."""
        groups = [self._args["schedules"], self._args.get("open_schedules") or {}]
        pairs = [
            pulumi.Output.all(schedules[kind], hours)
            for schedules in groups
            for kind, hours in by_kind.items()
            if kind in schedules
        ]
        return pulumi.Output.all(*pairs).apply(lambda found: json.dumps(dict(found), sort_keys=True))

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
            policy=pulumi.Output.all(look_up_context(self), alarm_topic.arn).apply(
                lambda found: json.dumps(alarm_topic_policy(found[0], found[1], self._stem))
            ),
            opts=options,
        )

    def _alarm(
        self,
        kind: str,
        rule: AlarmRule,
        schedule_name: pulumi.Input[str],
        alarm_topic: aws.sns.Topic,
        topic_policy: aws.sns.TopicPolicy,
    ) -> WatchedAlarm:
        metric = schedule_metric(
            self._args["metric_namespace"], rule.metric_name, self._args["endpoint_name"], schedule_name
        )
        # An alarm that is raised before its topic lets it in has told nobody.
        ready = pulumi.ResourceOptions(parent=self, depends_on=[topic_policy])
        alarm = AlarmFactory(topic_arn=alarm_topic.arn, tags=self._common.tags, opts=ready).of_rule(
            f"{self._stem}-{kind}-{rule.suffix}",
            metric,
            rule,
            description=f"The {kind} monitor of {self._stem} has {rule.finding}",
            hours_between_runs=self._hours_between_runs[kind],
        )
        return WatchedAlarm(kind=kind, rule=rule, alarm=alarm)

    def _quiet_hours(self) -> None:
        for index, quiet in enumerate(self._settings.quiet_hours):
            names = [item.alarm.name for item in self.alarms if item.rule.severity in quiet.severities]
            if not names:
                continue  # nothing is watched
            aws.cloudwatch.AlarmMuteRule(
                f"{self._stem}-quiet-hours-{index}",
                description=f"Quiet hours of {self._stem}: {', '.join(quiet.severities)}",
                rule=aws.cloudwatch.AlarmMuteRuleRuleArgs(
                    schedule=aws.cloudwatch.AlarmMuteRuleRuleScheduleArgs(
                        expression=quiet.schedule_expression, duration=quiet.duration, timezone=quiet.timezone
                    )
                ),
                mute_targets=aws.cloudwatch.AlarmMuteRuleMuteTargetsArgs(alarm_names=names),
                tags=self._common.tags,
                opts=pulumi.ResourceOptions(parent=self),
            )


def _hours_between_runs(args: DriftAlertingArgs) -> dict[str, int]:
    """The hours between the runs of each schedule that is watched, by kind."""
    given = args.get("hours_between_runs") or {}
    return {kind: given.get(kind, 1) for kind in args["schedules"]}
