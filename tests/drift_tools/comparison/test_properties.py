"""What must hold of any two columns."""

import math
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drift_tools.comparison import Comparison, FeatureComparison, compare

CELLS = st.one_of(
    st.lists(st.sampled_from([0.0, -0.0, 1.0, 2.0, 7.5, math.nan, math.inf, -math.inf]), min_size=20, max_size=80),
    st.lists(st.floats(-1e9, 1e9), min_size=20, max_size=80),
    st.lists(st.sampled_from(["a", "b", "c", "16", None]), min_size=20, max_size=80),
)


def only(comparison: Comparison) -> FeatureComparison:
    return comparison.features["x"]


@settings(max_examples=60, deadline=None)
@given(CELLS)
def test_a_column_is_at_no_distance_from_itself(cells: list[Any]) -> None:
    feature = only(compare({"x": cells}, {"x": cells}))
    assert not feature.drifted
    assert (feature.psi, feature.jensen_shannon, feature.l_infinity) == (0, 0, 0)
    assert feature.p_value == 1.0
    if feature.ks is not None:
        assert (feature.ks.statistic, feature.ks.p_value, feature.wasserstein) == (0, 1, 0)


FINITE = st.floats(allow_nan=False, allow_infinity=False)
CLOSE = st.builds(  # a few neighbouring floats, whatever their size
    lambda value, steps: [value + step * math.ulp(value) for step in steps],
    st.floats(-1e308, 1e308),
    st.lists(st.integers(0, 9), min_size=1, max_size=20),
)


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.lists(FINITE, min_size=1, max_size=40), CLOSE, st.builds(lambda value: [value] * 30, FINITE)))
@example([9007199254740993.0] * 30)
@example([1e17, 1e17 + 16])
@example([1e20] * 30)
@example([sys.float_info.max, math.nextafter(sys.float_info.max, 0)])
@example([-sys.float_info.max, sys.float_info.max])
@example([0.0, 5e-324])
def test_numbers_of_any_size_have_a_histogram_that_can_be_drawn(values: list[float]) -> None:
    histogram = only(compare({"x": np.array(values)}, {"x": np.array(values[:-1])})).histogram
    assert histogram is not None
    assert all(math.isfinite(edge) for edge in histogram.edges)
    assert all(lower < upper for lower, upper in pairwise(histogram.edges))
    assert len(histogram.edges) == len(histogram.baseline) + 1 == len(histogram.current) + 1
    assert sum(histogram.baseline) == pytest.approx(1)


@settings(max_examples=60, deadline=None)
@given(CELLS, CELLS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(first: list[Any], second: list[Any], random: Any) -> None:
    mixed = [random.sample(cells, len(cells)) for cells in (first, second)]
    feature, other = only(compare({"x": first}, {"x": second})), only(compare({"x": mixed[0]}, {"x": mixed[1]}))
    assert other.to_dict() == feature.to_dict()
    assert (other.p_value, repr(other.histogram)) == (feature.p_value, repr(feature.histogram))


@settings(max_examples=60, deadline=None)
@given(CELLS, CELLS)
def test_measures_keep_their_bounds_and_their_symmetry(first: list[Any], second: list[Any]) -> None:
    feature, back = only(compare({"x": first}, {"x": second})), only(compare({"x": second}, {"x": first}))
    for value in (feature.jensen_shannon, feature.l_infinity, feature.p_value, feature.p_value_adjusted):
        assert 0 <= value <= 1
    assert 0 <= feature.psi < math.inf
    assert feature.p_value <= feature.p_value_adjusted
    if feature.ks is not None and back.ks is not None:
        assert back.ks == feature.ks
        assert feature.wasserstein >= 0
    if feature.kind == back.kind == "categorical":
        assert back.psi == pytest.approx(feature.psi)
        assert back.jensen_shannon == pytest.approx(feature.jensen_shannon, abs=1e-7)
        assert back.l_infinity == pytest.approx(feature.l_infinity)
        assert back.p_value == pytest.approx(feature.p_value)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(-300, 300), min_size=20, max_size=80),
    st.lists(st.integers(-300, 300), min_size=20, max_size=80),
    st.sampled_from([np.exp, np.arctan, lambda x: x**3, lambda x: 1000 * x + 7]),
)
def test_strictly_increasing_transforms_change_no_verdict(first: list[int], second: list[int], transform: Any) -> None:
    sides = [np.array(side) / 100 for side in (first, second)]
    feature = only(compare({"x": sides[0]}, {"x": sides[1]}))
    other = only(compare({"x": transform(sides[0])}, {"x": transform(sides[1])}))
    assert (other.ks, other.psi, other.jensen_shannon) == (feature.ks, feature.psi, feature.jensen_shannon)
    assert (other.verdict, other.p_value, other.reason) == (feature.verdict, feature.p_value, feature.reason)
