"""Monitors: the kinds, who runs them (Model Monitor, the open engine), and the comparison of the two."""

from components.monitors.clarify import SHADOW_ENDPOINT_PREFIX
from components.monitors.data_quality import DataQualityMonitor, DataQualityMonitorArgs
from components.monitors.engine_comparison import EngineComparison, EngineComparisonArgs
from components.monitors.images import ANALYZER, image_uri
from components.monitors.kind import MetricGraph, Monitor, Site
from components.monitors.kinds import MONITOR_KINDS, monitors_of
from components.monitors.model_quality import ModelQualityMonitor, ModelQualityMonitorArgs
from components.monitors.open_engine.args import OpenMonitorsArgs
from components.monitors.open_engine.policies import run_policy
from components.monitors.open_engine.schedules import OpenMonitors
from components.monitors.policies import JobReach, monitor_policy

__all__ = [
    "ANALYZER",
    "MONITOR_KINDS",
    "SHADOW_ENDPOINT_PREFIX",
    "DataQualityMonitor",
    "DataQualityMonitorArgs",
    "EngineComparison",
    "EngineComparisonArgs",
    "JobReach",
    "MetricGraph",
    "ModelQualityMonitor",
    "ModelQualityMonitorArgs",
    "Monitor",
    "OpenMonitors",
    "OpenMonitorsArgs",
    "Site",
    "image_uri",
    "monitor_policy",
    "monitors_of",
    "run_policy",
]
