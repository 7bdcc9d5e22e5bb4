"""Tables of columns: the only shape of data that the rest of the package knows, and how files and arrays become one."""

import codecs
import csv
import gzip
import io
import math
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from numbers import Integral, Real
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from drift_tools.errors import InputError
from drift_tools.tables.column import Column, Numbers, Texts, TypeCounts, count_types, parse_numbers

__all__ = [
    "Column",
    "Numbers",
    "Table",
    "Texts",
    "TimeColumn",
    "TypeCounts",
    "as_table",
    "count_types",
    "from_arrow",
    "parse_numbers",
    "read_bytes",
    "read_csv_text",
    "read_table",
    "read_text",
]

_DELIMITERS = ",;\t|"
LARGE_CSV = 1 << 20  # bytes from which pyarrow is worth its import
_QUOTED = re.compile(r'"[^"]*"')
_TEXTS = ("string", "large_string", "string_view")  # as Arrow spells these types
_SHOWN = 60
_BEYOND_INTEGERS = 2**63  # of 64 bits


@dataclass(frozen=True, eq=False, slots=True)
class TimeColumn(Column):
    """Seconds since 1970, of a source that says that they are dates or times: people read them as such."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of equal length, by name, in order."""

    columns: Mapping[str, Column]
    rows: int

    @classmethod
    def of(cls, columns: Iterable[Column], rows: int) -> "Table":
        """A table of these columns; names must differ."""
        by_name: dict[str, Column] = {}
        for column in columns:
            if column.name in by_name:
                raise InputError(f"two columns are called {column.name!r}: rename one of them")
            if len(column) != rows:
                raise InputError(
                    f"column {column.name!r} has {len(column)} rows where the table has {rows}: pad or cut it"
                )
            by_name[column.name] = column
        return cls(by_name, rows)

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return list(self.columns)

    def renamed(self, names: Sequence[str]) -> "Table":
        """The same columns under other names, by position."""
        if len(names) != len(self.columns):
            raise InputError(f"{len(names)} names were given for {len(self.columns)} columns: give one for each")
        renamed = (column.renamed(name) for name, column in zip(names, self.columns.values(), strict=True))
        return Table.of(renamed, self.rows)

    def without(self, names: Sequence[str]) -> "Table":
        """The table without these columns; names that it does not have are none to leave out."""
        return Table({name: column for name, column in self.columns.items() if name not in names}, self.rows)

    def to_arrow(self) -> Any:
        """The table as a `pyarrow.Table`: numbers as float64 (int64 where all are whole), the rest as strings."""
        pa = _pyarrow("an Arrow table")
        arrays = {}
        for name, column in self.columns.items():
            if column.numbers is None:
                arrays[name] = pa.array(column.texts, type=pa.string(), from_pandas=True)
                continue
            array = pa.array(column.numbers, type=pa.float64(), from_pandas=True)
            whole = column.types.inferred_type == "Integral" and bool(np.nanmax(np.abs(column.numbers)) < 2**53)
            arrays[name] = array.cast(pa.int64()) if whole else array
        return pa.table(arrays)


def as_table(data: object, *, what: str = "data") -> Table:
    """Make a table of whatever holds one.

    Takes a `Table`, anything with a `.data` that is one (`Captures`), a pyarrow table or anything with the Arrow C
    interface (pandas, polars, DuckDB), or a mapping of names to one-dimensional arrays or sequences.

    Raises `InputError` for anything else.
    """
    if isinstance(data, Table):
        return data
    inner = getattr(data, "data", None)
    if isinstance(inner, Table):
        return inner
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return from_arrow(data, what=what)
    if isinstance(data, Mapping):
        columns = [_from_sequence(str(name), values) for name, values in data.items()]
        return Table.of(columns, len(columns[0]) if columns else 0)
    raise InputError(
        f"{what} is a {type(data).__name__}: give an Arrow table, anything with the Arrow C interface, "
        "or a mapping of names to arrays"
    )


def from_arrow(data: object, *, what: str = "data") -> Table:
    """A table of anything that speaks the Arrow C interface (stream or array). Columns of float64 without missing
    values in one piece are not copied.

    Raises `InputError` as `arrow_table` does.
    """
    pa = _pyarrow("Arrow data")
    table = arrow_table(pa, data, what=what)
    columns = [_from_arrow_column(pa, str(name), table.column(index)) for index, name in enumerate(table.column_names)]
    return Table.of(columns, table.num_rows)


def arrow_table(pa: Any, data: object, *, what: str = "data") -> Any:
    """The `pyarrow.Table` (`pa` is pyarrow) of what speaks the Arrow C interface.

    Raises `InputError` for one column that is no table, and for what cannot be exported (a pandas column of numbers and
    texts, say).
    """
    try:
        if isinstance(data, pa.RecordBatch) or not hasattr(data, "__arrow_c_stream__"):
            return pa.Table.from_batches([pa.record_batch(data)])
        return data if isinstance(data, pa.Table) else pa.table(data)
    except pa.ArrowException as error:
        said = " ".join(str(part) for part in error.args)
        raise InputError(
            f"{what} is a {type(data).__name__} that is no table of Arrow's ({said}): give a table, or a mapping of "
            "names to columns of one type each"
        ) from error


def _from_arrow_column(pa: Any, name: str, column: Any) -> Column:
    kind = column.type
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
        if str(kind) not in _TEXTS:  # those need no cast, and views (polars) have none
            column = column.cast(kind)
    if pa.types.is_boolean(kind):
        cells = [None if value is None else str(value).lower() for value in column.to_pylist()]
        return Column.from_cells(name, cells)
    if pa.types.is_integer(kind):
        missing = column.is_null().to_numpy() if column.null_count else None
        present = column if missing is None else column.fill_null(0)  # numpy would make floats of them
        return Column.from_integers(name, present.to_numpy(), missing)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        floats = column if pa.types.is_float32(kind) else column.cast(pa.float64())
        return Column.from_numbers(name, floats.to_numpy(zero_copy_only=False))
    if pa.types.is_temporal(kind):
        # Seconds (of a date or time: since 1970), so that "when" can drift like any other quantity.
        micro = pa.duration if pa.types.is_duration(kind) else pa.time64 if pa.types.is_time(kind) else pa.timestamp
        ticks = (
            column.cast(micro("us"), safe=False)
            .cast(pa.int64(), safe=False)
            .cast(pa.float64(), safe=False)
            .to_numpy(zero_copy_only=False)
        )
        since_1970 = pa.types.is_date(kind) or pa.types.is_timestamp(kind)
        return (TimeColumn if since_1970 else Column).from_numbers(name, ticks / 1e6)
    # Strings, and whatever else there is (lists, structs, bytes) by its spelling: compared as categories.
    return Column.from_strings(name, (None if value is None else str(value) for value in column.to_pylist()))


def _from_sequence(name: str, values: object) -> Column:
    if hasattr(values, "__arrow_c_stream__") or hasattr(values, "__arrow_c_array__"):  # a column of a data frame
        pa = _pyarrow("Arrow data")
        stream = hasattr(values, "__arrow_c_stream__")
        return _from_arrow_column(pa, name, pa.chunked_array(values if stream else [pa.array(values)]))
    if not isinstance(values, np.ndarray):
        if not _is_sequence(values):
            raise InputError(
                f"column {name!r} is a {type(values).__name__}: give a one-dimensional array or a sequence"
            )
        # numpy would make texts of numbers beside texts, and numbers of truths beside NaN.
        mixed = any(isinstance(value, str | bool | np.bool_) for value in values)
        values = np.asarray(values, dtype=object) if mixed else np.asarray(values)
    if values.ndim != 1:
        raise InputError(f"column {name!r} has {values.ndim} dimensions: give a one-dimensional array")
    if values.dtype == np.bool_:
        return Column.from_cells(name, [_truth(value) for value in values])
    if np.issubdtype(values.dtype, np.number):
        return Column.from_numbers(name, values)
    if np.issubdtype(values.dtype, np.datetime64):
        seconds = values.astype("datetime64[us]").astype(np.float64) / 1e6
        return TimeColumn.from_numbers(name, np.where(np.isnat(values), np.nan, seconds))
    if values.dtype == object and (column := _from_objects(name, values)) is not None:
        return column
    return Column.from_strings(name, (None if value is None or _is_nan(value) else str(value) for value in values))


def _from_objects(name: str, values: Texts) -> Column | None:
    """A column of truths or of numbers; None if any value is something else. What is missing changes nothing."""
    missing = np.fromiter((value is None or _is_nan(value) for value in values), dtype=np.bool_, count=len(values))
    present = values[~missing]
    if len(present) and all(isinstance(value, bool | np.bool_) for value in present):
        cells = zip(values, missing.tolist(), strict=True)
        return Column.from_cells(name, [None if is_missing else _truth(value) for value, is_missing in cells])
    if not all(isinstance(value, Real | Decimal | np.bool_) for value in present):
        return None
    if len(present) and all(isinstance(value, Integral) and abs(int(value)) < _BEYOND_INTEGERS for value in present):
        return Column.from_integers(name, np.where(missing, 0, values).astype(np.int64), missing)
    numbers = np.full(len(values), np.nan)
    numbers[~missing] = [_as_float(value) for value in present]
    return Column.from_numbers(name, numbers)


def _truth(value: object) -> str:
    return "true" if value else "false"


def _as_float(value: Any) -> float:
    """The nearest float; an infinity for what is larger than any."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _is_nan(value: object) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _is_sequence(values: object) -> TypeGuard[Sequence[object]]:
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)


def read_table(path: str | Path, *, header: bool = True, delimiter: str | None = None) -> Table:
    """Read one CSV or Parquet file (`.parquet`, `.pq`; everything else is CSV, plain or gzip).

    `delimiter` is one character, the CSV's; without it the first line tells (see `read_csv_text`).

    Raises `InputError` that names the file, the line where there is one, and the mend.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder: name a file in it")
    if not path.exists():  # a pipe is no file, and can be read
        raise InputError(f"{path}: no such file")
    if is_parquet(path):
        return _read_parquet(path)
    content = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    plain = None
    if len(content) >= LARGE_CSV:
        from drift_tools.tables.csv_fast import read_plain_csv  # noqa: PLC0415 - for large files only

        first = content[: content.find(b"\n")].decode("utf-8", "replace")
        separator = _delimiter(first) if delimiter is None else _checked_delimiter(first, delimiter, str(path))
        plain = read_plain_csv(content, header=header, delimiter=separator)
    if plain is not None:
        return _named(plain, len(plain[0]), str(path))
    return read_csv_text(decode(content, path), header=header, delimiter=delimiter, source=str(path))


def is_parquet(path: Path) -> bool:
    """Whether a file's name says that it is a Parquet file, in small or capital letters."""
    return path.suffix.lower() in (".parquet", ".pq")


def _read_parquet(path: Path) -> Table:
    _pyarrow(f"{path}, a Parquet file,")
    import pyarrow.parquet as pq  # noqa: PLC0415 - optional, and slow to import

    try:
        # Not `read_table`, which takes two columns of one name for no Parquet file at all.
        with pq.ParquetFile(path) as file:
            table = file.read()
    except PermissionError as error:
        raise _not_permitted(path) from error
    except (OSError, ValueError) as error:  # pyarrow's errors for broken files derive from these
        raise InputError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from error
    try:
        return from_arrow(table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _not_permitted(path: Path) -> InputError:
    return InputError(f"{path}: may not be read: ask for the permission, or name another file")


def read_text(path: Path) -> str:
    """The text of a file, gzip or plain, UTF-8 with or without a byte-order mark."""
    return decode(read_bytes(path), path)


def decode(content: bytes, path: Path) -> str:
    """The text of a file's content, UTF-8 with or without a byte-order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        is_wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        said, code = ("UTF-16 and not UTF-8", "UTF-16") if is_wide else ("not UTF-8", "LATIN1")
        raise InputError(
            f"{path}, line {line}: {said}: convert the file, for example with iconv -f {code} -t UTF-8"
        ) from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzip (told by its first two bytes, whatever its name)."""
    try:
        content = path.read_bytes()
    except PermissionError as error:
        raise _not_permitted(path) from error
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: a gzip file that cannot be unpacked ({error}): is it still being written?"
        ) from error


def read_csv_text(text: str, *, header: bool = True, delimiter: str | None = None, source: str = "CSV") -> Table:
    r"""A table of CSV text; the delimiter, unless it is given, is the one of `,`, `;`, tab and `|` that the first line
    has most of outside of quotes.

    Without a header the columns are `_c0`, `_c1`, …, as Model Monitor calls them. An empty cell is missing.

    >>> read_csv_text('"a, b, c";d\n1;2\n').names
    ['a, b, c', 'd']
    """
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = _delimiter(first) if delimiter is None else _checked_delimiter(first, delimiter, source)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    begin = 1  # the line in which a row begins; quotes may hold line breaks
    try:
        for row in lines:
            if row and rows and len(row) != len(rows[0]):
                raise InputError(
                    f"{source}, line {begin}: {len(row)} cells where the first line has {len(rows[0])}: "
                    "quote the cells that hold the delimiter, or mend the line"
                )
            if row:
                rows.append(row)
            begin = lines.line_num + 1
    except csv.Error as error:
        raise InputError(_not_csv(source, begin, lines.line_num, error)) from error
    if not rows:
        raise InputError(f"{source}: empty: give a file with {'a header and ' if header else ''}at least one row")
    names = [name.strip() for name in rows.pop(0)] if header else [f"_c{index}" for index in range(len(rows[0]))]
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    columns = [
        Column.from_cells(name, [cell.strip() or None for cell in column])
        for name, column in zip(names, cells, strict=True)
    ]
    return _named(columns, len(rows), source)


def _not_csv(source: str, begin: int, line: int, error: csv.Error) -> str:
    """What to say of a row that begins in one line and cannot be understood in another: a quote that nobody closed
    takes up all lines to the next quote, or to the end.
    """
    if begin == line:
        return f"{source}, line {line}: not CSV ({error}): mend the line"
    return (
        f"{source}, line {begin}: not CSV ({error}, in line {line}): a quote opens in the row that begins here and is "
        "not closed: close it, or double it if it is part of the cell"
    )


def _delimiter(first_line: str) -> str:
    unquoted = _QUOTED.sub("", first_line)
    return max(_DELIMITERS, key=unquoted.count)


def _checked_delimiter(first_line: str, delimiter: str, source: str) -> str:
    """The delimiter that was given, unless it makes one column of a line that plainly has several."""
    unquoted = _QUOTED.sub("", first_line)
    if delimiter not in unquoted and any(other in unquoted for other in _DELIMITERS):
        name = first_line.strip()
        name = name if len(name) <= _SHOWN else f"{name[:_SHOWN]}…"
        raise InputError(f"{source}, line 1: one column called {name!r}: is the delimiter right? --delimiter")
    return delimiter


def _named(columns: Iterable[Column], rows: int, source: str) -> Table:
    """The table of a CSV; what is wrong with names is in its first line."""
    columns = list(columns)
    try:
        for number, column in enumerate(columns, start=1):
            if not column.name:
                raise InputError(f"column {number} has no name: name it, or write the file without its index")
        return Table.of(columns, rows)
    except InputError as error:
        raise InputError(f"{source}, line 1: {error}") from error


def _pyarrow(what: str) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional: the job in a Lambda runs without it
    except ImportError as error:
        raise InputError(f"{what} needs pyarrow, which is not installed: pip install pyarrow, or give CSV") from error
    return pa
