"""The two files of a data-quality baseline."""

from pathlib import Path

from drift_tools.errors import InputError
from drift_tools.job.results import CONSTRAINTS, STATISTICS
from drift_tools.monitors.data_quality import Constraints, suggest
from drift_tools.profiles import Profile, write_json
from drift_tools.tables import Table


def suggest_baseline(
    data: Table | Profile, output: Path, *, categorical_drift_method: str | None = None
) -> Constraints:
    """Write statistics.json and constraints.json of a baseline dataset, or of its profile.

    Raises `InputError` if it has no rows or no columns: whatever is held against such a baseline violates nothing.
    """
    if not data.rows or not data.columns:
        what = "columns" if data.rows else "rows"
        raise InputError(f"a baseline of data without {what} says nothing: give data that have some")
    statistics = (data if isinstance(data, Profile) else Profile.of(data)).statistics()
    constraints = suggest(statistics, categorical_drift_method=categorical_drift_method)
    write_json(output / STATISTICS, statistics.to_dict())
    write_json(output / CONSTRAINTS, constraints.to_dict())
    return constraints
