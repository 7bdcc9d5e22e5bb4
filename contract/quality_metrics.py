"""What is measured of a model's quality, and what of it is held to a constraint."""

from collections.abc import Mapping
from typing import Final

# By problem type, what Model Monitor's baselines constrain.
CONSTRAINED: Final[Mapping[str, tuple[str, ...]]] = {
    "BinaryClassification": (
        "recall",
        "precision",
        "accuracy",
        "true_positive_rate",
        "true_negative_rate",
        "false_positive_rate",
        "false_negative_rate",
        "auc",
        "f0_5",
        "f1",
        "f2",
    ),
    "MulticlassClassification": (
        "accuracy",
        "weighted_recall",
        "weighted_precision",
        "weighted_f0_5",
        "weighted_f1",
        "weighted_f2",
    ),
    "Regression": ("mae", "mse", "rmse", "r2"),
}
PROBLEM_TYPES: Final = tuple(CONSTRAINED)
# Of these more is worse, of all others less.
WORSE_WHEN_GREATER: Final = frozenset({"mae", "mse", "rmse", "false_positive_rate", "false_negative_rate"})
_BLOCK_STEM: Final = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}


def constraints_block(problem_type: str) -> str:
    """Where `constraints.json` has what is demanded of a model: `binary_classification_constraints`."""
    return f"{_BLOCK_STEM[problem_type]}_constraints"


def metrics_block(problem_type: str) -> str:
    """Where `statistics.json` has what was measured of a model: `binary_classification_metrics`."""
    return f"{_BLOCK_STEM[problem_type]}_metrics"


def comparison_operator(metric: str) -> str:
    """How a measured value breaks its threshold, in the words of `constraints.json`."""
    return "GreaterThanThreshold" if metric in WORSE_WHEN_GREATER else "LessThanThreshold"
