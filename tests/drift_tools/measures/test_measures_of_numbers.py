"""The Kolmogorov-Smirnov test and the Wasserstein distance against scipy."""

import math
import warnings
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given, settings
from numpy.typing import NDArray
from scipy import stats

import drift_tools.measures.kolmogorov_smirnov as module
from drift_tools.measures import count_distinct, ks_p_value, moments
from drift_tools.measures.kolmogorov_smirnov import kolmogorov_smirnov, ks_statistic
from drift_tools.measures.wasserstein import distance_of_sorted, wasserstein
from tests.drift_tools.measures.samples import SAMPLES


@given(SAMPLES, SAMPLES)
@settings(deadline=None)
def test_ks_is_scipys(first: list[float], second: list[float]) -> None:
    ours = kolmogorov_smirnov(np.array(first), np.array(second))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", RuntimeWarning)
        theirs = stats.ks_2samp(first, second)
    assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-12)
    # Where rounding takes scipy's exact value out of 0 … 1, it warns and gives the asymptotic one.
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=5e-3 if warned else 1e-12)
    assert 0 <= ours.statistic <= 1
    assert kolmogorov_smirnov(np.array(second), np.array(first)).statistic == ours.statistic


# Enough rows for every way of a measure: exact and asymptotic, cells split, samples merged, several blocks of a sum.
FAMILIES: dict[str, Callable[[np.random.Generator, int, int], tuple[NDArray[Any], NDArray[Any]]]] = {
    "normal": lambda rng, n, m: (rng.normal(size=n), rng.normal(0.02, size=m)),
    "shifted": lambda rng, n, m: (rng.normal(size=n), rng.normal(1.0, size=m)),
    "heavy tails": lambda rng, n, m: (rng.standard_cauchy(n), rng.standard_cauchy(m)),
    "discrete": lambda rng, n, m: (rng.poisson(4, n) * 1.0, rng.poisson(4.1, m) * 1.0),
    "many ties": lambda rng, n, m: (rng.integers(0, 200, n) / 7, rng.binomial(200, 0.5, m) / 7),
    "zero-inflated": lambda rng, n, m: (
        rng.exponential(size=n) * (rng.random(n) < 0.1),
        rng.exponential(size=m) * (rng.random(m) < 0.12),
    ),
    "disjoint": lambda rng, n, m: (rng.random(n), rng.random(m) + 2),
    "a constant": lambda rng, n, m: (np.ones(n), rng.random(m)),
    "two constants": lambda rng, n, m: (np.ones(n), np.full(m, 2.0)),
    "different in the last digit": lambda rng, n, m: ((values := rng.random(max(n, m)))[:n], values[:m] + 1e-12),
}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    ("n", "m"), [(60_000, 60_000), (60_000, 46_200), (150_000, 37), (12_000, 300), (10_001, 10_000), (1, 30_000)]
)
def test_large_samples_are_measured_as_by_scipy(family: str, n: int, m: int) -> None:
    first, second = (np.sort(side) for side in FAMILIES[family](np.random.default_rng(7), n, m))
    theirs = stats.ks_2samp(first, second, method="asymp")
    distance = stats.wasserstein_distance(first, second)
    for baseline, current in ((first, second), (second, first)):
        ordered = baseline, current
        assert ks_statistic(*ordered) == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-12)
        assert distance_of_sorted(*ordered) == pytest.approx(distance, rel=1e-12)
        if baseline.min() < baseline.max():
            assert wasserstein(baseline, current) == pytest.approx(distance / np.std(baseline), rel=1e-11)


def test_a_million_rows_are_measured_as_by_scipy() -> None:
    rng = np.random.default_rng(8)
    first, second = np.sort(rng.lognormal(size=1_000_000)), np.sort(rng.lognormal(0.001, size=770_000))
    assert ks_statistic(first, second) == pytest.approx(stats.ks_2samp(first, second).statistic, abs=1e-12)
    assert distance_of_sorted(first, second) == pytest.approx(stats.wasserstein_distance(first, second), rel=1e-12)


@pytest.mark.parametrize(("n", "m"), [(20_000, 20_000), (12_000, 300), (10_001, 4000), (80_000, 31_000)])
@pytest.mark.parametrize("scaled", [0.3, 0.8, 1.36, 1.48, 1.49, 2.2, 3.0, 5.0])
def test_the_p_value_of_large_samples_is_scipys(n: int, m: int, scaled: float) -> None:
    rows = round(n * m / (n + m))
    statistic = scaled / math.sqrt(rows)
    expected = float(stats.kstwo.sf(statistic, rows))
    assert ks_p_value(statistic, n, m) == pytest.approx(
        expected, rel=1e-12 if rows < 2500 else 2e-4 if scaled < 4 else 1e-3
    )


@pytest.mark.parametrize("n", [1, 7, 100, 999, 10_000])
@pytest.mark.parametrize("m", [1, 2, 41, 100, 999, 10_000])
def test_the_exact_p_value_is_scipys(n: int, m: int) -> None:
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.05, 0.3, 3.0, 30.0):
        first, second = rng.normal(size=n), rng.normal(shift, size=m)
        assert kolmogorov_smirnov(first, second).p_value == pytest.approx(
            stats.ks_2samp(first, second).pvalue, rel=1e-9
        )


@pytest.mark.parametrize(("n", "m"), [(1, 2), (7, 41), (41, 7), (100, 999), (400, 600), (500, 4000), (999, 1000)])
def test_the_p_value_is_the_same_to_the_last_digit_whether_scipy_is_loaded_or_not(n: int, m: int) -> None:
    for one, other in ((0.5, 0.49), (0.5, 0.45), (0.4, 0.33), (0.9, 0.7), (0.6, 0.1), (1.0, 0.0)):
        lead = math.ceil(one * n) * m - math.floor(other * m) * n
        assert module._counted_p_value(lead, n, m) == module._scipys_p_value(lead, n, m)


def test_a_test_of_large_samples_is_scipys() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=20_000), rng.normal(0.02, size=12_000)
    ours, theirs = kolmogorov_smirnov(first, second), stats.ks_2samp(first, second)
    assert ours.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert ours.p_value == pytest.approx(theirs.pvalue, rel=2e-4)


@given(SAMPLES, SAMPLES)
def test_branch_and_bound_finds_what_a_merge_finds(first: list[float], second: list[float]) -> None:
    baseline, current = np.sort(np.array(first)), np.sort(np.array(second))
    both = np.concatenate([baseline, current])
    shares = [np.searchsorted(side, both, side="right") / len(side) for side in (baseline, current)]
    with patch.object(module, "_EXACT_UP_TO", 0):  # nothing is too short to be split
        assert ks_statistic(baseline, current) == pytest.approx(float(np.max(np.abs(shares[0] - shares[1]))), abs=1e-12)


@pytest.mark.parametrize("size", [1, 2, 32_768, 32_769, 100_000])
def test_sums_by_block_are_numpys(size: int) -> None:
    values = np.sort(np.random.default_rng(size).gamma(2.0, 1e5, size)) // 10 + 1e9
    mean, deviation = moments(values, float(values[size // 2]))
    assert mean == pytest.approx(float(np.mean(values)), rel=1e-14)
    assert deviation == pytest.approx(float(np.std(values)), rel=1e-9)
    assert count_distinct(values) == len(np.unique(values))
    assert moments(np.full(size, 0.1), 0.1) == (0.1, 0.0)


@given(SAMPLES, SAMPLES)
def test_wasserstein_is_scipys_in_units_of_the_baseline(first: list[float], second: list[float]) -> None:
    ours, distance = wasserstein(np.array(first), np.array(second)), stats.wasserstein_distance(first, second)
    ours_back = wasserstein(np.array(second), np.array(first))
    if distance == 0:
        assert ours == ours_back == 0
        return
    for value, sample in ((ours, first), (ours_back, second)):  # the distance itself is symmetric
        if min(sample) == max(sample):
            assert value == math.inf
        else:
            assert value * np.std(sample) == pytest.approx(distance, rel=1e-9)
