"""The fast reader of CSV says what the careful one says, or nothing."""

import csv
import gzip
import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from drift_tools import InputError, compare
from drift_tools.tables import Table, csv_layout, read_csv_text, read_table
from drift_tools.tables import csv_fast as plain_csv
from drift_tools.tables import files as tables
from drift_tools.tables.csv_fast import read_plain_csv
from drift_tools.tables.csv_layout import Layout
from drift_tools.tables.lazy_column import LazyColumn
from drift_tools.tables.rereading import HeldContent


def same(fast: Table, careful: Table) -> None:
    assert (fast.names, fast.rows) == (careful.names, careful.rows)
    for name, column in careful.columns.items():
        other = fast.columns[name]
        assert other.types == column.types
        assert other.is_numerical == column.is_numerical
        assert other.as_texts().tolist() == column.as_texts().tolist()
        for first, second in zip(other.as_numbers()[0].tolist(), column.as_numbers()[0].tolist(), strict=True):
            assert first == second or (math.isnan(first) and math.isnan(second))
        assert other.as_numbers()[1] == column.as_numbers()[1]


CELLS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "1",
            "-1",
            "007",
            "1.0",
            "1e5",
            "1e999",
            "nan",
            "NaN",
            "inf",
            "true",
            "NA",
            "null",
            " 2 ",
            "x y",
            "é",
            "1_0",
            "+3",
            ".5",
            "5.",
        ]
    ),
    st.floats().map(repr),
    st.integers().map(str),
    st.text(st.characters(exclude_characters='",\n\r', exclude_categories=["Cs"]), max_size=4),
)


@settings(deadline=None, max_examples=200)
@given(
    st.integers(1, 4).flatmap(
        lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.booleans(),
)
@example([["\xa01"]], True)
@example([["1"], [""]], True)
@example([["\t1", "2"]], False)
def test_whatever_is_read_fast_is_what_is_read_carefully(rows: list[list[str]], header: bool) -> None:
    names = [f"n{index}" for index in range(len(rows[0]))]
    text = "\n".join(",".join(row) for row in ([names] if header else []) + rows)
    fast = read_plain_csv(HeldContent(text.encode()), header=header, delimiter=",")
    if fast is None:
        return
    try:
        careful = read_csv_text(text, header=header, delimiter=",")
    except InputError:  # a first line without a comma that has another delimiter is refused for both readers
        assume(";" in text or "\t" in text or "|" in text)
        return
    same(Table.of(fast, len(fast[0])), careful)


QUOTED = st.one_of(CELLS, st.text(st.sampled_from('",\n\r a1\xa0\u2003\x1c'), max_size=5))


@settings(deadline=None, max_examples=200)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(QUOTED, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([1, 16, plain_csv._HEAD]),
    st.integers(1, 9),
)
@example([['a""b', '"'], ['""', "x\ny"]], csv.QUOTE_ALL, "\n", 1, 1)
@example([["NA"], ["1"], ["2"]], csv.QUOTE_ALL, "\n", 16, 2)
@example([["1"], ["2"], ["x"], ["0x1F"]], csv.QUOTE_MINIMAL, "\n", 1, 2)
def test_quoted_cells_are_read_fast_as_they_are_read_carefully(
    rows: list[list[str]], quoting: Any, end: str, head: int, layout_block: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, quoting=quoting, lineterminator=end)
    writer.writerows([[f"n{index}" for index in range(len(rows[0]))], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_csv, "_HEAD", head)
        patch.setattr(plain_csv, "_BLOCK", 64)
        patch.setattr(plain_csv, "_PIECES", 2)
        patch.setattr(csv_layout, "_BLOCK", layout_block)
        fast = read_plain_csv(HeldContent(out.getvalue().encode()), header=True, delimiter=",")
    if fast is not None:
        same(Table.of(fast, len(fast[0])), read_csv_text(out.getvalue()))


DECIMAL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(lambda value: repr(value).replace(".", ",")),
    st.floats(-1e12, 1e12).map(lambda value: f"{value:,.2f}".translate(str.maketrans(",.", ".,"))),
    st.sampled_from(
        ["", "1", "1,5", "1.5", "1.234", "1.234,5", "12.34,5", "+1,5", "-,5", ",5", "5,", "5, ", " 5,", "1,e3"]
    ),
    st.sampled_from(
        ["1,5e3", "1.5e3", "5,x", "x,5", "Ulm, Bad", "5, b", "1,2,3", "NA", "nan", "inf", "1e999", " 3,5\t", "x"]
    ),
)


@settings(deadline=None, max_examples=400)
@given(
    st.integers(1, 3).flatmap(
        lambda width: st.lists(st.lists(DECIMAL, min_size=width, max_size=width), min_size=1, max_size=8)
    ),
    st.sampled_from([";", "\t", ","]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from([1, 16, plain_csv._HEAD]),
    st.integers(1, 9),
)
@example([["1,5"], ["5,"]], ";", csv.QUOTE_MINIMAL, 1, 3)
@example([["1,5"], ["1.234"], ["1.5"]], ";", csv.QUOTE_MINIMAL, 4, 3)
def test_a_decimal_comma_is_read_fast_as_it_is_read_carefully(
    rows: list[list[str]], delimiter: str, quoting: Any, head: int, layout_block: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\n")
    writer.writerows([[f"n{index}" for index in range(len(rows[0]))], *rows])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plain_csv, "_HEAD", head)
        patch.setattr(plain_csv, "_BLOCK", 64)
        patch.setattr(csv_layout, "_BLOCK", layout_block)
        fast = read_plain_csv(HeldContent(out.getvalue().encode()), header=True, delimiter=delimiter, decimal=",")
    if fast is not None:
        same(Table.of(fast, len(fast[0])), read_csv_text(out.getvalue(), delimiter=delimiter, decimal=","))


@pytest.mark.parametrize("sep", ["", "sep=;\n"])
@pytest.mark.parametrize("groups", [False, True])
def test_large_files_with_a_decimal_comma_are_read_fast(
    sep: str, groups: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [index * 1234.5 for index in range(30_000)]
    written = [
        f"{x:,.1f}".translate(str.maketrans(",.", ".,")) if groups else f"{x}".replace(".", ",") for x in numbers
    ]
    body = "".join(f"{x};{index};Ulm, Bad {index % 7};{x}\n" for index, x in enumerate(written))
    path = tmp_path / "a.csv"
    path.write_text(f"{sep}preis;n;ort;b\n{body}")
    monkeypatch.setattr(tables, "read_csv_text", lambda *_, **__: pytest.fail("read with care"))
    table = read_table(path, decimal=",")
    assert table.names == ["preis", "n", "ort", "b"]
    assert table.columns["preis"].as_numbers()[0].tolist() == numbers
    assert table.columns["preis"].as_texts()[2] == "2469.0"
    assert table.columns["ort"].as_texts()[8] == "Ulm, Bad 1"


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from('",\n\r a1'), max_size=30), st.integers(1, 9))
@example('1,"2"', 1)
@example('1,"a"x\n', 2)
@example('1,x"y"\n', 3)
@example('1, "x"\n', 4)
@example('1,"x\n2,3\n', 5)
def test_what_is_hardly_csv_is_read_carefully_or_alike(body: str, layout_block: int) -> None:
    text = "a,b\n" + body
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_layout, "_BLOCK", layout_block)
        fast = read_plain_csv(HeldContent(text.encode()), header=True, delimiter=",")
        in_blocks = Layout.of(HeldContent(text.encode()).opened(), ",")
    whole = Layout.of(HeldContent(text.encode()).opened(), ",")
    assert in_blocks.is_plain == whole.is_plain
    assert in_blocks == whole or not whole.is_plain
    if fast is not None:
        same(Table.of(fast, len(fast[0])), read_csv_text(text))


@pytest.mark.parametrize("cell", ['"2"', "\t2", "\xa02", "2\x1c", '"2\n"', '"2\n3"', "true", "2026-01-01", "10:00:00"])
def test_what_was_left_to_the_careful_reader_is_read_alike(cell: str) -> None:
    text = f"a,b\n1,{cell}\n"
    fast = read_plain_csv(HeldContent(text.encode()), header=True, delimiter=",")
    assert fast is not None
    same(Table.of(fast, 1), read_csv_text(text))


@pytest.mark.parametrize(
    "body",
    ["1,2\r3,4\n", "1,2,3\n", "1\n", "1,\x002\n", '1,"2"x\n', '1,2"\n', "", "\n"],
)
def test_what_is_not_plain_is_left_to_the_careful_reader(body: str) -> None:
    assert read_plain_csv(HeldContent(f"a,b\n{body}".encode()), header=True, delimiter=",") is None


@pytest.fixture
def large() -> str:
    out = io.StringIO()
    generator = np.random.default_rng(1)
    for index, value in enumerate(generator.normal(size=40_000).tolist()):
        out.write(f"{value!r};{index % 7};{'xyz'[index % 3]};{'' if index % 5 else value}\n")
    return out.getvalue()


def test_a_large_file_is_read_fast(large: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = '\ufeffa; b;"c;c";d\r\n' + large.replace("\n", "\r\n")
    (tmp_path / "large.csv").write_bytes(content.encode())
    assert len(content) > tables.LARGE_CSV
    careful = read_csv_text(content.removeprefix("\ufeff"))
    monkeypatch.setattr(tables, "read_csv_text", None)
    fast = read_table(tmp_path / "large.csv")
    assert fast.names == ["a", "b", "c;c", "d"]
    same(fast, careful)


def test_a_large_files_errors_name_the_line(large: str, tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    for content, says in (
        (f"a;b;c;d\n{large}1;2\n", "line 40002: 2 cells where the first line has 4"),
        (f"a;b;a;d\n{large}", "line 1: two columns are called 'a'"),
        (f";b;c;d\n{large}", "line 1: column 1 has no name: name it, or write the file without its index"),
    ):
        file.write_text(content)
        with pytest.raises(InputError, match=says):
            read_table(file)
    file.write_text(f"a;b;c;d\n{large}")
    with pytest.raises(InputError, match="line 1: one column called 'a;b;c;d': is the delimiter right"):
        read_table(file, delimiter=",")
    file.write_bytes(f"a;b;c;d\n{large}".encode() + b"1;2;\xff;4\n")
    with pytest.raises(InputError, match="line 40002: not UTF-8"):
        read_table(file)


@pytest.mark.parametrize("pack", [False, True])
def test_a_large_file_is_not_kept_and_read_again_for_what_its_numbers_were_written_as(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: bool
) -> None:
    content = ("x,t\n" + "".join(f"{number % 7}.0,a{number % 3}\n" for number in range(500))).encode()
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(content) if pack else content)
    monkeypatch.setattr(tables, "LARGE_CSV", 1)
    kept = read_table(path)
    monkeypatch.setattr(tables, "_NOT_HELD", 1)
    table = read_table(path)
    path.unlink()  # as the copy of an object of S3 is, once it was read
    assert table.columns["x"].as_texts().tolist() == kept.columns["x"].as_texts().tolist()
    assert table.columns["x"].types == kept.columns["x"].types
    assert compare(table, kept, kinds={"x": "categorical"}).features["x"].verdict == "no drift"


def test_a_file_that_changed_in_between_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "LARGE_CSV", 1)
    monkeypatch.setattr(tables, "_NOT_HELD", 1)
    path = tmp_path / "a.csv"
    path.write_text("x\n" + "1.0\n" * 500)
    table = read_table(path)
    assert not compare(table, table).drifted
    path.write_text("x\n" + "2.0\n" * 501)
    with pytest.raises(InputError, match=r"a\.csv: has changed since it was read: run this again"):
        table.columns["x"].as_texts()


def test_rows_in_the_middle_of_a_large_file_may_be_what_the_first_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_NOT_HELD", 1)
    monkeypatch.setattr(plain_csv, "_HEAD", 64)
    rows = [f"{index % 9},{index / 4},{index},{index}" for index in range(3000)]
    rows[2000:2002] = ["oops, 1 ,-0,0x1F", ",,,nan"]
    content = "\n".join(["a,b,c,d", *rows, ""])
    (tmp_path / "a.csv").write_text(content)
    same(read_table(tmp_path / "a.csv"), read_csv_text(content))


@pytest.mark.parametrize("rows", [3, 5000])
def test_a_cell_may_be_longer_than_what_is_read_at_once(
    rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_NOT_HELD", 1 << 19)
    monkeypatch.setattr(tables, "LARGE_CSV", 1 << 19)
    monkeypatch.setattr(plain_csv, "_BLOCK", 1 << 17)
    cells = [f"{index % 7},a{index % 3}" for index in range(rows)]
    cells.insert(2, f"1,{'long ' * (200_000 if rows > 3 else 30_000)}end")
    (tmp_path / "a.csv").write_text("\n".join(["n,t", *cells, ""]))
    table = read_table(tmp_path / "a.csv")
    assert isinstance(table.columns["n"], LazyColumn) is (rows > 3)
    assert table.rows == rows + 1
    assert str(table.columns["t"].as_texts()[2]).endswith("long end")
