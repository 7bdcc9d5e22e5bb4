"""What the command line reads: a table from a file, or from all tables of a folder, or from captured data, here or
in S3.
"""

import json
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import numpy as np

from drift_tools.aws import s3_paths
from drift_tools.capture import Captures, DamagedError, blocks_of, files_below, read_captures
from drift_tools.errors import InputError
from drift_tools.tables import Column, Numbers, Table, concatenate, read_bytes, read_table

TABLES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet", ".pq")
STANDARD_INPUT = "-"
_NO_PARTITION = "__HIVE_DEFAULT_PARTITION__"
CAPTURES = (".jsonl", ".jsonl.gz")
# What a captured record has, or a label; rows of a table have none of them.
_OF_RECORDS = frozenset({"captureData", "eventMetadata", "eventVersion", "groundTruthData"})
_HEAD_BYTES = 1 << 16
# What gzip makes of nothing is some twenty bytes and the file's name.
_MOST_OF_NOTHING = 1 << 9
# Called with what is done, how much of it, and how much there will be.
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Data:
    """A table, and where it is captured data what was read of it; how many empty files of its folder were left out."""

    table: Table
    captures: Captures | None = None
    empty_files: int = 0

    def times(self) -> Numbers:
        """When each row of captured data was requested, in seconds since 1970; NaN where the record does not say."""
        if self.captures is None:
            raise InputError("a table has no times of its own: name the column that has them with --time-column")
        return np.array([_seconds(origin.inference_time) for origin in self.captures.origins], dtype=np.float64)

    def with_times(self) -> tuple[Table, str]:
        """The table with a column of the rows' times, and that column's name, which no other has."""
        name = "time"
        while name in self.table.columns:
            name = f"_{name}"
        column = Column.from_numbers(name, self.times())
        return Table.of([*self.table.columns.values(), column], self.table.rows, index=self.table.index), name


def read_data(
    path: str,
    *,
    columns: Sequence[str] | None = None,
    delimiter: str | None = None,
    decimal: str = ".",
    on_progress: OnProgress | None = None,
) -> Data:
    """Read what is at a path: a table (CSV, Parquet or JSON Lines), captured data, a folder of either, an `s3://` URI
    of them, or `-`, standard input. A folder's own partitions (`dt=2026-03-01/`) are columns, which label the rows; its
    empty files, as Spark and Athena write them, are left out where others are not.

    `columns` names the columns of captured payloads that name none; `delimiter` is the CSV files', which is found out
    without it, and `decimal` what their numbers have before the fraction. Raises InputError for everything that
    cannot be read.
    """
    report = on_progress or (lambda *_: None)
    with (
        _standard_input()
        if path == STANDARD_INPUT
        else s3_paths.local_copy(path, on_bytes=lambda here, total: report(f"fetching {path}", here, total)) as local
    ):
        files = files_below(local, (*TABLES, *CAPTURES)) if local.is_dir() else [local]
        if not files:
            raise InputError(f"{path}: no CSV, Parquet or captured data (*.jsonl) in this folder: name another")
        found = len(files)
        if found > 1:  # one alone may be a pipe, which is read once
            files = [file for file in files if not _is_empty(file)] or files
        captured = [file for file in files if file.name.lower().endswith(CAPTURES) and not _holds_rows(file)]
        if not captured:

            def read(file: Path) -> Table:
                if file.name.lower().endswith(CAPTURES):
                    from drift_tools.job import load_json  # noqa: PLC0415 - only such files need it

                    return load_json(file, lines=True)
                return read_table(file, delimiter=delimiter, decimal=decimal)

            table = _read_tables(local, files, read, lambda done, total: report(f"reading {path}", done, total))
            return Data(table, empty_files=found - len(files))
        if len(captured) < len(files):
            raise InputError(f"{captured[0]}: captured data among tables: name a folder that holds one kind")
        captures = read_captures(local, columns=columns)
        return Data(captures.data, captures, found - len(files))


def _is_empty(path: Path) -> bool:
    """Whether a file holds nothing, or nothing but ends of lines, packed or not."""
    if path.stat().st_size > _MOST_OF_NOTHING:
        return False
    try:
        return not read_bytes(path).removeprefix(BOM_UTF8).strip()
    except InputError:  # a damaged gzip file, of which its reader says so
        return False


def _holds_rows(path: Path) -> bool:
    """Whether a file of JSON Lines begins with a row of a table, and no captured record or label."""
    try:
        block = next(blocks_of(path, block_bytes=_HEAD_BYTES), None)
        lines = bytes(block.content).split(b"\n") if block is not None else []
        row = json.loads(next(filter(bytes.strip, lines), b"null"))
    except (DamagedError, OSError, ValueError, RecursionError):  # who reads captures says what is wrong
        return False
    return isinstance(row, dict) and bool(row) and _OF_RECORDS.isdisjoint(row)


def is_data_file(path: Path) -> bool:
    """Whether a folder's file is one that is read."""
    return path.name.lower().endswith((*TABLES, *CAPTURES)) and path.is_file()


def _read_tables(
    root: Path, files: Sequence[Path], read: Callable[[Path], Table], report: Callable[[int, int], None]
) -> Table:
    sizes = [file.stat().st_size for file in files]
    tables = []
    for number, file in enumerate(files):
        report(sum(sizes[:number]), sum(sizes))
        tables.append(_with_partitions(read(file), file.relative_to(root).parts[:-1] if file != root else ()))
    return concatenate(tables, [str(file) for file in files])


def _with_partitions(table: Table, folders: Sequence[str]) -> Table:
    """Add a column for each folder `name=value` that the file lies in, as Hive lays out tables, unless the file has
    that column itself.
    """
    found = {}
    for folder in folders:
        name, equals, value = folder.partition("=")
        if equals and name and name not in table.columns:
            cell = None if value == _NO_PARTITION else unquote(value) or None
            found[name] = Column.from_cells(name, [cell] * table.rows)
    if not found:
        return table
    return Table.of([*table.columns.values(), *found.values()], table.rows, index=table.index | found.keys())


@contextmanager
def _standard_input() -> Iterator[Path]:
    """Standard input as a file, whose name says what it looks like."""
    content = sys.stdin.buffer.read()
    ending = ".parquet" if content[:4] == b"PAR1" else ".jsonl" if content.lstrip()[:1] == b"{" else ".csv"
    with TemporaryDirectory() as folder:
        file = Path(folder, f"standard input{ending}")
        file.write_bytes(content)
        try:
            yield file
        except InputError as error:  # nobody knows that file, and it is gone when the message is read
            raise InputError(str(error).replace(str(file), "standard input")) from error


def _seconds(moment: str | None) -> float:
    if moment is None:
        return float("nan")
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return float("nan")
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()


def skipped_line(path: str, captures: Captures) -> str:
    """How many records were left out and why, in one line; empty if none was."""
    if not captures.skipped:
        return ""
    reasons = ", ".join(f"{number:,} x {reason}" for reason, number in captures.skipped.items())
    return f"{path}: {sum(captures.skipped.values()):,} of {captures.read:,} records left out: {reasons}"
