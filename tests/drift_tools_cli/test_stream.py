"""The command that replays captures: into a stream, or watched here."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.__main__ import main
from drift_tools.errors import InputError
from drift_tools.profiles import Profile
from drift_tools.stream import replay
from drift_tools.tables import as_table
from tests.drift_tools.records import record, write

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def captured(tmp_path: Path) -> Path:
    """Twenty minutes at ten records a second; from the fifteenth on one feature is shifted."""
    rng = np.random.default_rng(0)
    for minute in range(20):
        lines = []
        for tenth in range(600):
            at = START + timedelta(minutes=minute, seconds=tenth / 10)
            x = rng.normal(1.5 if minute >= 15 else 0.0)
            lines.append(record(f"{x}", f"{rng.normal()}", time=f"{at:%Y-%m-%dT%H:%M:%SZ}"))
        write(tmp_path / f"captured/2026/01/01/00/{minute:02d}.jsonl", [*lines, "{broken"])
    columns = {"y": rng.normal(size=4000), "x": rng.normal(size=4000)}
    document = Profile.of(as_table(columns)).statistics().to_dict()
    (tmp_path / "statistics.json").write_text(json.dumps(document))
    return tmp_path / "captured"


def test_it_says_what_changed_since_when(captured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["stream", str(captured), "--baseline", str(captured.parent / "statistics.json")]
    assert main([*command, "--format", "json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    assert (found["records"], found["windows"]) == (12_020, 240)
    assert found["unreadable"] == {"not in the capture format": 20}
    assert "20 of 12,020 records cannot be read" in shown.err
    (change,) = found["changes"]
    assert (change["feature"], change["what"], change["is_over"]) == ("x", "values are higher", False)
    assert change["since"] == "2026-01-01T00:15:00Z"
    assert change["at"] <= "2026-01-01T00:15:30Z"
    assert main(command) == 0
    assert capsys.readouterr().out.endswith("12,020 records in 240 windows, 1 change\n")
    assert main([*command, "--start", "2026-01-01T00:00Z", "--end", "2026-01-01T00:10Z"]) == 0
    assert "records in 120 windows, 0 changes" in capsys.readouterr().out


class Kinesis:
    """Refuses every third record of the first call of each batch."""

    def __init__(self, *, always: bool = False) -> None:
        self.always, self.taken, self.calls = always, [], 0  # type: ignore[var-annotated]

    def put_records(self, *, StreamName: str, Records: list[Any]) -> Any:  # noqa: N803 - boto3's names
        assert StreamName == "requests"
        assert len(Records) <= 500
        assert sum(len(one["Data"]) + len(one["PartitionKey"]) for one in Records) <= 5 << 20
        self.calls += 1
        results = []
        for at, one in enumerate(Records):
            if self.always or (self.calls % 2 and at % 3 == 0):
                results.append({"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "slow"})
            else:
                self.taken.append(one)
                results.append({"SequenceNumber": "1", "ShardId": "s"})
        return {"Records": results}


def test_every_record_reaches_the_stream_once(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_PAUSE", 0.0)
    kinesis = Kinesis()
    done = replay.put(kinesis, "requests", replay.captured_lines(captured))
    lines = [line for file in sorted(captured.rglob("*.jsonl")) for line in file.read_bytes().splitlines()]
    assert done == replay.Put(sent=len(lines), too_large=0)
    assert sorted(one["Data"] for one in kinesis.taken) == sorted(lines)


def test_a_stream_that_refuses_for_good_is_said(captured: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "_PAUSE", 0.0)
    with pytest.raises(InputError, match=r"refused 500 records 8 times \(ProvisionedThroughput"):
        replay.put(Kinesis(always=True), "requests", replay.captured_lines(captured))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "give --stream NAME, to put the records there, or --baseline FILE"),
        (["--stream", "a", "--baseline", "b"], "give --stream NAME"),
        (["--stream", "a", "--format", "json"], "prints one line"),
    ],
)
def test_what_is_refused(captured: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str) -> None:
    assert main(["stream", str(captured), *options]) == 2
    assert message in capsys.readouterr().err
