"""Ranks of values are scipy's, along the first axis, with and without ties."""

import hypothesis.extra.numpy as arrays
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import rankdata

from drift_tools.significance import mid_ranks

SHAPES = arrays.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=12)
# Few values, so that many are equal; zeros of both signs are.
TIED = st.sampled_from([-np.inf, -1.5, -0.0, 0.0, 1e-300, 2.0, np.inf])


@given(arrays.arrays(np.float64, SHAPES, elements=TIED))
def test_ties_share_the_mean_of_their_ranks(values: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(mid_ranks(values), rankdata(values, axis=0))


@given(arrays.arrays(np.float64, SHAPES, elements=st.floats(allow_nan=False)))
def test_any_values(values: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(mid_ranks(values), rankdata(values, axis=0))
