"""Measures of counts of categories against scipy: Jensen-Shannon, chi-squared and the exact test."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial import distance as spatial

from drift_tools.contingency import fisher_exact_p_value
from drift_tools.measures import chi_squared, jensen_shannon, rare_categories_p_value
from drift_tools.significance import homogeneity_p_value
from drift_tools.significance.samples import rank_p_value
from tests.drift_tools.measures.samples import counts


@given(counts())
def test_jensen_shannon_is_scipys(pair: tuple[list[int], list[int]]) -> None:
    first, second = pair
    expected = spatial.jensenshannon(first, second, base=2)
    assert jensen_shannon(first, second) == pytest.approx(0.0 if np.isnan(expected) else expected, abs=1e-7)
    assert 0 <= jensen_shannon(first, second) <= 1
    assert jensen_shannon(second, first) == pytest.approx(jensen_shannon(first, second), abs=1e-12)


@given(counts())
def test_chi_squared_is_scipys_where_nothing_is_rare(pair: tuple[list[int], list[int]]) -> None:
    table = np.array(pair)
    table = table[:, table.sum(axis=0) > 0]
    assume(table.shape[1] > 1)
    expected = stats.contingency.expected_freq(table)
    assume(expected.min() >= 5)
    ours = chi_squared(*table)
    theirs = stats.chi2_contingency(table, correction=False)
    assert (ours.statistic, ours.p_value) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9, abs=1e-12)
    assert (ours.degrees, ours.pooled) == (theirs.dof, 0)


def test_rare_categories_are_pooled() -> None:
    test = chi_squared([500, 480, 4, 4, 4], [490, 500, 3, 2, 1])
    pooled = stats.chi2_contingency([[500, 480, 12], [490, 500, 6]], correction=False)
    assert (test.statistic, test.p_value) == pytest.approx((pooled.statistic, pooled.pvalue))
    assert (test.degrees, test.pooled) == (2, 3)


def test_a_pool_that_is_still_rare_joins_the_smallest_other() -> None:
    test = chi_squared([500, 480, 2, 1], [490, 500, 1, 0])
    joined = stats.chi2_contingency([[500, 483], [490, 501]], correction=False)
    assert test.statistic == pytest.approx(joined.statistic)
    assert test.degrees == 1


def test_two_categories_and_few_rows_are_fishers() -> None:
    assert chi_squared([20, 1], [15, 6]).p_value == pytest.approx(stats.fisher_exact([[20, 1], [15, 6]]).pvalue)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_the_exact_test_of_a_share_is_fishers(a: int, b: int, c: int, d: int) -> None:
    assume(a + b and c + d)
    found = fisher_exact_p_value(a, a + b, c, c + d)
    assert found == pytest.approx(stats.fisher_exact([[a, b], [c, d]]).pvalue, rel=1e-6)


@pytest.mark.parametrize("sizes", [(60_000, 50), (50, 60_000), (1_000_000, 1_000_000)])
def test_the_exact_test_of_large_samples(sizes: tuple[int, int]) -> None:
    n, m = sizes
    assert fisher_exact_p_value(0, n, 4, m) == pytest.approx(stats.fisher_exact([[0, n], [4, m - 4]]).pvalue, rel=1e-6)


@pytest.mark.parametrize(("hits", "others"), [(200, 300), (250, 250), (499, 501), (0, 500)])
def test_the_exact_test_far_out_in_large_samples(hits: int, others: int) -> None:
    """Beyond the reach of the sum there is nothing, in either direction."""
    found = fisher_exact_p_value(hits, 100_000, others, 100_000)
    expected = stats.fisher_exact([[hits, 100_000 - hits], [others, 100_000 - others]]).pvalue
    assert found == pytest.approx(expected, rel=1e-6)


def test_the_chi_squared_test_of_few_and_a_share_of_a_feature_have_one_p_value() -> None:
    before, now = [1, 999], [3, 47]
    fisher = stats.fisher_exact([before, now]).pvalue
    assert chi_squared(before, now).p_value == pytest.approx(fisher, rel=1e-9)
    assert homogeneity_p_value(before, now) == pytest.approx(fisher, rel=1e-9)
    assert rank_p_value(before, now) == pytest.approx(fisher, rel=1e-9)


def test_a_category_that_pooling_hides_is_found() -> None:
    baseline, current = [30_000, 30_000, 0], [24, 23, 3]
    assert chi_squared(baseline, current).p_value > 0.5
    p_value = rare_categories_p_value(baseline, current)
    assert p_value is not None
    assert p_value == pytest.approx(3 * stats.hypergeom.pmf(3, 60_050, 3, 50), rel=1e-6)
    assert rare_categories_p_value([500, 500], [500, 500]) is None


def test_singletons_of_a_long_tail_are_no_news() -> None:
    rng = np.random.default_rng(0)
    alarms = 0
    for _ in range(200):
        both = rng.zipf(1.6, 3000).clip(max=100_000)
        names, inverse = np.unique(both, return_inverse=True)
        first = np.bincount(inverse[:2500], minlength=len(names))
        second = np.bincount(inverse[2500:], minlength=len(names))
        p_value = rare_categories_p_value(first, second)
        alarms += p_value is not None and p_value < 0.05
    assert alarms <= 10
