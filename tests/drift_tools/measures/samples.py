"""Samples and counts, as hypothesis draws them."""

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from drift_tools.measures import count_in_bins, population_stability, quantile_edges
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
