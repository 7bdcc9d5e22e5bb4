"""Columns of arrays and of sequences of Python objects: what each numpy type, and each kind of object, is to a
comparison. `docs/tables.md` has the list.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from numbers import Integral, Real
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.tables.arrow_columns import spelling
from drift_tools.tables.column import Column, Texts, TimeColumn

_BEYOND_INTEGERS = 2**63  # of 64 bits
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# pandas' missing values, told by the names of their types: pandas need not be there, and `pd.NA == pd.NA` is no truth.
_MISSING_TYPES = frozenset({"NAType", "NaTType"})


def from_sequence(name: str, values: object) -> Column:
    """The column of a one-dimensional array or a sequence.

    Raises `InputError` for anything else. Values that cannot be compared are a column with a `problem`.
    """
    if not isinstance(values, np.ndarray):
        if not is_sequence(values):
            raise InputError(
                f"column {name!r} is a {type(values).__name__}: give a one-dimensional array or a sequence"
            )
        values = _as_objects(values) if _needs_care(values) else np.asarray(values)
    if values.ndim > 1:
        return Column.unreadable(name, len(values), f"an array of {values.ndim} dimensions: give each column a name")
    if values.ndim != 1:
        raise InputError(f"column {name!r} has {values.ndim} dimensions: give a one-dimensional array")
    try:
        if isinstance(values, np.ma.MaskedArray):
            cells = _as_objects(values.tolist())  # None where masked
            return from_sequence(name, cells) if values.mask.any() else from_sequence(name, values.data)
        return _of_array(name, values)
    except Exception as error:  # whatever the objects of somebody's own class raise, when they are looked at
        said = " ".join(f"{type(error).__name__} {error}".split())
        return Column.unreadable(name, len(values), f"{values.dtype} cannot be read ({said})")


def _needs_care(values: Sequence[object]) -> bool:
    """Whether numpy would make something else of these: texts of numbers beside texts, numbers of truths beside NaN,
    a second dimension of lists, another zone of times.
    """
    return any(not isinstance(value, int | float) or isinstance(value, bool) for value in values)


def _as_objects(values: Sequence[object]) -> Texts:
    cells: Texts = np.empty(len(values), dtype=object)
    cells[:] = list(values) if not any(isinstance(value, np.ndarray | list | tuple) for value in values) else None
    for index, value in enumerate(values):  # one by one, or numpy would look into lists of equal length
        cells[index] = value
    return cells


def _of_array(name: str, values: NDArray[Any]) -> Column:
    kind = values.dtype.kind
    if kind == "b":
        return Column.from_cells(name, [_truth(value) for value in values])
    if kind in "iuf":
        return Column.from_numbers(name, values)
    if kind == "c":
        problem = "complex numbers have no order: give their real and imaginary parts as two columns"
        return Column.unreadable(name, len(values), problem)
    if kind in "mM":
        seconds = values.astype(f"{'datetime' if kind == 'M' else 'timedelta'}64[us]").astype(np.float64) / 1e6
        make = TimeColumn if kind == "M" else Column
        return make.from_numbers(name, np.where(np.isnat(values), np.nan, seconds))
    if kind == "O" and (column := _of_objects(name, values)) is not None:
        return column
    cells = values.tolist()
    texts = cells if kind == "U" else (None if is_missing(value) else spelling(value) for value in cells)
    return Column.from_strings(name, texts)


def _of_objects(name: str, values: Texts) -> Column | None:
    """A column of truths, numbers, dates or times, or lengths of time, or of numbers beside texts, which is read as
    text is; None if it is something else. What is missing changes nothing.
    """
    missing = np.fromiter((is_missing(value) for value in values), dtype=np.bool_, count=len(values))
    present = values[~missing]
    if not len(present) or (isinstance(present[0], str | bytes) and not _any_number(present)):
        return None
    if all(isinstance(value, bool | np.bool_) for value in present):
        return Column.from_cells(name, [None if is_missing(value) else _truth(value) for value in values])
    if all(isinstance(value, Real | Decimal | np.bool_) and not _is_span(value) for value in present):
        return _of_numbers(name, values, missing)
    for kinds, seconds, make in _MOMENTS:
        if all(isinstance(value, kinds) for value in present):
            numbers = np.full(len(values), np.nan)
            numbers[~missing] = [seconds(value) for value in present]
            return make.from_numbers(name, numbers)
    if _any_number(present) and all(isinstance(value, str | Real | Decimal | np.bool_) for value in present):
        cells = [None if is_missing(value) else _cell(value) for value in values]
        return Column.from_cells(name, cells)
    return None


def _of_numbers(name: str, values: Texts, missing: NDArray[np.bool_]) -> Column:
    present = values[~missing]
    if all(isinstance(value, Integral) and abs(int(value)) < _BEYOND_INTEGERS for value in present):
        return Column.from_integers(name, np.where(missing, 0, values).astype(np.int64), missing)
    numbers = np.full(len(values), np.nan)
    numbers[~missing] = [_as_float(value) for value in present]
    return Column.from_numbers(name, numbers)


def _any_number(values: Iterable[object]) -> bool:
    return any(isinstance(value, Real | Decimal) and not isinstance(value, bool | np.bool_) for value in values)


def _cell(value: object) -> str | None:
    """A cell of numbers beside texts, as a text source would have it."""
    if isinstance(value, bool | np.bool_):
        return _truth(value)
    return (value.strip() if isinstance(value, str) else str(value)) or None


def _is_span(value: object) -> bool:
    return isinstance(value, np.timedelta64)  # which numpy counts among its integers


def _since_1970(value: Any) -> float:
    if isinstance(value, np.datetime64):
        return float(value.astype("datetime64[us]").astype(np.int64)) / 1e6
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    return float((moment - _EPOCH).total_seconds())


def _length(value: Any) -> float:
    if isinstance(value, np.timedelta64):
        return float(value.astype("timedelta64[us]").astype(np.int64)) / 1e6
    return float(value.total_seconds())


def _of_day(value: time) -> float:
    return value.hour * 3600 + value.minute * 60 + value.second + value.microsecond / 1e6


_MOMENTS: tuple[tuple[Any, Callable[[Any], float], type[Column]], ...] = (
    ((date, np.datetime64), _since_1970, TimeColumn),  # a datetime is a date, and a pandas.Timestamp a datetime
    ((timedelta, np.timedelta64), _length, Column),
    ((time,), _of_day, Column),
)


def _truth(value: object) -> str:
    return "true" if value else "false"


def _as_float(value: Any) -> float:
    """The nearest float; an infinity for what is larger than any."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def is_missing(value: object) -> bool:
    """Whether a Python object stands for a missing value: None, NaN, NaT or pandas' NA."""
    kind = type(value)
    if kind is str or kind is int:  # most are, and each cell of a list is asked
        return False
    if value is None or kind.__name__ in _MISSING_TYPES:
        return True
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def is_sequence(values: object) -> TypeGuard[Sequence[object]]:
    """Whether it is a sequence of values and no text."""
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)
