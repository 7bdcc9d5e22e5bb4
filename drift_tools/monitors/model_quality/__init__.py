"""Model quality: predictions against their labels, with the metrics and constraints of Model Monitor."""

from drift_tools.monitors.model_quality.columns import QualityColumns
from drift_tools.monitors.model_quality.outcomes import ModelQuality

__all__ = [
    "ModelQuality",
    "QualityColumns",
]
