"""Round numbers along an axis, and how they are written."""

import itertools
import math
from collections.abc import Sequence

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
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
