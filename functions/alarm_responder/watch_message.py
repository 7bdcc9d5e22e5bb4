"""What a person reads when the monitors themselves are the news. Pure: facts in, text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.column_summaries import number
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.notification import (
    Notification,
    Place,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    plural,
    subject_of,
    time_text,
)
from functions.alarm_responder.severity import severity_lines
from functions.alarm_responder.watch import Dispute, Drought, Silence

MAX_FEATURES = 15
_MEASURES = ("psi", "p_value_adjusted")
_MAX_TEXT = 200


def silence_notification(alarm: Alarm, found: Silence, place: Place) -> Notification:
    """For a monitor that has not run."""
    if found.problem is not None:
        last = "not known"
    elif found.last_window_end is None:
        last = f"none in the {found.lookback.days} days before the alarm"
    else:
        last = f"over the window that ended at {hour_text(found.last_window_end)}"
    schedule = alarm.schedule or ""
    sections = [
        [f"{alarm.endpoint}: the monitor is silent. Nobody is watching the model until it runs again."],
        [*_facts(alarm, place), f"Last run  {last}"],
        _problem(found.problem),
        _steps(
            f"Is the schedule there and enabled? Open engine: aws scheduler list-schedules --name-prefix {schedule}; "
            f"Model Monitor: aws sagemaker list-monitoring-executions --monitoring-schedule-name {schedule}",
            "Does it run, and nobody hears of it? See the function that ends in processing-metrics and its rule.",
            "Was a run due and not delivered? See the schedules' dead-letter queue; its messages say why.",
            "Did the function that starts runs fail? See its log group, which ends in start-monitor-logs and a suffix.",
            "Once it runs again it takes up files of the hours before, as far back as open_engine.late_hours.",
        ),
        _where(place),
        alarm_lines(alarm, place),
    ]
    return Notification(
        subject=subject_of(alarm, "the monitor is silent", [schedule]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "silent-monitor"),
    )


def drought_notification(alarm: Alarm, found: Drought, place: Place) -> Notification:
    """For a window in which nothing was captured."""
    facts = _facts(alarm, place)
    if found.window_start and found.window_end:
        facts.append(f"Window    {found.window_start} to {found.window_end}")
    if found.since:
        facts.append(f"Since     the window that ended at {hour_text(found.since)} ({plural(found.windows, 'window')})")
    if found.problem is None:
        last = f"in the window that ended at {hour_text(found.last_with_data)}" if found.last_with_data else None
        facts.append(f"Last data {last or f'none in the {found.lookback.days} days before the alarm'}")
    sections = [
        [f"{alarm.endpoint}: the monitor found no data to look at, so it looked at nothing. No job ran."],
        facts,
        _problem(found.problem),
        _steps(
            "Does anybody call the endpoint? See its metric Invocations (AWS/SageMaker): if not, ask who should.",
            "If it is called: is data capture on in its configuration, and may the model's role write to the bucket?",
            "A model-quality monitor needs labels as well: has whoever brings them stopped?",
        ),
        _where(place),
        alarm_lines(alarm, place),
    ]
    return Notification(
        subject=subject_of(alarm, "no data to monitor", [alarm.schedule or ""]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "no-data"),
    )


def dispute_notification(alarm: Alarm, found: Dispute, place: Place) -> Notification:
    """For two engines that say different things about the same data."""
    document = found.document or {}
    facts = _facts(alarm, place)
    agreement = _number(document.get("agreement"))
    if agreement is not None:
        compared = _number(document.get("compared"))
        of = f" of {number(compared)} features" if compared is not None else ""
        facts.append(f"Agreement {number(agreement)} (share{of} with the same verdict)")
    if found.since:
        facts.append(f"Since     the window that ended at {hour_text(found.since)} ({plural(found.windows, 'window')})")
    names = [str(item.get("feature")) for item in found.disagreements]
    sections = [
        [f"{alarm.endpoint}: Model Monitor and the open engine disagree on the same data. One of the two is wrong."],
        facts,
        _features(found.disagreements),
        _problem(found.problem),
        _steps(
            "Look at a feature above in both results: do the two read the same rows, with the same baseline?",
            "Does only one side know the feature? Then constraints.json or the baseline was changed for one of them.",
            "Numbers just around a threshold? Widen the threshold, or lower open_engine.least_agreement.",
            "Neither explains it: report it with the file below; it has both sides' numbers.",
        ),
        _where(place, found.key),
        alarm_lines(alarm, place),
    ]
    return Notification(
        subject=subject_of(alarm, "the two monitors disagree", names),
        body=body_of(sections),
        attributes=attributes_of(alarm, "disagreement"),
    )


def _facts(alarm: Alarm, place: Place) -> list[str]:
    return [
        *severity_lines(alarm, place.severities),
        f"Schedule  {alarm.schedule}",
        f"Alarm at  {time_text(alarm.changed_at)}",
    ]


def _problem(problem: str | None) -> list[str]:
    return [problem] if problem else []


def _features(disagreements: Sequence[Mapping[str, Any]]) -> list[str]:
    if not disagreements:
        return []
    lines = ["WHERE THEY DISAGREE"]
    for item in disagreements[:MAX_FEATURES]:
        lines.append(f"  {clip(str(item.get('feature')), _MAX_TEXT)}")
        lines.append(f"     Model Monitor: {_said(item.get('model_monitor'))}")
        lines.append(f"     open engine:   {_said(item.get('open'))}")
        measures = item.get("measures")
        if isinstance(measures, Mapping) and (seen := _measured(measures)):
            lines.append(f"     measured:      {seen}")
    if len(disagreements) > MAX_FEATURES:
        lines.append(f"  ... and {len(disagreements) - MAX_FEATURES} more in the file")
    return lines


def _said(violations: Any) -> str:
    """One side's verdict, with the numbers that it gives."""
    found = [item for item in violations if isinstance(item, Mapping)] if isinstance(violations, list) else []
    return "; ".join(_one(item) for item in found) or "no violation"


def _one(violation: Mapping[str, Any]) -> str:
    check = str(violation.get("check"))
    observed, limit = _number(violation.get("observed")), _number(violation.get("limit"))
    if observed is None:
        return f"{check}: {clip(str(violation.get('description') or ''), _MAX_TEXT) or 'the monitor says no more'}"
    return f"{check}: {number(observed)}" + ("" if limit is None else f", limit {number(limit)}")


def _measured(measures: Mapping[str, Any]) -> str:
    summary = measures.get("summary")
    if isinstance(summary, str) and summary:
        return clip(summary, _MAX_TEXT)
    return ", ".join(
        f"{name} {number(value)}" for name in _MEASURES if (value := _number(measures.get(name))) is not None
    )


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _steps(*steps: str) -> list[str]:
    return ["WHAT TO DO NEXT", *(f"  {rank}. {step}" for rank, step in enumerate(steps, start=1))]


def _where(place: Place, key: str | None = None) -> list[str]:
    lines = ["WHERE TO LOOK"]
    if key:
        lines.append(f"  Comparison:   s3://{place.bucket}/{key}")
        lines.append(f"  In a browser: {Console(place.region).s3_folder(place.bucket, key.rsplit('/', 1)[0] + '/')}")
    if place.dashboard_url:
        lines.append(f"  Dashboard:    {place.dashboard_url}")
    return lines if len(lines) > 1 else []
