"""What grows and is not yet material: found in windows none of which drifted, and not where nothing moves."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from drift_tools.timeline import compare_windows

BASELINE = {"x": np.random.default_rng(0).normal(size=20_000), "y": np.random.default_rng(1).normal(size=20_000)}


def days(slope: float, number: int, seed: int, rows: int = 2400) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Days of two columns, of which one moves by `slope` standard deviations a day."""
    rng = np.random.default_rng(seed)
    return [
        (f"d{day:02d}", {"x": rng.normal(slope * day, size=rows), "y": rng.normal(size=rows)}) for day in range(number)
    ]


def test_a_slow_drift_is_known_before_it_is_material() -> None:
    """0.02 σ a day reaches PSI 0.1, a shift of 0.316 σ, on day 16; ten days know that it is on its way."""
    timeline = compare_windows(BASELINE, days(0.02, 11, seed=2))
    assert not timeline.drifted
    assert list(timeline.growing) == ["x"]
    found = timeline.growing["x"]
    assert 0.02 < found.effect < 0.06
    assert found.windows_left is not None
    assert 3 <= found.windows_left <= 10
    effects = [window.comparison.features["x"].effect for window in timeline.windows]
    assert found.p_value == pytest.approx(kendalltau(range(11), effects, alternative="greater").pvalue)
    assert timeline.to_dict()["growing"]["x"] == found.to_dict()


def test_what_is_drift_is_not_growing_besides() -> None:
    timeline = compare_windows(BASELINE, days(0.04, 14, seed=3))
    assert timeline.drifted_features == ["x"]
    assert timeline.growing == {}


def test_windows_that_do_not_change_name_a_feature_as_rarely_as_promised() -> None:
    """At most 5 % of timelines; 200 of them, so that 20 would be far beyond."""
    rng = np.random.default_rng(4)
    baseline = {"x": rng.normal(size=2000)}
    named = 0
    for _ in range(200):
        windows = [(f"{place}", {"x": rng.normal(size=100)}) for place in range(8)]
        named += bool(compare_windows(baseline, windows).growing)
    assert named <= 20


def test_few_windows_say_nothing_of_growth() -> None:
    assert compare_windows(BASELINE, days(0.05, 5, seed=5)).growing == {}
