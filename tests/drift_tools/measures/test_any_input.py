"""What must hold of a measure for any input."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.contingency import fisher_exact_p_value
from drift_tools.measures import chi_squared, jensen_shannon, l_infinity, population_stability, quantile_edges
from drift_tools.measures.kolmogorov_smirnov import kolmogorov_smirnov
from drift_tools.measures.wasserstein import wasserstein
from tests.drift_tools.measures.samples import SAMPLES, counts, psi_of


@given(counts())
def test_measures_of_shares_have_their_bounds(pair: tuple[list[int], list[int]]) -> None:
    first, second = pair
    stability = population_stability(first, second)
    assert 0 <= stability.value < math.inf
    assert stability.value == pytest.approx(population_stability(second, first).value)
    assert 0 <= stability.p_value <= 1
    assert 0 <= l_infinity(first, second) <= 1
    assert l_infinity(first, second) == l_infinity(second, first)
    assert 0 <= chi_squared(first, second).p_value <= 1
    assert chi_squared(first, second).statistic >= 0


@given(counts())
def test_measures_of_shares_are_nothing_on_themselves(pair: tuple[list[int], list[int]]) -> None:
    first, _ = pair
    assert population_stability(first, first).value == 0
    assert jensen_shannon(first, first) == 0
    assert l_infinity(first, first) == 0
    assert chi_squared(first, first).statistic == pytest.approx(0, abs=1e-9)
    assert chi_squared(first, first).p_value == pytest.approx(1)


@given(SAMPLES)
def test_measures_of_numbers_are_nothing_on_themselves(values: list[float]) -> None:
    sample = np.array(values)
    test = kolmogorov_smirnov(sample, sample)
    assert (test.statistic, test.p_value) == (0, 1)
    assert wasserstein(sample, sample) == 0
    assert psi_of(sample, sample) == 0


@given(SAMPLES, SAMPLES, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_rows_does_not_matter(first: list[float], second: list[float], random: object) -> None:
    baseline, current = np.array(first), np.array(second)
    mixed, mixed_too = baseline[::-1].copy(), np.roll(current, 1)
    assert kolmogorov_smirnov(mixed, mixed_too) == kolmogorov_smirnov(baseline, current)
    assert wasserstein(mixed, mixed_too) == pytest.approx(wasserstein(baseline, current), nan_ok=True)
    assert psi_of(mixed, mixed_too) == psi_of(baseline, current)


@pytest.mark.parametrize(
    "transform", [np.exp, lambda x: x**3, np.arctan, lambda x: 1000 * x + 7], ids=["exp", "cube", "arctan", "line"]
)
@given(
    st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=1, max_size=60),
    st.lists(st.integers(-400, 400).map(lambda i: i / 100), min_size=1, max_size=60),
)
@settings(deadline=None)
def test_strictly_increasing_transforms_change_neither_ks_nor_psi(
    transform: np.ufunc, first: list[float], second: list[float]
) -> None:
    baseline, current = np.array(first), np.array(second)
    assert kolmogorov_smirnov(transform(baseline), transform(current)) == kolmogorov_smirnov(baseline, current)
    assert psi_of(transform(baseline), transform(current)) == psi_of(baseline, current)


def test_an_empty_sample_has_no_measures() -> None:
    nothing, something = np.empty(0), np.array([1.0])
    for pair in ((nothing, something), (something, nothing)):
        assert math.isnan(kolmogorov_smirnov(*pair).statistic)
        assert math.isnan(wasserstein(*pair))
    for shares in (([0, 0], [1, 2]), ([1, 2], [0, 0])):
        assert math.isnan(population_stability(*shares).value)
        assert math.isnan(jensen_shannon(*shares))
        assert math.isnan(l_infinity(*shares))
        assert math.isnan(chi_squared(*shares).p_value)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(ValueError, match="one count a bin"):
        jensen_shannon([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="negative"):
        l_infinity([-1, 2], [1, 2])
    for numbers in ([math.nan, 5, 5], [math.nan, -5, 5]):  # what is no number may not leave its bin out
        with pytest.raises(ValueError, match="NaN"):
            population_stability(numbers, [3, 5, 5])
    with pytest.raises(ValueError, match="floor"):
        population_stability([1], [1], floor=0)
    with pytest.raises(ValueError, match="0 <= hits <= rows"):
        fisher_exact_p_value(3, 2, 0, 1)
    with pytest.raises(ValueError, match="bins"):
        quantile_edges(np.array([1.0]), bins=0)


def test_results_are_frozen() -> None:
    test = kolmogorov_smirnov(np.array([1.0]), np.array([2.0]))
    with pytest.raises(AttributeError):
        test.statistic = 0.0  # type: ignore[misc] # that it is refused is what is tested
