"""Both engines on one endpoint, the open one in the function for small windows: parity, agreement, disagreement.

The embedded AWS runs this project's monitor in AWS's analyzer's place, so that both sides say the same shows that the
plumbing brings both the same rows and the same baseline; it says nothing on how near this monitor comes to AWS's.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from tests.fake_layer import write_layer
from tests.open_engine.conftest import Books, lived
from tests.open_engine.watched import Told, Watched, at

ROWS = 200
FEATURES = {"prediction", "probability", "feature_1", "feature_2", "feature_3"}


@dataclass
class Hours:
    """What was seen, by the hour in which the window ended."""

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    model_monitor: dict[int, dict[str, Any]] = field(default_factory=dict)
    open: dict[int, dict[str, Any]] = field(default_factory=dict)
    agreement: dict[int, float | None] = field(default_factory=dict)
    kept: dict[int, dict[str, Any]] = field(default_factory=dict)
    metrics: dict[int, dict[str, float | None]] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    compared: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    disagreement: Told | None = None
    books: list[Books] = field(default_factory=list)


@pytest.fixture(scope="session")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layer as a build makes it for arm64; the embedded AWS takes this machine's packages in their place."""
    return write_layer(tmp_path_factory.mktemp("layer") / "layer.zip")


def use(stack: Watched, seen: Hours) -> None:
    """A quiet hour, one with drift, one with drift in which Model Monitor's verdict is tampered with."""
    stack.wait_for_baseline()
    theirs, ours = stack.outputs["data_quality_schedule_name"], f"{stack.endpoint}-dq-open"

    def note(hour: int) -> None:
        stack.after_the_run(at(hour))
        seen.records[hour] = stack.record(ours, at(hour))
        seen.jobs[hour] = stack.jobs("dq", at(hour))
        seen.model_monitor[hour] = stack.results(theirs, at(hour))
        seen.open[hour] = stack.results(ours, at(hour))
        seen.agreement[hour] = stack.metric("Agreement", ours, at(hour), "Minimum")
        seen.kept[hour] = stack.document(f"engine-agreement/{stack.endpoint}/data-quality/{at(hour):%Y/%m/%d/%H}.json")
        seen.metrics[hour] = {
            name: stack.metric(name, ours, at(hour)) for name in ("ConstraintViolations", "JobFailures", "NoData")
        }
        seen.states[hour] = stack.state("data-quality-disagreement")

    stack.go_to(at(9, 5))
    stack.send(baseline_requests(ROWS, seed=7))
    note(10)
    stack.go_to(at(10, 35))
    stack.send(anomalous_requests(ROWS, seed=7))
    note(11)
    stack.go_to(at(11, 35))
    stack.send(anomalous_requests(ROWS, seed=8))
    stack.go_to(at(12, 10))
    say_nothing_was_violated(stack, theirs, at(12))
    note(12)
    seen.disagreement = stack.wait_for_message("disagreement")
    seen.compared = stack.logged("compare-engines", "engines compared")
    seen.failed = stack.logged("monitor-window", "the monitor failed")
    seen.told = stack.told()


def say_nothing_was_violated(stack: Watched, schedule: str, end: datetime) -> None:
    """After Model Monitor's run and before the open engine's, as a broken analyzer might have written it."""
    assert stack.results(schedule, end)["constraint_violations.json"]["violations"]
    key = f"monitoring-results/{stack.endpoint}/{schedule}/{end:%Y/%m/%d/%H}/constraint_violations.json"
    body = json.dumps({"violations": []}).encode()
    stack.cloud.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=body)


@pytest.fixture(scope="session")
def hours(layer: Path) -> Hours:
    overrides = {
        "engine": "both",
        "monitoring": {"open_engine": {"small_windows": {"layer": str(layer)}, "disagreeing_runs": 1}},
    }
    seen = Hours()
    with lived(overrides, start=at(8, 30), grace=timedelta(minutes=20)) as (stack, books):
        use(stack, seen)
    seen.books = books
    return seen


@pytest.mark.parametrize("hour", [10, 11, 12])
def test_small_windows_run_in_the_function(hours: Hours, hour: int) -> None:
    assert hours.failed == []
    assert hours.records[hour]["route"] == "function"
    assert hours.records[hour]["bytes"] < 50 * 1024 * 1024
    assert hours.jobs[hour] == []
    drift = hours.open[hour]["drift.json"]
    assert (drift["engine"], drift["current_rows"], drift["records"]["used"]) == ("open", ROWS, ROWS)
    assert hours.metrics[hour]["JobFailures"] == 0.0
    assert hours.metrics[hour]["NoData"] is None


def test_both_engines_write_the_same_verdict(hours: Hours) -> None:
    name = "constraint_violations.json"
    assert name not in hours.model_monitor[10]
    assert name not in hours.open[10]
    assert hours.open[11]["model_monitor_rules.json"] == hours.model_monitor[11][name]
    assert {item["feature_name"] for item in hours.open[11][name]["violations"]} == FEATURES
    assert hours.open[11]["drift.json"]["rules"] == "calibrated"
    assert hours.metrics[11]["ConstraintViolations"] == 5.0
    statistics = [side[11]["statistics.json"] for side in (hours.open, hours.model_monitor)]
    assert [item["dataset"]["item_count"] for item in statistics] == [ROWS, ROWS]


@pytest.mark.parametrize("hour", [10, 11])
def test_they_agree(hours: Hours, hour: int) -> None:
    assert hours.agreement[hour] == 1.0
    assert hours.states[hour] == "OK"
    kept = hours.kept[hour]
    assert (kept["agreement"], kept["compared"], kept["disagreements"]) == (1.0, 5, [])
    assert kept["rules"] == {"model_monitor": "model-monitor", "open": "model-monitor"}
    assert set(kept["both_violated"]) == (set() if hour == 10 else FEATURES)


def test_whoever_ends_first_waits_for_the_other(hours: Hours) -> None:
    waited = ["waiting" in line for line in hours.compared if line.get("hour") == "2026/11/24/10"]
    # How often somebody waited is a matter of who was told first; once compared, nobody waits again.
    assert waited[-1] is False
    assert waited == sorted(waited, reverse=True)


def test_a_disagreement_is_kept_and_rings(hours: Hours) -> None:
    assert hours.agreement[12] == 0.0
    assert hours.states[12] == "ALARM"
    kept = hours.kept[12]
    assert {item["feature"] for item in kept["disagreements"]} == FEATURES
    for item in kept["disagreements"]:
        assert item["model_monitor"] == []
        assert item["open"][0]["observed"] > item["open"][0]["limit"]
        assert item["measures"]["psi"] > 0.25


def test_a_disagreement_is_told_with_both_sides(hours: Hours) -> None:
    assert [item.kind for item in hours.told].count("disagreement") == 1
    told = hours.disagreement
    assert told is not None
    assert ": the two monitors disagree" in told.subject
    assert (
        "  probability\n     Model Monitor: no violation\n     open engine:   baseline_drift_check: 0.8665" in told.body
    )
    assert "Since     the window that ended at 2026-11-24 12:00 UTC (1 window)\n" in told.body


def test_people_are_told_of_violations_by_one_engine_only(hours: Hours) -> None:
    """The alarms stand on Model Monitor's schedules: two hours with drift are one episode, and one message."""
    assert [item.kind for item in hours.told].count("violations") == 1


def test_nothing_is_denied_and_nothing_is_left(hours: Hours) -> None:
    [books] = hours.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}


def test_what_small_windows_and_the_comparison_may_they_use(hours: Hours) -> None:
    """The jobs' role is not used where every window is small; what it may is held in test_open_flow.py."""
    [books] = hours.books
    found = {
        (role, grant.sid, grant.action)
        for grant in books.unused
        if (role := grant.role.removeprefix("model-monitoring-dev-").rpartition("-role-")[0])
        in ("monitor-window", "compare-engines")
    }
    # No event was lost: their dead-letter queues are empty.
    assert found == {(role, "KeepDeadLetters", "sqs:SendMessage") for role in ("monitor-window", "compare-engines")}
