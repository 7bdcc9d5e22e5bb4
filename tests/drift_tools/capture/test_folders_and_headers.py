"""What is there in the place of captures, and headers among the data."""

import json
from pathlib import Path

import pytest

from drift_tools.capture import read_captures
from drift_tools.errors import InputError
from tests.drift_tools.records import record

EMPTY = "it is empty: check the window, the endpoint's name and variant"
OTHERS = "name a folder with the endpoint's captures, or the file itself if it holds JSON Lines"


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, EMPTY),
        ({"a.json": '{"captureData": {}}', "b.json": "{}"}, f"there are 2 .json: {OTHERS}"),
        ({"a.csv": "1,2", "b.CSV": "1,2", "_SUCCESS": ""}, f"there are 2 .csv, 1 _SUCCESS: {OTHERS}"),
        ({"in.csv.out": "0.5"}, "there are 1 .out: *.out is what a batch transform answered: compare it as a table"),
        (
            {"input/2026/01/01/10/x.json": json.dumps([{"prefix": "s3://in/"}, "a.csv"])},
            "there are 1 .json: these are manifests of a batch transform, which name its files: give the files",
        ),
    ],
)
def test_a_folder_without_captures_says_what_is_there(files: dict[str, str], says: str, tmp_path: Path) -> None:
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_captures(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: no captured data (*.jsonl) in this folder: {says}")


HEADED = {"age": ["30", "40"], "income": ["100", "200"]}


@pytest.mark.parametrize(
    ("given", "answer", "columns", "expected"),
    [
        ("age,income\n30,100\n40,200\n", "0\n1\n", None, {"_c0": ["0", "1"], **HEADED}),
        ("age,income\n30,100\n40,200\n", "0\n1\n", ["label", "age", "income"], {"label": ["0", "1"], **HEADED}),
        # In other letters the columns are the same; without a title they are the index of a data frame.
        ("AGE,Income\n30,100\n40,200\n", "0\n1\n", ["label", "age", "income"], {"label": ["0", "1"], **HEADED}),
        (",age,income\n0,30,100\n1,40,200\n", "0\n1\n", None, {"_c0": ["0", "1"], **HEADED}),
        ("age,income\n30,100\n40,200\n", "p,q\n0,1\n1,0", None, {"p": ["0", "1"], "q": ["1", "0"], **HEADED}),
        ("30,100\n40,200\n", "0,1", None, {"_c0": ["0", "1"], "_c1": ["30", "40"], "_c2": ["100", "200"]}),
        # A header beside as many answers as lines: the model has answered it, too.
        ("age,income\n30,100\n", "0\n1", ["label", "age", "income"], None),
        ("age,income", "0", ["label", "age", "income"], None),
    ],
)
def test_headers_among_the_data(
    given: str, answer: str, columns: list[str] | None, expected: dict[str, list[str]] | None
) -> None:
    lines = [record(given, answer)] * 3
    for fast in (True, False):
        found = read_captures(lines, columns=columns, fast=fast)
        if expected is None:
            assert found.used == 0
            continue
        assert found.skipped == {}
        texts = {name: column.as_texts().tolist()[:2] for name, column in found.data.columns.items()}
        assert texts == expected
