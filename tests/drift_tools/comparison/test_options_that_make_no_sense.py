"""Options and sizes that make no sense, and data that can be read once."""

import io
import math
from typing import Any

import pyarrow as pa
import pytest
from rich.console import Console

from drift_tools.comparison import compare, compare_with_profile, prepare_baseline
from drift_tools.errors import InputError
from drift_tools.profiles import Profile
from drift_tools.report import print_comparison, render_comparison
from drift_tools.report.words import together
from drift_tools.tables import as_table
from drift_tools.timeline import compare_windows
from tests.drift_tools.comparison.sides import AMOUNTS, only


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
