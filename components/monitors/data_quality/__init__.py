"""Data quality: whether the model's inputs and outputs are still what they were in the baseline."""

from components.monitors.data_quality.kind import DataQuality
from components.monitors.data_quality.model_monitor import DataQualityMonitor, DataQualityMonitorArgs

__all__ = ["DataQuality", "DataQualityMonitor", "DataQualityMonitorArgs"]
