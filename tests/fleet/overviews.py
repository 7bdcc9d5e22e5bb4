"""The overview of a fleet over five days, from the results that lie in folders."""

from datetime import UTC, datetime
from pathlib import Path

from drift_tools.fleet import Fleet, open_store, overview_of, read_fleet

UNTIL = datetime(2026, 2, 3, tzinfo=UTC)


def overview(*places: Path, team: str | None = None) -> Fleet:
    rows = read_fleet([open_store(str(place)) for place in places], until=UNTIL, days=5, team=team)
    return overview_of(rows, until=UNTIL, days=5)
