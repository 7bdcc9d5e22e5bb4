from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from drift_tools import compare
from drift_tools.report import console, print_timeline, render_comparison
from drift_tools.report.advice import next_steps
from drift_tools.report.timeline import short_labels, timeline_says, timeline_view
from drift_tools.timeline import Move, Onset, Timeline, compare_windows

from .pages import Page

HOURS = 12
ROWS = 300


def rows(hour: int, generator: np.random.Generator) -> dict[str, Any]:
    """`cliff` jumps at 06:00, `slope` grows from 03:00 to 10:00, `calm` stays."""
    return {
        "cliff": generator.normal(hour >= 6, size=ROWS),
        "slope": generator.normal(np.clip((hour - 3) / 7, 0, 1) * 2, size=ROWS),
        "calm": generator.normal(size=ROWS),
    }


def timeline_of(hours: range, *, drifting: bool = True) -> Timeline:
    generator = np.random.default_rng(4)
    baseline = {name: generator.normal(size=3000) for name in ("cliff", "slope", "calm")}
    windows = [(f"2026-03-01T{hour:02}:00Z", rows(hour if drifting else 0, generator)) for hour in hours]
    return compare_windows(baseline, windows)


@pytest.fixture(scope="module")
def drifting() -> Timeline:
    """The onsets are given, so that these tests are of what is said about them and not of how they are found."""
    found = timeline_of(range(HOURS))
    hour = "2026-03-01T{:02}:00Z".format
    onsets = {
        "slope": Onset("slope", hour(4), hour(3), hour(5), "gradual", hour(10), 0.011, 2.3),
        "cliff": Onset("cliff", hour(6), hour(6), hour(6), "sudden", hour(6), -0.001, 1.0),
    }
    return replace(found, onsets=onsets)


def test_each_onset_is_told_and_drawn(drifting: Timeline) -> None:
    view = timeline_view(drifting)
    assert [(onset.name, onset.says) for onset in view.onsets] == [
        (
            "slope",
            "since 04:00 (it may have begun between 03:00 and 05:00), growing until 10:00: PSI 0.01 before, 2.30 "
            "after, beyond what chance explains",
        ),
        ("cliff", "since 06:00, all at once: PSI 0.00 before, 1.00 after, beyond what chance explains"),
    ]
    for onset in view.onsets:
        assert onset.chart is not None
        assert onset.chart.count('class="full"') + onset.chart.count('class="open"') == HOURS
    assert [window.verdict for window in view.windows][:3] == ["steady"] * 3
    assert view.windows[-1].drifted in ("cliff and slope", "slope and cliff")


def test_the_report_says_since_when(drifting: Timeline) -> None:
    last = drifting.windows[-1].comparison
    page = Page(render_comparison(last, timeline=drifting))
    assert "; since 2026-03-01T06:00Z." in page.text
    assert page.words.index("Since when?") < page.words.index("What to do next") < page.words.index("All measures")
    assert "12 windows from 2026-03-01T00:00Z to 2026-03-01T11:00Z: drift in" in page.text
    assert page.tags.count("svg") == 5


def test_drift_in_some_windows_is_not_hidden_by_all_rows(drifting: Timeline) -> None:
    html = render_comparison(drifting.windows[0].comparison, timeline=drifting)
    assert '<section class="verdict drifted">' in html
    assert Page(html).words[0].startswith("2 of 3 features drift now, though not over all rows: ")


def test_the_first_box_names_what_drifts_now(drifting: Timeline) -> None:
    page = Page(render_comparison(drifting.windows[0].comparison, timeline=drifting))
    box = page.text[: page.text.index("Since when?")]
    assert "slope" in box
    assert "drifted in" in box
    assert "; since 2026-03-01T04:00Z." in box


def test_later_moves_and_earlier_episodes_are_told(drifting: Timeline) -> None:
    hour = "2026-03-01T{:02}:00Z".format
    moved = Onset(
        *("cliff", hour(4), hour(4), hour(4), "sudden", hour(4), 0.0, 0.31),
        moves=(Move(hour(8), 5.02),),
        earlier=((hour(1), hour(2)),),
    )
    found = replace(drifting, onsets={"cliff": moved})
    assert timeline_view(found).onsets[0].says == (
        "since 04:00, all at once, moved again on 08:00: PSI 0.00 before, 0.31 after, 5.02 from 08:00 on, beyond what "
        "chance explains; before that, it had drifted and calmed down again: 01:00 to 02:00"
    )
    assert next_steps(drifting.windows[0].comparison, (), found)[0] == (
        "cliff: began all at once, 2026-03-01T04:00Z, and moved again on 2026-03-01T08:00Z. Look at what was deployed "
        "or changed upstream then."
    )


def test_windows_without_drift_are_a_sentence() -> None:
    calm = timeline_of(range(3), drifting=False)
    html = render_comparison(calm.windows[0].comparison, timeline=calm)
    assert "3 windows from 2026-03-01T00:00Z to 2026-03-01T02:00Z: no drift in any of them." in html
    assert '<section class="verdict steady">' in html
    assert next_steps(calm.windows[0].comparison, (), calm) == next_steps(calm.windows[0].comparison)


def test_drift_that_is_over_is_told_with_its_end(drifting: Timeline) -> None:
    hour = "2026-03-01T{:02}:00Z".format
    onsets = {
        "cliff": Onset("cliff", hour(6), hour(6), hour(6), "sudden", hour(6), 0.0, 1.0, hour(8)),
        "slope": Onset("slope", hour(4), hour(4), hour(4), "gradual", hour(6), 0.0, 0.9, hour(9)),
        "calm": Onset("calm", hour(5), hour(5), hour(5), "sudden", hour(5), 0.0, 0.2, hour(5)),
    }
    over = replace(drifting, onsets=onsets)
    assert [onset.says for onset in timeline_view(over).onsets] == [
        "from 06:00 to 08:00, all at once: PSI 0.00 before, 1.00 meanwhile, beyond what chance explains",
        "from 04:00 to 09:00, growing until 06:00: PSI 0.00 before, 0.90 meanwhile, beyond what chance explains",
        "only in 05:00: PSI 0.00 before, 0.20 meanwhile, beyond what chance explains",
    ]
    last = drifting.windows[-1].comparison
    assert "; from 2026-03-01T06:00Z to 2026-03-01T08:00Z." in Page(render_comparison(last, timeline=over)).text
    assert next_steps(drifting.windows[0].comparison, (), over)[:3] == [
        "cliff: began all at once, 2026-03-01T06:00Z, and was last seen 2026-03-01T08:00Z. Look at what was deployed "
        "or changed upstream then.",
        "calm: began all at once, 2026-03-01T05:00Z, for that window only. Look at what was deployed or changed "
        "upstream then.",
        "Growing slowly: slope (from 2026-03-01T04:00Z to 2026-03-01T09:00Z). Look for a trend or a season before "
        "looking for a mistake.",
    ]


def test_a_column_that_is_missing_has_no_picture() -> None:
    generator = np.random.default_rng(6)
    windows = [(f"{hour:02}:00", {"x": generator.normal(size=200)}) for hour in range(3)]
    found = compare_windows({"x": generator.normal(size=900), "gone": np.zeros(900)}, windows)
    ((onset,), page) = timeline_view(found).onsets, render_comparison(found.windows[0].comparison, timeline=found)
    assert (onset.name, onset.chart) == ("gone", None)
    assert "how far it is from the baseline" not in page
    assert "<b><bdi>gone</bdi></b>: since 00:00, all at once" in page


def test_a_window_without_rows_says_so_beside_a_new_column() -> None:
    windows = [
        ("a", {"x": np.empty(0), "fresh": np.empty(0)}),
        ("b", {"x": np.arange(500.0), "fresh": np.arange(500.0)}),
    ]
    view = timeline_view(compare_windows({"x": np.arange(500.0)}, windows))
    assert [window.verdict_text for window in view.windows] == ["not enough data", "no drift"]


def test_one_window_is_told_as_one(drifting: Timeline) -> None:
    calm, moved = (timeline_of(range(1), drifting=False), timeline_of(range(HOURS - 1, HOURS)))
    assert timeline_says(calm) == "One window, 2026-03-01T00:00Z: no drift."
    assert timeline_says(moved) == "One window, 2026-03-01T11:00Z: drift of cliff and slope."
    assert "<summary>The window</summary>" in render_comparison(calm.windows[0].comparison, timeline=calm)
    assert "<summary>All 12 windows</summary>" in render_comparison(calm.windows[0].comparison, timeline=drifting)


def test_what_is_there_from_the_first_window_on_may_be_older(drifting: Timeline) -> None:
    hour = "2026-03-01T00:00Z"
    there = replace(drifting, onsets={"cliff": Onset("cliff", hour, hour, hour, "sudden", hour, float("nan"), 1.0)})
    assert next_steps(drifting.windows[0].comparison, (), there)[0] == (
        f"cliff: began all at once, in the first window, {hour}, or before it. Look at what was deployed or changed "
        "upstream then."
    )


def test_a_cliff_is_looked_for_upstream_and_a_slope_in_the_world(drifting: Timeline) -> None:
    steps = next_steps(drifting.windows[0].comparison, (), drifting)
    assert steps[:2] == [
        "cliff: began all at once, 2026-03-01T06:00Z. Look at what was deployed or changed upstream then.",
        "Growing slowly: slope (since 2026-03-01T04:00Z). Look for a trend or a season before looking for a mistake.",
    ]


def test_the_terminal_shows_windows_and_onsets(drifting: Timeline, capsys: pytest.CaptureFixture[str]) -> None:
    print_timeline(drifting, console())
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["window", "rows", "verdict", "drifted", "features"]
    assert lines[2].split() == ["2026-03-01T00:00Z", "300", "no", "drift"]
    assert any(line.startswith("cliff: since 2026-03-01T06:00Z") for line in lines)
    assert lines[-1].startswith("12 windows from ")


@pytest.mark.parametrize(
    ("labels", "short"),
    [
        (["monday", "tuesday"], ["monday", "tuesday"]),
        (["2026-03-01T10:00Z"], ["2026-03-01T10:00Z"]),
        (["2025-12-31", "2026-01-01"], ["2025-12-31", "2026-01-01"]),
        (["2026-03-01T23:00:30Z", "2026-03-02"], ["03-01 23:00:30", "03-02 00:00:00"]),
    ],
)
def test_labels_lose_what_is_the_same_for_all(labels: list[str], short: list[str]) -> None:
    assert short_labels(labels) == short


def test_all_features_together_are_told() -> None:
    generator = np.random.default_rng(3)
    first, noise = generator.normal(size=(2, 400))
    before, after = {"a": first, "b": noise}, {"a": first, "b": first}
    page = Page(render_comparison(compare(before, after, multivariate=True)))
    assert "different (AUC" in page.text
    assert "although no feature shows it alone; most of all a and b" in page.text
    calm = Page(render_comparison(compare(before, {"a": noise, "b": first}, multivariate=True)))
    assert "no difference found (p " in calm.text
