"""Captured records: every encoding, several rows, and every record that cannot be used accounted for."""

import base64
import gzip
import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import drift_tools
from drift_tools.capture import Captures, read_captures
from drift_tools.errors import InputError
from tests.drift_tools.records import record, side, write


def cells(captures: Captures) -> dict[str, list[str | None]]:
    return {name: column.as_texts().tolist() for name, column in captures.data.columns.items()}


def only_reason(line: str | bytes) -> str:
    captures = read_captures([line])
    assert (captures.read, captures.used, captures.rows) == (1, 0, 0)
    (reason,) = captures.skipped
    assert [str(problem) for problem in captures.problems] == [f"lines, line 1: {reason}"]
    return reason


def test_output_columns_come_first() -> None:
    captures = read_captures([record("1,2", "0.5,7")])
    assert cells(captures) == {"_c0": ["0.5"], "_c1": ["7"], "_c2": ["1"], "_c3": ["2"]}
    assert (captures.read, captures.used, dict(captures.skipped)) == (1, 1, {})


def test_columns_are_named_by_position_if_their_number_fits() -> None:
    lines = [record("1,2", "0.5")]
    assert read_captures(lines, columns=["y", "a", "b"]).data.names == ["y", "a", "b"]
    assert read_captures(lines, columns=["a", "b"]).data.names == ["_c0", "_c1", "_c2"]


def test_outputs_can_come_last() -> None:
    assert cells(read_captures([record("1,2", "0.5")], outputs_first=False)) == {
        "_c0": ["1"],
        "_c1": ["2"],
        "_c2": ["0.5"],
    }


def test_the_table_is_an_arrow_table_of_the_payloads() -> None:
    table = drift_tools.read_captures([record("1,a", "0.5"), record("2,b", "1.5")]).table
    assert table.schema.types == [pa.float64(), pa.int64(), pa.string()]
    assert table.to_pylist()[1] == {"_c0": 1.5, "_c1": 2, "_c2": "b"}


def test_encodings_mix_within_a_record() -> None:
    encoded = side(base64.b64encode(b"0.5\n").decode(), "BASE64", "text/html; charset=utf-8")
    answered = side('{"score": 0.5}', "JSON", "application/json")
    listed = side(base64.b64encode(b'{"score": 0.5}').decode(), "BASE64", "application/json")
    assert cells(read_captures([record("1,2", encoded)])) == {"_c0": ["0.5"], "_c1": ["1"], "_c2": ["2"]}
    for output in (answered, listed):
        assert cells(read_captures([record("1,2", output)])) == {"score": ["0.5"], "_c1": ["1"], "_c2": ["2"]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ('{"a": 1, "b": "x", "c": null, "d": true}', {"a": ["1"], "b": ["x"], "c": [None], "d": ["true"]}),
        ('{"a": 0.1, "v": [1, 2.5]}', {"a": ["0.1"], "v_0": ["1"], "v_1": ["2.5"]}),
        ("[1, 2]", {"_c0": ["1"], "_c1": ["2"]}),
        ("[[1, 2], [3, 4]]", {"_c0": ["1", "3"], "_c1": ["2", "4"]}),
        ('[{"a": 1}, {"a": 2, "b": 3}]', {"a": ["1", "2"], "b": [None, "3"]}),
        ('{"a": 1}\n{"a": 2}', {"a": ["1", "2"]}),
        (
            '{"instances": [{"features": [1, 2]}, {"features": [3, 4]}]}',
            {"features_0": ["1", "3"], "features_1": ["2", "4"]},
        ),
        ('{"instances": [[1, 2], [3, 4]]}', {"_c0": ["1", "3"], "_c1": ["2", "4"]}),
        ('{"predictions": [3.5, 4.0]}', {"predictions": ["3.5", "4.0"]}),
        ("7", {"_c0": ["7"]}),
        ('{"x": 1e999}', {"x": ["inf"]}),
    ],
)
def test_json_payloads(payload: str, expected: dict[str, list[str | None]]) -> None:
    assert cells(read_captures([record(side(payload, "JSON"), None)])) == expected


def test_json_columns_are_matched_by_name_whatever_their_order() -> None:
    lines = [record(side('{"a": 1, "b": 2}', "JSON"), "0"), record(side('{"b": 4, "a": 3, "c": 5}', "JSON"), "1")]
    assert cells(read_captures(lines)) == {"_c0": ["0", "1"], "a": ["1", "3"], "b": ["2", "4"], "c": [None, "5"]}


def test_an_input_named_like_an_output_keeps_its_own_column() -> None:
    lines = [record(side('{"score": 1}', "JSON"), side('{"score": 0.5}', "JSON"))]
    assert cells(read_captures(lines)) == {"score": ["0.5"], "score_input": ["1"]}


def test_one_request_with_several_rows() -> None:
    captures = read_captures([record("1,2\n3,4\n", "0.1\n0.2\n", event_id="several"), record("5,6", "0.3")])
    assert cells(captures) == {"_c0": ["0.1", "0.2", "0.3"], "_c1": ["1", "3", "5"], "_c2": ["2", "4", "6"]}
    assert (captures.read, captures.used, captures.rows) == (2, 2, 3)
    assert [origin.event_id for origin in captures.origins] == ["several", "several", "event"]


def test_an_answer_of_n_values_on_one_line_is_one_for_each_row() -> None:
    assert cells(read_captures([record("1\n2\n3", "0.1,0.2,0.3")])) == {
        "_c0": ["0.1", "0.2", "0.3"],
        "_c1": ["1", "2", "3"],
    }


def test_quoted_cells_empty_cells_and_blanks() -> None:
    captures = read_captures([record('"a,b",, 3 ', "0.5")])
    assert cells(captures) == {"_c0": ["0.5"], "_c1": ["a,b"], "_c2": [None], "_c3": ["3"]}


def test_origins_say_when_and_which_request() -> None:
    (origin,) = read_captures([record(inference_id="mine", event_id="theirs")]).origins
    assert (origin.event_id, origin.inference_id, origin.inference_time) == ("theirs", "mine", "2026-01-01T10:00:01Z")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"captureData": {"endpointInput": {"data": "1', "not JSON"),
        (b'{"captureData": "\xff"}', "not UTF-8"),
        ("[1, 2]", "not a JSON object"),
        ("{}", "no captureData"),
        (record(None, None), "neither endpointInput nor endpointOutput was captured"),
        (record({"encoding": "CSV"}), "a captured side without data"),
        (record(side("1", "XML")), "unknown encoding"),
        (record(side("!!", "BASE64")), "BASE64 that holds no UTF-8 text"),
        (record(side(base64.b64encode(b"\xff\xfe").decode(), "BASE64")), "BASE64 that holds no UTF-8 text"),
        (record(side("{", "JSON")), "payload is no JSON"),
        (record(side('{"a": {"b": 1}}', "JSON")), "nested JSON: flatten it in a record preprocessor"),
        (record(side("[" * 100_000, "JSON")), "payload is no JSON"),
        (record('1,"2'), "not CSV"),
        (record("1,2\n3", "1\n2"), "rows of one payload differ in length"),
        (record(side("[[1, 2], [2]]", "JSON"), "1\n2"), "rows of one payload differ in shape"),
        (record("1\n2\n3", "1\n2"), "numbers of rows in input and output differ"),
        (record('\n"\n', "1"), "not CSV"),
    ],
)
def test_a_record_that_cannot_be_used_is_counted_with_its_reason(line: str | bytes, reason: str) -> None:
    assert only_reason(line) == reason


def test_ragged_records_are_those_that_differ_from_the_others() -> None:
    captures = read_captures([record("1,2"), record("1,2,3"), record("3,4")])
    assert captures.rows == 2
    assert dict(captures.skipped) == {"4 columns where 3 are expected": 1}
    assert captures.problems[0].line == 2


def test_ragged_records_are_those_that_differ_from_the_baseline() -> None:
    captures = read_captures([record("1,2,3"), record("1,2,3"), record("3,4")], columns=["y", "a", "b"])
    assert cells(captures) == {"y": ["0.5"], "a": ["3"], "b": ["4"]}
    assert dict(captures.skipped) == {"4 columns where 3 are expected": 2}


def test_a_record_without_an_output_is_skipped_only_if_others_have_one() -> None:
    assert dict(read_captures([record("1,2"), record("1,2", None)]).skipped) == {"no endpointOutput": 1}
    assert cells(read_captures([record("1,2", None), record("3,4", None)])) == {"_c0": ["1", "3"], "_c1": ["2", "4"]}


def test_only_the_side_that_was_asked_for() -> None:
    assert cells(read_captures([record("1,2", "0.5")], sides=["endpointOutput"])) == {"_c0": ["0.5"]}


def test_labels_of_merged_records_have_a_column_of_their_own() -> None:
    captures = read_captures(
        [record("1", "0.5,1", truth="1"), record("2", "0.5,0")], sides=["endpointOutput", "groundTruthData"]
    )
    assert cells(captures) == {"_c0": ["0.5"], "_c1": ["1"], "groundTruthData": ["1"]}
    assert dict(captures.skipped) == {"no groundTruthData": 1}


def test_the_window_includes_its_start_and_not_its_end() -> None:
    times = ["2026-01-01T09:59:59Z", "2026-01-01T10:00:00Z", "2026-01-01T11:59:59+01:00", "2026-01-01T11:00:00Z"]
    lines = [record(str(number), time=time) for number, time in enumerate(times)]
    lines += [record("4", time=None), record("5", time="yesterday"), '{"a": 1}', '{"captureData": []}']
    captures = read_captures(
        lines, start=datetime(2026, 1, 1, 10, tzinfo=UTC), end=datetime(2026, 1, 1, 11, tzinfo=UTC)
    )
    assert cells(captures)["_c1"] == ["1", "2"]
    assert (captures.read, captures.used, captures.outside) == (6, 2, 2)
    # What is no capture has no time either; that is not what is wrong with it.
    assert dict(captures.skipped) == {"no inferenceTime": 1, "inferenceTime is no time": 1, "no captureData": 2}


def test_a_folder_is_read_in_the_order_of_time_gzip_included(tmp_path: Path) -> None:
    write(tmp_path / "ep/Primary/2026/01/01/11/a.jsonl", [record("2")])
    write(tmp_path / "ep/Primary/2026/01/01/10/b.jsonl", [record("1"), "", "{"])
    (tmp_path / "ep/Primary/2026/01/01/12").mkdir()
    (tmp_path / "ep/Primary/2026/01/01/12/c.jsonl.gz").write_bytes(gzip.compress(record("3").encode()))
    (tmp_path / "ep/notes.txt").write_text("not captured data")
    captures = read_captures(tmp_path)
    assert cells(captures)["_c1"] == ["1", "2", "3"]
    (problem,) = captures.problems
    assert (problem.source, problem.line) == (str(tmp_path / "ep/Primary/2026/01/01/10/b.jsonl"), 3)


def test_a_gzip_file_that_is_still_being_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    lines = "".join(record(str(random.Random(i).random())) + "\n" for i in range(500))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    captures = read_captures(path)
    assert captures.used > 0
    assert captures.skipped["gzip file is cut short or damaged"] == 1
    assert captures.read == captures.used + sum(captures.skipped.values())


def test_a_gzip_file_that_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    content = bytearray(gzip.compress((record("1") + "\n").encode() * 3))
    content[20:30] = b"\xff" * 10
    path.write_bytes(content)
    captures = read_captures(path)
    assert captures.skipped["gzip file is cut short or damaged"] == 1
    assert captures.read == captures.used + sum(captures.skipped.values())


def test_a_window_without_a_zone_is_of_utc() -> None:
    lines = [record("1", time="2026-01-01T10:00:00Z"), record("2", time="2026-01-01T09:00:00")]
    assert read_captures(lines, start=datetime(2026, 1, 1, 9, 30)).used == 1
    assert read_captures(lines, end=datetime(2026, 1, 1, 9, 30)).used == 1


def test_nothing_to_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        read_captures(tmp_path / "absent")
    with pytest.raises(InputError, match="no captured data"):
        read_captures(tmp_path)


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    captures = read_captures(write(tmp_path / "a.jsonl", []))
    assert (captures.read, captures.rows, captures.data.names) == (0, 0, [])
    assert captures.table.num_rows == 0


def test_a_preprocessor_makes_the_rows() -> None:
    def preprocess(parsed: dict[str, object]) -> list[dict[str, object]]:
        data = json.loads(json.dumps(parsed))["captureData"]["endpointInput"]["data"]
        return [] if data == "drop" else [{"a": float(data), "b": None}]

    captures = read_captures([record("1"), record("drop"), record("2")], preprocess=preprocess)
    assert cells(captures) == {"a": ["1.0", "2.0"], "b": [None, None]}
    assert (captures.read, captures.used) == (3, 3)


def test_a_preprocessor_that_fails_on_a_record_loses_that_record() -> None:
    captures = read_captures([record("1"), record("x")], preprocess=lambda parsed: [{"a": float(_given(parsed))}])
    assert cells(captures) == {"a": ["1.0"]}
    assert dict(captures.skipped) == {"the record preprocessor raised ValueError": 1}


def test_a_preprocessor_may_number_the_columns() -> None:
    captures = read_captures(
        [record("7;8")],
        columns=["x", "y"],
        preprocess=lambda parsed: [{str(i).zfill(20): cell for i, cell in enumerate(_given(parsed).split(";"))}],
    )
    assert cells(captures) == {"x": ["7"], "y": ["8"]}


def _given(parsed: dict[str, Any]) -> str:
    return str(parsed["captureData"]["endpointInput"]["data"])


def test_the_repr_says_what_was_left_out() -> None:
    assert repr(read_captures([record(), "{"])) == "<Captures: 1 of 2 records used, 1 rows x 3 columns, 1 x not JSON>"
