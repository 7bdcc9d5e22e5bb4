"""Alarms on the monitors themselves: one that is silent, one that finds no data, two that contradict each other.

Nobody would notice otherwise. What a monitor finds is `DriftAlerting`'s affair.
"""

from collections.abc import Mapping
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.alerting.alarm_rules import PERIOD_SECONDS, schedule_metric
from components.args import WARNING, check_component_name, common_settings
from contract import metrics

SILENT_PERIODS: Final = 2


class MonitorHealthArgs(TypedDict):
    """Schedules of the open engine, and who is told of their health."""

    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the open engine's schedules, by kind."""
    hours_between_runs: Mapping[str, int]
    """Of each schedule, by kind."""
    endpoint_name: pulumi.Input[str]
    metric_namespace: str
    """Where `Runs`, `NoData`, `JobFailures` and `Agreement` are published."""
    alarm_topic_arn: pulumi.Input[str]
    """Told of every alarm's beginning and end."""
    alarm_on_no_data: NotRequired[bool]
    """An alarm for a window without captures as well. Default false."""
    alarm_on_job_failures: NotRequired[bool]
    """An alarm for a failed run as well: where `DriftAlerting` watches other schedules than these. Default false."""
    least_agreement: NotRequired[float]
    """Below this share of features with the same verdict two engines disagree. Default none: there is one engine."""
    disagreeing_runs: NotRequired[int]
    """Runs in a row that must disagree. Default 3."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class MonitorHealth(pulumi.ComponentResource):
    """Watches the watchers of the open engine."""

    alarm_arns: list[pulumi.Output[str]]

    def __init__(self, name: str, args: MonitorHealthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(tags=args.get("tags"))
        super().__init__("model-monitoring:index:MonitorHealth", name, {}, opts)
        self._stem, self._args, self._tags = name, args, common.tags
        alarms = []
        for kind, schedule in args["schedules"].items():
            alarms.append(self._silent(kind, schedule))
            if args.get("alarm_on_no_data", False):
                found_none = f"The {kind} monitor of {self._stem} found no data to look at"
                alarms.append(self._rings_at_one("no-data", found_none, metrics.NO_DATA, kind, schedule))
            if args.get("alarm_on_job_failures", False):
                failed = f"A run of the open engine's {kind} monitor of {self._stem} failed"
                alarms.append(self._rings_at_one("open-failures", failed, metrics.JOB_FAILURES, kind, schedule))
            if args.get("least_agreement") is not None:
                alarms.append(self._disagreement(kind, schedule))
        self.alarm_arns = [alarm.arn for alarm in alarms]
        self.register_outputs({"alarm_arns": self.alarm_arns})

    def _silent(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """The dead man's switch: every run says that it ran, and this rings when none has for two periods."""
        return self._alarm(
            f"{self._stem}-{kind}-silent",
            f"The {kind} monitor of {self._stem} has not run for two periods: nobody is watching the model",
            metrics.RUNS,
            schedule,
            statistic="SampleCount",
            # A period has at most a day, and a run may start some minutes later in its hour than the one before.
            period=PERIOD_SECONDS * self._args["hours_between_runs"][kind],
            evaluation_periods=SILENT_PERIODS,
            comparison_operator="LessThanThreshold",
            threshold=1,
            treat_missing_data="breaching",
        )

    def _rings_at_one(
        self, suffix: str, description: str, metric_name: str, kind: str, schedule: pulumi.Input[str]
    ) -> aws.cloudwatch.MetricAlarm:
        return self._alarm(
            f"{self._stem}-{kind}-{suffix}",
            description,
            metric_name,
            schedule,
            statistic="Maximum",
            period=PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
        )

    def _disagreement(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """So many breaching hours among those in which so many runs are due; hours without a run do not count."""
        runs = self._args.get("disagreeing_runs", 3)
        return self._alarm(
            f"{self._stem}-{kind}-disagreement",
            f"Model Monitor and the open engine disagree on {self._stem} ({kind}): one of the two is wrong",
            metrics.AGREEMENT,
            schedule,
            statistic="Minimum",
            period=PERIOD_SECONDS,
            evaluation_periods=runs * self._args["hours_between_runs"][kind],
            datapoints_to_alarm=runs,
            comparison_operator="LessThanThreshold",
            threshold=self._args.get("least_agreement") or 0.0,
            treat_missing_data="notBreaching",
        )

    def _alarm(
        self,
        name: str,
        description: str,
        metric_name: str,
        schedule: pulumi.Input[str],
        *,
        statistic: str,
        period: int,
        evaluation_periods: int,
        comparison_operator: str,
        threshold: float,
        treat_missing_data: str,
        datapoints_to_alarm: int | None = None,
    ) -> aws.cloudwatch.MetricAlarm:
        metric = schedule_metric(self._args["metric_namespace"], metric_name, self._args["endpoint_name"], schedule)
        return aws.cloudwatch.MetricAlarm(
            name,
            # As every alarm of a stack ends: the responder reads it there, and subscriptions filter by it.
            alarm_description=f"{description}. Severity: {WARNING}",
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            statistic=statistic,
            period=period,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            comparison_operator=comparison_operator,
            threshold=threshold,
            treat_missing_data=treat_missing_data,
            alarm_actions=[self._args["alarm_topic_arn"]],
            ok_actions=[self._args["alarm_topic_arn"]],
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
