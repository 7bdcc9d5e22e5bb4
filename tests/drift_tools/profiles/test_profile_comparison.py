"""Measures from profiles against the exact measures of the rows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import drift_tools
from drift_tools.comparison import compare_with_profile
from drift_tools.comparison.sketched_numbers import compare_numbers
from drift_tools.profiles import NumberProfile, Profile, merge_profiles
from drift_tools.tables import TypeCounts, as_table

NUMBERS = st.lists(st.integers(-20, 20).map(float), min_size=1, max_size=200)


def _numbers(profile: Profile, name: str) -> tuple[TypeCounts, NumberProfile]:
    column = profile.columns[name]
    assert column.numbers is not None
    return column.types, column.numbers


def _side(data: Mapping[str, Any], name: str) -> tuple[TypeCounts, NumberProfile]:
    return _numbers(Profile.of(as_table(data)), name)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")  # scipy, at one row against one
@given(NUMBERS, NUMBERS)
def test_small_profiles_give_the_exact_measures(before: list[float], after: list[float]) -> None:
    first, second = as_table({"x": np.array(before)}), as_table({"x": np.array(after)})
    found = compare_numbers(_numbers(Profile.of(first), "x"), _numbers(Profile.of(second), "x"))
    exact = drift_tools.compare(first, second, kinds={"x": "numerical"}).features["x"]
    # Of rows a bin in which the baseline has one value only gets one beyond it; profiles have no such bins.
    if min(before) <= min(after) and max(after) <= max(before):
        assert found.psi == pytest.approx(exact.psi, abs=1e-12)
    assert found.ks.statistic == pytest.approx(stats.ks_2samp(before, after, method="asymp").statistic, abs=1e-12)
    assert (found.psi_error, found.ks_error) == (0.0, 0.0)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_large_merged_profiles_are_within_their_stated_error(shift: float) -> None:
    rng = np.random.default_rng(5)
    before, after = rng.normal(size=200_000), rng.normal(shift, size=120_000)
    profiles = [
        merge_profiles(Profile.of(as_table({"x": part})) for part in np.array_split(side, 17))
        for side in (before, after)
    ]
    found = compare_numbers(*(_numbers(profile, "x") for profile in profiles))
    exact = drift_tools.compare({"x": before}, {"x": after}).features["x"]
    assert exact.ks is not None
    assert 0 < found.ks_error <= 0.01
    assert abs(found.ks.statistic - exact.ks.statistic) <= found.ks_error
    assert exact.psi is not None
    assert abs(found.psi - exact.psi) <= found.psi_error
    assert abs(found.psi - exact.psi) <= 0.01 + 0.02 * exact.psi


def test_missing_cells_and_categories_count() -> None:
    before = {"x": np.array([1.0, 2.0, 3.0, 4.0] * 50), "k": ["a", "b"] * 100, "only": [1.0] * 200}
    after = {"x": np.array([1.0, 2.0, 3.0, np.nan] * 50), "k": ["a", "c"] * 100, "new": [1.0] * 200}
    found = compare_with_profile(Profile.of(as_table(before)), Profile.of(as_table(after)))
    exact = drift_tools.compare(before, after)
    assert list(found.features) == ["x", "k", "only", "new"]
    assert [item.to_dict() for item in found.features.values()] == [item.to_dict() for item in exact.features.values()]
    numbers = compare_numbers(*(_side(side, "x") for side in (before, after)))
    assert numbers.psi == pytest.approx(exact.features["x"].psi, abs=1e-12)
    assert [counts[-2:].tolist() for counts in numbers.counts] == [[0, 0], [50, 0]]
