"""Reports for people: tables in a terminal, and one HTML file that opens without a network.

Importing the package costs nothing; jinja2 and rich are loaded with the first name that is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.report.charts import line_chart
    from drift_tools.report.fleet.page import render_fleet
    from drift_tools.report.fleet.terminal import fleet_document, print_fleet
    from drift_tools.report.html import environment, render_comparison
    from drift_tools.report.runs_page import render_runs
    from drift_tools.report.sections import RunResults, Section, read_run, sections_of
    from drift_tools.report.terminal import (
        Tell,
        activity,
        console,
        mark,
        plain_table,
        print_comparison,
        print_cross_check,
        print_timeline,
        progress,
        rows_table,
        show,
    )
    from drift_tools.report.view import FeatureView, feature_views
    from drift_tools.report.words import DRIFTED, NOTHING, STEADY, UNKNOWN, count, listed, number

__all__ = [
    "DRIFTED",
    "NOTHING",
    "STEADY",
    "UNKNOWN",
    "FeatureView",
    "RunResults",
    "Section",
    "Tell",
    "activity",
    "console",
    "count",
    "environment",
    "feature_views",
    "fleet_document",
    "line_chart",
    "listed",
    "mark",
    "number",
    "plain_table",
    "print_comparison",
    "print_cross_check",
    "print_fleet",
    "print_timeline",
    "progress",
    "read_run",
    "render_comparison",
    "render_fleet",
    "render_runs",
    "rows_table",
    "sections_of",
    "show",
]

_HOMES = {
    "drift_tools.report.charts": ("line_chart",),
    "drift_tools.report.fleet.page": ("render_fleet",),
    "drift_tools.report.fleet.terminal": ("fleet_document", "print_fleet"),
    "drift_tools.report.html": ("environment", "render_comparison"),
    "drift_tools.report.runs_page": ("render_runs",),
    "drift_tools.report.sections": ("RunResults", "Section", "read_run", "sections_of"),
    "drift_tools.report.terminal": (
        "Tell",
        "activity",
        "console",
        "mark",
        "plain_table",
        "print_comparison",
        "print_cross_check",
        "print_timeline",
        "progress",
        "rows_table",
        "show",
    ),
    "drift_tools.report.view": ("FeatureView", "feature_views"),
    "drift_tools.report.words": (
        "DRIFTED",
        "NOTHING",
        "STEADY",
        "UNKNOWN",
        "count",
        "listed",
        "number",
    ),
}


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
