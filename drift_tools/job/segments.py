"""A window's drift segment by segment: the same measures, of the rows with one value of a column on both sides.

It says where a drift is, and rings nothing: the run's verdict is of all rows, and a budget that every value of every
column shared would leave little for each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from drift_tools.comparison import Comparison, Kind, compare
from drift_tools.tables import Column, Table

MOST_VALUES: Final = 10
FEWEST_ROWS: Final = 50
_NAMED: Final = 3


@dataclass(frozen=True, slots=True)
class Segment:
    """The rows with one value of a column; `comparison`: None if they are too few on either side."""

    column: str
    value: str
    rows: int
    baseline_rows: int
    comparison: Comparison | None

    @property
    def drifted(self) -> list[str]:
        """The features that drifted in it."""
        return list(self.comparison.drifted_features) if self.comparison else []

    def to_dict(self) -> dict[str, Any]:
        """As drift.json has it."""
        found = self.comparison
        return {
            "rows": self.rows,
            "baseline_rows": self.baseline_rows,
            "judged": found is not None,
            "drifted": self.drifted,
            "psi": {} if found is None else {name: round(one.psi, 6) for name, one in found.features.items()},
        }


def by_segment(
    columns: Sequence[str], baseline: Table, window: Table, *, alpha: float, kinds: Mapping[str, Kind]
) -> list[Segment]:
    """Compare each of the baseline's most frequent values of these columns. `alpha` is the level of all together.

    Of fewer than 50 rows on either side a segment is counted and not judged.
    """
    wanted = [
        (column, value)
        for column in columns
        if column in baseline.columns and column in window.columns
        for value in _values(baseline.columns[column])
    ]
    level = alpha / max(len(wanted), 1)
    return [_segment(column, value, (baseline, window), alpha=level, kinds=kinds) for column, value in wanted]


def document(segments: Sequence[Segment]) -> dict[str, Any]:
    """By column and value, for drift.json."""
    found: dict[str, Any] = {}
    for segment in segments:
        found.setdefault(segment.column, {})[segment.value] = segment.to_dict()
    return found


def left_out(columns: Sequence[str], baseline: Table) -> dict[str, int]:
    """By column, how many of the baseline's values are beyond those that are looked at."""
    counts = {name: len(baseline.columns[name].category_counts()) for name in columns if name in baseline.columns}
    return {name: count - MOST_VALUES for name, count in counts.items() if count > MOST_VALUES}


def says(segments: Sequence[Segment]) -> str:
    """A sentence on where features drifted; empty if nowhere."""
    drifted = sorted((one for one in segments if one.drifted), key=lambda one: -len(one.drifted))
    if not drifted:
        return ""
    named = "; ".join(f"{one.column}={one.value} ({', '.join(one.drifted[:_NAMED])})" for one in drifted[:_NAMED])
    rest = f" and {len(drifted) - _NAMED} more" if len(drifted) > _NAMED else ""
    return f" Drift by segment, which rings nothing: {named}{rest}."


def says_left_out(beyond: Mapping[str, int]) -> str:
    """A sentence on the values that were not looked at."""
    named = ", ".join(f"{count:,} of {column}" for column, count in beyond.items())
    return f" Values beyond the {MOST_VALUES} most frequent are no segments: {named}."


def numbers(segments: Sequence[Segment]) -> Iterator[tuple[str, float]]:
    """How many features drifted in each segment that was judged, by `column=value`."""
    return ((f"{one.column}={one.value}", float(len(one.drifted))) for one in segments if one.comparison)


def _values(column: Column) -> list[str]:
    counts = column.category_counts()
    return sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]


def _segment(
    column: str, value: str, sides: tuple[Table, Table], *, alpha: float, kinds: Mapping[str, Kind]
) -> Segment:
    before, now = (_rows(table, column, value) for table in sides)
    comparison = None
    if min(before.rows, now.rows) >= FEWEST_ROWS:
        inside = {name: kind for name, kind in kinds.items() if name != column}
        comparison = compare(before, now, alpha=alpha, kinds=inside)
    return Segment(column, value, now.rows, before.rows, comparison)


def _rows(table: Table, column: str, value: str) -> Table:
    """The rows with this value, without the column."""
    chosen = np.flatnonzero(table.columns[column].as_texts() == value)
    columns = [
        Column.from_cells(name, found.as_texts()[chosen].tolist())
        for name, found in table.columns.items()
        if name != column
    ]
    return Table.of(columns, len(chosen))
