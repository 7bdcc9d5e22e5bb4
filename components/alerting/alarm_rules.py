"""Metrics and the alarms on them: each is written down once, for the alarm and for the line in the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.args import WARNING, AlertingSettings, Threshold
from contract import metrics

PERIOD_SECONDS: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One CloudWatch metric, and how its values within a period become one.

    The largest, not the sum: AWS sends an event twice now and then, and the metric with it.
    """

    namespace: pulumi.Input[str]
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str = "Maximum"

    def row(self, **rendering: Any) -> list[Any]:
        """As a graph of a dashboard has it; all of its values must be known."""
        dimensions = [part for pair in self.dimensions.items() for part in pair]
        return [self.namespace, self.name, *dimensions, {"stat": self.statistic, **rendering}]


def schedule_metric(
    namespace: pulumi.Input[str], name: str, endpoint: pulumi.Input[str], schedule: pulumi.Input[str]
) -> Metric:
    """A metric of one monitoring schedule, as the functions publish it."""
    return Metric(namespace=namespace, name=name, dimensions=metrics.of_schedule(endpoint, schedule))


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """When a schedule's alarm is raised. The alarm and the line in the dashboard are both made from it."""

    suffix: str
    metric_name: str
    severity: str
    threshold: float
    runs: int
    title: str
    about: str = ""
    """The metric of what it is about: of an effect the violations'."""

    @property
    def datapoints_to_alarm(self) -> int | None:
        """None for one run: then it is the same as the hours that are looked at."""
        return self.runs if self.runs > 1 else None

    def evaluation_periods(self, hours_between_runs: int) -> int:
        """Hours that are looked at: CloudWatch counts hours, people count runs.

        Several runs: so many breaching hours among those in which that many runs are due. Hours without a run say
        nothing.
        """
        return self.runs * hours_between_runs if self.runs > 1 else 1

    @property
    def condition(self) -> str:
        """Say in words from when on it rings."""
        runs = f" in {self.runs} runs in a row" if self.runs > 1 else ""
        return f"{self.title} >= {self.threshold:g}{runs}"

    @property
    def finding(self) -> str:
        """What a monitor has when it rings, in words."""
        if self.metric_name == metrics.LARGEST_EFFECT:
            return f"constraint violations of at least {self.threshold:g} times what is material"
        return self.title


def alarm_rules(settings: AlertingSettings) -> tuple[AlarmRule, ...]:
    """Violations that were found, and runs that could not look; of each the mildest first."""
    return (
        *_rules("violations", metrics.CONSTRAINT_VIOLATIONS, "constraint violations", settings.violations),
        *_rules("job-failures", metrics.JOB_FAILURES, "failed jobs", settings.job_failures),
    )


def _rules(suffix: str, metric_name: str, title: str, thresholds: tuple[Threshold, ...]) -> list[AlarmRule]:
    return [
        AlarmRule(
            # A warning's name says no severity, so that adding a critical alarm leaves it alone.
            suffix=suffix if item.severity == WARNING else f"{suffix}-{item.severity}",
            metric_name=metric_name if item.effect is None else metrics.LARGEST_EFFECT,
            severity=item.severity,
            threshold=item.level,
            runs=item.evaluation_periods,
            title=title if item.effect is None else "largest effect",
            about=metric_name,
        )
        for item in thresholds
    ]


@dataclass(frozen=True, kw_only=True)
class AlarmFactory:
    """Makes every alarm of a stack, so that all of them name their severity and tell of their beginning and end.

    `topic_arn` is the topic that is told; `opts` say whose children the alarms are and what must be there before one
    is raised.
    """

    topic_arn: pulumi.Input[str] | None
    """None: they tell nobody themselves, an alarm over them does."""
    tags: Mapping[str, pulumi.Input[str]]
    opts: pulumi.ResourceOptions

    def make(
        self,
        name: str,
        metric: Metric,
        *,
        description: pulumi.Input[str],
        severity: str,
        threshold: float,
        below: bool = False,
        period_seconds: int = PERIOD_SECONDS,
        evaluation_periods: int = 1,
        datapoints_to_alarm: int | None = None,
        missing_data: str = "notBreaching",
        tells_of_missing_data: bool = False,
    ) -> aws.cloudwatch.MetricAlarm:
        """Declare an alarm on `metric`.

        Args:
            name: Of the resource.
            metric: What is watched.
            description: In a sentence without its full stop; the severity is added. A message carries nothing else of
                an alarm that the stack may choose freely: the responder and people's subscriptions read it there.
            severity: `warning` or `critical`.
            threshold: Rings at this value and above it; under it if `below`.
            below: Whether small values ring.
            period_seconds: Over which the metric's values become one.
            evaluation_periods: How many periods are looked at.
            datapoints_to_alarm: How many of them must breach; None for all.
            missing_data: What a period without values counts as: `notBreaching`, `ignore` or `missing`.
            tells_of_missing_data: Whether the state "insufficient data" is told too.
        """
        told = None if self.topic_arn is None else [self.topic_arn]
        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=pulumi.Output.concat(description, f". Severity: {severity}"),
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            statistic=metric.statistic,
            period=period_seconds,
            evaluation_periods=evaluation_periods,
            datapoints_to_alarm=datapoints_to_alarm,
            comparison_operator="LessThanThreshold" if below else "GreaterThanOrEqualToThreshold",
            threshold=threshold,
            treat_missing_data=missing_data,
            alarm_actions=told,
            ok_actions=told,
            insufficient_data_actions=told if tells_of_missing_data else None,
            tags=self.tags,
            opts=self.opts,
        )

    def of_rule(
        self, name: str, metric: Metric, rule: AlarmRule, *, description: str, hours_between_runs: int
    ) -> aws.cloudwatch.MetricAlarm:
        """Declare the alarm of a rule on a schedule's metric."""
        return self.make(
            name,
            metric,
            description=description,
            severity=rule.severity,
            threshold=rule.threshold,
            evaluation_periods=rule.evaluation_periods(hours_between_runs),
            datapoints_to_alarm=rule.datapoints_to_alarm,
            # Between two runs nothing is known and the last one's word stands: one episode is one alarm, however long.
            missing_data="ignore",
        )
