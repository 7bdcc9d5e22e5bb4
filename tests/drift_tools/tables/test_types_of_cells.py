"""The types of cells and columns are Deequ's and Model Monitor's, and numbers are float's."""

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools import compare
from drift_tools.comparison import Kind
from drift_tools.tables import Column, TypeCounts, as_table, parse_numbers
from drift_tools.tables.column import count_types


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("1", "integral"),
        ("-1", "integral"),
        ("+ 1", "integral"),
        ("1.0", "fractional"),
        ("1e5", "fractional"),
        ("-1.5E-3", "fractional"),
        ("1.", "string"),
        (".5", "string"),
        ("nan", "string"),
        ("Infinity", "string"),
        ("1_000", "string"),
        ("٣", "string"),
        ("true", "boolean"),
        ("True", "string"),
        ("", "string"),
        ("1\n2", "string"),
        ("a", "string"),
    ],
)
def test_a_cell_has_the_type_that_deequ_gives_it(cell: str, kind: str) -> None:
    assert count_types([cell]) == TypeCounts(**{kind: 1})


@given(st.lists(st.text(alphabet="0123456789+-.eE naif\n_", max_size=6), max_size=8))
def test_types_of_a_column_are_the_sum_of_its_cells(cells: list[str]) -> None:
    one_by_one = [count_types([cell]) for cell in cells]
    column = Column.from_cells("x", list(cells))
    for kind in ("fractional", "integral", "boolean", "string"):
        expected = sum(getattr(counts, kind) for counts in one_by_one)
        assert getattr(count_types(cells), kind) == expected
        assert getattr(column.types, kind) == expected


@given(st.lists(st.one_of(st.none(), st.floats().map(repr), st.integers().map(str), st.sampled_from(["x", "1_0", ""]))))
def test_numbers_are_those_of_float_bit_by_bit(cells: list[str | None]) -> None:
    texts = np.empty(len(cells), dtype=object)
    texts[:] = cells
    numbers, wrong = parse_numbers(texts)
    expected = []
    expected_wrong = 0
    for cell in cells:
        try:
            if cell is not None and "_" in cell:
                raise ValueError
            expected.append(np.nan if cell is None else float(cell))
        except ValueError:
            expected.append(np.nan)
            expected_wrong += 1
    assert wrong == expected_wrong
    np.testing.assert_array_equal(numbers, np.array(expected, dtype=np.float64))


@pytest.mark.parametrize(
    ("cells", "inferred"),
    [
        (["1", "2", None], "Integral"),
        (["1", "2.5"], "Fractional"),
        (["1", "x"], "String"),
        (["1", "true"], "String"),
        (["true", "false"], "String"),
        ([None, None], "Unknown"),
        ([], "Unknown"),
    ],
)
def test_the_inferred_type_is_model_monitors(cells: list[str | None], inferred: str) -> None:
    assert Column.from_cells("x", cells).types.inferred_type == inferred


def test_whole_numbers_pass_for_fractional_ones_and_not_the_other_way_round() -> None:
    types = Column.from_cells("x", ["1", "2.5", None, "x"]).types
    assert types.share_of("Fractional") == 2 / 3
    assert types.share_of("Integral") == 1 / 3
    assert types.share_of("String") == 1.0


def test_nan_and_infinity_of_a_client_are_numbers_to_measure() -> None:
    column = Column.from_cells("x", ["nan", "inf", "1.5", None])
    assert column.is_numerical
    np.testing.assert_array_equal(column.as_numbers()[0], [np.nan, np.inf, 1.5, np.nan])
    assert column.types == TypeCounts(fractional=1, string=2, missing=1)


def test_numbers_spell_like_the_text_they_would_be() -> None:
    column = Column.from_numbers("x", np.array([3.0, 0.5, np.nan, -2.0, 1e300, -0.0]))
    texts = column.as_texts().tolist()
    assert texts[:4] == ["3", "0.5", None, "-2"]
    assert float(texts[4]) == 1e300
    assert texts[5] == "0"


def test_arrow_columns_keep_what_their_types_say() -> None:
    table = as_table(
        pa.table(
            {
                "int": pa.array([1, None, 3], pa.int32()),
                "float": pa.array([1.5, float("nan"), None]),
                "decimal": pa.array([Decimal("1.25"), None, Decimal("2.00")]),
                "bool": pa.array([True, None, False]),
                "code": pa.array(["16", "17", None]).dictionary_encode(),
                "day": pa.array([date(1970, 1, 2), None, date(1970, 1, 3)]),
                "clock": pa.array([3, None, 4], pa.time32("s")),
                "span": pa.array([3, None, 4], pa.duration("ms")),
                "list": pa.array([[1], None, [2, 3]]),
            }
        )
    )
    np.testing.assert_array_equal(table.columns["int"].as_numbers()[0], [1, np.nan, 3])
    np.testing.assert_array_equal(table.columns["float"].as_numbers()[0], [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(table.columns["decimal"].as_numbers()[0], [1.25, np.nan, 2])
    np.testing.assert_array_equal(table.columns["day"].as_numbers()[0], [86400, np.nan, 172800])
    np.testing.assert_array_equal(table.columns["clock"].as_numbers()[0], [3, np.nan, 4])
    np.testing.assert_array_equal(table.columns["span"].as_numbers()[0], [0.003, np.nan, 0.004])
    assert table.columns["bool"].as_texts().tolist() == ["true", None, "false"]
    assert not table.columns["code"].is_numerical
    assert table.columns["code"].as_texts().tolist() == ["16", "17", None]
    assert table.columns["list"].as_texts().tolist() == ["[1]", None, "[2, 3]"]
    assert table.columns["int"].types == TypeCounts(integral=2, missing=1)


LARGE = [2**60 + 1, 2**60 + 2, None, 2**60 + 1]


@pytest.mark.parametrize("kind", [pa.int64(), pa.uint64()])
def test_large_integers_are_spelt_in_full_and_measured_as_floats(kind: pa.DataType) -> None:
    column = as_table(pa.table({"id": pa.array(LARGE, kind)})).columns["id"]
    assert column.types == TypeCounts(integral=3, missing=1)
    np.testing.assert_array_equal(column.as_numbers()[0], [2.0**60, 2.0**60, np.nan, 2.0**60])
    assert column.as_texts().tolist() == [str(2**60 + 1), str(2**60 + 2), None, str(2**60 + 1)]
    assert column.category_counts() == {str(2**60 + 1): 2, str(2**60 + 2): 1}


def test_small_integers_have_no_texts_of_their_own() -> None:
    column = as_table({"id": np.array([2**53 - 1, -(2**53) + 1])}).columns["id"]
    assert column.texts is None
    assert column.as_texts().tolist() == ["9007199254740991", "-9007199254740991"]
    assert as_table({"id": np.array([-(2**53) - 1])}).columns["id"].as_texts().tolist() == ["-9007199254740993"]


@pytest.mark.parametrize("shape", ["arrow", "arrow with nulls", "array", "table"])
def test_large_integers_as_categories_are_compared_digit_by_digit(shape: str) -> None:
    def ids(offset: int) -> Any:
        values = [2**60 + index % 5 + offset for index in range(500)]
        if shape == "array":
            return {"id": np.array(values)}
        table = pa.table({"id": pa.array([*values, None] if "nulls" in shape else values)})
        return as_table(table) if shape == "table" else table

    kinds: dict[str, Kind] = {"id": "categorical"}
    assert compare(ids(0), ids(0), kinds=kinds).drifted_features == []
    moved = compare(ids(0), ids(100), kinds=kinds)
    assert moved.drifted_features == ["id"]
    assert moved.features["id"].new_categories[0] == str(2**60 + 100)
    assert len(moved.features["id"].vanished_categories) == 5
