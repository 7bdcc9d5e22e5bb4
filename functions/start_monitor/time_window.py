"""The window of a run, from the time that it was scheduled for. Pure functions."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Window:
    """[`start`, `end`), both UTC and whole hours."""

    start: datetime
    end: datetime

    def hours(self) -> Iterator[datetime]:
        """The beginning of every hour in it."""
        return hours_between(self.start, self.end)


def hours_between(start: datetime, end: datetime) -> Iterator[datetime]:
    """Whole hours from `start` on, `end` not among them."""
    moment = start
    while moment < end:
        yield moment
        moment += HOUR


def parse_time(text: str) -> datetime:
    """An ISO 8601 time with a zone, in UTC; ValueError for anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} has no time zone: write 2026-01-31T12:00:00Z")
    return moment.astimezone(UTC)


def window_of(scheduled: datetime, *, start_offset: timedelta, end_offset: timedelta) -> Window:
    """The window of the hour in which a run was scheduled.

    A run is scheduled some minutes into the hour (the grace for late captures) and may be delivered later still. What
    it looks at depends on neither: a schedule's windows join without gap or overlap.
    """
    hour = hour_of(scheduled)
    start, end = hour + start_offset, hour + end_offset
    if start >= end:
        raise ValueError(f"the window from {iso(start)} to {iso(end)} is empty: the start offset must lie further back")
    return Window(start, end)


def hour_of(moment: datetime) -> datetime:
    """The beginning of its hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def iso(moment: datetime) -> str:
    """`2026-01-31T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
