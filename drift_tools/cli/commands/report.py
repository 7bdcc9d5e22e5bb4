"""`report`: the page of a monitor's runs, from the files that they left."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from drift_tools.aws import s3_paths
from drift_tools.cli.shared import DRIFT, OK, check_output, give
from drift_tools.errors import InputError
from drift_tools.report import RunResults, read_run, sections_of


def run(options: argparse.Namespace) -> int:
    """Read the runs and show what they found. Returns the exit status."""
    check_output(options, *options.results)
    runs: dict[str, RunResults] = {}
    for place in options.results:
        with s3_paths.local_copy(place) as folder:
            found = read_run(folder, place)
        period = _period(found, place)
        if period in runs:
            period = f"{period} ({place.rstrip('/').rpartition('/')[2]})"
        if period in runs:
            raise InputError(f"{place}: is given twice: name each run once")
        runs[period] = found

    def page() -> str:
        from drift_tools.report import render_runs  # noqa: PLC0415 - jinja2, for pages only

        return render_runs(runs, made=datetime.now(UTC))

    give(options, lambda: _document(runs), lambda console: _show(console, runs), page)
    has_violations = any(found.violations for found in runs.values())
    return DRIFT if has_violations and options.fail_on_drift else OK


def _period(found: RunResults, place: str) -> str:
    """The window's beginning, as people write it; of a run without a window the name of its folder."""
    window: Mapping[str, Any] = found.drift.get("window") or {}
    start = window.get("start")
    if not start:
        return place.rstrip("/").rpartition("/")[2]
    return f"{datetime.fromisoformat(str(start)):%Y-%m-%d %H:%M}"


def _document(runs: Mapping[str, RunResults]) -> dict[str, Any]:
    return {
        period: {"violations": list(found.violations), "judgement": dict(found.judgement)}
        for period, found in runs.items()
    }


def _show(console: Console, runs: Mapping[str, RunResults]) -> None:
    for section in sections_of(runs):
        console.print(f"[bold]{section.title}[/bold]")
        for period, said in section.says.items():
            console.print(f"  {period}: {said}", markup=False, highlight=False)
        table = Table("", *section.columns, box=None)
        for name, cells in section.table:
            table.add_row(name, *(f"{cell.text} *" if cell.drifted else cell.text for cell in cells))
        console.print(table)
    if not any(found.violations for found in runs.values()):
        console.print("No violations.")
    for period, found in runs.items():
        for one in found.violations:
            console.print(f"{period}: {one.get('description', '')}", markup=False, highlight=False)
