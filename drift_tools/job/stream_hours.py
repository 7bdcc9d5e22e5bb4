"""What each hour of the day is like in a baseline with times: kept beside its statistics, for a stream to know."""

import json
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np

from contract.bucket_layout import STATISTICS, STREAM_BASELINE
from drift_tools.errors import InputError
from drift_tools.profiles import read_json
from drift_tools.stream import StreamBaseline, count_cells
from drift_tools.tables import Table
from drift_tools.timeline import split_by_time

HOURS: Final = 24
_SECONDS: Final = 3600
# Fewer say little of their hour, and one day is no season.
LEAST_ROWS: Final = 200
LEAST_DAYS: Final = 2


def write_stream_hours(rows: Table, output: Path, *, time_column: str) -> bool:
    """Count the rows of each hour of the day (UTC) in the bins of the baseline's statistics, and write them.

    Nothing is written, and False returned, where an hour has fewer than 200 rows, or all are of one day, or the
    statistics cannot be a stream's baseline: a stream is then held against all of the baseline.
    """
    try:
        baseline = StreamBaseline.of_statistics(read_json(output / STATISTICS))
    except InputError:
        return False
    counts = [[np.zeros(len(feature.counts)) for feature in baseline.features] for _ in range(HOURS)]
    held, days = np.zeros(HOURS, dtype=int), set()
    for label, part in split_by_time(rows, time_column, _SECONDS):
        if not part.rows:
            continue
        moment = datetime.fromisoformat(label if label.endswith("Z") else f"{label}T00:00:00Z")
        held[moment.hour] += part.rows
        days.add(moment.date())
        for place, feature in enumerate(baseline.features):
            counts[moment.hour][place] += count_cells(feature, part.columns[feature.name].as_texts().tolist())
    if held.min() < LEAST_ROWS or len(days) < LEAST_DAYS:
        return False
    document = baseline.to_dict() | {"hours": [[each.tolist() for each in hour] for hour in counts]}
    (output / STREAM_BASELINE).write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    return True
