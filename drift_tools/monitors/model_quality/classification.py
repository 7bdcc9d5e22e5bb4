"""Metrics of classifications. In a confusion matrix the outer key is the label and the inner one the prediction."""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.monitors.model_quality.outcomes import Outcomes
from drift_tools.monitors.model_quality.ranking import area_under_curve
from drift_tools.tables import Numbers

_CURVE_POINTS = 101
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
# The classes up to which a confusion matrix has a cell for each pair of them, as Model Monitor's has. A label that is a
# text of its own in each row would ask for more cells than there is memory: then only pairs that occur have one.
_FULL_MATRIX = 1000
Codes: TypeAlias = NDArray[np.intp]
Truths: TypeAlias = NDArray[np.bool_]
Metrics: TypeAlias = dict[str, float]


def binary_metrics(data: Outcomes) -> Metrics:
    """Metrics of the positive class; a ratio with an empty denominator is 0, and a rate of an absent class is NaN.

    The "best constant classifier" is the one that always says the positive class: so it is in the guide's example
    (3 negatives, 1 positive: accuracy 0.25, precision 0.25, recall 1).
    """
    return metrics_of_truths(*truths(data), data.scores)


def truths(data: Outcomes) -> tuple[Truths, Truths]:
    """Which labels and which predictions are positive."""
    return data.labels == data.positive_label, data.predictions == data.positive_label


def metrics_of_truths(actual: Truths, said: Truths, scores: Numbers | None) -> Metrics:
    """`binary_metrics` of labels and predictions of which it is known whether they are positive."""
    rows = len(actual)
    positive, tp = int(np.count_nonzero(actual)), int(np.count_nonzero(actual & said))
    fn, fp = positive - tp, int(np.count_nonzero(said)) - tp
    tn = rows - positive - fp
    recall = tp / (tp + fn) if tp + fn else math.nan
    precision = tp / (tp + fp) if tp + fp else 0.0
    specificity = tn / (tn + fp) if tn + fp else math.nan
    prevalence = (tp + fn) / rows
    constant_recall = 1.0 if tp + fn else math.nan
    metrics = {
        "recall": recall,
        "precision": precision,
        "accuracy": (tp + tn) / rows,
        "recall_best_constant_classifier": constant_recall,
        "precision_best_constant_classifier": prevalence,
        "accuracy_best_constant_classifier": prevalence,
        "true_positive_rate": recall,
        "true_negative_rate": specificity,
        "false_positive_rate": 1.0 - specificity,
        "false_negative_rate": 1.0 - recall,
    }
    if scores is not None:
        metrics["auc"] = area_under_curve(actual, scores)
    for name, beta in _BETAS.items():
        metrics[name] = f_score(precision, recall, beta)
        metrics[f"{name}_best_constant_classifier"] = f_score(prevalence, constant_recall, beta)
    return metrics


def f_score(precision: float, recall: float, beta: float) -> float:
    """The F score of this weight of recall; 0 if precision and recall are.

    >>> round(f_score(1 / 3, 1.0, 2.0), 4)
    0.7143
    """
    denominator = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / denominator if denominator else 0.0


def curves(data: Outcomes) -> dict[str, Any]:
    """The receiver operating characteristic and precision-recall curves, at up to 101 thresholds, from high to low."""
    if data.scores is None:
        return {}
    kept = ~np.isnan(data.scores)
    positive = (data.labels == data.positive_label)[kept]
    scores = data.scores[kept]
    if not positive.any() or positive.all():
        return {}
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # the last row of each distinct score
    if len(ends) > _CURVE_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _CURVE_POINTS).astype(int))]
    hits = np.cumsum(positive[order])[ends]
    misses = ends + 1 - hits
    recalls = hits / positive.sum()
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, *(misses / (~positive).sum()).tolist()],
            "true_positive_rates": [0.0, *recalls.tolist()],
        },
        "precision_recall_curve": {
            "precisions": [1.0, *(hits / (hits + misses)).tolist()],
            "recalls": [0.0, *recalls.tolist()],
        },
    }


def multiclass_metrics(data: Outcomes) -> Metrics:
    """Metrics of each class, averaged by how often the class is the label.

    The best constant classifier always says the most frequent label. (The guide's example shows the other one of its
    two classes; the textbook's is kept, because only that one is a bar for a model.)
    """
    names, labels, predictions = _coded(data)
    counts = np.bincount(labels, minlength=len(names))
    constant = np.full_like(labels, np.argmax(counts))
    metrics = {"accuracy": float(np.mean(labels == predictions))} | _weighted(labels, predictions, len(names))
    best = {"accuracy": float(counts.max() / len(data))} | _weighted(labels, constant, len(names))
    return metrics | {f"{name}_best_constant_classifier": value for name, value in best.items()}


def _coded(data: Outcomes) -> tuple[list[str], Codes, Codes]:
    """The classes in order, and labels and predictions as positions among them: rows are looked at once, not once for
    each class.
    """
    labels, predictions = data.labels.tolist(), data.predictions.tolist()
    names = sorted({*labels, *predictions})
    codes = {name: code for code, name in enumerate(names)}
    of_labels, of_predictions = (
        np.fromiter(map(codes.__getitem__, column), dtype=np.intp, count=len(data)) for column in (labels, predictions)
    )
    return names, of_labels, of_predictions


def _weighted(labels: Codes, predictions: Codes, classes: int) -> Metrics:
    counts, said, hits = (
        np.bincount(rows, minlength=classes).tolist() for rows in (labels, predictions, labels[labels == predictions])
    )
    totals = dict.fromkeys(("recall", "precision", *_BETAS), 0.0)
    for count, predicted, hit in zip(counts, said, hits, strict=True):
        if not count:
            continue
        recall, precision = hit / count, hit / predicted if predicted else 0.0
        scores = {"recall": recall, "precision": precision}
        scores |= {key: f_score(precision, recall, beta) for key, beta in _BETAS.items()}
        for key, value in scores.items():
            totals[key] += value * count / len(labels)
    return {f"weighted_{key}": value for key, value in totals.items()}


def confusion_matrix(data: Outcomes) -> dict[str, dict[str, int]]:
    """Counts by label, then by prediction. Beyond a thousand classes, pairs that do not occur are left out."""
    names, labels, predictions = _coded(data)
    is_full = len(names) <= _FULL_MATRIX
    matrix: dict[str, dict[str, int]] = {name: dict.fromkeys(names, 0) if is_full else {} for name in names}
    pairs, counts = np.unique(labels * len(names) + predictions, return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        matrix[names[pair // len(names)]][names[pair % len(names)]] = count
    return matrix
