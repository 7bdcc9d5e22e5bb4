"""What the endpoint's container runs: a scikit-learn pipeline over one row of CSV in the order of features.json."""

import json
import os
from typing import Any

import joblib


class Strict:
    """A pipeline that answers only for categories that its training had: `known`, by feature."""

    def __init__(self, pipeline: Any, known: dict[str, list[str]]) -> None:
        self._pipeline, self._known = pipeline, {name: set(values) for name, values in known.items()}

    def predict_proba(self, rows: list[dict[str, float | str]]) -> Any:
        """As the pipeline; ValueError names a category that is unknown."""
        for row in rows:
            for name, values in self._known.items():
                if row[name] not in values:
                    raise ValueError(f"{name} is {row[name]!r}, which the training did not have")
        return self._pipeline.predict_proba(rows)


def model_fn(model_dir: str) -> tuple[list[str], Any]:
    with open(os.path.join(model_dir, "features.json"), encoding="utf-8") as file:
        features = json.load(file)
    pipeline = joblib.load(os.path.join(model_dir, "model.joblib"))
    strict = os.path.join(model_dir, "known.json")
    if not os.path.isfile(strict):
        return features, pipeline
    with open(strict, encoding="utf-8") as file:
        return features, Strict(pipeline, json.load(file))


def input_fn(body: str | bytes, content_type: str) -> list[list[str]]:
    """Rows of values, as text, from CSV without a header."""
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "text/csv":
        raise ValueError(f"content type {content_type!r} is not served: send text/csv")
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    return [line.split(",") for line in text.splitlines() if line.strip()]


def predict_fn(rows: list[list[str]], model: tuple[list[str], Any]) -> list[tuple[int, float]]:
    """(label, probability of label 1) of each row. A category unknown to the training has 0 in all columns."""
    features, pipeline = model
    named = []
    for row in rows:
        if len(row) != len(features):
            raise ValueError(f"a row has {len(row)} values, the model takes {len(features)}: {', '.join(features)}")
        named.append(
            {name: float(value) if name == "AGEP" else value for name, value in zip(features, row, strict=True)}
        )
    return [(int(p >= 0.5), round(float(p), 6)) for p in pipeline.predict_proba(named)[:, 1]]


def output_fn(answers: list[tuple[int, float]], _accept: str) -> tuple[str, str]:
    """CSV `label,probability` a row, whatever was asked for: requests are CSV, and both sides need one encoding."""
    return "\n".join(f"{label},{probability}" for label, probability in answers), "text/csv"
