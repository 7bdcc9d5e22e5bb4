"""What each kind of monitor has to show: one module a kind, and pages go through the list.

A module takes the results of some runs, by period, and says what there is of its kind in them. The page of a run and
the demo's show the same sections.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from drift_tools.report.sections import attribution, bias, custom, estimates, features, quality, segments
from drift_tools.report.sections.runs import RunResults, read_run
from drift_tools.report.sections.section import Section

__all__ = ["RunResults", "Section", "read_run", "sections_of"]

_KINDS: Final[Sequence[Callable[[Mapping[str, RunResults]], list[Section]]]] = (
    features.sections,
    quality.sections,
    estimates.sections,
    bias.sections,
    attribution.sections,
    custom.sections,
    segments.sections,
)


def sections_of(runs: Mapping[str, RunResults]) -> list[Section]:
    """The sections of all kinds that the runs are of.

    Parameters
    ----------
    runs
        Results by the name of their period, in the order of time; of several kinds, or one.
    """
    return [section for kind in _KINDS for section in kind(runs)]
