"""JSON requests that leave keys out, and answers without a name: each cell is under its own column's name."""

import json
from collections.abc import Sequence
from typing import Any

import pytest

from drift_tools.capture import read_captures
from tests.drift_tools.records import record, side

REQUESTS: list[dict[str, Any]] = [{"x": 1, "c": "a"}, {"c": "b"}, {"x": 2, "c": "a", "new": 1}]


def read(
    requests: Sequence[object], columns: Sequence[str], *, outputs_first: bool, fast: bool
) -> dict[str, list[Any]]:
    lines = [
        record(side(json.dumps(request), "JSON", "application/json"), f"0.{number}")
        for number, request in enumerate(requests, 1)
    ]
    found = read_captures(lines, columns=columns, outputs_first=outputs_first, fast=fast)
    assert found.used == len(lines)
    return {name: found.table.column(name).to_pylist() for name in found.table.column_names}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("columns", "outputs_first", "name"),
    [
        (["score", "x", "c"], True, "score"),
        (["x", "c", "score"], False, "score"),
        # The baseline has the requests' columns alone: the answer is none of them, though a row has as many cells.
        (["x", "c"], True, "_c0"),
    ],
)
def test_an_answer_keeps_its_name(columns: list[str], outputs_first: bool, name: str, fast: bool) -> None:
    found = read(REQUESTS, columns, outputs_first=outputs_first, fast=fast)
    assert found == {name: [0.1, 0.2, 0.3], "x": [1, None, 2], "c": ["a", "b", "a"], "new": [None, None, 1]}


@pytest.mark.parametrize("fast", [True, False])
def test_a_window_in_which_nobody_sends_a_key(fast: bool) -> None:
    found = read(REQUESTS[1:2] * 2, ["score", "x", "c"], outputs_first=True, fast=fast)
    assert found == {"score": [0.1, 0.2], "c": ["b", "b"]}


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (["score", "x", "c"], "score"),
        (["predictions", "x", "c"], "predictions"),  # a baseline that has the name that servers give
        (["x", "c"], "predictions"),
        (None, "predictions"),
    ],
)
def test_predictions_is_a_name_for_want_of_a_better_one(columns: list[str] | None, name: str, fast: bool) -> None:
    """As TensorFlow Serving and programs of people answer: one value a row."""
    lines = [
        record(
            side(json.dumps({"instances": rows}), "JSON", "application/json"),
            side(json.dumps({"predictions": scores}), "JSON", "application/json"),
        )
        for rows, scores in (([{"x": 1, "c": "a"}, {"x": 2, "c": "b"}], [0.1, 0.2]), ([{"c": "b"}], [0.3]))
    ]
    found = read_captures(lines, columns=columns, fast=fast)
    assert {name: found.table.column(name).to_pylist() for name in found.table.column_names} == {
        name: [0.1, 0.2, 0.3],
        "x": [1, 2, None],
        "c": ["a", "b", "b"],
    }
