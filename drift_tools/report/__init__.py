"""Reports for people: tables in a terminal, and one HTML file that opens without a network.

Importing the package costs nothing; jinja2 is loaded with the first name that is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.report.html import environment, render_comparison

__all__ = ["environment", "render_comparison"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(import_module("drift_tools.report.html"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
