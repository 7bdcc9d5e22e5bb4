"""Tables as people's programs write them, on the command line."""

import gzip
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from drift_tools.__main__ import main
from drift_tools.cli.inputs import read_data
from drift_tools.errors import InputError
from drift_tools.tables import read_csv_text

RNG = np.random.default_rng(2)
A = pd.DataFrame({"x": np.arange(100.0), "c": ["a", "b"] * 50})


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(list(arguments))
        return (status, *capsys.readouterr())

    return run


def table_of(folder: Path) -> Any:
    return read_data(str(folder)).table


def test_columns_of_a_folders_files_are_matched_by_name(tmp_path: Path) -> None:
    A.to_parquet(tmp_path / "1.parquet", index=False)
    A[["c", "x"]].to_parquet(tmp_path / "2.parquet", index=False)
    A.assign(new=1).to_csv(tmp_path / "3.csv", index=False)
    table = table_of(tmp_path)
    assert (table.names, table.rows) == (["x", "c", "new"], 300)
    assert table.columns["new"].types.missing == 200
    np.testing.assert_array_equal(table.columns["x"].as_numbers()[0], np.tile(np.arange(100.0), 3))
    pd.DataFrame({"z": [1]}).to_parquet(tmp_path / "4.parquet", index=False)
    with pytest.raises(InputError, match=r"4.parquet: its columns are not those of .* \('z' and 'x' come first\)"):
        read_data(str(tmp_path))


def test_partitions_of_hive_are_labels_of_rows(tmp_path: Path) -> None:
    for hour in ("07", "__HIVE_DEFAULT_PARTITION__"):
        folder = tmp_path / "dt=2026-03-01" / f"hour={hour}"
        folder.mkdir(parents=True)
        A.to_parquet(folder / "part.parquet", index=False)
    table = table_of(tmp_path)
    assert table.names == ["x", "c", "dt", "hour"]
    assert table.index == {"dt", "hour"}
    assert set(table.columns["dt"].as_texts()) == {"2026-03-01"}
    assert table.columns["hour"].as_texts().tolist() == ["07"] * 100 + [None] * 100


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("price, EUR;qty\n50,12;45\n49,80;51\n", ["price, EUR", "qty"]),
        ('"a\nb";c\n1;2\n', ["a\nb", "c"]),
        ("sep=;\na,b;c\n1;2\n", ["a,b", "c"]),
        ("sep=|\r\na|b\r\n1|2\r\n", ["a", "b"]),
        ("name,comment\nx,hello; world\ny,a;b;c\n", ["name", "comment"]),
        ("a\tb, c\n1\t2\n", ["a", "b, c"]),
        ("a;b\n", ["a", "b"]),
        ("a\n1\n", ["a"]),
    ],
)
def test_header_and_rows_tell_the_delimiter(text: str, names: list[str]) -> None:
    assert read_csv_text(text).names == names


def test_a_large_file_has_excels_line_too(tmp_path: Path) -> None:
    body = "".join(f"{index};{index % 7}\n" for index in range(200_000))
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfsep=;\r\na, b;c\r\n" + body.encode())
    table = table_of(tmp_path)
    assert (table.names, table.rows) == (["a, b", "c"], 200_000)
    (tmp_path / "x.csv").write_text("sep=;\na;b\n1;2;3\n")
    with pytest.raises(InputError, match="line 3: 3 cells"):
        table_of(tmp_path)


def test_a_decimal_comma_is_read_where_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a;b\n1.234,5;x,y\n-2;3,25\n;1,5e3\n")
    table = read_data(str(tmp_path), decimal=",").table
    np.testing.assert_array_equal(table.columns["a"].as_numbers()[0], [1234.5, -2, np.nan])
    assert table.columns["b"].as_texts().tolist() == ["x,y", "3.25", "1.5e3"]


@pytest.fixture
def sides(tmp_path: Path) -> Any:
    def write(cells: list[Any], later: list[Any]) -> list[str]:
        for name, column in (("a", cells), ("b", later)):
            pd.DataFrame({"x": column, "y": RNG.normal(size=len(column))}).to_csv(tmp_path / f"{name}.csv", index=False)
        return [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]

    return write


@pytest.mark.parametrize(
    ("write", "says"),
    [
        (lambda value: f"{value:.1f}%", "numbers with signs around them (%, $, brackets, another minus)"),
        (lambda value: f"${value:.2f}", "numbers with signs around them"),
        (lambda value: f"\u2212{value:.2f}", "numbers with signs around them"),
        (lambda value: f"({value:.2f})", "numbers with signs around them"),
        (lambda value: f"{value:.2f} EUR", "numbers with signs around them"),
        (lambda value: f"{value:.2f}".replace(".", ","), "write them as 1234.5 (--decimal , reads 1.234,5)"),
    ],
)
def test_numbers_that_only_people_read_are_told(cli: Any, sides: Any, write: Any, says: str) -> None:
    cells = [write(value) for value in RNG.uniform(10, 90, 500)]
    _, _, err = cli("compare", *sides(cells, cells))
    assert f"x (500 of 500 cells): {says}" in " ".join(err.split()) or says in " ".join(err.split())


def test_other_cells_among_numbers_are_told(cli: Any, sides: Any) -> None:
    cells = ["#REF!" if index % 10 == 0 else f"{value:.3f}" for index, value in enumerate(RNG.normal(50, 10, 500))]
    status, _, err = cli("compare", *sides(cells, cells))
    assert status == 0
    assert (
        "x: 90 % of the cells are numbers, others are not ('#REF!'): compared as categories; --kind x=numerical" in err
    )
    assert cli("compare", *sides(cells, cells), "--kind", "x=numerical")[2] == ""


def test_columns_are_chosen_and_left_out(cli: Any, sides: Any) -> None:
    files = sides(list(range(500)), list(range(1000, 1500)))
    status, out, _ = cli("compare", *files, "--fail-on-drift")
    assert status == 0
    assert "Left out: x (a number of its own in every row, as rows are numbered)." in " ".join(out.split())
    assert cli("compare", *files, "--fail-on-drift", "--columns", "x")[0] == 1
    assert cli("compare", *files, "--fail-on-drift", "--columns", "x", "--columns", "y", "--exclude", "x")[0] == 0
    status, _, err = cli("compare", *files, "--exclude", "X")
    assert (status, "--exclude X: neither side has such a column: did you mean 'x'?" in err) == (2, True)


class _Input:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_dash_is_standard_input(cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    file = tmp_path / f"a.{ending}"
    getattr(A, f"to_{ending}")(file, index=False)
    monkeypatch.setattr("sys.stdin", _Input(file.read_bytes()))
    status, out, _ = cli("compare", str(file), "-")
    assert (status, "100 rows against 100 rows" in out) == (0, True)
    status, _, err = cli("compare", "-", "-")
    assert (status, "both sides cannot be standard input" in err) == (2, True)


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_json_lines_with_an_object_a_row_are_a_table(
    cli: Any, tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = A.assign(y=np.where(np.arange(100) % 7, RNG.normal(size=100).round(6), np.nan))
    people.to_csv(tmp_path / "a.csv", index=False)
    file = tmp_path / "rows" / f"a.{ending}"
    file.parent.mkdir()
    people.to_json(file, orient="records", lines=True, double_precision=15)
    monkeypatch.setattr(
        "sys.stdin", _Input(gzip.decompress(file.read_bytes()) if ".gz" in ending else file.read_bytes())
    )
    expected = cli("compare", str(tmp_path / "a.csv"), str(tmp_path / "a.csv"))
    for path in (file, file.parent, "-"):
        assert cli("compare", str(tmp_path / "a.csv"), str(path)) == expected


def test_rows_and_captured_records_are_told_apart_by_what_they_have(cli: Any, tmp_path: Path) -> None:
    record = (
        '{"captureData": {"endpointInput": {"data": "1,2", "encoding": "CSV"}}, "eventMetadata": {"eventId": "1"}}\n'
    )
    (tmp_path / "rows.jsonl").write_text('\n{"a": 1}\n{"a": [}\n')
    status, _, err = cli("compare", str(tmp_path / "rows.jsonl"), str(tmp_path / "rows.jsonl"))
    assert (status, f"{tmp_path}/rows.jsonl: not JSON Lines" in err) == (2, True)
    (tmp_path / "records.jsonl").write_text(record)
    assert read_data(str(tmp_path / "records.jsonl")).table.names == ["_c0", "_c1"]
    with pytest.raises(InputError, match=r"records\.jsonl: captured data among tables"):
        read_data(str(tmp_path))
    (tmp_path / "label.jsonl").write_text('{"groundTruthData": {"data": "1"}, "eventMetadata": {"eventId": "1"}}\n')
    assert read_data(str(tmp_path / "label.jsonl")).captures is not None


def test_the_baseline_of_a_pandas_file_has_no_index(cli: Any, tmp_path: Path) -> None:
    A.sample(50, random_state=1).to_parquet(tmp_path / "a.parquet")
    assert cli("baseline", str(tmp_path / "a.parquet"), "--output", str(tmp_path / "out"))[0] == 0
    assert "__index_level_0__" not in (tmp_path / "out" / "constraints.json").read_text()
    A.set_index("c").to_parquet(tmp_path / "b.parquet")
    _, _, err = cli("baseline", str(tmp_path / "b.parquet"), "--output", str(tmp_path / "out"))
    assert "c: left out, since it labels the rows" in err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "standard input: empty: give a file with a header"),
        (b"PK\x03\x04zip", "standard input: is no CSV but a zip archive"),
        (b"a,b\n1\n", "standard input, line 2: 1 cells where the first line has 2"),
        (b"PAR1 and no more", "standard input: not a Parquet file"),
    ],
)
def test_what_is_wrong_with_standard_input_is_said_of_it(
    tmp_path: Path, content: bytes, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("a,b\n1,2\n")
    monkeypatch.setattr("sys.stdin", _Input(content))
    assert main(["compare", str(file), "-"]) == 2
    assert capsys.readouterr().err.startswith(f"drift_tools: {says}")
