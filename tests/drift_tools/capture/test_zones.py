"""The parts of captured lines that differ are found where they stand, whatever their lengths and contents."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import blocks as capture_blocks
from drift_tools.capture import payloads, read_captures, templates, uniform
from drift_tools.capture import read as reading
from drift_tools.capture.records import Selection
from tests.drift_tools.capture.both_readers import assert_same
from tests.drift_tools.records import record, side

# A quote, a backslash, a line's beginning and what only a careful reader takes for a blank, besides plain text.
PIECE = st.sampled_from(
    ["", "a", "1", ",", '"', "\\", '","encoding":"CSV"', '"data":"', "\u2028", "é", "x" * 70, "{", " "]
)
STRING = st.lists(PIECE, max_size=3).map("".join)
CELL = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["", " ", "1 ", "\t7", "-0", "007", "1.", ".5", "+3", "1e5", "2E-7", "-", "nan", "x", "1_0"]),
)
SCALAR = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.integers(-(10**6), 10**6).map(str),
    st.sampled_from(["0", "-0", "007", "1.", "+1", ".5", "1e5", "1E-7", "2.5e+3", "null", "true", '"x"', "", "[1]"]),
)


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(capture_blocks, "_FEW", 2)


@settings(deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL, STRING, STRING), min_size=2, max_size=8))
def test_ids_and_strings_of_every_kind(rows: list[tuple[str, str, str, str, str]]) -> None:
    lines = []
    for one, two, answer, event_id, mode in rows:
        parsed = json.loads(record(f"{one},{two}", answer, event_id=event_id))
        parsed["captureData"]["endpointInput"]["mode"] = mode
        lines.append(json.dumps(parsed, separators=(",", ":"), ensure_ascii=False))
    assert_same(lines)


@settings(deadline=None)
@given(
    st.lists(st.tuples(SCALAR, SCALAR, SCALAR), min_size=2, max_size=8), st.sampled_from(["", " ", "  "]), st.booleans()
)
def test_json_numbers_and_what_looks_like_them(rows: list[tuple[str, str, str]], blank: str, encoded: bool) -> None:
    lines = []
    for one, two, answer in rows:
        text, reply = f'{{"a":{blank}{one},{blank}"b": {two}{blank}}}', f"[{answer}]"
        given_side = side(text, "JSON")
        if encoded:
            given_side = side(base64.b64encode(text.encode()).decode(), "BASE64", "application/json")
        lines.append(record(given_side, side(reply, "JSON")))
    assert_same(lines)


LINES: dict[str, Callable[[int], str]] = {
    "CSV": lambda i: record(f"{i}.5,{i},{i / 7}", f"{i / 3}", event_id=f"e{i}"),
    "JSON": lambda i: record(
        side(json.dumps({"a": i / 3, "b": i, "c": 1e-7 if i == 7 else i / 8}), "JSON"), side(f"[{i / 9}]", "JSON")
    ),
    "BASE64": lambda i: record(side(base64.b64encode(f"{i},{i / 3}\n".encode()).decode(), "BASE64"), f"{i}"),
}


@pytest.mark.parametrize("shape", LINES)
def test_numbers_are_parsed_without_making_strings_of_them(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [LINES[shape](i) for i in range(300)]
    assert assert_same(lines).used == 300
    monkeypatch.setattr(payloads, "fill", lambda *_: pytest.fail("cut into strings"))
    monkeypatch.setattr(capture_blocks, "_read_each", lambda *_: pytest.fail("read with care"))
    columns = read_captures(lines).data.columns.values()
    assert all(np.isfinite(column.as_numbers()[0]).all() for column in columns)


def test_a_layout_is_made_once_for_all_blocks_that_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "_LINES_AT_ONCE", 50)
    monkeypatch.setattr(reading, "_MOST_WORKERS", 1)  # two would both be the first
    made: list[bytes] = []

    def make(line: bytes, selection: Selection) -> templates.Layout:
        made.append(line)
        return templates.layout_of(line, selection)

    monkeypatch.setattr(uniform, "layout_of", make)
    # The last are CSV with fewer columns than the first.
    kinds: list[Callable[[int], str]] = [*LINES.values(), lambda i: record(f"{i},{i / 3}", f"{i}", event_id=f"e{i}")]
    lines = [kinds[i // 150 % len(kinds)](i) for i in range(1800)]
    names = ["y", "a", "b", "c"]
    fast = read_captures(lines, columns=names)
    assert len(made) == len(kinds)
    careful = read_captures(lines, columns=names, fast=False)
    assert (fast.used, fast.skipped) == (careful.used, careful.skipped)
    assert fast.data.names == careful.data.names
    for name, column in fast.data.columns.items():
        assert column.as_texts().tolist() == careful.data.columns[name].as_texts().tolist()
        assert np.array_equal(column.as_numbers()[0], careful.data.columns[name].as_numbers()[0], equal_nan=True)


def test_a_zone_far_longer_than_the_first_lines_is_read_as_well() -> None:
    assert assert_same([record("1,2", "0.5", event_id="e" * length) for length in (1, 30, 63, 64, 65, 500)]).used == 6
    assert assert_same([record("1,2", "0.5" + "0" * length) for length in (1, 63, 64, 65, 500)]).used == 5


def test_only_the_lines_of_the_window_are_parsed() -> None:
    lines = [record(f"{i},x" if i % 2 else f"{i},{i}", time=f"2026-01-01T1{i % 2}:00:00Z") for i in range(100)]
    found = read_captures(lines, end=datetime(2026, 1, 1, 11, tzinfo=UTC))
    assert (found.used, found.outside) == (50, 50)
    assert found.data.columns["_c2"].as_numbers()[0].tolist() == [float(i) for i in range(0, 100, 2)]


def test_the_first_line_of_the_window_may_have_other_columns_than_the_lines_before_it() -> None:
    lines = [record("1,2" if i < 50 else "1,2,3", time=f"2026-01-01T1{i // 50}:00:00Z") for i in range(100)]
    careful, fast = (
        read_captures(lines, start=datetime(2026, 1, 1, 11, tzinfo=UTC), fast=fast) for fast in (False, True)
    )
    assert (fast.used, fast.outside, fast.skipped) == (careful.used, careful.outside, careful.skipped) == (50, 50, {})
    assert fast.data.names == careful.data.names == ["_c0", "_c1", "_c2", "_c3"]


@pytest.mark.parametrize("broken", [b"\xff", b'"', b"\\", b"\x01", b'\\\\"', "é".encode()])
def test_a_line_outside_the_window_is_skipped_all_the_same_if_it_is_no_record(broken: bytes) -> None:
    lines = [record(f"{i},{i}.5", time=f"2026-01-01T1{i % 2}:00:00Z").encode() for i in range(100)]
    lines[51] = lines[51].replace(b"51.5", b"51.5" + broken)
    careful, fast = (
        read_captures(lines, end=datetime(2026, 1, 1, 11, tzinfo=UTC), fast=fast) for fast in (False, True)
    )
    assert (fast.used, fast.outside, fast.skipped) == (careful.used, careful.outside, careful.skipped)


@pytest.mark.parametrize("place", ["1,2", "event", "CSV", "2026"])
def test_bytes_that_are_no_text_are_found_wherever_they_stand(place: str) -> None:
    lines = [record("1,2").encode() for _ in range(300)]
    lines[200] = lines[200].replace(place.encode(), place.encode() + b"\xff", 1)
    careful, fast = read_captures(lines, fast=False), read_captures(lines)
    assert (fast.used, fast.skipped) == (careful.used, careful.skipped) == (299, {"not UTF-8": 1})


def test_bytes_in_encoded_json_that_are_no_text_are_left_to_the_careful_reader() -> None:
    contents = [b'{"a": 1.5, "b": 2}', b'{"a": 1.\xff, "b": 2}']
    lines = [record(side(base64.b64encode(content).decode(), "BASE64", "application/json")) for content in contents]
    careful, fast = read_captures(lines * 20, fast=False), read_captures(lines * 20)
    assert (fast.used, fast.skipped) == (careful.used, careful.skipped)
    assert fast.used == 20
