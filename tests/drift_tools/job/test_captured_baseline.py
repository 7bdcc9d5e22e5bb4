"""A baseline of production's own captures: cut into windows by the records' times, without those that were bad."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contract.bad_windows import BadWindows
from contract.captured_span import CAPTURES, CapturedSpan
from contract.new_normal import NewNormal
from drift_tools.profiles import Profile
from drift_tools.tables import read_table
from drift_tools.timeline import WindowHistory
from tests.drift_tools.open_box import CAPTURE, NAMES, Box, captured, rows
from tests.drift_tools.records import record, write

START = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
STATE = "/opt/ml/processing/state"
MADE = "/opt/ml/processing/made"
SIZE = 40


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path / "ml")


def traffic(box: Box, hours: int, *, shifted: range = range(0)) -> None:
    """An hour a file, each record at a time of its own within it."""
    for place in range(hours):
        moment = START + place * HOUR
        found = rows(SIZE, place, shift=3.0 if place in shifted else 0.0)
        lines = [
            record(given, out, time=f"{moment + timedelta(seconds=80 * number):%Y-%m-%dT%H:%M:%SZ}")
            for number, (out, given) in enumerate(found)
        ]
        write(box.captured / f"ep/Primary/{moment:%Y/%m/%d/%H}" / "part.jsonl", lines)


def make(box: Box, hours: int, *, first: int = 0, **more: str) -> int:
    span = CapturedSpan(start=START + first * HOUR, end=START + hours * HOUR, columns=tuple(NAMES))
    write(box.processing / "input" / "span" / CAPTURES, [span.to_json()])
    return box.run(
        dataset_format=CAPTURE,
        dataset_source="/opt/ml/processing/input/span",
        output_path=MADE,
        publish_cloudwatch_metrics="Disabled",
        captures_uri="/opt/ml/processing/input/endpoint/ep/Primary",
        windows_uri=STATE,
        **more,
    )


def seen(box: Box, *places: int) -> None:
    """Windows of the monitor that a verdict called."""
    for place in places:
        start = START + place * HOUR
        called = {"version": 1, "bins": "x", "start": int(start.timestamp()), "counts": [], "called": ["amount"]}
        write(box.processing / "state" / f"{start:%Y%m%dT%H%M%SZ}.json", [json.dumps(called)])


def made(box: Box) -> WindowHistory:
    return WindowHistory.read(box.processing / "made" / "windows.npz")


def hours_of(history: WindowHistory) -> list[int]:
    return [int((start - START.timestamp()) // 3600) for start in history.starts.tolist()]


def test_the_files_are_those_of_the_same_rows_as_data(box: Box, tmp_path: Path) -> None:
    """What a CSV of the same rows gives: the same statistics and constraints, but for what knows the rows' order."""
    traffic(box, 48)
    assert make(box, 48) == 0, box.message
    assert "The baseline has 48 windows of 40 rows on average (season numerical: none" in box.message
    lines = [",".join(NAMES)] + [f"{out},{given}" for place in range(48) for out, given in rows(SIZE, place)]
    table = read_table(write(tmp_path / "rows.csv", lines))
    expected = Profile.of(table).statistics().to_dict()
    statistics = json.loads((box.processing / "made" / "statistics.json").read_text())
    assert statistics["dataset"] == {"item_count": 48 * SIZE}
    for found, known in zip(statistics["features"], expected["features"], strict=True):
        assert (found["name"], found["inferred_type"]) == (known["name"], known["inferred_type"])
        kind = "numerical_statistics" if "numerical_statistics" in known else "string_statistics"
        assert found[kind]["common"] == known[kind]["common"]
    assert made(box).rows.tolist() == [SIZE] * 48


def test_bad_windows_are_left_out(box: Box) -> None:
    """By verdict and by mark; the drift that was called is not in the baseline, and is found again with it."""
    traffic(box, 60, shifted=range(10, 14))
    seen(box, 10, 11, 12, 13)
    mark = BadWindows(start="2026-01-01T20:00:00Z", end="2026-01-01T22:00:00Z", by="ada", at="2026-01-02T00:00:00Z")
    write(box.processing / "state" / mark.name, [mark.to_json().decode()])
    assert make(box, 60) == 0, box.message
    assert hours_of(made(box)) == [*range(10), *range(14, 20), *range(22, 60)]
    assert "Of 60 windows 6 were left out: 2 that a person marked as bad, 4 that a verdict called drift" in box.message
    statistics = json.loads((box.processing / "made" / "statistics.json").read_text())
    assert statistics["dataset"]["item_count"] == 54 * SIZE
    captured(box, rows(300, 1, shift=3.0), hour="now")
    found = box.scheduled(
        dataset_source="/opt/ml/processing/input/endpoint/now",
        baseline_constraints=f"{MADE}/constraints.json",
        baseline_statistics=f"{MADE}/statistics.json",
        baseline_windows_uri=MADE,
        baseline_dataset=None,
        metric_namespace="ModelMonitoring/Endpoints/data-metrics",
        publish_cloudwatch_metrics="Disabled",
        windows_uri="/opt/ml/processing/other",
    )
    assert found == 0, box.message
    assert box.drift["judgement"]["by"] == "baseline windows"
    assert "amount" in box.drift["drifted_features"]


def test_what_a_person_called_the_new_normal_is_not_bad(box: Box) -> None:
    traffic(box, 60)
    seen(box, *range(10, 60))
    assert make(box, 60) == 1
    assert "10 windows of at least 20 rows, 24 are needed" in box.message
    assert "Of 60 windows 50 were left out: 0 that a person marked as bad, 50 that a verdict called" in box.message
    normal = NewNormal(since="2026-01-01T12:00:00Z", by="ada", at="2026-01-03T10:00:00Z")
    write(box.processing / "state" / normal.name, [normal.to_json().decode()])
    assert make(box, 60) == 0, box.message
    # Hours 10 and 11 were before it, 58 and 59 after it was said.
    assert hours_of(made(box)) == [*range(10), *range(12, 58)]


def test_windows_as_long_as_the_monitors_and_whole(box: Box) -> None:
    """Of six hours: the first and the last that are whole. A window of the monitor's that begins at another hour takes
    both with it that it shares hours with.
    """
    traffic(box, 180)
    seen(box, 13)
    assert make(box, 176, first=5, baseline_window_hours="6") == 0, box.message
    assert hours_of(made(box)) == [6, *range(24, 174, 6)]
    assert set(made(box).rows.tolist()) == {6 * SIZE}


def test_a_file_that_runs_into_the_next_hour_counts_in_both(box: Box) -> None:
    traffic(box, 30)
    late = [record("0.5,01", "1,0.6", time=f"2026-01-01T{hour:02d}:02:00Z") for hour in (5, 6, 6)]
    write(box.captured / "ep/Primary/2026/01/01/05" / "runs-over.jsonl", late)
    assert make(box, 30) == 0, box.message
    assert made(box).rows.tolist()[4:8] == [SIZE, SIZE + 1, SIZE + 2, SIZE]


def test_one_line_where_nothing_is_there(box: Box) -> None:
    assert make(box, 48) == 1
    assert "there are no captures below /opt/ml/processing/input/endpoint/ep/Primary from 2026-01-01" in box.message
    traffic(box, 12)
    assert make(box, 12) == 1
    assert "the baseline has 12 windows of at least 20 rows, 24 are needed" in box.message
    write(box.processing / "input" / "span" / CAPTURES, ["{}"])
    assert box.run(
        dataset_format=CAPTURE,
        dataset_source="/opt/ml/processing/input/span",
        output_path=MADE,
        captures_uri="/opt/ml/processing/input/endpoint/ep/Primary",
    )
    assert "captures.json: says not which captures the baseline is made of" in box.message
