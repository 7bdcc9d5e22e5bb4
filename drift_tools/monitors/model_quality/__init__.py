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
    from drift_tools.monitors.model_quality.before_labels import EstimatedQuality, fit_before_labels
    from drift_tools.monitors.model_quality.calibrated import calibrated_violations

__all__ = [
    "FEWEST_LABELLED",
    "AnswerColumns",
    "EstimatedQuality",
    "ModelQuality",
    "Outcomes",
    "QualityColumns",
    "QualityConstraints",
    "calibrated_violations",
    "class_names",
    "confusion_matrix",
    "evaluate",
    "fit_before_labels",
    "intervals",
    "measure",
    "multiclass_metrics",
    "read_outcomes",
    "suggest",
]


_NEED_SCIPY = {
    "calibrated_violations": "calibrated",
    "EstimatedQuality": "before_labels",
    "fit_before_labels": "before_labels",
}


def __getattr__(name: str) -> object:
    """Load what needs SciPy only when it is asked for."""
    if name in _NEED_SCIPY:
        return getattr(import_module(f"drift_tools.monitors.model_quality.{_NEED_SCIPY[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
