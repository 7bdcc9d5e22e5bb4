"""A run's model-quality metrics against the baseline's, each side's sampling error included.

Model Monitor's rule, the baseline's own value as a limit, is violated by every second undrifted window. Here a metric
violates its constraint if it is worse beyond chance, at its share of the run's level, and by enough to matter. Metrics
that say the same of the same rows are one finding: recall, its twin (the true positive rate) and its complement (the
false negative rate) share one test; an F score is called only where neither recall nor precision is.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtr, stdtr

from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality.constraints import GREATER, QualityConstraints
from drift_tools.monitors.model_quality.outcomes import Outcomes
from drift_tools.monitors.model_quality.quality import ModelQuality
from drift_tools.significance import share_p_value
from drift_tools.tables import Numbers

# What is one finding, the name that it is told by first. F scores last: they follow from the others.
_FAMILIES: Final = (
    ("recall", "true_positive_rate", "false_negative_rate"),
    ("true_negative_rate", "false_positive_rate"),
    ("precision",),
    ("accuracy", "weighted_recall"),
    ("weighted_precision",),
    ("auc",),
    ("mae",),
    ("mse", "rmse"),
    ("r2",),
    ("f1", "f2", "f0_5"),
    ("weighted_f1", "weighted_f2", "weighted_f0_5"),
)
_DERIVED: Final = ("f1", "weighted_f1")
# Points of a share, and parts of an error, from which on a decline matters.
_POINTS: Final = 0.01
_PARTS: Final = 0.05
_ERRORS: Final = ("mae", "mse", "rmse")
_WORSE_ABOVE: Final = ("false_positive_rate", "false_negative_rate", *_ERRORS)
# A baseline of unknown size is taken for so many times the run's rows.
_LARGE: Final = 1000.0
_LEAST_ROWS: Final = 20


@dataclass(frozen=True, slots=True)
class MetricTest:
    """The test of one family. `metric`: the constrained one that it is told by; `p_value`: of a decline this large from
    equal quality, one-sided.
    """

    metric: str
    value: float
    threshold: float
    operator: str
    p_value: float


def metric_tests(data: Outcomes, quality: ModelQuality, constraints: QualityConstraints) -> tuple[MetricTest, ...]:
    """One test for each family that has a constraint and whose metric exists for these rows."""
    ratio = _LARGE if constraints.rows is None else constraints.rows / max(len(data), 1)
    tests = []
    for family in _FAMILIES:
        named = [name for name in family if name in constraints.thresholds]
        exists = [name for name in named if math.isfinite(quality.metrics.get(name, math.nan))]
        if not exists or len(data) < _LEAST_ROWS:
            continue
        name = exists[0]
        threshold, operator = constraints.thresholds[name]
        p_value = _p_value(name, data, quality.metrics, threshold, ratio)
        tests.append(MetricTest(name, quality.metrics[name], threshold, operator, p_value))
    return tuple(tests)


def calibrated_violations(
    data: Outcomes, quality: ModelQuality, constraints: QualityConstraints, *, alpha: float
) -> tuple[tuple[Violation, ...], tuple[MetricTest, ...]]:
    """The metrics that declined beyond chance and enough to matter, and all tests that were made.

    `alpha`: the level of the run, which its tests share equally.
    """
    tests = metric_tests(data, quality, constraints)
    level = alpha / max(len(tests), 1)
    called = [test for test in tests if test.p_value <= level and _is_material(test)]
    if any(test.metric not in _DERIVED for test in called):
        called = [test for test in called if not test.metric.removeprefix("weighted_").startswith("f")] or called
    return tuple(_violation(test) for test in called), tests


def _is_material(test: MetricTest) -> bool:
    decline = test.value - test.threshold if test.operator == GREATER else test.threshold - test.value
    return decline >= (_PARTS * abs(test.threshold) if test.metric in _ERRORS else _POINTS)


def _violation(test: MetricTest) -> Violation:
    text = f"Metric {test.metric} with {test.value} was {test.operator} {test.threshold} (p {test.p_value:.1g})"
    return Violation(test.metric, test.operator, text, key="metric_name")


def _p_value(name: str, data: Outcomes, metrics: Mapping[str, float], threshold: float, ratio: float) -> float:
    is_worse = metrics[name] > threshold if name in _WORSE_ABOVE else metrics[name] < threshold
    if not is_worse:
        return 1.0
    if data.problem_type == "Regression":
        return _of_errors(name, data, threshold, ratio)
    rows = _rows_of(name, data)
    if rows is not None:
        return _of_share(metrics[name], threshold, rows, ratio)
    deviation = _standard_error(name, data, metrics) * math.sqrt(1 + 1 / ratio)
    return float(ndtr(-abs(metrics[name] - threshold) / deviation)) if deviation > 0 else 1.0


def _rows_of(name: str, data: Outcomes) -> int | None:
    """Of a metric that is a share of rows, of how many; None of others."""
    if name in ("accuracy", "weighted_recall", "weighted_precision") or name.startswith("weighted_f"):
        return len(data)
    actual, said = data.labels == data.positive_label, data.predictions == data.positive_label
    rows: dict[str, Callable[[], int]] = {
        "recall": lambda: int(actual.sum()),
        "true_positive_rate": lambda: int(actual.sum()),
        "false_negative_rate": lambda: int(actual.sum()),
        "true_negative_rate": lambda: int((~actual).sum()),
        "false_positive_rate": lambda: int((~actual).sum()),
        "precision": lambda: int(said.sum()),
    }
    return rows[name]() if name in rows else None


def _of_share(value: float, threshold: float, rows: int, ratio: float) -> float:
    """Exact for small samples: the two-sample test of shares, of a baseline that has its share of as many rows as its
    size says. A test of one side: half of the two-sided p-value would be right; the whole is careful.
    """
    before = max(round(rows * ratio), 1)
    return share_p_value(round(threshold * before), before, round(value * rows), rows)


def _standard_error(name: str, data: Outcomes, metrics: Mapping[str, float]) -> float:
    actual, said = data.labels == data.positive_label, data.predictions == data.positive_label
    if name == "auc":
        return _error_of_auc(metrics["auc"], int(actual.sum()), int((~actual).sum()))
    beta = {"f0_5": 0.25, "f1": 1.0, "f2": 4.0}[name]
    hits, misses, false = (float(np.sum(cells)) for cells in (actual & said, actual & ~said, ~actual & said))
    total = (1 + beta) * hits + beta * misses + false
    if total <= 0:
        return 0.0
    score = (1 + beta) * hits / total
    # The delta method on the counts of hits, misses and false alarms.
    slopes = np.array([(1 + beta) * (1 - score), -beta * score, -score]) / total
    counts = np.array([hits, misses, false])
    return math.sqrt(max(float(counts @ slopes**2) - float(counts @ slopes) ** 2 / len(data), 0.0))


def _error_of_auc(auc: float, positives: int, negatives: int) -> float:
    """Hanley and McNeil, "The meaning and use of the area under a ROC curve", Radiology 143, 1982."""
    if not positives or not negatives:
        return 0.0
    first, second = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (positives - 1) * (first - auc**2) + (negatives - 1) * (second - auc**2)
    return math.sqrt(max(spread, 1e-12) / (positives * negatives))


def _of_errors(name: str, data: Outcomes, threshold: float, ratio: float) -> float:
    """Of a mean of errors by Student's t on the logarithm, with as many degrees of freedom as its tails leave."""
    errors: Numbers = data.labels - data.predictions
    if name == "r2":
        spread = float(np.var(data.labels))
        values = errors**2 / spread if spread > 0 else errors**2
        value, limit = float(values.mean()), 1 - threshold
    else:
        values = np.abs(errors) if name == "mae" else errors**2
        value, limit = float(values.mean()), threshold**2 if name == "rmse" else threshold
    deviation = float(values.std(ddof=1))
    if not (value > 0 and limit > 0 and deviation > 0):
        return 1.0
    kurtosis = float(np.mean(((values - value) / deviation) ** 4))
    freedom = max(3.0, 2 * len(values) / max(kurtosis - 1, 1e-9))
    error = deviation / value / math.sqrt(len(values)) * math.sqrt(1 + 1 / ratio)
    return float(stdtr(min(freedom, len(values) - 1.0), -abs(math.log(value / limit)) / error))
