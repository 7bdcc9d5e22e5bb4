"""Features of the stream have changed within seconds: which, how, since when, and how large the change is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind, Sources
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    place_lines,
    plural,
    problem_lines,
    schedule_lines,
    step_lines,
    subject_of,
    time_text,
)
from functions.alarm_responder.run_records import untold
from functions.alarm_responder.stream_findings import StreamFinding, newest_findings
from functions.common.s3_objects import UnreadableError

_MOST_FEATURES = 50
_MOST_NAME = 60
# The finding is kept before the alarm can ring; a clock may be a little ahead.
_AHEAD = timedelta(minutes=2)


@dataclass(frozen=True)
class StreamFacts:
    """The finding behind an alarm; without one `problem` says why."""

    finding: StreamFinding | None = None
    problem: str | None = None


def look(alarm: Alarm, sources: Sources) -> StreamFacts:
    """The newest finding that is not over, or was not when the alarm rang."""
    if sources.stream_prefix is None:
        return StreamFacts(problem=untold("What the stream found", "STREAM_PREFIX"))
    until = alarm.changed_at + _AHEAD
    try:
        found = newest_findings(sources.s3, sources.bucket, sources.stream_prefix, alarm.endpoint or "", until)
    except UnreadableError as error:
        return StreamFacts(problem=f"What the stream found could not be looked up: {error}.")
    if not found:
        return StreamFacts(problem="The stream has kept no finding of the last week: see the function's log.")
    return StreamFacts(found[0])


def notification(alarm: Alarm, facts: StreamFacts, context: MessageContext) -> Notification:
    """Write the message on a stream's drifting features."""
    finding = facts.finding
    names = _by_size(finding) if finding else []
    headline = f"{plural(len(names), 'feature')} changed in the stream" if names else "the stream has changed"
    lines = [*schedule_lines(alarm, context), *(_when(finding, alarm.changed_at) if finding else [])]
    subject = subject_of(alarm, headline, names)
    step = "Look at what feeds these features: a deployment, a unit, a sensor, a source that was switched at that time."
    sections = [
        [f"{alarm.endpoint}: {headline}, within seconds."],
        lines,
        _features(finding, names) if finding else [],
        problem_lines(facts.problem),
        step_lines(
            step,
            "Nothing is to be confirmed: the alarm ends by itself when the stream is as in the baseline again, and the "
            "monitor's next run over these hours finds the same and is not told a second time.",
        ),
        place_lines(context),
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject,
        body=body_of(sections),
        attributes={**attributes_of(alarm, "stream"), "features": str(len(names)) if finding else "unknown"},
        chat=[subject, *lines[-2:], step],
    )


def _by_size(finding: StreamFinding) -> list[str]:
    """Names of the features, the largest change first."""
    return sorted(finding.features, key=lambda name: (-_psi(finding, name), name))


def _psi(finding: StreamFinding, name: str) -> float:
    value = finding.features[name].get("psi")
    return float(value) if isinstance(value, int | float) else 0.0


def _when(finding: StreamFinding, rang_at: datetime) -> list[str]:
    delay = (rang_at - finding.since).total_seconds()
    return [
        f"Since     {time_text(finding.since)}",
        f"Certain   {time_text(finding.found_at)}; the alarm rang {delay:.0f} s after it began",
    ]


def _features(finding: StreamFinding, names: Sequence[str]) -> list[str]:
    lines = ["WHAT HAS CHANGED"]
    for name in names[:_MOST_FEATURES]:
        what = clip(str(finding.features[name].get("what", "")), 120)
        lines.append(f"  {clip(name, _MOST_NAME)}: {what} (PSI {_psi(finding, name):.2f})")
    if len(names) > _MOST_FEATURES:
        lines.append(f"  ... and {len(names) - _MOST_FEATURES} more")
    return lines


KIND = AlarmKind(look, notification)
