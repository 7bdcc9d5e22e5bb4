"""Rows of a window whose captures are spread over the instances of a job: each reads its share, the first has all."""

from collections.abc import Callable
from typing import Any

from drift_tools.capture import Counts
from drift_tools.job import shards
from drift_tools.job.container import Job
from drift_tools.job.results import added
from drift_tools.tables import Column, Table


def shared_rows(
    job: Job, place: tuple[str, str], read: Callable[[], tuple[Table, Counts | None]]
) -> tuple[Table, Counts] | None:
    """What all instances read, one below the other; None on those that have handed theirs over."""

    def hand_over() -> dict[str, Any]:
        table, counts = read()
        return {
            "columns": {column.name: column.as_texts().tolist() for column in table.columns.values()}
            if table.rows
            else {},
            "counts": shards.counts_to_dict(counts or Counts()),
        }

    parts = shards.gather(job, place, hand_over)
    if parts is None:
        return None
    filled = [part["columns"] for part in parts if part["columns"]]
    names = list(filled[0]) if filled else []
    columns = [Column.from_cells(name, [cell for part in filled for cell in part[name]]) for name in names]
    table = Table.of(columns, len(columns[0]) if columns else 0)
    return table, added(shards.counts_from_dict(part["counts"]) for part in parts)
