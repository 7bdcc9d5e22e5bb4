"""Categories that are all too rare, and optional columns that did not occur."""

from typing import Any

import numpy as np

from drift_tools.comparison import compare, compare_with_profile, prepare_baseline, profile_of
from drift_tools.profiles import Profile, Statistics
from drift_tools.tables import as_table
from drift_tools.timeline import compare_windows
from tests.drift_tools.comparison.sides import AMOUNTS, only

# --- categories that are all too rare ------------------------------------------------------------------------------


def names(prefix: str, rows: int) -> dict[str, Any]:
    return {"x": [f"{prefix}{index}" for index in range(rows)]}


def test_texts_that_hardly_repeat_are_not_called_undrifted() -> None:
    feature = only(compare(names("a", 20_000), names("b", 20_000)))
    assert (feature.verdict, feature.p_value) == ("not enough data", 1.0)
    assert feature.reason == "not enough data: every category is too rare to compare"
    frequent = {"x": [*names("a", 10_000)["x"], *["often"] * 10_000]}
    assert only(compare(frequent, frequent)).verdict == "no drift"


def test_what_a_file_does_not_list_is_not_compared() -> None:
    statistics = Profile.of(as_table(names("a", 20_000))).statistics()
    before = profile_of(Statistics.from_dict(statistics.to_dict()))
    feature = only(compare_with_profile(before, Profile.of(as_table(names("b", 20_000)))))
    assert feature.reason == "not enough data: the baseline lists none of its categories"


# --- columns that did not occur ------------------------------------------------------------------------------------


def coupons(filled: int, rows: int) -> dict[str, Any]:
    return {"a": AMOUNTS[:rows], "coupon": np.where(np.arange(rows) < filled, 1.0, np.nan)}


WITHOUT = {"a": AMOUNTS[:60]}


def test_an_optional_column_that_did_not_occur_is_tested_as_missing() -> None:
    rare = compare(coupons(40, 2000), WITHOUT).features["coupon"]
    assert (rare.verdict, rare.current.missing_share) == ("no drift", 1.0)
    assert rare.to_dict() == compare(coupons(40, 2000), coupons(0, 60)).features["coupon"].to_dict()
    prepared = prepare_baseline(coupons(40, 2000))
    assert compare(prepared, WITHOUT).features["coupon"].to_dict() == rare.to_dict()
    frequent = compare(coupons(1000, 2000), WITHOUT).features["coupon"]
    assert (frequent.verdict, frequent.summary) == ("drift", "coupon: missing 50 % → 100 %, PSI 4.60.")
    assert frequent.reason.endswith("share of missing values")
    always = compare(coupons(2000, 2000), WITHOUT).features["coupon"]
    assert (always.verdict, always.reason) == ("drift", "the column is missing from the current data")


def test_categories_that_did_not_occur_are_tested_as_missing() -> None:
    before = {"a": AMOUNTS, "code": np.array(["x", None, None, None] * 500, dtype=object)}
    feature = compare(before, WITHOUT, blocks=np.arange(60)).features["code"]
    assert (feature.kind, feature.verdict) == ("categorical", "drift")


def test_a_column_is_not_gone_on_the_word_of_a_few_rows() -> None:
    feature = compare(coupons(2000, 2000), {"a": AMOUNTS[:19]}).features["coupon"]
    assert (feature.verdict, feature.reason) == ("not enough data", "not enough data: 19 current rows, 29 needed")
    nothing = compare(coupons(2000, 2000), {"a": np.empty(0)}).features["coupon"]
    assert (nothing.verdict, nothing.reason) == ("not enough data", "not enough data: no current rows")


def test_profiles_say_the_same_of_columns_that_did_not_occur() -> None:
    after = Profile.of(as_table(WITHOUT))
    for filled in (40, 1000, 2000):
        before = coupons(filled, 2000)
        exact = compare(before, WITHOUT).features["coupon"]
        found = compare_with_profile(Profile.of(as_table(before)), after).features["coupon"]
        assert (found.verdict, found.reason) == (exact.verdict, exact.reason)


def test_a_window_without_an_optional_column_is_no_change() -> None:
    hours = [(str(hour), coupons(0, 60) if hour % 2 else WITHOUT) for hour in range(6)]
    hours += [(str(hour), coupons(60, 60)) for hour in range(6, 10)]
    timeline = compare_windows(coupons(40, 2000), hours)
    assert timeline.drifted_features == ["coupon"]
    assert timeline.onsets["coupon"].window == "6"
