from datetime import UTC, datetime, timedelta

import pytest

from drift_tools import Comparison
from drift_tools.comparison import cross_check
from drift_tools.endpoint import Check
from examples.demo.page import Alarm, DemoPage, Event, Notification, Scenario, Window, render_demo

from .pages import Page

START = datetime(2026, 1, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
VIOLATIONS = (
    {
        "feature_name": "number",
        "constraint_check_type": "baseline_drift_check",
        "description": "distance: 0.9 exceeds threshold: 0.1",
    },
    {
        "metric_name": "recall",
        "constraint_check_type": "LessThanThreshold",
        "description": "Metric recall was less <b>",
    },
)


@pytest.fixture
def page(quiet: Comparison, loud: Comparison) -> DemoPage:
    windows = (
        Window("baseline traffic", "Completed", 600, (), quiet, START, START + HOUR, None, cross_check((), quiet)),
        Window("nothing sent", "Failed", 0),
        Window(
            "faulty feed",
            "CompletedWithViolations",
            2000,
            VIOLATIONS,
            loud,
            START + 2 * HOUR,
            START + 3 * HOUR,
            "a unit",
            cross_check(VIOLATIONS, loud),
        ),
    )
    first = Scenario(
        name="recipe",
        story="Traffic, then other traffic.",
        windows=windows,
        alarm=Alarm("violations", "ALARM"),
        notifications=(Notification("Drift <of> number", "line one\n  line two", START + 3 * HOUR),),
        timeline=(
            Event(START + 2 * HOUR, 10.0, "first anomalous request", key=True),
            Event(START + 3 * HOUR, 14.5, "notification arrived", key=True),
        ),
        model_quality={"2015": {"accuracy": 0.79, "recall": 0.81}, "2016": {"accuracy": 0.78, "recall": float("nan")}},
    )
    second = Scenario("calm", "Nothing happens.", windows[:1], Alarm("violations", "OK"))
    return DemoPage(
        (first, second),
        (Check("Endpoint", ok=True, detail="InService"), Check("Topic", ok=False, detail="nobody")),
        57,
        0,
        68.4,
        START,
    )


def test_what_changed_since_when_and_by_how_much_is_said_first(page: DemoPage) -> None:
    shown = Page(render_demo(page))
    says = shown.words.index("number and code drifted")
    assert shown.words[says + 1] == "Since faulty feed, 2026-01-01 12:00 UTC"
    assert shown.words[says + 2] == "number"
    assert shown.words[says + 3].startswith(": median ")
    assert "Nothing drifted" in shown.words
    assert (
        shown.text.index("number and code drifted")
        < shown.text.index("Nothing drifted")
        < shown.text.index("Traffic, then")
    )
    told = "people knew 60 min after the first anomalous request (4.5 s of real time); 1 notification in all."
    assert f"The alarm violations is ALARM; {told}" in shown.text
    assert "The alarm violations is OK; 0 notifications in all." in shown.text


def test_every_window_is_there_with_what_both_say(page: DemoPage) -> None:
    shown = Page(render_demo(page))
    for word in ("baseline traffic", "nothing sent", "faulty feed", "Completed", "Failed", "CompletedWithViolations"):
        assert word in shown.words
    assert "put in on purpose: a unit" in shown.words
    assert "2 violations by the monitor: number and recall" in shown.words
    assert "Metric recall was less <b>" in shown.words
    assert "number, code" in shown.words  # drifted, by the local measures


def test_features_by_window_are_darker_the_farther_they_are(page: DemoPage) -> None:
    html = render_demo(page)
    cells = [part for part in html.split("<td")[1:] if "--strength" in part]
    strengths = [float(cell.split("--strength: ")[1].split('"')[0]) for cell in cells]
    assert len(cells) == 3 * 2 + 3  # three features in two windows of one scenario and in one of the other
    assert strengths[:4:2][0] < strengths[1:4:2][0] == 1.0
    assert [cell.startswith(' class="is-drifted"') for cell in cells[:6]] == [False, True, False, True, False, False]


def test_a_feature_that_drifted_at_different_times_says_since_when(page: DemoPage, loud: Comparison) -> None:
    first = Window("first", "CompletedWithViolations", 1, (), _only(loud, "code"), START)
    second = Window("second", "CompletedWithViolations", 1, (), loud, START + HOUR)
    scenario = Scenario("s", "story", (first, second), Alarm("a", "ALARM"))
    text = Page(render_demo(DemoPage((scenario,), (), 0, 0, 1, START))).text
    assert "; since first, 2026-01-01 10:00 UTC" in text
    assert "; since second, 2026-01-01 11:00 UTC" in text
    assert "Since first" not in text


def _only(comparison: Comparison, name: str) -> Comparison:
    return Comparison(
        comparison.baseline_rows, comparison.current_rows, comparison.alpha, {name: comparison.features[name]}
    )


def test_quality_is_a_table_and_a_chart(page: DemoPage) -> None:
    html = render_demo(page)
    text = Page(html).text
    assert "accuracy 0.790 0.780" in text
    assert "recall 0.810 –" in text
    assert "<title>accuracy, recall from 2015 to 2016</title>" in html


def test_time_is_counted_from_the_first_event(page: DemoPage) -> None:
    text = Page(render_demo(page)).text
    assert "2026-01-01 12:00:00 0.0 s first anomalous request 2026-01-01 13:00:00 4.5 s notification arrived" in text


def test_messages_are_shown_as_they_were_sent(page: DemoPage) -> None:
    html = render_demo(page)
    assert "Drift &lt;of&gt; number" in html
    assert "<pre>line one\n  line two</pre>" in html


def test_steps_resources_and_seconds_are_told(page: DemoPage) -> None:
    text = Page(render_demo(page)).text
    assert "1 of 2 passed" in text
    assert "57 created, 0 left behind" in text
    assert "68 s" in text
    assert "Topic failed nobody" in text


def test_the_page_needs_nothing_but_itself(page: DemoPage) -> None:
    shown = Page(render_demo(page))
    assert shown.sources == ["data:,"]
    assert "script" not in shown.tags
    assert len(set(shown.ids)) == len(shown.ids)
    assert {link.removeprefix("#") for link in shown.links} <= set(shown.ids)
