"""A baseline of production's own captures: hours of them, cut into the monitor's windows, without those that were bad.

The captures are read from S3 hour by hour, so that weeks of traffic need the disk of an hour and the memory of the
windows' profiles. What a person marked is left out, and what a verdict called: a baseline that has the drift in it
would never find it again.
"""

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from contract.bucket_layout import hour_folder
from contract.captured_span import CAPTURES, CapturedSpan
from drift_tools.capture import Captures, Counts, iterate_captures
from drift_tools.errors import InputError
from drift_tools.job.baseline_files import suggest_baseline
from drift_tools.job.baseline_windows import windows_of, write_windows
from drift_tools.job.container import Job
from drift_tools.job.inputs.dataset import capture_options
from drift_tools.job.results import Found, completion, require_rows
from drift_tools.job.settings import MonitorSettings
from drift_tools.job.window_store import Place, WindowStore, place_of
from drift_tools.profiles import Profile, merge_profiles
from drift_tools.tables import Column, Table

_HOUR: Final = timedelta(hours=1)
_SUFFIXES: Final = (".jsonl", ".jsonl.gz")
# No name of a column: a payload's name cannot hold it.
_TIME: Final = "\0inferenceTime"


@dataclass(slots=True)
class _Windows:
    """The profiles of windows by their start, and what was read for them."""

    seconds: int
    profiles: dict[int, Profile] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)

    def add(self, batch: Captures) -> None:
        """The rows of a batch, each to the window of its time."""
        self.counts = self.counts.add(batch)
        if not batch.rows:
            return
        times = Column.from_strings(_TIME, batch.inference_times.tolist())
        rows = Table.of([*batch.data.columns.values(), times], batch.rows)
        for start, profile in windows_of(rows, _TIME, self.seconds):
            known = self.profiles.get(start)
            self.profiles[start] = profile if known is None else known.merge(profile)

    def whole(self, span: CapturedSpan) -> dict[int, Profile]:
        """The windows that lie within the span with all of their time: half a day at its end is no day."""
        first, last = span.start.timestamp(), span.end.timestamp() - self.seconds
        return {start: profile for start, profile in sorted(self.profiles.items()) if first <= start <= last}


def make_from_captures(job: Job, settings: MonitorSettings, captures: str) -> Found:
    """Make the baseline's files of the captures below `captures`, as the file in the dataset's place says.

    Raises `InputError` if that says nothing, if no captures are left, or too few windows.
    """
    span, seconds = _span(settings.dataset.source), settings.baseline.window_seconds
    windows = _Windows(seconds)
    options = {
        **capture_options(settings.dataset),
        "start": span.start,
        "end": span.end,
        "columns": span.columns or None,
    }
    for folder in _hours(job, captures, span):
        for batch in iterate_captures(folder, typed=True, **options):
            windows.add(batch)
    _require(windows.counts, settings, captures, span)
    found = windows.whole(span)
    bad = _bad(place_of(job, settings.judgement.windows), list(found), seconds)
    kept = [(start, profile) for start, profile in found.items() if start not in bad.all]
    if not kept:
        raise InputError(f"no window is left of {captures} from {span.start} to {span.end}.{bad.says(len(found))}")
    output, excluded = settings.output, settings.excluded
    suggest_baseline(
        merge_profiles(profile for _, profile in kept).without(excluded),
        output,
        categorical_drift_method=settings.baseline.categorical_drift_method,
    )
    try:
        says = write_windows(
            [(start, profile.without(excluded)) for start, profile in kept],
            output,
            seconds=seconds,
            season=settings.judgement.season,
        )
    except InputError as error:
        raise InputError(f"{error}.{bad.says(len(found))}".rstrip(".")) from error
    return [], completion((), windows.counts) + says + bad.says(len(found))


def _span(dataset: Path) -> CapturedSpan:
    path = dataset / CAPTURES
    try:
        return CapturedSpan.of(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: says not which captures the baseline is made of ({error})") from error


def _require(counts: Counts, settings: MonitorSettings, captures: str, span: CapturedSpan) -> None:
    if not counts.read and not counts.outside:
        raise InputError(
            f"there are no captures below {captures} from {span.start} to {span.end}: name a span that the bucket "
            "still holds (storage.captured_data_days)"
        )
    require_rows(counts, settings.dataset.max_unreadable_share)


def _hours(job: Job, captures: str, span: CapturedSpan) -> Iterator[Path]:
    """A folder with the captures of each hour in turn; each is gone when the next one comes.

    A file lies under the hour in which it was begun, and may hold the first minutes of the next.
    """
    hour = span.start.replace(minute=0, second=0, microsecond=0) - _HOUR
    while hour < span.end:
        place = place_of(job, f"{captures}/{hour_folder(hour)}")
        names = [name for name in place.names("", "~") if name.endswith(_SUFFIXES)] if place is not None else []
        if place is not None and names:
            with tempfile.TemporaryDirectory() as folder:
                _fetch(place, names, Path(folder))
                yield Path(folder)
        hour += _HOUR


def _fetch(place: Place, names: Sequence[str], folder: Path) -> None:
    """Under names of our own: whoever may write captures chooses theirs."""

    def one(numbered: tuple[int, str]) -> None:
        number, name = numbered
        suffix = next(suffix for suffix in reversed(_SUFFIXES) if name.endswith(suffix))
        (folder / f"{number:06d}{suffix}").write_bytes(place.get(name))

    with ThreadPoolExecutor(place.readers) as readers:
        list(readers.map(one, enumerate(names)))


@dataclass(frozen=True, slots=True)
class _Bad:
    """The starts of windows that are left out, by who said so."""

    called: frozenset[int] = frozenset()
    marked: frozenset[int] = frozenset()

    @property
    def all(self) -> frozenset[int]:
        return self.called | self.marked

    def says(self, windows: int) -> str:
        """How many of so many windows were left out, and what to do about those that should not have been."""
        if not self.all:
            return ""
        own = self.called - self.marked
        return (
            f" Of {windows} windows {len(self.all)} were left out: {len(self.marked)} that a person marked as bad, "
            f"{len(own)} that a verdict called drift"
            + (" (`drift-tools rebaseline --since` says that such windows are normal)." if own else ".")
        )


def _bad(place: Place | None, starts: Sequence[int], seconds: int) -> _Bad:
    """What the monitor and people said of the windows so far; nothing where no windows are kept.

    What was called before a person said that it is the new normal is not bad any more.
    """
    if place is None or not starts:
        return _Bad()
    store = WindowStore(place)
    normal = store.normal()
    since, said = (0, 0) if normal is None else (normal.since_seconds, normal.at_seconds)
    records = store.records(starts[0] - seconds, starts[-1] + seconds)
    called = [int(record["start"]) for record in records if record.get("called")]
    called = [start for start in called if not since <= start < said]
    # A monitor's windows need not begin where the baseline's do: a daily one's begin at the hour of its run.
    overlapped = frozenset(start for start in starts if any(abs(start - other) < seconds for other in called))
    return _Bad(overlapped, frozenset(store.bad_within(starts, seconds)))
