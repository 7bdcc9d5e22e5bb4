"""Where the columns of a side come from: arrays, Arrow's columns, and whatever `drift_tools.tables` has looked at."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison.columns import Categories, Sample
from drift_tools.errors import InputError
from drift_tools.tables import (
    LARGEST_EXACT,
    TRUTHS,
    ArrowTexts,
    Column,
    Parts,
    Table,
    TimeColumn,
    as_moments,
    as_table,
    column_of,
    decoded,
    has_arrow,
    looks_like_moment,
    named_index,
    opened,
    recognised,
)

_SINGLE_PRECISION = 4  # bytes
_SOME = 100


class _Typed(Sample):
    """A column of a source that says that it holds numbers; `read` gives them, NaN where one is missing, and `cells`
    the careful column, for whoever asks for categories after all.
    """

    def __init__(
        self,
        name: str,
        rows: int,
        read: Callable[[], NDArray[Any]],
        cells: Callable[[], Column],
        *,
        is_single: bool,
    ) -> None:
        super().__init__(name, rows, is_numerical=True)
        self._read, self._cells = read, cells
        self.is_single = is_single

    def _column(self) -> Column:
        return self._cells()

    def _as_numbers(self) -> tuple[NDArray[Any], int]:
        return self._read(), 0

    def _count(self) -> Categories:
        finite = self.numbers.finite
        if len(finite) and max(-finite[0], finite[-1]) >= LARGEST_EXACT:  # the floats may be rounded integers
            return Categories(self._cells().category_counts(), self.rows)
        return self.numbers.count()


class _Counted(Sample):
    """A column of a source that says that it holds categories; `count` gives how often each occurs, None left out, and
    `cells` the careful column, for whoever asks for numbers after all.
    """

    def __init__(
        self,
        name: str,
        rows: int,
        count: Callable[[], dict[str, int]],
        cells: Callable[[], Column],
        *,
        texts: Callable[[], Any] | None = None,
    ) -> None:
        super().__init__(name, rows, is_numerical=False)
        self._counts, self._cells, self._texts = count, cells, texts

    def _arrow_texts(self) -> Any:
        return None if self._texts is None else self._texts()

    def _as_numbers(self) -> tuple[NDArray[Any], int]:
        return self._cells().as_numbers()

    def _count(self) -> Categories:
        found = self.arrow_counts()
        return Categories(self._counts() if found is None else _as_dictionary(found), self.rows)

    def _column(self) -> Column:
        return self._cells()


class _Careful(Sample):
    """A column whose cells `drift_tools.tables` has looked at."""

    def __init__(self, column: Column) -> None:
        super().__init__(column.name, len(column), is_numerical=column.is_mostly_numerical)
        self._looked_at = column
        self.problem = column.problem
        self.is_time = isinstance(column, TimeColumn)
        self.is_single = column.is_single

    def _as_numbers(self) -> tuple[NDArray[Any], int]:
        values, wrong = self._looked_at.as_numbers()
        return values, wrong - self._looked_at.missing_words

    def _count(self) -> Categories:
        if self._looked_at.source is None:
            return self.numbers.count()
        found = self.arrow_counts()
        return Categories(self._looked_at.category_counts() if found is None else _as_dictionary(found), self.rows)

    def _column(self) -> Column:
        return self._looked_at

    def _arrow_texts(self) -> Any:
        # The source of numbers would have to be read again.
        return None if self.is_numerical or self.is_time else _arrow_of(self._looked_at.source)


def _arrow_of(source: object) -> Any:
    """The Arrow column of texts that have nothing around them; None if they are in any other form."""
    if isinstance(source, ArrowTexts):
        return None if source.is_json or source.before or source.after else source.array
    if not isinstance(source, Parts) or source.order is not None or not source.parts:
        return None
    arrays = [_arrow_of(part) for part in source.parts]
    if any(array is None for array in arrays):
        return None
    import pyarrow as pa  # noqa: PLC0415 - optional, and there, since these are its arrays

    return pa.chunked_array(arrays)


@dataclass(frozen=True, slots=True)
class Samples:
    """The columns of one side by name, in order, and its rows."""

    columns: Mapping[str, Sample]
    rows: int
    index: frozenset[str] = frozenset()
    """Which columns are the labels of the rows."""

    def without(self, names: Collection[str]) -> "Samples":
        """The side without these columns."""
        return Samples({name: own for name, own in self.columns.items() if name not in names}, self.rows, self.index)


def read_once(data: object, *, what: str) -> object:
    """The same data in a form that can be read again and again: a table of Arrow's, say, of a stream."""
    if isinstance(data, Table) or isinstance(getattr(data, "data", None), Table):
        return data
    return opened(data, what=what)


def samples_of(data: object, *, what: str) -> Samples:
    """The columns of whatever `drift_tools.tables.as_table` takes; raises `InputError` as it does."""
    data = read_once(data, what=what)
    if isinstance(data, Mapping):
        columns = [_of_values(str(name), values) for name, values in data.items()]
        return _together(columns, columns[0].rows if columns else 0)
    if has_arrow(data):
        return _of_arrow(data)
    table = as_table(data, what=what)
    looked_at = {name: _Careful(recognised(column)) for name, column in table.columns.items()}
    return Samples(looked_at, table.rows, table.index)


def all_missing(name: str, rows: int) -> Sample:
    """A column that so many rows do not have: it is missing in each of them."""
    return _Careful(Column.from_cells(name, [None] * rows))


def _together(columns: Iterable[Sample], rows: int) -> Samples:
    by_name: dict[str, Sample] = {}
    for column in columns:
        if column.name in by_name:
            raise InputError(f"two columns are called {column.name!r}: rename one of them")
        if column.rows != rows:
            raise InputError(f"column {column.name!r} has {column.rows} rows where the table has {rows}: pad or cut it")
        by_name[column.name] = column
    return Samples(by_name, rows)


def _of_values(name: str, values: object) -> Sample:
    def cells() -> Column:
        return column_of(name, values)

    if type(values) is np.ndarray and values.ndim == 1:  # and not a masked one
        if values.dtype.kind in "iu" or (values.dtype.kind == "f" and values.dtype.itemsize >= _SINGLE_PRECISION):
            return _Typed(name, len(values), lambda: values, cells, is_single=values.dtype == np.float32)
        if values.dtype.kind == "b":
            return _Counted(name, len(values), lambda: _count_truths(values), cells)
        if values.dtype.kind == "U" and not _may_be_moments(values[:: len(values) // _SOME + 1]):
            return _Counted(name, len(values), lambda: dict(Counter(values.tolist())), cells)
        is_plain = values.dtype.kind == "O" and not _may_be_moments(values[:: len(values) // _SOME + 1])
        if is_plain and (texts := _arrow_texts(values)) is not None:
            return _Counted(name, len(values), lambda: _count_values(texts), cells, texts=lambda: texts)
    return _Careful(recognised(cells()))


def _arrow_texts(values: NDArray[Any]) -> Any:
    """An Arrow column of an array of strings and None; None if it holds anything else or pyarrow is not there."""
    if not any(isinstance(value, str) for value in values[:_SOME]):
        return None
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional: the job in a Lambda runs without it

        return pa.array(values, type=pa.string(), from_pandas=True)
    except ImportError:
        return None
    except (ValueError, TypeError):  # pyarrow's own for a cell that is no string; the careful way takes it
        return None


def _count_truths(values: NDArray[np.bool_]) -> dict[str, int]:
    true = int(np.count_nonzero(values))
    return {name: rows for name, rows in (("true", true), ("false", len(values) - true)) if rows}


def _of_arrow(table: Any) -> Samples:
    import pyarrow as pa  # noqa: PLC0415 - optional, and there, since this is its table

    columns = (_of_chunks(pa, str(name), table.column(index)) for index, name in enumerate(table.column_names))
    together = _together(columns, table.num_rows)
    return Samples(together.columns, together.rows, named_index(table))


def _of_chunks(pa: Any, name: str, column: Any) -> Sample:
    def cells() -> Column:
        return as_table(pa.table({name: column})).columns[name]

    if pa.types.is_float32(column.type) or pa.types.is_float64(column.type) or pa.types.is_integer(column.type):
        is_single = pa.types.is_float32(column.type)
        return _Typed(name, len(column), lambda: _arrow_numbers(pa, column), cells, is_single=is_single)
    is_text = (pa.string(), pa.large_string(), pa.string_view())  # no set: an extension's type may have no hash
    every = len(column) // _SOME + 1
    if column.type in is_text and _may_be_moments(column[row].as_py() for row in range(0, len(column), every)):
        return _Careful(recognised(cells()))
    if pa.types.is_boolean(column.type) or column.type in is_text:
        texts = None if pa.types.is_boolean(column.type) else lambda: decoded(pa, column)
        return _Counted(name, len(column), lambda: _count_values(decoded(pa, column)), cells, texts=texts)
    if pa.types.is_dictionary(column.type) and column.type.value_type in is_text:
        return _Counted(name, len(column), lambda: _count_indices(column), cells)
    return _Careful(recognised(cells()))


def _arrow_numbers(pa: Any, column: Any) -> NDArray[Any]:
    """An array of an Arrow column of numbers, without a copy where it has one chunk and nothing missing."""
    if column.null_count and pa.types.is_integer(column.type):
        column = column.cast(pa.float64(), safe=False)
    source = column.chunk(0) if column.num_chunks == 1 else column
    numbers: NDArray[Any] = source.to_numpy(zero_copy_only=False)
    return numbers


def _count_values(column: Any) -> dict[str, int]:
    return _as_dictionary(column.value_counts())


def _as_dictionary(found: Any) -> dict[str, int]:
    counts = zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True)
    return {
        value if isinstance(value, str) else str(value).lower(): rows for value, rows in counts if value is not None
    }


def _count_indices(column: Any) -> dict[str, int]:
    """Counts of a dictionary-encoded column: of its indices, chunk by chunk, since each may have its own dictionary."""
    counts: Counter[str] = Counter()
    for chunk in column.chunks:
        rows = np.bincount(chunk.indices.drop_null().to_numpy(), minlength=len(chunk.dictionary)).tolist()
        for value, count in zip(chunk.dictionary.to_pylist(), rows, strict=True):
            if count and value is not None:
                counts[value] += count
    return dict(counts)


def _may_be_moments(some: Iterable[Any]) -> bool:
    return any(isinstance(text, str) and looks_like_moment(text) for text in some)


def in_one_type(samples: Sequence[Sample]) -> list[Sample]:
    """The same column of several sources, where some have written as one type what others have as another: times as
    texts, and truths as 0 and 1. The first that holds anything says which it is.
    """
    first = next((sample for sample in samples if sample.present), samples[0])
    return [sample if sample is first or not sample.present else _as_type_of(first, sample) for sample in samples]


def _as_type_of(first: Sample, other: Sample) -> Sample:
    if first.is_time and not other.is_numerical:
        return _Careful(as_moments(other._column()))
    if first.is_numerical == other.is_numerical:
        return other
    if first.is_numerical and _are_zeros_and_ones(first) and TRUTHS.issuperset(other.categories.counts):
        texts = other.in_order(numerical=False)
        values = [np.nan if text is None else float(text.lower() == "true") for text in texts]
        return _Careful(Column.from_numbers(other.name, np.array(values, dtype=np.float64)))
    if other.is_numerical and _are_zeros_and_ones(other) and TRUTHS.issuperset(first.categories.counts):
        numbers = other.in_order(numerical=True)
        cells = [None if np.isnan(number) else "true" if number else "false" for number in numbers]
        return _Careful(Column.from_cells(other.name, cells))
    return other


def _are_zeros_and_ones(sample: Sample) -> bool:
    side = sample.numbers.side
    return not sample.numbers.wrong and side.distinct <= 2 and {side.minimum, side.maximum} <= {0.0, 1.0}
