"""Columns of numbers or texts: the only shape of data that the rest of the package knows.

A column keeps what the source said. Cells of a text source (CSV, captured payloads) stay texts and are counted by the
type that each would have, because a monitor must be able to say "49.9 % of this column is no number"; a typed source
(Arrow, Parquet, numpy) has said its types and is believed.
"""

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError

Numbers: TypeAlias = NDArray[np.float64]
Texts: TypeAlias = NDArray[np.object_]

# The types that a cell of text can have, and their patterns: awslabs/deequ, StatefulDataType.scala. `[0-9]` and not
# `\d`: Java's `\d` is ASCII only.
_FRACTIONAL = r"[-+]? ?[0-9]+(?:\.[0-9]+|(?:\.[0-9]+)?[Ee][-+]?[0-9]+)"
_INTEGRAL = r"[-+]? ?[0-9]+"
_BOOLEAN = r"true|false"
_ONE_CELL = re.compile(f"(?P<integral>{_INTEGRAL})|(?P<fractional>{_FRACTIONAL})|(?P<boolean>{_BOOLEAN})")
_LINES_OF = {
    kind: re.compile(f"^(?:{pattern})$", re.MULTILINE)
    for kind, pattern in (("fractional", _FRACTIONAL), ("integral", _INTEGRAL), ("boolean", _BOOLEAN))
}
_DELIMITERS = ",;\t|"


@dataclass(frozen=True, slots=True)
class TypeCounts:
    """How many cells of a column are of which type, by Deequ's patterns."""

    fractional: int = 0
    integral: int = 0
    boolean: int = 0
    string: int = 0
    missing: int = 0

    @property
    def present(self) -> int:
        """Cells that hold anything."""
        return self.fractional + self.integral + self.boolean + self.string

    @property
    def inferred_type(self) -> str:
        """`Integral`, `Fractional`, `String` or `Unknown`, as Model Monitor names them.

        Deequ's decision: any string, or booleans (alone they have no name of their own in the file), make a column a
        String; any fractional value makes it Fractional; a column without values is Unknown.
        """
        if not self.present:
            return "Unknown"
        if self.string or self.boolean:
            return "String"
        return "Fractional" if self.fractional else "Integral"

    def share_of(self, expected: str) -> float:
        """The share of the present cells that can stand where `expected` is asked for; 1 when no cell is present.

        Whole numbers are fractional numbers too, and every value can be a string.
        """
        if not self.present or expected in ("String", "Unknown"):
            return 1.0
        matching = self.integral + (self.fractional if expected == "Fractional" else 0)
        return matching / self.present


def count_types(cells: Sequence[str]) -> TypeCounts:
    """Count present cells of text by type.

    >>> count_types(["1", "2.5", "1e3", "true", "n/a", "-7"])
    TypeCounts(fractional=2, integral=2, boolean=1, string=1, missing=0)
    """
    lines = "\n".join(cells)
    if lines.count("\n") == max(
        len(cells) - 1, 0
    ):  # one regular expression over all cells: ten times faster than one each
        counts = {kind: len(pattern.findall(lines)) for kind, pattern in _LINES_OF.items()}
    else:
        counts = dict.fromkeys(_LINES_OF, 0)
        for cell in cells:
            if match := _ONE_CELL.fullmatch(cell):
                counts[str(match.lastgroup)] += 1
    return TypeCounts(**counts, string=len(cells) - sum(counts.values()))


def _count_plain_numbers(cells: Sequence[str]) -> TypeCounts | None:
    """What `count_types` says of cells that `float` can read, without regular expressions; None if it takes them
    after all.
    """
    lines = "\n" + "\n".join(cells) + "\n"
    # What float reads and these patterns do not: nan, inf, other scripts' digits, ".5" and "5.".
    if (
        lines.count("\n") != len(cells) + 1
        or not lines.isascii()
        or lines.encode().translate(None, b"0123456789+-.eE\n")
    ):
        return None
    if any(odd in lines for odd in (".\n", "\n.", "+.", "-.", ".e", ".E")):
        return None
    unsigned = lines.replace("-", "").replace("+", "").split("\n") if "-" in lines or "+" in lines else cells
    integral = sum(map(str.isdigit, unsigned))
    return TypeCounts(fractional=len(cells) - integral, integral=integral)


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """One named column. At least one of `numbers` and `texts` is there.

    `numbers` (float64, NaN = missing): the column as numbers, if every present cell is one.
    `texts` (str or None): the cells as they were written, if the source was text.
    """

    name: str
    types: TypeCounts
    numbers: Numbers | None = None
    texts: Texts | None = None

    def __len__(self) -> int:
        """Rows, the missing ones included."""
        values = self.numbers if self.numbers is not None else self.texts
        return 0 if values is None else len(values)

    @property
    def is_numerical(self) -> bool:
        """Whether every present cell is a number."""
        return self.numbers is not None

    @classmethod
    def from_cells(cls, name: str, cells: Sequence[str | None]) -> "Column":
        """A column of a source that knows only text, such as CSV; None is a missing cell.

        Besides the numbers of Deequ's patterns, `nan` and `inf` in any spelling of Python's `float` are taken as
        numbers (a client's pandas writes them): they are counted as strings, as Model Monitor does, and measured as
        numbers.
        """
        texts = np.empty(len(cells), dtype=object)
        texts[:] = cells
        present = [cell for cell in cells if cell is not None]
        numbers, wrong = parse_numbers(texts)
        types = _with_missing(
            (None if wrong else _count_plain_numbers(present)) or count_types(present), len(cells) - len(present)
        )
        return cls(name, types, numbers if present and not wrong else None, texts)

    @classmethod
    def from_strings(cls, name: str, values: Iterable[str | None]) -> "Column":
        """A column whose source says that it holds strings, so that the code `"16"` is a category and no number."""
        cells = list(values)
        texts = np.empty(len(cells), dtype=object)
        texts[:] = cells
        missing = sum(cell is None for cell in cells)
        return cls(name, TypeCounts(string=len(cells) - missing, missing=missing), None, texts)

    @classmethod
    def from_numbers(cls, name: str, values: NDArray[Any]) -> "Column":
        """A column of a typed numerical source; NaN is a missing cell."""
        numbers = np.asarray(values, dtype=np.float64)
        missing = int(np.count_nonzero(np.isnan(numbers)))
        present = len(numbers) - missing
        integral = np.issubdtype(np.asarray(values).dtype, np.integer)
        return cls(name, TypeCounts(**{"integral" if integral else "fractional": present}, missing=missing), numbers)

    def as_numbers(self) -> tuple[Numbers, int]:
        """The column as numbers, NaN where a cell is missing or no number, and how many cells are no number."""
        if self.numbers is not None:
            return self.numbers, 0
        return parse_numbers(self._cells())

    def as_texts(self) -> Texts:
        """The column as categories: as written, or numbers in their shortest spelling (3.0 is `3`)."""
        if self.texts is not None or self.numbers is None:
            return self._cells()
        distinct, inverse = np.unique(self.numbers + 0.0, return_inverse=True)  # -0.0 + 0.0 is 0.0
        names = np.empty(len(distinct), dtype=object)
        names[:] = [
            None if np.isnan(value) else f"{value:.17g}" if value.is_integer() else repr(float(value))
            for value in distinct
        ]
        texts: Texts = names[inverse]
        return texts

    def _cells(self) -> Texts:
        if self.texts is None:
            raise ValueError(f"column {self.name!r} was made without numbers and without texts")
        return self.texts


def parse_numbers(texts: Texts) -> tuple[Numbers, int]:
    """Cells as float64, each bit-identical to Python's `float`; NaN where missing or no number, and the count of the
    latter.
    """
    try:
        # None becomes NaN. `float` would take "1_000" for a number; no other reader does.
        if "_" not in "".join(filter(None, texts)):
            return texts.astype(np.float64), 0
    except ValueError:
        pass  # at least one cell is no number: find out which, one by one
    numbers = np.full(len(texts), np.nan)
    wrong = 0
    for index, cell in enumerate(texts):
        if cell is None:
            continue
        try:
            if "_" in cell:
                wrong += 1
            else:
                numbers[index] = float(cell)
        except ValueError:
            wrong += 1
    return numbers, wrong


def _with_missing(types: TypeCounts, missing: int) -> TypeCounts:
    return TypeCounts(types.fractional, types.integral, types.boolean, types.string, missing)


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
        renamed = (
            Column(name, column.types, column.numbers, column.texts)
            for name, column in zip(names, self.columns.values(), strict=True)
        )
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
        return from_arrow(data)
    if isinstance(data, Mapping):
        columns = [_from_sequence(str(name), values) for name, values in data.items()]
        return Table.of(columns, len(columns[0]) if columns else 0)
    raise InputError(
        f"{what} is a {type(data).__name__}: give an Arrow table, anything with the Arrow C interface, "
        "or a mapping of names to arrays"
    )


def from_arrow(data: object) -> Table:
    """A table of anything that speaks the Arrow C interface (stream or array)."""
    pa = _pyarrow("Arrow data")
    if isinstance(data, pa.RecordBatch) or not hasattr(data, "__arrow_c_stream__"):
        data = pa.Table.from_batches([pa.record_batch(data)])
    table = data if isinstance(data, pa.Table) else pa.table(data)
    columns = [_from_arrow_column(pa, str(name), table.column(index)) for index, name in enumerate(table.column_names)]
    return Table.of(columns, table.num_rows)


def _from_arrow_column(pa: Any, name: str, column: Any) -> Column:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if pa.types.is_boolean(kind):
        cells = [None if value is None else str(value).lower() for value in column.to_pylist()]
        return Column.from_cells(name, cells)
    if pa.types.is_integer(kind):
        missing = column.null_count
        numbers = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        return Column(name, TypeCounts(integral=len(column) - missing, missing=missing), numbers)
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Column.from_numbers(name, column.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if pa.types.is_temporal(kind):
        # Seconds (of a date or time: since 1970), so that "when" can drift like any other quantity.
        micro = pa.duration if pa.types.is_duration(kind) else pa.time64 if pa.types.is_time(kind) else pa.timestamp
        ticks = (
            column.cast(micro("us"), safe=False)
            .cast(pa.int64(), safe=False)
            .cast(pa.float64(), safe=False)
            .to_numpy(zero_copy_only=False)
        )
        return Column.from_numbers(name, ticks / 1e6)
    # Strings, and whatever else there is (lists, structs, bytes) by its spelling: compared as categories.
    return Column.from_strings(name, (None if value is None else str(value) for value in column.to_pylist()))


def _from_sequence(name: str, values: object) -> Column:
    if not isinstance(values, np.ndarray):
        if not _is_sequence(values):
            raise InputError(
                f"column {name!r} is a {type(values).__name__}: give a one-dimensional array or a sequence"
            )
        values = (
            np.asarray(values, dtype=object) if any(isinstance(value, str) for value in values) else np.asarray(values)
        )
    if values.ndim != 1:
        raise InputError(f"column {name!r} has {values.ndim} dimensions: give a one-dimensional array")
    if values.dtype == np.bool_:
        return Column.from_cells(name, ["true" if value else "false" for value in values])
    if np.issubdtype(values.dtype, np.number):
        return Column.from_numbers(name, values)
    if np.issubdtype(values.dtype, np.datetime64):
        seconds = values.astype("datetime64[us]").astype(np.float64) / 1e6
        return Column.from_numbers(name, np.where(np.isnat(values), np.nan, seconds))
    if values.dtype == object and all(value is None or isinstance(value, int | float) for value in values):
        return Column.from_numbers(name, values.astype(np.float64))
    return Column.from_strings(name, (None if value is None or _is_nan(value) else str(value) for value in values))


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and bool(np.isnan(value))


def _is_sequence(values: object) -> TypeGuard[Sequence[object]]:
    return isinstance(values, Sequence) and not isinstance(values, str | bytes)


def read_table(path: str | Path, *, header: bool = True) -> Table:
    """Read one CSV or Parquet file (`.parquet`, `.pq`; everything else is CSV, plain or gzip).

    Raises `InputError` that names the file, the line where there is one, and the mend.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix in (".parquet", ".pq"):
        _pyarrow(f"{path}, a Parquet file,")
        import pyarrow.parquet as pq  # noqa: PLC0415 - optional, and slow to import

        try:
            return from_arrow(pq.read_table(path))
        except OSError as error:  # pyarrow's errors for broken files derive from OSError or ValueError
            raise InputError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from error
        except ValueError as error:
            raise InputError(f"{path}: not a Parquet file ({str(error).splitlines()[0]})") from error
    return read_csv_text(read_text(path), header=header, source=str(path))


def read_text(path: Path) -> str:
    """The text of a file, gzip or plain, UTF-8 with or without a byte-order mark."""
    content = read_bytes(path)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{path}, line {line}: not UTF-8: convert the file, for example with iconv -t UTF-8"
        ) from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzip (told by its first two bytes, whatever its name)."""
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: a gzip file that cannot be unpacked ({error}): is it still being written?"
        ) from error


def read_csv_text(text: str, *, header: bool = True, source: str = "CSV") -> Table:
    """A table of CSV text; the delimiter is the one of `,`, `;`, tab and `|` that the first line has most of.

    Without a header the columns are `_c0`, `_c1`, …, as Model Monitor calls them. An empty cell is missing.
    """
    first = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(_DELIMITERS, key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[str]] = []
    try:
        for row in lines:
            if not row:
                continue
            if rows and len(row) != len(rows[0]):
                raise InputError(
                    f"{source}, line {lines.line_num}: {len(row)} cells where the first line has {len(rows[0])}: "
                    "quote the cells that hold the delimiter, or mend the line"
                )
            rows.append(row)
    except csv.Error as error:
        raise InputError(f"{source}, line {lines.line_num}: not CSV ({error}): mend the line") from error
    if not rows:
        raise InputError(f"{source}: empty: give a file with {'a header and ' if header else ''}at least one row")
    names = [name.strip() for name in rows.pop(0)] if header else [f"_c{index}" for index in range(len(rows[0]))]
    cells = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    columns = [
        Column.from_cells(name, [cell.strip() or None for cell in column])
        for name, column in zip(names, cells, strict=True)
    ]
    try:
        return Table.of(columns, len(rows))
    except InputError as error:
        raise InputError(f"{source}, line 1: {error}") from error


def _pyarrow(what: str) -> Any:
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional: the job in a Lambda runs without it
    except ImportError as error:
        raise InputError(f"{what} needs pyarrow, which is not installed: pip install pyarrow, or give CSV") from error
    return pa
