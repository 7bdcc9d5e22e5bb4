"""Attributes of an answer that are JMESPath expressions."""

import json

import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.capture import OUTPUT, iterate_captures
from drift_tools.capture import blocks as capture_blocks
from drift_tools.capture.json_paths import json_paths
from drift_tools.errors import InputError, UnusableError
from tests.drift_tools.records import record, side

ANSWER = {"predictions": [{"score": 0.75, "labels": ["a", "b"]}], "data": {"score": 3}, "my.key": 7, "max": [1, 5]}


@pytest.mark.parametrize(
    "path",
    ["predictions[0].score", "data.score", "predictions[0].labels[1]", "max[-1]", "max(max)", "predictions[].score"],
)
def test_values_are_those_of_the_library(path: str) -> None:
    (found,) = json_paths([path])
    assert found.search(ANSWER) == jmespath.search(path, ANSWER)


def test_a_key_with_a_dot_is_that_key() -> None:
    (found,) = json_paths(["my.key"])
    assert found.search(ANSWER) == 7


@pytest.mark.parametrize("attributes", [[], ["0"], ["score"], ["0", "1"], ["my-key"], ["größe", "a b"]])
def test_names_and_positions_are_no_expressions(attributes: list[str]) -> None:
    assert json_paths(attributes) == ()


def test_a_position_beside_an_expression_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        json_paths(["predictions[0].label", "1"])
    assert str(caught.value) == (
        "predictions[0].label is a JMESPath and 1 a position, which an answer does not have both: write the position "
        "as a JMESPath, such as [1]"
    )


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("predictions[0", "it ends too early"),
        ("predictions[0].", "it ends too early"),
        ("scores[?p >", "it ends too early"),
        ("max(@", "it ends too early"),
        ("predictions[0]score", "'s' at character 15 cannot stand there"),
        ("predictions[0]]", "']' at character 15 cannot stand there"),
        ("predictions..score", "'.' at character 13 cannot stand there"),
        ("a.b[years]", "'y' at character 5 cannot stand there"),
        ('"score', "'\"' at character 1 cannot stand there"),
    ],
)
def test_an_expression_that_cannot_be_parsed_is_told_with_its_place(path: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        json_paths(["0", path])
    assert str(caught.value) == (
        f"{path} is a JMESPath that cannot be parsed: {said}; correct it (a key with such characters is written in "
        "double quotes)"
    )


@pytest.mark.parametrize("name", ["age [years]", "model-v1.0", "50%", "rate*", "a.b-c", "größe.m", "user@score"])
def test_a_name_that_merely_looks_odd_is_a_name(name: str) -> None:
    assert json_paths(["0", name]) == ()


@pytest.mark.parametrize("path", ["a.b", "predictions[3]", "max(data)"])
def test_what_is_not_there_is_a_reason(path: str) -> None:
    with pytest.raises(UnusableError, match="in the answer"):
        json_paths([path])[0].search(ANSWER)


def read(answers: list[object], *attributes: str, fast: bool) -> dict[str, list[str | None]]:
    lines = [record("1,2", side(json.dumps(answer), "JSON", "application/json")) for answer in answers]
    (batch,) = iterate_captures(lines, attributes=attributes, sides=(OUTPUT,), fast=fast)
    assert batch.used == len(answers), batch.skipped
    return {name: column.as_texts().tolist() for name, column in batch.data.columns.items()}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """So few lines are otherwise read with care in any case."""
    monkeypatch.setattr(capture_blocks, "_FEW", 2)


@pytest.mark.usefixtures("at_once")
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=2, max_size=12))
def test_both_readers_find_the_same(values: list[tuple[float, bool]]) -> None:
    answers: list[object] = [{"predictions": [{"score": score, "more": [label, "x"]}]} for score, label in values]
    expected = {
        "predictions[0].score": [repr(score) for score, _ in values],
        "predictions[0].more[0]": ["true" if label else "false" for _, label in values],
    }
    for fast in (True, False):
        assert read(answers, *expected, fast=fast) == expected


def test_an_expression_that_computes_is_read_with_care() -> None:
    answers: list[object] = [{"p": [at / 200, 1 - at / 200]} for at in range(100)]
    for fast in (True, False):
        assert read(answers, "max(p)", fast=fast) == {"max(p)": [repr(1 - at / 200) for at in range(100)]}


def test_a_list_of_values_is_as_many_rows() -> None:
    answers: list[object] = [{"predictions": [{"s": 1}, {"s": 2}]}, {"predictions": [{"s": 3}]}]
    assert read(answers, "predictions[].s", fast=True) == {"predictions[].s": ["1", "2", "3"]}
