"""What the predictions were worth, once the labels are known: all metrics of some outcomes, with their deviations.

Metrics, their names and the files: SageMaker developer guide, "Model quality metrics and Amazon CloudWatch
monitoring" and "Create a model quality baseline".
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from contract.quality_metrics import metrics_block
from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.classification import (
    Metrics,
    binary_metrics,
    confusion_matrix,
    curves,
    metrics_of_truths,
    multiclass_metrics,
    truths,
)
from drift_tools.monitors.model_quality.outcomes import Outcomes
from drift_tools.monitors.model_quality.regression import regression_metrics

# "Standard deviation for metrics are provided only when at least 200 samples are available … randomly sampling 80% of
# the data five times" (the guide's page).
_ROWS_FOR_DEVIATION, _DRAWS, _DRAWN_SHARE = 200, 5, 0.8


FEWEST_LABELLED = 20
"""Rows with a label below which a window's metrics are told and not judged."""


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """The metrics of some outcomes; `deviations` is empty below 200 rows. `positive_label`: only of a binary one."""

    problem_type: str
    rows: int
    metrics: Mapping[str, float]
    deviations: Mapping[str, float]
    extras: Mapping[str, Any]
    positive_label: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of statistics.json; a number that does not exist is the string "NaN", as in Model Monitor's
        files.
        """
        metrics: dict[str, Any] = dict(self.extras)
        for name, value in self.metrics.items():
            deviation = self.deviations.get(name, math.nan)
            metrics[name] = {"value": _number(value), "standard_deviation": _number(deviation)}
        return {
            "version": 0.0,
            "dataset": {"item_count": self.rows},
            metrics_block(self.problem_type): metrics,
        }


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else "NaN"


def measure(data: Outcomes) -> ModelQuality:
    """All metrics of the problem type. Raises `InputError` if no row has both a label and a prediction."""
    if not len(data):
        unusable = f" (of {data.left_out} rows one of them is empty, or no finite number)" if data.left_out else ""
        raise InputError(
            f"no row has both a prediction and a label{unusable}: check the ground truth's ids and the window"
        )
    functions: dict[str, Callable[[Outcomes], Metrics]] = {
        "Regression": regression_metrics,
        "BinaryClassification": binary_metrics,
        "MulticlassClassification": multiclass_metrics,
    }
    metrics = functions[data.problem_type](data)
    deviations: Metrics = {}
    if len(data) >= _ROWS_FOR_DEVIATION:
        generator = np.random.default_rng(0)  # seeded: equal data, equal file
        size = int(_DRAWN_SHARE * len(data))
        drawn = (generator.choice(len(data), size, replace=False) for _ in range(_DRAWS))
        if data.problem_type == "BinaryClassification":  # names are compared once and not in each draw
            actual, said = truths(data)
            draws = [
                metrics_of_truths(actual[rows], said[rows], None if data.scores is None else data.scores[rows])
                for rows in drawn
            ]
        else:
            draws = [functions[data.problem_type](data.take(rows)) for rows in drawn]
        deviations = {name: float(np.std([draw[name] for draw in draws])) for name in metrics}
    extras: dict[str, Any] = {}
    if data.problem_type != "Regression":
        extras["confusion_matrix"] = confusion_matrix(data)
    if data.problem_type == "BinaryClassification":
        extras |= curves(data)
    positive = data.positive_label if data.problem_type == "BinaryClassification" else None
    return ModelQuality(data.problem_type, len(data), metrics, deviations, extras, positive)
