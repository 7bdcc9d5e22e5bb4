"""Alarms on the monitors themselves: one that is silent, one that finds no data, two that contradict each other.

Nobody would notice otherwise. What a monitor finds is `DriftAlerting`'s affair.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from components.alerting.alarm_rules import AlarmFactory, Metric, schedule_metric
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
        common = common_settings(args)
        super().__init__("model-monitoring:index:MonitorHealth", name, {}, opts)
        self._stem, self._args = name, args
        self._alarms = AlarmFactory(
            topic_arn=args["alarm_topic_arn"], tags=common.tags, opts=pulumi.ResourceOptions(parent=self)
        )
        alarms = []
        for kind, schedule in args["schedules"].items():
            alarms.append(self._silent(kind, schedule))
            alarms.append(self._without_data(kind, schedule))
            if args.get("alarm_on_job_failures", False):
                alarms.append(self._open_failures(kind, schedule))
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
        return self._alarms.make(
            f"{self._stem}-{kind}-{suffix}",
            self._metric(metrics.HOURS_SILENT, schedule),
            description=f"Nothing was heard of the {kind} monitor of {self._stem} for two periods: "
            "nobody is watching the model",
            severity=WARNING,
            threshold=SILENT_PERIODS * self._args["hours_between_runs"][kind],
            evaluation_periods=_HOURS_OF_WATCH,
            datapoints_to_alarm=1,
            # A new alarm begins without data, which is no transition; one that loses them has lost its watch.
            missing_data="missing",
            tells_of_missing_data=True,
        )

    def _without_data(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """As many runs in a row without data as are due in a day, two at the least; or one, if that is asked for."""
        hours = self._args["hours_between_runs"][kind]
        runs = 1 if self._args.get("alarm_on_no_data", False) else max(2, _HOURS_WITHOUT_DATA // hours)
        in_a_row = "" if runs == 1 else f", {runs} runs in a row"
        return self._alarms.make(
            f"{self._stem}-{kind}-no-data",
            self._metric(metrics.NO_DATA, schedule),
            description=f"The {kind} monitor of {self._stem} found no data to look at{in_a_row}",
            severity=WARNING,
            threshold=1,
            evaluation_periods=min(_MOST_HOURS, runs * hours),
            datapoints_to_alarm=runs if runs > 1 else None,
        )

    def _open_failures(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        return self._alarms.make(
            f"{self._stem}-{kind}-open-failures",
            self._metric(metrics.JOB_FAILURES, schedule),
            description=f"A run of the open engine's {kind} monitor of {self._stem} failed",
            severity=WARNING,
            threshold=1,
        )

    def _disagreement(self, kind: str, schedule: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
        """So many breaching hours among those in which so many runs are due; hours without a run do not count."""
        runs = self._args.get("disagreeing_runs", 3)
        return self._alarms.make(
            f"{self._stem}-{kind}-disagreement",
            self._metric(metrics.AGREEMENT, schedule, statistic="Minimum"),
            description=f"Model Monitor and the open engine disagree on {self._stem} ({kind}): one of the two is wrong",
            severity=WARNING,
            threshold=self._args.get("least_agreement") or 0.0,
            below=True,
            evaluation_periods=runs * self._args["hours_between_runs"][kind],
            datapoints_to_alarm=runs,
        )

    def _metric(self, name: str, schedule: pulumi.Input[str], statistic: str = "Maximum") -> Metric:
        found = schedule_metric(self._args["metric_namespace"], name, self._args["endpoint_name"], schedule)
        return replace(found, statistic=statistic)
