"""Whatever holds a table, as one of the few forms that everybody else has to know: a table of Arrow's, or a mapping of
names to columns.
"""

import re
from collections.abc import Iterable, Mapping
from json import loads
from typing import Any

import numpy as np

from drift_tools.errors import InputError

_UNNAMED_INDEX = re.compile(r"__index_level_\d+__")  # as pandas calls an index without a name where it writes one
_GIVE = "give a data frame (pandas, polars, DuckDB, Spark, Arrow), a list of records, or a mapping of names to arrays"


def pyarrow(what: str) -> Any:
    """The module, or an `InputError` that says what needs it."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional: the job in a Lambda runs without it
    except ImportError as error:
        raise InputError(f"{what} needs pyarrow, which is not installed: pip install pyarrow, or give CSV") from error
    return pa


def has_arrow(data: object) -> bool:
    """Whether it speaks the Arrow C interface."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def opened(data: Any, *, what: str) -> Any:
    """A `pyarrow.Table` or a mapping of names to columns, of what holds a table: anything with the Arrow C interface, a
    lazy frame (which is collected), Spark's frames, a structured array, records (mappings), or several tables one below
    the other, such as an iterator of record batches.

    Raises `InputError` for what is none.
    """
    if has_arrow(data):
        return arrow_table(pyarrow("Arrow data"), data, what=what)
    if isinstance(data, Mapping):
        return data
    if hasattr(data, "collect") and hasattr(data, "collect_schema"):  # a polars.LazyFrame
        return opened(data.collect(), what=what)
    if hasattr(data, "toArrow"):  # Spark
        return opened(data.toArrow(), what=what)
    if isinstance(data, np.ndarray):
        if data.dtype.names:
            return {name: data[name] for name in data.dtype.names}
        raise InputError(f"{what} is an array without names: {_GIVE}, such as {{'x': array}}")
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise _no_table(data, what)
    return _of_items(data, what)


def _of_items(data: Iterable[Any], what: str) -> Any:
    items = list(data)
    if items and all(isinstance(item, Mapping) for item in items):
        names = dict.fromkeys(name for item in items for name in item)
        return {str(name): [item.get(name) for item in items] for name in names}
    if items and all(has_arrow(item) for item in items):
        pa = pyarrow("Arrow data")
        tables = [arrow_table(pa, item, what=what) for item in items]
        try:
            return pa.concat_tables(tables, promote_options="permissive")
        except pa.ArrowException as error:
            raise InputError(
                f"{what}: its parts are of different columns ({error}): give parts of one layout"
            ) from error
    raise _no_table(data, what)


def _no_table(data: object, what: str) -> InputError:
    fix = _GIVE
    if isinstance(data, str):
        fix = "read the file first, for example with drift_tools.read_table"
    elif hasattr(data, "to_frame"):
        fix = "a single column: give .to_frame()"
    return InputError(f"{what} is a {type(data).__name__}: {fix}")


def arrow_table(pa: Any, data: Any, *, what: str = "data") -> Any:
    """The `pyarrow.Table` (`pa` is pyarrow) of what speaks the Arrow C interface; of a frame that cannot be exported as
    one, because of one of its columns, a mapping of its columns.

    Raises `InputError` for one column that is no table, and for two columns of one name.
    """
    try:
        if isinstance(data, pa.RecordBatch) or not hasattr(data, "__arrow_c_stream__"):
            table = pa.Table.from_batches([pa.record_batch(data)])
        else:
            table = data if isinstance(data, pa.Table) else pa.table(data)
    except Exception as error:
        # Whatever the frame's own library raises: it is the frame that cannot be exported, and its columns may be.
        names = _names_of(data)
        # The columns of a database's result are results themselves, and their query fails as this one did.
        is_query = names is not None and not all(
            hasattr(data[own], "dtype") for own in data.columns if names.count(str(own)) == 1
        )
        if names is None or is_query:
            said = " ".join(" ".join(map(str, error.args)).split())  # of a database, mostly several lines
            kind = type(data).__name__
            fix = "give .to_frame()" if hasattr(data, "to_frame") else _GIVE
            if is_query:
                raise InputError(f"{what} is a {kind} that cannot be read ({said}): fix its query") from error
            raise InputError(f"{what} is a {kind} that is no table of Arrow's ({said}): {fix}") from error
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"two columns are called {twice!r}: rename one of them") from error
        return {name: data[own] for name, own in zip(names, data.columns, strict=True)}
    unnamed = [name for name in table.column_names if _UNNAMED_INDEX.fullmatch(name)]
    return table.drop_columns(unnamed) if unnamed else table


def _names_of(data: Any) -> list[str] | None:
    """The names of a frame's columns; None if it is no frame."""
    columns = getattr(data, "columns", None)
    if columns is None or not hasattr(data, "__getitem__"):
        return None
    return [str(name) for name in columns]


def named_index(table: Any) -> frozenset[str]:
    """Which columns of a `pyarrow.Table` are the index of the pandas frame that it was: the labels of its rows."""
    metadata: Mapping[bytes, bytes] = table.schema.metadata or {}
    try:
        described = loads(metadata.get(b"pandas", b"{}"))
        found = described.get("index_columns", [])
    except (ValueError, AttributeError):
        return frozenset()  # written by something else under pandas' name
    return frozenset(name for name in found if isinstance(name, str)) & frozenset(table.column_names)
