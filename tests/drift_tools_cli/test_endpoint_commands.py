"""Commands that talk to an endpoint or to its account: traffic, ground-truth and validate."""

import json
from pathlib import Path
from typing import Any

import pytest

from drift_tools.endpoint import Check
from tests.drift_tools_cli.commands import run
from tests.drift_tools_cli.conftest import Endpoint

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
