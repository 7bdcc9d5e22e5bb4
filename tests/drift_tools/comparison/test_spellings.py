"""Sides that say the same in single and in double precision, in other spellings, or in lists with None."""

import math
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from drift_tools.comparison import Baseline, Kind, compare, compare_with_profile, prepare_baseline, samples_of
from drift_tools.monitors.data_quality import evaluate, suggest
from drift_tools.profiles import Profile
from drift_tools.significance import two_sample_test
from drift_tools.tables import TypeCounts, as_table, concatenate
from drift_tools.timeline import compare_windows, split_by_time
from tests.drift_tools.comparison.sides import TRUTHS, csv, only

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
