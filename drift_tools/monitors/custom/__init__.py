"""Custom monitors: a user's own function of a window's table, whose numbers are held against the user's thresholds."""

from drift_tools.monitors.custom.measure import CustomFailedError, CustomMonitor, Measured, parse_monitors

__all__ = ["CustomFailedError", "CustomMonitor", "Measured", "parse_monitors"]
