"""Segments: what drifted among the rows with one value of a column, of whatever kind of monitor."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import Section, together
from drift_tools.report.words import NOTHING, count, listed

_NOTE: Final = (
    "Each segment is held against its own rows in the baseline. Bold: something drifted in it. What the whole window "
    "is called for is no finding of a segment; the three worst ring."
)
_NAMED: Final = 3

Segments = Mapping[str, Mapping[str, Any]]  # by name, as drift.json has one


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs that looked at segments."""
    found = {period: dict(_segments(run)) for period, run in runs.items() if run.drift.get("segments")}
    if not found:
        return []
    marked = frozenset((name, period) for period, of in found.items() for name in of if of[name].get("drifted"))
    section = Section(
        title="Where did it drift?",
        note=_NOTE,
        says={period: _says(of) for period, of in found.items()},
        columns=list(found),
        rows={
            name: [_cell(of.get(name)) for of in found.values()]
            for name in together([list(of) for of in found.values()])
        },
        marked=marked,
        is_drifted=bool(marked),
    )
    return [section]


def _segments(run: RunResults) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for column, values in run.drift["segments"].items():
        for value, segment in values.items():
            yield f"{column} = {value}", segment


def _says(segments: Segments) -> str:
    drifted = [name for name, segment in segments.items() if segment.get("drifted")]
    few = sum(not segment.get("judged") for segment in segments.values())
    without = f" {count(few, 'segment')} had too few rows." if few else ""
    if not drifted:
        return f"nothing drifted in any of {count(len(segments) - few, 'segment')}.{without}"
    return f"something drifted in {listed(drifted)}.{without}"


def _cell(segment: Mapping[str, Any] | None) -> str:
    if segment is None:
        return NOTHING
    rows = count(int(segment.get("rows") or 0), "row")
    if not segment.get("judged"):
        return f"too few ({rows})"
    return f"{listed(segment['drifted'], _NAMED)} ({rows})" if segment.get("drifted") else f"calm ({rows})"
