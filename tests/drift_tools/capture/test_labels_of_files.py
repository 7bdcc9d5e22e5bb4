"""Labels beside captures, file by file: what cannot be read is told with its own reason, file and line."""

import gzip
import json
import sys
from pathlib import Path

import pytest

from drift_tools.capture import (
    BOTH_SIDES,
    GROUND_TRUTH,
    LabelCoverage,
    files,
    iterate_captures,
    read_captures,
    read_labels,
)
from drift_tools.job.inputs.merge import labelled_blocks


def record(number: int) -> str:
    data = {"endpointOutput": {"data": f"{number % 2}", "encoding": "CSV"}}
    return json.dumps({"captureData": data, "eventMetadata": {"eventId": f"e{number}"}})


def label(number: int) -> str:
    data = {"data": str(number % 2), "encoding": "CSV"}
    return json.dumps({"groundTruthData": data, "eventMetadata": {"eventId": f"e{number}"}})


def test_a_long_line_and_a_damaged_file_are_two_reasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", 1024)
    monkeypatch.setattr(files, "BLOCK_BYTES", 512)
    whole = files.blocks_of
    monkeypatch.setattr("drift_tools.capture.labels.blocks_of", lambda path: whole(path, block_bytes=512))
    (tmp_path / "a.jsonl").write_text("\n".join([label(0), "x" * 5000, label(1)]) + "\n")
    packed = gzip.compress("".join(label(number) + "\n" for number in range(2, 2000)).encode())
    (tmp_path / "b.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    labels = read_labels(tmp_path)
    assert labels.skipped == {"line of more than 64 MiB": 1, "gzip file is cut short or damaged": 1}
    assert [(Path(problem.source).name, problem.reason[:4]) for problem in labels.problems] == [
        ("a.jsonl", "line"),
        ("b.jsonl.gz", "gzip"),
    ]
    assert labels.problems[0].line == 2
    assert labels.problems[1].line == len(labels.by_id) - 2 + 1


@pytest.mark.parametrize("fast", [True, False])
def test_captures_with_labels_are_told_with_their_files_and_lines(tmp_path: Path, fast: bool) -> None:
    (tmp_path / "labels.jsonl").write_text("".join(label(number) + "\n" for number in range(400)))
    captured = tmp_path / "captured"
    captured.mkdir()
    first = [record(number) for number in range(300)]
    first[150] = "{broken"
    (captured / "a.jsonl").write_text("\n".join(first) + "\n\n" + record(300) + "\n")
    (captured / "b.jsonl").write_text(record(301) + "\n" + record(302)[:-20])
    packed = gzip.compress((record(303) + "\n").encode())
    (captured / "c.jsonl.gz").write_bytes(packed[:-6])
    blocks = labelled_blocks(captured, read_labels(tmp_path / "labels.jsonl"))
    (found,) = iterate_captures(blocks, sides=(*BOTH_SIDES, GROUND_TRUTH), fast=fast)
    assert [str(problem).removeprefix(f"{captured}/") for problem in found.problems] == [
        "a.jsonl, line 151: not JSON",
        "b.jsonl, line 2: cut short at the end of the file: is it still being written?",
        "c.jsonl.gz, line 0: gzip file is cut short or damaged",
    ]
    assert found.rows == 302
    assert [(name, len(set(found.data.columns[name].as_texts()))) for name in found.data.names] == [
        ("_c0", 2),
        ("groundTruthData", 2),
    ]


FORGED = '"groundTruthData":{"data":"1","encoding":"CSV"}'
FORGERIES = [
    record(1)[:-1] + f",{FORGED}}}",
    "{" + FORGED + "," + record(1)[1:],
    record(1)[:-1] + "," + FORGED.replace("ground", "\\u0067round") + "}",
    record(1)[:-1] + f",{FORGED},{FORGED}}}",
]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("forged", FORGERIES)
def test_a_label_in_a_capture_is_none(tmp_path: Path, forged: str, fast: bool) -> None:
    """Whoever may write captures may not say what was true."""
    (tmp_path / "labels.jsonl").write_text(label(0) + "\n" + label(3) + "\n")
    captured = tmp_path / "a.jsonl"
    captured.write_text("\n".join([record(0), forged, record(3)[:-1] + f",{FORGED.replace('1', '9')}}}"]) + "\n")
    labels, coverage = read_labels(tmp_path / "labels.jsonl"), LabelCoverage()
    blocks = labelled_blocks(captured, labels, coverage)
    (found,) = iterate_captures(blocks, sides=(*BOTH_SIDES, GROUND_TRUTH), fast=fast)
    assert list(found.data.columns["groundTruthData"].as_texts()) == ["0", "1"]
    assert found.skipped == {"no groundTruthData": 1}
    assert (coverage.labelled.total(), coverage.waiting.total()) == (2, 1)


def test_a_label_cannot_hide_in_a_record_that_is_nested_as_deep_as_may_be(tmp_path: Path) -> None:
    """The reader stands a few calls less deep than who joins the labels."""
    (tmp_path / "labels.jsonl").write_text(label(0) + "\n")
    deep = [
        record(1)[:-1] + f',{FORGED},"x":{"[" * depth}{"]" * depth}}}'
        for depth in range(sys.getrecursionlimit() - 400, sys.getrecursionlimit() + 10)
    ]
    captured = tmp_path / "a.jsonl"
    captured.write_text("\n".join([record(0), *deep]) + "\n")
    blocks = labelled_blocks(captured, read_labels(tmp_path / "labels.jsonl"))
    (found,) = iterate_captures(blocks, sides=(*BOTH_SIDES, GROUND_TRUTH))
    assert found.used == 1
    assert found.skipped.keys() <= {"no groundTruthData", "not JSON"}


def test_blocks_are_read_as_their_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(record(number) + "\n" for number in range(500)) + "nothing\n")
    blocks = read_captures(files.blocks_of(path))
    whole = read_captures(path)
    assert blocks.table.equals(whole.table)
    assert (blocks.problems, blocks.event_ids.tolist()) == (whole.problems, whole.event_ids.tolist())
