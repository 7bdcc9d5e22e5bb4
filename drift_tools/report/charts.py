"""The report's charts as inline SVG, drawn by matplotlib.

Matplotlib is given stand-in colours, which become CSS variables afterwards: one file follows the reader's light or
dark scheme and prints in its own colours. Text stays text (`svg.fonttype: none`), so that it can be searched and
takes the page's font. What matplotlib writes for other programs (ids, clip paths, metadata) goes, which leaves about
3 KB a chart.
"""

import io
import itertools
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, MaxNLocator

from drift_tools.report.words import percent

# Stand-ins, each a colour that no palette has, and the variables of page.css that they become.
_BASELINE, _CURRENT, _INK, _LINE = "#0a0b01", "#0a0b02", "#0a0b03", "#0a0b04"
_SERIES = ("#0a0b11", "#0a0b12", "#0a0b13", "#0a0b14")
_VARIABLES = {
    _BASELINE: "var(--baseline)",
    _CURRENT: "var(--current)",
    _INK: "var(--muted)",
    _LINE: "var(--line)",
    **{colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES, start=1)},
}
# 72 points an inch, and a point becomes a CSS pixel of the viewBox: a chart is as wide as a card on a phone, so that
# text is neither enlarged nor shrunk.
_WIDTH = 340 / 72
_TEXT = 11.0
_LABEL_LENGTH = 16


def distribution_chart(
    edges: Sequence[float],
    baseline: Sequence[float],
    current: Sequence[float],
    *,
    description: str,
) -> str:
    """Two histograms over the same bins: the baseline filled, the current rows as a line.

    Parameters
    ----------
    edges
        n + 1 finite, increasing values.
    baseline, current
        n shares of rows, 0 … 1 each. Bins of different widths are drawn as densities, so that equal areas are equal
        shares.
    description
        read aloud in place of the picture.
    """
    widths = [upper - lower for lower, upper in itertools.pairwise(edges)]
    equal = max(widths) <= min(widths) * 1.001
    heights = [
        [share if equal else share / width for share, width in zip(shares, widths, strict=True)]
        for shares in (baseline, current)
    ]
    figure, axes = _figure(height=124 / 72, left=38 if equal else 8)
    axes.stairs(heights[0], edges, fill=True, color=_BASELINE)
    axes.stairs(heights[1], edges, color=_CURRENT, linewidth=1.8)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(0, max(*heights[0], *heights[1], 1e-12) * 1.06)
    whole = all((edge + 0.5).is_integer() for edge in edges)  # a bin around each whole number
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=whole))
    if equal:
        axes.yaxis.set_major_locator(MaxNLocator(3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda share, _: percent(share)))
        axes.grid(axis="y", color=_LINE, linewidth=0.7)
        axes.set_axisbelow(True)
    else:
        axes.set_yticks([])
    return _svg(figure, description)


def category_chart(
    labels: Sequence[str], baseline: Sequence[float], current: Sequence[float], *, description: str
) -> str:
    """A pair of bars a category, from the top down, with the shares of rows (0 … 1) written beside them."""
    number = len(labels)
    names = [shorten(label) for label in labels]
    left = 14 + max(map(len, names)) * _TEXT * 0.56  # the width of most letters
    figure, axes = _figure(height=(number * 30 + 8) / 72, left=left, bottom=4)
    rows = range(number)
    top = max([*baseline, *current, 1e-12])
    for offset, shares, colour in ((-0.2, baseline, _BASELINE), (0.2, current, _CURRENT)):
        axes.barh([row + offset for row in rows], shares, height=0.36, color=colour, linewidth=0)
        for row, share in zip(rows, shares, strict=True):
            axes.text(
                share + top * 0.015,
                row + offset,
                percent(share),
                va="center_baseline",
                fontsize=_TEXT - 1,
                color=_INK,
            )
    axes.set_ylim(number - 0.5, -0.5)
    axes.set_xlim(0, top * 1.2)
    axes.set_xticks([])
    axes.set_yticks(list(rows), names)
    axes.spines["bottom"].set_visible(False)
    return _svg(figure, description)


def line_chart(positions: Sequence[str], series: Mapping[str, Sequence[float | None]], *, description: str) -> str:
    """A line a series over the same positions, each with its name at its end; None and NaN leave a gap. At most four
    series.
    """
    figure, axes = _figure(height=150 / 72, left=38, right=92)
    places = range(len(positions))
    lines: list[tuple[str, str, float]] = []
    for (name, values), colour in zip(series.items(), _SERIES, strict=False):
        drawn = [math.nan if value is None else value for value in values]
        axes.plot(places, drawn, color=colour, linewidth=1.8, marker="s", markersize=4, markeredgewidth=0)
        finite = [value for value in drawn if math.isfinite(value)]
        if finite:
            lines.append((name, colour, finite[-1]))
    axes.set_xticks(list(places), list(positions))
    axes.set_xlim(-0.15, len(positions) - 0.85)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.grid(axis="y", color=_LINE, linewidth=0.7)
    _name_lines(axes, lines, len(positions) - 1)
    return _svg(figure, description)


def _name_lines(axes: Axes, lines: list[tuple[str, str, float]], at: int) -> None:
    """Write each line's name at its end, pushed upwards where two ends are so near that the names would lie on each
    other.
    """
    low, high = axes.get_ylim()
    step = (high - low) * 0.11
    previous = -math.inf
    for name, colour, value in sorted(lines, key=lambda line: line[2]):
        previous = max(value, previous + step)
        axes.annotate(
            name, (at, previous), xytext=(8, 0), textcoords="offset points", va="center", fontsize=_TEXT, color=colour
        )


def shorten(label: str) -> str:
    """A label that fits beside a bar, on one line."""
    label = " ".join(label.split())
    return label if len(label) <= _LABEL_LENGTH else label[: _LABEL_LENGTH - 1] + "…"


def _figure(*, height: float, left: float, right: float = 8, bottom: float = 20) -> tuple[Figure, Axes]:
    """A figure of the cards' width with one pair of axes; margins in points, height in inches."""
    figure = Figure(figsize=(_WIDTH, height))
    FigureCanvasSVG(figure)
    figure.patch.set_visible(False)
    width, tall = _WIDTH * 72, height * 72
    axes = figure.add_axes((left / width, bottom / tall, (width - left - right) / width, (tall - bottom - 6) / tall))
    axes.patch.set_visible(False)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_LINE)
    axes.tick_params(length=0, labelsize=_TEXT, labelcolor=_INK)
    return figure, axes


_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_METADATA: dict[str, Any] = {"Date": None, "Creator": None, "Format": None, "Type": None}


def _svg(figure: Figure, description: str) -> str:
    for axes in figure.axes:
        for artist in (*axes.patches, *axes.lines, *axes.texts):
            artist.set_clip_on(False)
    for label in figure.findobj(Text):
        label.set_parse_math(False)  # a category called $x$ is called $x$
    text = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "report"}), warnings.catch_warnings():
        # Matplotlib measures text with its own font; the browser draws it, and has others.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure.savefig(text, format="svg", transparent=True, metadata=_METADATA)
    svg = text.getvalue()
    body = svg[svg.index("</defs>") + len("</defs>") : svg.rindex("</svg>")]
    box = f"0 0 {_WIDTH * 72:g} {figure.get_figheight() * 72:g}"
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(description)}">{_lean(body)}</svg>'


def _lean(body: str) -> str:
    """What a browser needs of matplotlib's SVG, and colours that follow the page. Only tags are touched: what labels
    say is the data's.
    """
    body = re.sub(r"<defs>\s*<clipPath.*?</defs>", "", body, flags=re.DOTALL)
    referenced = frozenset(re.findall(r'xlink:href="#([^"]+)"', body))
    body = re.sub(r"<[^>]*>", lambda tag: _lean_tag(tag[0], referenced), body)
    body = re.sub(r">\s+<", "><", body).strip()
    previous = ""
    while previous != body:  # a group that is empty empties the group around it
        previous, body = body, re.sub(r"<g/>|<g></g>", "", body)
    return body


def _lean_tag(tag: str, referenced: frozenset[str]) -> str:
    tag = re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in referenced else "", tag)
    tag = re.sub(r' transform="rotate\(-0 [^"]*"| clip-path="[^"]*"| ?font-family: [^;"]*;?', "", tag)
    tag = _NUMBER.sub(lambda found: f"{float(found[0]):.1f}".removesuffix(".0"), tag)
    tag = re.sub(r"\s+", " ", tag)
    for colour, variable in _VARIABLES.items():
        tag = tag.replace(colour, variable)
    return tag
