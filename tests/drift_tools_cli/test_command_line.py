import io
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.__main__ import main
from drift_tools.aws import s3_paths
from drift_tools.endpoint import Check

from .conftest import Endpoint

ROWS = 1000


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """baseline.csv, same.csv (the same distributions), drifted.csv (`a` moved by three standard deviations)."""
    generator = np.random.default_rng(5)
    for name, shift in (("baseline", 0.0), ("same", 0.0), ("drifted", 3.0)):
        a, b = generator.normal(shift, 1, ROWS), generator.choice(["x", "y"], ROWS)
        lines = [f"{number!r},{letter}" for number, letter in zip(a.tolist(), b.tolist(), strict=True)]
        (tmp_path / f"{name}.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    return tmp_path


def capture(rows: list[str], hour: datetime = datetime(2026, 1, 1, 10, tzinfo=UTC)) -> str:
    records = [
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": f"{number}", "inferenceTime": f"{hour:%Y-%m-%dT%H:%M:%SZ}"},
            "eventVersion": "0",
        }
        for number, row in enumerate(rows)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)


def run(*arguments: str) -> int:
    """Run the command; argparse's own exits are its status too."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of an unusable call."""
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.rstrip("\n")


# --- compare ---


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


# --- baseline, monitor, cross-check: one story ---


def test_the_monitor_and_the_local_measures_are_held_against_each_other(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    captured = data / "captured"
    captured.mkdir()
    for name, hour in (("same", 10), ("drifted", 11)):
        rows = (data / f"{name}.csv").read_text().splitlines()[1:]
        (captured / f"{hour}.jsonl").write_text(capture(rows, datetime(2026, 1, 1, hour, tzinfo=UTC)))
    assert run("baseline", str(data / "baseline.csv"), "--output", str(data / "out")) == 0
    assert "2 features, 1,000 rows" in capsys.readouterr().out
    assert sorted(file.name for file in (data / "out").iterdir()) == ["constraints.json", "statistics.json"]

    monitor = ("monitor", "--captured", str(captured), "--baseline", str(data / "out"), "--output")
    assert run(*monitor, str(data / "quiet"), "--start", "2026-01-01T10:00", "--end", "2026-01-01T11:00Z") == 0
    assert capsys.readouterr().out == "1,000 rows. Completed: Job completed successfully with no violations.\n"
    assert run(*monitor, str(data / "loud"), "--start", "2026-01-01T11:00Z") == 0
    out = capsys.readouterr().out
    assert "baseline_drift_check" in out
    assert "CompletedWithViolations" in out

    again = ("--start", "2026-01-01T10:00", "--end", "2026-01-01T11:00Z")
    assert (data / "loud" / "constraint_violations.json").exists()
    assert run(*monitor, str(data / "twice"), "--start", "2026-01-01T11:00Z") == 0
    assert run(*monitor, str(data / "twice"), *again) == 0
    assert sorted(file.name for file in (data / "twice").iterdir()) == ["constraints.json", "statistics.json"]
    capsys.readouterr()

    check = (
        "cross-check",
        "--captured",
        str(captured),
        "--baseline-data",
        str(data / "baseline.csv"),
        "--format",
        "json",
    )
    assert run(*check, "--results", str(data / "loud"), "--start", "2026-01-01T11:00Z") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["agreed"], document["monitor_only"], document["local_only"]) == (["a"], [], [])
    assert run(*check, "--results", str(data / "quiet"), "--end", "2026-01-01T11:00Z") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["agreed"], document["monitor_only"], document["local_only"]) == ([], [], [])
    assert run(*check[:-2], "--results", str(data / "loud"), "--start", "2026-01-01T11:00Z") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[1].split()[:3] == ["a", "both", "baseline_drift_check"]
    assert out.splitlines()[-1] == "The monitor and the local measures agree: both call a."


def test_too_many_unreadable_records_are_an_error_of_the_run(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = (data / "baseline.csv").read_text().splitlines()[1:101]
    (data / "captured.jsonl").write_text(capture(rows) + "{broken\n" * 25)
    assert run("baseline", str(data / "baseline.csv"), "--output", str(data / "out")) == 0
    monitor = ("monitor", "--captured", str(data / "captured.jsonl"), "--baseline", str(data / "out"))
    capsys.readouterr()
    assert "25 of 125 captured records cannot be used" in fails(capsys, *monitor, "--output", str(data / "results"))
    assert not (data / "results").exists()
    assert run(*monitor, "--output", str(data / "results"), "--max-unreadable-share", "0.2") == 0
    assert "100 rows. Completed" in capsys.readouterr().out
    assert "'2' is not between 0 and 1" in fails(capsys, *monitor, "--output", "x", "--max-unreadable-share", "2")


def test_results_go_to_s3(data: Path, bucket: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("baseline", str(data / "baseline.csv"), "--output", f"s3://{bucket}/baseline") == 0
    assert s3_paths.list_keys(s3_paths.S3Uri(bucket, "")) == ["baseline/constraints.json", "baseline/statistics.json"]
    boto3.client("s3").put_object(Bucket=bucket, Key="captured/a.jsonl", Body=capture(["1,x", "2,y"]).encode())
    arguments = (
        "--captured",
        f"s3://{bucket}/captured",
        "--baseline",
        f"s3://{bucket}/baseline",
        "--output",
        f"s3://{bucket}/out",
    )
    assert run("monitor", *arguments) == 0
    assert f"out/{'statistics.json'}" in s3_paths.list_keys(s3_paths.S3Uri(bucket, "out"))
    capsys.readouterr()
    assert "no captured record in the window" in fails(capsys, "monitor", *arguments, "--start", "2030-01-01")


# --- traffic ---


@pytest.mark.parametrize(("kind", "low", "high"), [("baseline", 0, 1), ("anomalous", 10, 20)])
def test_traffic_is_sent(
    endpoint: Endpoint, kind: str, low: float, high: float, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = (
        "traffic",
        kind,
        "--endpoint",
        "e",
        "--requests",
        "20",
        "--seed",
        "3",
        "--features",
        "2",
        "--threads",
        "2",
    )
    assert run(*arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith("20 requests answered, 0 failed, ")
    assert err == ""
    values = [float(value) for payload in endpoint.payloads for value in payload.split(",")]
    assert len(values) == 40
    assert low <= min(values) <= max(values) < high


def test_a_file_is_replayed_with_its_ids(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("key,a,b\nk1,1,x\nk2,2,y\nk3,3,z\n")
    arguments = ("traffic", "replay", "--endpoint", "e", "--data", str(file), "--requests", "2", "--threads", "1")
    assert run(*arguments, "--id-column", "key", "--columns", "b,a") == 0
    assert [(request["inference_id"], request["payload"]) for request in endpoint.requests] == [
        ("k1", "x,1"),
        ("k2", "y,2"),
    ]
    assert capsys.readouterr().out.startswith("2 requests answered, 0 failed")


def test_failed_requests_are_told_by_reason(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n2\n3\n")
    endpoint.respond = lambda payload, _: (424, "ModelError", "bad row") if payload != "1" else (200, "", payload)
    arguments = ("traffic", "replay", "--endpoint", "e", "--data", str(file))
    assert run(*arguments) == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 requests answered, 2 failed")
    assert err.startswith("drift_tools: 2 failed: ModelError")
    endpoint.respond = lambda *_: (424, "ModelError", "bad row")
    assert run(*arguments) == 2
    assert "not one of 3 requests was answered" in capsys.readouterr().err


# --- ground truth, validate ---


def test_labels_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("id,label\na,1\nb,\n")
    assert (
        run("ground-truth", "--labels", str(file), "--output", str(tmp_path / "out"), "--time", "2026-02-03T04:05Z")
        == 0
    )
    (written,) = (tmp_path / "out" / "2026" / "02" / "03" / "04").iterdir()
    assert capsys.readouterr().out == f"{written}: 1 labels; 1 rows have no label yet\n"


@pytest.mark.parametrize(("ok", "status"), [(True, 0), (False, 1)])
def test_validation_is_a_table_and_an_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ok: bool, status: int
) -> None:
    asked: list[Any] = []

    def validate_stack(outputs: dict[str, str], *, publish: bool, on_check: Any) -> list[Check]:
        asked.append((outputs["endpoint_name"], publish))
        return [Check("Endpoint", ok=True, detail="[InService]"), Check("Responder", ok=ok, detail="said")]

    monkeypatch.setattr("drift_tools.cli.commands.validate.validate_stack", validate_stack)
    names = (
        "bucket_name",
        "endpoint_name",
        "data_quality_schedule_name",
        "notification_topic_arn",
        "responder_function_name",
    )
    alarms = ("constraint_violations_alarm_name", "job_failures_alarm_name")
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(dict.fromkeys((*names, *alarms), "x")))
    assert run("validate", "--outputs", str(file), "--no-publish") == status
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["Endpoint", "ok", "[InService]"],
        ["Responder", "ok" if ok else "FAILED", "said"],
    ]
    assert run("validate", "--outputs", str(file), "--format", "json") == status
    assert json.loads(capsys.readouterr().out)[1] == {"name": "Responder", "ok": ok, "detail": "said"}
    assert asked == [("x", False), ("x", True)]


# --- the process ---


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "drift_tools", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


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
