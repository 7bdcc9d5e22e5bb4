"""When the open engine's schedules fire: Model Monitor's expressions in EventBridge Scheduler's words."""

import re
from dataclasses import dataclass
from typing import Final

from components.args.reader import ArgumentError

HOURS_PER_YEAR: Final = 8760
_EVERY_HOUR: Final = re.compile(r"cron\(0 \* \? \* \* \*\)")
_DAILY: Final = re.compile(r"cron\(0 (\d{1,2}) \? \* \* \*\)")
_EVERY_N_HOURS: Final = re.compile(r"cron\(0 (\d{1,2})/(\d{1,2}) \? \* \* \*\)")


@dataclass(frozen=True, kw_only=True)
class Timetable:
    """When a monitor runs: EventBridge Scheduler's expression, and the hours between two runs."""

    expression: str
    period_hours: int

    @property
    def runs_per_year(self) -> float:
        """From which the level of a single run follows."""
        return HOURS_PER_YEAR / self.period_hours


def timetable(expression: str, grace_minutes: int, name: str = "schedule_expression") -> Timetable:
    """Model Monitor's schedule expression as EventBridge Scheduler has it, `grace_minutes` into the hour.

    `H/N` is written out: to Model Monitor it is "every N hours, one of them at H", to EventBridge "from H on until
    midnight". For windows that join, N must divide 24. `name` is what an error calls the expression.

    Raises
    ------
    ArgumentError
        If the expression is none of Model Monitor's, or N does not divide 24.
    """
    if _EVERY_HOUR.fullmatch(expression):
        return Timetable(expression=f"cron({grace_minutes} * ? * * *)", period_hours=1)
    if daily := _DAILY.fullmatch(expression):
        return Timetable(expression=f"cron({grace_minutes} {int(daily[1])} ? * * *)", period_hours=24)
    if every := _EVERY_N_HOURS.fullmatch(expression):
        first, step = int(every[1]), int(every[2])
        if step == 0 or 24 % step:
            raise ArgumentError(
                f"{name} is {expression!r}: with the open engine the hours between two runs must divide 24"
            )
        hours = ",".join(str(hour) for hour in sorted({(first + step * run) % 24 for run in range(24 // step)}))
        return Timetable(expression=f"cron({grace_minutes} {hours} ? * * *)", period_hours=step)
    raise ArgumentError(f"{name} is {expression!r}: write cron(0 * ? * * *), cron(0 H ? * * *) or cron(0 H/N ? * * *)")
