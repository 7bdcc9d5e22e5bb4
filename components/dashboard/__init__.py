"""The CloudWatch dashboard."""

from components.dashboard.dashboard import MonitoringDashboard, MonitoringDashboardArgs
from components.dashboard.widgets import GRID_WIDTH, Widget, alarm_states, graph, log_table

__all__ = [
    "GRID_WIDTH",
    "MonitoringDashboard",
    "MonitoringDashboardArgs",
    "Widget",
    "alarm_states",
    "graph",
    "log_table",
]
