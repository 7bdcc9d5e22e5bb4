"""Two engines say different things about the same data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.column_summaries import number
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    place_lines,
    plural,
    problem_lines,
    schedule_lines,
    step_lines,
    subject_of,
)
from functions.alarm_responder.run_records import as_object, hours, untold
from functions.common.s3_objects import UnreadableError, list_folders, read_json

MAX_FEATURES = 15
_MEASURES = ("psi", "p_value_adjusted")
_MAX_TEXT = 200


@dataclass(frozen=True)
class Disagreement:
    """The latest window on which two engines disagree (as `compare_engines` kept it), and since when they do."""

    document: Mapping[str, Any] | None = None
    key: str | None = None
    since: datetime | None = None
    windows: int = 0
    problem: str | None = None

    @property
    def disagreements(self) -> Sequence[Mapping[str, Any]]:
        """One entry a feature; what has not that shape is left out."""
        found = (self.document or {}).get("disagreements")
        return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def look(alarm: Alarm, sources: Sources) -> Disagreement:
    """What the two engines disagree about; never raises for what cannot be read."""
    s3, bucket, prefix, lag = sources.s3, sources.bucket, sources.agreement_prefix, sources.lag
    if prefix is None:
        return Disagreement(problem=untold("What the engines disagree about", "AGREEMENT_PREFIX"))
    where = f"{prefix}/{alarm.endpoint}/"
    try:
        for kind in list_folders(s3, bucket, where):
            found = _latest(s3, alarm, bucket, f"{where}{kind}/", lag)
            if found is not None:
                return found
    except UnreadableError as error:
        return Disagreement(problem=f"What the engines disagree about could not be looked up: {error}.")
    return Disagreement(problem=f"No comparison of this schedule was found in s3://{bucket}/{where}.")


def _latest(s3: Any, alarm: Alarm, bucket: str, prefix: str, lag: timedelta) -> Disagreement | None:
    """None if the comparisons below `prefix` are another schedule's, or agree."""
    latest: tuple[Mapping[str, Any], str] | None = None
    since: datetime | None = None
    windows = 0
    for hour, key in hours(s3, bucket, prefix, until=alarm.changed_at, lag=lag):
        document = as_object(read_json(s3, bucket, key))
        if as_object(document.get("schedules")).get("open") != alarm.schedule:
            return None
        if document.get("disagreements"):
            latest, since, windows = latest or (document, key), hour, windows + 1
        elif latest:
            break
    return Disagreement(document=latest[0], key=latest[1], since=since, windows=windows) if latest else None


def notification(alarm: Alarm, found: Disagreement, context: MessageContext) -> Notification:
    """Write the message on two engines that say different things about the same data."""
    document = found.document or {}
    facts = schedule_lines(alarm, context)
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
        problem_lines(found.problem),
        step_lines(
            "Look at a feature above in both results: do the two read the same rows, with the same baseline?",
            "Does only one side know the feature? Then constraints.json or the baseline was changed for one of them.",
            "Numbers just around a threshold? Widen the threshold, or lower open_engine.least_agreement.",
            "Neither explains it: report it with the file below; it has both sides' numbers.",
        ),
        place_lines(context, found.key),
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject_of(alarm, "the two monitors disagree", names),
        body=body_of(sections),
        attributes=attributes_of(alarm, "disagreement"),
        chat=[
            subject_of(alarm, "the two monitors disagree", names),
            "First: do the two read the same rows, with the same baseline?",
        ],
    )


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


KIND = AlarmKind(look, notification)
