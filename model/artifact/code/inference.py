"""What the endpoint's container runs: SageMaker's scikit-learn serving contract for a logistic regression.

The model is `model.json` (coefficients), not a pickle: it loads under every version of the image, and a reviewer can
read it. The same row always gets the same answer; a model-quality monitor over random answers would measure nothing.
"""

import json
import math
import os
from typing import Any


def model_fn(model_dir: str) -> Any:
    with open(os.path.join(model_dir, "model.json"), encoding="utf-8") as file:
        return json.load(file)


def input_fn(body: str | bytes, content_type: str) -> list[list[float]]:
    """Rows of features (lists of floats) from CSV without a header, or from JSON `{"instances": [[…], …]}`."""
    text = body.decode("utf-8") if isinstance(body, bytes) else body
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind == "text/csv":
        return [[float(value) for value in line.split(",")] for line in text.splitlines() if line.strip()]
    if kind == "application/json":
        return [[float(value) for value in row] for row in json.loads(text)["instances"]]
    raise ValueError(f"content type {content_type!r} is not served: send text/csv or application/json")


def predict_fn(rows: list[list[float]], model: dict[str, Any]) -> list[tuple[int, float]]:
    """(label, probability of label 1) of each row."""
    weights, names = model["coefficients"], model["features"]
    answers = []
    for row in rows:
        if len(row) != len(weights):
            raise ValueError(f"a row has {len(row)} values, the model takes {len(weights)}: {', '.join(names)}")
        score = model["intercept"] + sum(weight * value for weight, value in zip(weights, row, strict=True))
        probability = 1.0 / (1.0 + math.exp(-max(-700.0, min(700.0, score))))
        answers.append((int(probability >= model["threshold"]), round(probability, 6)))
    return answers


def output_fn(answers: list[tuple[int, float]], accept: str) -> tuple[str, str]:
    """CSV `label,probability` a row; if JSON is asked for, `{"predictions": [{"prediction": …, "probability": …}]}`."""
    if accept.split(";", maxsplit=1)[0].strip().lower() == "application/json":
        rows = [{"prediction": label, "probability": probability} for label, probability in answers]
        return json.dumps({"predictions": rows}), "application/json"
    return "\n".join(f"{label},{probability}" for label, probability in answers), "text/csv"
