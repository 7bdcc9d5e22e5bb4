"""What each hour of the week, or of the day, is like in a baseline with times: kept for a stream to know."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Final

import numpy as np

from contract.bucket_layout import STATISTICS, STREAM_BASELINE
from drift_tools.errors import InputError
from drift_tools.profiles import read_json
from drift_tools.stream import HOURS_OF_DAY, HOURS_OF_WEEK, StreamBaseline, count_cells
from drift_tools.tables import Table
from drift_tools.timeline import split_by_time

_SECONDS: Final = 3600
# Fewer say little of their hour, and one day, or one week, is no season.
LEAST_ROWS: Final = 200
LEAST_DAYS: Final = 2
# Each feature of each hour is read whenever the function starts.
_MOST_FEATURES_OF_WEEK: Final = 500


def write_stream_hours(rows: Table, output: Path, *, time_column: str) -> bool:
    """Count the rows of each hour of the week, or of the day (UTC), in the bins of the baseline's statistics.

    The week's are written where each of its hours has 200 rows of two weeks, else the day's where each of its hours has
    200 rows and there are two days. Otherwise nothing is written, and False returned, as where the statistics cannot be
    a stream's baseline: a stream is then held against all of the baseline.
    """
    try:
        baseline = StreamBaseline.of_statistics(read_json(output / STATISTICS))
    except InputError:
        return False
    counts = [np.zeros((HOURS_OF_WEEK, len(feature.counts))) for feature in baseline.features]
    held, days = np.zeros(HOURS_OF_WEEK, dtype=int), [set[date]() for _ in range(HOURS_OF_WEEK)]
    for label, part in split_by_time(rows, time_column, _SECONDS):
        if not part.rows:
            continue
        moment = datetime.fromisoformat(label if label.endswith("Z") else f"{label}T00:00:00Z")
        slot = moment.hour + HOURS_OF_DAY * moment.weekday()
        held[slot] += part.rows
        days[slot].add(moment.date())
        for place, feature in enumerate(baseline.features):
            counts[place][slot] += count_cells(feature, part.columns[feature.name].as_texts().tolist())
    of_week = held.min() >= LEAST_ROWS and min(map(len, days)) >= LEAST_DAYS
    if not of_week or len(baseline.features) > _MOST_FEATURES_OF_WEEK:
        held = held.reshape(-1, HOURS_OF_DAY).sum(axis=0)
        counts = [each.reshape(-1, HOURS_OF_DAY, each.shape[1]).sum(axis=0) for each in counts]
        if held.min() < LEAST_ROWS or len(set().union(*days)) < LEAST_DAYS:
            return False
    hours = [[each[hour].tolist() for each in counts] for hour in range(len(held))]
    document = baseline.to_dict() | {"hours": hours}
    (output / STREAM_BASELINE).write_text(json.dumps(document, separators=(",", ":")), encoding="utf-8")
    return True
