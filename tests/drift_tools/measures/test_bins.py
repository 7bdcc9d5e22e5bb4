"""Bins: each row in one, as equal as ties allow."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given

from drift_tools.measures import count_in_bins, quantile_edges
from tests.drift_tools.measures.samples import SAMPLES


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


def test_one_outlier_moves_no_bin() -> None:
    values = np.arange(10_000.0)
    assert quantile_edges(np.append(values, 1e6)).tolist() == pytest.approx(quantile_edges(values).tolist(), abs=1.0)
