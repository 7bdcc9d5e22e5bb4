"""Labels beside captures, file by file: what cannot be read is told with its own reason, file and line."""

import gzip
import json
from pathlib import Path

import pytest

from drift_tools.capture import BOTH_SIDES, GROUND_TRUTH, files, iterate_captures, read_captures, read_labels
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


def test_blocks_are_read_as_their_file_is(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(record(number) + "\n" for number in range(500)) + "nothing\n")
    blocks = read_captures(files.blocks_of(path))
    whole = read_captures(path)
    assert blocks.table.equals(whole.table)
    assert (blocks.problems, blocks.event_ids.tolist()) == (whole.problems, whole.event_ids.tolist())
