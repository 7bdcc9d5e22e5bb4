"""Model quality: predictions against their labels, with the metrics and constraints of Model Monitor."""

from importlib import import_module
from typing import TYPE_CHECKING

from drift_tools.monitors.model_quality.answer_columns import AnswerColumns
from drift_tools.monitors.model_quality.class_names import class_names
from drift_tools.monitors.model_quality.classification import confusion_matrix, multiclass_metrics
from drift_tools.monitors.model_quality.columns import QualityColumns
from drift_tools.monitors.model_quality.constraints import QualityConstraints, evaluate, suggest
from drift_tools.monitors.model_quality.intervals import intervals
from drift_tools.monitors.model_quality.outcomes import Outcomes, read_outcomes
from drift_tools.monitors.model_quality.quality import FEWEST_LABELLED, ModelQuality, measure

if TYPE_CHECKING:
    from drift_tools.monitors.model_quality.before_labels import BeforeLabels, EstimatedQuality, fit_before_labels
    from drift_tools.monitors.model_quality.calibrated import (
        MetricTest,
        baseline_ratio,
        calibrated_violations,
        metric_tests,
        told,
        violation_of,
    )
    from drift_tools.monitors.model_quality.over_windows import QualityVerdict, judge_quality
    from drift_tools.monitors.model_quality.quality_windows import QualityLesson, QualityWindows, record_of_quality

__all__ = [
    "FEWEST_LABELLED",
    "AnswerColumns",
    "BeforeLabels",
    "EstimatedQuality",
    "MetricTest",
    "ModelQuality",
    "Outcomes",
    "QualityColumns",
    "QualityConstraints",
    "QualityLesson",
    "QualityVerdict",
    "QualityWindows",
    "baseline_ratio",
    "calibrated_violations",
    "class_names",
    "confusion_matrix",
    "evaluate",
    "fit_before_labels",
    "intervals",
    "judge_quality",
    "measure",
    "metric_tests",
    "multiclass_metrics",
    "read_outcomes",
    "record_of_quality",
    "suggest",
    "told",
    "violation_of",
]


_NEED_SCIPY = {
    "MetricTest": "calibrated",
    "baseline_ratio": "calibrated",
    "metric_tests": "calibrated",
    "told": "calibrated",
    "violation_of": "calibrated",
    "QualityVerdict": "over_windows",
    "judge_quality": "over_windows",
    "QualityLesson": "quality_windows",
    "QualityWindows": "quality_windows",
    "record_of_quality": "quality_windows",
    "calibrated_violations": "calibrated",
    "EstimatedQuality": "before_labels",
    "BeforeLabels": "before_labels",
    "fit_before_labels": "before_labels",
}


def __getattr__(name: str) -> object:
    """Load what needs SciPy only when it is asked for."""
    if name in _NEED_SCIPY:
        return getattr(import_module(f"drift_tools.monitors.model_quality.{_NEED_SCIPY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
