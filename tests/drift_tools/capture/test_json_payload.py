"""JSON payloads in the shapes that model servers and data frames give them."""

import json
from typing import Any

import pytest

from drift_tools.capture import read_captures
from drift_tools.capture.json_payload import by_column, json_rows
from drift_tools.errors import UnusableError
from tests.drift_tools.records import record, side

# A data frame of pandas, as its `to_dict` writes it.
RECORDS = [{"lon": -122.4, "lat": 37.8}, {"lon": -117.0, "lat": 32.8}]
SPLIT = {"index": [0, 1], "columns": ["lon", "lat"], "data": [[-122.4, 37.8], [-117.0, 32.8]]}
COLUMNS = {"lon": [-122.4, -117.0], "lat": [37.8, 32.8]}
NAMED = (("lon", "lat"), [["-122.4", "37.8"], ["-117.0", "32.8"]])
PLAIN = ((None, None), [["1", "2"], ["3", "4"]])
ROWS = [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        # TensorFlow Serving: by row, by column, with what may stand beside.
        ({"instances": ROWS}, PLAIN),
        ({"signature_name": "serving_default", "instances": ROWS}, PLAIN),
        ({"inputs": ROWS}, PLAIN),
        ({"outputs": ROWS}, PLAIN),
        ({"predictions": ROWS, "model_name": "m", "model_version": "1"}, PLAIN),
        ({"predictions": [0.5, 0.25]}, (("predictions",), [["0.5"], ["0.25"]])),
        ({"inputs": {"a": [[1], [2]], "b": [3, 4]}}, (("a", "b"), [["1", "3"], ["2", "4"]])),
        ({"outputs": {"p": [[0.1, 0.9], [0.8, 0.2]]}}, (("p_0", "p_1"), [["0.1", "0.9"], ["0.8", "0.2"]])),
        ({"inputs": {"a": 1, "b": "x"}}, (("a", "b"), [["1", "x"]])),
        # The open inference protocol.
        (
            {"inputs": [{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2, 3, 4]}]},
            (("x_0", "x_1"), [["1", "2"], ["3", "4"]]),
        ),
        (
            {"model_name": "m", "outputs": [{"name": "y", "shape": [2], "datatype": "FP32", "data": [0.1, 0.2]}]},
            (("y",), [["0.1"], ["0.2"]]),
        ),
        # MLflow and pandas.
        ({"dataframe_split": SPLIT}, NAMED),
        (SPLIT, NAMED),
        ({"columns": ["lon", "lat"], "data": SPLIT["data"]}, NAMED),
        ({"dataframe_records": RECORDS}, NAMED),
        (RECORDS, NAMED),
        ({"data": ROWS}, PLAIN),
        ({"features": ROWS}, PLAIN),
        # Vectors stay vectors.
        ({"features": [1, 2]}, (("features_0", "features_1"), [["1", "2"]])),
        ({"data": [1, 2], "id": "a"}, (("data_0", "data_1", "id"), [["1", "2", "a"]])),
        ([1, None, float("nan"), float("inf"), True], ((None,) * 5, [["1", None, None, "inf", "true"]])),
    ],
)
def test_shapes(payload: object, expected: tuple[tuple[str | None, ...], list[list[str | None]]]) -> None:
    assert json_rows(json.dumps(payload)) == expected


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"messages": [{"role": "user", "content": "hi"}], "max_tokens": 5}, "nested JSON: flatten it in a record"),
        ({"instances": [[[[0, 1], [2, 3]]]]}, "nested JSON: flatten it in a record preprocessor"),
        ({"instances": [{"b64": {"bytes": 1}}]}, "nested JSON: flatten it in a record preprocessor"),
        ({"inputs": {"a": [1, 2], "b": [3]}}, "columns of one payload differ in length"),
        ({"columns": ["a", "b"], "data": [[1]]}, "rows of one payload differ in shape"),
        ({"dataframe_split": {"columns": "ab", "data": []}}, "rows of one payload differ in shape"),
        ({"inputs": [{"name": "x", "shape": [2, 2], "data": [1, 2, 3]}]}, "rows of one payload differ in shape"),
        ({"inputs": [{"name": "x", "shape": [], "data": [1]}]}, "rows of one payload differ in shape"),
        ([[1, 2], [3]], "rows of one payload differ in shape"),
    ],
)
def test_what_has_no_rows_has_a_reason(payload: object, reason: str) -> None:
    with pytest.raises(UnusableError, match=reason):
        json_rows(json.dumps(payload))


def table(given: object, answer: object, **options: Any) -> dict[str, list[str | None]]:
    line = record(
        side(json.dumps(given), "JSON", "application/json"), side(json.dumps(answer), "JSON", "application/json")
    )
    found = read_captures([line] * 100, **options)
    assert found.used == 100, found.skipped
    careful = read_captures([line] * 100, fast=False, **options)
    texts = {name: column.as_texts().tolist() for name, column in found.data.columns.items()}
    assert texts == {name: column.as_texts().tolist() for name, column in careful.data.columns.items()}
    return {name: cells[: len(cells) // 100] for name, cells in texts.items()}


def test_columns_of_lists_are_rows_where_the_answer_has_as_many() -> None:
    rows = {"lon": ["-122.4", "-117.0"], "lat": ["37.8", "32.8"]}
    assert table(COLUMNS, {"value": [1.5, 2.5]}) == {"value": ["1.5", "2.5"], **rows}
    assert table(COLUMNS, [1.5, 2.5]) == {"_c0": ["1.5", "2.5"], **rows}
    assert table(COLUMNS, [[1.5], [2.5]]) == {"_c0": ["1.5", "2.5"], **rows}
    assert table({"lon": [1, 2]}, [{"p": 0.5}, {"p": 0.25}]) == {"p": ["0.5", "0.25"], "lon": ["1", "2"]}


def test_columns_of_lists_are_vectors_where_the_answer_has_one_row() -> None:
    assert table(COLUMNS, 0.5) == {"_c0": ["0.5"], "lon_0": ["-122.4"], "lon_1": ["-117.0"], "lat_0": ["37.8"],
                                   "lat_1": ["32.8"]}  # fmt: skip
    assert list(table({"features": [1, 2]}, {"probabilities": [0.1, 0.9]})) == [
        "probabilities_0", "probabilities_1", "features_0", "features_1"]  # fmt: skip


def test_the_names_of_the_baseline_say_what_columns_of_lists_are() -> None:
    vectors = ["p", "lon_0", "lon_1", "lat_0", "lat_1"]
    assert list(table(COLUMNS, [0.1, 0.9], columns=vectors)) == ["_c0", "_c1", *vectors[1:]]
    assert table({"lon": [1], "lat": [2]}, {"p": [0.5]}, columns=["p", "lon", "lat"]) == {
        "p": ["0.5"], "lon": ["1"], "lat": ["2"]}  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [("a_0", "a_2"), ("a_0", "b"), ("a_0", "a_1", "b_0"), ("a", "b"), (None, None), ("_0",), ("a_1", "a_0")],
)
def test_what_is_no_data_frame_by_column(names: tuple[str | None, ...]) -> None:
    assert by_column((names, [["1"] * len(names)])) is None
    assert by_column((("a_0",), [["1"], ["2"]])) is None
