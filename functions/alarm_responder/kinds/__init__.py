"""The kinds of alarm, by the metric that the alarm is on. A kind that is added here is answered."""

from collections.abc import Mapping
from typing import Any, Final

from contract.metrics import (
    AGREEMENT,
    CONSTRAINT_VIOLATIONS,
    DRIFTING_FEATURES,
    HOURS_SILENT,
    JOB_FAILURES,
    LARGEST_EFFECT,
    NO_DATA,
)
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.kinds import (
    engine_disagreement,
    job_failure,
    no_data,
    silent_monitor,
    stream_drift,
    violations,
)

KINDS: Final[Mapping[str, AlarmKind[Any]]] = {
    CONSTRAINT_VIOLATIONS: violations.KIND,
    LARGEST_EFFECT: violations.KIND,
    JOB_FAILURES: job_failure.KIND,
    HOURS_SILENT: silent_monitor.KIND,
    NO_DATA: no_data.KIND,
    DRIFTING_FEATURES: stream_drift.KIND,
    AGREEMENT: engine_disagreement.KIND,
}


def kind_of(metric: str | None) -> AlarmKind[Any]:
    """The kind of an alarm on a metric; one on a metric of somebody else's is answered with what was found."""
    return KINDS.get(metric or "", violations.KIND)


__all__ = ["KINDS", "AlarmKind", "Sources", "kind_of"]
