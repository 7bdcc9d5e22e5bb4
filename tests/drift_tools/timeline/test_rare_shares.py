"""Tails of rare shares, held against scipy's distributions, and the evidence for their rise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from drift_tools.timeline.rare_shares import betabinomial_tail, rare_p_value, rise_evidence


@given(
    st.integers(min_value=1, max_value=400),
    st.floats(min_value=0.5, max_value=50),
    st.floats(min_value=0.5, max_value=20000),
    st.data(),
)
@settings(max_examples=50)
def test_the_tail_is_scipys(rows: int, a: float, b: float, data: st.DataObject) -> None:
    hits = data.draw(st.integers(min_value=0, max_value=rows))
    expected = stats.betabinom.pmf(np.arange(hits, rows + 1), rows, a, b).sum()  # its own `sf` is 1 - cdf
    assert betabinomial_tail(hits, rows, a, b) == pytest.approx(min(expected, 1.0), rel=1e-6)


def test_two_rows_of_something_that_16800_never_had() -> None:
    assert rare_p_value(2, 50, 0.5 / 16800, 16800, 1.0) == pytest.approx(1.8e-5, rel=0.05)
    assert rare_p_value(3, 50, 0.5 / 16800, 16800, 1.0) == pytest.approx(4.9e-8, rel=0.05)


@pytest.mark.parametrize(
    ("share", "rows", "dispersion"), [(0.02, 500, 1.0), (0.02, 500, 3.0), (0.004, 300, 1.0), (0.1, 120, 2.0)]
)
def test_p_values_of_hits_that_stray_as_assumed_are_valid(share: float, rows: int, dispersion: float) -> None:
    rng = np.random.default_rng(2)
    if dispersion > 1:  # whole clusters of equal rows
        hits = rng.binomial(int(rows / dispersion), share, 4000) * dispersion
    else:
        hits = rng.binomial(rows, share, 4000).astype(float)
    by_hits = {hit: rare_p_value(hit, rows, share, 168_000, dispersion) for hit in set(hits.tolist())}
    p = np.array([by_hits[hit] for hit in hits.tolist()])
    for level in (0.05, 0.01):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level / 4000)


def test_evidence_is_a_supermartingale_less_the_windows() -> None:
    rng = np.random.default_rng(3)
    windows, series = 40, 4000
    hits = rng.binomial(200, 0.01, size=(windows, series)).astype(float)
    evidence = rise_evidence(hits, np.full_like(hits, 200.0), np.full_like(hits, 0.01), np.ones(series), np.inf)
    # Its mean is the number of windows, a mean of few large values: what reaches 25 windows' worth is at most 1 in 25.
    assert (evidence.max(0) >= 25 * windows).mean() <= 1 / 25
    assert np.median(evidence[-1]) < windows


def test_a_rise_is_found_and_evidence_starts_anew() -> None:
    hits = np.array([[2.0]] * 10 + [[12.0]] * 6)
    evidence = rise_evidence(hits, np.full_like(hits, 200.0), np.full_like(hits, 0.01), np.ones(1), 1e5)[:, 0]
    crossed = np.flatnonzero(evidence >= 1e5)
    assert crossed[0] == 11
    assert evidence[crossed[0] + 1] < 1e5


@given(st.integers(min_value=0, max_value=50), st.floats(min_value=1.0, max_value=10.0))
def test_more_dispersion_never_makes_a_rise_surer(hits: int, dispersion: float) -> None:
    line, rows, share = np.array([[float(hits)]]), np.array([[500.0]]), np.array([[0.01]])
    plain, careful = (rise_evidence(line, rows, share, np.array([phi]), np.inf)[0, 0] for phi in (1.0, dispersion))
    assert careful <= max(plain, 1.0) + 1e-9
