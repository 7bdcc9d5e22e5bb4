"""Arguments of the hours in which nobody wants to be told."""

import difflib
import functools
import re
import zoneinfo
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NotRequired, Self, TypedDict

from components.args.reader import ArgumentError, Reader, argument_names
from components.args.severities import SEVERITIES, WARNING

_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
# CloudWatch's cron: minute, hour, day of the month, month, day of the week. No year, no "?", no "/".
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 6, _DAYS),
)
_ONCE: Final = re.compile(r"at\(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d\)")
_DURATION: Final = re.compile(r"P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?")
_FIFTEEN_DAYS: Final = 15 * 24 * 60
_A_DAY: Final = 24 * 60
_EVERY_DAY: Final = re.compile(r"cron\(\S+ \S+ \* \* \*\)")


class QuietHoursArgs(TypedDict):
    """Hours in which alarms ring nobody (a CloudWatch alarm mute rule).

    The alarms keep watching. One that rings in quiet hours and still does at their end is told of then; one that is
    over by then (a single bad run's is after an hour) is told to nobody, and stands in the dashboard and in the alarm's
    history. That is why only warnings are muted unless `severities` says otherwise. The open engine's alarms on the
    monitors themselves (silence, no data, disagreement) are never muted.
    """

    schedule_expression: str
    """When they begin: `cron(0 22 * * *)` (minute, hour, day of the month, month, day of the week), or once,
    `at(2026-12-24T12:00)`."""
    duration: str
    """How long they last: `PT9H`, `P2DT12H`; a minute at least, fifteen days at most."""
    timezone: NotRequired[str]
    """Of the expression, such as `Europe/Berlin`. Default `UTC`."""
    severities: NotRequired[Sequence[str]]
    """Which alarms are muted. Default `["warning"]`."""


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """`QuietHoursArgs`, checked and complete."""

    schedule_expression: str
    duration: str
    timezone: str
    severities: tuple[str, ...]

    @classmethod
    def from_args(cls, args: QuietHoursArgs, path: str) -> Self:
        read = Reader(path, args, argument_names(QuietHoursArgs))
        expression, duration = _expression(read), _duration(read)
        if _EVERY_DAY.fullmatch(expression) and _minutes(duration) >= _A_DAY:
            raise read.refuse(
                "duration", f"with {expression} it lasts from one day's to the next: nobody would be told; shorten it"
            )
        return cls(
            schedule_expression=expression,
            duration=duration,
            timezone=_timezone(read),
            severities=_severities(read),
        )


def _expression(read: Reader) -> str:
    form = "cron(MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK), such as cron(0 22 * * *), or at(2026-12-24T12:00)"
    value = read.text("schedule_expression", None, form=form)
    if _ONCE.fullmatch(value):
        try:
            datetime.fromisoformat(value[3:-1])
        except ValueError as error:
            raise read.refuse("schedule_expression", f"there is no such day ({error})") from error
        return value
    cron = re.fullmatch(r"cron\((.+)\)", value)
    fields = cron[1].split(" ") if cron else []
    if len(fields) != len(_FIELDS):
        raise read.refuse("schedule_expression", f"write {form}")
    for text, (name, least, most, names) in zip(fields, _FIELDS, strict=True):
        if not _is_field(text, least, most, names):
            known = f" or {names[0]} to {names[-1]}" if names else ""
            raise read.refuse(
                "schedule_expression", f"its {name} is {text!r}, give * or numbers from {least} to {most}{known}"
            )
    if fields[4] == "*" and not _has_day(fields[2], fields[3]):
        raise read.refuse("schedule_expression", "no year has such a day; give one that there is")
    return value


def _has_day(days: str, months: str) -> bool:
    """Whether any month that is named has any day that is named; 2024 had a 29th of February."""
    first = min((int(end) for part in days.split(",") for end in part.split("-")[:1] if end.isdecimal()), default=1)
    named = months.split(",")
    if "*" in named or any("-" in part for part in named):
        return True
    numbers = [int(part) if part.isdecimal() else _MONTHS.index(part) + 1 for part in named]
    return any(first <= monthrange(2024, number)[1] for number in numbers)


def _is_field(text: str, least: int, most: int, names: tuple[str, ...]) -> bool:
    """`*`, or numbers and names, single or as ranges, with commas between them."""

    def known(item: str) -> bool:
        return item in names or (item.isdecimal() and least <= int(item) <= most)

    def place(item: str) -> int:
        return int(item) if item.isdecimal() else names.index(item)

    parts = [part.split("-", 1) for part in text.split(",")]
    if text == "*" or not all(known(end) for part in parts for end in part):
        return text == "*"
    # A range that ends before it begins holds nothing: hours past midnight belong into the duration.
    return all(place(part[0]) <= place(part[-1]) for part in parts)


def _duration(read: Reader) -> str:
    form = "a duration such as PT9H or P2DT12H"
    value = read.text("duration", None, _DURATION.pattern, form)
    if not 1 <= _minutes(value) <= _FIFTEEN_DAYS:
        raise read.refuse("duration", "must be from PT1M to P15D")
    return value


def _minutes(duration: str) -> int:
    days, hours, minutes = (int(part or 0) for part in _parts(duration))
    return (days * 24 + hours) * 60 + minutes


def _parts(value: str) -> tuple[str | None, ...]:
    found = _DURATION.fullmatch(value)
    return found.groups() if found else ()


def _timezone(read: Reader) -> str:
    value = read.text("timezone", "UTC", r"[A-Za-z0-9_+/-]{1,50}", "a time zone such as Europe/Berlin")
    known = _known_timezones()  # empty on machines without a database of them; then AWS decides
    if known and value not in known:
        near = difflib.get_close_matches(value, known, n=1)
        raise read.refuse("timezone", f"did you mean {near[0]!r}?" if near else "write one such as Europe/Berlin")
    return value


@functools.cache  # six hundred files are opened for it
def _known_timezones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def _severities(read: Reader) -> tuple[str, ...]:
    if not read.has("severities"):
        return (WARNING,)
    form = f"a list of {', '.join(SEVERITIES)}"
    value = read.names("severities", form)
    if not value or set(value) - set(SEVERITIES):
        raise read.refuse("severities", f"must be {form}")
    return tuple(severity for severity in SEVERITIES if severity in value)


def quiet_hours(args: object, path: str) -> tuple[QuietHours, ...]:
    """A list of quiet hours."""
    if args is None:
        return ()
    if not isinstance(args, Sequence) or isinstance(args, str):
        raise ArgumentError(f"{path} is {args!r}: must be a list with schedule_expression and duration in each")
    return tuple(QuietHours.from_args(item, f"{path}[{index}]") for index, item in enumerate(args))
