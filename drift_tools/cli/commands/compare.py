"""`compare`: compare two sides, feature by feature, and window by window where that is asked for."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from typing import Any

from rich.console import Console

from drift_tools.cli.input_checks import foreign_numbers, require_common_column, require_numbers, require_rows
from drift_tools.cli.inputs import STANDARD_INPUT, Data, read_data
from drift_tools.cli.shared import DRIFT, OK, check_output, give, tell_left_out, warn
from drift_tools.comparison import compare
from drift_tools.errors import InputError
from drift_tools.report import Tell, activity, print_comparison, print_timeline
from drift_tools.tables import Table
from drift_tools.timeline import compare_windows, split_by_time

_WINDOW = timedelta(hours=1)


def run(options: argparse.Namespace) -> int:
    """Compare two sides, feature by feature, and window by window where that is asked for. Returns the exit status."""
    level = _level(options)
    check_output(options, options.baseline, options.current)
    with activity() as tell:
        baseline, current = _both_sides(options, tell)
        kinds = _by_feature(options.kind, baseline, "--kind")
        thresholds = _by_feature(options.threshold, baseline, "--threshold")
        windows = _windows(options, current)
        left_out = [name for name in (options.time_column, options.block_column) if name]
        _check_names(options, baseline, current)
        before, after = baseline.table.without(left_out), current.table.without(left_out)
        chosen: dict[str, Any] = {
            "columns": options.columns,
            "exclude": [name for name in options.exclude if name not in left_out],
            "kinds": kinds,
            "thresholds": thresholds,
            **level,
        }
        _check_columns(options, before, after, kinds)
        tell("comparing", 0, 0)
        comparison = compare(
            before,
            after,
            blocks=_blocks(options, current, needed=True),
            baseline_blocks=_blocks(options, baseline, needed=False),
            multivariate=options.multivariate,
            **chosen,
        )
        timeline = None
        if windows:
            tell(f"comparing {len(windows):,} windows", 0, 0)
            parts = [(label, part.without(left_out)) for label, part in windows]
            timeline = compare_windows(before, parts, **chosen)

    def document() -> dict[str, Any]:
        return comparison.to_dict() | ({} if timeline is None else {"timeline": timeline.to_dict()})

    def show(out: Console) -> None:
        print_comparison(comparison, out)
        if timeline is not None:
            print_timeline(timeline, out)

    def page() -> str:
        from drift_tools.report import render_comparison  # noqa: PLC0415 - jinja2, for pages only

        return render_comparison(
            comparison,
            baseline_name=options.baseline,
            current_name=options.current,
            made=datetime.now(UTC),
            timeline=timeline,
            thresholds=thresholds,
        )

    give(options, document, show, page)
    drifted = comparison.drifted or (timeline is not None and timeline.drifted)
    return DRIFT if options.fail_on_drift and drifted else OK


def _windows(options: argparse.Namespace, current: Data) -> list[tuple[str, Table]]:
    """The current rows in windows of time, if that was asked for."""
    if options.time_column is None and options.window is None:
        return []

    width = options.window or _WINDOW
    if options.time_column is not None:
        return split_by_time(current.table, options.time_column, width)
    return split_by_time(*current.with_times(), width)


def _blocks(options: argparse.Namespace, data: Data, *, needed: bool) -> Any:
    """The block of each row; None where none was asked for, or the baseline has no such column."""
    if options.block_column is None:
        return None
    column = data.table.columns.get(options.block_column)
    if column is None and needed:
        raise InputError(f"--block-column {options.block_column}: the current data have no such column: name another")
    if column is None:
        return None
    return column.as_numbers()[0] if column.is_numerical else column.as_texts()


def _both_sides(options: argparse.Namespace, tell: Tell) -> tuple[Data, Data]:
    if options.baseline == options.current == STANDARD_INPUT:
        raise InputError("-: both sides cannot be standard input: name a file for one of them")
    read = partial(read_data, delimiter=options.delimiter, decimal=options.decimal, on_progress=tell)
    baseline = read(options.baseline)
    current = read(options.current, columns=baseline.table.names)
    sides = ((options.baseline, baseline), (options.current, current))
    for path, data in sides:
        require_rows(path, data)
    for path, data in sides:
        tell_left_out(path, data)
    return baseline, current


def _check_columns(options: argparse.Namespace, baseline: Table, current: Table, kinds: dict[str, Any]) -> None:
    """Refuse columns of which nothing could be compared, and tell of numbers that are read as texts."""
    require_common_column(baseline, current, (options.baseline, options.current))
    require_numbers(options.baseline, baseline, kinds)
    names = [name for name in baseline.names if name not in kinds and name not in options.exclude]
    for path, table in ((options.baseline, baseline), (options.current, current)):
        for line in foreign_numbers(table, names):
            warn(f"{path}: {line}")


def _check_names(options: argparse.Namespace, baseline: Data, current: Data) -> None:
    """Refuse a column that is to be compared, or left out, and is on neither side."""
    known = list({**baseline.table.columns, **current.table.columns})
    for option, names in (("--columns", options.columns or ()), ("--exclude", options.exclude)):
        for name in names:
            if name not in known:
                near = _nearest(name, known)
                hint = f"did you mean {near!r}?" if near else f"the data have {', '.join(known[:10])}"
                raise InputError(f"{option} {name}: neither side has such a column: {hint}")


def _level(options: argparse.Namespace) -> dict[str, Any]:
    """The level of the run, as `compare` takes it: given, or from the false alarms that a year may have."""
    if options.false_alarms_per_year is None and options.runs_per_year is None:
        return {} if options.alpha is None else {"alpha": options.alpha}
    if options.alpha is not None:
        raise InputError("compare: --alpha and --runs-per-year both say how sure to be: give one of them")
    if options.runs_per_year is None:
        raise InputError(
            "compare --false-alarms-per-year: how many runs has a year? Add --runs-per-year (8760: hourly)"
        )
    return {
        "false_alarms_per_year": options.false_alarms_per_year or 1.0,
        "runs_per_year": options.runs_per_year,
    }


def _by_feature(given: Sequence[tuple[str, Any]], data: Data, option: str) -> dict[str, Any]:
    """What was given for single features, each of which must be there: a misspelt one would change nothing."""
    for name, _ in given:
        if name not in data.table.columns:
            near = _nearest(name, data.table.names)
            hint = f"did you mean {near!r}?" if near else f"the baseline has {', '.join(data.table.names[:10])}"
            raise InputError(f"{option} {name}: the baseline has no such feature: {hint}")
    return dict(given)


def _nearest(name: str, names: Sequence[str]) -> str | None:
    """The name that somebody who wrote this one is likely to have meant; small and capital letters are alike."""
    by_small = {other.lower(): other for other in names}
    near = get_close_matches(name.lower(), by_small, n=1)
    return by_small[near[0]] if near else None
