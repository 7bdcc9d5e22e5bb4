"""The report's charts as inline SVG, written by hand.

Three kinds of picture do not need a plotting library: matplotlib drew the same ones in 17 ms each, after 0.4 s of
import, against 0.1 ms here. Colours are classes of page.css, so that one file follows the reader's light or dark
scheme and prints in its own colours; text stays text, can be searched, and takes the page's font. What is the
baseline's is filled, what is of the current rows is an outline: nothing is told by colour alone.
"""

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape

from contract.plain_text import visible
from drift_tools.report.axis import tick_labels, ticks, time_labels, time_ticks
from drift_tools.report.words import cells, cut, percent

# A unit of the viewBox is a CSS pixel on a phone: a chart is as wide as a card there, so that text is neither enlarged
# nor shrunk.
WIDTH = 340.0
_LETTER = 6.2  # the width of most letters at 11 px, on average
# Widths of letters in the broadest of the usual fonts (DejaVu Sans), for what must not leave the picture.
_NARROW, _BROAD = frozenset(" !'(),.:;I[]fijlrt|"), frozenset("%@MWmw…")
_LABEL_LENGTH = 16
_SERIES = 4

Scale = Callable[[float], float]


def distribution_chart(
    edges: Sequence[float],
    baseline: Sequence[float],
    current: Sequence[float],
    *,
    title: str,
    description: str = "",
    times: bool = False,
) -> str:
    """Two histograms over the same bins: the baseline filled, the current rows as an outline.

    Parameters
    ----------
    edges
        n + 1 finite, increasing values.
    baseline, current
        n shares of rows, 0 … 1 each. Bins of different widths are drawn as densities, so that equal areas are equal
        shares.
    title, description
        read aloud in place of the picture.
    times
        whether the values are seconds since 1970: the axis then has dates.
    """
    widths = [upper - lower for lower, upper in itertools.pairwise(edges)]
    span = edges[-1] - edges[0]
    spread = math.isfinite(span) and min(widths) > span * 1e-9 > 0  # else bins cannot be drawn where they are
    equal = not spread or max(widths) <= min(widths) * 1.001
    sides = [
        [share if equal else share / width for share, width in zip(shares, widths, strict=True)]
        for shares in (baseline, current)
    ]
    left, right, top, bottom = 41.0 if equal else 8.0, WIDTH - 8, 8.0, 104.0
    highest = max(*sides[0], *sides[1], 1e-12) * 1.04
    x = linear_scale(edges[0], edges[-1], left, right) if spread else lambda edge: left + edge * (right - left)
    places = [x(edge) for edge in edges] if spread else [x(step / len(widths)) for step in range(len(edges))]
    y = linear_scale(0, highest, bottom, top)
    whole = all((edge + 0.5).is_integer() for edge in edges)  # a bin around each whole number
    parts = [
        *(_shares_axis(highest, y, left, right) if equal else ()),
        f'<path class="base" d="{_stairs(places, [y(height) for height in sides[0]], bottom)}Z"/>',
        f'<path class="axis" d="M{px(left)} {px(bottom)}H{px(right)}"/>',
        f'<path class="now" d="{_stairs(places, [y(height) for height in sides[1]], bottom)}"/>',
        *(
            _values_axis(edges[0], edges[-1], x, left=left, right=right, height=bottom + 15, whole=whole, times=times)
            if spread
            else ()
        ),
    ]
    return svg(parts, 124, title, description)


def category_chart(
    labels: Sequence[str], baseline: Sequence[float], current: Sequence[float], *, title: str, description: str = ""
) -> str:
    """A pair of bars a category, from the top down, with the shares of rows (0 … 1) written beside them: the
    baseline's above and filled, the current rows' below as an outline.
    """
    names = shorten_all(labels)
    left = 14 + max(map(text_width, names))
    x = linear_scale(0, max([*baseline, *current, 1e-12]), left, WIDTH - 50)
    parts = []
    for row, (name, old, new) in enumerate(zip(names, baseline, current, strict=True)):
        top = 4 + row * 30
        parts += [
            text_mark(left - 6, top + 17, name, anchor="end"),
            f'<rect class="base" x="{px(left)}" y="{top + 1}" width="{px(x(old) - left)}" height="11"/>',
            text_mark(x(old) + 5, top + 10, percent(old)),
            f'<path class="now" d="M{px(left)} {top + 14}H{px(max(x(new), left + 0.1))}V{top + 23}H{px(left)}"/>',
            text_mark(x(new) + 5, top + 22, percent(new)),
        ]
    return svg(parts, len(names) * 30 + 6, title, description)


def line_chart(
    positions: Sequence[str], series: Mapping[str, Sequence[float | None]], *, title: str, description: str = ""
) -> str:
    """A line a series over the same positions, each with its name at its end; None and NaN leave a gap. At most four
    series.
    """
    drawn = [
        (name, [math.nan if value is None else float(value) for value in values])
        for name, values in itertools.islice(series.items(), _SERIES)
    ]
    low, high = values_range([value for _, values in drawn for value in values])
    left, right, top, bottom = 38.0, WIDTH - 92, 8.0, 128.0
    y = linear_scale(low, high, bottom, top)
    x = linear_scale(0, max(len(positions) - 1, 1), left + 8, right)
    parts = list(_horizontal_lines(ticks(low, high, most=5), y, left, right))
    ends: list[tuple[float, str, int]] = []
    for number, (name, values) in enumerate(drawn, start=1):
        places = [(x(place), y(value)) for place, value in enumerate(values) if math.isfinite(value)]
        parts.append(f'<path class="line s{number}" d="{_broken_line(values, x, y)}"/>')
        parts += [
            f'<rect class="dot s{number}" x="{px(a - 2)}" y="{px(b - 2)}" width="4" height="4"/>' for a, b in places
        ]
        if places:
            ends.append((places[-1][1], name, number))
    for height, (_, name, number) in zip(_apart([end[0] for end in sorted(ends)]), sorted(ends), strict=True):
        parts.append(text_mark(right + 8, height + 4, name, kind=f"s{number}"))
    parts += _named_places(positions, x, bottom + 16)
    return svg(parts, 150, title, description)


def onset_chart(
    positions: Sequence[str],
    values: Sequence[float],
    *,
    drifted: Sequence[bool],
    threshold: float,
    onset: int | None,
    interval: tuple[int, int] | None,
    title: str,
    description: str = "",
) -> str:
    """How far a feature is from the baseline, window by window, and where its drift began.

    Parameters
    ----------
    positions, values, drifted
        for each of n windows its label, the effect (NaN: none, a gap) and whether it is called drift: a filled square,
        an open one otherwise.
    threshold
        drawn as a dashed line: the effect from which a significant difference is drift.
    onset, interval
        the window in which it began, and the first and last window in which it may have begun (a band); None for none.
    title, description
        read aloud in place of the picture.
    """
    low, high = min(values_range(values, threshold)[0], 0.0), max(values_range(values, threshold)[1], threshold * 1.3)
    left, right, top, bottom = 38.0, WIDTH - 8, 16.0, 104.0
    y = linear_scale(low, high, bottom, top)
    x = linear_scale(0, max(len(positions) - 1, 1), left + 6, right - 6)
    half = (x(1) - x(0)) / 2 if len(positions) > 1 else 6.0
    parts = []
    if interval is not None:
        start, end = max(x(interval[0]) - half, left), min(x(interval[1]) + half, right)
        parts.append(
            f'<rect class="band" x="{px(start)}" y="{px(top)}" width="{px(end - start)}" height="{px(bottom - top)}"/>'
        )
    parts += _horizontal_lines(ticks(low, high, most=4), y, left, right)
    parts.append(f'<path class="limit" d="M{px(left)} {px(y(threshold))}H{px(right)}"/>')
    if onset is not None:
        place = max(x(onset) - half, left)
        anchor = "end" if place > WIDTH * 0.6 else "start"
        parts.append(f'<path class="onset" d="M{px(place)} {px(top - 4)}V{px(bottom)}"/>')
        parts.append(
            text_mark(place + (-4 if anchor == "end" else 4), top - 5, positions[onset], kind="strong", anchor=anchor)
        )
    parts.append(f'<path class="now" d="{_broken_line(values, x, y)}"/>')
    size = max(1.0, min(2.5, half))
    parts += [
        f'<rect class="{"full" if found else "open"}" x="{px(x(place) - size)}" y="{px(y(value) - size)}" '
        f'width="{px(2 * size)}" height="{px(2 * size)}"/>'
        for place, (value, found) in enumerate(zip(values, drifted, strict=True))
        if math.isfinite(value)
    ]
    parts += _named_places(positions, x, bottom + 15)
    return svg(parts, 124, title, description)


def shorten(label: str, most: int = _LABEL_LENGTH) -> str:
    """A label that fits beside a bar, on one line: without its middle, if need be."""
    return cut(_line(label), most)


def shorten_all(labels: Sequence[str], most: int = _LABEL_LENGTH) -> list[str]:
    """Labels that fit beside bars. Those that would read alike show the part in which they differ.

    >>> shorten_all(["a long description, case 7 of the list", "a long description, case 8 of the list", "short"])
    ['…ption, case 7 …', '…ption, case 8 …', 'short']
    """
    lines = [_line(label) for label in labels]
    short = [cut(line, most) for line in lines]
    for alike in [text for text, times in Counter(short).items() if times > 1]:
        group = [place for place, text in enumerate(short) if text == alike]
        if len({lines[place] for place in group}) == 1:
            continue
        start = _shared([lines[place] for place in group])
        end = _shared([lines[place][start:][::-1] for place in group])
        longest = max(len(lines[place]) - start - end for place in group)
        begin = max(0, start - max(most - 3 - longest, 0))
        for place in group:
            part = lines[place][begin : begin + most - 2]
            short[place] = cut(f"…{part}…" if begin else f"{part}…", most)
    return short


def _shared(texts: Sequence[str]) -> int:
    """How many letters all of them begin with."""
    return sum(1 for _ in itertools.takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))


def _line(label: str) -> str:
    return visible(" ".join(label.split()))


# --- axes


def _shares_axis(highest: float, y: Scale, left: float, right: float) -> Iterable[str]:
    for share in ticks(0, highest, most=4):
        yield f'<path class="grid" d="M{px(left)} {px(y(share))}H{px(right)}"/>'
        yield text_mark(left - 5, y(share) + 4, percent(share), anchor="end")


def _horizontal_lines(values: Sequence[float], y: Scale, left: float, right: float) -> Iterable[str]:
    for value, label in zip(values, tick_labels(values), strict=True):
        yield f'<path class="grid" d="M{px(left)} {px(y(value))}H{px(right)}"/>'
        yield text_mark(left - 5, y(value) + 4, label, anchor="end")


def _values_axis(
    low: float, high: float, x: Scale, *, left: float, right: float, height: float, whole: bool, times: bool
) -> Iterable[str]:
    """As many numbers as there is room for."""
    for most in range(7, 1, -1):
        values = time_ticks(low, high, most=most) if times else ticks(low, high, most=most, whole=whole)
        labels = time_labels(values) if times else tick_labels(values)
        if sum(cells(label) * _LETTER + 12 for label in labels) <= right - left:
            break
    for value, label in zip(values, labels, strict=True):
        yield _inside(x(value), height, label)


def _named_places(positions: Sequence[str], x: Scale, height: float) -> list[str]:
    """Labels of places, the first and the last always, and as many between them as there is room for."""
    names = [shorten(name) for name in positions]
    room = max(map(cells, names), default=1) * _LETTER + 10
    last = len(names) - 1
    step = max(1, math.ceil(room / max(x(1) - x(0), 1e-9)))
    shown = [place for place in range(0, last + 1, step) if place == 0 or last - place >= step]
    if last > 0:
        shown.append(last)
    return [_inside(x(place), height, names[place]) for place in shown]


def values_range(values: Sequence[float], *more: float) -> tuple[float, float]:
    """The range from the smallest to the largest number, and a little more; 0 … 1 without any."""
    finite = [value for value in (*values, *more) if math.isfinite(value)]
    if not finite:
        return 0.0, 1.0
    low, high = min(finite), max(finite)
    margin = (high - low) * 0.05 or max(abs(high), 1.0) * 0.05
    return low - margin, high + margin


def _apart(heights: Sequence[float]) -> list[float]:
    """Heights of texts from the top down, those that would lie on each other moved down, and all of them up again
    where the last would leave the picture.
    """
    places: list[float] = []
    for height in heights:
        places.append(max(height, places[-1] + 13) if places else height)
    over = max(places[-1] - 132, 0.0) if places else 0.0
    return [place - over for place in places]


# --- marks


def linear_scale(low: float, high: float, start: float, end: float) -> Scale:
    """The place in pixels of a value: `low` at `start`, `high` at `end`."""
    span = (high - low) or 1.0
    return lambda value: start + (value - low) / span * (end - start)


def _stairs(places: Sequence[float], heights: Sequence[float], floor: float) -> str:
    steps = (f"V{px(height)}H{px(end)}" for end, height in zip(places[1:], heights, strict=True))
    return f"M{px(places[0])} {px(floor)}{''.join(steps)}V{px(floor)}"


def _broken_line(values: Sequence[float], x: Scale, y: Scale) -> str:
    """A path through the finite values, interrupted at the others."""
    path, drawing = [], False
    for place, value in enumerate(values):
        if math.isfinite(value):
            path.append(f"{'L' if drawing else 'M'}{px(x(place))} {px(y(value))}")
        drawing = math.isfinite(value)
    return "".join(path)


def _inside(x: float, y: float, text: str) -> str:
    """A text centred at x, or as near as it can be without leaving the picture."""
    half = cells(text) * _LETTER / 2
    if x + half > WIDTH:
        return text_mark(WIDTH, y, text, anchor="end")
    return text_mark(0, y, text) if x < half else text_mark(x, y, text, anchor="middle")


def text_width(text: str) -> float:
    """About how many pixels a text needs at most."""
    return sum(
        11.0
        if letter in _BROAD or cells(letter) > 1
        else 4.6
        if letter in _NARROW
        else 8.7
        if letter.isupper()
        else 7.0
        for letter in text
    )


def text_mark(x: float, y: float, text: str, *, anchor: str = "start", kind: str = "") -> str:
    """A text at a place in pixels; `kind` is a class of page.css."""
    place = f' class="{kind}"' if kind else ""
    place += f' text-anchor="{anchor}"' if anchor != "start" else ""
    return f'<text x="{px(x)}" y="{px(y)}"{place}>{escape(visible(text))}</text>'


def px(value: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def svg(parts: Iterable[str], height: float, title: str, description: str) -> str:
    """The picture as a part of a page, as high as said, with what is read aloud in its place."""
    described = f"<desc>{escape(visible(description))}</desc>" if description else ""
    return (
        f'<svg viewBox="0 0 {px(WIDTH)} {px(height)}" role="img"><title>{escape(visible(title))}</title>{described}'
        f"{''.join(parts)}</svg>"
    )
