"""The population stability index: its null, its floor, and the rows that it needs."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from drift_tools.measures import count_in_bins, population_stability, quantile_edges, rows_needed
from drift_tools.measures.psi import PopulationStability
from tests.drift_tools.measures.samples import psi_of


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


@pytest.mark.parametrize(("bins", "other"), [(10, 1000), (10, 100_000), (24, 60_000), (2, 500)])
def test_rows_needed_keep_the_noise_below_the_threshold(bins: int, other: int) -> None:
    needed = rows_needed(bins, other, threshold=0.1, alpha=0.05)
    excess = stats.chi2.ppf(0.95, bins - 1) - (bins - 1)
    assert excess * (1 / needed + 1 / other) <= 0.1
    assert excess * (1 / (needed - 1) + 1 / other) > 0.1
