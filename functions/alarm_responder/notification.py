"""What every notification is made of: subject, body and attributes within SNS's limits, and the lines on the alarm."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from contract.notification_kinds import runbook
from contract.plain_text import visible
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.severity import Severities, description_of, severity_lines, severity_of

# SNS: a subject of at most 100 ASCII characters, a message of at most 256 KiB, attributes included.
MAX_SUBJECT = 100
MAX_BODY_BYTES = 240 * 1024
MAX_CHAT = 400


@dataclass(frozen=True)
class MessageContext:
    """Where things are, for the message's links, and how alarms are related."""

    bucket: str
    results_prefix: str
    region: str
    dashboard_url: str | None = None
    severities: Severities = field(default_factory=dict)
    """From when on which alarm rings, where a metric has several."""


@dataclass(frozen=True)
class Notification:
    """A message as SNS takes it; attribute values are strings, for subscription filters.

    `chat` are the lines of its short form, the most important first; without any it is what the body begins with.
    """

    subject: str
    body: str
    attributes: Mapping[str, str]
    chat: Sequence[str] = ()
    chat_end: str = ""
    """What the short form ends with, whatever else there is room for."""
    told_before: str = ""
    """The finding that people have been told of already, where this is the same one: then this is not published."""

    def with_runbook(self, url: str | None) -> "Notification":
        """The same with the one link to what to do about messages of its kind, or with where that stands."""
        found = runbook(self.attributes["kind"], url) if self.attributes.get("state") != "OK" else None
        if found is None:
            return self
        lines = self.chat or self.body.split("\n\n", 1)[0].splitlines()
        return replace(self, body=f"{self.body}\nRUNBOOK\n  {found}\n", chat=lines, chat_end=f"Runbook: {found}")

    def all_attributes(self) -> dict[str, str]:
        """The attributes, and as `chat` the whole message in at most MAX_CHAT characters."""
        lines = self.chat or self.body.split("\n\n", 1)[0].splitlines()
        return {**self.attributes, "chat": chat_text(lines, self.chat_end)}


def chat_text(lines: Sequence[str], end: str = "") -> str:
    """As many of the lines as there is room for, in their order, and the `end` in any case; the first line is cut
    rather than left out.
    """
    end = f"\n{clip(end, MAX_CHAT // 2)}" if end else ""
    room = MAX_CHAT - len(end)
    text = clip(lines[0], room)
    for line in filter(None, lines[1:]):
        longer = f"{text}\n{clip(line, MAX_CHAT)}"
        text = longer if len(longer) <= room else text
    return text + end


def alarm_lines(alarm: Alarm, context: MessageContext) -> list[str]:
    lines = [
        "THE ALARM",
        f"  {alarm.name}: {alarm.previous_state or 'unknown'} -> {alarm.state} at {time_text(alarm.changed_at)}",
    ]
    if alarm.reason:
        lines.append(f"  {clip(alarm.reason, 1024)}")
    if context.region:
        lines.append(f"  {Console(context.region).alarm(alarm.name)}")
    return lines


def attributes_of(alarm: Alarm, kind: str) -> dict[str, str]:
    found = {
        "kind": kind,
        "state": alarm.state,
        "severity": severity_of(alarm) or "",
        "alarm_name": alarm.name,
        "endpoint": alarm.endpoint or "",
        "monitoring_schedule": alarm.schedule or "",
    }
    return {name: value for name, value in found.items() if value}  # SNS refuses empty values


def subject_of(alarm: Alarm, headline: str, names: Sequence[str]) -> str:
    """A subject of at most 100 printable ASCII characters, with as many of the names as there is room for."""
    severity = severity_of(alarm) if alarm.state == "ALARM" else None
    state = severity.upper() if severity else alarm.state
    start = _ascii(f"[{state}] {alarm.endpoint}: {headline}" if alarm.endpoint else f"[{state}] {headline}")
    candidates = [_ascii(name) for name in names[:MAX_SUBJECT]]  # more would not fit, were they one character each
    for shown in range(len(candidates), 0, -1):
        more = f", +{len(names) - shown}" if shown < len(names) else ""
        subject = f"{start} ({', '.join(candidates[:shown])}{more})"
        if len(subject) <= MAX_SUBJECT:
            return subject
    return start if len(start) <= MAX_SUBJECT else start[: MAX_SUBJECT - 3] + "..."


def _ascii(text: str) -> str:
    return "".join(character if character.isascii() and character.isprintable() else "?" for character in text)


def body_of(sections: Sequence[Sequence[str]]) -> str:
    body = visible("\n\n".join("\n".join(section) for section in sections if section) + "\n", keep="\n")
    encoded = body.encode()
    if len(encoded) <= MAX_BODY_BYTES:
        return body
    return encoded[:MAX_BODY_BYTES].decode(errors="ignore") + "\n... (cut: longer than SNS allows)\n"


def clip(text: str, length: int) -> str:
    one_line = visible(" ".join(text.split()))
    return one_line if len(one_line) <= length else one_line[: length - 3] + "..."


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def time_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def hour_text(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def schedule_lines(alarm: Alarm, context: MessageContext) -> list[str]:
    """Severity, schedule, and when it rang: the facts that every kind begins with."""
    return [
        *severity_lines(alarm, context.severities),
        f"Schedule  {alarm.schedule}",
        f"Alarm at  {time_text(alarm.changed_at)}",
    ]


def problem_lines(problem: str | None) -> list[str]:
    """What could not be found out, if anything."""
    return [problem] if problem else []


def step_lines(*steps: str) -> list[str]:
    """What to do next, in order."""
    return ["WHAT TO DO NEXT", *(f"  {rank}. {step}" for rank, step in enumerate(steps, start=1))]


def place_lines(context: MessageContext, key: str | None = None) -> list[str]:
    """Lines that say where to look: a comparison of two engines at `key`, and the dashboard."""
    lines = ["WHERE TO LOOK"]
    if key:
        folder = key.rsplit("/", 1)[0] + "/"
        lines.append(f"  Comparison:   s3://{context.bucket}/{key}")
        lines.append(f"  In a browser: {Console(context.region).s3_folder(context.bucket, folder)}")
    if context.dashboard_url:
        lines.append(f"  Dashboard:    {context.dashboard_url}")
    return lines if len(lines) > 1 else []


def plain_notification(alarm: Alarm, context: MessageContext, *, note: str | None = None) -> Notification:
    """The message on any other alarm, on the end of one, and where the details could not be put together (`note` says
    why).
    """
    what = {"OK": "is over", "ALARM": "fired"}.get(alarm.state, f"is now {alarm.state}")
    headline = f"alarm {alarm.name} {what}"
    sections = [
        [f"{alarm.endpoint}: {headline}." if alarm.endpoint else f"The {headline}."],
        severity_lines(alarm, context.severities) if alarm.state == "ALARM" else [],
        [note] if note else [],
        [clip(described, 1024)] if alarm.state == "ALARM" and (described := description_of(alarm)) else [],
        alarm_lines(alarm, context),
    ]
    return Notification(
        subject=subject_of(alarm, headline, []), body=body_of(sections), attributes=attributes_of(alarm, "alarm")
    )
