"""Exact values of models in archives, held against the definition of Shapley values; why there are none of others."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.compose import make_column_transformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeRegressor

from drift_tools.errors import InputError
from drift_tools.monitors.attribution import Attribution, ModelProcess, attribute, model_process
from drift_tools.tables import Column, Table
from tests.drift_tools.attribution.definition import by_definition
from tests.drift_tools.attribution.forked import Forked

SCRIPT = """
import csv, io, joblib, os
import numpy as np

def model_fn(folder):
    return {"model": joblib.load(os.path.join(folder, "model.joblib")), "of": 0}

def input_fn(body, content_type):
    rows = [[float(a), float(b), c, float(d)] for a, b, c, d in csv.reader(io.StringIO(body))]
    return np.array(rows, dtype=object)

def predict_fn(rows, loaded):
    model = loaded["model"]
    if hasattr(model, "predict_proba"):
        return [(int(one > 0.5), one) for one in model.predict_proba(rows)[:, 1]]
    return [(0, one) for one in model.predict(rows)]

def output_fn(found, accept):
    return "".join(f"{label},{round(float(score), 7)}\\n" for label, score in found), "text/csv"
"""
NAMES = ("age", "income", "region", "debt")


@pytest.fixture(autouse=True)
def quick_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_process, "subprocess", SimpleNamespace(Popen=Forked, PIPE=subprocess.PIPE))


def people(number: int, seed: int) -> NDArray[Any]:
    random = np.random.default_rng(seed)
    rows = np.empty((number, 4), dtype=object)
    rows[:, 0] = random.normal(40, 10, number).round(3)
    rows[:, 1] = random.normal(100, 20, number).round(3)
    rows[:, 2] = random.choice(["north", "south", "west"], number)
    rows[:, 3] = random.normal(0, 1, number).round(3)
    return rows


def truth(rows: NDArray[Any]) -> NDArray[np.float64]:
    """With interactions, so that a value depends on which inputs are known."""
    age, income, debt = (rows[:, at].astype(float) for at in (0, 1, 3))
    found: NDArray[np.float64] = np.where(rows[:, 2] == "south", income / 10, age / 10) + debt * (age > 45)
    return found


def fitted(estimator: Any, *, classes: bool = False) -> Any:
    """A pipeline over numbers and one category."""
    encoded = make_column_transformer((OneHotEncoder(), [2]), (StandardScaler(), [0, 1, 3]), sparse_threshold=0)
    rows = people(400, 1)
    target = truth(rows)
    return make_pipeline(encoded, estimator).fit(rows, target > np.median(target) if classes else target)


def archived(folder: Path, model: Any) -> Path:
    (folder / "code").mkdir(parents=True)
    (folder / "code/inference.py").write_text(SCRIPT)
    joblib.dump(model, folder / "model.joblib")
    return folder


def explained(archive: Path, rows: NDArray[Any], **more: Any) -> Attribution:
    columns = [
        Column.from_strings(name, rows[:, at].tolist())
        if name == "region"
        else Column.from_cells(name, [repr(value) for value in rows[:, at].tolist()])
        for at, name in enumerate(NAMES)
    ]
    with ModelProcess(archive) as process:
        return attribute(Table.of(columns, len(rows)), NAMES, process, score=1, **more)


def expected(score: Callable[[NDArray[Any]], NDArray[Any]], rows: NDArray[Any], background: int) -> NDArray[Any]:
    chosen = np.random.default_rng(0).permutation(rows)[:background]
    return by_definition(score, rows, chosen)


def probability(model: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda rows: np.asarray(model.predict_proba(rows)[:, 1])


def log_odds(model: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda rows: np.asarray(model.decision_function(rows))


def prediction(model: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    return lambda rows: np.asarray(model.predict(rows))


@pytest.mark.parametrize(
    ("estimator", "score", "use_logit"),
    [
        (Ridge(), prediction, False),
        (LogisticRegression(), log_odds, True),
        (DecisionTreeRegressor(max_depth=5, random_state=0), prediction, False),
        (RandomForestRegressor(8, max_depth=4, random_state=0), prediction, False),
        (RandomForestClassifier(8, max_depth=4, random_state=0), probability, False),
        (ExtraTreesClassifier(8, max_depth=4, random_state=0), probability, False),
        (GradientBoostingRegressor(n_estimators=12, random_state=0), prediction, False),
        (GradientBoostingClassifier(n_estimators=12, random_state=0), log_odds, True),
        (HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=6), prediction, False),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "fit") else "",
)
def test_values_are_those_of_the_definition(estimator: Any, score: Any, use_logit: bool, tmp_path: Path) -> None:
    model = fitted(estimator, classes=score is not prediction)
    rows = people(12, 2)
    found = explained(archived(tmp_path / "model", model), rows, use_logit=use_logit)
    assert found.is_exact, found.how
    wanted = expected(score(model), rows, 12)
    values = found.values
    assert values is not None
    order = [NAMES.index(name) for name in found.importance]
    np.testing.assert_allclose(values, wanted[:, order], atol=1e-9)
    assert found.importance == pytest.approx(dict(zip(NAMES, np.abs(wanted).mean(axis=0), strict=True)))


@pytest.mark.parametrize(
    ("estimator", "classes", "use_logit", "reason"),
    [
        (KNeighborsRegressor(), False, False, "no known estimator answers"),
        (GradientBoostingClassifier(n_estimators=5), True, False, "the probability of a GradientBoostingClassifier"),
        (RandomForestClassifier(5), True, True, "the score of a RandomForestClassifier is a sum of its own"),
        (make_pipeline(PolynomialFeatures(2), Ridge()), False, False, "one column of its last estimator comes"),
    ],
)  # fmt: skip
def test_there_is_a_reason_where_there_are_none(
    estimator: Any, classes: bool, use_logit: bool, reason: str, tmp_path: Path
) -> None:
    archive = archived(tmp_path / "model", fitted(estimator, classes=classes))
    found = explained(archive, people(60, 2), use_logit=use_logit)
    assert not found.is_exact
    assert reason in found.how
    assert list(found.to_dict()["explanations"]) == ["permutation_shap"]
    assert found.to_dict()["how"].startswith("SHAP values are estimated by permutations, because")


def test_a_script_that_changes_the_score_is_not_believed(tmp_path: Path) -> None:
    archive = archived(tmp_path / "model", fitted(Ridge()))
    script = archive / "code/inference.py"
    script.write_text(
        SCRIPT.replace("[(0, one) for one in model.predict(rows)]", "[(0, one**2) for one in model.predict(rows)]")
    )
    found = explained(archive, people(40, 2))
    assert not found.is_exact
    assert "what the model answers is not what its Ridge says alone" in found.how


def test_a_forest_of_too_many_leaves_is_estimated(tmp_path: Path) -> None:
    archive = archived(tmp_path / "model", fitted(RandomForestRegressor(120, random_state=0)))
    found = explained(archive, people(60, 2))
    assert "leaves of its RandomForestRegressor are too many" in found.how


def test_the_employment_models_log_odds_are_exact(tmp_path: Path) -> None:
    """The example's own script and pipeline: a dictionary vectorizer before the boosting, rounded probabilities."""
    from examples.employment import train as employment  # noqa: PLC0415 - scikit-learn and the data, here alone
    from examples.employment.feed import FEATURES, split  # noqa: PLC0415

    data = split()
    model = employment.fit(data.training[:1500])
    folder = shutil.copytree(employment.HERE / "artifact", tmp_path / "artifact")
    joblib.dump(model, folder / "model.joblib")
    (folder / "features.json").write_text(json.dumps(FEATURES))
    rows = data.control[:40]
    columns = [Column.from_cells(name, [row.values[at] for row in rows]) for at, name in enumerate(FEATURES)]
    table = Table.of(columns, len(rows))
    with ModelProcess(folder) as process:
        exact = attribute(table, FEATURES, process, score=1, use_logit=True)
        estimated = attribute(table, FEATURES, process, score=1)
    assert exact.is_exact, exact.how
    assert not estimated.is_exact
    assert exact.values is not None
    named = [employment.named(row) for row in rows]
    logits = model.decision_function(named)
    # Shapley values add up to the score less the background's mean.
    gaps = exact.values.sum(axis=1) - logits
    np.testing.assert_allclose(gaps, gaps.mean(), atol=1e-9)
    assert gaps.mean() == pytest.approx(-logits.mean(), abs=1e-9)
    assert list(exact.importance)[:2] == list(estimated.importance)[:2]


def test_odds_of_no_probability_are_refused(tmp_path: Path) -> None:
    archive = archived(tmp_path / "model", fitted(KNeighborsRegressor()))
    with pytest.raises(InputError, match="use_logit is true and the scores go from"):
        explained(archive, people(40, 2), use_logit=True)
