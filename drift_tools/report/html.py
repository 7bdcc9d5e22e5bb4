"""The report as one HTML file that opens without a network.

`page.html`, `parts.html` and `page.css` are shared with other pages (the demo's): `environment(folder)` finds templates
in `folder` and here.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from contract.plain_text import visible
from drift_tools.comparison import Comparison, CrossCheck
from drift_tools.report.view import comparison_view
from drift_tools.report.words import ISOLATES

if TYPE_CHECKING:
    from drift_tools.timeline import Timeline


def environment(*folders: Path) -> Environment:
    """A Jinja environment that escapes everything, refuses what is undefined, and looks in `folders` before this
    one.
    """
    loader = FileSystemLoader([*folders, Path(__file__).parent])
    return Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printable(value: object) -> object:
    """Control characters and halves of surrogate pairs, which no page may hold, as something that can be seen."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return visible(value, keep="\n\t" + ISOLATES)
    return value


def render_comparison(
    comparison: Comparison,
    *,
    baseline_name: str = "baseline",
    current_name: str = "current rows",
    made: datetime | None = None,
    steps: Sequence[str] | None = None,
    cross_check: CrossCheck | None = None,
    timeline: "Timeline | None" = None,
    thresholds: Mapping[str, float] | None = None,
) -> str:
    """The report of a comparison as one HTML file that opens without a network: the verdict first, then the features,
    the farthest from the baseline before the others, and what to do next.

    Parameters
    ----------
    comparison
        from `drift_tools.compare`.
    baseline_name, current_name, made
        what was compared (paths, say), and when.
    steps
        take the place of the advice that is derived from the comparison.
    cross_check
        what the monitor said of the same rows, from `drift_tools.comparison.cross_check`.
    timeline
        the current rows window by window, from `drift_tools.timeline.compare_windows`.
    thresholds
        by feature, the effect from which a difference is drift, where it is not the usual one: drawn in the timeline.

    Examples
    --------
    >>> from drift_tools import compare
    >>> page = render_comparison(compare({"age": [30.0, 41.0]}, {"age": [35.0, 38.0]}))
    >>> page[:15], "Not enough data" in page
    ('<!DOCTYPE html>', True)
    """
    view = comparison_view(
        comparison,
        baseline_name=baseline_name,
        current_name=current_name,
        made=made,
        steps=steps,
        cross_check=cross_check,
        timeline=timeline,
        thresholds=thresholds,
    )
    return environment().get_template("comparison.html").render(view=view)
