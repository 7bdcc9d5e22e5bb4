"""What must not be learned: windows that the monitor called broken, and records with values that cannot be."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.bucket_layout import DRIFT, VIOLATIONS
from drift_tools.errors import InputError
from drift_tools.tables import Table


@dataclass(frozen=True, kw_only=True)
class BrokenWindow:
    """A window of time in which checks of the monitor found the feed broken."""

    start: datetime
    end: datetime
    checks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """As the manifest has it."""
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "checks": list(self.checks)}


def broken_windows(results: Path, checks: Iterable[str]) -> tuple[BrokenWindow, ...]:
    """Find the runs below a folder of monitoring results whose violations are of one of these checks.

    A run's window is in its drift.json, its violations are in constraint_violations.json beside it; a run without
    violations has no such file.

    Raises
    ------
    InputError
        If a file cannot be read: what cannot be read might have been a broken window.
    """
    wanted, found = set(checks), []
    for path in sorted(results.rglob(DRIFT)):
        violations = next((path.with_name(name) for name in VIOLATIONS if path.with_name(name).is_file()), None)
        if violations is None:
            continue
        try:
            window = json.loads(path.read_bytes())["window"]
            named = [entry["constraint_check_type"] for entry in json.loads(violations.read_bytes())["violations"]]
            start, end = (datetime.fromisoformat(window[edge]) for edge in ("start", "end"))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{violations}: no result of a monitor ({error!r}): remove it, or run it again") from error
        called = tuple(sorted(set(named) & wanted))
        if called:
            found.append(BrokenWindow(start=start, end=end, checks=called))
    return tuple(found)


def judged_until(results: Path) -> datetime | None:
    """Find the end of the last window that a monitor has looked at; None if none has looked at any.

    What came later may be broken, and nobody knows yet.
    """
    ends = []
    for path in results.rglob(DRIFT):
        try:
            ends.append(datetime.fromisoformat(json.loads(path.read_bytes())["window"]["end"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: no result of a monitor ({error!r}): remove it, or run it again") from error
    return max(ends, default=None)


def in_windows(times: NDArray[np.float64], windows: Sequence[BrokenWindow]) -> NDArray[np.bool_]:
    """Tell which times (seconds since the epoch) lie in one of the windows."""
    inside = np.zeros(len(times), dtype=bool)
    for window in windows:
        inside |= (times >= window.start.timestamp()) & (times < window.end.timestamp())
    return inside


def impossible_records(
    table: Table, statistics: Mapping[str, Any], margin: float
) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Tell records with a value that cannot be one of its feature, and count them by reason.

    A feature whose baseline is numbers must hold numbers, at most `margin` widths of the baseline's range outside of
    it: ages in months are found by it, and people who are older than any before are not.

    Parameters
    ----------
    table:
        The features.
    statistics:
        The baseline's statistics.json.
    margin:
        In widths of the baseline's range.
    """
    impossible = np.zeros(table.rows, dtype=bool)
    reasons: Counter[str] = Counter()
    for feature in statistics.get("features", []):
        summary = feature.get("numerical_statistics")
        column = table.columns.get(str(feature.get("name")))
        if summary is None or column is None:
            continue
        numbers, _ = column.as_numbers()
        missing = np.array([text is None for text in column.as_texts()])
        low, high = float(summary["min"]), float(summary["max"])
        width = (high - low) * margin
        with np.errstate(invalid="ignore"):
            beyond = (numbers < low - width) | (numbers > high + width)
        no_number = np.isnan(numbers) & ~missing
        for reason, rows in ((f"{column.name} is no number", no_number), (f"{column.name} is out of range", beyond)):
            if rows.any():
                reasons[reason] += int(np.count_nonzero(rows))
                impossible |= rows
    return impossible, dict(reasons)
