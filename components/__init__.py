"""Monitoring for SageMaker endpoints as Pulumi components."""

from components.alerting import DriftAlerting, DriftAlertingArgs
from components.args import ArgumentError, ModelMonitoringStackArgs
from components.baseline import Baseline, BaselineComponentArgs
from components.dashboard import MonitoringDashboard, MonitoringDashboardArgs
from components.endpoint import MonitoredEndpoint, MonitoredEndpointArgs
from components.engine_comparison import EngineComparison, EngineComparisonArgs
from components.health import MonitorHealth, MonitorHealthArgs
from components.metrics import ProcessingMetrics, ProcessingMetricsArgs
from components.monitors import (
    DataQualityMonitor,
    DataQualityMonitorArgs,
    ModelQualityMonitor,
    ModelQualityMonitorArgs,
)
from components.open_monitors import OpenMonitors, OpenMonitorsArgs
from components.stack import ModelMonitoringStack
from components.storage import MonitoringStorage, MonitoringStorageArgs

__all__ = [
    "ArgumentError",
    "Baseline",
    "BaselineComponentArgs",
    "DataQualityMonitor",
    "DataQualityMonitorArgs",
    "DriftAlerting",
    "DriftAlertingArgs",
    "EngineComparison",
    "EngineComparisonArgs",
    "ModelMonitoringStack",
    "ModelMonitoringStackArgs",
    "ModelQualityMonitor",
    "ModelQualityMonitorArgs",
    "MonitorHealth",
    "MonitorHealthArgs",
    "MonitoredEndpoint",
    "MonitoredEndpointArgs",
    "MonitoringDashboard",
    "MonitoringDashboardArgs",
    "MonitoringStorage",
    "MonitoringStorageArgs",
    "OpenMonitors",
    "OpenMonitorsArgs",
    "ProcessingMetrics",
    "ProcessingMetricsArgs",
]
