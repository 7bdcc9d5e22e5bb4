"""When monitors run, on which window of time, and for how long."""

import math
import re
from typing import Final

from components.args.reader import Reader

HOURLY: Final = "cron(0 * ? * * *)"
DAILY_AT_SIX: Final = "cron(0 6 ? * * *)"


# The forms that SageMaker's schedules take: every hour; every day at an hour; every N hours from an hour on.
_EVERY_HOUR: Final = re.compile(r"cron\(0 \* \? \* \* \*\)")
_DAILY: Final = re.compile(r"cron\(0 ([01]?\d|2[0-3]) \? \* \* \*\)")
_EVERY_N_HOURS: Final = re.compile(r"cron\(0 ([01]?\d|2[0-3])/(\d{1,2}) \? \* \* \*\)")


# A duration back in time as Model Monitor writes it, with one part at least.
_OFFSET: Final = re.compile(r"-P(?=.)(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?)?")


def schedule_period_hours(expression: str) -> int | None:
    """Hours between two runs of a SageMaker schedule; None if SageMaker does not take the expression."""
    if _EVERY_HOUR.fullmatch(expression):
        return 1
    if _DAILY.fullmatch(expression):
        return 24
    every = _EVERY_N_HOURS.fullmatch(expression)
    if every and 1 <= int(every[2]) <= 24:
        return int(every[2])
    return None


def schedule_expression(read: Reader, default: str) -> str:
    expression = read.text("schedule_expression", default)
    if schedule_period_hours(expression) is None:
        raise read.refuse(
            "schedule_expression",
            "write cron(0 * ? * * *) (hourly), cron(0 H ? * * *) (daily) or cron(0 H/N ? * * *) (every N hours)",
        )
    return expression


def max_runtime(read: Reader, default: int, *, hourly_limit: int, default_schedule: str) -> int:
    hours = schedule_period_hours(read.raw("schedule_expression") or default_schedule)
    limit = hourly_limit if hours == 1 else min(86400, (hours or 24) * 3600)
    return read.whole("max_runtime_in_seconds", min(default, limit), 60, limit)


def offset(read: Reader, key: str, default: str) -> str:
    return read.text(key, default, _OFFSET.pattern, "a duration back in time such as -P1D or -PT6H")


def hours_back(offset: str) -> int:
    """Whole hours, rounded up, of an offset: 78 of `-P3DT5H30M`."""
    days, hours, minutes = (int(part or 0) for part in _OFFSET.findall(offset)[0])
    return days * 24 + hours + math.ceil(minutes / 60)
