"""Several changes: the partition against brute force, and how often "since" is right by simulation."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.timeline.segmentation import last_episode, partition, penalty_of, segments_of


def best_of_all(scores: np.ndarray, weights: np.ndarray, penalty: float, *, is_anchored: bool) -> float:
    """The least cost of every way to cut the series."""
    windows, least = len(scores), np.inf
    for cuts in range(windows):
        for chosen in combinations(range(1, windows), cuts):
            least = min(least, cost_of(scores, weights, [0, *chosen], penalty, is_anchored=is_anchored))
    return least


def cost_of(scores: np.ndarray, weights: np.ndarray, starts: list[int], penalty: float, *, is_anchored: bool) -> float:
    total = -penalty
    for start, end in zip(starts, [*starts[1:], len(scores)], strict=True):
        part, weight = scores[start:end], weights[start:end, None]
        mean = (part * weight).sum(0) / weight.sum()
        own = float((weight * (part - mean) ** 2).sum()) + penalty
        total += min(own, float((weight * part**2).sum()) + penalty / 2) if is_anchored else own
    return total


@given(
    st.lists(st.tuples(st.floats(-4, 4), st.floats(-4, 4), st.floats(0.2, 5)), min_size=1, max_size=8),
    st.floats(min_value=0.5, max_value=12),
    st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_the_partition_is_the_best_of_all(
    rows: list[tuple[float, float, float]], penalty: float, is_anchored: bool
) -> None:
    scores, weights = np.array(rows)[:, :2], np.array(rows)[:, 2]
    found = partition(scores, weights, penalty, is_anchored=is_anchored)
    assert found[0] == 0
    own = cost_of(scores, weights, found, penalty, is_anchored=is_anchored)
    assert own == pytest.approx(best_of_all(scores, weights, penalty, is_anchored=is_anchored), abs=1e-9)


@given(st.floats(0.1, 10))
def test_units_do_not_matter(unit: float) -> None:
    scores = np.random.default_rng(1).normal(size=(30, 1)) + 4 * (np.arange(30)[:, None] >= 17)
    assert [item.start for item in segments_of(scores * unit, np.full(30, unit**-2))] == [0, 17]


CASES = {
    "step": ([0.0] * 10 + [4.0] * 14, 10, (), None),
    "two steps": ([0.0] * 4 + [4.0] * 6 + [12.0] * 6, 4, (10,), None),
    "three steps": ([0.0] * 5 + [4.0] * 5 + [10.0] * 5 + [5.0] * 5, 5, (10, 15), None),
    "from the first window": ([5.0] * 8, 0, (), None),
    "there and back": ([0.0] * 6 + [6.0] * 4 + [0.0] * 8, 6, (), 10),
    "there, back and again": ([0.0] * 3 + [6.0] * 2 + [0.0] * 5 + [6.0] * 4, 10, (), None),
}


@pytest.mark.parametrize("case", CASES)
def test_changes_that_are_plain_are_named_exactly(case: str) -> None:
    means, start, moves, end = CASES[case]
    noise = np.random.default_rng(3).normal(size=len(means)) * 0.3
    found = last_episode(segments_of((np.array(means) + noise)[:, None]))
    assert found is not None
    assert (found.start, found.moves, found.end) == (start, moves, end)


@pytest.mark.parametrize("case", CASES)
def test_since_is_right_in_most_simulated_series(case: str) -> None:
    """60 series with unit noise: the episode's first window within one window in 90 %, its moves' number in 80 %."""
    means, start, moves, _ = CASES[case]
    rng = np.random.default_rng(4)
    episodes = [last_episode(segments_of((np.array(means) + rng.normal(size=len(means)))[:, None])) for _ in range(60)]
    assert np.mean([found is not None and abs(found.start - start) <= 1 for found in episodes]) >= 0.9
    assert np.mean([found is not None and len(found.moves) == len(moves) for found in episodes]) >= 0.8


def test_a_slope_is_one_move_that_begins_where_it_begins() -> None:
    rng = np.random.default_rng(5)
    means = np.concatenate([np.zeros(10), np.linspace(1, 12, 12)])
    episodes = [last_episode(segments_of((means + rng.normal(size=22))[:, None])) for _ in range(60)]
    assert np.mean([found is not None and found.shape == "slope" for found in episodes]) >= 0.9
    assert np.mean([found is not None and abs(found.start - 10) <= 2 for found in episodes]) >= 0.9


def test_a_slope_and_then_a_cliff() -> None:
    rng = np.random.default_rng(6)
    means = np.concatenate([np.zeros(5), np.linspace(1.5, 12, 8), np.full(5, 40.0)])
    found = last_episode(segments_of((means + rng.normal(size=18))[:, None]))
    assert found is not None
    assert abs(found.start - 5) <= 1
    assert (found.moves, found.shape) == ((13,), "slope")


@pytest.mark.parametrize("windows", [24, 200])
def test_series_without_a_change_are_one_calm_segment(windows: int) -> None:
    rng = np.random.default_rng(7)
    calm = [last_episode(segments_of(rng.normal(size=(windows, 2)))) is None for _ in range(60)]
    assert np.mean(calm) >= 0.97


def test_straying_windows_are_not_taken_for_changes() -> None:
    rng = np.random.default_rng(8)
    calm = [last_episode(segments_of(3 * rng.normal(size=(100, 1)))) is None for _ in range(60)]
    assert np.mean(calm) >= 0.9


def test_the_penalty() -> None:
    assert penalty_of(100, 2) == pytest.approx(3 * np.log(100) + 6)
    assert segments_of(np.empty((0, 1))) == []
    assert last_episode([]) is None
