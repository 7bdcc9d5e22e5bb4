"""What `compare` prints, writes and refuses, and what a process of it loads."""

import gzip
import io
import json
import subprocess
import sys
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.drift_tools_cli.commands import capture, fails, process, run
from tests.drift_tools_cli.conftest import ROWS


def test_compare_prints_a_table_without_colours_or_cuts_into_a_pipe(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compare", str(data / "baseline.csv"), str(data / "drifted.csv")) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert err == ""
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines if line.startswith(("a ", "b "))] == [["a", "drifted"], ["b", "no"]]
    assert lines[0].split()[-1] == "L∞"
    assert lines[-2].startswith("a: median ")
    assert lines[-1] == "1 of 2 features drifted: a (1,000 rows against 1,000 rows of the baseline)."


def test_compare_prints_the_designs_json(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        run("compare", str(data / "baseline.csv"), str(data / "drifted.csv"), "--format", "json", "--alpha", "0.01")
        == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert {
        key: document[key] for key in ("baseline_rows", "current_rows", "alpha", "drifted", "drifted_features")
    } == {
        "baseline_rows": ROWS,
        "current_rows": ROWS,
        "alpha": 0.01,
        "drifted": True,
        "drifted_features": ["a"],
    }
    assert list(document["features"]) == ["a", "b"]
    numerical = {
        "kind",
        "psi",
        "ks",
        "jensen_shannon",
        "wasserstein",
        "l_infinity",
        "p_value_adjusted",
        "drifted",
        "reason",
    }
    assert numerical <= set(document["features"]["a"])
    assert set(document["features"]["b"]["chi_squared"]) >= {"statistic", "p_value"}


@pytest.mark.parametrize(("current", "status"), [("same", 0), ("drifted", 1)])
def test_fail_on_drift_is_the_exit_status(
    data: Path, current: str, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("compare", str(data / "baseline.csv"), str(data / f"{current}.csv"), "--fail-on-drift") == status
    assert ("drifted: a" in capsys.readouterr().out) is (status == 1)


@pytest.mark.parametrize(("kind", "begins"), [("html", "<!DOCTYPE html>"), ("json", "{"), ("table", "")])
def test_compare_writes_a_file(data: Path, kind: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    target = data / "new" / "report"
    assert (
        run("compare", str(data / "baseline.csv"), str(data / "drifted.csv"), "--format", kind, "--output", str(target))
        == 0
    )
    assert capsys.readouterr().out == ""
    assert target.read_text(encoding="utf-8").startswith(begins)
    assert "\x1b" not in target.read_text(encoding="utf-8")


def test_compare_reads_parquet_folders_s3_and_captured_data(
    data: Path, bucket: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = (data / "baseline.csv").read_text().splitlines()[1:]
    folder = data / "folder"
    folder.mkdir()
    (folder / "1.csv").write_text("a,b\n" + "\n".join(rows[:500]))
    (folder / "2.csv").write_text("a,b\n" + "\n".join(rows[500:]))
    (data / "captured.jsonl").write_text(capture(rows))
    cells = [row.split(",") for row in rows]
    pq.write_table(pa.table({"a": [float(a) for a, _ in cells], "b": [b for _, b in cells]}), data / "table.parquet")
    boto3.client("s3").upload_file(str(data / "baseline.csv"), bucket, "x/baseline.csv")
    for path in (
        str(folder),
        str(data / "captured.jsonl"),
        str(data / "table.parquet"),
        f"s3://{bucket}/x/baseline.csv",
        f"s3://{bucket}/x",
    ):
        assert run("compare", str(data / "baseline.csv"), path, "--format", "json") == 0
        document = json.loads(capsys.readouterr().out)
        assert (document["current_rows"], document["drifted_features"]) == (ROWS, [])
        assert {name: feature["psi"] for name, feature in document["features"].items()} == {"a": 0.0, "b": 0.0}


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "parquet", "jsonl", "captured.jsonl"])
def test_empty_files_of_a_folder_are_left_out_with_a_word(
    data: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Spark and Athena write one for each task without rows."""
    folder, rows = data / "parts", (data / "baseline.csv").read_text().splitlines()[1:]
    folder.mkdir()
    cells = [row.split(",") for row in rows]
    contents = {
        "csv": lambda path: path.write_text((data / "baseline.csv").read_text()),
        "csv.gz": lambda path: path.write_bytes(gzip.compress((data / "baseline.csv").read_bytes())),
        "parquet": lambda path: pq.write_table(
            pa.table({"a": [float(a) for a, _ in cells], "b": [b for _, b in cells]}), path
        ),
        "jsonl": lambda path: path.write_text("".join(json.dumps({"a": float(a), "b": b}) + "\n" for a, b in cells)),
        "captured.jsonl": lambda path: path.write_text(capture(rows)),
    }
    contents[ending](folder / f"part-1.{ending}")
    for number, content in enumerate([b"", b"\n", b"\r\n" if "jsonl" in ending else b"\xef\xbb\xbf"]):
        (folder / f"part-0{number}.{ending}").write_bytes(gzip.compress(content) if ending == "csv.gz" else content)
    (folder / "part-2.csv").write_bytes(b"")
    assert run("compare", str(data / "baseline.csv"), str(folder), "--format", "json") == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (document["current_rows"], document["drifted_features"]) == (ROWS, [])
    assert err == f"drift_tools: {folder}: 4 empty files left out\n"


def test_a_folder_of_nothing_but_empty_files_is_an_error(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = data / "parts"
    folder.mkdir()
    for name in ("0.csv", "1.csv"):
        (folder / name).write_bytes(b"")
    assert fails(capsys, "compare", str(data / "baseline.csv"), str(folder)).endswith(
        "0.csv: empty: give a file with a header and at least one row"
    )
    assert fails(capsys, "baseline", str(folder / "0.csv"), "--output", str(data / "out")).endswith(
        "0.csv: empty: give a file with a header and at least one row"
    )


def test_records_that_are_left_out_are_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (data / "baseline.csv").read_text().splitlines()[1:]
    (data / "captured.jsonl").write_text(capture(rows) + "{broken\n")
    assert run("compare", str(data / "baseline.csv"), str(data / "captured.jsonl")) == 0
    assert f"1 of {ROWS + 1:,} records left out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a,b\n1,x\n2\n", "line 3: 1 cells"),
        ("", "empty"),
        ("a,a\n1,2\n", "two columns are called 'a'"),
        ("a,b\n1,\xff\n", "line 2: not UTF-8"),
    ],
)
def test_unusable_tables_are_named_with_the_line(
    data: Path, content: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = data / "broken.csv"
    file.write_bytes(content.encode("latin-1"))
    line = fails(capsys, "compare", str(data / "baseline.csv"), str(file))
    assert line.startswith(f"drift_tools: {file}")
    assert says in line


def test_a_broken_object_is_named_by_its_uri(data: Path, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="x/broken.csv", Body=b"a,b\n1\n")
    for uri in (f"s3://{bucket}/x/broken.csv", f"s3://{bucket}/x"):
        assert f"s3://{bucket}/x/broken.csv, line 2" in fails(capsys, "compare", str(data / "baseline.csv"), uri)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("compare", "{data}/none.csv", "{data}/same.csv"), "none.csv: no such file or folder; check the path"),
        (("compare", "{data}/baseline.csv", "{data}/empty"), "empty: no CSV, Parquet or captured data"),
        (("compare", "{data}/baseline.csv", "{data}/mixed"), "b.jsonl: captured data among tables"),
        (("compare", "{data}/baseline.csv", "{data}/same.csv", "--output", "{data}"), "cannot be written"),
        (
            ("compare", "{data}/baseline.csv", "{data}/same.csv", "--alpha", "1.5"),
            "argument --alpha: '1.5' is not between 0 and 1",
        ),
        (
            ("compare", "{data}/baseline.csv"),
            "the following arguments are required: CURRENT; see python -m drift_tools compare --help",
        ),
        (
            ("monitor", "--captured", "x", "--baseline", "y", "--output", "z", "--start", "soon"),
            "'soon' is no time; write 2026-01-31T12:00Z",
        ),
        (("traffic", "replay", "--endpoint", "e"), "traffic replay: needs the rows to send: add --data FILE"),
        (("traffic", "baseline", "--endpoint", "e", "--data", "x"), "belong to replay: leave them out"),
        (("traffic", "baseline", "--endpoint", "e", "--rate", "0"), "argument --rate: '0' is not above 0"),
        (("traffic", "baseline", "--endpoint", "e", "--requests", "-1"), "argument --requests"),
        (("validate", "--outputs", "{data}/none.json"), "none.json: cannot be read"),
        (
            ("cross-check", "--results", "{data}/empty", "--captured", "x", "--baseline-data", "y"),
            "no results of the monitor",
        ),
        ((), "the following arguments are required: COMMAND"),
        (("guess",), "invalid choice: 'guess'"),
    ],
)
def test_unusable_arguments_are_one_line(
    data: Path, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "empty").mkdir()
    (data / "mixed").mkdir()
    (data / "mixed" / "a.csv").write_text("a\n1\n")
    (data / "mixed" / "b.jsonl").write_text(capture(["1"]))
    assert says in fails(capsys, *(argument.format(data=data) for argument in arguments))


@pytest.mark.parametrize(("width", "last_measure"), [(30, "PSI"), (50, "adj. p"), (60, "W"), (80, "L∞")])
def test_a_table_on_a_terminal_is_coloured_and_fits(
    data: Path, monkeypatch: pytest.MonkeyPatch, width: int, last_measure: str
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    assert run("compare", str(data / "baseline.csv"), str(data / "drifted.csv")) == 0
    shown = terminal.getvalue()
    assert "\x1b[1;31mdrifted" in shown
    plain = "".join(part.partition("m")[2] if number else part for number, part in enumerate(shown.split("\x1b[")))
    assert max(len(line.rstrip()) for line in plain.splitlines()) <= width
    assert plain.splitlines()[0].rstrip().endswith(last_measure)


def test_help_names_every_command() -> None:
    done = process("--help")
    assert done.returncode == 0
    for command in ("compare", "baseline", "monitor", "traffic", "ground-truth", "cross-check", "validate"):
        assert f"\n    {command} " in done.stdout


def test_local_work_imports_no_aws_and_no_plots(data: Path) -> None:
    code = (
        "import sys; from drift_tools.__main__ import main;"
        f"status = main(['compare', {str(data / 'baseline.csv')!r}, {str(data / 'same.csv')!r}, '--format', 'json']);"
        "sys.exit(f'{status} ' + ' '.join(sorted({'boto3', 'botocore', 'matplotlib', 'jinja2'} & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.split() == ["0"]
