"""What the shards of one stream have brought together, window by window, and what the detector made of it.

Each shard hands in its counts of a window when that window has ended for it; shards end windows in any order, a second
time, or late. A window is looked at once, when all shards have handed it in that handed in one of the three before, or
when two later windows have been handed in: a closed shard never comes back. What comes later still is counted with the
next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from drift_tools.errors import InputError
from drift_tools.stream.baseline import StreamBaseline
from drift_tools.stream.detector import Change, Detector
from drift_tools.stream.records import StreamCounts

_YEAR: Final = 365.25 * 86_400
_VERSION: Final = 1
# A shard of which nothing came for so many windows is forgotten: it was closed, or has no traffic.
_WINDOWS_REMEMBERED: Final = 360
# Windows that wait for others at the most, and the windows whose shards are waited for.
_GRACE: Final = 2
_WAITED_FOR: Final = 3


@dataclass
class _Window:
    counts: StreamCounts
    shards: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Look:
    """One window that was looked at: its counts, and what changed."""

    start: float
    end: float
    counts: StreamCounts
    changes: Sequence[Change]


class Tally:
    """Merges the shards' windows and gives them to one detector, each once and in their order.

    Parameters
    ----------
    baseline:
        What the stream is held against.
    window_seconds:
        Of the tumbling windows.
    false_alarms_per_year:
        The stream's own share of the stack's budget; the detector's bound.
    """

    def __init__(self, baseline: StreamBaseline, *, window_seconds: int, false_alarms_per_year: float) -> None:
        self.baseline, self.window_seconds = baseline, window_seconds
        self.detector = Detector(
            baseline.features,
            looks_per_year=_YEAR / window_seconds,
            false_alarms_per_year=false_alarms_per_year,
            hours=baseline.hours,
        )
        self._waiting: dict[int, _Window] = {}
        self._looked_until = 0
        self._recent: list[set[str]] = []
        """The shards of the last windows that were looked at."""
        self._handed_in: dict[str, tuple[int, int]] = {}
        """By shard: the sequence number of the last record, and the window that it was handed in with."""
        self.records = 0
        """Records in windows that have been looked at."""
        self.late = 0
        """Records that came after their window had been looked at, and were counted with a later one."""

    def add(self, shard: str, start: int, counts: StreamCounts, last_sequence: str) -> bool:
        """Take a shard's counts of a window (`start` in seconds since 1970); False if they came before.

        `last_sequence` is the sequence number of the last record that is counted: a shard hands in ever later ones, and
        counts that end where it has been already are a second delivery.
        """
        last = int(last_sequence)
        if last <= self._handed_in.get(shard, (-1, 0))[0]:
            return False
        self._handed_in[shard] = (last, start)
        place = start
        if place < self._looked_until:
            place = self._looked_until
            self.late += counts.records
        window = self._waiting.setdefault(place, _Window(StreamCounts.of(self.baseline.features)))
        window.counts.merge(counts)
        window.shards.add(shard)
        return True

    def looks(self) -> list[Look]:
        """Look at every window that is complete, in their order."""
        found = []
        for start in sorted(self._waiting):
            if not self._is_complete(start):
                break
            window = self._waiting.pop(start)
            end = start + self.window_seconds
            changes = self.detector.update(window.counts.counts, start, end)
            found.append(Look(start, end, window.counts, changes))
            self.records += window.counts.records
            self._looked_until, self._recent = end, [*self._recent, window.shards][-_WAITED_FOR:]
            oldest = start - _WINDOWS_REMEMBERED * self.window_seconds
            self._handed_in = {shard: known for shard, known in self._handed_in.items() if known[1] >= oldest}
        return found

    def _is_complete(self, start: int) -> bool:
        if max(self._waiting) >= start + _GRACE * self.window_seconds:
            return True
        there = {shard for place, window in self._waiting.items() if place >= start for shard in window.shards}
        return bool(self._recent) and set().union(*self._recent) <= there

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, as JSON can hold it."""
        return {
            "version": _VERSION,
            "detector": self.detector.state(),
            "waiting": {
                str(start): {"counts": window.counts.to_dict(), "shards": sorted(window.shards)}
                for start, window in self._waiting.items()
            },
            "looked_until": self._looked_until,
            "recent": [sorted(shards) for shards in self._recent],
            "handed_in": {shard: [str(last), start] for shard, (last, start) in self._handed_in.items()},
            "records": self.records,
            "late": self.late,
        }

    def restore(self, state: Mapping[str, Any], source: str) -> None:
        """Go on where `state` was taken. Raises `InputError` if it is that of another baseline or version."""
        if state.get("version") != _VERSION:
            raise InputError(f"{source} is of version {state.get('version')!r} and not {_VERSION}: begin anew without")
        self.detector.restore(state["detector"], source)
        self._waiting = {}
        for start, written in state["waiting"].items():
            counts = StreamCounts.from_dict(self.baseline.features, written["counts"])
            if counts is None:
                raise InputError(f"{source} counts in other bins: the baseline has changed, begin anew without it")
            self._waiting[int(start)] = _Window(counts, set(written["shards"]))
        self._looked_until, self._recent = int(state["looked_until"]), [set(shards) for shards in state["recent"]]
        self._handed_in = {shard: (int(last), int(start)) for shard, (last, start) in state["handed_in"].items()}
        self.records, self.late = int(state["records"]), int(state["late"])
