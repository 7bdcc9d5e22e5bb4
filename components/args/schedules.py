"""When monitors run, on which window of time, and for how long."""

import math
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Self

from components.args.bounds import NUMBERS
from components.args.reader import ArgumentError, Reader
from contract.time_offsets import HOURS_PER_YEAR, OFFSET_PATTERN, parse_offset

HOURLY: Final = "cron(0 * ? * * *)"
DAILY_AT_SIX: Final = "cron(0 6 ? * * *)"

# The forms that SageMaker's schedules take: every hour; every day at an hour; every N hours from an hour on.
_FORM: Final = re.compile(r"cron\(0 (?:\*|(?P<hour>[01]?\d|2[0-3])(?:/(?P<step>\d{1,2}))?) \? \* \* \*\)")


@dataclass(frozen=True, kw_only=True)
class ScheduleExpression:
    """A schedule as SageMaker takes it: every `period_hours` hours, one of the runs at `hour` UTC.

    `is_every_hour` is the form `cron(0 * ? * * *)`, that names no hour.
    """

    text: str
    hour: int
    period_hours: int
    is_every_hour: bool = False

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `cron(0 * ? * * *)`, `cron(0 H ? * * *)` or `cron(0 H/N ? * * *)`.

        Raises
        ------
        ValueError
            For any other form, and if N is not 1 to 24.
        """
        match = _FORM.fullmatch(text)
        if match is None:
            raise ValueError(
                "write cron(0 * ? * * *) (hourly), cron(0 H ? * * *) (daily) or cron(0 H/N ? * * *) (every N hours)"
            )
        if match["hour"] is None:
            return cls(text=text, hour=0, period_hours=1, is_every_hour=True)
        step = 24 if match["step"] is None else int(match["step"])
        if not 1 <= step <= 24:
            raise ValueError("N in cron(0 H/N ? * * *) must be from 1 to 24")
        return cls(text=text, hour=int(match["hour"]), period_hours=step)

    @property
    def runs_per_year(self) -> float:
        """How many runs there are in a year, from which the level of a single run follows."""
        return HOURS_PER_YEAR / self.period_hours

    def check_windows_join(self, name: str) -> None:
        """Refuse a period after which a day's windows would not join those of the next; `name` is the argument's.

        Raises
        ------
        ArgumentError
            If the hours between two runs do not divide 24.
        """
        if 24 % self.period_hours:
            raise ArgumentError(
                f"{name} is {self.text!r}: with the open engine the hours between two runs must divide 24"
            )

    def for_event_bridge(self, minute: int) -> str:
        """Write it in EventBridge Scheduler's words, `minute` minutes into the hour.

        `H/N` is written out: to Model Monitor it is "every N hours, one of them at H", to EventBridge "from H on until
        midnight".
        """
        if self.is_every_hour:
            return f"cron({minute} * ? * * *)"
        hours = sorted({(self.hour + run * self.period_hours) % 24 for run in range(24 // self.period_hours)})
        return f"cron({minute} {','.join(map(str, hours))} ? * * *)"


def schedule_expression(read: Reader, default: str) -> ScheduleExpression:
    """The argument `schedule_expression`; ArgumentError if SageMaker does not take it."""
    text = read.text("schedule_expression", default)
    try:
        return ScheduleExpression.parse(text)
    except ValueError as error:
        raise read.refuse("schedule_expression", str(error)) from error


def max_runtime(read: Reader, default: int, schedule: ScheduleExpression, *, hourly_limit: int) -> int:
    """The argument `max_runtime_in_seconds`: a run must end before the next one begins."""
    limit = hourly_limit if schedule.period_hours == 1 else min(86400, schedule.period_hours * 3600)
    bound = NUMBERS["monitor.max_runtime_in_seconds"]
    return read.whole("max_runtime_in_seconds", min(default, limit), bound.least, min(limit, bound.most))


def offset(read: Reader, key: str, default: str) -> str:
    """A duration back in time, as Model Monitor writes it."""
    return read.text(key, default, OFFSET_PATTERN, "a duration back in time such as -P1D or -PT6H")


def check_window(read: Reader, start: str, end: str) -> None:
    """Refuse a window that would end before it begins."""
    if parse_offset(start) >= parse_offset(end):
        raise ArgumentError(
            f"{read.name('start_time_offset')} is {start} and {read.name('end_time_offset')} {end}: the window "
            "would end before it begins; start further back"
        )


def hours_back(offset: str) -> int:
    """Whole hours, rounded up, of an offset: 78 of `-P3DT5H30M`."""
    return math.ceil(-parse_offset(offset) / timedelta(hours=1))
