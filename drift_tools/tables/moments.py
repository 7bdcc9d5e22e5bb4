"""Dates and times that are written as texts, as CSV and JSON have to write them."""

import re
from datetime import UTC, datetime, time
from typing import Any

import numpy as np

from drift_tools.tables.arrow_cells import ArrowTexts, Parts
from drift_tools.tables.column import Column, Numbers, Texts, TimeColumn

_ZONE = r" ?(?:Z|UTC|[+-]\d\d(?::?\d\d)?)?"
_MOMENT = re.compile(rf"\d{{4}}-\d\d-\d\d(?:[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?{_ZONE})?")
_TIME_OF_DAY = re.compile(r"\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?")
_UTC = re.compile(r" ?UTC$")
_LOOKED_AT = 100
_MICROSECONDS = 1e6


def seconds_since_1970(text: str) -> float:
    """The seconds of a date or time in ISO 8601, UTC where it names no zone; also as query engines write it (`…
    10:00:00 UTC`).

    Raises `ValueError` for anything else.

    >>> seconds_since_1970("1970-01-02"), seconds_since_1970("1970-01-01 00:00:01.5 UTC")
    (86400.0, 1.5)
    """
    moment = datetime.fromisoformat(_UTC.sub("Z", text.strip()))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def moment_of(text: str) -> float | None:
    """The seconds since 1970 of a date or time; None of any other text."""
    if _MOMENT.fullmatch(text) is None:
        return None
    try:
        return seconds_since_1970(text)
    except ValueError:
        return None


def _seconds_of_day(text: str) -> float:
    moment = time.fromisoformat(text)
    return moment.hour * 3600 + moment.minute * 60 + moment.second + moment.microsecond / _MICROSECONDS


def recognised(column: Column) -> Column:
    """The column itself, or, of texts nearly all of which are dates or times, seconds since 1970, and of times of day
    seconds since midnight.

    It counts cells as `Column.is_mostly_numerical` does: at most one in twenty may be something else.
    """
    if column.is_mostly_numerical or not column.present:
        return column
    step, source = max(len(column) // _LOOKED_AT, 1), column.source
    looked_at = source.every(step) if isinstance(source, ArrowTexts | Parts) else column.as_texts()[::step]
    some = [text for text in looked_at if text is not None]
    for pattern, as_time in ((_MOMENT, True), (_TIME_OF_DAY, False)):
        if any(pattern.fullmatch(text.strip()) for text in some):
            found = as_moments(column, times_of_day=not as_time)
            if found.is_mostly_numerical:
                return found
    return column


def looks_like_moment(text: str) -> bool:
    """Whether a text may be a date or time, or a time of day."""
    text = text.strip()
    return _MOMENT.fullmatch(text) is not None or _TIME_OF_DAY.fullmatch(text) is not None


def as_moments(column: Column, *, times_of_day: bool = False) -> Column:
    """A column of texts as dates and times, whatever else it holds; that is wrong then."""
    texts = column.as_texts()
    numbers, wrong = _parsed(texts, times_of_day=times_of_day)
    make = Column if times_of_day else TimeColumn
    return make(column.name, column.types, None if wrong else numbers, texts, (numbers, wrong))


def _parsed(texts: Texts, *, times_of_day: bool) -> tuple[Numbers, int]:
    if not times_of_day and (quick := _at_once(texts)) is not None:
        return quick, 0
    parse = _seconds_of_day if times_of_day else seconds_since_1970
    pattern = _TIME_OF_DAY if times_of_day else _MOMENT
    numbers, wrong = np.full(len(texts), np.nan), 0
    known: dict[str, float] = {}
    for index, text in enumerate(texts):
        if text is None or not (text := text.strip()):
            continue
        if text not in known:
            try:
                known[text] = parse(text) if pattern.fullmatch(text) else np.nan
            except ValueError:
                known[text] = np.nan
        numbers[index] = known[text]
        wrong += np.isnan(known[text])
    return numbers, int(wrong)


def _at_once(texts: Texts) -> Numbers | None:
    """All of them, by pyarrow; None if any is no time to it, or it is not there."""
    try:
        import pyarrow as pa  # noqa: PLC0415 - optional: the job in a Lambda runs without it
        import pyarrow.compute as pc  # noqa: PLC0415 - as above
    except ImportError:
        return None
    array = pa.array(texts, type=pa.string(), from_pandas=True)
    first: Any = next((text for text in texts if text is not None), "")
    if first.endswith("UTC"):
        array = pc.replace_substring_regex(array, pattern=" ?UTC$", replacement="Z")
    has_zone = first[-1:] in "ZC" or re.search(r"[+-]\d\d(:?\d\d)?$", first[10:]) is not None
    try:
        ticks = array.cast(pa.timestamp("us", "UTC" if has_zone else None)).cast(pa.int64())
    except pa.ArrowInvalid:
        return None
    seconds: Numbers = ticks.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) / _MICROSECONDS
    return seconds
