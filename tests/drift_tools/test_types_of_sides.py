"""Sides whose cells are typed or written differently although they say the same: what a comparison makes of them."""

import io
import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from rich.console import Console

from contract.constraints_file import FeatureConstraint
from drift_tools.comparison import (
    Baseline,
    Comparison,
    FeatureComparison,
    Kind,
    compare,
    compare_with_profile,
    prepare_baseline,
    profile_of,
    samples_of,
)
from drift_tools.errors import InputError
from drift_tools.job.drift_json import kinds_of
from drift_tools.monitors.data_quality import Constraints, evaluate, suggest
from drift_tools.profiles import Profile, Statistics, merge_profiles
from drift_tools.report import print_comparison, render_comparison
from drift_tools.report.words import together
from drift_tools.significance import two_sample_test
from drift_tools.tables import Column, Table, TypeCounts, as_table, concatenate, read_csv_text
from drift_tools.timeline import compare_windows, split_by_time

RNG = np.random.default_rng(5)
AMOUNTS = RNG.normal(50, 10, 2000).round(6)


def csv(*cells: object, name: str = "x") -> Table:
    return read_csv_text("\n".join([name, *map(str, cells)]) + "\n")


def only(comparison: Comparison) -> FeatureComparison:
    (feature,) = comparison.features.values()
    return feature


# --- a few cells of a column of numbers that are none --------------------------------------------------------------


STRAY = csv(*AMOUNTS, "#REF!")
SHIFTED = csv(*(AMOUNTS + 50))


def test_one_stray_cell_leaves_a_column_numerical() -> None:
    feature = only(compare(STRAY, SHIFTED))
    assert (feature.kind, feature.verdict) == ("numerical", "drift")
    assert feature.baseline.wrong_type_share == 1 / 2001
    same = only(compare(STRAY, csv(*AMOUNTS[::2])))
    assert (same.kind, same.verdict) == ("numerical", "no drift")


@pytest.mark.parametrize(("stray", "kind"), [(5, "numerical"), (6, "categorical")])
def test_more_than_one_stray_cell_in_twenty_makes_categories(stray: int, kind: str) -> None:
    cells = [*["#REF!"] * stray, *range(100 - stray), *[""] * 900]  # missing cells do not count
    table = csv(*(cell if cell != "" else '""' for cell in cells))
    assert table.columns["x"].types.present == 100
    assert only(compare(table, table)).kind == kind
    assert only(compare(prepare_baseline(table), table)).kind == kind
    assert only(compare(csv(*cells[::-1], '""'), table)).kind == kind


def test_strings_of_a_typed_source_stay_categories() -> None:
    texts = [*map(str, range(99)), "#REF!"]
    assert only(compare({"x": texts}, {"x": texts})).kind == "categorical"
    assert not Column.from_strings("x", texts).is_mostly_numerical
    assert Column.from_cells("x", texts).is_mostly_numerical
    assert not Column.from_cells("x", [None, None]).is_mostly_numerical


def test_values_that_stop_being_numbers_are_drift_of_a_column_with_stray_cells() -> None:
    feature = only(compare(STRAY, csv(*AMOUNTS[:1000], *["#REF!"] * 300)))
    assert feature.verdict == "drift"
    assert feature.reason.endswith("share of values of another type")


def test_profiles_say_the_same_of_stray_cells_however_they_were_cut() -> None:
    exact = only(compare(STRAY, SHIFTED))
    cells = [*map(str, AMOUNTS[:1000]), "#REF!", *map(str, AMOUNTS[1000:])]
    parts = [Profile.of(csv(*cells[start:stop])) for start, stop in ((0, 990), (990, 1010), (1010, 2001))]
    for before in (Profile.of(STRAY), merge_profiles(parts), Profile.from_dict(merge_profiles(parts).to_dict())):
        found = only(compare_with_profile(before, Profile.of(SHIFTED)))
        assert (found.kind, found.verdict) == ("numerical", "drift")
        assert found.psi == pytest.approx(exact.psi)
        assert found.baseline.wrong_type_share == 1 / 2001
    assert "numerical_statistics" not in Profile.of(STRAY).statistics().to_dict()["features"][0]  # as Model Monitor


def test_stray_cells_do_not_decide_the_kind_of_a_monitored_feature() -> None:
    suggested = suggest(Profile.of(STRAY).statistics())
    assert suggested.features["x"].inferred_type == "String"
    assert kinds_of(suggested) == {"x": "categorical"}  # nobody to ask
    assert kinds_of(suggested, STRAY) == {}
    assert kinds_of(suggested, csv(*AMOUNTS)) == {"x": "categorical"}  # somebody wrote String into the file
    listed = Constraints({"x": FeatureConstraint("x", "String", domains=("1", "2", "#REF!"))})
    assert kinds_of(listed, csv(*[1, 2] * 50, "#REF!")) == {"x": "categorical"}


def test_the_classifier_sees_numbers_beside_stray_cells() -> None:
    noise = RNG.normal(size=(2, 400)).round(6)
    tables = [
        read_csv_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in zip(noise[0], ys, strict=True)) + "#REF!,0\n")
        for ys in (noise[0] + noise[1], noise[1] - noise[0])
    ]
    test = two_sample_test(*tables, permutations=99)
    assert (test.p_value, test.statistic > 0.7) == (0.01, True)


def test_windows_of_a_column_with_stray_cells_keep_what_is_known_of_their_cells() -> None:
    rows = "".join(f"2026-03-01T{hour:02d}:00,{value}\n" for hour, value in enumerate(["1", "03", "#REF!", "4"]))
    parts = [part.columns["x"] for _, part in split_by_time(read_csv_text("at,x\n" + rows), "at", "1h")]
    assert [column.as_texts().tolist() for column in parts] == [["1"], ["03"], ["#REF!"], ["4"]]
    assert [column.is_mostly_numerical for column in parts] == [True, True, False, True]


# --- words for a missing number ------------------------------------------------------------------------------------

INCOME = RNG.normal(50, 10, 1000).round(3)


def with_word(values: Any, word: str, share: float) -> Table:
    return csv(*(word if index < share * len(values) else value for index, value in enumerate(values)))


@pytest.mark.parametrize(
    ("word", "share"),
    [(word, 0.1) for word in ("NULL", "null", "None", "N/A", "n/a", "#N/A", "-", "?", "<NA>", "nan", '""')]
    + [("NA", share) for share in (0.04, 0.1, 0.6)],
)
def test_words_for_missing_are_missing_among_numbers(word: str, share: float) -> None:
    before, after = with_word(INCOME, word, share), with_word(INCOME + 30, word, share)
    feature = only(compare(before, after))
    assert (feature.kind, feature.verdict) == ("numerical", "drift")
    assert (feature.baseline.missing_share, feature.baseline.wrong_type_share) == (share, 0.0)
    empty = only(compare(with_word(INCOME, '""', share), with_word(INCOME + 30, word, share)))
    assert feature.to_dict() == empty.to_dict()
    if word != "nan":  # which Model Monitor's types count as a string
        found = only(compare_with_profile(Profile.of(before), Profile.of(after)))
        assert (found.kind, found.verdict) == ("numerical", "drift")
        assert (found.baseline.missing_share, found.baseline.wrong_type_share) == (share, 0.0)


def test_more_words_for_missing_are_more_missing_values() -> None:
    feature = only(compare(csv(*INCOME), with_word(INCOME, "NA", 0.3)))
    assert feature.summary.startswith("x: missing 0 % → 30 %, ")
    assert feature.reason.endswith("share of missing values")


def test_among_texts_such_words_are_categories() -> None:
    table = csv(*["NA", "EU", "US"] * 500)
    feature = only(compare(table, csv(*["NA", "NA", "EU"] * 500)))
    assert (feature.kind, feature.baseline.missing_share, feature.baseline.distinct) == ("categorical", 0.0, 3)
    alone = csv(*["NA"] * 100)
    assert only(compare(alone, alone)).kind == "categorical"
    codes = only(compare(csv(*["1", "NA"] * 500), csv(*["1", "NA"] * 500), kinds={"x": "categorical"}))
    assert (codes.baseline.missing_share, codes.baseline.distinct) == (0.0, 2)
    assert table.columns["x"].types == TypeCounts(string=1500)  # statistics.json counts as Model Monitor does


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


# --- single precision beside double --------------------------------------------------------------------------------

PRICES = np.array([0.1, 0.3, 0.7, 1.1] * 250)


def in_single(values: Any) -> list[Any]:
    """A column of single precision, in everything that it comes in."""
    values = np.asarray(values, dtype=np.float32)
    arrow = pa.table({"x": pa.array(values)})
    return [{"x": values}, arrow, as_table(arrow), as_table({"x": values}), prepare_baseline({"x": values})]


def in_double(values: Any) -> list[Any]:
    return [{"x": values}, {"x": values.tolist()}, pa.table({"x": values}), csv(*values)]


@pytest.mark.parametrize("kind", ["numerical", "categorical"])
def test_single_precision_is_no_drift(kind: Kind) -> None:
    for single in in_single(PRICES):
        for double in in_double(PRICES):
            feature = only(compare(single, double, kinds={"x": kind}))
            assert (feature.psi, feature.verdict) == (0.0, "no drift")
            if not isinstance(single, Baseline):
                assert only(compare(prepare_baseline(double), single, kinds={"x": kind})).psi == 0.0
    assert only(compare(in_single(PRICES)[0], {"x": PRICES + 1e-3})).verdict == "drift"


def test_what_single_precision_cannot_hold_stays_in_order() -> None:
    large = np.array([-1e300, -3.5e38, 0.7, 3.5e38, 1e300, math.inf, math.nan] * 20)
    feature = only(compare({"x": np.float32(PRICES)}, {"x": large}))
    assert (feature.current.maximum, feature.current.infinite_share) == (1e300, 1 / 7)
    numbers = samples_of({"x": large}, what="x").columns["x"].numbers
    assert numbers.in_single_precision().finite.tolist() == sorted(
        [-1e300, -3.5e38, 0.699999988079071, 3.5e38, 1e300] * 20
    )


def test_a_prepared_baseline_is_not_rounded_for_good() -> None:
    prepared = prepare_baseline({"x": PRICES})
    assert only(compare(prepared, {"x": np.float32(PRICES)})).psi == 0.0
    assert only(compare(prepared, {"x": PRICES})).psi == 0.0


@pytest.mark.parametrize("kind", ["numerical", "categorical"])
def test_blocks_and_windows_know_of_single_precision(kind: Kind) -> None:
    single, hours = {"x": np.float32(PRICES)}, np.arange(len(PRICES)) // 50
    assert only(compare(single, {"x": PRICES}, blocks=hours, kinds={"x": kind})).p_value == 1.0
    later = [("0", {"x": PRICES}), ("1", {"x": np.float32(PRICES)}), ("2", {"x": PRICES + 1}), ("3", {"x": PRICES + 1})]
    timeline = compare_windows(single, later, kinds={"x": kind})
    assert (timeline.onsets["x"].earliest, timeline.onsets["x"].latest) == ("2", "2")
    test = two_sample_test({"x": np.float32(PRICES[:60])}, {"x": PRICES[:60]}, permutations=99)
    assert test.p_value > 0.1


def test_parts_of_a_table_of_single_precision_stay_so() -> None:
    seconds = 1.7e9 + np.arange(4.0)
    table = as_table({"at": seconds, "x": np.array([0.1, 0.7, 0.3, 0.2], dtype=np.float32)})
    parts = [part for _, part in split_by_time(table, "at", 2)]
    assert [part.columns["x"].is_single for part in parts] == [True, True]
    assert concatenate(parts, ["a", "b"]).columns["x"].is_single
    assert parts[0].columns["x"].as_numbers()[0].tolist() == [0.10000000149011612, 0.699999988079071]


# --- other spellings of the same -----------------------------------------------------------------------------------

TRUTHS = [True, False, False, False] * 100


@pytest.mark.parametrize("spell", [str, lambda truth: str(truth).upper(), lambda truth: str(truth).lower()])
def test_truths_are_the_same_in_any_spelling(spell: Callable[[bool], str]) -> None:
    spelt = [spell(truth) for truth in TRUTHS]
    for before in (csv(*spelt), {"x": spelt}, pa.table({"x": spelt})):
        for after in (csv(*(str(truth).lower() for truth in TRUTHS)), {"x": TRUTHS}, pa.table({"x": TRUTHS})):
            feature = only(compare(before, after))
            assert (feature.kind, feature.psi, feature.verdict) == ("categorical", 0.0, "no drift")
            assert only(compare(prepare_baseline(after), before)).histogram == feature.histogram
    column = csv(*map(str, TRUTHS)).columns["x"]
    assert column.as_texts()[:2].tolist() == ["True", "False"]  # as it was written
    assert column.types == TypeCounts(string=400)  # Deequ's pattern is true|false
    assert two_sample_test({"x": spelt[:50]}, {"x": TRUTHS[:50]}, permutations=99).p_value > 0.1


def test_a_new_category_beside_truths_is_the_only_one() -> None:
    feature = only(compare(csv(*map(str, TRUTHS)), csv(*["true", "false", "false", "maybe"] * 100)))
    assert (feature.verdict, feature.new_categories, feature.vanished_categories) == ("drift", ("maybe",), ())
    named = only(compare(csv(*["True", "Maybe"] * 100), csv(*["true", "Maybe"] * 100)))
    assert named.new_categories == ("true",)  # a word among words


@pytest.mark.parametrize(
    ("before", "after", "psi"),
    [
        (["1", "2", "3"], ["1.0", "2.0", "3.0"], 0.0),
        (["1", "0", "-7"], ["1.00", "-0.0", "-7.0"], 0.0),
        (["1", "2.5", "1.0"], ["1.0", "2.5", "1"], 0.0),
        (["01", "2", "3"], ["01", "2.0", "3.0"], 10.81239),
        (["1", "2", "x"], ["1.0", "2.0", "x"], 10.81239),
        (["1.1", "2", "3"], ["1.10", "2", "3"], 5.40620),
    ],
)
def test_codes_are_the_same_with_and_without_a_point(before: list[str], after: list[str], psi: float) -> None:
    kinds: dict[str, Kind] = {"x": "categorical"}
    first, second = csv(*before * 100), csv(*after * 100)
    assert only(compare(first, second, kinds=kinds)).psi == pytest.approx(psi, abs=1e-5)
    blocks = np.arange(300) // 15
    drawn = only(compare(first, second, kinds=kinds, blocks=blocks, baseline_blocks=blocks))
    assert (drawn.p_value == 1.0) is (psi == 0.0)
    profiles = [Profile.of(table, categorical=["x"]) for table in (first, second)]
    assert only(compare_with_profile(*profiles, kinds=kinds)).psi == only(compare(first, second, kinds=kinds)).psi


def test_typed_codes_and_windows_are_spelt_alike() -> None:
    kinds: dict[str, Kind] = {"x": "categorical"}
    codes, floats = {"x": np.array([1, 2, 3] * 100)}, csv(*["1.0", "2.0", "3.0"] * 100)
    assert only(compare(codes, floats, kinds=kinds)).psi == 0.0
    later = [("0", floats), ("1", codes), ("2", csv(*["1.0"] * 300)), ("3", csv(*["1"] * 300))]
    assert compare_windows(codes, later, kinds=kinds).onsets["x"].earliest == "2"


@pytest.mark.parametrize("method", ["LInfinity", "ChiSquared"])
def test_the_monitors_checks_take_any_spelling_of_truths(method: str) -> None:
    baseline = Profile.of(csv(*map(str, TRUTHS))).statistics()
    constraints = suggest(baseline, categorical_drift_method=method)
    assert constraints.features["x"].domains == ("False", "True")
    found = evaluate(csv(*(str(truth).lower() for truth in TRUTHS)), constraints, baseline)
    assert (found.violations, found.distances) == ((), {"x": 0.0})
    other = evaluate(csv(*["true", "maybe"] * 200), constraints, baseline)
    assert "categorical_values_check" in [violation.check for violation in other.violations]


# --- lists, and arrays of objects, with and without None -----------------------------------------------------------

BIG = 2**53 + 1
LISTS: dict[str, tuple[list[Any], list[str | None], TypeCounts]] = {
    "truths": ([True, False], ["true", "false"], TypeCounts(boolean=2)),
    "numpy's truths": ([np.True_, np.False_], ["true", "false"], TypeCounts(boolean=2)),
    "integers": ([1, -7], ["1", "-7"], TypeCounts(integral=2)),
    "numpy's integers": ([np.int64(1), np.uint8(7)], ["1", "7"], TypeCounts(integral=2)),
    "large integers": ([BIG, -BIG], [str(BIG), str(-BIG)], TypeCounts(integral=2)),
    "floats": ([1.5, math.inf], ["1.5", "inf"], TypeCounts(fractional=2)),
    "numpy's floats": ([np.float64(1.5), np.float32(0.5)], ["1.5", "0.5"], TypeCounts(fractional=2)),
    "decimals": ([Decimal("1.5"), Decimal(2)], ["1.5", "2"], TypeCounts(fractional=2)),
    "fractions": ([Fraction(1, 4), Fraction(2)], ["0.25", "2"], TypeCounts(fractional=2)),
    "numbers and truths": ([1.5, True], ["1.5", "1"], TypeCounts(fractional=2)),
    "beyond all floats": ([10**400, -(10**400)], ["inf", "-inf"], TypeCounts(fractional=2)),
    "texts": (["1", "x"], ["1", "x"], TypeCounts(string=2)),
}


@pytest.mark.parametrize("what", LISTS)
def test_what_is_missing_does_not_change_what_a_list_holds(what: str) -> None:
    values, texts, types = LISTS[what]
    for missing in (None, math.nan, np.float32(math.nan), Decimal("NaN"), Decimal("sNaN")):
        for cells in ([*values, missing], np.array([*values, missing], dtype=object)):
            column = as_table({"x": cells}).columns["x"]
            if what != "large integers" or missing is None:  # a list with NaN is one of floats
                assert column.as_texts().tolist() == [*texts, None]
            assert (column.types.present, column.types.missing) == (2, 1)
            if missing is None:
                assert column.types == replace(types, missing=1)
    column = as_table({"x": values}).columns["x"]
    assert (column.as_texts().tolist(), column.types) == (texts, types)


def test_one_missing_truth_is_no_drift() -> None:
    feature = only(compare({"x": TRUTHS}, {"x": [*TRUTHS, None]}))
    assert (feature.kind, feature.verdict, feature.current.missing_share) == ("categorical", "no drift", 1 / 401)


# --- options that make no sense, and data that can be read once ----------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thresholds": {"x": 0}}, "the threshold of 'x' is 0: give a number above 0"),
        ({"thresholds": {"x": -0.1}}, "the threshold of 'x' is -0.1: give a number above 0"),
        ({"thresholds": {"x": math.nan}}, "the threshold of 'x' is nan: give a number above 0"),
        ({"kinds": {"x": "numeric"}}, "the kind of 'x' is 'numeric': give 'numerical' or 'categorical'"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any], message: str) -> None:
    table = {"x": AMOUNTS}
    with pytest.raises(InputError, match=message):
        compare(table, table, **options)
    with pytest.raises(InputError, match=message):
        compare_windows(table, [("0", table)], **options)
    if "kinds" in options:
        with pytest.raises(InputError, match=message):
            prepare_baseline(table, **options)
        profile = Profile.of(as_table(table))
        with pytest.raises(InputError, match=message):
            compare_with_profile(profile, profile, **options)
    assert not compare(table, table, thresholds={"x": math.inf}).drifted


def test_too_few_rows_for_all_columns_together_leave_the_features_their_verdicts() -> None:
    comparison = compare({"x": AMOUNTS}, {"x": AMOUNTS[:40] + 50}, multivariate=True)
    assert comparison.drifted_features == ["x"]
    reason = "the current data has 40 rows: give 50 or more"
    assert (comparison.multivariate, comparison.multivariate_reason) == (None, reason)
    document = comparison.to_dict()
    assert (document["multivariate"], document["multivariate_reason"]) == (None, reason)
    assert together(comparison) == f"not tested: {reason}"
    out = Console(file=io.StringIO(), width=200)
    print_comparison(comparison, out)
    assert f"All features together: not tested: {reason}" in out.file.getvalue()  # type: ignore[attr-defined] # a StringIO
    assert f"not tested: {reason}" in render_comparison(comparison)
    assert together(compare({"x": AMOUNTS}, {"x": AMOUNTS})) == ""


def test_streams_are_read_once() -> None:
    table = pa.table({"x": AMOUNTS[:60], "y": AMOUNTS[60:120]})
    expected = compare(table, table, multivariate=True)
    assert expected.multivariate is not None
    assert compare(table.to_reader(), table.to_reader(), multivariate=True).multivariate == expected.multivariate
    prepared = prepare_baseline(table.to_reader())
    assert compare(prepared, table.to_reader(), multivariate=True).multivariate == expected.multivariate


def test_texts_are_no_numbers_whatever_is_said_of_them() -> None:
    before, after = {"city": ["Paris", "Rome"] * 200}, {"city": ["Paris"] * 400}
    expected = only(compare(before, after))
    assert (expected.verdict, expected.kind) == ("drift", "categorical")
    for first in (before, pa.table(before), prepare_baseline(before, kinds={"city": "numerical"})):
        assert only(compare(first, after, kinds={"city": "numerical"})).to_dict() == expected.to_dict()
    spelt = {"city": ["1", "x"] * 200}
    assert only(compare(spelt, spelt, kinds={"city": "numerical"})).kind == "numerical"
