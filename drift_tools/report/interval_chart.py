"""Values with their intervals, one a line, beside the baseline's."""

from collections.abc import Sequence
from dataclasses import dataclass

from drift_tools.report.axis import tick_labels, ticks
from drift_tools.report.charts import (
    WIDTH,
    linear_scale,
    px,
    shorten_all,
    svg,
    text_mark,
    text_width,
    values_range,
)

_STEP = 24  # pixels of a line
_TOP = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One value with the ends of its interval; `baseline`: None where that has none; `drifted`: written strongly."""

    label: str
    low: float
    value: float
    high: float
    baseline: float | None
    drifted: bool


def interval_chart(lines: Sequence[Line], *, title: str, neutral: float | None = None, description: str = "") -> str:
    """Intervals as lines with an open square for the value and a filled mark for the baseline's, all on one scale.

    Parameters
    ----------
    lines
        at least one.
    title, description
        read aloud in place of the picture.
    neutral
        a value that is marked by a dashed line; None for none.
    """
    more = [] if neutral is None else [neutral]
    known = [line.baseline for line in lines if line.baseline is not None]
    low, high = values_range([end for line in lines for end in (line.low, line.high)], *known, *more)
    names = shorten_all([line.label for line in lines])
    left, right = 14 + max(map(text_width, names)), WIDTH - 12
    bottom = _TOP + _STEP * len(lines)
    x = linear_scale(low, high, left, right)
    parts = []
    values = ticks(low, high, most=5)
    for value, label in zip(values, tick_labels(values), strict=True):
        parts.append(f'<path class="grid" d="M{px(x(value))} {_TOP}V{bottom}"/>')
        parts.append(text_mark(x(value), bottom + 14, label, anchor="middle"))
    if neutral is not None:
        parts.append(f'<path class="limit" d="M{px(x(neutral))} {_TOP}V{bottom}"/>')
    for row, (name, line) in enumerate(zip(names, lines, strict=True)):
        middle = _TOP + _STEP * row + _STEP / 2
        parts.append(text_mark(left - 8, middle + 4, name, anchor="end", kind="strong" if line.drifted else ""))
        if line.baseline is not None:
            at = px(x(line.baseline) - 2.5)
            parts.append(f'<rect class="base" x="{at}" y="{px(middle - 9)}" width="5" height="18"/>')
        ends = f"M{px(x(line.low))} {px(middle)}H{px(x(line.high))}"
        parts.append(f'<path class="now" d="{ends}"/>')
        kind = "full" if line.drifted else "open"
        at = f'x="{px(x(line.value) - 3)}" y="{px(middle - 3)}"'
        parts.append(f'<rect class="{kind}" {at} width="6" height="6"/>')
    return svg(parts, bottom + 20, title, description)
