"""Custom monitors: a user's own functions of a window."""

from components.monitors.custom.kind import Custom

__all__ = ["Custom"]
