"""`fleet`: all models on one page, the worst first."""

import argparse
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from drift_tools.cli.shared import OK, check_output, give
from drift_tools.errors import InputError
from drift_tools.fleet import open_store, overview_of, read_fleet

_MOST_DAYS = 366


def run(options: argparse.Namespace) -> int:
    """Read the places, and show what is there. Returns the exit status."""
    check_output(options)
    if not 1 <= options.days <= _MOST_DAYS:
        raise InputError(f"--days {options.days}: give 1 to {_MOST_DAYS}")
    with _uncollected():
        return _show(options)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Rows are a hundred thousand small objects without cycles: to look for some takes a quarter of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _show(options: argparse.Namespace) -> int:
    until = options.until or datetime.now(UTC)
    stores = [open_store(place) for place in dict.fromkeys(options.places)]
    rows = read_fleet(stores, until=until.astimezone(UTC), days=options.days, team=options.team)
    fleet = overview_of(rows, until=until.astimezone(UTC), days=options.days)

    from drift_tools.report import fleet_document, print_fleet  # noqa: PLC0415 - rich, for people only

    def page() -> str:
        from drift_tools.report import render_fleet  # noqa: PLC0415 - jinja2, for pages only

        return render_fleet(fleet)

    give(options, lambda: fleet_document(fleet), lambda out: print_fleet(fleet, out), page)
    return OK
