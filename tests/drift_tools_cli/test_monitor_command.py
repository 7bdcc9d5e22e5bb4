"""`baseline`, `monitor` and `cross-check` held against each other, with results in a folder or in S3."""

import json
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest

from drift_tools.aws import s3_paths
from tests.drift_tools_cli.commands import capture, fails, run


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
