"""The CloudWatch dashboard."""

from components.dashboard.dashboard import MonitoringDashboard, MonitoringDashboardArgs

__all__ = ["MonitoringDashboard", "MonitoringDashboardArgs"]
