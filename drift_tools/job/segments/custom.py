"""Custom monitors segment by segment: the same functions of the rows of each, held to the same thresholds."""

from collections.abc import Sequence

from drift_tools.job.segments.cut import FEWEST_ROWS, most_frequent, rows_of
from drift_tools.job.segments.results import SegmentResult
from drift_tools.monitors.custom import CustomMonitor
from drift_tools.tables import Table


def measure_segments(columns: Sequence[str], monitors: Sequence[CustomMonitor], table: Table) -> list[SegmentResult]:
    """Measure each of the window's segments: thresholds are the user's own, there is no baseline.

    Raises `CustomFailedError` where a function fails on the rows of a segment.
    """
    found = []
    for segment in most_frequent(columns, table):
        rows = rows_of(table, segment)
        if rows.rows < FEWEST_ROWS:
            found.append(SegmentResult(segment=segment, rows=rows.rows, baseline_rows=None, judged=False))
            continue
        measured = {one.name: one.measure(rows) for one in monitors}
        called = {one.subject: one.description for result in measured.values() for one in result.violations}
        numbers = {name: dict(result.numbers) for name, result in measured.items()}
        found.append(
            SegmentResult(
                segment=segment,
                rows=rows.rows,
                baseline_rows=None,
                judged=True,
                called=called,
                size=float(len(called)),
                about={"custom": numbers},
            )
        )
    return found
