"""Comparisons over many windows of time: how each differs, and since when."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.timeline.bins import Integers
    from drift_tools.timeline.budget import RunBudget, share_of_monitor
    from drift_tools.timeline.counting import bins_of, counts_of
    from drift_tools.timeline.cumulative import change_evidence
    from drift_tools.timeline.episodes import ScoreSeries, is_over
    from drift_tools.timeline.growth import Growth
    from drift_tools.timeline.history import WindowHistory, record_of, records_to_windows
    from drift_tools.timeline.judgement import LONGEST, judge
    from drift_tools.timeline.learning import differs_from_training, judge_while_learning, learnt_model, lesson_of
    from drift_tools.timeline.materiality import TOGETHER
    from drift_tools.timeline.monitor_model import LEAST_ROWS, MonitorModel, Part, windows_of_weeks
    from drift_tools.timeline.onsets import Move, Onset
    from drift_tools.timeline.season_names import SEASONS
    from drift_tools.timeline.timeline import Timeline, Window, compare_windows, split_by_time
    from drift_tools.timeline.verdicts import WindowVerdict

__all__ = [
    "LEAST_ROWS",
    "LONGEST",
    "SEASONS",
    "TOGETHER",
    "Growth",
    "Integers",
    "MonitorModel",
    "Move",
    "Onset",
    "Part",
    "RunBudget",
    "ScoreSeries",
    "Timeline",
    "Window",
    "WindowHistory",
    "WindowVerdict",
    "bins_of",
    "change_evidence",
    "compare_windows",
    "counts_of",
    "differs_from_training",
    "is_over",
    "judge",
    "judge_while_learning",
    "learnt_model",
    "lesson_of",
    "record_of",
    "records_to_windows",
    "share_of_monitor",
    "split_by_time",
    "windows_of_weeks",
]

_HOMES = {
    "drift_tools.timeline.bins": ("Integers",),
    "drift_tools.timeline.budget": (
        "RunBudget",
        "share_of_monitor",
    ),
    "drift_tools.timeline.counting": (
        "bins_of",
        "counts_of",
    ),
    "drift_tools.timeline.cumulative": ("change_evidence",),
    "drift_tools.timeline.episodes": (
        "ScoreSeries",
        "is_over",
    ),
    "drift_tools.timeline.growth": ("Growth",),
    "drift_tools.timeline.history": (
        "WindowHistory",
        "record_of",
        "records_to_windows",
    ),
    "drift_tools.timeline.judgement": (
        "LONGEST",
        "judge",
    ),
    "drift_tools.timeline.learning": (
        "differs_from_training",
        "judge_while_learning",
        "learnt_model",
        "lesson_of",
    ),
    "drift_tools.timeline.materiality": ("TOGETHER",),
    "drift_tools.timeline.monitor_model": (
        "LEAST_ROWS",
        "MonitorModel",
        "Part",
        "windows_of_weeks",
    ),
    "drift_tools.timeline.onsets": (
        "Move",
        "Onset",
    ),
    "drift_tools.timeline.season_names": ("SEASONS",),
    "drift_tools.timeline.timeline": (
        "Timeline",
        "Window",
        "compare_windows",
        "split_by_time",
    ),
    "drift_tools.timeline.verdicts": ("WindowVerdict",),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
