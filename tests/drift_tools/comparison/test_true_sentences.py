"""What a comparison says is true: verdicts rest on what was looked at, and numbers show the difference."""

import math
from typing import Any

import numpy as np
import pytest

from drift_tools import compare
from drift_tools.comparison import FeatureComparison

RNG = np.random.default_rng(11)


def only(before: Any, after: Any) -> FeatureComparison:
    return compare({"x": before}, {"x": after}).features["x"]


# --- values that nobody looked at ----------------------------------------------------------------------------------


def texts(prefix: str, rows: int, frequent: int) -> list[str]:
    return ["none"] * frequent + [f"{prefix} {index}" for index in range(rows - frequent)]


@pytest.mark.parametrize(
    ("frequent", "share"), [(10, "99.9"), (100, "99"), (500, "95"), (1000, "90"), (5000, "50"), (9500, "5")]
)
def test_a_frequent_category_does_not_speak_for_texts_that_differ(frequent: int, share: str) -> None:
    feature = only(texts("question", 10_000, frequent), texts("complaint", 10_000, frequent))
    assert feature.verdict == "not enough data"
    assert feature.reason == f"not enough data: {share} % of the values are too rare to compare"


def test_rare_values_that_both_sides_have_or_that_would_not_matter_are_no_reason() -> None:
    same = texts("question", 10_000, 5000)
    assert only(same, same).verdict == "no drift"
    few = only(texts("question", 10_000, 9900), texts("complaint", 10_000, 9900))
    assert few.verdict == "no drift"  # one in a hundred, all new, has a PSI of 0.05


def test_a_shift_beside_rare_texts_is_found() -> None:
    feature = only(texts("q", 10_000, 1000), texts("q", 10_000, 4000))
    assert feature.verdict == "drift"


@pytest.mark.parametrize("rows", [200, 1000, 5000])
def test_rows_are_asked_for_only_where_they_would_help(rows: int) -> None:
    unique = only([f"q {index}" for index in range(rows)], [f"a {index}" for index in range(rows)])
    assert unique.reason == "not enough data: every category is too rare to compare"


def test_few_rows_of_categories_that_repeat_ask_for_more() -> None:
    codes = [f"c{index}" for index in range(40)]
    feature = only(RNG.choice(codes, 60), RNG.choice(codes, 60))
    assert feature.reason.startswith("not enough data: 60 baseline rows and 60 current rows, ")
    large = only(RNG.choice(codes, 60_000), RNG.choice(codes, 50))
    assert large.reason.startswith("not enough data: 50 current rows, ")


# --- infinities ----------------------------------------------------------------------------------------------------

INDEX = np.arange(1000)


@pytest.mark.parametrize("half", [True, False])
def test_infinities_have_a_sign(half: bool) -> None:
    minus, plus = (np.where((INDEX % 2 == 0) | (not half), sign, INDEX) for sign in (-np.inf, np.inf))
    feature = only(minus, plus)
    share = "50 %" if half else "100 %"
    assert feature.verdict == "drift"
    assert feature.summary.startswith(f"x: minus infinity {share} → 0 %, plus infinity 0 % → {share}, ")
    assert (feature.baseline.minus_infinity_share, feature.current.minus_infinity_share) == (0.5 if half else 1.0, 0.0)
    assert only(minus, minus).verdict == "no drift"


def test_infinities_of_one_sign_are_told_as_before() -> None:
    feature = only(INDEX, np.where(INDEX % 2 == 0, -np.inf, INDEX))
    assert feature.summary.startswith("x: infinite 0 % → 50 %, ")
    assert "share of infinite values" in feature.reason


# --- the last places of a double -----------------------------------------------------------------------------------

TENTHS = INDEX % 10


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (np.full(1000, 0.3), np.full(1000, 0.1 + 0.2)),
        (TENTHS / 10, TENTHS * 0.1),
        (TENTHS * 1e300, TENTHS * 1e300 * (1 + 4e-16)),
        (-(TENTHS / 10), -(TENTHS * 0.1)),
    ],
)
def test_levels_that_two_programs_compute_are_equal(before: Any, after: Any) -> None:
    for one, two in ((before, after), (after, before)):
        feature = only(one, two)
        assert (feature.verdict, feature.psi) == ("no drift", 0.0)
        assert feature.ks is not None
        assert feature.ks.statistic == 0.0
        assert (feature.baseline.minimum, feature.baseline.maximum) == (
            feature.current.minimum,
            feature.current.maximum,
        )


def test_levels_that_use_the_last_places_are_not() -> None:
    near = np.where(INDEX % 2 == 0, 0.3, 0.1 + 0.2)
    feature = only(near, np.full(1000, 0.3))
    assert feature.verdict == "drift"
    nanoseconds = 1.7e18 + 256 * TENTHS
    assert only(nanoseconds, nanoseconds + 128 * 20).verdict == "drift"


def test_what_looks_equal_is_written_with_as_many_digits_as_tell_it_apart() -> None:
    feature = only(np.full(1000, 0.3), np.full(1000, np.nextafter(0.3, 1) + 30 * np.spacing(0.3)))
    assert feature.verdict == "drift"
    before, after = feature.summary.removeprefix("x: median ").split(",")[0].split(" → ")
    assert before != after
    assert [float(before), float(after)] == pytest.approx([0.3, feature.current.median], rel=1e-15)
    zero = only(np.zeros(1000), np.full(1000, 1.4e-17))
    assert zero.summary.startswith("x: median 0 → 1.4e-17, range 0 … 0 → 1.4e-17 … 1.4e-17, ")


# --- flags, equal medians, constants, categories -------------------------------------------------------------------


def test_of_a_flag_its_share_is_told() -> None:
    feature = only(np.repeat([0, 1], [500, 500]), np.repeat([0, 1], [790, 210]))
    assert feature.summary.startswith("x: share of 1: 0.50 → 0.21, PSI ")
    close = only(np.repeat([0, 1], [5000, 5000]), np.repeat([0, 1], [5001, 4999]))
    assert close.summary.startswith("x: share of 1: 0.5000 → 0.4999, ")
    assert only(np.repeat([0, 1], 500), np.repeat([0, 1], 500)).summary == "x: median 0.5 → 0.5, PSI 0.00."


def test_where_medians_are_equal_means_are_told() -> None:
    feature = only(np.repeat([0, 1, 5], [700, 200, 100]), np.repeat([0, 1, 5], [600, 100, 300]))
    assert feature.summary.startswith("x: mean 0.7 → 1.6, ")


@pytest.mark.parametrize(("before", "after"), [(0.0, 1.0), (1.0, 0.0), (-5.0, 5.0), (1e300, -1e300)])
def test_disjoint_constants_are_as_far_apart_as_disjoint_categories(before: float, after: float) -> None:
    numbers = only(np.full(500, before), np.full(500, after))
    names = only(["a"] * 500, ["b"] * 500)
    assert numbers.drifted
    assert (numbers.psi, numbers.jensen_shannon, numbers.l_infinity) == (
        names.psi,
        names.jensen_shannon,
        names.l_infinity,
    )
    assert (numbers.jensen_shannon, numbers.l_infinity) == (1.0, 1.0)
    assert math.isinf(numbers.wasserstein)


def test_what_lies_beyond_a_bin_of_one_value_is_another_bin() -> None:
    before = np.repeat([0.0, 1.0, 2.0], [900, 50, 50])
    assert only(before, np.where(before == 0, -1.0, before)).jensen_shannon > 0.9
    assert only(before, before).psi == 0.0
    top = np.repeat([0.0, 1.0, 2.0], [50, 50, 900])
    assert only(top, np.where(top == 2, 3.0, top)).jensen_shannon > 0.9


@pytest.mark.parametrize("name", ["none", "missing", "appeared", "a, b", "x (50 % of values)"])
def test_categories_stand_in_quotes(name: str) -> None:
    feature = only(["a"] * 500, ["a", name] * 250)
    assert feature.summary == f'x: category "{name}" appeared (50 % of values), PSI {feature.psi:.2f}.'
    moved = only(["a", name] * 250, ["a", name, name, name] * 125)
    assert f'category "{name}" 50 % → 75 %' in moved.summary or 'category "a" 50 % → 25 %' in moved.summary


def test_many_categories_are_counted_with_separators() -> None:
    feature = only(["a"] * 5000, [*(["a"] * 2500), *(f"b{index}" for index in range(2500))])
    assert "2,497 more categories appeared" in feature.summary
