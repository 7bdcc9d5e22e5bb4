"""Tables in files: CSV, plain or gzip, and Parquet."""

import codecs
import gzip
import zlib
from functools import partial
from pathlib import Path

from drift_tools.errors import InputError
from drift_tools.tables.column import Column
from drift_tools.tables.convert import from_arrow
from drift_tools.tables.csv_text import DECIMALS, Dialect, named, read_csv_text
from drift_tools.tables.file_kinds import refuse_other_kinds
from drift_tools.tables.opening import pyarrow
from drift_tools.tables.rereading import FileContent, HeldContent
from drift_tools.tables.table import Table

LARGE_CSV = 1 << 20  # bytes from which pyarrow is worth its import
# Bytes from which a file is rather read several times than held: who compares numbers never asks how they were written.
_NOT_HELD = 16 << 20
_GZIP = b"\x1f\x8b"
_HEAD = 1 << 10  # bytes that tell what a file is
_PARQUET = b"PAR1"  # Apache Parquet, "File format"


def read_table(path: str | Path, *, header: bool = True, delimiter: str | None = None, decimal: str = ".") -> Table:
    r"""Read one CSV or Parquet file (`.parquet`, `.pq`; everything else is CSV, plain or gzip).

    `delimiter` is one character, the CSV's; without it the first rows tell (see `read_csv_text`). `decimal` is what the
    CSV's numbers have before their fraction, `.` or `,`.

    Raises `InputError` that names the file, the line where there is one, and the fix.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = Path(folder, "ages.csv").write_text("age;town\n31;A\n45;B\n")
    ...     read_table(Path(folder, "ages.csv")).names
    ['age', 'town']
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: is a folder: name a file in it")
    if not path.exists():  # a pipe is no file, and can be read
        raise InputError(f"{path}: no such file")
    if is_parquet(path):
        return read_parquet(path)
    try:
        file = FileContent(path) if path.is_file() else None
    except PermissionError as error:
        raise _not_permitted(path) from error
    if file is not None and file.size >= len(_PARQUET) and has_parquet(path, to_its_end=True):
        return read_parquet(path)
    if file is not None and file.size >= _NOT_HELD and (columns := _of_large(file, path, header, delimiter, decimal)):
        return named(columns, len(columns[0]), str(path))
    content = read_bytes(path).removeprefix(codecs.BOM_UTF8)
    refuse_other_kinds(content[:_HEAD], path)
    if len(content) >= LARGE_CSV and decimal in DECIMALS:
        from drift_tools.tables.csv_fast import read_plain_csv  # noqa: PLC0415 - for large files only

        again = partial(_unpacked_again, file, path) if file is not None and len(content) >= _NOT_HELD else None
        dialect = Dialect.of_bytes(content, delimiter, str(path))
        held = HeldContent(content, again)
        columns = read_plain_csv(held, header=header, delimiter=dialect.delimiter, decimal=decimal, start=dialect.start)
        if columns:
            return named(columns, len(columns[0]), str(path))
    text = decode(content, path)
    return read_csv_text(text, header=header, delimiter=delimiter, decimal=decimal, source=str(path))


def _of_large(file: FileContent, path: Path, header: bool, delimiter: str | None, decimal: str) -> list[Column] | None:
    """The columns of a large file, which is never held as a whole; None if it is packed, or asks for more care."""
    from drift_tools.tables.csv_fast import read_plain_csv  # noqa: PLC0415 - as above

    with file.opened() as stream:
        head = stream.read(1 << 18)
    if decimal not in DECIMALS or head.startswith(_GZIP):
        return None
    refuse_other_kinds(head, path)
    if head.startswith(codecs.BOM_UTF8):
        file.skip = len(codecs.BOM_UTF8)
    dialect = Dialect.of_bytes(head[file.skip :], delimiter, str(path))
    return read_plain_csv(file, header=header, delimiter=dialect.delimiter, decimal=decimal, start=dialect.start)


def _unpacked_again(file: FileContent, path: Path) -> bytes:
    with file.opened() as stream:
        return unpacked(stream.read(), path).removeprefix(codecs.BOM_UTF8)


def is_parquet(path: Path) -> bool:
    """Whether a file's name says that it is a Parquet file, in small or capital letters."""
    return path.suffix.lower() in (".parquet", ".pq")


def has_parquet(path: Path, *, to_its_end: bool = False) -> bool:
    """Whether a file's content begins as a Parquet file's, whatever it is called: Athena gives names without an end.
    `to_its_end`: whether it ends so, too, as no text does.
    """
    with path.open("rb") as file:
        if file.read(len(_PARQUET)) != _PARQUET:
            return False
        file.seek(-len(_PARQUET) if to_its_end else 0, 2 if to_its_end else 0)
        return file.read(len(_PARQUET)) == _PARQUET


def read_parquet(path: Path) -> Table:
    """Read a Parquet file, whatever it is called. Raises `InputError` that names the file."""
    pyarrow(f"{path}, a Parquet file,")
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
        raise InputError(
            f"{path}, line {line}: not UTF-8: convert the file, for example with iconv -f LATIN1 -t UTF-8"
        ) from error


def read_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked if it is gzip (told by its first two bytes, whatever its name)."""
    try:
        content = path.read_bytes()
    except PermissionError as error:
        raise _not_permitted(path) from error
    return unpacked(content, path)


def unpacked(content: bytes, path: Path) -> bytes:
    """The content of a file, unpacked if it is gzip."""
    if content[:2] != _GZIP:
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"{path}: a gzip file that cannot be unpacked ({error}): is it still being written?"
        ) from error
