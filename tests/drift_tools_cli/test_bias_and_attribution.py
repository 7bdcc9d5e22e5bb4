"""`bias` and `attribution` as people type them."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.__main__ import main

SCRIPT = """
class Model:
    def predict(self, rows):
        return rows[:, 0] * WEIGHT + rows[:, 1]

def model_fn(model_dir):
    return Model()
"""


def people(path: Path, seed: int, gap: float = 0.0) -> str:
    """2,000 people; of the women `gap` fewer are predicted to be employed."""
    rng = np.random.default_rng(seed)
    sex = rng.choice([1, 2], 2000)
    employed = rng.random(2000) < 0.6
    predicted = rng.random(2000) < np.where(employed, 0.85, 0.2) - gap * (sex == 2)
    lines = [f"{s},{int(e)},{int(p)},{i % 3}" for i, (s, e, p) in enumerate(zip(sex, employed, predicted, strict=True))]
    path.write_text("\n".join(["SEX,employed,prediction,region", *lines]))
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        raise SystemExit(main(list(arguments)))
    seen = capsys.readouterr()
    return int(left.value.code or 0), seen.out, seen.err


BIAS = ("--label", "employed", "--positive", "1", "--facet", "SEX=2", "--predicted", "prediction")


def test_a_baseline_and_what_has_drifted_from_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    baseline = str(tmp_path / "analysis.json")
    made = ("bias", people(tmp_path / "base.csv", 1), *BIAS, "--group-variable", "region", "--format", "json")
    assert run(capsys, *made, "--output", baseline)[0] == 0
    document = json.loads(Path(baseline).read_text())
    group = document["post_training_bias_metrics"]["facets"]["SEX"][0]
    assert group["value_or_threshold"] == "2"
    assert {metric["name"] for metric in group["metrics"]} >= {"DPPL", "DI", "FT", "CDDPL"}

    clean = ("bias", people(tmp_path / "clean.csv", 2), *BIAS, "--baseline", baseline, "--fail-on-drift")
    assert run(capsys, *clean)[0] == 0
    drifted = ("bias", people(tmp_path / "now.csv", 3, 0.3), *BIAS, "--baseline", baseline, "--fail-on-drift")
    status, out, _ = run(capsys, *drifted)
    assert status == 1
    assert "DPPL" in out
    status, out, _ = run(capsys, *drifted, "--format", "json")
    violations = {item["metric_name"]: item for item in json.loads(out)["violations"]}
    assert violations["DPPL"]["facet_value"] == "2"
    assert violations["DPPL"]["description"].startswith("Metric value 0.")
    assert "DPL" not in violations


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("--label", "Employed"), "there is no column 'Employed' to be the label"),
        (("--facet", "region=0", "--group-variable", "nope"), "'nope' to be the group variable"),
        (("--baseline", "{folder}/base.csv"), "not JSON"),
    ],
)
def test_unusable_arguments_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, ...], words: str
) -> None:
    data = people(tmp_path / "base.csv", 1)
    status, _, err = run(capsys, "bias", data, *BIAS, *(part.format(folder=tmp_path) for part in change))
    assert status == 2
    assert words in err
    assert err.count("\n") == 1


def model(folder: Path, weight: float) -> str:
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "inference.py").write_text(SCRIPT.replace("WEIGHT", str(weight)))
    return str(folder)


def test_a_ranking_and_how_it_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    data = tmp_path / "rows.csv"
    rows = [",".join(map(str, row)) for row in np.round(rng.normal(size=(200, 2)), 3)]
    data.write_text("\n".join(["a,b", *rows]))
    baseline = str(tmp_path / "analysis.json")
    first = ("attribution", str(data), "--model", model(tmp_path / "one", 10), "--format", "json", "--output", baseline)
    assert run(capsys, *first)[0] == 0
    explained: dict[str, Any] = json.loads(Path(baseline).read_text())
    importance = explained["explanations"]["permutation_shap"]["label0"]["global_shap_values"]
    assert list(importance) == ["a", "b"]
    assert importance["a"] > 5 * importance["b"]

    same = ("attribution", str(data), "--model", str(tmp_path / "one"), "--baseline", baseline, "--fail-on-drift")
    status, out, _ = run(capsys, *same)
    assert (status, "nDCG 1.000, at least 0.9 required: no drift" in out) == (0, True)
    turned = ("attribution", str(data), "--model", model(tmp_path / "two", 0.01), "--baseline", baseline)
    status, out, _ = run(capsys, *turned, "--fail-on-drift")
    assert (status, ": drift of the ranking" in out) == (1, True)


def test_a_model_that_cannot_be_asked_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = people(tmp_path / "base.csv", 1)
    status, _, err = run(capsys, "attribution", data, "--model", model(tmp_path / "one", 1), "--score", "4")
    assert status == 2
    assert "column 4 of the model's answer is no number" in err


@pytest.mark.parametrize(("cell", "score"), [("inf", "inf"), ("nan", "nan"), ("1e200", "inf")])
def test_a_score_without_a_number_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], cell: str, score: str
) -> None:
    """Each importance would be NaN, and a ranking of NaN never another one: "no drift", for ever."""
    (tmp_path / "rows.csv").write_text("\n".join(["a,b", *(f"{cell if at == 7 else at},{at % 5}" for at in range(60))]))
    asked = ("attribution", str(tmp_path / "rows.csv"), "--model", model(tmp_path / "one", 2))
    status, out, err = run(capsys, *asked)
    assert (status, out) == (2, "")
    assert re.fullmatch(
        rf"drift_tools: the model's score is {score} of the row '.*', and no number that can be explained of \d+ in "
        r"\d+ rows: have the model answer such rows with a number, or leave them out\n",
        err,
    )
