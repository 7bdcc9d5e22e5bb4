"""Model quality segment by segment, each held against what the baseline measured of it."""

from collections.abc import Mapping
from typing import Any

from drift_tools.job.container import Job
from drift_tools.job.judge_quality import judge_quality_run
from drift_tools.job.quality_outcomes import outcomes_of, with_intervals
from drift_tools.job.segments.cut import rows_of, stored
from drift_tools.job.segments.results import SegmentResult, of_segment
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors import model_quality
from drift_tools.monitors.model_quality import FEWEST_LABELLED, QualityConstraints
from drift_tools.tables import Table


def judge_segments(job: Job, settings: MonitorSettings, file: Any, table: Table) -> list[SegmentResult]:
    """Judge each segment that the baseline's file has, under its share of the budget and beside its own windows.

    `table`: the window's answers and labels, by the variables that ask for them, and the columns of the segments.
    """
    known = list(stored(file, settings.segments))
    found = []
    for segment, baseline_rows, description in known:
        rows = rows_of(table, segment)
        constraints = QualityConstraints.from_dict(description)
        data = None
        if rows.rows:
            wanted = settings.quality
            data = outcomes_of(rows, wanted, wanted.positive_label or constraints.positive_label or "1")
        if data is None or len(data) < FEWEST_LABELLED:
            few = 0 if data is None else len(data)
            found.append(SegmentResult(segment=segment, rows=few, baseline_rows=baseline_rows, judged=False))
            continue
        quality = model_quality.measure(data)
        own = of_segment(settings, segment, len(known))
        judged = judge_quality_run(job, own, data, quality, constraints)
        tests = judged.document.get("tests", {})
        found.append(
            SegmentResult(
                segment=segment,
                rows=len(data),
                baseline_rows=baseline_rows,
                judged=True,
                called={one.subject: one.description for one in judged.violations},
                size=max((_decline(tests.get(one.subject)) for one in judged.violations), default=0.0),
                about={"by": judged.document["by"], "quality": with_intervals(data, quality)},
            )
        )
    return found


def _decline(test: Mapping[str, Any] | None) -> float:
    if test is None:
        return 0.0
    value, threshold = float(test["value"]), float(test["threshold"])
    return abs(value - threshold) / (abs(threshold) or 1.0)
