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
# The watch publishes once an hour; only when three hours have no number is the watch itself silent.
_HOURS_OF_WATCH: Final = 3
# Without data for so long an endpoint is not just quiet for the night.
_HOURS_WITHOUT_DATA: Final = 24
_MOST_HOURS: Final = 168  # CloudWatch looks at seven days at the most


class MonitorHealthArgs(TypedDict):
    """Schedules, and who is told of their health."""

    schedules: Mapping[str, pulumi.Input[str]]
    """Names of the schedules, by kind; the open engine's where it runs."""
    beside: NotRequired[Mapping[str, pulumi.Input[str]]]
    """Names of Model Monitor's schedules, by kind, where `schedules` are the open engine's. Default none."""
    hours_between_runs: Mapping[str, int]
    """Of each schedule, by kind."""
    endpoint_name: pulumi.Input[str]
    metric_namespace: str
    """Where `HoursSilent`, `NoData`, `JobFailures` and `Agreement` are published."""
    alarm_topic_arn: pulumi.Input[str]
    """Told of every alarm's beginning and end."""
    alarm_on_no_data: NotRequired[bool]
    """Ring at the first window without captures, and not only after a day of them. Default false."""
    alarm_on_job_failures: NotRequired[bool]
    """An alarm for a failed run as well: where `DriftAlerting` watches other schedules than these. Default false."""
    least_agreement: NotRequired[float]
    """Below this share of features with the same verdict two engines disagree. Default none: there is one engine."""
    disagreeing_runs: NotRequired[int]
    """Runs in a row that must disagree. Default 3."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class MonitorHealth(pulumi.ComponentResource):
    """Watches the watchers."""

    alarm_arns: list[pulumi.Output[str]]

    def __init__(self, name: str, args: MonitorHealthArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        common = common_settings(tags=args.get("tags"))
        super().__init__("model-monitoring:index:MonitorHealth", name, {}, opts)
        self._stem, self._args, self._tags = name, args, common.tags
        alarms = []
        for kind, schedule in args["schedules"].items():
            alarms.append(self._silent(kind, schedule))
            alarms.append(self._without_data(kind, schedule))
            if args.get("alarm_on_job_failures", False):
                failed = f"A run of the open engine's {kind} monitor of {self._stem} failed"
                alarms.append(self._rings_at_one("open-failures", failed, metrics.JOB_FAILURES, kind, schedule))
            if args.get("least_agreement") is not None:
                alarms.append(self._disagreement(kind, schedule))
        beside = args.get("beside") or {}
        alarms += [self._silent(kind, schedule, "model-monitor-silent") for kind, schedule in beside.items()]
        self.alarm_arns = [alarm.arn for alarm in alarms]
        self.register_outputs({"alarm_arns": self.alarm_arns})

    def _silent(self, kind: str, schedule: pulumi.Input[str], suffix: str = "silent") -> aws.cloudwatch.MetricAlarm:
        """The dead man's switch: the watch publishes in every hour for how long nothing was heard of the runs.

        CloudWatch looks farther back than an alarm evaluates, and how far it does not say: an alarm on the runs' own
        metric would ring at some time after two periods. A number in every hour rings in its hour.
        """
        return self._alarm(
            f"{self._stem}-{kind}-{suffix}",
            f"Nothing was heard of the {kind} monitor of {self._stem} for two periods: nobody is watching the model",
            metrics.HOURS_SILENT,
            schedule,
            statistic="Maximum",
            period=PERIOD_SECONDS,
            evaluation_periods=_HOURS_OF_WATCH,
            datapoints_to_alarm=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=SILENT_PERIODS * self._args["hours_between_runs"][kind],
            treat_missing_data="missing",
            # A new alarm begins without data, which is no transition; one that loses them has lost its watch.
            insufficient_data_actions=[self._args["alarm_topic_arn"]],
        )

    def _without_data(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """As many runs in a row without data as are due in a day, two at the least; or one, if that is asked for."""
        hours = self._args["hours_between_runs"][kind]
        runs = 1 if self._args.get("alarm_on_no_data", False) else max(2, _HOURS_WITHOUT_DATA // hours)
        in_a_row = "" if runs == 1 else f", {runs} runs in a row"
        return self._alarm(
            f"{self._stem}-{kind}-no-data",
            f"The {kind} monitor of {self._stem} found no data to look at{in_a_row}",
            metrics.NO_DATA,
            schedule,
            statistic="Maximum",
            period=PERIOD_SECONDS,
            evaluation_periods=min(_MOST_HOURS, runs * hours),
            datapoints_to_alarm=runs if runs > 1 else None,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
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
        insufficient_data_actions: list[pulumi.Input[str]] | None = None,
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
            insufficient_data_actions=insufficient_data_actions,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
