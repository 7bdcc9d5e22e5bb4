"""Labels as people write them, and what is said of those that cannot be read."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.capture import read_labels
from drift_tools.capture.records import payload
from drift_tools.endpoint.label_upload import ground_truth_lines
from drift_tools.errors import InputError
from tests.drift_tools.records import label, write


def line(truth: Any, **more: Any) -> str:
    return json.dumps({"groundTruthData": truth, "eventMetadata": {"eventId": "e"}, **more})


def texts(content: bytes, folder: Path) -> list[str | None]:
    (folder / "l.jsonl").write_bytes(content)
    labels = read_labels(folder)
    labels.require_readable(0.0)
    found = [payload(truth) for truth in labels.by_id.values()]
    return [block[1][0][0] for block in found if block is not None]


TWO = label("a", "1") + "\n" + label("b", "0") + "\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TWO.encode(), ["1", "0"]),
        (TWO[:-1].encode(), ["1", "0"]),
        (TWO.replace("\n", "\r\n").encode(), ["1", "0"]),
        (("\ufeff" + TWO).encode(), ["1", "0"]),
        (("\n\n" + TWO + "\n \n").encode(), ["1", "0"]),
        (line({"data": 7, "encoding": "CSV"}).encode(), ["7"]),
        (line({"data": True, "encoding": "CSV"}).encode(), ["true"]),
        (line({"data": 0.5, "encoding": "JSON"}).encode(), ["0.5"]),
        (line({"data": '"a, b"', "encoding": "JSON"}).encode(), ["a, b"]),
        (line({"data": "[3]", "encoding": "JSON"}).encode(), ["3"]),
    ],
)
def test_labels_are_read(content: bytes, expected: list[str], tmp_path: Path) -> None:
    assert texts(content, tmp_path) == expected


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"[{label('a', '1')},{label('b', '0')}]", "a JSON array: write one label a line"),
        ("[\n" + TWO.strip().replace("\n", ",\n") + "\n]", "JSON over several lines, or an array: write one label a"),
        (json.dumps(json.loads(label("a", "1")), indent=1), "JSON over several lines, or an array: write one label a"),
        (label("a", "1") + label("b", "0"), "several JSON objects in one line: write one label a line"),
        (str(json.loads(label("a", "1"))), "Python's own text of a dictionary: write it with json.dumps"),
        ('{"groundTruthData"', "JSON that ends early: was the file cut short?"),
        (label("a", "1")[:-9], "JSON that ends early: was the file cut short?"),
        ("a,1", "CSV, it seems: drift_tools ground-truth writes labels of it"),
        ("id;label", "CSV, it seems: drift_tools ground-truth writes labels of it"),
        ("hello", "not JSON"),
        ('{"a": 01}', "not JSON"),
        ("PAR1\x15", "no text (UTF-16, Parquet or an archive?): write JSON Lines in UTF-8"),
        ("a\0b", "no text (UTF-16, Parquet or an archive?): write JSON Lines in UTF-8"),
        ("7", "not a JSON object"),
        (
            '{"groundTruthData": {"data": "1", "encoding": "CSV"}}',
            "no eventMetadata.eventId: there are groundTruthData",
        ),
        ('{"id": "e", "label": 1}', "no eventMetadata.eventId: there are id, label"),
        ('{"eventMetadata": {"eventID": "e"}}', "no eventMetadata.eventId: there are eventID"),
        ('{"eventId": "e"}', "no eventMetadata.eventId, and an eventId outside of eventMetadata, where it belongs"),
        ('{"eventMetadata": {"eventId": null}}', "eventMetadata.eventId is neither text nor a whole number"),
        ('{"eventMetadata": {"eventId": ["e"]}}', "eventMetadata.eventId is neither text nor a whole number"),
        ('{"eventMetadata": {"eventId": 1.0}}', "eventMetadata.eventId is neither text nor a whole number"),
        ('{"captureData": {}, "eventMetadata": {"eventId": "e"}}', "a captured record, and no label"),
        (
            '{"groundTruth": 1, "eventMetadata": {"eventId": "e"}}',
            "a line without groundTruthData: there are eventMetadata, groundTruth",
        ),
        ('{"eventMetadata": {"eventId": "e", "eventId": "f"}}', "'eventId' stands twice in one object: keep one of"),
        (
            '{"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"inferenceId": "e"}}',
            "no eventMetadata.eventId, and an inferenceId, which belongs there",
        ),
        ('{"eventMetadata": {"eventId": "e"}}', "a line without groundTruthData"),
        (line("1"), 'groundTruthData is no object: write {"data": "1", "encoding": "CSV"}'),
        (line({"encoding": "CSV"}), "groundTruthData without data"),
        (line({"data": "1"}), 'groundTruthData without an encoding: write "encoding": "CSV" beside the data'),
        (line({"data": "1", "encoding": "XML"}), "the encoding 'XML': write one of CSV, JSON, BASE64"),
        (line({"data": "1", "encoding": "csv"}), "the encoding 'csv': write one of CSV, JSON, BASE64"),
        (line({"data": [1], "encoding": "JSON"}), "data is a JSON array: write it as text, with json.dumps, and the"),
        (line({"data": {"label": 1}, "encoding": "JSON"}), "data is a JSON object: write it as text"),
        (line({"data": math.nan, "encoding": "CSV"}), "an empty label"),
        (line({"data": "", "encoding": "CSV"}), "an empty label"),
        (line({"data": "New York, NY", "encoding": "CSV"}), "a label of several columns: quote a text that holds a"),
        (line({"data": '{"a": {"b": 1}}', "encoding": "JSON"}), "nested JSON: flatten it in a record preprocessor"),
    ],
)
def test_labels_that_cannot_be_read_are_named_with_their_place(content: str, reason: str, tmp_path: Path) -> None:
    write(tmp_path / "l.jsonl", [content])
    labels = read_labels(tmp_path)
    # The last line of an array is a label like any other.
    assert labels.unreadable == labels.lines - len(labels.by_id) > 0
    assert next(iter(labels.skipped)).startswith(reason)
    with pytest.raises(InputError) as caught:
        labels.require_readable(0.1)
    assert str(caught.value).startswith(f"{labels.unreadable} of {labels.lines} lines of the labels cannot be read (")
    assert str(caught.value).endswith(
        f"the first is {tmp_path / 'l.jsonl'}, line 1: fix the labels' files, or write them with drift_tools "
        "ground-truth"
    )


def test_few_unreadable_labels_are_said_and_stop_nothing(tmp_path: Path) -> None:
    write(tmp_path / "l.jsonl", [*(label(f"e{at}", "1") for at in range(19)), "{"])
    labels = read_labels(tmp_path)
    labels.require_readable(0.1)
    assert labels.summary == (
        "1 of 20 lines of the labels cannot be read (1 x JSON over several lines, or an array: write one label a "
        f"line); the first is {tmp_path / 'l.jsonl'}, line 20"
    )
    with pytest.raises(InputError, match="1 of 20 lines of the labels cannot be read"):
        labels.require_readable(0.01)


def test_a_folder_without_labels_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "labels.json").write_text("[]")
    with pytest.raises(
        InputError,
        match=r"no labels \(\*\.jsonl\) in this folder: there are 1 \.json: labels are JSON Lines",
    ):
        read_labels(tmp_path)


@given(st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.strip(" \t\r\n")))
def test_what_is_written_is_read_back(text: str) -> None:
    (written,) = ground_truth_lines({"id": text})
    found = payload(json.loads(written)["groundTruthData"])
    # Blanks around a cell are no part of it, of labels as of predictions.
    assert found == ((None,), [[text.strip(" \t\r\n")]])
