"""Alarms, the topics behind them, the responder, and the health of the monitors themselves."""

from components.alerting.alarm_rules import (
    PERIOD_SECONDS,
    AlarmRule,
    Metric,
    alarm_rules,
    schedule_metric,
)
from components.alerting.alerting import DriftAlerting, DriftAlertingArgs
from components.alerting.monitor_health import MonitorHealth, MonitorHealthArgs

__all__ = [
    "PERIOD_SECONDS",
    "AlarmRule",
    "DriftAlerting",
    "DriftAlertingArgs",
    "Metric",
    "MonitorHealth",
    "MonitorHealthArgs",
    "alarm_rules",
    "schedule_metric",
]
