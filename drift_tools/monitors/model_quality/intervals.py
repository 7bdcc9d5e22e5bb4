"""The 95 % interval of every metric of a window: Wilson's of shares, DeLong's of the area, else the delta method or a
bootstrap of the confusion matrix.
"""

import math
from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.monitors.model_quality.classification import Metrics, f_score
from drift_tools.monitors.model_quality.outcomes import Outcomes
from drift_tools.tables import Numbers

Interval = tuple[float, float]

_NORMAL_95: Final = 1.959963984540054
_DRAWS: Final = 1000
_SEED: Final = 0
# A bootstrap of a matrix of so many classes takes a second; of more only the closed forms are given.
_MOST_CLASSES: Final = 100
_BETAS: Final = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


def intervals(data: Outcomes, metrics: Metrics) -> dict[str, Interval]:
    """The interval of each of these metrics that exists and has one; those of the constant classifier have none."""
    functions: dict[str, Callable[[Outcomes, Metrics], Mapping[str, Interval]]] = {
        "BinaryClassification": _binary,
        "MulticlassClassification": _multiclass,
        "Regression": _regression,
    }
    found = functions[data.problem_type](data, metrics)
    return {name: interval for name, interval in found.items() if math.isfinite(metrics.get(name, math.nan))}


def wilson(hits: int, rows: int) -> Interval:
    """Wilson's score interval of a share (1927); all of 0 … 1 without rows.

    >>> tuple(round(end, 4) for end in wilson(9, 10))
    (0.5958, 0.9821)
    """
    if not rows:
        return 0.0, 1.0
    share, square = hits / rows, _NORMAL_95**2
    middle = (share + square / (2 * rows)) / (1 + square / rows)
    half = _NORMAL_95 / (1 + square / rows) * math.sqrt(share * (1 - share) / rows + square / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def _binary(data: Outcomes, metrics: Metrics) -> dict[str, Interval]:
    actual, said = data.labels == data.positive_label, data.predictions == data.positive_label
    tp, fn = int(np.sum(actual & said)), int(np.sum(actual & ~said))
    fp, tn = int(np.sum(~actual & said)), int(np.sum(~actual & ~said))
    shares = {
        "recall": (tp, tp + fn),
        "true_positive_rate": (tp, tp + fn),
        "false_negative_rate": (fn, tp + fn),
        "true_negative_rate": (tn, tn + fp),
        "false_positive_rate": (fp, tn + fp),
        "precision": (tp, tp + fp),
        "accuracy": (tp + tn, len(data)),
    }
    found = {name: wilson(hits, rows) for name, (hits, rows) in shares.items()}
    cells = _draws(np.array([tp, fn, fp, tn]), len(data))
    for name, beta in _BETAS.items():
        weighted = (1 + beta**2) * cells[:, 0]
        total = weighted + beta**2 * cells[:, 1] + cells[:, 2]
        found[name] = _percentiles(np.divide(weighted, total, out=np.zeros(len(cells)), where=total > 0))
    if data.scores is not None:
        known = ~np.isnan(data.scores)
        found["auc"] = _of_area(metrics.get("auc", math.nan), actual[known], data.scores[known])
    return found


def _of_area(area: float, positive: NDArray[np.bool_], scores: Numbers) -> Interval:
    """DeLong, DeLong and Clarke-Pearson (1988), on the logit, so that it stays within 0 … 1."""
    above, below = np.sort(scores[positive]), np.sort(scores[~positive])
    if len(above) < 2 or len(below) < 2:
        return 0.0, 1.0
    places = [
        (np.searchsorted(other, own, "left") + np.searchsorted(other, own, "right")) / (2 * len(other))
        for own, other in ((above, below), (below, above))
    ]
    variance = sum(float(place.var(ddof=1)) / len(place) for place in places)
    if not 0 < area < 1:
        return wilson(round(area * len(scores)), len(scores))
    half = _NORMAL_95 * math.sqrt(variance) / (area * (1 - area))
    logit = math.log(area / (1 - area))
    low, high = (1 / (1 + math.exp(-(logit + sign * half))) for sign in (-1, 1))
    return low, high


def _multiclass(data: Outcomes, metrics: Metrics) -> dict[str, Interval]:
    right = int(np.sum(data.labels == data.predictions))
    # The recalls of the classes, each weighted by how often it is the label, add up to the accuracy.
    found = {"accuracy": wilson(right, len(data)), "weighted_recall": wilson(right, len(data))}
    names = sorted({*data.labels.tolist(), *data.predictions.tolist()})
    size = len(names)
    if size > _MOST_CLASSES:
        return found
    places = {name: place for place, name in enumerate(names)}
    codes = [places[a] * size + places[b] for a, b in zip(data.labels.tolist(), data.predictions.tolist(), strict=True)]
    counts = np.bincount(codes, minlength=size * size)
    drawn: dict[str, list[float]] = {}
    for cells in _draws(counts, len(data)):
        for name, value in _weighted(cells.reshape(size, size)).items():
            drawn.setdefault(name, []).append(value)
    del metrics
    return found | {name: _percentiles(np.array(values)) for name, values in drawn.items()}


def _weighted(matrix: Numbers) -> dict[str, float]:
    """Precision and F scores of a confusion matrix (rows are labels), weighted by the labels."""
    hits, labels, said = np.diag(matrix), matrix.sum(axis=1), matrix.sum(axis=0)
    weights = labels / labels.sum()
    precision = np.divide(hits, said, out=np.zeros(len(hits)), where=said > 0)
    recall = np.divide(hits, labels, out=np.zeros(len(hits)), where=labels > 0)
    found = {"weighted_precision": float(weights @ precision)}
    for name, beta in _BETAS.items():
        scores = [f_score(float(p), float(r), beta) for p, r in zip(precision, recall, strict=True)]
        found[f"weighted_{name}"] = float(weights @ np.array(scores))
    return found


def _regression(data: Outcomes, metrics: Metrics) -> dict[str, Interval]:
    """By the delta method from the means of |e|, e², y and y²."""
    errors: Numbers = data.labels - data.predictions
    rows = len(errors)
    if rows < 2:
        return {}
    squared = errors**2
    centred = data.labels - data.labels.mean()
    spread = float(np.mean(centred**2))
    found = {}
    for name, values, slope in (("mae", np.abs(errors), 1.0), ("mse", squared, 1.0), ("rmse", squared, None)):
        error = float(values.std(ddof=1)) / math.sqrt(rows)
        if slope is None:
            error = error / (2 * metrics[name]) if metrics[name] else 0.0
        found[name] = (max(0.0, metrics[name] - _NORMAL_95 * error), metrics[name] + _NORMAL_95 * error)
    if spread > 0:
        # 1 - R² is a ratio of means: its influence is (e² - (1 - R²)·(y - ȳ)²) / variance.
        influence = (squared - (1 - metrics["r2"]) * centred**2) / spread
        error = float(influence.std(ddof=1)) / math.sqrt(rows)
        found["r2"] = (metrics["r2"] - _NORMAL_95 * error, min(1.0, metrics["r2"] + _NORMAL_95 * error))
    return found


def _draws(counts: NDArray[np.int64], rows: int) -> Numbers:
    """The confusion matrices of bootstrap samples: of n rows each, drawn from these cells. Seeded: equal data, equal
    intervals.
    """
    drawn = np.random.default_rng(_SEED).multinomial(rows, counts / rows, size=_DRAWS)
    found: Numbers = drawn.astype(np.float64)
    return found


def _percentiles(values: Numbers) -> Interval:
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)
