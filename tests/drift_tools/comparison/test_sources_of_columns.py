"""Whatever a column comes in, the same is said of it."""

import math
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from unittest.mock import patch

import numpy as np
import pyarrow as pa
import pytest

from drift_tools.comparison import Kind, compare, prepare_baseline, samples_of
from drift_tools.errors import InputError
from drift_tools.tables import as_table
from tests.drift_tools.comparison.columns import NORMAL

N = 2000


SOURCES: dict[str, tuple[Callable[[list[Any]], Any], Callable[[list[Any]], Any]]] = {
    # by source: how it holds numbers, and how it holds texts
    "lists": (lambda values: values, lambda values: values),
    "numpy": (
        lambda values: np.array([math.nan if value is None else value for value in values]),
        lambda values: np.array(values, dtype=object),
    ),
    "arrow": (pa.array, pa.array),
    "arrow in chunks": (
        lambda values: pa.chunked_array([values[:300], values[300:], []], type=pa.float64()),
        lambda values: pa.chunked_array([values[:300], values[300:], []], type=pa.string()),
    ),
    "large strings": (pa.array, lambda values: pa.array(values, type=pa.large_string())),
    "dictionaries": (
        lambda values: pa.array(values).dictionary_encode(),
        lambda values: pa.array(values).dictionary_encode(),
    ),
    "chunks of dictionaries": (
        pa.array,
        lambda values: pa.chunked_array(
            [pa.array(values[:300]).dictionary_encode(), pa.array(values[300:]).dictionary_encode()]
        ),
    ),
}


def held(source: str, numbers: list[Any], texts: list[Any]) -> Any:
    as_numbers, as_texts = SOURCES[source]
    columns = {"number": as_numbers(numbers), "text": as_texts(texts)}
    return pa.table(columns) if isinstance(columns["text"], pa.Array | pa.ChunkedArray) else columns


@pytest.mark.parametrize("kinds", [{}, {"number": "categorical", "text": "numerical"}], ids=["as it is", "as told"])
@pytest.mark.parametrize("source", SOURCES)
def test_every_source_of_the_same_column_says_the_same(source: str, kinds: dict[str, Kind]) -> None:
    numbers: list[list[Any]] = [[1.5, None, 3.0, -2.0] * 200, [1.5, 2.0, 3.0, None, 3.0] * 160]
    texts: list[list[Any]] = [["b", "16", None, "7"] * 200, ["b", "16", "16", "1e3", None] * 160]
    expected = compare(
        *(held("lists", mine, yours) for mine, yours in zip(numbers, texts, strict=True)), kinds=kinds
    ).to_dict()
    sides = [held(source, mine, yours) for mine, yours in zip(numbers, texts, strict=True)]
    assert compare(*sides, kinds=kinds).to_dict() == expected
    assert compare(prepare_baseline(sides[0]), sides[1], kinds=kinds).to_dict() == expected
    assert compare(prepare_baseline(sides[0], kinds=kinds), sides[1], kinds=kinds).to_dict() == expected
    assert compare(as_table(sides[0]), as_table(sides[1]), kinds=kinds).to_dict() == expected


@pytest.mark.parametrize("source", ["arrow", "numpy"])
def test_whole_numbers_and_truths_are_the_same_from_any_source(source: str) -> None:
    codes, truths = [1, 2, 3, 9] * 200, [True, False, False, False] * 200
    plain = {"code": codes, "truth": truths}
    other = pa.table(plain) if source == "arrow" else {name: np.array(values) for name, values in plain.items()}
    later = {"code": np.array([1, 2, 9, 9] * 200), "truth": np.array([True] * 800)}
    for kinds in ({}, {"code": "categorical"}):
        assert compare(other, later, kinds=kinds).to_dict() == compare(as_table(plain), later, kinds=kinds).to_dict()  # type: ignore[arg-type] # a literal's type is not kept in a tuple
    with_missing = pa.table({"code": [1, None, 2, 3] * 200, "truth": [True, None, False, False] * 200})
    assert compare(with_missing, with_missing).features["code"].baseline.missing_share == 0.25
    assert compare(with_missing, with_missing).features["truth"].baseline.missing_share == 0.25


def test_dates_and_durations_of_arrow_are_numbers() -> None:
    moments = [datetime(2026, 1, 1) + timedelta(hours=i) for i in range(500)]
    table = pa.table(
        {
            "day": [moment.date() for moment in moments],
            "moment": moments,
            "lasting": [timedelta(seconds=i) for i in range(500)],
            "zoned": pa.array(moments, type=pa.timestamp("s", tz="UTC")),
        }
    )
    later = table.set_column(0, "day", pa.array([date(2030, 1, 1)] * 500))
    comparison = compare(table, later)
    assert {feature.kind for feature in comparison.features.values()} == {"numerical"}
    assert comparison.drifted_features == ["day"]


def test_seconds_since_1970_are_known_for_times() -> None:
    table = pa.table(
        {
            "day": pa.array([date(2026, 1, 1)]),
            "zoned": pa.array([datetime(2026, 1, 1)], type=pa.timestamp("s", tz="UTC")),
            "lasting": pa.array([timedelta(seconds=1)]),
            "number": pa.array([1.0]),
        }
    )
    times = {"numpy": np.array(["2026-01-01"], dtype="datetime64[D]"), "number": np.ones(1)}
    for data, known in ((table, ["day", "zoned"]), (as_table(table), ["day", "zoned"]), (times, ["numpy"])):
        columns = samples_of(data, what="baseline").columns
        assert [name for name, sample in columns.items() if sample.is_time] == known


def test_without_pyarrow_arrays_are_compared_all_the_same() -> None:
    before: dict[str, Any] = {"n": NORMAL, "t": np.array(["a", "b", None] * 200, dtype=object)[:N]}
    before["n"] = before["n"][: len(before["t"])]
    expected = compare(before, before).to_dict()
    with patch.dict(sys.modules, {"pyarrow": None}):
        assert compare(before, before).to_dict() == expected


def test_an_arrow_column_is_not_copied_before_it_is_sorted() -> None:
    values = np.arange(1000.0)
    sample = samples_of(pa.table({"x": pa.array(values)}), what="baseline").columns["x"]
    assert np.shares_memory(sample.in_order(numerical=True), values)


def test_tables_that_are_none_are_refused_in_one_line() -> None:
    with pytest.raises(InputError, match="column 'y' has 2 rows where the table has 3: pad or cut it"):
        compare({"x": np.zeros(3), "y": np.zeros(2)}, {})
    with pytest.raises(InputError, match="two columns are called 'x'"):
        compare(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["x", "x"]), {})
    with pytest.raises(InputError, match="current is a int"):
        compare({"x": np.zeros(3)}, 3)
