"""Bias: whether labels and predictions favour a group, and more than they did in the baseline."""

from components.monitors.bias.kind import Bias

__all__ = ["Bias"]
