"""Labels that come late, out of order, twice, against each other, or never."""

import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import LabelCoverage, Labels, read_labels
from drift_tools.job.inputs.labels import age_in_words
from drift_tools.job.inputs.merge import labelled_lines

# (id, label, hour it was collected in): several hours may speak of one id.
said = st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("01"), st.integers(0, 3)), min_size=1, max_size=24)


def line(identifier: str, label: str) -> str:
    return json.dumps(
        {
            "groundTruthData": {"data": label, "encoding": "CSV"},
            "eventMetadata": {"eventId": identifier},
            "eventVersion": "0",
        }
    )


def written(folder: Path, labels: list[tuple[str, str, int]], copies: dict[int, str]) -> Labels:
    """One file an hour; `copies` names, by hour, the same file handed over once more."""
    for hour in range(4):
        lines = [line(name, label) for name, label, collected in labels if collected == hour]
        if lines:
            place = folder / f"2026/01/31/{hour:02d}"
            place.mkdir(parents=True)
            for name in ("labels.jsonl", *([copies[hour]] if hour in copies else [])):
                (place / name).write_text("\n".join(lines) + "\n")
    return read_labels(folder)


@settings(max_examples=40, deadline=None)
@given(said, st.dictionaries(st.integers(0, 3), st.sampled_from(["labels-again.jsonl", "a.jsonl"])))
def test_a_file_that_comes_twice_changes_no_label(labels: Any, copies: Any) -> None:
    with TemporaryDirectory() as once, TemporaryDirectory() as twice:
        first, second = written(Path(once), labels, {}), written(Path(twice), labels, copies)
    assert first.by_id == second.by_id


@settings(max_examples=40, deadline=None)
@given(said, st.randoms(use_true_random=False))
def test_the_hour_in_which_a_label_was_collected_decides_and_not_its_arrival(labels: Any, random: Any) -> None:
    """The files are written in any order: of several labels for one id the last hour's counts."""
    with TemporaryDirectory() as folder:
        hours = list(range(4))
        random.shuffle(hours)
        for hour in hours:
            lines = [line(name, label) for name, label, collected in labels if collected == hour]
            place = Path(folder, f"2026/01/31/{hour:02d}")
            place.mkdir(parents=True)
            (place / "labels.jsonl").write_text("".join(f"{text}\n" for text in lines))
        found = read_labels(Path(folder))
    expected: dict[str, str] = {}
    for hour in range(4):
        expected |= {name: label for name, label, collected in labels if collected == hour}
    assert {name: label["data"] for name, label in found.by_id.items()} == expected
    assert found.repeated + found.contradicted == len(labels) - len(expected)


def test_contradictions_are_counted_and_said(tmp_path: Path) -> None:
    found = written(tmp_path, [("a", "0", 0), ("a", "1", 1), ("b", "1", 0), ("b", "1", 2)], {})
    assert (found.repeated, found.contradicted) == (1, 1)
    assert found.disagreement == "1 labels were contradicted by later ones for the same ids, which count"


def record(identifier: str, hour: int) -> str:
    moment = f"2026-01-31T{hour:02d}:30:00Z"
    return json.dumps({"captureData": {}, "eventMetadata": {"eventId": identifier, "inferenceTime": moment}})


def test_coverage_is_told_by_age(tmp_path: Path) -> None:
    captured = tmp_path / "captured.jsonl"
    captured.write_text("\n".join(record(f"r{n}", n % 24) for n in range(48)) + "\n")
    labels = Labels({f"r{n}": {"data": "1", "encoding": "CSV"} for n in range(0, 48, 2)}, {}, (), 24, tmp_path)
    coverage = LabelCoverage()
    assert sum(b"groundTruthData" in found for found in labelled_lines(captured, labels, coverage)) == 24
    assert coverage.share == pytest.approx(0.5)
    assert coverage.by_age(datetime(2026, 2, 1, tzinfo=UTC)) == [
        {"from_hours": 0, "to_hours": 6, "predictions": 10, "labelled": 4, "share": 0.4},
        {"from_hours": 6, "to_hours": 24, "predictions": 36, "labelled": 18, "share": 0.5},
        {"from_hours": 24, "to_hours": 72, "predictions": 2, "labelled": 2, "share": 1.0},
    ]


@pytest.mark.parametrize(("low", "high", "words"), [(0, 6, "0h-6h"), (168, None, "168h+"), (None, None, "unknown")])
def test_an_age_in_words(low: int | None, high: int | None, words: str) -> None:
    assert age_in_words({"from_hours": low, "to_hours": high}) == words
