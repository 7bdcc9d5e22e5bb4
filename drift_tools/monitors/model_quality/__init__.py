"""Model quality: predictions against their labels, with the metrics and constraints of Model Monitor."""

from drift_tools.monitors.model_quality.class_names import class_names
from drift_tools.monitors.model_quality.classification import confusion_matrix, multiclass_metrics
from drift_tools.monitors.model_quality.columns import QualityColumns
from drift_tools.monitors.model_quality.constraints import QualityConstraints, evaluate, suggest
from drift_tools.monitors.model_quality.outcomes import Outcomes, read_outcomes
from drift_tools.monitors.model_quality.quality import ModelQuality, measure

__all__ = [
    "ModelQuality",
    "Outcomes",
    "QualityColumns",
    "QualityConstraints",
    "class_names",
    "confusion_matrix",
    "evaluate",
    "measure",
    "multiclass_metrics",
    "read_outcomes",
    "suggest",
]
