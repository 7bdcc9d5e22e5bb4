"""`result-tables`: write the tables of runs that did not, or put a day's objects together."""

import argparse
from datetime import UTC, datetime

from drift_tools.cli.shared import OK, say
from drift_tools.errors import InputError
from drift_tools.fleet import compact_tables, fill_acknowledgements, fill_tables, open_store
from drift_tools.report import count

_ABOUT = ("account", "region", "team", "variant", "version")


def run(options: argparse.Namespace) -> int:
    """Fill or compact the tables. Returns the exit status."""
    if options.what == "compact":
        return _compact(options)
    if options.results is None and options.acknowledged is None:
        raise InputError("result-tables fill: name the results, such as s3://bucket/monitoring-results")
    tables = open_store(options.tables, must_exist=False)
    if options.results is not None:
        about = {name: getattr(options, name) for name in _ABOUT}
        filled = fill_tables(open_store(options.results), tables, about)
        if not filled.runs:
            raise InputError(
                f"{options.results}: no run is here: name the folder above endpoint/schedule/yyyy/mm/dd/hh"
            )
        lines = ", ".join(f"{number:,} {table}" for table, number in filled.lines.items() if number)
        say(f"{options.tables}: {count(filled.runs, 'run')}: {lines}")
    if options.acknowledged is not None:
        written = fill_acknowledgements(open_store(options.acknowledged), tables)
        say(f"{options.tables}: {count(written, 'acknowledgement')}")
    return OK


def _compact(options: argparse.Namespace) -> int:
    if options.results is not None:
        raise InputError(f"result-tables compact {options.results}: needs --tables only")
    before = (options.before or datetime.now(UTC)).astimezone(UTC)
    replaced = compact_tables(open_store(options.tables), before=f"{before:%Y-%m-%d}")
    say(f"{options.tables}: {count(replaced, 'object')} put together")
    return OK
