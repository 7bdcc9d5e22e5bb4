"""Columns of Arrow's: what each of its types is to a comparison. `docs/tables.md` has the list."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from drift_tools.tables.column import Column, Numbers, TimeColumn

_TEXTS = ("string", "large_string", "string_view")  # as Arrow spells these types
_MICROSECONDS = 1e6
_DAY = 86400.0
_MONTH = 30 * _DAY  # as SQL compares intervals


def from_arrow_column(pa: Any, name: str, column: Any) -> Column:
    """The column of a `pyarrow.ChunkedArray` (`pa` is pyarrow). What cannot be read is a column with a `problem`, which
    spoils no other.
    """
    try:
        return _read(pa, name, column)
    except (pa.ArrowException, ValueError, TypeError, OverflowError) as error:
        return Column.unreadable(name, len(column), f"Arrow's {column.type} cannot be read ({_said(error)})")


def _read(pa: Any, name: str, column: Any) -> Column:
    column = decoded(pa, column)
    kind = column.type
    if pa.types.is_boolean(kind):
        return Column.from_cells(name, [None if value is None else str(value).lower() for value in column.to_pylist()])
    if pa.types.is_integer(kind):
        missing = column.is_null().to_numpy() if column.null_count else None
        present = column if missing is None else column.fill_null(0)  # numpy would make floats of them
        return Column.from_integers(name, present.to_numpy(), missing)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        floats = column if pa.types.is_float32(kind) else column.cast(pa.float64())
        return Column.from_numbers(name, floats.to_numpy(zero_copy_only=False))
    if pa.types.is_interval(kind):
        return Column.from_numbers(name, np.array([_interval(value) for value in column.to_pylist()], dtype=np.float64))
    if pa.types.is_temporal(kind):
        # Seconds (of a date or time: since 1970), so that "when" can drift like any other quantity.
        since_1970 = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        return (TimeColumn if since_1970 else Column).from_numbers(name, _seconds(pa, column))
    # Texts, and whatever else there is (lists, structs, maps, unions) by its spelling: compared as categories.
    return Column.from_strings(name, _spelt(column.to_pylist()))


def decoded(pa: Any, column: Any) -> Any:
    """The same values without what they are wrapped in: dictionaries (but those of texts, which need no decoding),
    runs, extensions, and views, of which pyarrow's counting forgets what is missing (apache/arrow#39635).
    """
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.bool8":
            return _storage(pa, column).cast(pa.bool_())
        return column if kind.extension_name == "arrow.uuid" else decoded(pa, _storage(pa, column))
    if pa.types.is_run_end_encoded(kind):
        import pyarrow.compute as pc  # noqa: PLC0415 - optional, as pyarrow is

        return decoded(pa, pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], kind.value_type))
    if pa.types.is_dictionary(kind) and str(kind.value_type) not in _TEXTS:
        chunks = [chunk.dictionary.take(chunk.indices) for chunk in column.chunks]
        return decoded(pa, pa.chunked_array(chunks, kind.value_type))
    if kind == pa.string_view():
        return column.cast(pa.large_string())
    return column


def _storage(pa: Any, column: Any) -> Any:
    return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)


def _seconds(pa: Any, column: Any) -> Numbers:
    kind = column.type
    micro = pa.duration if pa.types.is_duration(kind) else pa.time64 if pa.types.is_time(kind) else pa.timestamp
    ticks = (
        column.cast(micro("us"), safe=False)
        .cast(pa.int64(), safe=False)
        .cast(pa.float64(), safe=False)
        .to_numpy(zero_copy_only=False)
    )
    seconds: Numbers = ticks / _MICROSECONDS
    return seconds


def _interval(value: Any) -> float:
    """Seconds of an interval of months, days and nanoseconds."""
    if value is None:
        return np.nan
    months, days, nanoseconds = value
    return float(months * _MONTH + days * _DAY + nanoseconds / 1e9)


def _spelt(values: Iterable[object]) -> Iterable[str | None]:
    return (None if value is None else spelling(value) for value in values)


def spelling(value: object) -> str:
    """How a value that is no number is spelt as a category: bytes as the text that they are in UTF-8, if they are; a
    struct or a map by its keys in order, which writers do not keep.
    """
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return str(value)
    return value if isinstance(value, str) else str(_in_order(value))


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        return {key: _in_order(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list):
        # Arrow's maps, and nothing else, are lists of pairs.
        items = sorted(value, key=_key) if value and all(isinstance(item, tuple) for item in value) else value
        return [_in_order(item) for item in items]
    return tuple(map(_in_order, value)) if type(value) is tuple else value


def _key(pair: tuple[object, ...]) -> str:
    return str(pair[0])


def _said(error: Exception) -> str:
    """An error of a library in one short line."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 200 else f"{text[:199]}…"
