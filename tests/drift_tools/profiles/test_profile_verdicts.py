"""Verdicts on profiles against `drift_tools.compare` of the rows that they were made of."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import drift_tools
from drift_tools.comparison import Kind, compare_with_profile, profile_of
from drift_tools.profiles import Profile, Statistics, merge_profiles
from drift_tools.tables import as_table

CELLS = st.one_of(
    st.lists(st.one_of(st.none(), st.integers(-5, 5).map(float)), min_size=1, max_size=60),
    st.lists(st.sampled_from(["a", "b", "c", None]), min_size=1, max_size=60),
)


def of(**columns: object) -> Profile:
    table = as_table(columns)
    return Profile.of(table, categorical=set(columns), numerical={"x"})


@settings(max_examples=40, deadline=None)
@given(CELLS, CELLS)
def test_profiles_that_hold_everything_say_what_the_rows_say(before: list[object], after: list[object]) -> None:
    first, second = as_table({"x": before}), as_table({"x": after})
    kind: Kind = "numerical" if first.columns["x"].is_numerical else "categorical"
    exact = drift_tools.compare(first, second, kinds={"x": kind}).to_dict()
    profiles = [Profile.of(table, categorical={"x"}, numerical={"x"}) for table in (first, second)]
    found = compare_with_profile(*profiles, kinds={"x": kind}).to_dict()
    assert_same(found, exact)


def assert_same(found: object, exact: object) -> None:
    if isinstance(found, dict):
        assert isinstance(exact, dict)
        assert found.keys() == exact.keys()
        for key in found:
            assert_same(found[key], exact[key])
    elif isinstance(found, float):
        assert found == pytest.approx(exact, abs=1e-9)
    else:
        assert found == exact


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "no drift"), (0.05, "no drift"), (0.6, "drift"), (3.0, "drift")])
def test_sketches_give_the_verdict_of_the_rows(shift: float, verdict: str) -> None:
    rng = np.random.default_rng(11)
    before, after = rng.normal(size=60_000), rng.normal(shift, size=40_000)
    profiles = [merge_profiles(of(x=part) for part in np.array_split(side, 7)) for side in (before, after)]
    found = compare_with_profile(*profiles, alpha=1e-4).features["x"]
    exact = drift_tools.compare({"x": before}, {"x": after}, alpha=1e-4).features["x"]
    assert (found.verdict, exact.verdict) == (verdict, verdict)
    assert found.psi == pytest.approx(exact.psi, abs=0.01 + 0.05 * exact.psi)
    assert found.effect <= exact.effect + 1e-3  # less its error
    assert found.baseline.median == pytest.approx(exact.baseline.median, abs=0.02)
    assert f"median {found.baseline.median:.4g}" in found.summary or not found.drifted


def test_a_sketch_alone_never_makes_equal_data_significant() -> None:
    rng = np.random.default_rng(3)
    smallest = 1.0
    for _ in range(10):
        sides = [rng.normal(size=30_000) for _ in range(2)]
        profiles = [merge_profiles(of(x=part) for part in np.array_split(side, 3)) for side in sides]
        smallest = min(smallest, compare_with_profile(*profiles).features["x"].p_value)
    assert smallest > 0.2


def test_the_baselines_file_is_enough() -> None:
    rng = np.random.default_rng(8)
    rows = {"x": rng.normal(size=1500), "k": rng.choice(["a", "b", "c"], 1500), "n": [None] * 1500}
    profile = of(**rows)
    statistics = Statistics.from_dict(profile.statistics().to_dict())
    current = of(x=rng.normal(2, size=400), k=rng.choice(["a", "b", "d"], 400), n=[None] * 400)
    found = compare_with_profile(profile_of(statistics), current).to_dict()
    assert_same(found, compare_with_profile(profile, current).to_dict())
    assert found["drifted_features"] == ["x", "k"]


def listed_only(**columns: Any) -> Profile:
    """What a statistics.json still has of these rows."""
    return profile_of(Statistics.from_dict(of(**columns).statistics().to_dict()))


def test_categories_beyond_the_files_are_not_news() -> None:
    names = [f"c{index:04d}" for index in range(3000)]
    baseline = listed_only(k=names * 2 + names[:500] * 100)
    assert len(baseline.columns["k"].categories.counts) == 1000
    same = compare_with_profile(baseline, of(k=names * 2 + names[:500] * 100)).features["k"]
    assert same.verdict == "no drift"
    assert same.psi == pytest.approx(0.0, abs=1e-9)
    other = compare_with_profile(baseline, of(k=["new"] * 3000)).features["k"]
    assert other.verdict == "drift"
    assert 'category "c0000" vanished' in other.summary


@pytest.mark.parametrize(("kinds", "n", "m"), [(2000, 5000, 5000), (5000, 5000, 5000), (3000, 5000, 20000)])
def test_a_list_of_the_luckiest_categories_is_no_drift(kinds: int, n: int, m: int) -> None:
    """The thousand most frequent of so many equal ones are so by luck, which the next sample does not share."""
    rng = np.random.default_rng(9)
    baseline = listed_only(k=[f"z{value}" for value in rng.integers(0, kinds, n).tolist()])
    undrifted = of(k=[f"z{value}" for value in rng.integers(0, kinds, m).tolist()])
    assert compare_with_profile(baseline, undrifted).features["k"].verdict == "no drift"
    one_of_them = of(k=[f"z{value % 10}" for value in rng.integers(0, kinds, m).tolist()])
    assert compare_with_profile(baseline, one_of_them).features["k"].verdict == "drift"


def test_categories_that_are_all_new_are_drift_though_the_list_is_cut() -> None:
    rng = np.random.default_rng(10)
    baseline = listed_only(k=[f"z{value}" for value in rng.integers(0, 3000, 20_000).tolist()])
    others = of(k=[f"y{value}" for value in rng.integers(0, 3000, 5000).tolist()])
    found = compare_with_profile(baseline, others).features["k"]
    assert (found.verdict, found.psi > 1) == ("drift", True)


def test_text_in_the_place_of_numbers_is_drift() -> None:
    rng = np.random.default_rng(1)
    before = of(x=rng.normal(size=5000))
    after = of(x=["?"] * 500)
    found = compare_with_profile(before, after, kinds={"x": "numerical"}).features["x"]
    assert found.verdict == "drift"
    assert found.current.wrong_type_share == 1.0
    assert found.ks is None
    half = compare_with_profile(before, of(x=[*["?"] * 250, *map(str, rng.normal(size=250))]), kinds={"x": "numerical"})
    assert half.features["x"].verdict == "drift"
    assert "values of another type" in half.features["x"].reason or "PSI" in half.features["x"].reason


def test_columns_of_one_side_only() -> None:
    before, after = of(x=[1.0] * 900, gone=["a"] * 900), of(x=[1.0] * 900, new=[2.0] * 900)
    found = compare_with_profile(before, after)
    assert [(name, item.verdict) for name, item in found.features.items()] == [
        ("x", "no drift"),
        ("gone", "drift"),
        ("new", "no drift"),
    ]
    assert math.isnan(found.features["gone"].psi)


@pytest.mark.parametrize("kinds", [121, 1000, 5000])
@pytest.mark.parametrize("rows", [200, 5000])
def test_categories_that_the_baseline_does_not_list_are_not_called_drifted(kinds: int, rows: int) -> None:
    rng = np.random.default_rng(kinds)
    document = of(city=[f"c{at}" for at in rng.integers(0, kinds, 20_000)]).statistics().to_dict()
    del document["features"][0]["string_statistics"]["distribution"]  # as Model Monitor's image writes it
    baseline = profile_of(Statistics.from_dict(document))
    current = of(city=[f"c{at}" for at in rng.integers(0, kinds, rows)])
    found = compare_with_profile(baseline, current, kinds={"city": "categorical"}).features["city"]
    assert (found.verdict, found.reason) == (
        "not enough data", "not enough data: the baseline lists none of its categories"
    )  # fmt: skip
    assert math.isnan(found.psi)
    assert math.isnan(found.p_value)
    empty = [None if at % 2 else f"c{at}" for at in range(rows)]
    found = compare_with_profile(baseline, of(city=empty), kinds={"city": "categorical"}).features["city"]
    assert found.verdict == "drift"
    assert found.reason.endswith("share of missing values")


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5])
def test_texts_beside_a_frequent_one_are_not_taken_for_compared(share: float) -> None:
    """Of a list of the most frequent texts nobody can say whether the others have any in common with the baseline's."""
    rows = 10_000
    frequent = round(share * rows)
    before = listed_only(k=["none"] * frequent + [f"question {row}" for row in range(rows - frequent)])
    after = of(k=["none"] * frequent + [f"complaint {row}" for row in range(rows - frequent)])
    found = compare_with_profile(before, after).features["k"]
    assert found.verdict == "not enough data"
    assert "too rare to compare" in found.reason
    assert "(other)" not in found.summary


def test_what_stands_for_others_neither_appears_nor_vanishes() -> None:
    rng = np.random.default_rng(4)
    before = listed_only(k=[f"z{value}" for value in rng.zipf(1.4, 20_000).tolist()])
    found = compare_with_profile(before, of(k=["z1"] * 3000)).features["k"]
    assert found.verdict == "drift"
    assert found.summary.startswith('k: category "z')
    assert not set(found.vanished_categories) & {"(other)", "(rare listed)"}
