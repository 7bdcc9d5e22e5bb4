"""Comparisons over many windows of time: how each differs, and since when."""

from drift_tools.timeline.timeline import Onset, Timeline, Window, compare_windows, split_by_time

__all__ = ["Onset", "Timeline", "Window", "compare_windows", "split_by_time"]
