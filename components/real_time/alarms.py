"""When a stream rings: it has drifted, it is behind, nothing comes."""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components.alerting import schedule_metric
from components.args import CRITICAL, WARNING
from contract import metrics

# As often as CloudWatch looks at all, for a metric that is kept by the second.
DRIFT_PERIOD_SECONDS: Final = 10
_AGE_PERIOD_SECONDS, _AGE_PERIODS = 60, 3
_OLDEST_MILLISECONDS: Final = 60_000
_SILENCE_PERIOD_SECONDS: Final = 300


class StreamAlarms:
    """The alarms of one stream, as children of `parent`."""

    def __init__(
        self,
        stem: str,
        *,
        monitor: pulumi.Input[str],
        endpoint_name: pulumi.Input[str],
        metric_namespace: str,
        function_name: pulumi.Input[str],
        silent_minutes: int,
        alarm_topic_arn: pulumi.Input[str],
        tags: Mapping[str, pulumi.Input[str]] | None,
        parent: pulumi.Resource,
    ) -> None:
        self._topic, self._tags, self._parent = alarm_topic_arn, tags, parent

        def of_stream(name: str, statistic: str) -> dict[str, Any]:
            metric = schedule_metric(metric_namespace, name, endpoint_name, monitor)
            return {
                "namespace": metric.namespace,
                "metric_name": metric.name,
                "dimensions": metric.dimensions,
                "statistic": statistic,
            }

        drift = self._alarm(
            f"{stem}-stream-drift",
            f"Features of the stream of {stem} have changed within seconds",
            CRITICAL,
            **of_stream(metrics.DRIFTING_FEATURES, "Maximum"),
            period=DRIFT_PERIOD_SECONDS,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            # Between two windows nothing is said, and what has changed has not come back.
            treat_missing_data="ignore",
        )
        behind = self._alarm(
            f"{stem}-stream-behind",
            f"The stream of {stem} is read a minute late, or not at all: a break would be told late",
            WARNING,
            namespace="AWS/Lambda",
            metric_name="IteratorAge",
            dimensions={"FunctionName": function_name},
            statistic="Maximum",
            period=_AGE_PERIOD_SECONDS,
            evaluation_periods=_AGE_PERIODS,
            comparison_operator="GreaterThanThreshold",
            threshold=_OLDEST_MILLISECONDS,
            treat_missing_data="notBreaching",
        )
        silent = self._alarm(
            f"{stem}-stream-silent",
            f"No record came to the stream of {stem} for {silent_minutes} minutes: nobody is watching it",
            WARNING,
            **of_stream(metrics.STREAM_RECORDS, "Sum"),
            period=_SILENCE_PERIOD_SECONDS,
            evaluation_periods=silent_minutes * 60 // _SILENCE_PERIOD_SECONDS,
            comparison_operator="LessThanThreshold",
            threshold=1,
            # A new stream has no records yet, which is no transition; one that loses them is told of.
            treat_missing_data="missing",
            insufficient_data_actions=[alarm_topic_arn],
        )
        self.drift = drift
        self.warnings = [behind.arn, silent.arn]

    def _alarm(self, name: str, description: str, severity: str, **settings: Any) -> aws.cloudwatch.MetricAlarm:
        return aws.cloudwatch.MetricAlarm(
            name,
            # As every alarm of a stack ends: the responder reads it there, and subscriptions filter by it.
            alarm_description=f"{description}. Severity: {severity}",
            alarm_actions=[self._topic],
            ok_actions=[self._topic],
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self._parent),
            **settings,
        )
