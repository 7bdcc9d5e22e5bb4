"""Columns that cannot be compared end no other, and what is no table is refused with the fix."""

import json
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from drift_tools import InputError, compare, compare_windows
from drift_tools.tables import as_table
from tests.drift_tools.tables.type_systems import NUMBER, TEXT, look

RNG = np.random.default_rng(0)
ODD = object()  # one for both sides: an object of no type is spelt by its address
X, Y = RNG.normal(size=1000), RNG.normal(size=1000) + 3


class Unspeakable:
    """What has no text at all; somebody's own class may raise whatever it likes."""

    def __str__(self) -> str:
        raise ValueError("no text\nfor you")


class Extension(pa.ExtensionType):  # type: ignore[misc]
    """A type of one's own, as pyarrow's guide has it: it cannot be hashed."""

    def __init__(self) -> None:
        super().__init__(pa.int64(), "tests.extension")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: Any, serialized: bytes) -> "Extension":
        return cls()


def _extended() -> Any:
    return pa.ExtensionArray.from_storage(Extension(), pa.array([1, 2] * 500))


def _with(column: Callable[[], Any]) -> list[Any]:
    return [pd.DataFrame({"x": values, "u": column()}) for values in (X, Y)]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: _with(lambda: X * 1j), "complex numbers have no order"),
        (lambda: [{"x": values, "u": X * 1j} for values in (X, Y)], "complex numbers have no order"),
        (lambda: [{"x": values, "u": [1j] * 1000} for values in (X, Y)], None),
        (lambda: _with(lambda: ["a", 1] * 500), None),
        (lambda: _with(lambda: [10**30 + index for index in range(1000)]), None),
        (lambda: _with(lambda: pd.arrays.SparseArray([0, 0, 1, 0] * 250)), None),
        (lambda: _with(lambda: [ODD] * 1000), None),
        (lambda: _with(lambda: [{"a": 1}, [1], "x", None] * 250), None),
        (lambda: [{"x": values, "u": np.zeros((1000, 3))} for values in (X, Y)], "an array of 2 dimensions"),
        (lambda: [{"x": values, "u": [Unspeakable()] * 1000} for values in (X, Y)], "ValueError no text for you"),
        (lambda: _with(lambda: pd.Series([Unspeakable()] * 1000, dtype=object)), "ValueError no text for you"),
        (lambda: [pa.table({"x": values, "u": _extended()}) for values in (X, Y)], None),
    ],
)
def test_one_odd_column_ends_no_other(make: Callable[[], list[Any]], reason: str | None) -> None:
    before, after = make()
    comparison = compare(before, after)
    assert comparison.drifted_features == ["x"]
    odd = comparison.features["u"]
    if reason is not None:
        assert odd.verdict == "not enough data"
        assert reason in odd.reason
    windows = compare_windows(before, [("a", before), ("b", after)])
    assert windows.drifted_features == ["x"]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (7, "is a int: give a data frame"),
        (None, "is a NoneType: give a data frame"),
        ("train.csv", "is a str: read the file first"),
        (np.zeros(3), "an array without names: give a data frame .*, such as {'x': array}"),
        (np.zeros((3, 2)), "an array without names"),
        (pd.Series([1.0, 2.0]), "give .to_frame()"),
        (pl.Series([1.0, 2.0]), "give .to_frame()"),
        (pa.array([1.0, 2.0]), "no table"),
        ([1, 2, 3], "is a list: give a data frame"),
        ([[1, 2], [3, 4]], "is a list: give a data frame"),
        ([], "is a list: give a data frame"),
        (pd.DataFrame(np.zeros((3, 2)), columns=["a", "a"]), "two columns are called 'a'"),
        ({"x": 5}, "column 'x' is a int"),
        ({"x": "abc"}, "column 'x' is a str"),
        ({"x": np.array(5)}, "column 'x' has 0 dimensions"),
        (
            duckdb.sql("select (i * 1e300)::int as x from range(9) t(i)"),
            "DuckDBPyRelation that cannot be read .*: fix its",
        ),
        ({"x": [1, 2], "y": [1]}, "'y' has 1 rows where the table has 2"),
    ],
)
def test_what_is_no_table_is_refused_with_the_fix(data: Any, says: str) -> None:
    for attempt in (lambda: compare(data, {"x": X}), lambda: compare({"x": X}, data), lambda: as_table(data)):
        with pytest.raises(InputError, match=says) as error:
            attempt()
        assert "\n" not in str(error.value)


def test_records_may_lack_a_key() -> None:
    rows = [json.loads(line) for line in ('{"a": 1, "b": "x"}', '{"a": 2}', '{"b": "y", "c": null}')]
    assert [look(rows, name) for name in "abc"] == [(NUMBER, 1), (TEXT, 1), (TEXT, 3)]


def test_integers_of_polars_that_neither_arrow_nor_numpy_has() -> None:
    """Arrow has no 128-bit integers, and polars gives numpy none: they come as Python's own."""
    before, after = (pl.DataFrame({"x": pl.Series(range(start, start + 60), dtype=pl.Int128)}) for start in (0, 40))
    assert compare(before, after, kinds={"x": "numerical"}, columns=["x"]).drifted_features == ["x"]
