"""What each type of Arrow, numpy, pandas, polars, DuckDB and plain Python is: its kind and how many values are missing.

Each column has four values, the last of which is missing where the type knows missing values.

Longer than 400 lines: six type systems, a table each, in which every type has its line.
"""

import decimal
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from drift_tools import compare, compare_windows
from tests.drift_tools.tables.type_systems import NUMBER, TEXT, TIME, look

DAY, MOMENT = date(2026, 1, 1), datetime(2026, 1, 1, 10, 30)
WHOLE, HALVES, WORDS = [1, 2, 3, None], [0.5, 1.5, 2.5, None], ["a", "b", "a", None]


def works(data: Any) -> None:
    """A column goes through a comparison and a timeline, and says nothing when it is held against itself."""
    assert compare(data, data).drifted_features == []
    assert compare_windows(data, [("a", data), ("b", data)]).drifted_features == []


# --- Arrow ---------------------------------------------------------------------------------------------------------

_DICTIONARY = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None], pa.int8()), pa.array(["a", "b"]))
_STRUCTS = pa.array([{"a": 1}, {"a": 2}, {"a": 1}, None])
ARROW: dict[str, tuple[Any, str, int]] = {
    "null": (pa.nulls(4), TEXT, 4),
    "bool": (pa.array([True, False, True, None]), TEXT, 1),
    **{
        str(kind): (pa.array(WHOLE, kind), NUMBER, 1)
        for kind in (
            pa.int8(),
            pa.int16(),
            pa.int32(),
            pa.int64(),
            pa.uint8(),
            pa.uint16(),
            pa.uint32(),
            pa.uint64(),
        )
    },
    **{
        str(kind): (pa.array([None if half is None else np.float16(half) for half in HALVES], kind), NUMBER, 1)
        for kind in (pa.float16(),)
    },
    **{str(kind): (pa.array(HALVES, kind), NUMBER, 1) for kind in (pa.float32(), pa.float64())},
    **{
        str(kind): (
            pa.array([None if half is None else decimal.Decimal(str(half)) for half in HALVES], kind),
            NUMBER,
            1,
        )
        for kind in (pa.decimal32(5, 1), pa.decimal64(5, 1), pa.decimal128(5, 1), pa.decimal256(5, 1))
    },
    **{str(kind): (pa.array(WORDS, kind), TEXT, 1) for kind in (pa.string(), pa.large_string(), pa.string_view())},
    **{
        str(kind): (pa.array([word and word.encode() for word in WORDS], kind), TEXT, 1)
        for kind in (pa.binary(), pa.large_binary(), pa.binary_view(), pa.binary(1))
    },
    **{str(kind): (pa.array([DAY, DAY, DAY, None], kind), TIME, 1) for kind in (pa.date32(), pa.date64())},
    **{
        str(kind): (pa.array([time(10), time(11), time(12), None], kind), NUMBER, 1)
        for kind in (pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns"))
    },
    **{
        str(kind): (pa.array([MOMENT, MOMENT, MOMENT, None], kind), TIME, 1)
        for kind in (
            *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
            pa.timestamp("us", "UTC"),
            pa.timestamp("ms", "Europe/Berlin"),
            pa.timestamp("us", "+05:30"),
        )
    },
    **{
        str(kind): (pa.array([timedelta(1), timedelta(2), timedelta(3), None], kind), NUMBER, 1)
        for kind in (pa.duration("s"), pa.duration("ms"), pa.duration("us"), pa.duration("ns"))
    },
    "interval": (pa.array([(0, 1, 0), (1, 0, 0), (0, 0, 5), None], pa.month_day_nano_interval()), NUMBER, 1),
    **{
        str(kind): (pa.array([[1, 2], [3, 4], [1, 2], None], kind), TEXT, 1)
        for kind in (
            pa.list_(pa.int64()),
            pa.large_list(pa.int64()),
            pa.list_(pa.int64(), 2),
            pa.list_view(pa.int64()),
            pa.large_list_view(pa.int64()),
        )
    },
    "struct": (_STRUCTS, TEXT, 1),
    "map": (pa.array([[("a", 1)], [("b", 2)], [], None], pa.map_(pa.string(), pa.int64())), TEXT, 1),
    "dense union": (
        pa.UnionArray.from_dense(
            pa.array([0, 1, 0, 0], pa.int8()),
            pa.array([0, 0, 1, 2], pa.int32()),
            [pa.array([1, 2, None]), pa.array(["a"])],
        ),
        TEXT,
        1,
    ),
    "sparse union": (
        pa.UnionArray.from_sparse(
            pa.array([0, 1, 0, 1], pa.int8()), [pa.array([1, 0, 2, 0]), pa.array(["", "a", "", None])]
        ),
        TEXT,
        1,
    ),
    "dictionary of texts": (_DICTIONARY, TEXT, 1),
    "dictionary of views": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None]), pa.array(["a", "b"], pa.string_view())),
        TEXT,
        1,
    ),
    **{
        f"dictionary of {values.type}": (
            pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, None], pa.int8()), values),
            kind,
            1,
        )
        for values, kind in (
            (pa.array([1, 2]), NUMBER),
            (pa.array([0.5, 1.5]), NUMBER),
            (pa.array([0.5, 1.5], pa.float32()), NUMBER),
            (pa.array([True, False]), TEXT),
            (pa.array([DAY, DAY]), TIME),
            (pa.array([MOMENT, MOMENT]), TIME),
            (pa.array([decimal.Decimal("1.5"), decimal.Decimal("2.5")]), NUMBER),
            (pa.array([b"a", b"b"]), TEXT),
            (pa.array([{"a": 1}, {"a": 2}]), TEXT),
            (pa.array([[1], [2]]), TEXT),
            (pa.array([time(1), time(2)]), NUMBER),
        )
    },
    "dictionary with a null": (
        pa.DictionaryArray.from_arrays(pa.array([0, 1, 0, 1]), pa.array(["a", None])),
        TEXT,
        2,
    ),
    "runs of numbers": (pa.RunEndEncodedArray.from_arrays([2, 3, 4], pa.array([1, 2, None])), NUMBER, 1),
    "runs of texts": (pa.RunEndEncodedArray.from_arrays([2, 3, 4], pa.array(["a", "b", None])), TEXT, 1),
    "uuid": (
        pa.ExtensionArray.from_storage(
            pa.uuid(),
            pa.array([uuid.UUID(int=1).bytes, uuid.UUID(int=2).bytes, uuid.UUID(int=1).bytes, None], pa.binary(16)),
        ),
        TEXT,
        1,
    ),
    "json": (pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a":1}', "{}", "{}", None])), TEXT, 1),
    "bool8": (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, 1, None], pa.int8())), TEXT, 1),
    "opaque": (
        pa.ExtensionArray.from_storage(pa.opaque(pa.int64(), "some type", "some vendor"), pa.array(WHOLE)),
        NUMBER,
        1,
    ),
    "tensor": (
        pa.ExtensionArray.from_storage(
            pa.fixed_shape_tensor(pa.int64(), [2]), pa.array([[1, 2], [3, 4], [1, 2], None], pa.list_(pa.int64(), 2))
        ),
        TEXT,
        1,
    ),
}


@pytest.mark.parametrize(("array", "kind", "missing"), ARROW.values(), ids=ARROW.keys())
def test_every_type_of_arrow(array: Any, kind: str, missing: int) -> None:
    whole = pa.table({"c": array})
    pieces = pa.table({"c": pa.chunked_array([array[:1], array[1:3], array[3:]], type=array.type)})
    batch = pa.record_batch({"c": array})
    for data in (whole, pieces, batch, whole.to_batches(), iter(whole.to_batches()), {"c": array}, {"c": pieces["c"]}):
        if isinstance(data, Iterator):
            assert look(list(data)) == (kind, missing)
        else:
            assert look(data) == (kind, missing)
    works(whole)


def test_no_type_of_arrow_was_forgotten() -> None:
    ours = {array.type.id for array, _, _ in ARROW.values()}
    forgotten = {getattr(pa.lib, name) for name in dir(pa.lib) if name.startswith("Type_")} - ours
    # pyarrow makes no array of an interval of months alone, or of days and milliseconds, in pyarrow.
    assert forgotten <= {
        getattr(pa.lib, name) for name in ("Type_INTERVAL_MONTHS", "Type_INTERVAL_DAY_TIME") if hasattr(pa.lib, name)
    }


# --- numpy ---------------------------------------------------------------------------------------------------------

NUMPY: dict[str, tuple[Any, str, int]] = {
    **{np.dtype(kind).str: (np.array([1, 2, 3, 4], kind), NUMBER, 0) for kind in [*np.typecodes["AllInteger"]]},
    **{np.dtype(kind).str: (np.array([1.5, 2, 3, np.nan], kind), NUMBER, 1) for kind in np.typecodes["Float"]},
    "big endian": (np.array([1.5, 2, 3, np.nan], ">f8"), NUMBER, 1),
    "bool": (np.array([True, False, True, False]), TEXT, 0),
    "texts": (np.array(["a", "b", "a", ""]), TEXT, 1),
    "bytes": (np.array([b"a", b"b", b"a", b""]), TEXT, 1),
    "new texts": (np.array(["a", "b", "a", ""], np.dtypes.StringDType()), TEXT, 1),
    **{
        f"datetime64[{unit}]": (np.array(["2026-01-01", "2026-01-02", "2026-01-03", "NaT"], f"M8[{unit}]"), TIME, 1)
        for unit in ("Y", "M", "D", "h", "s", "ms", "us", "ns")
    },
    **{
        f"timedelta64[{unit}]": (np.array([1, 2, 3, "NaT"], f"m8[{unit}]"), NUMBER, 1)
        for unit in ("W", "D", "h", "s", "ms", "us", "ns")
    },
    "masked numbers": (np.ma.array([1, 2, 3, 4], mask=[False, False, False, True]), NUMBER, 1),
    "masked texts": (np.ma.array(["a", "b", "a", "c"], mask=[False, False, False, True]), TEXT, 1),
    "not masked": (np.ma.array([1.5, 2, 3, np.nan]), NUMBER, 1),
    "not next to each other": (np.arange(8.0)[::2], NUMBER, 0),
    "backwards": (np.arange(4.0)[::-1], NUMBER, 0),
}


@pytest.mark.parametrize(("array", "kind", "missing"), NUMPY.values(), ids=NUMPY.keys())
def test_every_type_of_numpy(array: Any, kind: str, missing: int) -> None:
    assert look({"c": array}) == (kind, missing)
    works({"c": array})


def test_a_structured_array_is_a_table() -> None:
    rows = np.array([(1, 0.5, "a"), (2, np.nan, "b")], dtype=[("i", "i4"), ("f", "f8"), ("t", "U1")])
    assert [look(rows, name) for name in ("i", "f", "t")] == [(NUMBER, 0), (NUMBER, 1), (TEXT, 0)]


# --- objects -------------------------------------------------------------------------------------------------------

BERLIN = pd.Timestamp("2026-01-01", tz="Europe/Berlin")
OBJECTS: dict[str, tuple[list[Any], str, int]] = {
    "nothing": ([None, None, None, None], TEXT, 4),
    "ints": ([1, 2, 3, None], NUMBER, 1),
    "large ints": ([2**63, 2**64, -(10**30), None], NUMBER, 1),
    "floats": ([0.5, 1.5, float("nan"), None], NUMBER, 2),
    "NA": ([1, pd.NA, 2, 3], NUMBER, 1),
    "NaT": ([pd.Timestamp(MOMENT), pd.NaT, pd.Timestamp(MOMENT), None], TIME, 2),
    "decimals": ([decimal.Decimal("1.5"), decimal.Decimal("NaN"), decimal.Decimal(2), None], NUMBER, 2),
    "numpy's scalars": ([np.float32(0.5), np.int64(2), np.float64("nan"), None], NUMBER, 2),
    "truths": ([True, False, True, pd.NA], TEXT, 1),
    "numpy's truths": ([np.True_, np.False_, None, None], TEXT, 2),
    "texts": (["a", "b", " ", None], TEXT, 2),
    "bytes": ([b"a", b"\xff", b"a", None], TEXT, 1),
    "dates": ([DAY, DAY, DAY, None], TIME, 1),
    "moments": ([MOMENT, MOMENT, MOMENT, pd.NaT], TIME, 1),
    "moments in zones": ([BERLIN, MOMENT.replace(tzinfo=UTC), BERLIN, None], TIME, 1),
    "numpy's moments": (
        [np.datetime64("2026-01-01"), np.datetime64("NaT", "D"), np.datetime64("2026-01-02"), None],
        TIME,
        2,
    ),
    "spans": ([timedelta(1), timedelta(2), pd.Timedelta(days=3), None], NUMBER, 1),
    "numpy's spans": ([np.timedelta64(1, "s"), np.timedelta64("NaT", "s"), np.timedelta64(3, "s"), None], NUMBER, 2),
    "times of day": ([time(10), time(11), time(12), None], NUMBER, 1),
    "written dates": (["2026-01-01", "2026-01-02", "2026-01-03", None], TIME, 1),
    "written moments": (["2026-01-01 10:00:00 UTC", "2026-01-01T10:00:00Z", "2026-01-01 10:00+02:00", ""], TIME, 1),
    "written times of day": (["10:00", "11:30:00", "12:00:00.5", None], NUMBER, 1),
    "uuids": ([uuid.UUID(int=1), uuid.UUID(int=2), uuid.UUID(int=1), None], TEXT, 1),
    "lists": ([[1, 2], [3, 4], [1, 2], None], TEXT, 1),
    "ragged lists": ([[1], [2, 3], [], None], TEXT, 1),
    "tuples": ([(1, 2), (3, 4), (1, 2), None], TEXT, 1),
    "mappings": ([{"a": 1}, {"b": 2}, {}, None], TEXT, 1),
    "sets": ([{1}, {2}, {1}, None], TEXT, 1),
    "arrays": ([np.zeros(2), np.ones(2), np.zeros(2), None], TEXT, 1),
    "texts and numbers": (["a", 1, "b", None], TEXT, 1),
    "truths and numbers": ([True, 2, 0.5, None], NUMBER, 1),
    "anything": ([object, 1, "a", None], TEXT, 1),
}


@pytest.mark.parametrize(("values", "kind", "missing"), OBJECTS.values(), ids=OBJECTS.keys())
def test_every_kind_of_object(values: list[Any], kind: str, missing: int) -> None:
    cells = np.empty(len(values), dtype=object)
    for index, value in enumerate(values):
        cells[index] = value
    sources: list[Any] = [{"c": values}, {"c": tuple(values)}, {"c": cells}, [{"c": value} for value in values]]
    sources.append(pd.DataFrame({"c": pd.Series(cells, dtype=object)}))
    for data in sources:
        assert look(data) == (kind, missing)
    works(sources[0])


# --- pandas --------------------------------------------------------------------------------------------------------

PANDAS: dict[str, tuple[Any, str, int]] = {
    **{
        kind: (pd.array(WHOLE, dtype=kind), NUMBER, 1)
        for kind in ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float32", "Float64")
    },
    **{kind: (pd.Series([1, 2, 3, 4], dtype=kind), NUMBER, 0) for kind in ("int8", "int64", "uint64")},
    **{kind: (pd.Series([1, 2, 3, np.nan], dtype=kind), NUMBER, 1) for kind in ("float16", "float32", "float64")},
    "bool": (pd.Series([True, False, True, False]), TEXT, 0),
    "boolean": (pd.array([True, False, True, None], dtype="boolean"), TEXT, 1),
    "object": (pd.Series(["a", "b", None, np.nan], dtype=object), TEXT, 2),
    "string": (pd.array(WORDS, dtype="string"), TEXT, 1),
    "str": (pd.Series(WORDS, dtype="str"), TEXT, 1),
    "string in Python": (pd.array(WORDS, dtype=pd.StringDtype("python")), TEXT, 1),
    "category": (pd.Categorical(WORDS), TEXT, 1),
    "category of numbers": (pd.Categorical(WHOLE), NUMBER, 1),
    "category of moments": (pd.Categorical([pd.Timestamp(MOMENT)] * 3 + [None]), TIME, 1),
    "cut": (pd.cut(pd.Series([1, 5, 9, np.nan]), [0, 4, 10]), TEXT, 1),
    "datetime64[ns]": (pd.Series(pd.to_datetime([MOMENT, MOMENT, MOMENT, None])), TIME, 1),
    "datetime64[s]": (pd.Series([MOMENT, MOMENT, MOMENT, None], dtype="datetime64[s]"), TIME, 1),
    "datetime64[ns, tz]": (
        pd.Series(pd.to_datetime([MOMENT, MOMENT, MOMENT, None]).tz_localize("Europe/Berlin")),
        TIME,
        1,
    ),
    "timedelta64": (pd.Series(pd.to_timedelta([1, 2, 3, None], unit="s")), NUMBER, 1),
    "period": (pd.Series(pd.PeriodIndex(["2026-01", "2026-02", "2026-03", None], freq="M")), NUMBER, 1),
    "interval": (pd.Series(pd.IntervalIndex.from_breaks([0, 1, 2, 3, 4])), TEXT, 0),
    "sparse": (pd.Series(pd.arrays.SparseArray([0.0, 1.0, 0.0, np.nan])), NUMBER, 1),
    **{
        f"Arrow's {array.type}": (pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([array]))), kind, 1)
        for array, kind in (
            (pa.array(WHOLE), NUMBER),
            (pa.array(WORDS, pa.string_view()), TEXT),
            (pa.array([DAY, DAY, DAY, None]), TIME),
            (pa.array([[1], [2], [1], None]), TEXT),
            (pa.array([True, False, True, None]), TEXT),
            (pa.array([decimal.Decimal("1.5")] * 3 + [None]), NUMBER),
        )
    },
}


@pytest.mark.parametrize(("array", "kind", "missing"), PANDAS.values(), ids=PANDAS.keys())
def test_every_type_of_pandas(array: Any, kind: str, missing: int) -> None:
    frame = pd.DataFrame({"c": array})
    for data in (frame, frame.set_axis([3, 2, 1, 0]), {"c": frame["c"]}, frame.assign(other=1j)):
        assert look(data) == (kind, missing)
    works(frame)


# --- polars --------------------------------------------------------------------------------------------------------

POLARS: dict[str, tuple[Any, str, int]] = {
    **{
        str(kind): (pl.Series(WHOLE, dtype=kind), NUMBER, 1)
        for kind in (
            pl.Int8,
            pl.Int16,
            pl.Int32,
            pl.Int64,
            pl.UInt8,
            pl.UInt16,
            pl.UInt32,
            pl.UInt64,
            pl.Float32,
            pl.Float64,
            pl.Decimal(10, 2),
        )
    },
    "Boolean": (pl.Series([True, False, True, None]), TEXT, 1),
    "String": (pl.Series(WORDS), TEXT, 1),
    "Categorical": (pl.Series(WORDS, dtype=pl.Categorical), TEXT, 1),
    "Enum": (pl.Series(WORDS, dtype=pl.Enum(["a", "b"])), TEXT, 1),
    "Binary": (pl.Series([b"a", b"b", b"a", None]), TEXT, 1),
    "Date": (pl.Series([DAY, DAY, DAY, None]), TIME, 1),
    **{
        f"Datetime {unit}": (pl.Series([MOMENT] * 3 + [None], dtype=pl.Datetime(unit)), TIME, 1)
        for unit in ("ms", "us", "ns")
    },
    "Datetime in a zone": (
        pl.Series([MOMENT] * 3 + [None], dtype=pl.Datetime("us")).dt.replace_time_zone("Europe/Berlin"),
        TIME,
        1,
    ),
    **{
        f"Duration {unit}": (pl.Series([timedelta(1)] * 3 + [None], dtype=pl.Duration(unit)), NUMBER, 1)
        for unit in ("ms", "us", "ns")
    },
    "Time": (pl.Series([time(10), time(11), time(12), None]), NUMBER, 1),
    "List": (pl.Series([[1], [2, 3], [1], None]), TEXT, 1),
    "Array": (pl.Series([[1, 2], [3, 4], [1, 2], None], dtype=pl.Array(pl.Int64, 2)), TEXT, 1),
    "Struct": (pl.Series([{"a": 1}, {"a": 2}, {"a": 1}, None]), TEXT, 1),
    "Null": (pl.Series([None] * 4, dtype=pl.Null), TEXT, 4),
}


@pytest.mark.parametrize(("series", "kind", "missing"), POLARS.values(), ids=POLARS.keys())
def test_every_type_of_polars(series: Any, kind: str, missing: int) -> None:
    frame = pl.DataFrame({"c": series})
    chunked = pl.concat([frame[:1], frame[1:]], rechunk=False)
    for data in (frame, chunked, frame.lazy(), {"c": frame["c"]}, [frame[:2], frame[2:]]):
        assert look(data) == (kind, missing)
    works(frame)


# --- DuckDB --------------------------------------------------------------------------------------------------------

DUCKDB = {
    **{
        kind: (f"(1::{kind}), (2::{kind}), (3::{kind}), (null)", NUMBER, 1)
        for kind in (
            "tinyint",
            "smallint",
            "integer",
            "bigint",
            "hugeint",
            "utinyint",
            "usmallint",
            "uinteger",
            "ubigint",
            "uhugeint",
            "float",
            "double",
            "decimal(10, 2)",
            "decimal(38, 2)",
        )
    },
    "boolean": ("(true), (false), (true), (null)", TEXT, 1),
    "varchar": ("('a'), ('b'), ('a'), (null)", TEXT, 1),
    "blob": ("('a'::blob), ('b'::blob), ('a'::blob), (null)", TEXT, 1),
    "date": ("(date '2026-01-01'), (date '2026-01-02'), (date '2026-01-03'), (null)", TIME, 1),
    "timestamp": ("(timestamp '2026-01-01 10:00'), (timestamp '2026-01-01 11:00'), (null), (null)", TIME, 2),
    "timestamptz": (
        "(timestamptz '2026-01-01 10:00+00'), (timestamptz '2026-01-01 11:00+00'), (null), (null)",
        TIME,
        2,
    ),
    "time": ("(time '10:00'), (time '11:00'), (time '12:00'), (null)", NUMBER, 1),
    "interval": ("(interval 1 day), (interval 2 month), (interval 3 hour), (null)", NUMBER, 1),
    "uuid": ("(uuid '00000000-0000-0000-0000-000000000001'), (null), (null), (null)", TEXT, 3),
    "enum": ("('a'::enum('a', 'b')), ('b'), ('a'), (null)", TEXT, 1),
    "list": ("([1]), ([2, 3]), ([1]), (null)", TEXT, 1),
    "struct": ("({'a': 1}), ({'a': 2}), ({'a': 1}), (null)", TEXT, 1),
    "map": ("(map {'a': 1}), (map {'b': 2}), (map {'a': 1}), (null)", TEXT, 1),
    "union": ("(union_value(n := 1)), (union_value(n := 2)), (union_value(n := 1)), (null)", TEXT, 1),
    "bit": ("('101'::bit), ('11'::bit), ('101'::bit), (null)", TEXT, 1),
}


@pytest.mark.parametrize(("values", "kind", "missing"), DUCKDB.values(), ids=DUCKDB.keys())
def test_every_type_of_duckdb(values: str, kind: str, missing: int) -> None:
    relation = duckdb.sql(f"select * from (values {values}) t(c)")
    assert look(relation) == (kind, missing)
    works(relation)
