"""The stack: all parts of it, put together."""

from components.stack.stack import ModelMonitoringStack

__all__ = ["ModelMonitoringStack"]
