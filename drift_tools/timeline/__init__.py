"""Comparisons over many windows of time: how each differs, and since when."""

from drift_tools.timeline.onsets import Move, Onset
from drift_tools.timeline.timeline import Timeline, Window, compare_windows, split_by_time

__all__ = [
    "Move",
    "Onset",
    "Timeline",
    "Window",
    "compare_windows",
    "split_by_time",
]
