import itertools
import math
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from contract.plain_text import visible
from drift_tools.report import axis, charts

Point = tuple[float, float]


def parse(svg: str) -> ElementTree.Element:
    """The picture's tree; fails if it is not well-formed."""
    return ElementTree.fromstring(svg)


def texts(svg: str) -> list[str]:
    return ["".join(element.itertext()) for element in parse(svg).iter("text")]


def paths(svg: str, kind: str) -> list[str]:
    return [element.attrib["d"] for element in parse(svg).iter("path") if element.attrib["class"].split()[0] == kind]


def points(path: str) -> list[Point]:
    """The corners of a path of absolute commands."""
    places: list[Point] = []
    x = y = 0.0
    for command, numbers in re.findall(r"([A-Z])([^A-Z]*)", path):
        values = [float(number) for number in numbers.split()]
        if command in "ML":
            x, y = values
        elif command == "H":
            (x,) = values
        elif command == "V":
            (y,) = values
        else:
            assert (command, values) == ("Z", [])
        places.append((x, y))
    return places


def heights(path: str) -> list[float]:
    """The steps of a histogram's outline, from the floor."""
    corners = points(path)
    floor = corners[0][1]
    return [floor - y for (x, y), (to, _) in itertools.pairwise(corners) if x < to]


def test_a_distribution_is_two_outlines_whose_heights_are_the_shares() -> None:
    svg = charts.distribution_chart([0, 10, 20, 30], [0.5, 0.5, 0], [0, 0.25, 0.75], title="a & b", description="<c>")
    assert parse(svg).attrib["role"] == "img"
    assert [parse(svg).findtext(name) for name in ("title", "desc")] == ["a & b", "<c>"]
    (baseline,), (current,) = paths(svg, "base"), paths(svg, "now")
    tallest = heights(current)[2]
    assert heights(current) == pytest.approx([0, tallest / 3, tallest], abs=0.2)
    assert heights(baseline) == pytest.approx([tallest / 1.5, tallest / 1.5, 0], abs=0.2)
    assert {"0", "10", "20", "30"} <= set(texts(svg))
    assert texts(svg)[:4] == ["0 %", "20 %", "40 %", "60 %"]


def test_bins_of_different_widths_have_equal_areas_for_equal_shares() -> None:
    svg = charts.distribution_chart([0, 1, 3], [0.5, 0.5], [0.5, 0.5], title="t")
    (path,) = paths(svg, "base")
    narrow, wide = heights(path)
    assert wide * 2 == pytest.approx(narrow, abs=0.2)
    assert "%" not in "".join(texts(svg))


def test_a_pair_of_bars_for_each_category_with_its_shares() -> None:
    svg = charts.category_chart(["1", "2"], [0.75, 0.25], [0.5, 0.5], title="t")
    before = [float(bar.attrib["width"]) for bar in parse(svg).iter("rect")]
    after = [max(x for x, _ in points(path)) - points(path)[0][0] for path in paths(svg, "now")]
    assert [width / before[0] for width in (*before, *after)] == pytest.approx([1, 1 / 3, 2 / 3, 2 / 3], abs=0.01)
    assert texts(svg) == ["1", "75 %", "50 %", "2", "25 %", "50 %"]


def test_a_line_for_each_series_with_its_name() -> None:
    svg = charts.line_chart(
        ["2015", "2016", "2017"], {"accuracy": [0.9, 0.8, 0.7], "auc": [0.9, None, math.nan]}, title="t"
    )
    assert {"accuracy", "auc", "2015", "2016", "2017"} <= set(texts(svg))
    first, second = paths(svg, "line")
    down = [y for _, y in points(first)]
    assert down[1] - down[0] == pytest.approx(down[2] - down[1], abs=0.2)
    assert down[1] > down[0]
    assert points(second) == points(first)[:1]


def test_a_gap_interrupts_a_line() -> None:
    (path,) = paths(charts.line_chart(["1", "2", "3", "4"], {"a": [1, math.nan, 2, 3]}, title="t"), "line")
    assert re.sub(r"[^A-Z]", "", path) == "MML"


def test_names_of_lines_that_end_together_are_kept_apart() -> None:
    for a, b, c in (([0.1, 0.5], [0.9, 0.5], [0.5, 0.5]), ([0, 0], [1, 0], [2, 0])):
        svg = charts.line_chart(["1", "2"], {"a": a, "b": b, "c": c}, title="t")
        places = sorted(
            float(element.attrib["y"]) for element in parse(svg).iter("text") if element.text in ("a", "b", "c")
        )
        assert len(places) == 3
        assert min(second - first for first, second in itertools.pairwise(places)) >= 10
        assert places[-1] <= 140  # above the labels of the axis


def test_an_onset_is_marked_with_its_uncertainty() -> None:
    hours = [f"{hour:02}:00" for hour in range(24)]
    values = [0.0] * 10 + [math.nan] + [0.5] * 13
    drifted = [value > 0.1 for value in values]
    svg = charts.onset_chart(
        hours, values, drifted=drifted, threshold=0.1, onset=11, interval=(9, 12), title="t", description="d"
    )
    tree = parse(svg)
    marks = [element for element in tree.iter("rect") if element.attrib["class"] in ("full", "open")]
    assert [mark.attrib["class"] for mark in marks] == ["open"] * 10 + ["full"] * 13
    (onset,) = paths(svg, "onset")
    (band,) = [element for element in tree.iter("rect") if element.attrib["class"] == "band"]
    start, width, at = float(band.attrib["x"]), float(band.attrib["width"]), points(onset)[0][0]
    step = float(marks[1].attrib["x"]) - float(marks[0].attrib["x"])
    assert width / step == pytest.approx(4, abs=0.1)
    assert (at - start) / step == pytest.approx(2, abs=0.1)
    assert "11:00" in texts(svg)
    assert {"00:00", "23:00"} <= set(texts(svg))


def test_windows_without_an_onset_have_no_mark() -> None:
    svg = charts.onset_chart(["1"], [0.02], drifted=[False], threshold=0.1, onset=None, interval=None, title="t")
    assert paths(svg, "onset") == []
    assert len(paths(svg, "limit")) == 1


def pictures() -> list[str]:
    return [
        charts.distribution_chart([0, 1, 2], [0.5, 0.5], [0.1, 0.9], title="t"),
        charts.category_chart(["a"], [1], [1], title="t"),
        charts.line_chart(["1", "2"], {"a": [1, 2]}, title="t"),
        charts.onset_chart(
            ["1", "2"], [0, 1], drifted=[False, True], threshold=0.1, onset=1, interval=(0, 1), title="t"
        ),
    ]


def test_a_chart_has_no_colours_but_the_pages() -> None:
    for svg in pictures():
        assert not re.findall(r"#[0-9a-f]{3,6}|style=|fill=|stroke=", svg)


def test_every_class_of_a_chart_is_in_the_style_sheet() -> None:
    css = (Path(charts.__file__).parent / "page.css").read_text()
    for svg in pictures():
        for classes in re.findall(r'class="([^"]+)"', svg):
            for name in classes.split():
                assert re.search(rf"\.{name}[ ,]", css)


def test_a_chart_is_small() -> None:
    shares = [1 / 40] * 40
    assert len(charts.distribution_chart(list(range(41)), shares, shares, title="t")) < 2_500
    assert len(charts.category_chart(list("abcdefghijkl"), [1 / 12] * 12, [1 / 12] * 12, title="t")) < 5_000


@settings(deadline=None)
@given(st.text(min_size=1, max_size=30))
@example("$x^2$")
@example("<script>alert(1)</script>")
@example('a&b" id="x')
@example("\x00\x1b[31m\ud800\u202e")
def test_labels_are_shown_as_they_are_and_never_understood(label: str) -> None:
    svg = charts.category_chart([label, "other"], [0.5, 0.5], [0.5, 0.5], title=label, description=label)
    assert charts.shorten(label) in texts(svg)
    assert parse(svg).findtext("title") == visible(label)
    svg.encode()


numbers = st.floats(allow_nan=False, allow_infinity=False)


@settings(deadline=None)
@given(st.lists(numbers, min_size=2, max_size=8, unique=True).map(sorted))
def test_any_range_of_values_can_be_drawn(edges: list[float]) -> None:
    shares = [1 / (len(edges) - 1)] * (len(edges) - 1)
    svg = charts.distribution_chart(edges, shares, shares, title="t")
    for path in (*paths(svg, "base"), *paths(svg, "now")):
        assert all(0 <= x <= 340 and 0 <= y <= 124 for x, y in points(path))


@settings(deadline=None)
@given(st.lists(st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf]), min_size=1, max_size=8), st.booleans())
def test_any_effects_can_be_drawn(values: list[float], found: bool) -> None:
    onset, interval = (0, (0, len(values) - 1)) if found else (None, None)
    svg = charts.onset_chart(
        [str(place) for place in range(len(values))],
        values,
        drifted=[found] * len(values),
        threshold=0.1,
        onset=onset,
        interval=interval,
        title="t",
    )
    for path in paths(svg, "now"):
        assert all(0 <= x <= 340 and 0 <= y <= 124 for x, y in points(path))


@given(numbers, numbers, st.integers(2, 8), st.booleans())
def test_ticks_are_inside_evenly_spaced_and_told_apart(a: float, b: float, most: int, whole: bool) -> None:
    low, high = sorted((a, b))
    found = axis.ticks(low, high, most=most, whole=whole)
    assert len(found) <= most
    margin = (high - low) * 1e-6 if math.isfinite(high - low) else math.inf
    assert all(low - margin <= tick <= high + margin for tick in found)
    assert found == sorted(set(found))
    labels = axis.tick_labels(found)
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0.5, 1.0, 1.5], ["0.5", "1", "1.5"]),
        ([2000.0, 4000.0], ["2,000", "4,000"]),
        ([1e6, 1.5e6], ["1M", "1.5M"]),
        ([1.7e9, 1.700001e9], ["1.7G", "1.700001G"]),
        ([1e20, 2e20], ["1e20", "2e20"]),
        ([0.0], ["0"]),
        ([], []),
    ],
)
def test_numbers_of_an_axis_are_short(values: list[float], labels: list[str]) -> None:
    assert axis.tick_labels(values) == labels


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("2026-03-01T10:02:03", "2026-03-01T10:02:07", ["10:02:05"]),
        ("2026-03-01T10:02", "2026-03-01T13:20", ["11:00", "12:00", "13:00"]),
        ("2026-03-01T18:00", "2026-03-02T07:00", ["03-01 18:00", "03-02 00:00", "03-02 06:00"]),
        ("2026-03-01", "2026-03-04", ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]),
        ("2026-01-10", "2026-05-20", ["2026-02", "2026-03", "2026-04", "2026-05"]),
        ("1999-06-01", "2026-06-01", ["2000", "2010", "2020"]),
        ("0001-01-01", "9999-12-31", ["2000", "4000", "6000", "8000"]),
    ],
)
def test_the_axis_of_times_has_round_ones(low: str, high: str, labels: list[str]) -> None:
    found = axis.time_ticks(at(low), at(high), most=4)
    assert axis.time_labels(found) == labels
    assert axis.time_ticks(-1e18, 1e18, most=4) == []


@settings(deadline=None)
@given(numbers, numbers, st.integers(2, 8))
def test_ticks_of_times_are_inside_and_told_apart(a: float, b: float, most: int) -> None:
    low, high = sorted((math.fmod(a, 1e12), math.fmod(b, 1e12)))
    found = axis.time_ticks(low, high, most=most)
    assert len(found) <= most
    assert all(low <= tick <= high for tick in found)
    assert len(set(axis.time_labels(found))) == len(found)


def test_a_picture_of_dates_has_dates() -> None:
    edges = [at(f"2026-{month:02}-01") for month in (1, 2, 3, 4)]
    svg = charts.distribution_chart(edges, [0.2, 0.3, 0.5], [0.5, 0.3, 0.2], title="t", times=True)
    assert [text for text in texts(svg) if text.startswith("20")] == ["2026-01", "2026-02", "2026-03", "2026-04"]


def test_long_labels_lose_their_middle() -> None:
    assert charts.shorten("a label that is too long") == "a label …oo long"
    assert charts.shorten("sixteen letters!") == "sixteen letters!"
    assert charts.shorten("日本語日本語日本語") == "日本語日…日本語"


def test_labels_that_would_read_alike_show_where_they_differ() -> None:
    long = "category value with a very long description, number {} of the list".format
    assert charts.shorten_all([long(0), long(1), long(11), "short"]) == [
        "…on, number 0 o…",
        "…on, number 1 o…",
        "…on, number 11 …",
        "short",
    ]
    assert charts.shorten_all(["x" * 300, "x" * 300]) == ["xxxxxxxx…xxxxxxx"] * 2
    assert charts.shorten_all(["x" * 300, "x" * 299]) == ["…" + "x" * 13 + "…", "…" + "x" * 12 + "…"]


def test_no_label_begins_outside_of_the_picture() -> None:
    for label in ("W" * 16, "@" * 300, "Ж" * 20, "日" * 20, "a" * 16):
        svg = charts.category_chart([label, "b"], [0.5, 0.5], [0.5, 0.5], title="t")
        (place,) = {float(found) for found in re.findall(r'<text x="([0-9.]+)"[^>]*text-anchor="end"', svg)}
        widest = {"W": 11, "@": 11, "Ж": 8.7, "日": 11, "a": 7}[label[0]]
        assert place - widest * len(charts.shorten(label)) >= 0
