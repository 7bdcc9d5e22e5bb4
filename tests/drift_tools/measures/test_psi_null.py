"""The index's mean and distribution when nothing has changed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drift_tools.contingency import Counts, pair
from drift_tools.measures import FLOOR, population_stability, psi_null
from drift_tools.measures.psi_null import expected_index, index_p_value


def mean_of_dealings(first: Counts, second: Counts, draws: int) -> float:
    """The index's mean over random ways to deal the rows, the plain way."""
    rng = np.random.default_rng(1)
    totals = (first + second).astype(int)
    dealt = rng.multivariate_hypergeometric(totals, int(second.sum()), size=draws)
    p, q = np.maximum((totals - dealt) / first.sum(), FLOOR), np.maximum(dealt / second.sum(), FLOOR)
    values = ((p - q) * np.log(p / q)).sum(axis=1)
    for row, value in zip(dealt[:100], values, strict=False):  # and that is the index
        assert population_stability(totals - row, row).value == pytest.approx(value, rel=1e-9, abs=1e-15)
    return float(np.mean(values))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.full(10, 10.0), np.full(10, 10.0)),
        (np.full(10, 100.0), np.full(10, 5.0)),
        (np.full(10, 5.0), np.full(10, 100.0)),
        (np.arange(1.0, 41.0), np.repeat([1.0, 0.0], 20)),
        (np.array([999.0, 1.0]), np.array([200.0, 0.0])),
        (np.array([3000.0, 2000.0, 2.0]), np.array([800.0, 700.0, 9.0])),
    ],
)
def test_the_mean_is_that_of_random_dealings(first: Counts, second: Counts) -> None:
    assert expected_index(first, second, floor=FLOOR) == pytest.approx(mean_of_dealings(first, second, 3000), rel=0.05)


def test_a_mean_is_the_same_whatever_was_asked_for_before() -> None:
    rng = np.random.default_rng(4)
    counts = [rng.multinomial(rows, rng.dirichlet(np.ones(100)), size=30) for rows in (3000, 200)]
    every = list(zip(*counts, strict=True))
    one_after_the_other = [expected_index(*sides, floor=FLOOR) for sides in every]
    for sides, found in zip(reversed(every), reversed(one_after_the_other), strict=True):
        psi_null._known_means.cache_clear()
        assert expected_index(*sides, floor=FLOOR) == found
        assert expected_index(*(side[::-1] for side in sides), floor=FLOOR) == found


@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (10_000, 1000), (1_000_000, 1_000_000)])
def test_with_many_rows_a_bin_it_is_yurdakuls(n: int, m: int) -> None:
    found = expected_index(np.full(10, n / 10), np.full(10, m / 10), floor=FLOOR)
    assert found == pytest.approx(9 * (1 / n + 1 / m), rel=0.01)


@pytest.mark.parametrize(("categories", "n", "m"), [(10, 1000, 50), (1000, 1000, 50), (1000, 1_000_000, 200)])
def test_the_excess_is_nothing_on_average_also_with_a_thousand_categories(categories: int, n: int, m: int) -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet(np.ones(categories))
    found = []
    for _ in range(60):
        first, second = pair(rng.multinomial(n, shares), rng.multinomial(m, shares))
        found.append(population_stability(first, second).value - expected_index(first, second, floor=FLOOR))
    assert abs(np.mean(found)) < 4 * np.std(found) / np.sqrt(60) + 0.02


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=20))
@settings(deadline=None)
def test_it_is_at_least_zero_and_knows_no_side(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs, dtype=np.float64).T
    if second.sum():
        found = expected_index(first, second, floor=FLOOR)
        assert found >= 0
        assert found == pytest.approx(expected_index(second, first, floor=FLOOR), rel=1e-6, abs=1e-12)


def test_the_p_value_holds_its_level_where_chi_squared_does_not() -> None:
    rng = np.random.default_rng(3)
    simulated, textbook = [], []
    for _ in range(300):
        first, second = pair(rng.multinomial(50, np.full(10, 0.1)), rng.multinomial(50, np.full(10, 0.1)))
        stability = population_stability(first, second)
        simulated.append(index_p_value(stability.value, first, second, floor=FLOOR, draws=400) <= 0.05)
        textbook.append(stability.value / (1 / 50 + 1 / 50) >= stats.chi2.isf(0.05, 9))
    assert np.mean(simulated) <= 0.085
    assert np.mean(textbook) > 0.1


def test_with_many_rows_it_is_chi_squareds() -> None:
    first, second = np.full(10, 50.0), np.arange(41.0, 61.0, 2)
    assert population_stability(first, second).p_value == pytest.approx(
        stats.chi2.sf(population_stability(first, second).value / (1 / 500 + 1 / 500), 9), rel=1e-9
    )


def test_nothing_to_compare_and_nothing_to_tell_apart() -> None:
    counts = np.array([10.0, 20.0, 30.0])
    assert index_p_value(0.0, counts, counts, floor=FLOOR) == 1.0
    assert index_p_value(0.0, np.array([5.0]), np.array([9.0]), floor=FLOOR) == 1.0
    assert np.isnan(index_p_value(0.0, np.zeros(2), np.ones(2), floor=FLOOR))
