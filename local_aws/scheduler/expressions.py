"""Schedule expressions of EventBridge Scheduler: `at(…)`, `rate(…)` and `cron(…)`, in a time zone.

Source: EventBridge Scheduler user guide, "Schedule types": `at(yyyy-mm-ddThh:mm:ss)`; `rate(value unit)` with minutes,
hours or days, from the start date or at once; `cron(minutes hours day-of-month month day-of-week year)`. Cron and at
are read in the schedule's time zone: a local time that daylight saving skips does not run, one that comes twice runs
once.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_AT = re.compile(r"at\((?P<when>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)")
_RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)s?\)")
_CRON = re.compile(r"cron\(.+\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}

# (expression, naive local time) → the next naive local time strictly after it; None if there is none; ValueError if the
# expression cannot be read.
NextCron = Callable[[str, datetime], datetime | None]


class ExpressionError(ValueError):
    """An expression or a time zone that EventBridge Scheduler does not take."""


@dataclass(frozen=True)
class Expression:
    """A schedule's times: the first one strictly after a moment."""

    text: str
    zone: ZoneInfo
    start: datetime
    next_cron: NextCron

    @property
    def once(self) -> bool:
        """Whether it is a one-time schedule."""
        return self.text.startswith("at(")

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time strictly after `moment` (UTC); None if there is none."""
        if match := _AT.fullmatch(self.text):
            when = datetime.fromisoformat(match["when"]).replace(tzinfo=self.zone).astimezone(UTC)
            return when if when > moment else None
        if match := _RATE.fullmatch(self.text):
            step = int(match["value"]) * _UNITS[match["unit"]]
            return self.start if self.start > moment else self.start + ((moment - self.start) // step + 1) * step
        return self._next_local(moment)

    def _next_local(self, moment: datetime) -> datetime | None:
        local = moment.astimezone(self.zone).replace(tzinfo=None)
        while (found := self.next_cron(self.text, local)) is not None:
            when = found.replace(tzinfo=self.zone).astimezone(UTC)
            exists = when.astimezone(self.zone).replace(tzinfo=None) == found
            if exists and when > moment:
                return when
            local = found
        return None


def parse(text: str, zone: str, start: datetime, next_cron: NextCron) -> Expression:
    """Read an expression; ExpressionError in one line that says what is taken."""
    try:
        expression = Expression(text, ZoneInfo(zone), start, next_cron)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ExpressionError(f"Invalid ScheduleExpressionTimezone {zone}.") from error
    try:
        known = bool(_AT.fullmatch(text) or _RATE.fullmatch(text) or _CRON.fullmatch(text))
        if known:
            expression.next_after(start)
    except ValueError as error:
        raise ExpressionError(f"Invalid Schedule Expression {text}: {error}.") from error
    if not known:
        raise ExpressionError(
            f"Invalid Schedule Expression {text}: write at(yyyy-mm-ddThh:mm:ss), rate(N minutes|hours|days) or "
            "cron(minutes hours day-of-month month day-of-week year)."
        )
    return expression
