"""What a run says of a window: found, growing, calm; whatever order the windows came in."""

from collections.abc import Iterable
from dataclasses import dataclass
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


def test_late_and_missing_windows_change_nothing_that_they_should_not() -> None:
    model, own = pair(5, means=np.concatenate([np.zeros(30), np.full(30, 0.15)]))
    whole = verdict_at(model, own, 59)
    windows = dict(zip(own.starts.tolist(), own.counts, strict=True))
    late = {int(own.starts[-1]) + HOUR: own.counts[0]}
    later = WindowHistory.of(own.bins, own.seconds, late | windows)
    assert verdict_at(model, later, 59) == whole  # windows after this one are not looked at
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
    called = {"n": int(own.starts[29])}
    held = {verdict_at(model, own, place, drifting=called).state for place in places}
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


def calls(
    model: MonitorModel, windows: WindowHistory, name: str, places: Iterable[int], budget: RunBudget = BUDGET
) -> list[bool]:
    """Whether each window is called, one after the other as the job does."""
    found: list[bool] = []
    since: dict[str, int] = {}
    for place in places:
        start = int(windows.starts[place])
        is_drift = judge(model, windows, start, budget, drifting=since)[name].state == "drift"
        since = {name: since.get(name, start)} if is_drift else {}
        found.append(is_drift)
    return found


def rings(called: list[bool]) -> int:
    return sum(now and not before for before, now in pairwise([False, *called]))


@dataclass(frozen=True)
class Change:
    """A moderate one. `name`: of the feature that it is in; forty windows, then none of it."""

    name: str
    rows: int
    mean: float = 0.0
    moved: float = 0.0
    new: float = 0.0

    def windows(self, seed: int) -> tuple[MonitorModel, WindowHistory]:
        rng = np.random.default_rng(seed)
        base = {
            "c": draw(rng, category_shares(TWO_WEEKS, missing=0.02), self.rows),
            "n": draw(rng, number_shares(np.zeros(TWO_WEEKS)), self.rows),
        }
        means = np.concatenate([np.zeros(20), np.full(40, self.mean), np.zeros(40)])
        shares = category_shares(100, missing=0.02)
        shares[20:60] = category_shares(40, missing=0.02, new=self.new)
        moved = self.moved * shares[20:60, 0]
        shares[20:60, 0] -= moved
        shares[20:60, 1] += moved
        own = {"c": draw(rng, shares, self.rows), "n": draw(rng, number_shares(means), self.rows)}
        return MonitorModel.fit(history(base)), history(own, start=START)


# And how many windows may go by until a large or a small one, in large or small windows, is told to be over.
CHANGES = {
    "half a deviation, 300 rows": (Change("n", 300, mean=0.5), 4),
    "half a deviation, 50 rows": (Change("n", 50, mean=0.5), 10),
    "two deviations, 50 rows": (Change("n", 50, mean=2.0), 3),
    "other categories, 300 rows": (Change("c", 300, moved=0.3), 4),
    "a new category of 2 %, 300 rows": (Change("c", 300, new=0.02), 6),
    "a new category of 2 %, 120 rows": (Change("c", 120, new=0.02), 12),
    "a new category of 4 %, 50 rows": (Change("c", 50, new=0.04), 12),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("seed", [1, 2])
def test_one_change_is_one_episode_and_its_end_is_told(name: str, seed: int) -> None:
    """Some of its windows are quiet by chance (of a new category of 2 % in 120 rows one in eleven has none): none of
    those ends it, and enough of them do.
    """
    change, soon = CHANGES[name]
    model, windows = change.windows(seed)
    called = calls(model, windows, change.name, range(18, 60 + soon + 1))
    assert rings(called) == 1
    assert called[42 - 1]  # the last window with it, and it is over soon after
    assert not called[-1]


def test_a_single_odd_window_is_over_when_others_have_been_seen() -> None:
    model, windows = pair(7, means=np.concatenate([np.zeros(20), [0.5], np.zeros(20)]), rows=300)
    called = calls(model, windows, "n", range(18, 41))
    assert rings(called) == 1
    assert sum(called) <= 6


def test_what_remains_and_matters_is_not_over() -> None:
    """Of two deviations a third of one remains: a long way back, and material still."""
    means = np.concatenate([np.zeros(20), np.full(20, 2.0), np.full(20, 0.35), np.full(20, 0.05)])
    model, windows = pair(7, means=means, rows=300)
    called = calls(model, windows, "n", range(18, 80))
    assert all(called[2:42])
    assert rings(called) == 1
    assert not called[-1]  # PSI 0.0025 is no matter


def test_a_quiet_or_missing_window_of_an_episode_changes_nothing_and_a_late_one_neither() -> None:
    change = Change("c", 120, new=0.02)
    model, windows = change.windows(1)
    called = calls(model, windows, "c", range(18, 60))
    first = 18 + called.index(True)
    gaps = windows.where(~np.isin(np.arange(100), [first + 2, first + 3, 45]))
    assert (
        rings(
            calls(
                model,
                gaps,
                "c",
                np.flatnonzero((gaps.starts >= windows.starts[18]) & (gaps.starts < windows.starts[60])),
            )
        )
        == 1
    )
    # The run of an hour that comes late, when those after it are there: as it was in its time.
    since = {"c": int(windows.starts[first])}
    late = judge(model, windows, int(windows.starts[50]), BUDGET, drifting=since)["c"]
    in_time = windows.where(windows.starts <= windows.starts[50])
    assert judge(model, in_time, int(windows.starts[50]), BUDGET, drifting=since)["c"] == late


def test_an_episode_that_today_s_model_knows_nothing_of_is_over() -> None:
    """What was called by another model (a new baseline, a new normal) does not go on because of its own windows."""
    model, windows = pair(7, means=np.zeros(40), rows=500)
    since = {"n": int(windows.starts[5])}
    assert {verdict_at(model, windows, place, drifting=since).state for place in range(20, 40)} == {"no drift"}


def test_the_promise_sets_how_sure_an_end_has_to_be() -> None:
    """An episode that lasts may be called over as often as false alarms are allowed."""
    change = Change("n", 50, mean=0.5)
    model, windows = change.windows(1)
    places = range(18, 80)
    sure = calls(model, windows, "n", places, RunBudget(1.0, 8760.0, 2))
    daily = calls(model, windows, "n", places, RunBudget(1.0, 365.0, 2))
    assert sum(daily[42:]) < sum(sure[42:])
