"""Which alarms of a stack ask for a retraining, and below which quality it starts by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.alerting import WatchedAlarm
from components.args import RetrainingSettings
from components.retraining import Trigger
from contract import metrics
from contract.monitor_kinds import KINDS, MODEL_QUALITY


def triggers_of(
    retraining: RetrainingSettings,
    alarms: Sequence[WatchedAlarm],
    schedules: Mapping[str, pulumi.Output[str]],
    hours_between_runs: Mapping[str, int],
) -> list[Trigger]:
    """The alarms on violations that the settings name by kind and severity."""
    return [
        Trigger(
            alarm_name=item.alarm.name,
            kind=rule.kind,
            schedule=schedules[rule.kind],
            # An alarm that itself waits for several runs says nothing of fewer.
            runs=max(rule.runs, item.rule.runs),
            threshold=item.rule.threshold,
            metric=item.rule.metric_name,
            hours_between_runs=hours_between_runs[rule.kind],
        )
        for rule in retraining.alarms
        for item in alarms
        if (item.kind, item.rule.severity, item.rule.about) == (rule.kind, rule.severity, metrics.CONSTRAINT_VIOLATIONS)
    ]


def quality_floor_of(
    retraining: RetrainingSettings,
    schedules: Mapping[str, pulumi.Output[str]],
    hours_between_runs: Mapping[str, int],
) -> dict[str, Any] | None:
    """The metric of model quality and the value below it, where it is and how often it comes; None if none is set."""
    if retraining.quality_floor is None:
        return None
    metric, floor = retraining.quality_floor
    return {
        "metric": metric,
        "floor": floor,
        "namespace": KINDS[MODEL_QUALITY].metric_namespace,
        "schedule": schedules[MODEL_QUALITY],
        "hours_between_runs": hours_between_runs[MODEL_QUALITY],
    }
