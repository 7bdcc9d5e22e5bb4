"""A comparison of nothing finds no drift; it must not pass for one that found none."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.drift_tools_cli.commands import capture, fails, run

TRAIN = "age,city\n" + "".join(f"{20 + index % 40},{'AB'[index % 2]}\n" for index in range(200))


@pytest.fixture
def train(tmp_path: Path) -> Path:
    file = tmp_path / "train.csv"
    file.write_text(TRAIN)
    return file


def compared(train: Path, current: Path, *options: str) -> tuple[str, ...]:
    return ("compare", str(train), str(current), "--fail-on-drift", *options)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.csv", "", "{file}: empty: give a file with a header and at least one row"),
        ("header.csv", "age,city\n", "{file}: no row below the header: name data that have rows"),
        ("empty.jsonl", "", "{file}: holds no captured records: name other data"),
        (
            "plain.jsonl",
            '{"eventVersion": "0", "age": 1}\n' * 100,
            "{file}: not one of 100 captured records can be used (the first: {file}, line 1: ",
        ),
        (
            "others.csv",
            "Age,town\n1,A\n",
            "{file}: no column in common with {train} (Age, town here, age, city there): give both the same names",
        ),
        (
            "hive.csv",
            "age\x01city\n31\x01A\n",
            "{file}: no column in common with {train} (age␁city here, age, city there): {file} may have '\\x01' "
            "between its columns: write commas there",
        ),
        (
            "blanks.csv",
            "age city\n31 A\n",
            "{file}: no column in common with {train} (age city here, age, city there): {file} may have ' ' "
            "between its columns: write commas there",
        ),
    ],
)
def test_data_that_cannot_be_compared_do_not_pass_the_gate(
    train: Path, name: str, content: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = train.with_name(name)
    file.write_text(content)
    line = fails(capsys, *compared(train, file))
    assert line.startswith("drift_tools: " + says.format(file=file, train=train))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("header.csv", "age,city\n"),
        ("plain.jsonl", '{"eventVersion": "0"}\n'),
        ("bad.jsonl", "oops\n"),
        ("empty.jsonl", ""),
    ],
)
def test_neither_side_and_no_baseline_may_be_of_nothing(
    train: Path, name: str, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = train.with_name(name)
    file.write_text(content)
    assert str(file) in fails(capsys, *compared(file, train))
    assert str(file) in fails(capsys, "baseline", str(file), "--output", str(train.with_name("out")))
    assert not train.with_name("out").exists()


def test_a_parquet_file_without_columns_is_nothing(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = train.with_name("nothing.parquet")
    pq.write_table(pa.table({}), file)
    assert fails(capsys, *compared(train, file)) == f"drift_tools: {file}: no columns: name data that have rows"


def test_texts_are_not_taken_for_numbers_without_a_word(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, *compared(train, train, "--kind", "city=numerical"))
    assert line == (
        f"drift_tools: --kind city=numerical: no value of 'city' is a number in {train}: leave the option out, or "
        "convert the values"
    )
    assert run(*compared(train, train, "--kind", "age=numerical")) == 0


@pytest.mark.parametrize(
    ("cells", "foreign"),
    [
        (["1,5", "2,75", "-3,25", "4"], "3 of 4"),
        (["1.234,5", "2.000.000", "12", "7"], "2 of 4"),
        (["1,234", "2,000,000.5", "999", "1'000"], "3 of 4"),
        (["A", "1,5", "2,5", "3,5"], None),
        (["1_234", "2_000_000", "12"], "2 of 3"),
        (["007", "01.02.2026", "1,2,3", "1.2.3"], None),
        (["1", "2", "3", "4"], None),
    ],
)
def test_numbers_with_a_decimal_comma_are_told(
    train: Path, cells: list[str], foreign: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    file = train.with_name("comma.csv")
    file.write_text("age;city\n" + "".join(f"{cell};A\n" for cell in cells))
    assert run("compare", str(file), str(train)) == 0
    told = capsys.readouterr().err
    if foreign is None:
        assert told == ""
        return
    numbers = "numbers with a decimal comma or thousands separators are read as texts: write them as 1234.5"
    numbers += " (--decimal , reads 1.234,5)"
    assert told == f"drift_tools: {file}: age ({foreign} cells): {numbers}\n"
    assert run("compare", str(file), str(train), "--kind", "age=categorical") == 0
    assert capsys.readouterr().err == ""
    assert run("baseline", str(file), "--output", str(train.with_name("out"))) == 0
    assert capsys.readouterr().err == told


def test_of_a_large_file_some_cells_tell(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = train.with_name("large.csv")
    file.write_text("age;text\n" + "".join(f"{index},5;{'x' * 30}\n" for index in range(40_000)))
    assert run("compare", str(file), str(train)) == 0
    assert "age (1,000 of 1,000 cells)" in capsys.readouterr().err


# --- what a command reads it does not overwrite ---


def test_an_input_is_not_overwritten(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    current = train.with_name("drift.csv")
    current.write_text(TRAIN)
    folder = train.with_name("folder")
    folder.mkdir()
    (folder / "part.csv").write_text(TRAIN)
    link = train.with_name("link.csv")
    link.symlink_to(current)
    for options, given in (
        ((str(train), str(current), "--output", str(current)), current),
        ((str(train), str(current), "--output", str(train)), train),
        ((str(train), str(current), "--output", str(link)), current),
        ((str(train), str(folder), "--output", str(folder / "part.csv")), folder),
    ):
        says = f"drift_tools: --output {options[-1]}: would overwrite {given}, which is read: name another place"
        assert fails(capsys, "compare", *options) == says
    assert [file.read_text() for file in (train, current, folder / "part.csv")] == [TRAIN] * 3
    assert run("compare", str(train), str(folder), "--output", str(folder / "report.txt")) == 0


def test_a_baseline_is_not_overwritten_by_a_run(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline, captured = train.with_name("baseline"), train.with_name("captured.jsonl")
    captured.write_text(capture(TRAIN.splitlines()[1:]))
    assert run("baseline", str(train), "--output", str(baseline)) == 0
    before = (baseline / "statistics.json").read_bytes()
    capsys.readouterr()
    arguments = ("monitor", "--captured", str(captured), "--baseline", str(baseline), "--output")
    for output in (f"{baseline}/", f"{baseline}/../baseline"):
        assert "would overwrite" in fails(capsys, *arguments, output)
    s3 = ("monitor", "--captured", str(captured), "--baseline", "s3://b/x", "--output", "s3://b/x/")
    assert "would overwrite s3://b/x" in fails(capsys, *s3)
    assert (baseline / "statistics.json").read_bytes() == before
    assert run(*arguments, str(train.with_name("results"))) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", "a", "b", "--output", ""),
        ("baseline", "a", "--output", " "),
        ("monitor", "--captured", "a", "--baseline", "b", "--output", ""),
        ("cross-check", "--results", "a", "--captured", "b", "--baseline-data", "c", "--output", ""),
        ("ground-truth", "--labels", "a", "--output", ""),
        ("migrate", "--schedule", "a", "--output", ""),
    ],
)
def test_an_empty_output_is_refused(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert "argument --output: is empty; name where to write" in fails(capsys, *arguments)


def test_a_window_that_ends_before_it_starts_is_refused(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    window = ("--start", "2026-01-01T11:00Z", "--end", "2026-01-01T10:00Z")
    places: dict[str, tuple[Any, ...]] = {
        "monitor": ("--baseline", "b", "--output", "c"),
        "cross-check": ("--results", "b", "--baseline-data", "c"),
    }
    for command, others in places.items():
        assert fails(capsys, command, "--captured", "a", *others, *window) == (
            "drift_tools: --start 2026-01-01T11:00:00+00:00 --end 2026-01-01T10:00:00+00:00: no time is between them: "
            "swap them, or widen the window"
        )


def test_a_feature_is_known_in_small_and_capital_letters(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = fails(capsys, *compared(train, train, "--threshold", "AGE=0.25"))
    assert line == "drift_tools: --threshold AGE: the baseline has no such feature: did you mean 'age'?"


def test_a_cross_check_needs_a_column_in_common(train: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results, captured = train.with_name("results"), train.with_name("captured.jsonl")
    results.mkdir()
    (results / "statistics.json").write_text(json.dumps({}))
    captured.write_text(capture(["1,2,3"] * 10))
    check = ("cross-check", "--results", str(results), "--captured", str(captured), "--baseline-data", str(train))
    assert f"no column in common with {train} (_c0, _c1, _c2 here, age, city there)" in fails(capsys, *check)


def test_an_error_line_works_nothing_on_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "base.csv").write_text("a,\x1b[31mred\x1b]0;pwn\x07\n1,2\n")
    (tmp_path / "current.csv").write_text("a,b\n1,2\n")
    failed = subprocess.run(
        [sys.executable, "-m", "drift_tools", "compare", "base.csv", "current.csv", "--kind", "x\x1b[2J=numerical"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert failed.returncode == 2
    assert "␛" in failed.stderr
    assert "\x1b" not in failed.stderr
    assert "\x07" not in failed.stderr


@pytest.mark.parametrize(("written", "option"), [("\x01", "\\x01"), (" ", " "), ("^", "^"), ("\t", "\\t"), ("|", "|")])
def test_a_delimiter_that_is_not_found_out_can_be_given(
    train: Path, written: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    train.write_text(TRAIN.replace(",", written))
    assert run("compare", str(train), str(train), "--delimiter", option, "--format", "json") == 0
    assert list(json.loads(capsys.readouterr().out)["features"]) == ["age", "city"]
