"""Alarms, the topics behind them, the responder, and the health of the monitors themselves."""

from components.alerting.alarm_rules import (
    CONSTRAINT_VIOLATIONS,
    JOB_FAILURES,
    PERIOD_SECONDS,
    AlarmRule,
    Metric,
    alarm_rules,
    schedule_metric,
)
from components.alerting.alerting import DriftAlerting, DriftAlertingArgs
from components.alerting.monitor_health import AGREEMENT, NO_DATA, RUNS, MonitorHealth, MonitorHealthArgs

__all__ = [
    "AGREEMENT",
    "CONSTRAINT_VIOLATIONS",
    "JOB_FAILURES",
    "NO_DATA",
    "PERIOD_SECONDS",
    "RUNS",
    "AlarmRule",
    "DriftAlerting",
    "DriftAlertingArgs",
    "Metric",
    "MonitorHealth",
    "MonitorHealthArgs",
    "alarm_rules",
    "schedule_metric",
]
