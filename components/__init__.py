"""Monitoring for SageMaker endpoints as Pulumi components."""

from importlib.util import find_spec

if not find_spec("pulumi"):
    raise ModuleNotFoundError("the components need Pulumi: pip install 'model-monitoring[pulumi]'", name="pulumi")

from components.alerting import DriftAlerting, DriftAlertingArgs, MonitorHealth, MonitorHealthArgs
from components.args import ArgumentError, ModelMonitoringStackArgs
from components.baselines import Baseline, BaselineComponentArgs
from components.dashboard import MonitoringDashboard, MonitoringDashboardArgs
from components.endpoint import MonitoredEndpoint, MonitoredEndpointArgs
from components.fleet import (
    FleetCenter,
    FleetCenterArgs,
    FleetDashboard,
    FleetDashboardArgs,
    FleetMember,
    FleetMemberArgs,
    FleetQuickSight,
    FleetQuickSightArgs,
    FleetWatch,
    FleetWatchArgs,
    ModelMonitoringFleet,
    ModelMonitoringFleetArgs,
    ResultTables,
    ResultTablesArgs,
)
from components.functions import ProcessingMetrics, ProcessingMetricsArgs
from components.monitors import (
    DataQualityMonitor,
    DataQualityMonitorArgs,
    EngineComparison,
    EngineComparisonArgs,
    ModelQualityMonitor,
    ModelQualityMonitorArgs,
    OpenMonitors,
    OpenMonitorsArgs,
)
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
    "FleetCenter",
    "FleetCenterArgs",
    "FleetDashboard",
    "FleetDashboardArgs",
    "FleetMember",
    "FleetMemberArgs",
    "FleetQuickSight",
    "FleetQuickSightArgs",
    "FleetWatch",
    "FleetWatchArgs",
    "ModelMonitoringFleet",
    "ModelMonitoringFleetArgs",
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
    "ResultTables",
    "ResultTablesArgs",
]
