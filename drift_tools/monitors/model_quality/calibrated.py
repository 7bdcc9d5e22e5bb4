"""A run's model-quality metrics against the baseline's, each side's sampling error included.

Model Monitor's rule, the baseline's own value as a limit, is violated by every second undrifted window. Here a metric
violates its constraint if it is worse beyond chance, at its share of the run's level, and by enough to matter. Metrics
that say the same of the same rows are one finding: recall, its twin (the true positive rate) and its complement (the
false negative rate) share one test; an F score is called only where neither recall nor precision is.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from scipy.special import ndtr, stdtr

from contract.quality_constraints import GREATER
from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality.constraints import QualityConstraints
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
    equal quality, one-sided, if rows are independent.

    `worse`: how much worse than the threshold, below 0 if better: points of a share, of an error the logarithm of its
    ratio; `variance`: of that, by as many independent rows; `rows`: that it rests on, of a share of rows.
    """

    metric: str
    value: float
    threshold: float
    operator: str
    p_value: float
    worse: float
    variance: float
    rows: int | None = None

    @property
    def is_material(self) -> bool:
        """Whether the decline is enough to matter."""
        return matters(self.metric, self.worse)

    def moved_by(self, offset: float) -> "MetricTest":
        """The same test of a threshold that is so much worse."""
        if self.metric in _ERRORS:
            threshold = self.threshold * math.exp(offset)
        else:
            threshold = self.threshold + (offset if self.operator == GREATER else -offset)
        return replace(self, threshold=threshold, worse=self.worse - offset)


def matters(metric: str, worse: float, parts: float = 1.0) -> bool:
    """Whether so much worse is so many times what matters of a metric: a point of a share, a twentieth of an error."""
    return worse >= parts * (math.log1p(_PARTS) if metric in _ERRORS else _POINTS)


def metric_tests(data: Outcomes, quality: ModelQuality, constraints: QualityConstraints) -> tuple[MetricTest, ...]:
    """One test for each family that has a constraint and whose metric exists for these rows."""
    ratio = baseline_ratio(data, constraints)
    tests = []
    for family in _FAMILIES:
        named = [name for name in family if name in constraints.thresholds]
        exists = [name for name in named if math.isfinite(quality.metrics.get(name, math.nan))]
        if not exists or len(data) < _LEAST_ROWS:
            continue
        name = exists[0]
        threshold, operator = constraints.thresholds[name]
        p_value = _p_value(name, data, quality.metrics, threshold, ratio)
        worse, variance = _decline(name, data, quality.metrics, threshold)
        tests.append(
            MetricTest(name, quality.metrics[name], threshold, operator, p_value, worse, variance, _rows_of(name, data))
        )
    return tuple(tests)


def baseline_ratio(data: Outcomes, constraints: QualityConstraints) -> float:
    """How many times the run's rows the baseline has; one of unknown size is taken for a large one."""
    return _LARGE if constraints.rows is None else constraints.rows / max(len(data), 1)


def calibrated_violations(
    data: Outcomes, quality: ModelQuality, constraints: QualityConstraints, *, alpha: float
) -> tuple[tuple[Violation, ...], tuple[MetricTest, ...]]:
    """The metrics that declined beyond chance and enough to matter, and all tests that were made.

    `alpha`: the level of the run, which its tests share equally.
    """
    tests = metric_tests(data, quality, constraints)
    level = alpha / max(len(tests), 1)
    called = told([test for test in tests if test.p_value <= level and test.is_material])
    return tuple(violation_of(test, f"p {test.p_value:.1g}") for test in called), tests


def told(called: Sequence[MetricTest]) -> list[MetricTest]:
    """Pick those of the called that are findings of their own: F scores follow from recall and precision."""
    if any(test.metric not in _DERIVED for test in called):
        return [test for test in called if not test.metric.removeprefix("weighted_").startswith("f")] or list(called)
    return list(called)


def violation_of(test: MetricTest, why: str) -> Violation:
    """A called test in Model Monitor's words, and why it was called."""
    text = f"Metric {test.metric} with {test.value} was {test.operator} {test.threshold} ({why})"
    return Violation(test.metric, test.operator, text, key="metric_name")


def _decline(name: str, data: Outcomes, metrics: Mapping[str, float], threshold: float) -> tuple[float, float]:
    """How much worse a metric is than its threshold, and the variance of that by independent rows."""
    if data.problem_type == "Regression":
        value, limit, error, _ = _errors(name, data, threshold)
        if not error > 0:
            return 0.0, 0.0
        if name == "r2":  # of which 1 - value is a mean of errors
            return value - limit, (error * value) ** 2
        power = 0.5 if name == "rmse" else 1.0
        return power * math.log(value / limit), (power * error) ** 2
    worse = (metrics[name] - threshold) * (1 if name in _WORSE_ABOVE else -1)
    rows = _rows_of(name, data)
    if rows is None:
        return worse, _standard_error(name, data, metrics) ** 2
    if not rows:
        return worse, 0.0
    # Of the baseline's share: a window that is right or wrong throughout has none of its own.
    share = min(max(threshold, 0.5 / rows), 1 - 0.5 / rows)
    return worse, share * (1 - share) / rows


def share_p_value_of(test: MetricTest, ratio: float, dispersion: float) -> float:
    """The exact p-value of a share's decline from rows of which `dispersion` are worth one; 0 of other metrics, which
    have none.
    """
    if test.rows is None:
        return 0.0
    return (
        _of_share(test.value, test.threshold, max(round(test.rows / dispersion), 1), ratio) if test.worse > 0 else 1.0
    )


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
    """Count the rows of which a metric is a share; None of other metrics."""
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
    """Test a mean of errors by Student's t on the logarithm, with as many degrees of freedom as its tails leave."""
    value, limit, error, freedom = _errors(name, data, threshold)
    if not error > 0:
        return 1.0
    return float(stdtr(freedom, -abs(math.log(value / limit)) / (error * math.sqrt(1 + 1 / ratio))))


def _errors(name: str, data: Outcomes, threshold: float) -> tuple[float, float, float, float]:
    """The mean of a window's errors, its limit, the standard error of its logarithm (0 where there is none), and the
    degrees of freedom of that.
    """
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
        return value, limit, 0.0, 1.0
    kurtosis = float(np.mean(((values - value) / deviation) ** 4))
    freedom = max(3.0, 2 * len(values) / max(kurtosis - 1, 1e-9))
    return value, limit, deviation / value / math.sqrt(len(values)), min(freedom, len(values) - 1.0)
