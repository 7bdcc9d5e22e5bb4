"""Round numbers along an axis, and how they are written."""

import itertools
import math
from collections.abc import Sequence
from datetime import UTC, datetime

from drift_tools.timestamps import DAY, are_days, moment

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_CLOCK_STEPS = (*(1.0, 5.0, 15.0, 30.0), *(60.0, 300.0, 900.0, 1800.0), *(3600.0, 10800.0, 21600.0, 43200.0))
_DAY_STEPS = (DAY, 2 * DAY, 4 * DAY, 8 * DAY, 16 * DAY)
_MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 300, 600, 1200, 3000, 6000, 12000, 24000, 60000)
_PREFIXES = {3: "k", 6: "M", 9: "G", 12: "T"}


def ticks(low: float, high: float, *, most: int, whole: bool = False) -> list[float]:
    """Multiples of 1, 2, 2.5 or 5 times a power of ten in low … high, at most `most` of them (2 or more); only whole
    numbers with `whole`. Empty where the range has no such numbers: it is no range, or finer than floats are.

    >>> ticks(0, 0.92, most=4)
    [0.0, 0.25, 0.5, 0.75]
    >>> ticks(15.5, 21.5, most=4, whole=True)
    [16.0, 18.0, 20.0]
    """
    span = high - low
    if not math.isfinite(span) or span / most <= 0:
        return []
    power = math.floor(math.log10(span / most))
    for step in (factor * 10.0**exponent for exponent in (power, power + 1) for factor in _STEPS):
        if step == 0 or low + step == low or (whole and not step.is_integer()):
            continue
        first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
        if last - first < most:
            return [place * step + 0.0 for place in range(first, last + 1)]
    return []


def time_ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round moments in low … high (seconds since 1970), at most `most` of them: of a clock, midnights, or the first of
    months. Empty where no calendar has them.

    >>> [label for label in time_labels(time_ticks(1767225600, 1774483200, most=4))]
    ['2026-01', '2026-02', '2026-03']
    """
    first, last = moment(low), moment(high)
    if first is None or last is None:
        return []
    for step in (*_CLOCK_STEPS, *_DAY_STEPS):
        start, stop = math.ceil(low / step), math.floor(high / step)
        if stop - start < most:
            return [place * step for place in range(start, stop + 1)]
    for months in _MONTH_STEPS:
        starts = range(-(-(first.year * 12 + first.month - 1) // months) * months, last.year * 12 + last.month, months)
        if len(starts) > most + 2:  # of which two may lie outside
            continue
        found = [datetime(place // 12, place % 12 + 1, 1, tzinfo=UTC).timestamp() for place in starts if place >= 12]
        inside = [value for value in found if low <= value <= high]
        if len(inside) <= most:
            return inside
    return []


def time_labels(values: Sequence[float]) -> list[str]:
    """How round moments are written: years, months, dates or, on one day, times of it.

    >>> time_labels([1767225600.0, 1767247200.0])
    ['00:00', '06:00']
    """
    moments = [found for value in values if (found := moment(value)) is not None]
    if not are_days(values):
        clock = "%H:%M:%S" if any(found.second for found in moments) else "%H:%M"
        one_day = len({found.date() for found in moments}) == 1
        return [f"{found:{clock if one_day else f'%m-%d {clock}'}}" for found in moments]
    texts = [f"{found.date()}" for found in moments]
    for end in ("-01-01", "-01"):
        if all(text.endswith(end) for text in texts):
            return [text.removesuffix(end) for text in texts]
    return texts


def tick_labels(values: Sequence[float]) -> list[str]:
    """How evenly spaced numbers are written: with as many digits as tell them apart and no more; thousands, millions
    and so on by their letter, what is smaller or larger still by its power of ten.

    >>> tick_labels([0.0, 0.25, 0.5])
    ['0', '0.25', '0.5']
    >>> tick_labels([0.0, 50_000.0, 100_000.0])
    ['0', '50k', '100k']
    >>> tick_labels([-2e-07, 0.0, 2e-07])
    ['-2e-7', '0', '2e-7']
    """
    largest = max(map(abs, values), default=0.0)
    if not largest:
        return ["0" for _ in values]
    exponent = math.floor(math.log10(largest) + 1e-9)
    if -3 <= exponent < 4:
        unit, suffix = 1.0, ""
    elif 4 <= exponent < 15:
        thousands = exponent // 3 * 3
        unit, suffix = 10.0**thousands, _PREFIXES[thousands]
    else:
        unit, suffix = 10.0**exponent, f"e{exponent}"
    if not unit:  # subnormal
        return [f"{value:.3g}" for value in values]
    scaled = [value / unit for value in values]
    gap = min((abs(b - a) for a, b in itertools.pairwise(scaled)), default=abs(scaled[0]))
    digits = next((digits for digits in range(12) if all(abs(round(v, digits) - v) <= gap * 1e-3 for v in scaled)), 12)
    return [_written(value, digits, suffix) for value in scaled]


def _written(value: float, digits: int, suffix: str) -> str:
    text = f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("0", "-0") else text + suffix
