"""The same rows as CSV, Parquet, captured data, pandas, polars, Arrow, records and arrays give the same comparison."""

import io
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import example, given, settings
from hypothesis import strategies as st

from drift_tools import compare, read_captures
from drift_tools.tables import as_table, read_csv_text
from tests.drift_tools.records import record, side

ROWS = 60
START = datetime(2026, 1, 1, tzinfo=UTC)


def captured(columns: dict[str, list[Any]]) -> Any:
    """As JSON, whose texts are what people's programs write; blanks around texts are kept there."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines = [
        record(
            side(json.dumps(row, default=lambda value: value.isoformat()), "JSON", "application/json"),
            None,
            event_id=str(number),
        )
        for number, row in enumerate(rows)
    ]
    return read_captures(lines)


def parquet(columns: dict[str, list[Any]]) -> Any:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    file.seek(0)
    return pq.read_table(file)


def csv(columns: dict[str, list[Any]]) -> Any:
    return read_csv_text(pd.DataFrame(columns).to_csv(index=False))


FORMS = {
    "Arrow": pa.table,
    "Parquet": parquet,
    "CSV": csv,
    "captured": captured,
    "pandas": lambda columns: pd.DataFrame(columns).sample(frac=1, random_state=1),
    "pandas' own types": lambda columns: pd.DataFrame(columns).convert_dtypes(),
    "polars": pl.DataFrame,
    "lazy": lambda columns: pl.DataFrame(columns).lazy(),
    "lists": dict,
    "table": lambda columns: as_table(pa.table(columns)),
    "batches": lambda columns: pa.table(columns).to_batches(max_chunksize=7),
    "records": lambda columns: [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)],
}

COLUMNS = {
    "float": st.floats(-1e6, 1e6).map(lambda value: value + 0.0),
    "whole": st.integers(-(2**40), 2**40),
    "flag": st.booleans(),
    "text": st.sampled_from(["a", "b ", " b", "", "none", "x,y", 'q"', "é"]),
    "day": st.integers(0, 400).map(lambda days: date(2026, 1, 1) + timedelta(days=days)),
    "time": st.integers(0, 10**9).map(lambda seconds: START + timedelta(seconds=seconds)),
}


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[Any]]:
    names = draw(st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, max_size=3, unique=True))
    found = {}
    for name in names:
        few = draw(st.lists(COLUMNS[name], min_size=2, max_size=12))
        picks = np.random.default_rng(draw(st.integers(0, 99))).integers(0, len(few), ROWS)
        cells: list[Any] = [few[pick] for pick in picks]
        gap = draw(st.sampled_from([0, 2, 5]))
        cells = [None if gap and index % gap == 1 else cell for index, cell in enumerate(cells)]
        found[name] = cells
    found["always"] = list(np.arange(ROWS) / 4)
    return found


@settings(deadline=None, max_examples=12)
@given(tables(), tables(), st.sampled_from(sorted(FORMS)), st.sampled_from(sorted(FORMS)))
@example(
    {"text": ["a ", ""] * 30, "always": [0.5] * 60}, {"text": ["a", None] * 30, "always": [0.5] * 60}, "CSV", "polars"
)
@example({"flag": [True, None] * 30}, {"flag": [True, False] * 30}, "captured", "CSV")
def test_forms_do_not_matter(before: dict[str, list[Any]], after: dict[str, list[Any]], one: str, other: str) -> None:
    expected = compare(pa.table(before), pa.table(after))
    found = compare(FORMS[one](before), FORMS[other](after))
    assert found.to_dict() == expected.to_dict()
    assert found.to_dict()["features"].keys() == expected.features.keys()
