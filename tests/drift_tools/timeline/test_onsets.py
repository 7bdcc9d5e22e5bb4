"""Since when, after several changes: the first window of the present episode, its later moves, and coverage."""

import numpy as np
import pytest

from drift_tools.timeline import compare_windows

CASES = {
    "one change": ([0.0] * 8 + [0.6] * 8, 8, []),
    "two changes": ([0.0] * 4 + [0.6] * 6 + [2.5] * 6, 4, [10]),
    "three changes": ([0.0] * 4 + [0.7] * 4 + [2.5] * 4 + [0.8] * 4, 4, [8, 12]),
    "a slope and then a cliff": ([0.0] * 5 + list(np.linspace(0.1, 0.8, 8)) + [2.5] * 4, 5, [13]),
    "there, back, and again": ([0.0] * 3 + [1.0] * 2 + [0.0] * 5 + [1.0] * 4, 10, []),
}


def onset_of(means: list[float], seed: int, rows: int = 500):  # type: ignore[no-untyped-def] # an Onset
    rng = np.random.default_rng(seed)
    windows = [(f"{day:02d}", {"x": rng.normal(mean, size=rows)}) for day, mean in enumerate(means)]
    return compare_windows({"x": rng.normal(size=4000)}, windows).onsets["x"]


@pytest.mark.parametrize("case", CASES)
def test_since_is_the_first_window_of_the_present_episode(case: str) -> None:
    """Ten seeds: the interval holds the true first window in nine at least, and the moves are those that there were."""
    means, start, moves = CASES[case]
    found = [onset_of(means, seed) for seed in range(10)]
    assert sum(int(item.earliest) <= start <= int(item.latest) for item in found) >= 9
    assert sum([int(move.window) for move in item.moves] == moves for item in found) >= 9
    assert max(abs(int(item.window) - start) for item in found) <= 2


def test_the_windows_that_were_said_to_have_drifted_are_never_before_since() -> None:
    """At 31f1ef0: table from 03-05, text "since 03-11, all at once: PSI 0.25 before" (8 of 8 seeds)."""
    for seed in range(4):
        found = onset_of(CASES["two changes"][0], seed, rows=700)
        assert found.window == "04"
        assert found.effect_before < 0.05
        assert found.effect_now > 2


def test_earlier_episodes_are_named() -> None:
    found = onset_of(CASES["there, back, and again"][0], 1)
    assert found.earlier == (("03", "04"),)
    assert str(found) == "x: began at 10, all at once"
