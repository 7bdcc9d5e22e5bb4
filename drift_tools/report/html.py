"""The report as one HTML file that opens without a network.

`page.html`, `parts.html` and `page.css` are shared with other pages (the demo's): `environment(folder)` finds templates
in `folder` and here.
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from drift_tools.comparison import Comparison
from drift_tools.report.view import comparison_view


def environment(*folders: Path) -> Environment:
    """A Jinja environment that escapes everything, refuses what is undefined, and looks in `folders` before this
    one.
    """
    loader = FileSystemLoader([*folders, Path(__file__).parent])
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def render_comparison(
    comparison: Comparison,
    *,
    baseline_name: str = "baseline",
    current_name: str = "current rows",
    made: datetime | None = None,
    steps: Sequence[str] | None = None,
) -> str:
    """The report of a comparison as HTML: the verdict first, then the features, the farthest from the baseline before
    the others.

    `baseline_name` and `current_name` say what was compared (paths, say), `made` when; `steps` takes the place of the
    usual advice on what to do next.
    """
    view = comparison_view(comparison, baseline_name=baseline_name, current_name=current_name, made=made, steps=steps)
    return environment().get_template("comparison.html").render(view=view)
