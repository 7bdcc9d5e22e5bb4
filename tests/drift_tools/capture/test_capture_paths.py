"""The fast and the careful reader of captures say the same of everything, and neither loses a record."""

import base64
import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import Captures, iterate_captures, read_captures
from drift_tools.capture import blocks as capture_blocks
from drift_tools.errors import InputError
from tests.drift_tools.records import record, side, write

TEXT = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**20), 10**20).map(str),
    st.sampled_from(["", " ", "true", "false", "a", "Zürich", "\u2028", "٣", "0x10", "1_0", "nan", "NaN", "nan(1)"]),
    st.sampled_from(["inf", "-Infinity", "1.", ".5", "-.5", "+1", "1e5", "1E-3", "1.e5", "1e999", "-1e999", "1e-320"]),
    st.sampled_from([" 7 ", "007", "-0", "-0.0"]),
)
JSON_VALUE = st.one_of(
    st.floats(allow_nan=True),
    st.integers(-(10**20), 10**20),
    st.sampled_from([None, True, False, "", "a", " b ", "Zürich", "1.5", "1.", "nan", 1e300, -0.0, 0]),
)


FEW = capture_blocks._FEW


def assert_same(lines: Sequence[str | bytes] | Path, **options: object) -> Captures:
    fast = read_captures(lines, fast=True, **options)  # type: ignore[arg-type] # options of any type, for both alike
    careful = read_captures(lines, fast=False, **options)  # type: ignore[arg-type] # as above
    assert (fast.read, fast.used, fast.outside) == (careful.read, careful.used, careful.outside)
    assert fast.skipped == careful.skipped
    assert fast.problems == careful.problems
    assert fast.origins == careful.origins
    assert fast.data.names == careful.data.names
    for name, column in fast.data.columns.items():
        other = careful.data.columns[name]
        assert column.types == other.types, name
        assert column.as_texts().tolist() == other.as_texts().tolist(), name
        assert column.category_counts() == other.category_counts(), name
        assert column.is_numerical == other.is_numerical, name
        assert column.as_numbers()[1] == other.as_numbers()[1]
        # Bit by bit: -0.0 is not 0.0, and a missing cell is the same NaN.
        assert np.array_equal(column.as_numbers()[0].view(np.int64), other.as_numbers()[0].view(np.int64)), name
    assert fast.read == fast.used + sum(fast.skipped.values())
    return fast


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    # So few lines are otherwise read with care in any case, and these tests would compare it with itself.
    monkeypatch.setattr(capture_blocks, "_FEW", 2)


def was_read_at_once(lines: Sequence[str | bytes], monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether the careful reader was not needed."""
    with monkeypatch.context() as patch:
        patch.setattr(capture_blocks, "_read_each", lambda lines, *_: pytest.fail("read with care") if lines else None)
        read_captures(lines)
    return True


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(TEXT, min_size=2, max_size=2), TEXT), min_size=2, max_size=12))
def test_csv_cells_of_every_kind(rows: list[tuple[list[str], str]]) -> None:
    assert_same([record(",".join(cells), answer, event_id=f"e{i}") for i, (cells, answer) in enumerate(rows)])


@settings(deadline=None)
@given(st.lists(st.tuples(JSON_VALUE, JSON_VALUE, JSON_VALUE), min_size=2, max_size=12), st.booleans())
def test_json_values_of_every_kind(rows: list[tuple[object, object, object]], encoded: bool) -> None:
    lines = []
    for a, b, answer in rows:
        text, reply = json.dumps({"a": a, "v": [b, 1]}), json.dumps([answer])
        given_side = side(base64.b64encode(text.encode()).decode(), "BASE64") if encoded else side(text, "JSON")
        if encoded:
            given_side["observedContentType"] = "application/json"
        lines.append(record(given_side, side(reply, "JSON")))
    assert_same(lines)


@settings(deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=2, max_size=8), st.sampled_from(["text/csv", "text/html"]))
def test_base64_of_csv(rows: list[tuple[str, str]], kind: str) -> None:
    lines = [record(side(base64.b64encode(f"{a},{b}\n".encode()).decode(), "BASE64", kind), "1") for a, b in rows]
    assert_same(lines)


NUMBERS = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers(-(2**70), 2**70))


@settings(deadline=None)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_every_float_is_pythons(values: list[float]) -> None:
    captures = read_captures([record(repr(value), "0") for value in values])
    expected = np.array([float(repr(value)) for value in values])
    assert np.array_equal(captures.data.columns["_c1"].as_numbers()[0].view(np.int64), expected.view(np.int64))


def compact(line: str) -> str:
    return json.dumps(json.loads(line), separators=(",", ":"))


SHAPES: dict[str, Callable[[int], str]] = {
    "CSV": lambda i: record(f"{i}.5,{i},x{i % 3}", f"{i / 7}", event_id=f"e{i}"),
    "compact": lambda i: compact(record(f"{i}.5,{i}", f"{i / 7}", inference_id=f"i{i}")),
    "JSON": lambda i: record(side(json.dumps({"a": i / 3, "b": i, "c": f"x{i % 3}"}), "JSON"), side(str(i), "JSON")),
    "BASE64": lambda i: record(f"{i},2", side(base64.b64encode(f"{i / 3}\n".encode()).decode(), "BASE64", "text/html")),
    "without input": lambda i: record(None, f"{i}"),
    "without cells": lambda i: record(",,", f"{i}"),
    "no id": lambda i: record(f"{i}", "1", time=None),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_records_of_one_layout_are_read_at_once(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [SHAPES[shape](i) for i in range(300)]
    assert was_read_at_once(lines, monkeypatch)
    assert assert_same(lines).used == 300


def test_layouts_that_take_turns_keep_their_order() -> None:
    encoded = record("1.5,2,x", side("MC41", "BASE64"))
    captures = assert_same([(SHAPES["CSV"](i), SHAPES["JSON"](i), encoded, "{")[i % 4] for i in range(200)])
    assert captures.skipped == {"not JSON": 50}
    assert [origin.event_id for origin in captures.origins[:2]] == ["e0", "event"]


def test_a_window_is_the_same_window() -> None:
    lines = [record(f"{i}", "1", time=f"2026-01-01T10:{i % 60:02d}:00Z") for i in range(300)]
    lines += [record("7", "1", time="never"), record("8", "1", time=None)]
    captures = assert_same(
        lines, start=datetime(2026, 1, 1, 10, 20, tzinfo=UTC), end=datetime(2026, 1, 1, 10, 40, tzinfo=UTC)
    )
    assert (captures.used, captures.outside) == (100, 200)
    assert captures.skipped == {"inferenceTime is no time": 1, "no inferenceTime": 1}


@pytest.mark.parametrize(
    "odd",
    [
        record('1,2","x":"3', "1"),
        record("1,2,3", "1"),
        record("1,2", None),
        record("1,2\t", "1"),
        record("1\\u002c2", "1"),
        '\ufeff{"a": 1}',
        "",
        "  ",
        "null",
        record("1,2", "1")[:-1] + ',"captureData":{"endpointInput":{"data":"9,9","encoding":"CSV"}}}',
        record("1,2", "1").replace('"CSV"', '"JSON"', 1),
        record("1,2", "1").replace("event", 'ev","ent'),
        record("1,2", "1") + "\r",
        record("1,2", "1").encode().replace(b"1,2", b"1,\xff"),
        record("1,2", "1").encode().replace(b"1,2", b"1,\x00"),
        record("1,2", "1").replace('"eventId": "event"', '"eventId": 7'),
    ],
)
def test_one_odd_line_among_others(odd: str | bytes) -> None:
    usual: list[str | bytes] = [record(f"{i},{i}", f"{i}") for i in range(40)]
    assert_same([*usual[:17], odd, *usual[17:]])
    assert_same([odd, *usual])


def test_a_list_or_an_object_among_values_stops_no_run() -> None:
    values: list[object] = [*range(3 * FEW)]
    values[5], values[2 * FEW] = [7, 8], {"deep": 1}
    lines = [record(side(json.dumps({"a": value, "b": 1}), "JSON")) for value in values]
    found = assert_same(lines)
    assert found.used == len(lines) - 1
    assert found.skipped == {"nested JSON: flatten it in a record preprocessor": 1}


def test_a_header_in_the_data_is_counted_and_no_row() -> None:
    usual = [record(f"{i},x", f"{i}") for i in range(40)]
    captures = assert_same([*usual, record("a,b", "y"), record("a,b\n1,x", "1\n2")], columns=["y", "a", "b"])
    assert captures.skipped == {"a header in the data": 2}
    assert captures.data.columns["a"].is_numerical


def test_files_plain_packed_and_still_being_written(tmp_path: Path) -> None:
    lines = [SHAPES["compact"](i) for i in range(500)]
    whole = write(tmp_path / "a.jsonl", lines)
    assert assert_same(whole).used == 500
    (tmp_path / "b.jsonl").write_bytes(whole.read_bytes()[:-40])
    cut = assert_same(tmp_path / "b.jsonl")
    assert cut.skipped == {"cut short at the end of the file: is it still being written?": 1}
    assert str(cut.problems[0]).startswith(f"{tmp_path / 'b.jsonl'}, line 500: cut short")
    (tmp_path / "c.jsonl").write_bytes(whole.read_bytes()[:-1])
    assert assert_same(tmp_path / "c.jsonl").used == 500
    (tmp_path / "d.jsonl.gz").write_bytes(
        gzip.compress(whole.read_bytes()[:9000]) + gzip.compress(whole.read_bytes()[9000:])
    )
    assert assert_same(tmp_path / "d.jsonl.gz").used == 500
    (tmp_path / "e.jsonl").write_bytes(b"")
    assert assert_same(tmp_path / "e.jsonl").read == 0
    assert assert_same(tmp_path).read == 2000


def test_lines_longer_than_a_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drift_tools.capture.files.BLOCK_BYTES", 1 << 12)
    from drift_tools.capture import blocks_of  # noqa: PLC0415 - beside what it is compared with

    path = write(tmp_path / "a.jsonl", [record(",".join(["1.5"] * size), "1") for size in (3, 5000, 4, 3, 19_000)])
    blocks = [(block.first_line, block.count, bytes(block.content)) for block in blocks_of(path, block_bytes=1 << 12)]
    assert b"".join(content for _, _, content in blocks) == path.read_bytes()
    assert [first for first, _, _ in blocks] == [
        1 + sum(count for _, count, _ in blocks[:i]) for i in range(len(blocks))
    ]
    assert assert_same(path).skipped == {
        "5001 columns where 4 are expected": 1,
        "19001 columns where 4 are expected": 1,
    } | {"5 columns where 4 are expected": 1}


def mutated(count: int, seed: int) -> list[bytes]:
    """Records of three encodings, most of them damaged in some way."""
    rng = random.Random(seed)
    originals = [
        record("1.5,2,abc", "0.5").encode(),
        record(side('{"a": 1, "b": [1, 2]}', "JSON"), side("MC41", "BASE64")).encode(),
        record("1\n2", "0\n1").encode(),
    ]
    inserted = [b'"', b"\\", b"[", b"}", b"1e999", b"\x00", b",", b"\xff", b'{"a": {}}', b"\r", b" ", b"prediction,a"]
    lines: list[bytes] = []
    for _ in range(count):
        line = rng.choice(originals)
        for _ in range(rng.randrange(4)):
            place = rng.randrange(len(line) + 1)
            match rng.randrange(4):
                case 0:
                    line = line[:place] + bytes([rng.randrange(256)]) + line[place + 1 :]
                case 1:
                    line = line[:place] + line[place + rng.randint(1, 30) :]
                case 2:
                    line = line[:place] + rng.choice(inserted) + line[place:]
                case _:
                    line = line[:place]
        lines.append(line.replace(b"\n", b" "))
    return lines


@pytest.mark.limit("problems that are named")
def test_no_mutation_of_100_000_records_is_lost_or_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_blocks, "_FEW", FEW)  # as in earnest: seconds and not half a minute
    lines = mutated(100_000, seed=7)
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\n".join(lines) + b"\n")
    captures = assert_same(path)
    assert captures.read == sum(bool(line.strip()) for line in lines)
    assert 10_000 < captures.used < captures.read
    assert len(captures.problems) == 1000
    assert {problem.source for problem in captures.problems} == {str(path)}


def test_batches_together_are_the_whole() -> None:
    lines = [SHAPES["CSV"](i) if i % 50 else "{" for i in range(20_000)]
    whole = read_captures(lines)
    batches = list(iterate_captures(lines, batch_rows=3000))
    assert len(batches) > 2
    assert sum(batch.read for batch in batches) == whole.read
    assert sum(batch.skipped["not JSON"] for batch in batches) == whole.skipped["not JSON"] == 400
    texts = [text for batch in batches for text in batch.data.columns["_c1"].as_texts()]
    assert texts == whole.data.columns["_c1"].as_texts().tolist()


def test_what_the_first_batch_decides_holds_for_the_rest() -> None:
    lines = [record("1,2", "1")] * 10_000 + [record("1,2,3", "1")] * 20_000
    batches = list(iterate_captures(lines, batch_rows=5000))
    assert {name for batch in batches for name in batch.data.names} == {"_c0", "_c1", "_c2"}
    assert sum(sum(batch.skipped.values()) for batch in batches) == 20_000


def test_too_many_unreadable_records_are_an_error_of_the_run() -> None:
    lines = [record("1", "1")] * 8 + ["{"] * 2
    assert read_captures(lines, max_unreadable_share=0.2).used == 8
    with pytest.raises(InputError, match=r"2 of 10 captured records cannot be used \(2 x not JSON\).*lines, line 9"):
        read_captures(lines, max_unreadable_share=0.1)
    with pytest.raises(InputError, match="between 0 and 1"):
        read_captures(lines, max_unreadable_share=10)
    assert read_captures([], max_unreadable_share=0).read == 0


def test_batches_have_rows() -> None:
    with pytest.raises(InputError, match="batch_rows is 0"):
        list(iterate_captures([], batch_rows=0))
    (only,) = iterate_captures([])
    assert (only.read, only.rows) == (0, 0)


def test_without_pyarrow_everything_is_read_with_care(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [SHAPES["CSV"](i) for i in range(200)])
    script = f"""
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from drift_tools.job import monitor_captures, suggest_baseline
from drift_tools.capture import read_captures
captures = read_captures({str(path)!r})
suggest_baseline(captures.data, Path({str(tmp_path / "baseline")!r}))
result = monitor_captures(Path({str(path)!r}), Path({str(tmp_path / "baseline")!r}), Path({str(tmp_path / "out")!r}))
print(captures.used, len(result.violations))
"""
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "200 0\n"
