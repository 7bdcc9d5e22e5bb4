"""Features segment by segment: the comparison and the judgement of the whole window, of the rows of each segment."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from drift_tools.comparison import Comparison, Kind, compare
from drift_tools.job.container import Job
from drift_tools.job.judge import judge_run
from drift_tools.job.segments.cut import FEWEST_ROWS, Segment, most_frequent, rows_of
from drift_tools.job.segments.results import SegmentResult, of_segment
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.data_quality import Constraints, profile_for
from drift_tools.tables import Table


def judge_segments(
    job: Job,
    settings: MonitorSettings,
    constraints: Constraints,
    *,
    baseline: Table,
    window: Table,
    kinds: Mapping[str, Kind],
    origins: Mapping[Segment, Table] | None = None,
) -> list[SegmentResult]:
    """Judge each of the baseline's segments.

    Parameters
    ----------
    job, settings
        the run, whose whole budget the settings have; a segment keeps windows of its own beside the monitor's.
    constraints
        what is checked, and how it is read.
    baseline, window
        all rows of both sides, without the features that are left out.
    kinds
        of the features.
    origins
        segments that no column tells, such as a variant's, and their rows; each is held against the whole baseline.
    """
    wanted: dict[Segment, tuple[Table, ...]] = {
        one: tuple(rows_of(table, one).without([one.column]) for table in (baseline, window))
        for one in most_frequent(settings.segments, baseline)
        if one.column in window.columns
    }
    wanted |= {one: (baseline, rows) for one, rows in (origins or {}).items()}
    return [
        _judged(job, of_segment(settings, one, len(wanted)), one, sides, constraints=constraints, kinds=kinds)
        for one, sides in wanted.items()
    ]


def _judged(
    job: Job,
    settings: MonitorSettings,
    segment: Segment,
    sides: tuple[Table, ...],
    *,
    constraints: Constraints,
    kinds: Mapping[str, Kind],
) -> SegmentResult:
    before, now = sides
    if min(before.rows, now.rows) < FEWEST_ROWS:
        return SegmentResult(segment=segment, rows=now.rows, baseline_rows=before.rows, judged=False)
    inside = {name: kind for name, kind in kinds.items() if name != segment.column}
    comparison = compare(before, now, alpha=settings.alpha, kinds=inside)
    judgement = judge_run(
        job,
        settings,
        comparison,
        current=profile_for(now, constraints),
        statistics=profile_for(before, constraints).statistics(),
        kinds=inside,
    )
    applied = judgement.applied(comparison)
    called = {
        feature.name: feature.summary.removesuffix(".")
        for feature in applied.ranked()
        if feature.drifted and feature.name in constraints.features and constraints.evaluates(feature.name)
    }
    return SegmentResult(
        segment=segment,
        rows=now.rows,
        baseline_rows=before.rows,
        judged=True,
        called=called,
        size=max((applied.features[name].effect for name in called), default=0.0),
        about={"by": judgement.by, "psi": _psi(applied)},
    )


def _psi(comparison: Comparison) -> dict[str, Any]:
    return {name: round(feature.psi, 6) for name, feature in comparison.features.items()}


def window_folders(settings: MonitorSettings, baseline: Table) -> list[tuple[str, Table]]:
    """Where a baseline with times keeps the windows of each segment, below its own folder, and their rows."""
    places = replace(settings.judgement, baseline_windows="")
    found = []
    for one in most_frequent(settings.segments, baseline):
        own = of_segment(replace(settings, judgement=places), one, 1).judgement.baseline_windows
        rows = rows_of(baseline, one)
        if own is not None and rows.rows >= FEWEST_ROWS:
            found.append((own.lstrip("/"), rows.without([one.column])))
    return found
