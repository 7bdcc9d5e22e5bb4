"""Monitors: Model Monitor's, the open engine's, and the comparison of the two."""

from components.monitors.engine_comparison import EngineComparison, EngineComparisonArgs
from components.monitors.model_monitor.data_quality import (
    DataQualityMonitor,
    DataQualityMonitorArgs,
    ModelQualityMonitor,
    ModelQualityMonitorArgs,
)
from components.monitors.open_engine.policies import run_policy
from components.monitors.open_engine.schedules import OpenMonitors, OpenMonitorsArgs

__all__ = [
    "DataQualityMonitor",
    "DataQualityMonitorArgs",
    "EngineComparison",
    "EngineComparisonArgs",
    "ModelQualityMonitor",
    "ModelQualityMonitorArgs",
    "OpenMonitors",
    "OpenMonitorsArgs",
    "run_policy",
]
