"""When a stream rings: it has drifted, it is behind, nothing comes."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pulumi

from components.alerting import AlarmFactory, Metric, schedule_metric
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
        alarms = AlarmFactory(topic_arn=alarm_topic_arn, tags=tags or {}, opts=pulumi.ResourceOptions(parent=parent))

        def of_stream(name: str) -> Metric:
            return schedule_metric(metric_namespace, name, endpoint_name, monitor)

        self.drift = alarms.make(
            f"{stem}-stream-drift",
            of_stream(metrics.DRIFTING_FEATURES),
            description=f"Features of the stream of {stem} have changed within seconds",
            severity=CRITICAL,
            threshold=1,
            period_seconds=DRIFT_PERIOD_SECONDS,
            # Between two windows nothing is said, and what has changed has not come back.
            missing_data="ignore",
        )
        behind = alarms.make(
            f"{stem}-stream-behind",
            Metric(namespace="AWS/Lambda", name="IteratorAge", dimensions={"FunctionName": function_name}),
            description=f"The stream of {stem} is read a minute late, or not at all: a break would be told late",
            severity=WARNING,
            threshold=_OLDEST_MILLISECONDS,
            period_seconds=_AGE_PERIOD_SECONDS,
            evaluation_periods=_AGE_PERIODS,
        )
        silent = alarms.make(
            f"{stem}-stream-silent",
            replace(of_stream(metrics.STREAM_RECORDS), statistic="Sum"),
            description=f"No record came to the stream of {stem} for {silent_minutes} minutes: nobody is watching it",
            severity=WARNING,
            threshold=1,
            below=True,
            period_seconds=_SILENCE_PERIOD_SECONDS,
            evaluation_periods=silent_minutes * 60 // _SILENCE_PERIOD_SECONDS,
            # A new stream has no records yet, which is no transition; one that loses them is told of.
            missing_data="missing",
            tells_of_missing_data=True,
        )
        self.warnings = [behind.arn, silent.arn]
