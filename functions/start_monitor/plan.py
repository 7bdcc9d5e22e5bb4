"""What a schedule asks for: the event of EventBridge Scheduler, checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract.monitor_kinds import KINDS
from contract.time_offsets import parse_offset
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.s3_objects import split_location
from functions.start_monitor.time_window import Window, hour_of, parse_time, window_of

# Eight at a time at some 40 ms each, the function brings so many in 10 s of the 300 that it has.
_MAX_FILES = 2000


@dataclass(frozen=True)
class SmallWindow:
    """Windows of up to `max_bytes` and `max_files` of captures and labels are looked at by a function.

    Larger ones get a processing job.
    """

    function_name: str
    max_bytes: int
    max_files: int


@dataclass(frozen=True)
class Plan:
    """One monitor of one endpoint; what is not explained here is as in functions/README.md.

    `due` is the hour in which the run was scheduled, where the window need not end: its offsets may lie further back.
    """

    kind: str
    endpoint: str
    schedule: str
    variants: tuple[str, ...]
    window: Window
    due: datetime
    late_hours: int
    captured_uri: str
    ground_truth_uri: str | None
    results_uri: str
    state_uri: str
    job_stem: str
    small_window: SmallWindow | None
    request: Mapping[str, Any]
    current_baseline_uri: str | None = None
    """Where it says what to compare with since the last retraining."""

    @property
    def short_kind(self) -> str:
        """The kind as it stands in names of jobs, such as `dq`."""
        return KINDS[self.kind].short


def parse(event: Any) -> Plan:
    """The plan of an event; BadEventError in one line if it is not one."""
    fields = mapping(event, "the event")
    plan = mapping(fields.get("plan"), "the event's plan")
    where = "the event's plan"
    kind = text(plan, "kind", where)
    if kind not in KINDS:
        raise BadEventError(f"{where}.kind is {kind!r}: it must be one of {', '.join(KINDS)}")
    variants = plan.get("variants")
    if not isinstance(variants, list) or not variants or not all(isinstance(name, str) and name for name in variants):
        raise BadEventError(f"{where}.variants must be a list of at least one variant's name")
    ground_truth = plan.get("ground_truth_uri")
    if KINDS[kind].needs_labels and not ground_truth:
        raise BadEventError(f"{where}.ground_truth_uri is missing: a {kind} monitor needs labels")
    return Plan(
        kind=kind,
        endpoint=text(plan, "endpoint", where),
        schedule=text(plan, "schedule", where),
        variants=tuple(variants),
        window=_window(fields, plan),
        due=hour_of(scheduled_time(fields)),
        late_hours=_late_hours(plan),
        captured_uri=_location(plan, "captured_uri"),
        ground_truth_uri=_location(plan, "ground_truth_uri") if ground_truth else None,
        results_uri=_location(plan, "results_uri"),
        state_uri=_location(plan, "state_uri"),
        job_stem=text(plan, "job_stem", where),
        small_window=_small_window(plan.get("small_window")),
        request=mapping(plan.get("request"), f"{where}.request"),
        current_baseline_uri=_location(plan, "current_baseline_uri") if plan.get("current_baseline_uri") else None,
    )


def scheduled_time(fields: Mapping[str, Any]) -> datetime:
    """When the run was due; a retried delivery has the same."""
    given = text(fields, "scheduled_time", "the event")
    try:
        return parse_time(given)
    except ValueError as error:
        raise BadEventError(f"the event's scheduled_time is {given!r}: {error}") from error


def _window(fields: Mapping[str, Any], plan: Mapping[str, Any]) -> Window:
    try:
        return window_of(
            scheduled_time(fields),
            start_offset=parse_offset(text(plan, "start_offset", "the event's plan")),
            end_offset=parse_offset(text(plan, "end_offset", "the event's plan")),
        )
    except BadEventError:
        raise
    except ValueError as error:
        raise BadEventError(f"the event's plan has no usable window: {error}") from error


def _late_hours(plan: Mapping[str, Any]) -> int:
    hours = plan.get("late_hours", 6)
    if not isinstance(hours, int) or isinstance(hours, bool) or not 0 <= hours <= 72:
        raise BadEventError(f"the event's plan.late_hours is {hours!r}: it must be a whole number from 0 to 72")
    return hours


def _location(plan: Mapping[str, Any], name: str) -> str:
    uri = text(plan, name, "the event's plan").rstrip("/")
    try:
        split_location(uri)
    except ValueError as error:
        raise BadEventError(f"the event's plan.{name} is no place in S3: {error}") from error
    return uri


def _small_window(value: Any) -> SmallWindow | None:
    if value is None:
        return None
    where = "the event's plan.small_window"
    fields = mapping(value, where)
    return SmallWindow(
        text(fields, "function_name", where),
        _limit(fields.get("max_bytes"), f"{where}.max_bytes", "bytes"),
        _limit(fields.get("max_files", _MAX_FILES), f"{where}.max_files", "files"),
    )


def _limit(value: Any, where: str, unit: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadEventError(f"{where} is {value!r}: it must be a whole number of {unit}")
    return value
