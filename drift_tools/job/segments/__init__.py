"""A window segment by segment: what any kind of monitor measures, of the rows with one value of a column.

A kind's whole window and its segments share the run's level, half each, and a run calls its three worst segments at
most, in one violation each: the kind's alarm is one, whatever the number of segments.
"""

from drift_tools.job.segments.cut import (
    FEWEST_ROWS,
    MOST_VALUES,
    Segment,
    cut,
    left_out,
    most_frequent,
    rows_of,
    says_left_out,
    stored,
)
from drift_tools.job.segments.results import (
    CHECK,
    SegmentResult,
    document,
    metrics,
    of_segment,
    of_whole,
    says,
    violations,
)

__all__ = [
    "CHECK",
    "FEWEST_ROWS",
    "MOST_VALUES",
    "Segment",
    "SegmentResult",
    "cut",
    "document",
    "left_out",
    "metrics",
    "most_frequent",
    "of_segment",
    "of_whole",
    "rows_of",
    "says",
    "says_left_out",
    "stored",
    "violations",
]
