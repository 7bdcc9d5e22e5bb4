import csv
import json
import runpy
from pathlib import Path

import pytest

from model.train import ARTIFACT, FEATURES, HERE, train

serving = runpy.run_path(str(ARTIFACT / "code" / "inference.py"))
model = serving["model_fn"](str(ARTIFACT))


def answer(body: str, content_type: str = "text/csv", accept: str = "text/csv") -> tuple[str, str]:
    result: tuple[str, str] = serving["output_fn"](
        serving["predict_fn"](serving["input_fn"](body, content_type), model), accept
    )
    return result


def test_training_again_gives_the_committed_files(tmp_path: Path) -> None:
    train(tmp_path)
    for name in ("artifact/model.json", "baseline.csv", "baseline_quality.csv"):
        assert (tmp_path / name).read_text() == (HERE / name).read_text(), name


def test_the_baseline_has_the_endpoints_own_answers_first() -> None:
    with (HERE / "baseline.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["prediction", "probability", *FEATURES]
    assert len(rows) == 2_000
    for row in rows[:50]:
        assert answer(",".join(row[name] for name in FEATURES)) == (
            f"{row['prediction']},{row['probability']}",
            "text/csv",
        )


def test_the_same_row_always_gets_the_same_answer() -> None:
    # 4.086389·0.5 − 2.982832·0.5 + 2.195319·0.5 − 1.653302 = −0.003864, so the probability is 0.499034.
    assert {answer("0.5,0.5,0.5") for _ in range(3)} == {("0,0.499034", "text/csv")}


def test_several_rows_have_one_answer_a_line() -> None:
    # 4.086389 + 2.195319 − 1.653302 = 4.628406, so the second probability is 0.990324.
    assert answer("0.5,0.5,0.5\n1,0,1\n") == ("0,0.499034\n1,0.990324", "text/csv")


def test_json_is_answered_in_json() -> None:
    body, content_type = answer(
        '{"instances": [[0.5, 0.5, 0.5]]}', "application/json; charset=utf-8", "application/json"
    )
    assert content_type == "application/json"
    assert json.loads(body) == {"predictions": [{"prediction": 0, "probability": 0.499034}]}


def test_values_far_outside_of_the_training_range_are_answered() -> None:
    assert answer("1e6,-1e6,1e6")[0] == "1,1.0"
    assert answer("-1e6,1e6,-1e6")[0] == "0,0.0"


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        ("1,2", "text/csv", "a row has 2 values, the model takes 3: feature_1, feature_2, feature_3"),
        ("1,2,x", "text/csv", "could not convert string to float: 'x'"),
        ("<a/>", "text/xml", "content type 'text/xml' is not served: send text/csv or application/json"),
    ],
)
def test_what_it_cannot_serve_is_refused_in_one_line(body: str, content_type: str, message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        answer(body, content_type)
    assert str(refusal.value) == message
