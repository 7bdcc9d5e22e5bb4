"""Model quality: whether the answers are still as good as in the baseline, now that the labels are there."""

from components.monitors.model_quality.kind import ModelQuality
from components.monitors.model_quality.model_monitor import ModelQualityMonitor, ModelQualityMonitorArgs

__all__ = ["ModelQuality", "ModelQualityMonitor", "ModelQualityMonitorArgs"]
