"""p-values that hold at small levels, with scipy's as the measure."""

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from drift_tools.significance import combined, homogeneity_p_value, numbers_p_value, share_p_value
from drift_tools.significance.samples import rank_p_value

COUNTS = st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), min_size=1, max_size=12)


@given(COUNTS)
@example([(0, 1), (0, 9), (17, 1)])
@settings(deadline=None)
def test_p_values_are_probabilities_and_know_no_side(pairs: list[tuple[int, int]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    for test in (homogeneity_p_value, rank_p_value):
        assert 0 <= test(first, second) <= 1
        assert test(first, second) == pytest.approx(test(second, first), rel=1e-6, abs=1e-300)


@given(COUNTS)
@settings(deadline=None)
def test_the_order_of_bins_matters_to_ranks_only_as_a_direction(pairs: list[tuple[int, int]]) -> None:
    first, second = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    assert rank_p_value(first, second) == pytest.approx(rank_p_value(first[::-1], second[::-1]), rel=1e-6, abs=1e-300)


@given(st.lists(st.integers(0, 100), min_size=1, max_size=10))
def test_equal_samples_do_not_differ(counts: list[int]) -> None:
    assert homogeneity_p_value(counts, counts) == pytest.approx(1.0)
    assert rank_p_value(counts, counts) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("first", "second"),
    [([500, 300, 200], [420, 330, 250]), ([40, 50, 60, 70], [60, 50, 40, 30]), ([900, 100, 50], [80, 20, 10])],
)
def test_homogeneity_is_the_larger_of_pearsons_and_g(first: list[int], second: list[int]) -> None:
    table = np.array([first, second])
    expected = [
        stats.chi2_contingency(table, correction=False, lambda_=kind).pvalue for kind in ("pearson", "log-likelihood")
    ]
    assert homogeneity_p_value(first, second) == pytest.approx(max(expected), rel=1e-9)


def test_rare_bins_are_pooled_by_rule() -> None:
    # 5 rows expected in the smaller sample: 4 + 4 + 2 of 1000 are not enough alone, and 10 of 2000 together are
    first, second = [500, 490, 4, 4, 2], [490, 500, 2, 4, 4]
    pooled = stats.chi2_contingency([[500, 490, 10], [490, 500, 10]], correction=False, lambda_="log-likelihood")
    assert homogeneity_p_value(first, second) == pytest.approx(pooled.pvalue, rel=1e-3)
    # and three rows are too few even together: they join the smallest other
    first, second = [500, 498, 1, 1], [490, 509, 1, 0]
    joined = stats.fisher_exact([[502, 498], [491, 509]]).pvalue
    assert homogeneity_p_value(first, second) == pytest.approx(joined, rel=1e-9)


@pytest.mark.parametrize(("hits", "other"), [(0, 4), (1, 12), (3, 3), (0, 1)])
def test_a_short_share_is_exact(hits: int, other: int) -> None:
    expected = stats.fisher_exact([[hits, 1000 - hits], [other, 50 - other]]).pvalue
    assert share_p_value(hits, 1000, other, 50) == pytest.approx(expected)


def test_ranks_against_every_way_to_deal_the_rows() -> None:
    first, second = np.array([4, 3, 2, 1]), np.array([0, 1, 3, 4])
    totals = first + second
    rows = np.repeat(np.arange(4), totals)
    scores = (np.cumsum(totals) - totals / 2)[rows]
    observed = float(second @ (np.cumsum(totals) - totals / 2))
    sums = np.array([scores[list(chosen)].sum() for chosen in combinations(range(18), 8)])
    assert rank_p_value(first, second) == pytest.approx(2 * np.mean(sums > observed - 1e-9), rel=1e-12)


@pytest.mark.parametrize(("totals", "m"), [((5000, 4999, 1), 50), ((5000, 4990, 10), 50), ((25, 25), 25)])
def test_the_rank_test_holds_its_level_beside_a_stray_value(totals: tuple[int, ...], m: int) -> None:
    """By all ways in which the rows could have been dealt: P(p <= u) <= u for every u."""
    drawn = [[m - sum(rest), *rest] for rest in product(*(range(min(rows, m) + 1) for rows in totals[1:]))]
    possible = np.array([hits for hits in drawn if 0 <= hits[0] <= totals[0]])
    chances = stats.multivariate_hypergeom.pmf(possible, np.array(totals), m)
    possible, chances = possible[chances > 1e-12], chances[chances > 1e-12]
    p_values = np.array([rank_p_value(np.array(totals) - hits, hits) for hits in possible])
    order = np.argsort(p_values)
    assert np.all(np.cumsum(chances[order]) <= p_values[order] * (1 + 1e-9))


@given(st.integers(1, 3000), st.integers(1, 3000), st.data())
@settings(deadline=None)
def test_two_bins_are_exact(n: int, m: int, data: st.DataObject) -> None:
    hits, others = data.draw(st.integers(0, n)), data.draw(st.integers(0, m))
    if hits + others in (0, n + m):
        return
    expected = stats.fisher_exact([[hits, n - hits], [others, m - others]]).pvalue
    found = homogeneity_p_value([hits, n - hits], [others, m - others])
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-290)


BINS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=3, max_size=4)


def subsets_by_sum(numbers: list[int], size: int) -> NDArray[np.int64]:
    """How many subsets of this size add up to 0, 1, 2, …: of millions of them, too, at once."""
    ways = np.zeros((size + 1, sum(numbers) + 1), dtype=np.int64)
    ways[0, 0] = 1
    for number in numbers:
        for chosen in range(size, 0, -1):
            ways[chosen, number:] += ways[chosen - 1, : ways.shape[1] - number]
    found: NDArray[np.int64] = ways[size]
    return found


def test_subsets_are_those_that_there_are() -> None:
    numbers = [2, 5, 5, 7, 10, 12, 14]
    sums = [sum(chosen) for chosen in combinations(numbers, 3)]
    assert subsets_by_sum(numbers, 3).tolist() == np.bincount(sums, minlength=sum(numbers) + 1).tolist()


@given(BINS)
@example([(0, 1), (0, 3), (5, 1)])  # separate but for one row: the saddlepoint runs away
@example([(5, 0), (1, 1), (0, 1)])
@settings(deadline=None, max_examples=50)
def test_the_tail_of_small_samples_is_that_of_all_permutations(pairs: list[tuple[int, int]]) -> None:
    ranks = stats.rankdata([index for index, pair in enumerate(pairs) for _ in range(sum(pair))])
    second = np.array([side for pair in pairs for side in (False,) * pair[0] + (True,) * pair[1]], dtype=bool)
    p_value = rank_p_value([pair[0] for pair in pairs], [pair[1] for pair in pairs])
    if second.all() or not second.any():
        assert p_value == 1.0
        return
    ways = subsets_by_sum((2 * ranks).astype(int).tolist(), int(second.sum()))
    sums, own = np.arange(len(ways)), int(2 * ranks[second].sum())
    least = min(ways[sums >= own].sum(), ways[sums <= own].sum()) / ways.sum()
    # where the normal p-value is no small one, it is what counts
    assert p_value == pytest.approx(min(1.0, 2 * least), rel=1e-9) or p_value > 0.1


def test_ranks_are_mann_and_whitneys() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.multinomial(400, np.full(10, 0.1)), rng.multinomial(300, np.linspace(0.08, 0.12, 10))
    values = [np.repeat(np.arange(10), counts) for counts in (first, second)]
    expected = stats.mannwhitneyu(*values, use_continuity=False, method="asymptotic").pvalue
    assert rank_p_value(first, second) == pytest.approx(expected, rel=0.03)


def test_a_skewed_tail_is_not_the_normal_one() -> None:
    """Where 97 of 100 values are zero and a window of 200 rows meets a million, the normal p-value promises far less
    than the exact one; with three bins there is no formula to fall back on.
    """
    first, second = [970_000, 15_000, 15_000], [179, 11, 10]
    exact = stats.hypergeom(1_000_200, 30_021, 200).sf(20)  # of so many rows above zero, in whichever bin
    normal = stats.mannwhitneyu(
        *(np.repeat([0, 1, 1], counts) for counts in (first, second)), use_continuity=False, method="asymptotic"
    ).pvalue
    assert normal < exact / 100
    assert 0.2 * exact < rank_p_value(first, second) < 5 * exact


def test_separated_samples() -> None:
    assert rank_p_value([30, 30, 0, 0], [0, 0, 30, 30]) < 1e-15
    assert rank_p_value([100, 0, 0], [0, 0, 3]) < 1e-3
    assert homogeneity_p_value([100, 0], [0, 100]) < 1e-40


@pytest.mark.parametrize("level", [0.05, 0.001, 0.0001])
@pytest.mark.parametrize(
    ("shares", "n", "m"),
    [
        (np.full(10, 0.1), 100, 100),
        (np.full(10, 0.1), 100_000, 50),
        (np.array([0.025, 0.975]), 1_000_000, 200),
        (np.full(40, 0.025), 1000, 200),
    ],
    ids=["10 bins", "10 bins, short window", "a rare category", "40 categories"],
)
def test_no_more_samples_are_rejected_than_the_level_says(
    shares: np.ndarray[tuple[int], np.dtype[np.float64]], n: int, m: int, level: float
) -> None:
    rng = np.random.default_rng(2)
    draws = 20_000
    first, second = rng.multinomial(n, shares, draws), rng.multinomial(m, shares, draws)
    totals = first + second
    means = totals * (n / (n + m)), totals * (m / (n + m))
    with np.errstate(invalid="ignore", divide="ignore"):
        pearson = sum(
            np.nansum((seen - mean) ** 2 / mean, axis=1) for seen, mean in zip((first, second), means, strict=True)
        )
    # only what Pearson's statistic finds unusual can be rejected, so only those need be looked at
    unusual = np.flatnonzero(pearson >= stats.chi2.isf(3 * level, len(shares) - 1))
    rejected = sum(homogeneity_p_value(first[i], second[i]) <= level for i in unusual)
    assert rejected <= stats.binom.ppf(0.999, draws, level)


def test_pearsons_own_p_value_would_reject_too_often() -> None:
    rng = np.random.default_rng(3)
    hits = rng.binomial(200, 0.025, 1_000_000)
    # A million rows of baseline: no error of its own. A p-value for each number of hits that there can be.
    pearson = stats.chi2.sf((np.arange(201) - 5) ** 2 / (200 * 0.025 * 0.975), 1)
    assert np.mean(pearson[hits] <= 1e-4) > 3e-4


def test_one_p_value_of_three() -> None:
    assert numbers_p_value(1.0, np.full(10, 100), np.full(10, 100)) == 1.0
    shifted = np.full(10, 100), np.arange(60, 160, 10)
    assert numbers_p_value(1.0, *shifted) == pytest.approx(
        min(2 * rank_p_value(*shifted), 5 * homogeneity_p_value(*shifted))
    )
    assert numbers_p_value(1e-9, np.array([100]), np.array([100])) == pytest.approx(5e-9)
    # three larger than any of a hundred: 20 times 3 * 2 * 1 of 103 * 102 * 101
    beyond = numbers_p_value(1.0, np.array([100]), np.array([3]), above=3)
    assert beyond == pytest.approx(20 * 6 / (103 * 102 * 101))
    assert numbers_p_value(1.0, np.array([100]), np.array([3]), below=3) == pytest.approx(beyond)
    assert combined([(0.9, 0.5), (0.9, 0.5)]) == 1.0


def test_a_change_of_shape_is_found_that_ranks_cannot_see() -> None:
    first, second = np.full(10, 100), np.array([150, 120, 80, 75, 75, 75, 75, 80, 120, 150])
    assert rank_p_value(first, second) > 0.9
    assert numbers_p_value(1.0, first, second) < 1e-4
