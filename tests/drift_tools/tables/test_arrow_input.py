"""Whatever speaks the Arrow C data interface is taken, without a copy where there need be none."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from drift_tools import InputError, compare
from drift_tools.tables import as_table

ROWS = 1000


class Stream:
    """The least that a data frame has to have: pandas, polars and DuckDB export themselves by this method."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._data.__arrow_c_stream__(requested_schema)


class Batch:
    """The same for one batch of rows, or one array."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def __arrow_c_array__(self, requested_schema: object = None) -> object:
        return self._data.__arrow_c_array__(requested_schema)


@pytest.fixture
def values() -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    return np.random.default_rng(1).normal(size=ROWS)


def test_a_stream_is_a_table_and_numbers_are_not_copied(values: Any) -> None:
    table = as_table(Stream(pa.table({"a": values, "b": ["x"] * ROWS})))
    assert (table.rows, table.names) == (ROWS, ["a", "b"])
    assert np.shares_memory(table.columns["a"].as_numbers()[0], values)


def test_a_batch_is_a_table_and_numbers_are_not_copied(values: Any) -> None:
    table = as_table(Batch(pa.record_batch({"a": values})))
    assert np.shares_memory(table.columns["a"].as_numbers()[0], values)


def test_a_column_of_a_data_frame_is_a_column(values: Any) -> None:
    for column in (Stream(pa.chunked_array([values])), Batch(pa.array(values))):
        assert np.shares_memory(as_table({"a": column}).columns["a"].as_numbers()[0], values)


def test_pieces_and_missing_values_are_put_together(values: Any) -> None:
    pieces = pa.chunked_array([pa.array(values[:300]), pa.array([None, 1.5]), pa.array(values[300:])])
    numbers = as_table(Stream(pa.table({"a": pieces}))).columns["a"].as_numbers()[0]
    assert np.array_equal(numbers, np.concatenate([values[:300], [np.nan, 1.5], values[300:]]), equal_nan=True)


@pytest.mark.parametrize("texts", [pa.string(), pa.large_string(), pa.string_view()])
def test_categories_of_every_data_frame_are_categories(texts: pa.DataType) -> None:
    cells = ["x", None, "y", "x"]
    plain = pa.array(cells, type=texts)
    coded = pa.DictionaryArray.from_arrays(pa.array([0, None, 1, 0], pa.uint32()), pa.array(["x", "y"], texts))
    for column in (plain, coded):
        assert as_table(Stream(pa.table({"c": column}))).columns["c"].as_texts().tolist() == cells


def test_comparing_what_is_exported_is_comparing_the_table(values: Any) -> None:
    first, second = pa.table({"a": values}), pa.table({"a": values + 1})
    assert compare(Stream(first), Stream(second)).to_dict() == compare(first, second).to_dict()


def test_one_column_is_no_table(values: Any) -> None:
    for column in (Stream(pa.chunked_array([values])), Batch(pa.array(values))):
        with pytest.raises(InputError, match=r"that is no table of Arrow's .*: give a data frame"):
            compare(column, column)


def test_real_data_frames(values: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": values, "c": pandas.Categorical(["x", "y"] * (ROWS // 2))})
    table = as_table(frame)
    assert np.shares_memory(table.columns["a"].as_numbers()[0], frame["a"].to_numpy())
    assert compare(frame, frame).drifted_features == []


def test_real_polars_frames(values: Any) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": values, "c": ["x", "y"] * (ROWS // 2)}).with_columns(
        polars.col("c").cast(polars.Categorical)
    )
    table = as_table(frame)
    assert np.shares_memory(table.columns["a"].as_numbers()[0], frame["a"].to_numpy())
    assert table.columns["c"].as_texts().tolist() == ["x", "y"] * (ROWS // 2)
