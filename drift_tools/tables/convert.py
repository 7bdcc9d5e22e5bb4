"""A table of whatever holds one."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from drift_tools.tables.arrow_columns import from_arrow_column
from drift_tools.tables.column import Column
from drift_tools.tables.opening import has_arrow, named_index, opened, pyarrow
from drift_tools.tables.sequences import from_sequence
from drift_tools.tables.table import Table


def as_table(data: object, *, what: str = "data") -> Table:
    """Make a table of whatever holds one.

    Takes a `Table`, anything with a `.data` that is one (`Captures`), anything with the Arrow C interface (pyarrow,
    pandas, polars, DuckDB), lazy frames of polars, frames of Spark, structured arrays, a mapping of names to
    one-dimensional arrays or sequences, a list of records, and several tables one below the other (record batches).
    The index of a pandas frame is no column, unless it has a name; then it is in `Table.index`.

    Raises `InputError` for anything else. A column that cannot be read has a `problem` and spoils no other.
    """
    if isinstance(data, Table):
        return data
    inner = getattr(data, "data", None)
    if isinstance(inner, Table):
        return inner
    found = opened(data, what=what)
    if isinstance(found, Mapping):
        columns = [column_of(str(name), values) for name, values in found.items()]
        return Table.of(columns, len(columns[0]) if columns else 0)
    return from_arrow(found, what=what)


def from_arrow(data: object, *, what: str = "data") -> Table:
    """A table of anything that speaks the Arrow C interface (stream or array). Columns of float64 without missing
    values in one piece are not copied.
    """
    found = opened(data, what=what)
    if isinstance(found, Mapping):
        return as_table(found, what=what)
    pa, names = pyarrow("Arrow data"), map(str, found.column_names)
    columns = [from_arrow_column(pa, name, found.column(index)) for index, name in enumerate(names)]
    return Table.of(columns, found.num_rows, index=named_index(found))


def _as_array(values: Any) -> Any:
    """An array of what Arrow has no type for; a list where numpy has none either, as of polars' 128-bit integers."""
    try:
        return np.asarray(values)
    except Exception:
        return list(values)


def column_of(name: str, values: Any) -> Column:
    """The column of an array, a sequence, or a column of a data frame."""
    if has_arrow(values):
        pa = pyarrow("Arrow data")
        stream = hasattr(values, "__arrow_c_stream__")
        try:
            return from_arrow_column(pa, name, pa.chunked_array(values if stream else [pa.array(values)]))
        except Exception:
            values = _as_array(values)
    elif hasattr(values, "__array__") and not isinstance(values, np.ndarray):
        values = np.asarray(values)
    return from_sequence(name, values)
