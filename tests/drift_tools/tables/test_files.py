"""Tables of files: CSV of any form, Parquet, pipes and folders, and what is said of files that are none."""

import bz2
import codecs
import gzip
import lzma
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.capture import read_captures
from drift_tools.cli.inputs import read_data
from drift_tools.errors import InputError
from drift_tools.tables import read_csv_text, read_table


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_of_any_delimiter(delimiter: str) -> None:
    table = read_csv_text(f'a{delimiter}"b"\n1{delimiter}"x{delimiter}y"\n')
    assert table.names == ["a", "b"]
    assert table.columns["b"].as_texts().tolist() == [f"x{delimiter}y"]


def test_csv_with_byte_order_mark_gzip_and_windows_lines(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfa,b\r\n1,2\r\n"))
    assert read_table(path).names == ["a", "b"]
    assert read_table(path, header=False).names == ["_c0", "_c1"]
    assert read_table(path, header=False).rows == 2


@pytest.mark.parametrize(
    "content", [b"ORC,b\n1,2\n", b"BZh,b\n1,2\n", b"[a],b\n1,2\n", b"{a},b\n1,2\n", b"<a>,b\n1,2\n"]
)
def test_a_csv_may_begin_like_something_else(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    table = read_table(path)
    assert (table.rows, table.names[1]) == (1, "b")


def test_a_parquet_file_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, None]}), tmp_path / "a.csv")
    assert read_table(tmp_path / "a.csv").columns["a"].types.present == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n1\n", "line 2: 1 cells where the first line has 2"),
        (b"a,a\n1,2\n", "line 1: two columns are called 'a'"),
        (b"", "empty"),
        (b"a\n\xff\n", "line 2: not UTF-8"),
        (b'a\n"x\n', "line 2: not CSV"),
        (b"\x1f\x8bnot gzip", "cannot be unpacked"),
        (gzip.compress(b"a,b\n" * 50, mtime=0)[:10] + b"\xff" * 20, "cannot be unpacked"),
    ],
)
def test_broken_csv_names_file_line_and_mend(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as error:
        read_table(path)
    assert str(error.value).startswith(str(path))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "größe\n1\n".encode("latin-1"),
            "line 1: not UTF-8: convert the file, for example with iconv -f LATIN1 -t UTF-8",
        ),
        (
            "a\n1\n".encode("utf-16"),
            "line 1: UTF-16 and not UTF-8: convert the file, for example with iconv -f UTF-16 -t UTF-8",
        ),
        (
            codecs.BOM_UTF16_BE + "a\n1\n".encode("utf-16-be"),
            "line 1: UTF-16 and not UTF-8: convert the file, for example with iconv -f UTF-16 -t UTF-8",
        ),
        (
            b'a,b\n1,2\n3,"x\n5,6\n7,8\n',
            "line 3: not CSV (unexpected end of data, in line 5): a quote opens in the row that begins here and is not "
            "closed: close it, or double it if it is part of the cell",
        ),
        (
            b'a,b\n1,"x\n3,"y"\n',
            "line 2: not CSV (',' expected after '\"', in line 3): a quote opens in the row that begins here and is "
            "not closed: close it, or double it if it is part of the cell",
        ),
        (
            b'a,b\n"x\ny",2\n3\n',
            "line 4: 1 cells where the first line has 2: quote the cells that hold the delimiter, or fix the line",
        ),
        (b",a\n0,1\n", "line 1: column 1 has no name: name it, or write the file without its index"),
        (b'a," ",b\n0,1,2\n', "line 1: column 2 has no name: name it, or write the file without its index"),
    ],
)
def test_the_diagnosis_is_right(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert str(error.value) == f"{path}, {says}"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            "a,b\n1,2\n".encode("utf-32"),
            "line 1: UTF-32 and not UTF-8: convert the file, for example with iconv -f UTF-32",
        ),
        ("a,b\n1,2\n".encode("utf-16-le"), "line 1: UTF-16LE and not UTF-8: convert the file"),
        ("a,b\n1,2\n".encode("utf-16-be"), "line 1: UTF-16BE and not UTF-8: convert the file"),
        (
            b"PK\x03\x04\x14\0\x06\0",
            "is no CSV but a zip archive, as Excel's .xlsx is one: save the sheet as CSV, or unp",
        ),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "is no CSV but a file of Excel's (.xls)"),
        (bz2.compress(b"a,b\n1,2\n"), "is no CSV but packed with bzip2: unpack it, bunzip2"),
        (lzma.compress(b"a,b\n1,2\n"), "is no CSV but packed with xz: unpack it, unxz"),
        (gzip.compress(bz2.compress(b"a,b\n1,2\n"), mtime=0), "is no CSV but packed with bzip2"),
        (b"\x28\xb5\x2f\xfd\x04", "is no CSV but packed with zstd: unpack it, zstd -d"),
        (b"ARROW1\0\0\xff", "is no CSV but an Arrow file (Feather): write Parquet or CSV"),
        (b"ORC\x11\0\0", "is no CSV but an ORC file"),
        (b"Obj\x01\x04", "is no CSV but an Avro file"),
        (b"SQLite format 3\0", "is no CSV but an SQLite database"),
        (b"%PDF-1.7\n", "is no CSV but a PDF"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a pointer of Git LFS: fetch the file itself"),
        (b"<!DOCTYPE html>\n<html>", "is no CSV but a page (HTML or XML): save the data, not the page about them"),
        (b'<?xml version="1.0"?>\n<a/>', "is no CSV but a page (HTML or XML)"),
        (
            b'[{"a": 1}]',
            "is no CSV but JSON: write CSV or Parquet, or one object a line (*.jsonl, as captured records)",
        ),
        (b'{"a": 1}\n{"a": 2}\n', "is no CSV but JSON"),
        (b"PAR1" + bytes(20) + b"PAR1", "not a Parquet file"),
        (
            b"# made by me\na,b\n1,2\n",
            "line 2: 2 cells where the first line has 1: remove what stands above the header",
        ),
        (b"Report\n\n2026\na,b\n1,2\n", "line 4: 2 cells where the first line has 1: remove what stands above the hea"),
        (b"a,b,\n1,2,\n", "line 1: column 3 has no name: name it, or remove the delimiter at the ends of the lines"),
        (b"5,0,0\n4,1,2\n", "line 1: numbers and no names: write a line with the columns' names above it"),
        (b"5,0.5,-1e3,5\n4,1,2,1\n", "line 1: numbers and no names"),
        (b",a,b\n0,1,2\n", "line 1: column 1 has no name: name it, or write the file without its index"),
        (b'a,b\n"x\\"y",2\n', "line 2: not CSV (',' expected after '\"'): fix the line; a quote within quotes is wri"),
    ],
)
def test_what_a_file_is_in_place_of_a_csv_is_said(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert str(error.value).startswith(str(path))
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_a_delimiter_that_makes_one_column_of_several_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("age,income\n1,2\n")
    with pytest.raises(InputError) as error:
        read_table(path, delimiter=";")
    assert str(error.value) == (f"{path}, line 1: one column called 'age,income': is the delimiter right? --delimiter")
    path.write_text('"age, in years"\n1\n')
    assert read_table(path, delimiter=";").names == ["age, in years"]
    path.write_text("age\n1\n")
    assert read_table(path, delimiter=";").names == ["age"]
    path.write_text(f"{'x' * 100},b\n1,2\n")
    with pytest.raises(InputError, match=f"'{'x' * 60}…': is the delimiter"):
        read_table(path, delimiter=";")


def test_endings_may_be_in_capital_letters(tmp_path: Path) -> None:
    pq.write_table(pa.table({"x": ["07"]}), tmp_path / "P.PARQUET")
    pq.write_table(pa.table({"x": ["7"]}), tmp_path / "Q.Pq")
    (tmp_path / "T.CSV").write_text("x\n8\n")
    assert read_table(tmp_path / "P.PARQUET").columns["x"].as_texts().tolist() == ["07"]
    assert read_data(str(tmp_path)).table.columns["x"].as_texts().tolist() == ["07", "7", "8"]


def test_a_pipe_is_read_and_a_folder_is_not(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for read in (read_table, lambda path: read_data(str(path)).table):
        writer = threading.Thread(target=pipe.write_text, args=("a,b\n1,2\n",))
        writer.start()
        assert read(pipe).names == ["a", "b"]
        writer.join()
    with pytest.raises(InputError) as error:
        read_table(tmp_path)
    assert str(error.value) == f"{tmp_path}: is a folder: name a file in it"


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("name", ["data.csv", "data.parquet"])
def test_what_may_not_be_read_says_so(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / name
    path.write_bytes(b"a\n1\n")
    monkeypatch.setattr(Path, "read_bytes", _refuse)
    monkeypatch.setattr(pq, "ParquetFile", _refuse)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert str(error.value) == f"{path}: may not be read: ask for the permission, or name another file"


@pytest.mark.parametrize("read", [lambda path: read_data(str(path)), read_captures])
@pytest.mark.parametrize("place", ["", "below"])
def test_a_folder_that_may_not_be_read_is_not_an_empty_one(
    tmp_path: Path, read: Callable[[Path], object], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "data.jsonl").write_text("{}\n")
    closed, scandir = tmp_path / place, os.scandir

    def scan(path: Any) -> Any:
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", scan)
        with pytest.raises(InputError) as error:
            read(tmp_path)
    assert str(error.value) == f"{closed}: this folder may not be read: ask for the permission"


def test_two_columns_of_one_name_in_parquet_are_called_that(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert str(error.value) == f"{path}: two columns are called 'a': rename one of them"


def test_parquet_and_what_only_calls_itself_so(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pq.write_table(pa.table({"x": [1, 2], "t": [datetime(2026, 1, 1, tzinfo=UTC)] * 2}), path)
    assert read_table(path).columns["t"].as_numbers()[0].tolist() == [1767225600.0] * 2
    path.write_bytes(b"not parquet")
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(path)
    with pytest.raises(InputError, match="no such file"):
        read_table(tmp_path / "absent.csv")


def test_csv_needs_no_pyarrow(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("a,b\n1,x\n2,y\n")
    program = f"""
import sys
sys.modules["pyarrow"] = None
from drift_tools.comparison import compare
from drift_tools.errors import InputError
from drift_tools.tables import read_table
table = read_table({str(path)!r})
print(compare(table, table).drifted)
try:
    table.to_arrow()
except InputError as error:
    print(error)
"""
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.splitlines()[0] == "False"
    assert "pip install pyarrow" in result.stdout.splitlines()[1]
