"""Windows over time: in which of them a feature has drifted, when that began, and whether it was sudden or gradual."""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.comparison import Baseline, Comparison, Kind, compare, prepare_baseline
from drift_tools.errors import InputError
from drift_tools.significance import alpha_per_run
from drift_tools.tables import Column, Numbers, Table, TimeColumn, as_table, seconds_since_1970
from drift_tools.timeline.bin_counts import binned_counts
from drift_tools.timeline.growth import Growth, growing_features
from drift_tools.timeline.onsets import Onset, date_drift, mean_of

MOST_WINDOWS = 10_000
_CALM = 2
_NAMED = 10
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_WIDTH = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(s|m|min|h|d|w)\s*")
# The first Monday of the Unix clock, so that weeks begin on Mondays.
_MONDAY = 4 * 86400.0
_WIDEST = 36525 * 86400.0
# Numbers since 1970 that are larger than these are milliseconds, microseconds, nanoseconds: as seconds they would lie
# beyond the year 2286.
_FINER = ((1e16, 1e9), (1e13, 1e6), (1e10, 1e3))
# A number is a time only if it lies in these years: ages, identifiers and dates without their dashes do not.
_PLAUSIBLE = datetime(1971, 1, 1, tzinfo=UTC).timestamp(), datetime(2200, 1, 1, tzinfo=UTC).timestamp()
# What says itself that it is a time may lie anywhere that a window's label can be written.
_WRITABLE = datetime(1000, 1, 1, tzinfo=UTC).timestamp(), datetime(9000, 1, 1, tzinfo=UTC).timestamp()
_CALENDAR = {8: ("%Y%m%d", "YYYYMMDD"), 12: ("%Y%m%d%H%M", "YYYYMMDDhhmm"), 14: ("%Y%m%d%H%M%S", "YYYYMMDDhhmmss")}
# Minutes of the years 1900 to 2200, written as YYYYMMDDhhmm, are milliseconds of 1976.
_CALENDAR_MINUTES = 1.9e11, 2.201e11


@dataclass(frozen=True, slots=True)
class Window:
    """One window: `label`, and its comparison with the baseline."""

    label: str
    comparison: Comparison


@dataclass(frozen=True, slots=True, repr=False)
class Timeline:
    """Windows in their order, and the onset of each feature that drifted in any of them.

    `alpha`: the probability with which a timeline without drift has any alarm at most; each window was tested at
    `alpha_per_window`. `confidence`: of the intervals of the onsets. `growing`: the features that no window calls drift
    and that move away from the baseline all the same, the largest first.
    """

    windows: tuple[Window, ...]
    onsets: Mapping[str, Onset]
    alpha: float
    alpha_per_window: float
    confidence: float = field(default=0.95)
    growing: Mapping[str, Growth] = field(default_factory=dict)

    @property
    def drifted(self) -> bool:
        """Whether any feature drifted in any window."""
        return any(window.comparison.drifted for window in self.windows)

    @property
    def drifted_features(self) -> list[str]:
        """The features that drifted in any window, in the order in which they first did."""
        return list(dict.fromkeys(name for window in self.windows for name in window.comparison.drifted_features))

    def to_dict(self) -> dict[str, Any]:
        """The timeline as a JSON object."""
        return {
            "alpha": self.alpha,
            "alpha_per_window": self.alpha_per_window,
            "confidence": self.confidence,
            "drifted": self.drifted,
            "drifted_features": self.drifted_features,
            "windows": [{"label": window.label, **window.comparison.to_dict()} for window in self.windows],
            "onsets": {name: onset.to_dict() for name, onset in self.onsets.items()},
            "growing": {name: growth.to_dict() for name, growth in self.growing.items()},
        }

    def __repr__(self) -> str:
        found = "; ".join(map(str, self.onsets.values())) or "no drift"
        return f"<Timeline: {len(self.windows)} windows; {found}>"


def compare_windows(
    baseline: object,
    windows: Sequence[tuple[str, object]],
    *,
    alpha: float = 0.05,
    columns: Collection[str] | None = None,
    exclude: Collection[str] = (),
    kinds: Mapping[str, Kind] | None = None,
    thresholds: Mapping[str, float] | None = None,
    false_alarms_per_year: float | None = None,
    runs_per_year: float | None = None,
    threads: int | None = None,
) -> Timeline:
    """Compare each window with the baseline, and say when each feature began to drift.

    The windows are tested at `alpha` divided by the number of those that have rows (Bonferroni), so that a timeline
    without drift raises any alarm with probability at most `alpha`, however the windows depend on each other.

    Parameters
    ----------
    baseline
        as `drift_tools.compare` takes it.
    windows
        labels and tables, in the order of time; `split_by_time` makes them. A window without rows says "not enough
        data".
    alpha
        for the whole timeline, 0 < alpha < 1.
    columns, exclude, kinds, thresholds, threads
        as in `drift_tools.compare`. What labels the rows in one window is left out of all.
    false_alarms_per_year, runs_per_year
        if given, each window is a run of a monitor that has so many of them a year, and is tested at
        `drift_tools.significance.alpha_per_run` whatever their number here; `alpha` is not used.

    Raises
    ------
    InputError
        if there are no windows, two have the same label, or either table is none.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> hours = [(f"{hour:02d}:00", {"x": rng.normal(hour >= 5, size=400)}) for hour in range(10)]
    >>> timeline = compare_windows({"x": rng.normal(size=2000)}, hours)
    >>> timeline
    <Timeline: 10 windows; x: began at 05:00, all at once>
    """
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}: give a probability between 0 and 1")
    labels = [label for label, _ in windows]
    if not labels:
        raise InputError("there are no windows: give at least one label with its rows")
    if len(set(labels)) < len(labels):
        twice = next(label for label in labels if labels.count(label) > 1)
        raise InputError(f"two windows are called {twice!r}: give each a label of its own")
    tables = [as_table(data, what=f"window {label!r}") for label, data in windows]
    if false_alarms_per_year is None and runs_per_year is None:
        level = alpha / max(sum(table.rows > 0 for table in tables), 1)
    else:
        level = alpha_per_run(1.0 if false_alarms_per_year is None else false_alarms_per_year, runs_per_year)
        alpha = min(1.0, level * len(tables))
    prepared = baseline if isinstance(baseline, Baseline) else prepare_baseline(baseline, kinds=kinds, threads=threads)

    def compared_without(names: Collection[str]) -> tuple[Window, ...]:
        return tuple(
            Window(
                label,
                compare(
                    prepared,
                    table,
                    alpha=level,
                    columns=columns,
                    exclude=[name for name in names if name in table.columns or name in prepared.names],
                    kinds=kinds,
                    thresholds=thresholds,
                    threads=threads,
                ),
            )
            for label, table in zip(labels, tables, strict=True)
        )

    compared = compared_without(exclude)
    left_out = set(exclude).union(*(window.comparison.left_out for window in compared))
    if any(set(window.comparison.left_out) != left_out for window in compared):
        compared = compared_without(left_out)
    timeline = Timeline(compared, {}, alpha, level)
    onsets = {name: _onset(name, prepared, tables, compared, timeline.confidence) for name in timeline.drifted_features}
    growing = growing_features([window.comparison for window in compared], alpha=alpha, thresholds=thresholds)
    return Timeline(compared, onsets, alpha, level, growing=growing)


def _onset(
    name: str, baseline: Baseline, tables: Sequence[Table], windows: Sequence[Window], confidence: float
) -> Onset:
    ended = _last_drift(name, windows)
    if ended is not None:
        tables, windows = tables[: ended + 1], windows[: ended + 1]
    features = [window.comparison.features[name] for window in windows]
    return date_drift(
        name,
        *binned_counts(name, baseline, tables, features[0].kind),
        called=np.array([feature.drifted for feature in features]),
        effects=np.array([feature.effect for feature in features]),
        labels=[window.label for window in windows],
        is_over=ended is not None,
        confidence=confidence,
    )


def _last_drift(name: str, windows: Sequence[Window]) -> int | None:
    """The last window in which the feature has drifted, if that is over. One calm window may be chance, and small ones
    never say "no drift": what tells is their mean effect, which is 0 without drift whatever their size.
    """
    features = [window.comparison.features[name] for window in windows]
    last = max(place for place, feature in enumerate(features) if feature.drifted)
    after = [feature.effect for feature in features[last + 1 :] if feature.current.rows and not math.isnan(feature.psi)]
    drifted = mean_of(feature.effect for feature in features if feature.drifted)  # NaN of a column that was missing
    return last if len(after) >= _CALM and not mean_of(after) >= drifted / 2 else None


def split_by_time(table: object, column: str, width: str | timedelta | float) -> list[tuple[str, Table]]:
    """Cut a table into windows of equal width by a column of times, in the order of time.

    Windows begin at full hours, days (UTC) or Mondays, as the width has it; those between the first and the last that
    have no rows are there with none. The labels are their starts, in ISO 8601 and UTC. The column itself is left out.

    Parameters
    ----------
    table
        anything that `drift_tools.compare` takes.
    column
        of dates or times, ISO 8601 texts (UTC where they name no zone), or seconds since 1970 (milli-, micro- or
        nanoseconds where seconds would lie beyond the year 2286) of the years 1971 to 2199.
    width
        such as `"15min"`, `"1h"`, `"1d"`, `"1w"`; a `timedelta`; or seconds. At least a second.

    Raises
    ------
    InputError
        if there is no such column, a row of it holds no time, the width is none, or it makes more than 10,000 windows.

    Examples
    --------
    >>> windows = split_by_time({"at": ["2026-03-01T10:10", "2026-03-01T12:30Z"], "x": [1.0, 2.0]}, "at", "1h")
    >>> [(label, part.rows) for label, part in windows]
    [('2026-03-01T10:00Z', 1), ('2026-03-01T11:00Z', 0), ('2026-03-01T12:00Z', 1)]
    """
    data = as_table(table)
    if column not in data.columns:
        names = ", ".join(map(repr, data.names[:_NAMED])) or "none"
        more = f" and {len(data.names) - _NAMED} more" if len(data.names) > _NAMED else ""
        raise InputError(f"there is no column {column!r}: the table has {names}{more}; name one (--time-column)")
    seconds = _seconds(width)
    times = _times(data.columns[column])
    if not len(times):
        raise InputError(f"column {column!r} has no rows to split: give a table with at least one")
    origin = _MONDAY if seconds % _UNITS["w"] == 0 else 0.0
    numbers = np.floor((times - origin) / seconds).astype(np.int64)
    first, last = int(numbers.min()), int(numbers.max())
    if last - first >= MOST_WINDOWS:
        raise InputError(
            f"column {column!r} spans {last - first + 1:,} windows: at most {MOST_WINDOWS:,} are compared, so take a "
            "larger width or fewer rows (--window, --time-column)"
        )
    order = np.argsort(numbers, kind="stable")
    bounds = np.searchsorted(numbers[order], np.arange(first, last + 2))
    rest = data.without([column])
    return [
        (_label(origin + (first + index) * seconds), _rows(rest, np.sort(order[start:stop])))
        for index, (start, stop) in enumerate(pairwise(bounds))
    ]


def _seconds(width: str | timedelta | float) -> float:
    if isinstance(width, timedelta):
        seconds = width.total_seconds()
    elif isinstance(width, str):
        match = _WIDTH.fullmatch(width)
        if match is None:
            raise InputError(f"the width {width!r} is none: give a number with s, min (or m), h, d or w, such as 1h")
        seconds = float(match[1]) * _UNITS[match[2]]
    else:
        seconds = float(width)
    if not math.isfinite(seconds) or seconds < 1:
        raise InputError(f"the width is {width}: give at least one second")
    if seconds > _WIDEST:
        raise InputError(f"the width is {width}: give at most 36525d, a hundred years")
    return seconds


def _times(column: Column) -> Numbers:
    """Seconds since 1970, row by row."""
    says_so = column.numbers is None or isinstance(column, TimeColumn)
    numbers = _parsed(column) if column.numbers is None else column.numbers
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        where = f"column {column.name!r}, row {bad[0] + 1}"
        rows = "1 such row" if len(bad) == 1 else f"{len(bad):,} such rows"
        raise InputError(f"{where}: no time there ({rows}): fill it in or leave those rows out (--time-column)")
    times = numbers if says_so else _since_1970(numbers)
    earliest, latest = _WRITABLE if says_so else _PLAUSIBLE
    bad = np.flatnonzero((times < earliest) | (times >= latest))
    if len(bad):
        raise InputError(_no_time(column, int(bad[0]), says_so=says_so))
    if not says_so and len(times) and _are_calendar_minutes(numbers):
        raise InputError(_no_time(column, 0, says_so=False))
    return times


def _since_1970(numbers: Numbers) -> Numbers:
    """Seconds, of numbers whose unit most of them tell: one that is far out must not change the others."""
    middle = (len(numbers) - 1) // 2
    typical = float(np.partition(np.abs(numbers), middle)[middle]) if len(numbers) else 0.0
    divisor = next((divisor for limit, divisor in _FINER if typical >= limit), 1.0)
    times: Numbers = numbers / divisor
    return times


def _are_calendar_minutes(numbers: Numbers) -> bool:
    low, high = _CALENDAR_MINUTES
    return bool(np.all((numbers >= low) & (numbers < high))) and _calendar(f"{numbers[0]:.0f}") is not None


def _no_time(column: Column, row: int, *, says_so: bool) -> str:
    """Why a cell can be no time, and what to do about it."""
    digits = "the time" if column.numbers is None or says_so else _spelt(float(column.numbers[row]))
    written = digits if column.texts is None else str(column.texts[row])
    where = f"column {column.name!r}, row {row + 1}"
    if says_so:
        return f"{where}: {written} is not in the years 1000 to 8999: fix it or leave the row out (--time-column)"
    if calendar := _calendar(digits):
        looks_like, moment = calendar
        return f"{where}: {written} looks like {looks_like}: write ISO 8601, such as {moment}"
    return (
        f"{where}: {written} is no time of the years 1971 to 2199: name a column of times (--time-column), or write "
        "ISO 8601, such as 2026-03-01T10:00:00Z"
    )


def _spelt(number: float) -> str:
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e16 else f"{number:g}"


def _calendar(digits: str) -> tuple[str, str] | None:
    """How a time was written if it was by its calendar and without anything between, and the same in ISO 8601."""
    if not digits.isdigit() or len(digits) not in _CALENDAR:
        return None
    form, looks_like = _CALENDAR[len(digits)]
    try:
        moment = datetime.strptime(digits, form).replace(tzinfo=UTC)
    except ValueError:
        return None
    return looks_like, f"{moment:%Y-%m-%d}" if form == "%Y%m%d" else f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _parsed(column: Column) -> Numbers:
    times = np.full(len(column), np.nan)
    for index, text in enumerate(column.as_texts()):
        if text is None:
            continue
        try:
            times[index] = seconds_since_1970(text)
        except ValueError as error:
            raise InputError(
                f"column {column.name!r}, row {index + 1}: {text!r} is no time: name a column of times "
                "(--time-column), or write it in ISO 8601, such as 2026-03-01T10:00:00Z"
            ) from error
    return times


def _label(seconds: float) -> str:
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    if seconds % _UNITS["d"] == 0:
        return f"{start:%Y-%m-%d}"
    return f"{start:%Y-%m-%dT%H:%M}Z" if seconds % 60 == 0 else f"{start:%Y-%m-%dT%H:%M:%S}Z"


def _rows(table: Table, chosen: NDArray[np.int64]) -> Table:
    return Table.of((_column_rows(column, chosen) for column in table.columns.values()), len(chosen))


def _column_rows(column: Column, chosen: NDArray[np.int64]) -> Column:
    """The chosen rows of a column. Texts stay as they were written: `03` is another category than `3`."""
    if column.texts is not None:
        make = Column.from_strings if column.is_typed_text else Column.from_cells
        return make(column.name, column.texts[chosen].tolist())
    numbers = column.as_numbers()[0][chosen]
    return type(column).from_numbers(column.name, numbers.astype(np.float32) if column.is_single else numbers)
