"""What is beyond a limit is skipped, counted and named, and what is beside it is read."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from drift_tools.capture import files, iterate_captures, read, read_captures, read_labels, records
from drift_tools.capture.limits import EXPANDS, TOO_LONG, TOO_MANY_COLUMNS, TOO_MANY_NAMES

LIMIT = 4096


def line(data: str, *, encoding: str = "CSV", number: int = 0) -> str:
    side = {"observedContentType": "text/csv", "data": data, "encoding": encoding}
    metadata = {"eventId": str(number), "inferenceTime": "2026-01-01T10:00:00Z"}
    return json.dumps({"captureData": {"endpointInput": side}, "eventMetadata": metadata, "eventVersion": "0"})


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", LIMIT)
    whole = files.blocks_of
    monkeypatch.setattr(read, "blocks_of", lambda path, keep: whole(path, block_bytes=512, keep=keep))


GOOD = [line(f"{number},2", number=number) for number in range(5)]


@pytest.mark.limit("a captured line, a line of labels")
@pytest.mark.parametrize("pack", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("length", [LIMIT + 600, 5 * LIMIT, 50 * LIMIT])
def test_a_line_that_is_too_long_is_counted_and_those_around_it_are_read(
    short_lines: None, tmp_path: Path, pack: bool, place: int, length: int
) -> None:
    del short_lines
    lines = [*GOOD[:place], "x" * length, *GOOD[place:]]
    content = "".join(item + "\n" for item in lines).encode()
    path = tmp_path / "a.jsonl"
    path.write_bytes(gzip.compress(content) if pack else content)
    captures = read_captures(path)
    assert (captures.read, captures.used, captures.skipped) == (6, 5, {TOO_LONG: 1})
    assert [problem.line for problem in captures.problems] == [place + 1]
    assert captures.table.column("_c0").to_pylist() == [0, 1, 2, 3, 4]


def test_a_long_line_at_the_very_end_and_two_in_a_row(short_lines: None, tmp_path: Path) -> None:
    del short_lines
    path = tmp_path / "a.jsonl"
    long = "y" * (3 * LIMIT)
    path.write_text("\n".join([GOOD[0], long, long, GOOD[1], long]))  # no line break at the end
    captures = read_captures(path)
    assert (captures.used, captures.skipped) == (2, {TOO_LONG: 3})
    assert [problem.line for problem in captures.problems] == [2, 3, 5]


@pytest.mark.limit("a gzip file")
def test_a_file_that_expands_beyond_reason_is_cut_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "UNPACKED_BYTES", 1 << 20)
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress((GOOD[0] + "\n").encode() * 50_000))
    captures = read_captures(path)
    assert captures.skipped == {EXPANDS: 1}
    assert 0 < captures.used < 50_000
    path.write_bytes(gzip.compress("".join(line(str(hash(str(number)))) + "\n" for number in range(8000)).encode()))
    assert read_captures(path).skipped == {}  # larger than what is free, and packed as data are


@pytest.mark.limit("columns of a record")
def test_a_record_of_too_many_columns_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "MOST_COLUMNS", 10)
    monkeypatch.setattr(read, "MOST_COLUMNS", 10)
    wide = [line(",".join("1" * 11)), line('"a",' + ",".join("1" * 11)), line(json.dumps([1] * 11), encoding="JSON")]
    captures = read_captures([*[line(",".join("1" * 10))] * 3, *wide])
    assert (captures.used, captures.skipped) == (3, {TOO_MANY_COLUMNS: 3})


@pytest.mark.limit("names that the baseline does not have, in a window")
@pytest.mark.parametrize("fast", [True, False])
def test_names_that_clients_invent_are_limited_over_all_batches(fast: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read, "MOST_NEW_NAMES", 50)
    known = [line(json.dumps({"a": 1.5, "b": 2}), encoding="JSON")] * 300
    invented = [line(json.dumps({"a": 1, "b": 2, f"x{number}": 3}), encoding="JSON") for number in range(80)]
    batches = list(iterate_captures([*known, *invented, *known], columns=["a", "b"], batch_rows=100, fast=fast))
    assert sum(batch.used for batch in batches) == 650
    skipped = [batch.skipped for batch in batches if batch.skipped]
    assert sum(item[TOO_MANY_NAMES] for item in skipped) == 30


@pytest.mark.parametrize("fast", [True, False])
def test_records_that_each_have_a_name_of_their_own_keep_their_values(fast: bool) -> None:
    lines = [line(json.dumps({"a": number, f"x{number}": -number}), encoding="JSON") for number in range(40)]
    table = read_captures(lines, fast=fast).table
    assert table.column("a").to_pylist() == list(range(40))
    for number in range(40):
        expected = [-number if row == number else None for row in range(40)]
        assert table.column(f"x{number}").to_pylist() == expected


@pytest.mark.limit("a captured line, a line of labels")
def test_a_label_line_that_is_too_long_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LINE_BYTES", LIMIT)
    whole = files.blocks_of
    monkeypatch.setattr("drift_tools.capture.labels.blocks_of", lambda path: whole(path, block_bytes=512))

    def label(number: int) -> dict[str, Any]:
        return {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": str(number)}}

    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join([json.dumps(label(1)), "z" * (3 * LIMIT), json.dumps(label(2))]) + "\n")
    found = read_labels(path)
    assert (sorted(found.by_id), found.lines) == (["1", "2"], 3)
    assert list(found.skipped.values()) == [1]
