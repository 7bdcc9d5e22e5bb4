"""Trains the sample model and writes what the stack deploys: `python -m model.train`.

The recipe's data: three features, uniform on 0…1. The label is drawn from a logistic model of them, so there is
something to learn and something that cannot be learnt. Rows that trained the model are not in the baselines:
probabilities of rows that a model has seen are better than those it will have in production, and a baseline of them
would alarm for ever.
"""

import csv
import json
import runpy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

HERE = Path(__file__).parent
ARTIFACT = HERE / "artifact"
FEATURES = ("feature_1", "feature_2", "feature_3")
TRUE_WEIGHTS = np.array([4.0, -3.0, 2.0])
TRUE_INTERCEPT = -1.5
TRAINING_ROWS = 4_000
BASELINE_ROWS = 2_000
SEED = 20_260_730


def draw(rows: int, generator: np.random.Generator) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Features (rows × 3, rounded to the six digits that requests carry) and labels (rows)."""
    features = np.round(generator.uniform(0.0, 1.0, (rows, len(FEATURES))), 6)
    probability = 1.0 / (1.0 + np.exp(-(features @ TRUE_WEIGHTS + TRUE_INTERCEPT)))
    return features, (generator.random(rows) < probability).astype(np.int64)


def fit(features: NDArray[np.float64], labels: NDArray[np.int64]) -> dict[str, object]:
    """The content of model.json."""
    model = LogisticRegression(C=1e6).fit(features, labels)
    return {
        "features": list(FEATURES),
        "coefficients": [round(float(weight), 6) for weight in model.coef_[0]],
        "intercept": round(float(model.intercept_[0]), 6),
        "threshold": 0.5,
    }


def predict(rows: list[list[float]], model: dict[str, object]) -> list[tuple[int, float]]:
    """Answers of the artefact's own inference.py, so that the baseline has what the endpoint will say, to the digit."""
    answers: list[tuple[int, float]] = runpy.run_path(str(ARTIFACT / "code" / "inference.py"))["predict_fn"](
        rows, model
    )
    return answers


def write_rows(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def train(target: Path = HERE) -> None:
    """Writes under `target`: artifact/model.json, baseline.csv (outputs first, as captured), baseline_quality.csv."""
    generator = np.random.default_rng(SEED)
    model = fit(*draw(TRAINING_ROWS, generator))
    (target / "artifact").mkdir(parents=True, exist_ok=True)
    (target / "artifact" / "model.json").write_text(json.dumps(model, indent=2) + "\n", encoding="utf-8")

    features, labels = draw(BASELINE_ROWS, generator)
    answers = predict(features.tolist(), model)
    write_rows(
        target / "baseline.csv",
        ("prediction", "probability", *FEATURES),
        [(*answer, *row) for answer, row in zip(answers, features.tolist(), strict=True)],
    )
    write_rows(
        target / "baseline_quality.csv",
        ("prediction", "probability", "label"),
        [(*answer, label) for answer, label in zip(answers, labels.tolist(), strict=True)],
    )


if __name__ == "__main__":
    train()
