"""Times as people read and write them, of seconds since 1970."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

DAY = 86400.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PRECISIONS = ("minutes", "seconds", "microseconds")


def moment(seconds: float) -> datetime | None:
    """The moment, UTC; None if no calendar has it."""
    try:
        return _EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None


def as_utc(moment: datetime) -> datetime:
    """A time without a zone is one of UTC."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def are_days(seconds: Sequence[float]) -> bool:
    """Whether all are midnights: dates, and not times."""
    return all(math.isfinite(value) and value % DAY == 0 for value in seconds)


def written(seconds: Sequence[float], *, days: bool = False) -> list[str]:
    """Moments that are read beside each other: dates if all of them are, else times with seconds only where they are
    needed to tell them apart. With `days` they are dates, and what is between two is told as the first.

    >>> written([1771027200.0, 1774483200.0])
    ['2026-02-14', '2026-03-26']
    >>> written([1771027200.0, 1771063500.0]), written([1771063501.0, 1771063502.0])
    (['2026-02-14 00:00', '2026-02-14 10:05'], ['2026-02-14 10:05:01', '2026-02-14 10:05:02'])
    """
    moments = [found for value in seconds if (found := moment(value)) is not None]
    if len(moments) < len(seconds):
        return [f"{value:.6g} s since 1970" for value in seconds]
    if days or are_days(seconds):
        return [f"{found.date()}" for found in moments]
    for precision in _PRECISIONS:
        texts = [found.replace(tzinfo=None).isoformat(" ", precision) for found in moments]
        if len(set(texts)) == len(set(seconds)):
            break
    return texts
