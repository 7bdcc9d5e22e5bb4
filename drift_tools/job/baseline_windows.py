"""The windows of a baseline with times: counted, and kept beside its statistics."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from contract.bucket_layout import WINDOWS
from drift_tools.errors import InputError
from drift_tools.profiles import Profile
from drift_tools.tables import Table
from drift_tools.timeline import MonitorModel, Part, WindowHistory, bins_of, counts_of, split_by_time


def windows_of(rows: Table, time_column: str, seconds: int) -> list[tuple[int, Profile]]:
    """The profile of each window that has rows, by its start in seconds since 1970.

    Raises `InputError` if the column holds no times.
    """
    parts = split_by_time(rows, time_column, seconds)
    return [(start_of(label), Profile.of(part)) for label, part in parts if part.rows]


def start_of(label: str) -> int:
    """When the window of a label begins, in seconds since 1970."""
    return int(datetime.fromisoformat(_zoned(label)).timestamp())


def write_windows(windows: Sequence[tuple[int, Profile]], output: Path, *, seconds: int, season: str) -> str:
    """Keep the counts of a baseline's windows, as long as the monitor's, and say what they teach.

    Raises `InputError` if there are too few windows.
    """
    if not windows:
        raise InputError("the baseline has no rows to cut into windows: give data that have some")
    bins = bins_of([profile for _, profile in windows], {})
    history = WindowHistory.of(bins, seconds, {start: counts_of(part, bins) for start, part in windows})
    model = MonitorModel.fit(history, season=season)
    (output / WINDOWS).write_bytes(history.to_bytes())
    rows_each = int(history.rows.sum() / len(history))
    seasons = ", ".join(
        f"{part.model.family.name}: {part.model.season.replace('_', ' ')}{_slots(part, rows_each)}"
        for part in model.parts
    )
    return f" The baseline has {len(history)} windows of {rows_each} rows on average (season {seasons})."


def _slots(part: Part, rows_each: int) -> str:
    """What a season costs: each slot knows its own windows only."""
    slots = part.model.slots
    if len(slots.labels) == 1:
        return ""
    fewest = int(slots.sizes.min())
    return f", {len(slots.labels)} slots of at least {fewest} windows and about {fewest * rows_each:,} rows each"


def _zoned(label: str) -> str:
    """A day's label is its midnight in UTC."""
    return label if label.endswith("Z") else f"{label}T00:00:00Z"
