"""The CloudWatch dashboard."""

from components.dashboard.dashboard import MonitoringDashboard, MonitoringDashboardArgs, StreamOnDashboard

__all__ = ["MonitoringDashboard", "MonitoringDashboardArgs", "StreamOnDashboard"]
