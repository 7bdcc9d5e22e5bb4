"""The e-detector: its constants by numerical integration, its recursion by hand, and its promise by simulation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from drift_tools.timeline.cumulative import change_evidence, log_mean_exponential

ONE = np.ones((1, 1))


def detect(z: np.ndarray, *, freedom: float = 1e6, margin: float = 0.0, threshold: float = np.inf) -> np.ndarray:
    return change_evidence(z[:, None, None], ONE, freedom=freedom * ONE, margin=margin, scale=ONE, threshold=threshold)[
        0
    ][:, 0]


@pytest.mark.parametrize("freedom", [3.0, 10.0, 322.0])
def test_the_constant_is_the_mean_of_the_clipped_exponential(freedom: float) -> None:
    law = stats.t(freedom)
    for place, size in enumerate((0.25, 0.5, 1.0, 2.0)):
        inside = integrate.quad(lambda x, size=size: np.exp(size * x) * law.pdf(x), -4, 4)[0]
        mean = inside + law.sf(4) * (np.exp(4 * size) + np.exp(-4 * size))
        assert log_mean_exponential(np.array([freedom]))[0, place] == pytest.approx(np.log(mean), rel=1e-9)


def test_one_window_by_hand() -> None:
    constants = log_mean_exponential(np.array([1e6]))[0]
    z, sizes = 1.5, np.array([0.25, 0.5, 1.0, 2.0])
    by_hand = sum((np.exp(size * z - c) + np.exp(-size * z - c)) / 8 for size, c in zip(sizes, constants, strict=True))
    assert detect(np.array([z]))[0] == pytest.approx(by_hand, rel=1e-12)
    # A window without rows leaves what there was.
    assert detect(np.array([z, np.nan])).tolist() == pytest.approx([by_hand, by_hand])


@given(st.lists(st.floats(min_value=-10, max_value=10), min_size=1, max_size=12))
@settings(max_examples=50)
def test_both_sides_are_treated_alike(values: list[float]) -> None:
    z = np.array(values)
    assert detect(z) == pytest.approx(detect(-z), rel=1e-9)


@given(st.lists(st.floats(min_value=-10, max_value=10), min_size=1, max_size=12), st.integers(0, 11))
@settings(max_examples=50)
def test_windows_before_can_only_add(values: list[float], skipped: int) -> None:
    """State that is recomputed from a part of the past is never larger: old windows may be forgotten."""
    z = np.array(values)
    skipped = min(skipped, len(z) - 1)
    assert detect(z[skipped:])[-1] <= detect(z)[-1] * (1 + 1e-9)


def test_one_odd_window_is_no_change() -> None:
    z = np.concatenate([np.zeros(50), [40.0], np.zeros(10)])
    assert detect(z).max() < 20 * 8760 / 0.2


def test_a_small_lasting_change_is_found() -> None:
    z = np.random.default_rng(5).normal(size=300) + 0.8 * (np.arange(300) >= 200)
    first = int(np.flatnonzero(detect(z, margin=2 / np.sqrt(336), threshold=20 * 8760 / 0.2) >= 20 * 8760 / 0.2)[0])
    assert 205 <= first <= 260


def test_undrifted_series_alarm_as_seldom_as_promised() -> None:
    """600 series of 500 windows, each with a baseline mean of its own from 336 windows: at most 500 / A of them."""
    rng = np.random.default_rng(6)
    series, windows, threshold = 600, 500, 5000.0
    z = rng.normal(size=(windows, series, 1)) - rng.normal(size=(series, 1)) / np.sqrt(336)
    ones = np.ones((series, 1))
    evidence, _ = change_evidence(z, ones, freedom=336 * ones, margin=2 / np.sqrt(336), scale=ones, threshold=threshold)
    share = (evidence >= threshold).any(0).mean()
    assert share <= 500 / threshold
