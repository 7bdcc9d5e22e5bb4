"""The one clock of the embedded AWS: real time plus an offset that only grows."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from time import struct_time


class VirtualClock:
    """Virtual time in seconds since the epoch (UTC).

    It runs at the speed of real time and can be moved forward. `start` is the virtual time at construction; real time
    if omitted. Thread-safe.
    """

    def __init__(self, start: datetime | None = None, real: Callable[[], float] = time.time) -> None:
        self._real = real
        self._lock = threading.Lock()
        self._offset = 0.0 if start is None else start.timestamp() - real()

    def time(self) -> float:
        """Seconds since the epoch, as `time.time()`."""
        return self._real() + self._offset

    def now(self) -> datetime:
        """The virtual time, timezone-aware (UTC)."""
        return datetime.fromtimestamp(self.time(), UTC)

    def move_to(self, when: datetime) -> None:
        """Move forward to `when`; a moment that has passed leaves the clock as it is."""
        with self._lock:
            self._offset = max(self._offset, when.timestamp() - self._real())


class TimeModule:
    """Stands in for the `time` module in a module whose notion of now must be the virtual clock's."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def time(self) -> float:
        """Virtual seconds since the epoch."""
        return self._clock.time()

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


class CalendarModule:
    """As TimeModule, where only what is told in calendar time is the virtual clock's: `gmtime()`."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock

    def gmtime(self, seconds: float | None = None) -> struct_time:
        """UTC of `seconds`, or of the virtual now."""
        return time.gmtime(self._clock.time() if seconds is None else seconds)

    def __getattr__(self, name: str) -> object:
        return getattr(time, name)


def parse_time(text: str) -> datetime:
    """An ISO 8601 time as UTC; raises ValueError if it cannot be read or has no offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text!r} has no offset from UTC; write it as 2026-01-31T10:00:00+00:00")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """`2026-01-31T10:00:00Z`: the form with second resolution that SageMaker writes."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def floor_hour(moment: datetime) -> datetime:
    """The beginning of the hour that `moment` is in."""
    return moment.replace(minute=0, second=0, microsecond=0)


HOUR = timedelta(hours=1)
