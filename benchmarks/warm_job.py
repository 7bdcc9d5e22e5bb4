"""What the runs of the monitor's job share when they follow each other in one process, so that a year of them is cheap.

Nothing here decides anything: the windows that a run keeps stay in memory, and what a run reads or fits anew and what
is the same in all runs of a year is kept (the baseline's rows and statistics, the model of windows that were learnt).
"""

import bisect
import contextlib
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

from drift_tools.comparison import Comparison, compare, prepare_baseline
from drift_tools.job import drift_json, judge, judge_quality
from drift_tools.job.container import Job
from drift_tools.job.window_store import Place
from drift_tools.monitors.data_quality import Constraints
from drift_tools.profiles import Statistics
from drift_tools.tables import Table
from drift_tools.timeline import MonitorModel, WindowHistory

_BASELINE_ROWS, _READ_STATISTICS, _FIT = drift_json.baseline_rows, Statistics.read, MonitorModel.fit
_kept: dict[tuple[Any, ...], Any] = {}


class Memory:
    """A place for windows that is no folder."""

    readers = 1

    def __init__(self) -> None:
        self._names: list[str] = []
        self._content: dict[str, bytes] = {}

    def names(self, first: str, last: str) -> list[str]:
        """The names of the objects there, from `first` to `last`."""
        return self._names[bisect.bisect_left(self._names, first) : bisect.bisect_right(self._names, last)]

    def get(self, name: str) -> bytes:
        """The content of one."""
        return self._content[name]

    def put(self, name: str, content: bytes) -> None:
        """Write one, in place of what has its name."""
        if name not in self._content:
            bisect.insort(self._names, name)
        self._content[name] = content


def forget() -> None:
    """Begin anew: nothing that runs before kept is used."""
    _kept.clear()


@contextlib.contextmanager
def keeping() -> Iterator[None]:
    """Let the job's runs in here keep what they share; whoever runs it outside gets the product as it is."""
    kept: tuple[tuple[Any, str, object], ...] = (
        (judge, "place_of", _place_of),
        (judge_quality, "place_of", _place_of),
        (drift_json, "baseline_rows", _baseline_rows),
        (drift_json, "compare", _compare),
        (Statistics, "read", staticmethod(_statistics)),
        (MonitorModel, "fit", staticmethod(_fit)),
    )
    with contextlib.ExitStack() as stack:
        for where, name, what in kept:
            stack.enter_context(patch.object(where, name, what))
        yield


def windows_at(where: Path) -> Place:
    """The place in memory that stands for a folder."""
    found: Place = _once(("place", str(where)), Memory)
    return found


def _once(key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
    if key not in _kept:
        _kept[key] = make()
    return _kept[key]


def _place_of(job: Job, where: str | None) -> Place | None:
    return None if where is None else windows_at(job.here(where))


def _baseline_rows(path: Path | None, constraints: Constraints) -> tuple[Table | None, str | None]:
    if path is None:
        return None, None
    key = ("rows", path, path.stat().st_mtime_ns, *constraints.features)
    found: tuple[Table | None, str | None] = _once(key, lambda: _BASELINE_ROWS(path, constraints))
    return found


def _statistics(path: str | Path) -> Statistics:
    key = ("statistics", str(path), Path(path).stat().st_mtime_ns)
    found: Statistics = _once(key, lambda: _READ_STATISTICS(path))
    return found


def _compare(baseline: Table, current: Table, **options: Any) -> Comparison:
    kinds = options.get("kinds", {})
    # The columns are those of the rows above, which are kept: so are their identities.
    key = ("prepared", *map(id, baseline.columns.values()), *sorted(kinds.items()))
    return compare(
        _once(key, lambda: prepare_baseline(baseline, kinds=kinds, threads=1)), current, threads=1, **options
    )


def _fit(history: WindowHistory, *, season: str = "auto") -> MonitorModel:
    content = history.starts.tobytes() + history.counts.tobytes()
    key = ("fit", season, history.digest, hashlib.sha256(content).digest())
    found: MonitorModel = _once(key, lambda: _FIT(history, season=season))
    return found
