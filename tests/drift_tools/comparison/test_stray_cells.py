"""Cells of a column of numbers that are none: stray ones, and words for a missing number."""

from typing import Any

import numpy as np
import pytest

from contract.constraints_file import FeatureConstraint
from drift_tools.comparison import compare, compare_with_profile, prepare_baseline
from drift_tools.job.drift_json import kinds_of
from drift_tools.monitors.data_quality import Constraints, suggest
from drift_tools.profiles import Profile, merge_profiles
from drift_tools.significance import two_sample_test
from drift_tools.tables import Column, Table, TypeCounts, read_csv_text
from drift_tools.timeline import split_by_time
from tests.drift_tools.comparison.sides import AMOUNTS, INCOME, csv, only

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
    noise = np.random.default_rng(6).normal(size=(2, 400)).round(6)
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
