"""Tables of whatever is one: mappings, arrays, and anything with Arrow's C interface."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from drift_tools.errors import InputError
from drift_tools.tables import Column, Table, TypeCounts, as_table, read_csv_text


class _Capsule:
    """Anything with the Arrow C stream interface, and nothing else of pyarrow's."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        return self._table.__arrow_c_stream__(requested_schema)


class _Batch:
    def __init__(self, batch: pa.RecordBatch) -> None:
        self._batch = batch

    def __arrow_c_array__(self, requested_schema: object = None) -> Any:
        return self._batch.__arrow_c_array__(requested_schema)


def test_anything_with_the_arrow_c_interface_is_a_table() -> None:
    table = pa.table({"x": [1.0, 2.0]})
    batch = pa.record_batch({"x": [1.0, 2.0]})
    for source in (table, _Capsule(table), batch, _Batch(batch)):
        np.testing.assert_array_equal(as_table(source).columns["x"].as_numbers()[0], [1, 2])


def test_a_mapping_of_arrays_is_a_table() -> None:
    table = as_table(
        {
            "float": np.array([1.0, np.nan]),
            "int": [1, 2],
            "bool": np.array([True, False]),
            "text": ["a", None],
            "maybe": [1.5, None],
            "time": np.array(["1970-01-02", "NaT"], dtype="datetime64[D]"),
        }
    )
    assert table.rows == 2
    assert table.columns["int"].types == TypeCounts(integral=2)
    assert table.columns["bool"].as_texts().tolist() == ["true", "false"]
    assert table.columns["text"].as_texts().tolist() == ["a", None]
    np.testing.assert_array_equal(table.columns["maybe"].as_numbers()[0], [1.5, np.nan])
    np.testing.assert_array_equal(table.columns["time"].as_numbers()[0], [86400, np.nan])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (7, "int"),
        ({"x": np.array(2)}, "0 dimensions"),
        ({"x": 5}, "int"),
        ({"x": [1, 2], "y": [1]}, "'y' has 1 rows where the table has 2"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(data: object, message: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        as_table(data)
    assert "\n" not in str(error.value)


def test_a_table_goes_to_arrow_and_back() -> None:
    table = read_csv_text("i,f,s,n\n1,0.5,a,\n2,,b,\n")
    arrow = table.to_arrow()
    assert arrow.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.string()]
    assert arrow.to_pylist() == [{"i": 1, "f": 0.5, "s": "a", "n": None}, {"i": 2, "f": None, "s": "b", "n": None}]


def test_names_must_differ_and_fit() -> None:
    table = read_csv_text("a,b\n1,2\n")
    assert table.renamed(["x", "y"]).names == ["x", "y"]
    with pytest.raises(InputError, match="1 names were given for 2 columns"):
        table.renamed(["x"])
    with pytest.raises(InputError, match="two columns are called 'x'"):
        Table.of([Column.from_cells("x", ["1"])] * 2, 1)
