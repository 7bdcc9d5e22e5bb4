"""Many models: their results as tables, their dashboards, and what lies between accounts."""

from components.fleet.accounts import FleetCenter, FleetCenterArgs, FleetMember, FleetMemberArgs, FleetMemberSettings
from components.fleet.dashboard import FleetDashboard, FleetDashboardArgs, FleetDashboardSettings
from components.fleet.dashboard_bodies import (
    BODY_BYTES,
    METRICS_A_DASHBOARD,
    METRICS_A_SEARCH,
    FleetSubject,
    Group,
    bodies,
)
from components.fleet.fleet import ModelMonitoringFleet, ModelMonitoringFleetArgs
from components.fleet.named_queries import QUERIES, NamedQuery
from components.fleet.quicksight import FleetQuickSight, FleetQuickSightArgs
from components.fleet.tables import ResultTables, ResultTablesArgs
from components.fleet.watch import FleetWatch, FleetWatchArgs

__all__ = [
    "BODY_BYTES",
    "METRICS_A_DASHBOARD",
    "METRICS_A_SEARCH",
    "QUERIES",
    "FleetCenter",
    "FleetCenterArgs",
    "FleetDashboard",
    "FleetDashboardArgs",
    "FleetDashboardSettings",
    "FleetMember",
    "FleetMemberArgs",
    "FleetMemberSettings",
    "FleetQuickSight",
    "FleetQuickSightArgs",
    "FleetSubject",
    "FleetWatch",
    "FleetWatchArgs",
    "Group",
    "ModelMonitoringFleet",
    "ModelMonitoringFleetArgs",
    "NamedQuery",
    "ResultTables",
    "ResultTablesArgs",
    "bodies",
]
