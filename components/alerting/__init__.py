"""Alarms, the topics behind them, the responder, and the health of the monitors themselves."""

from components.alerting.alarm_rules import (
    PERIOD_SECONDS,
    AlarmFactory,
    AlarmRule,
    Metric,
    alarm_rules,
    schedule_metric,
)
from components.alerting.alerting import DriftAlerting, DriftAlertingArgs, WatchedAlarm
from components.alerting.dead_letters import DeadLetterAlarms, DeadLetterAlarmsArgs
from components.alerting.monitor_health import MonitorHealth, MonitorHealthArgs
from components.alerting.monitor_watch import MonitorWatch, MonitorWatchArgs
from components.alerting.topics import alarm_topic_policy

__all__ = [
    "PERIOD_SECONDS",
    "AlarmFactory",
    "AlarmRule",
    "DeadLetterAlarms",
    "DeadLetterAlarmsArgs",
    "DriftAlerting",
    "DriftAlertingArgs",
    "Metric",
    "MonitorHealth",
    "MonitorHealthArgs",
    "MonitorWatch",
    "MonitorWatchArgs",
    "WatchedAlarm",
    "alarm_rules",
    "alarm_topic_policy",
    "schedule_metric",
]
