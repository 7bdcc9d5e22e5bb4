"""Schedule expressions of monitoring schedules: the few forms of cron that SageMaker documents, and `NOW`.

Documented (developer guide, "Schedule model monitoring jobs with a cron expression"; API reference, ScheduleConfig):
hourly `cron(0 * ? * * *)`; daily `cron(0 H ? * * *)` with H in 0–23; every N hours from H `cron(0 H/N ? * * *)` with N
in 1–24; `NOW`. The older form with the question mark in the day-of-week field, `cron(0 * * * ? *)`, is refused: the
documents do not list it, and the two are not to be mixed up in a stack that must work on AWS.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from local_aws.clock import HOUR, floor_hour

_FORM = re.compile(r"cron\(0 (?P<start>\*|\d{1,2})(?:/(?P<step>\d{1,2}))? \? \* \* \*\)")
_HOURS = 24


class CronError(ValueError):
    """An expression that SageMaker does not take, with the form that it does."""


@dataclass(frozen=True)
class Cron:
    """Fires at minute 0 of the hours `start`, `start + step`, … of every day (UTC)."""

    start: int
    step: int

    @property
    def period(self) -> timedelta:
        """Time between two runs: the length of the window that a run looks at."""
        return self.step * HOUR

    def next_after(self, moment: datetime) -> datetime:
        """The first time strictly after `moment` at which it fires."""
        candidate = floor_hour(moment) + HOUR
        while (candidate.hour - self.start) % self.step or candidate.hour < self.start:
            candidate += HOUR
        return candidate


def parse(expression: str) -> Cron | None:
    """Read an expression; None for `NOW`. Raises CronError for anything else than the documented forms."""
    if expression == "NOW":
        return None
    match = _FORM.fullmatch(expression)
    if match is None:
        raise CronError(
            f"Invalid ScheduleExpression '{expression}': only NOW, hourly cron(0 * ? * * *), daily "
            "cron(0 [0-23] ? * * *) and cron(0 [0-23]/[1-24] ? * * *) are supported"
        )
    start, step = match["start"], match["step"]
    if start == "*":
        if step is not None:
            raise CronError(f"Invalid ScheduleExpression '{expression}': write cron(0 0/{step} ? * * *)")
        return Cron(0, 1)
    if int(start) >= _HOURS:
        raise CronError(f"Invalid ScheduleExpression '{expression}': the hour is 0 to 23")
    if step is not None and not 1 <= int(step) <= _HOURS:
        raise CronError(f"Invalid ScheduleExpression '{expression}': the number of hours between runs is 1 to 24")
    return Cron(int(start), int(step) if step else _HOURS)


_OFFSET = re.compile(
    r"(?P<sign>-)?P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def parse_offset(text: str) -> timedelta:
    """An ISO 8601 duration of days and time (`-P8D`, `-PT1H`) as a timedelta; CronError for anything else."""
    match = _OFFSET.fullmatch(text)
    if match is None or not any(match[name] for name in ("days", "hours", "minutes", "seconds")):
        raise CronError(f"Invalid offset '{text}': write an ISO 8601 duration such as -P1D or -PT1H")
    length = timedelta(**{name: int(match[name] or 0) for name in ("days", "hours", "minutes", "seconds")})
    return -length if match["sign"] else length
