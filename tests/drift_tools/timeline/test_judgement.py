"""What a run says of a window: found, growing, calm; whatever order the windows came in."""

from itertools import pairwise

import numpy as np
import pytest

from drift_tools.timeline import MonitorModel, RunBudget, WindowHistory, WindowVerdict, judge
from tests.drift_tools.timeline.drawn_windows import HOUR, MONDAY, category_shares, draw, history, number_shares

TWO_WEEKS, START = 336, MONDAY + 336 * HOUR
BUDGET = RunBudget(1.0, 8760, 2)


def pair(
    seed: int = 1, *, rows: int = 500, means: np.ndarray, new: np.ndarray | None = None
) -> tuple[MonitorModel, WindowHistory]:
    """A baseline of two weeks, and windows after it: a number of these means, and a category with new ones."""
    rng = np.random.default_rng(seed)
    base = {
        "n": draw(rng, number_shares(np.zeros(TWO_WEEKS)), rows),
        "c": draw(rng, category_shares(TWO_WEEKS, missing=0.02), rows),
    }
    shares = category_shares(len(means), missing=0.02)
    if new is not None:
        shares = np.concatenate([category_shares(1, missing=0.02, new=share) for share in new])
    own = {"n": draw(rng, number_shares(means), rows), "c": draw(rng, shares, rows)}
    return MonitorModel.fit(history(base)), history(own, start=START)


def verdict_at(model: MonitorModel, own: WindowHistory, place: int, name: str = "n", **more: object) -> WindowVerdict:
    return judge(model, own, int(own.starts[place]), BUDGET, **more)[name]  # type: ignore[arg-type]


def test_a_shift_is_drift_at_once_and_says_since_when() -> None:
    model, own = pair(means=np.array([0.0] * 30 + [0.5] * 10))
    assert verdict_at(model, own, 29).state == "no drift"
    found = verdict_at(model, own, 30)
    assert (found.state, found.test, found.moved, found.since) == ("drift", "sudden", "location", START + 30 * HOUR)
    assert found.effect == pytest.approx(0.25, abs=0.1)
    assert verdict_at(model, own, 39).since == START + 30 * HOUR


def test_a_second_change_moves_again_and_does_not_move_since() -> None:
    model, own = pair(means=np.array([0.0] * 20 + [0.6] * 10 + [2.5] * 10))
    found = verdict_at(model, own, 39)
    assert (found.since, found.moves) == (START + 20 * HOUR, (START + 30 * HOUR,))


def test_a_slow_change_is_growing_long_before_it_is_material() -> None:
    means = 0.05 * np.arange(200) / 24  # 0.05 standard deviations a day
    model, own = pair(2, means=means, rows=1000)
    states = [verdict_at(model, own, place).state for place in range(40, 200, 8)]
    first = states.index("growing")
    assert means[40 + 8 * first] < 0.2  # a PSI of 0.04 at most
    assert "drift" in states
    assert states.index("drift") > first
    growing = verdict_at(model, own, 40 + 8 * (states.index("drift") - 1))
    assert growing.a_day == pytest.approx(0.05, rel=0.5)
    assert growing.material_at is not None
    assert START + 100 * HOUR < growing.material_at < START + 400 * HOUR


def test_a_new_category_is_found_by_its_rows() -> None:
    new = np.array([0.0] * 20 + [0.03] * 20)
    model, own = pair(3, means=np.zeros(40), new=new)
    found = verdict_at(model, own, 22, "c")
    assert (found.state, found.moved) == ("drift", "new categories")
    assert found.since == START + 20 * HOUR


def test_what_is_over_is_over() -> None:
    model, own = pair(4, means=np.array([0.0] * 20 + [0.5] * 15 + [0.0] * 40))
    assert verdict_at(model, own, 34).state == "drift"
    assert verdict_at(model, own, 74).state == "no drift"


def test_late_repeated_and_missing_windows_change_nothing_that_they_should_not() -> None:
    model, own = pair(5, means=np.concatenate([np.zeros(30), np.full(30, 0.15)]))
    whole = verdict_at(model, own, 59)
    later = own.with_windows({int(own.starts[-1]) + HOUR: own.counts[0]})
    assert verdict_at(model, later, 59) == whole  # windows after this one are not looked at
    again = own.with_windows({int(own.starts[40]): own.counts[40]})
    assert verdict_at(model, again, 59) == whole
    missing = own.where(np.arange(60) != 50)
    assert judge(model, missing, int(own.starts[59]), BUDGET)["n"].state == whole.state


def test_few_rows_are_not_enough() -> None:
    model, own = pair(6, means=np.zeros(3))
    counts = own.counts.copy()
    counts[2] = 0
    counts[2, :, 0] = 12
    short = WindowHistory(own.bins, own.seconds, own.starts, counts)
    found = verdict_at(model, short, 2)
    assert (found.state, found.reason) == ("not enough data", "not enough data: 12 rows, 20 needed")


def test_what_was_drift_stays_drift_down_to_a_quarter_of_the_threshold() -> None:
    model, own = pair(7, means=np.concatenate([np.zeros(20), np.full(60, 0.27)]), rows=2000)
    places = range(30, 80)
    alone = {verdict_at(model, own, place).state for place in places}
    held = {verdict_at(model, own, place, drifting=["n"]).state for place in places}
    assert "growing" in alone
    assert held == {"drift"}


def test_a_threshold_of_ones_own() -> None:
    model, own = pair(8, means=np.array([0.0] * 30 + [0.5] * 30))
    assert verdict_at(model, own, 59, thresholds={"n": 1.0}).state == "growing"


def test_a_window_that_is_not_there_is_an_error() -> None:
    model, own = pair(9, means=np.zeros(3))
    with pytest.raises(ValueError, match="no window that starts at 5"):
        judge(model, own, 5, BUDGET)


def test_weeks_without_drift_ring_nobody() -> None:
    """Six baselines, a week each: with a budget of a thousand times as much something would."""
    rung = 0
    for seed in range(6):
        model, own = pair(20 + seed, means=np.zeros(168))
        for place in range(0, 168, 7):
            rung += sum(
                found.state in ("drift", "growing")
                for found in judge(model, own, int(own.starts[place]), BUDGET).values()
            )
    assert rung == 0


def episodes_of(name: str, seed: int, rows: int) -> int:
    """How often an alarm would ring in forty hours of a moderate change, judged hour by hour as the job does."""
    means = np.concatenate([np.zeros(20), np.full(40, 0.45), np.zeros(20)])
    rng = np.random.default_rng(seed)
    base = {
        "c": draw(rng, category_shares(TWO_WEEKS, missing=0.02), 300),
        "n": draw(rng, number_shares(np.zeros(TWO_WEEKS)), 300),
    }
    shares = category_shares(80, missing=0.02)
    moved = 0.3 * shares[20:60, 0]
    shares[20:60, 0] -= moved
    shares[20:60, 1] += moved
    own = {"c": draw(rng, shares, rows), "n": draw(rng, number_shares(means), rows)}
    model, windows = MonitorModel.fit(history(base)), history(own, start=START)
    called = [False]
    for place in range(18, 66):
        found = verdict_at(model, windows, place, name, drifting=[name] if called[-1] else [])
        called.append(found.state == "drift")
    assert called[-1] is False
    return sum(now and not before for before, now in pairwise(called))


@pytest.mark.parametrize(("name", "seed", "rows"), [("n", 1, 300), ("c", 1, 300), ("n", 10, 60), ("n", 9, 300)])
def test_one_change_is_one_episode(name: str, seed: int, rows: int) -> None:
    """Its windows differ by chance, some less than others: none of those ends it."""
    assert episodes_of(name, seed, rows) == 1


def test_a_window_that_is_calm_by_chance_ends_no_episode() -> None:
    """Called for its own p-value, and in the next hour not: only a p-value that says nothing at all is calm."""
    model, own = pair(7, means=np.concatenate([np.zeros(20), np.full(20, 0.45)]), rows=60)
    alone = [verdict_at(model, own, place).state for place in range(20, 24)]
    held = [verdict_at(model, own, place, drifting=["n"]).state for place in range(20, 24)]
    assert "no drift" in alone
    assert held.count("drift") > alone.count("drift")
    calm, windows = pair(7, means=np.zeros(40), rows=500)
    assert {verdict_at(calm, windows, place, drifting=["n"]).state for place in range(20, 40)} == {"no drift"}
