import itertools
import math
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.report import charts

# The page declares this; a parser of XML wants it in the picture.
XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"'


def parse(svg: str) -> ElementTree.Element:
    """The picture's tree; fails if it is not well-formed."""
    return ElementTree.fromstring(svg.replace("<svg ", f"<svg {XLINK} ", 1))


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in parse(svg).iter("text")]


def paths(svg: str, colour: str) -> list[str]:
    return [
        element.attrib["d"] for element in parse(svg).iter("path") if f": {colour}" in element.attrib.get("style", "")
    ]


def points(path: str) -> list[tuple[float, float]]:
    numbers = [float(found) for found in re.findall(r"-?\d+(?:\.\d+)?", path)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_a_distribution_is_two_outlines_whose_heights_are_the_shares() -> None:
    svg = charts.distribution_chart([0, 10, 20, 30], [0.5, 0.5, 0], [0, 0.25, 0.75], description="a & b")
    assert parse(svg).attrib["aria-label"] == "a & b"
    (baseline,), (current,) = paths(svg, "var(--baseline)"), paths(svg, "var(--current)")
    floor = max(y for _, y in points(baseline))
    heights = [sorted({round(floor - y, 1) for _, y in points(path)}) for path in (baseline, current)]
    assert heights[0][-1] * 1.5 == pytest.approx(heights[1][-1], abs=0.3)  # 0.5 against 0.75
    assert heights[1][1] * 3 == pytest.approx(heights[1][-1], abs=0.3)  # 0.25 against 0.75
    assert {"0", "10", "20", "30"} <= set(texts(svg))
    assert texts(svg)[-3:] == ["0 %", "30 %", "60 %"]


def test_bins_of_different_widths_have_equal_areas_for_equal_shares() -> None:
    svg = charts.distribution_chart([0, 1, 3], [0.5, 0.5], [0.5, 0.5], description="d")
    (path,) = paths(svg, "var(--baseline)")
    floor = max(y for _, y in points(path))
    heights = sorted({round(floor - y, 1) for _, y in points(path)} - {0.0})
    assert heights[0] * 2 == pytest.approx(heights[1], abs=0.3)
    assert "%" not in "".join(texts(svg))


def test_a_pair_of_bars_for_each_category_with_its_shares() -> None:
    svg = charts.category_chart(["1", "2"], [0.75, 0.25], [0.5, 0.5], description="d")
    widths = [
        max(x for x, _ in points(path)) - min(x for x, _ in points(path))
        for colour in ("baseline", "current")
        for path in paths(svg, f"var(--{colour})")
    ]
    assert [width / widths[0] for width in widths] == pytest.approx([1, 1 / 3, 2 / 3, 2 / 3], abs=0.01)
    assert sorted(texts(svg)) == ["1", "2", "25 %", "50 %", "50 %", "75 %"]


def test_a_line_for_each_series_with_its_name() -> None:
    svg = charts.line_chart(
        ["2015", "2016", "2017"], {"accuracy": [0.9, 0.8, 0.7], "auc": [0.9, None, math.nan]}, description="d"
    )
    assert {"accuracy", "auc", "2015", "2016", "2017"} <= set(texts(svg))
    (line,) = [path for path in paths(svg, "var(--series-1)") if path.count("L") == 2]
    heights = [y for _, y in points(line)]
    assert heights == sorted(heights)
    assert heights[1] - heights[0] == pytest.approx(heights[2] - heights[1], abs=0.2)


def test_names_of_lines_that_end_together_are_kept_apart() -> None:
    svg = charts.line_chart(["1", "2"], {"a": [0.1, 0.5], "b": [0.9, 0.5], "c": [0.5, 0.5]}, description="d")
    places = sorted(
        float(element.attrib["y"]) for element in parse(svg).iter("text") if element.text in ("a", "b", "c")
    )
    assert len(places) == 3
    assert min(second - first for first, second in itertools.pairwise(places)) >= 10


def test_a_chart_follows_the_pages_colours_and_has_no_others() -> None:
    for svg in (
        charts.distribution_chart([0, 1, 2], [0.5, 0.5], [0.1, 0.9], description="d"),
        charts.category_chart(["a"], [1], [1], description="d"),
        charts.line_chart(["1", "2"], {"a": [1, 2]}, description="d"),
    ):
        assert not re.findall(r"#[0-9a-f]{6}", svg)
        assert not re.findall(r"\b(?:fill|stroke): (?!none|var\()[^;\"]+", svg)


def test_a_chart_is_small_and_the_same_every_time() -> None:
    shares = [1 / 40] * 40
    svg = charts.distribution_chart(list(range(41)), shares, shares, description="d")
    assert len(svg) < 5_000
    assert svg == charts.distribution_chart(list(range(41)), shares, shares, description="d")
    assert (
        len(charts.category_chart([str(number) for number in range(12)], [1 / 12] * 12, [1 / 12] * 12, description="d"))
        < 7_000
    )


@settings(max_examples=30, deadline=None)  # a picture takes 20 ms, or more on a busy machine
@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30))
def test_labels_are_shown_as_they_are_and_never_understood(label: str) -> None:
    shown = texts(charts.category_chart([label, "other"], [0.5, 0.5], [0.5, 0.5], description=label))
    assert charts.shorten(label).strip() in [text.strip() for text in shown] or not label.strip()


@pytest.mark.parametrize(
    "label", ["$x^2$", "$", "<script>alert(1)</script>", "a&b", '" id="x', "#0a0b01", "1.23456", "a\nb"]
)
def test_labels_that_mean_something_elsewhere(label: str) -> None:
    svg = charts.category_chart([label], [1], [1], description=label)
    assert charts.shorten(label) in texts(svg)
    assert "<script" not in svg
    assert parse(svg).attrib["aria-label"] == label.replace("\n", " ")


def test_long_labels_are_cut() -> None:
    assert charts.shorten("a label that is too long") == "a label that is…"
    assert charts.shorten("sixteen letters!") == "sixteen letters!"
