"""Each measure against scipy, and against what must hold for any input."""

import itertools
import math
import warnings
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.spatial import distance as spatial

import drift_tools.measures.kolmogorov_smirnov as module
from drift_tools.contingency import fisher_exact_p_value
from drift_tools.measures import (
    chi_squared,
    count_distinct,
    count_in_bins,
    jensen_shannon,
    ks_p_value,
    l_infinity,
    moments,
    population_stability,
    quantile_edges,
    rare_categories_p_value,
    rows_needed,
)
from drift_tools.measures.kolmogorov_smirnov import kolmogorov_smirnov, ks_statistic
from drift_tools.measures.psi import PopulationStability
from drift_tools.measures.wasserstein import distance_of_sorted, wasserstein
from drift_tools.significance import homogeneity_p_value
from drift_tools.significance.samples import rank_p_value
from drift_tools.tables import Numbers

NUMBERS = st.lists(st.floats(-1e6, 1e6).map(lambda value: round(value, 3)), min_size=1, max_size=60)
TIED = st.lists(st.integers(0, 4).map(float), min_size=1, max_size=60)
SAMPLES = st.one_of(NUMBERS, TIED)


@st.composite
def counts(draw: st.DrawFn) -> tuple[list[int], list[int]]:
    size = draw(st.integers(1, 8))
    one = st.lists(st.integers(0, 200), min_size=size, max_size=size)
    first, second = draw(one), draw(one)
    assume(sum(first) and sum(second))
    return first, second


def psi_of(baseline: Numbers, current: Numbers) -> float:
    edges = quantile_edges(np.sort(baseline))
    return population_stability(count_in_bins(np.sort(baseline), edges), count_in_bins(np.sort(current), edges)).value


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
    first, second = FAMILIES[family](np.random.default_rng(7), n, m)
    for baseline, current in ((first, second), (second, first)):
        ordered = np.sort(baseline), np.sort(current)
        theirs = stats.ks_2samp(baseline, current, method="asymp")
        assert ks_statistic(*ordered) == pytest.approx(theirs.statistic, rel=1e-12, abs=1e-12)
        distance = stats.wasserstein_distance(baseline, current)
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


@pytest.mark.parametrize("n", [1, 2, 7, 100, 999, 10_000])
def test_the_exact_p_value_is_scipys(n: int) -> None:
    rng = np.random.default_rng(n)
    for shift in (0.0, 0.05, 0.3, 3.0):
        first, second = rng.normal(size=n), rng.normal(shift, size=n)
        assert kolmogorov_smirnov(first, second).p_value == pytest.approx(
            stats.ks_2samp(first, second).pvalue, rel=1e-9
        )


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


def test_psi_of_a_textbook_example() -> None:
    shares = np.array([0.2, 0.3, 0.5]), np.array([0.3, 0.3, 0.4])
    expected = float(np.sum((shares[0] - shares[1]) * np.log(shares[0] / shares[1])))
    assert population_stability(1000 * shares[0], 1000 * shares[1]).value == pytest.approx(expected)


def test_an_empty_bin_counts_as_the_floor() -> None:
    value = population_stability([500, 500], [1000, 0]).value
    assert value == pytest.approx((0.5 - 1.0) * math.log(0.5) + (0.5 - 1e-4) * math.log(0.5 / 1e-4))
    assert population_stability([500, 500], [1000, 0], floor=1e-2).value < value


@pytest.mark.parametrize(
    ("n", "m", "critical"),
    [(300, 300, 0.1128), (1000, 200, 0.1015), (1000, 1000, 0.0338), (10_000, 1000, 0.0186), (10_000, 10_000, 0.00338)],
)
def test_the_null_of_psi_is_yurdakuls(n: int, m: int, critical: float) -> None:
    # The 95 % quantile of (1/n + 1/m) chi-squared(9): Yurdakul and Naranjo, J. Risk Model Validation 14(4), 2020.
    baseline = np.full(10, n / 10)

    def measured(share: float) -> PopulationStability:
        return population_stability(baseline, m * np.array([0.1 - share, 0.1 + share] + [0.1] * 8))

    # The share that moves from the first bin to the second so that the index is the critical one.
    moved = optimize.brentq(lambda share: measured(share).value - critical, 0, 0.099)
    assert measured(moved).value == pytest.approx(critical)
    assert measured(moved).p_value == pytest.approx(0.05, abs=5e-4)


@pytest.mark.parametrize(("n", "m"), [(1000, 1000), (10_000, 1000), (10_000, 10_000)])
def test_samples_of_one_population_have_yurdakuls_index(n: int, m: int) -> None:
    rng = np.random.default_rng(5)
    rejected, values = 0, []
    for _ in range(400):
        baseline, current = np.sort(rng.normal(size=n)), np.sort(rng.normal(size=m))
        edges = quantile_edges(baseline)
        stability = population_stability(count_in_bins(baseline, edges), count_in_bins(current, edges))
        assert stability.bins == 10
        assert stability.expected == pytest.approx(9 * (1 / n + 1 / m), rel=0.02)
        rejected += stability.p_value < 0.05
        values.append(stability.value)
    assert 0.02 <= rejected / 400 <= 0.085
    assert np.mean(values) == pytest.approx(9 * (1 / n + 1 / m), rel=0.08)


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


@given(SAMPLES)
def test_bins_hold_every_row_and_are_as_equal_as_ties_allow(values: list[float]) -> None:
    sample = np.sort(np.array(values))
    edges = quantile_edges(sample)
    rows = count_in_bins(sample, edges)
    assert rows.sum() == len(sample)
    assert len(edges) <= 9
    assert np.all(np.diff(edges) > 0)
    # Empty is a bin at most between two neighbouring values that have bins of their own: what lies there is neither.
    within = [bool(((sample > low) & (sample < high)).any()) for low, high in itertools.pairwise(sorted(set(values)))]
    assert np.count_nonzero(rows == 0) <= within.count(False)
    assert rows[0] > 0
    assert rows[-1] > 0
    if len(set(values)) == len(values) >= 10:
        assert rows.max() - rows.min() <= 1


UNDER_ONE = math.nextafter(1.0, 0.0)


@pytest.mark.parametrize(
    ("values", "edges"),
    [
        ([], []),
        ([5.0] * 50, []),
        ([0.0] * 95 + [1.0] * 5, [0.0]),
        ([0.0] * 5 + [1.0] * 95, [UNDER_ONE]),
        ([0.0, 1.0] * 50, [0.0, UNDER_ONE]),
        ([0.0] * 15 + [1.0] * 85, [0.0, UNDER_ONE]),
        ([0.0] * 6 + [1.0] * 5 + [2.0] * 89, [1.0, math.nextafter(2.0, 0.0)]),
        ([0.0] * 6 + [1.0] * 9 + [2.0] * 85, [UNDER_ONE, math.nextafter(2.0, 0.0)]),
        ([0.0] * 5 + [1.0] * 90 + [2.0] * 5, [UNDER_ONE, 1.0]),
    ],
)
def test_equal_quantiles_are_one_edge_and_their_value_a_bin_of_its_own(values: list[float], edges: list[float]) -> None:
    assert quantile_edges(np.sort(np.array(values))).tolist() == edges


@given(st.integers(1, 999), st.integers(0, 1000), st.sampled_from([1000, 2000]))
@settings(deadline=None)
def test_a_flag_has_the_index_of_its_two_categories_whichever_of_them_is_the_larger_number(
    before: int, after: int, rows: int
) -> None:
    baseline = np.array([0.0] * before + [1.0] * (1000 - before))
    current = np.array(([0.0] * after + [1.0] * (1000 - after)) * (rows // 1000))
    as_categories = population_stability(
        [before, 1000 - before], [after * rows // 1000, rows - after * rows // 1000]
    ).value
    for factor, offset in ((1.0, 0.0), (-1.0, 0.0), (-1.0, 1.0), (1e9, 0.0), (1 / 7, -3.0)):
        moved = [factor * side + offset for side in (baseline, current)]
        assert psi_of(*moved) == pytest.approx(as_categories, abs=1e-12)


@given(
    st.dictionaries(st.sampled_from([-2.5, -1.0, 0.0, 0.5, 1.0, 3.0]), st.integers(2, 400), min_size=1),
    st.lists(st.integers(0, 40), min_size=13, max_size=13),
)
@settings(deadline=None)
def test_a_column_of_few_values_and_its_mirror_image_have_one_index(
    rows: dict[float, int], current_rows: list[int]
) -> None:
    assume(any(current_rows))
    baseline = np.sort(np.repeat(list(rows), list(rows.values())))
    up_to = np.cumsum([rows[value] for value in sorted(rows)])
    # A share in the very middle of a value's rows is as near to one side as to the other, and one that its last row
    # reaches has its edge next to that value, not to the following one: by definition both are above the value.
    either = {*(5 * (up_to + np.concatenate([[0], up_to[:-1]]))).tolist(), *(10 * up_to).tolist()}
    assume(not either & {len(baseline) * tenth for tenth in range(1, 10)})
    current = np.repeat(np.arange(-6.0, 7.0) * 0.5, current_rows)
    assert psi_of(-baseline, -current) == pytest.approx(psi_of(baseline, current), abs=1e-12)


def test_one_outlier_moves_no_bin() -> None:
    values = np.arange(10_000.0)
    assert quantile_edges(np.append(values, 1e6)).tolist() == pytest.approx(quantile_edges(values).tolist(), abs=1.0)


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
    with pytest.raises(ValueError, match="floor"):
        population_stability([1], [1], floor=0)
    with pytest.raises(ValueError, match="0 <= hits <= rows"):
        fisher_exact_p_value(3, 2, 0, 1)
    with pytest.raises(ValueError, match="bins"):
        quantile_edges(np.array([1.0]), bins=0)


@pytest.mark.parametrize(("bins", "other"), [(10, 1000), (10, 100_000), (24, 60_000), (2, 500)])
def test_rows_needed_keep_the_noise_below_the_threshold(bins: int, other: int) -> None:
    needed = rows_needed(bins, other, threshold=0.1, alpha=0.05)
    excess = stats.chi2.ppf(0.95, bins - 1) - (bins - 1)
    assert excess * (1 / needed + 1 / other) <= 0.1
    assert excess * (1 / (needed - 1) + 1 / other) > 0.1


def test_results_are_frozen() -> None:
    test = kolmogorov_smirnov(np.array([1.0]), np.array([2.0]))
    with pytest.raises(AttributeError):
        test.statistic = 0.0  # type: ignore[misc] # that it is refused is what is tested
