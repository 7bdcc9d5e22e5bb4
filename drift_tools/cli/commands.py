"""What each command of the command line does. Every one takes its parsed arguments and returns the exit status.

What is slow to import is imported by the command that needs it.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift_tools.aws import s3_paths
from drift_tools.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from drift_tools.capture import Captures
    from drift_tools.cli.inputs import Data
    from drift_tools.endpoint import Check
    from drift_tools.report import Tell
    from drift_tools.tables import Table

OK, DRIFT = 0, 1
_DEFAULT_ALPHA = 0.05
_WINDOW = timedelta(hours=1)


# --- comparisons


def _compare(options: argparse.Namespace) -> int:
    from drift_tools.comparison import compare  # noqa: PLC0415
    from drift_tools.report import activity, print_comparison, print_timeline  # noqa: PLC0415

    level = _level(options)
    _check_output(options, options.baseline, options.current)
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
            from drift_tools.timeline import compare_windows  # noqa: PLC0415

            tell(f"comparing {len(windows):,} windows", 0, 0)
            parts = [(label, part.without(left_out)) for label, part in windows]
            timeline = compare_windows(before, parts, **chosen)

    def document() -> dict[str, Any]:
        return comparison.to_dict() | ({} if timeline is None else {"timeline": timeline.to_dict()})

    def show(out: "Console") -> None:
        print_comparison(comparison, out)
        if timeline is not None:
            print_timeline(timeline, out)

    def page() -> str:
        from drift_tools.report import render_comparison  # noqa: PLC0415

        return render_comparison(
            comparison,
            baseline_name=options.baseline,
            current_name=options.current,
            made=datetime.now(UTC),
            timeline=timeline,
            thresholds=thresholds,
        )

    _give(options, document, show, page)
    drifted = comparison.drifted or (timeline is not None and timeline.drifted)
    return DRIFT if options.fail_on_drift and drifted else OK


def _windows(options: argparse.Namespace, current: "Data") -> "list[tuple[str, Table]]":
    """The current rows in windows of time, if that was asked for."""
    if options.time_column is None and options.window is None:
        return []
    from drift_tools.timeline import split_by_time  # noqa: PLC0415

    width = options.window or _WINDOW
    if options.time_column is not None:
        return split_by_time(current.table, options.time_column, width)
    return split_by_time(*current.with_times(), width)


def _blocks(options: argparse.Namespace, data: "Data", *, needed: bool) -> Any:
    """The block of each row; None where none was asked for, or the baseline has no such column."""
    if options.block_column is None:
        return None
    column = data.table.columns.get(options.block_column)
    if column is None and needed:
        raise InputError(f"--block-column {options.block_column}: the current data have no such column: name another")
    if column is None:
        return None
    return column.as_numbers()[0] if column.is_numerical else column.as_texts()


def _both_sides(options: argparse.Namespace, tell: "Tell") -> tuple["Data", "Data"]:
    from drift_tools.cli.input_checks import require_rows  # noqa: PLC0415
    from drift_tools.cli.inputs import read_data  # noqa: PLC0415

    if options.baseline == options.current == "-":
        raise InputError("-: both sides cannot be standard input: name a file for one of them")
    read = partial(read_data, delimiter=options.delimiter, decimal=options.decimal, on_progress=tell)
    baseline = read(options.baseline)
    current = read(options.current, columns=baseline.table.names)
    sides = ((options.baseline, baseline), (options.current, current))
    for path, data in sides:
        require_rows(path, data)
    for path, data in sides:
        _tell_skipped(path, data.captures)
    return baseline, current


def _check_columns(options: argparse.Namespace, baseline: "Table", current: "Table", kinds: dict[str, Any]) -> None:
    """Refuse columns of which nothing could be compared, and tell of numbers that are read as texts."""
    from drift_tools.cli.input_checks import foreign_numbers, require_common_column, require_numbers  # noqa: PLC0415

    require_common_column(baseline, current, (options.baseline, options.current))
    require_numbers(options.baseline, baseline, kinds)
    names = [name for name in baseline.names if name not in kinds and name not in options.exclude]
    for path, table in ((options.baseline, baseline), (options.current, current)):
        for line in foreign_numbers(table, names):
            _warn(f"{path}: {line}")


def _check_names(options: argparse.Namespace, baseline: "Data", current: "Data") -> None:
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


def _by_feature(given: Sequence[tuple[str, Any]], data: "Data", option: str) -> dict[str, Any]:
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


def _cross_check(options: argparse.Namespace) -> int:
    from drift_tools.capture import read_captures  # noqa: PLC0415
    from drift_tools.cli.input_checks import nothing_captured, require_common_column, require_rows  # noqa: PLC0415
    from drift_tools.cli.inputs import read_data  # noqa: PLC0415
    from drift_tools.comparison import compare, cross_check  # noqa: PLC0415
    from drift_tools.report import activity, print_cross_check  # noqa: PLC0415

    _check_window(options)
    _check_output(options, options.baseline_data, options.captured)
    with activity() as tell:
        with s3_paths.local_copy(options.results) as results:
            violations = _violations(results, options.results)
        known = read_data(options.baseline_data, on_progress=tell)
        require_rows(options.baseline_data, known)
        baseline = known.table
        tell(f"reading {options.captured}", 0, 0)
        with s3_paths.local_copy(options.captured) as captured:
            captures = read_captures(captured, columns=baseline.names, start=options.start, end=options.end)
        if not captures.rows:
            raise InputError(
                f"{options.captured}: {nothing_captured(captures)}: name the captured data that the run saw"
            )
        require_common_column(baseline, captures.data, (options.baseline_data, options.captured))
        _tell_skipped(options.captured, captures)
        tell("comparing", 0, 0)
        comparison = compare(baseline, captures, alpha=_DEFAULT_ALPHA if options.alpha is None else options.alpha)
        checked = cross_check(violations, comparison)

    def page() -> str:
        from drift_tools.report import render_comparison  # noqa: PLC0415

        names = {"baseline_name": options.baseline_data, "current_name": options.captured}
        return render_comparison(comparison, **names, made=datetime.now(UTC), cross_check=checked)

    _give(options, checked.to_dict, lambda out: print_cross_check(checked, out), page)
    return OK


def _violations(results: Path, name: str) -> list[dict[str, Any]]:
    """The violations of one run. Without any, the monitor writes no file; but then its statistics must be there."""
    file = results / "constraint_violations.json"
    if not file.is_file():
        if not (results / "statistics.json").is_file():
            raise InputError(
                f"{name}: no results of the monitor (statistics.json) are here: name the folder of one run, …/mm/dd/hh"
            )
        return []
    from drift_tools.profiles import read_json  # noqa: PLC0415

    document = read_json(file)
    violations = document.get("violations") if isinstance(document, dict) else None
    if not isinstance(violations, list) or not all(isinstance(violation, dict) for violation in violations):
        raise InputError(f"{file}: has no list of violations: name the folder of one run of the monitor")
    return violations


# --- the monitor's files


def _baseline(options: argparse.Namespace) -> int:
    from drift_tools.cli.input_checks import foreign_numbers, require_rows  # noqa: PLC0415
    from drift_tools.cli.inputs import read_data  # noqa: PLC0415
    from drift_tools.job import suggest_baseline  # noqa: PLC0415
    from drift_tools.report import activity  # noqa: PLC0415

    with s3_paths.output_folder(options.output) as folder, activity() as tell:
        data = read_data(options.data, on_progress=tell)
        require_rows(options.data, data)
        _tell_skipped(options.data, data.captures)
        table = data.table.without(data.table.index)
        if data.table.index:
            _warn(f"{options.data}: {', '.join(sorted(data.table.index))}: left out, since it labels the rows")
        for name, column in table.columns.items():
            if column.problem:
                raise InputError(f"{options.data}: column {name!r}: {column.problem}")
        for line in foreign_numbers(table, table.names):
            _warn(f"{options.data}: {line}")
        tell("describing the baseline", 0, 0)
        constraints = suggest_baseline(table, folder)
    made = f"{len(constraints.features)} features, {table.rows:,} rows"
    _say(f"{options.output}: statistics.json and constraints.json of {made}")
    return OK


def _monitor(options: argparse.Namespace) -> int:
    from drift_tools.job import VIOLATIONS, monitor_captures  # noqa: PLC0415
    from drift_tools.report import activity, console, rows_table, show  # noqa: PLC0415

    _check_window(options)
    _keep(options.baseline, options.output)
    with ExitStack() as stack:
        tell = stack.enter_context(activity())
        tell(f"reading {options.captured}", 0, 0)
        captured = stack.enter_context(s3_paths.local_copy(options.captured))
        baseline = stack.enter_context(s3_paths.local_copy(options.baseline))
        output = stack.enter_context(s3_paths.output_folder(options.output, replaces=(VIOLATIONS,)))
        tell("monitoring", 0, 0)
        share = {} if options.max_unreadable_share is None else {"max_unreadable_share": options.max_unreadable_share}
        result = monitor_captures(captured, baseline, output, start=options.start, end=options.end, **share)
    out = console()
    if result.violations:
        rows = [(violation.subject, violation.check, violation.description.strip()) for violation in result.violations]
        show(out, rows_table(("feature", "check", "what is wrong"), rows))
    _say(f"{result.rows:,} rows. {result.message}")
    return OK


# --- an endpoint


def _traffic(options: argparse.Namespace) -> int:
    from drift_tools.endpoint import traffic  # noqa: PLC0415
    from drift_tools.report import progress  # noqa: PLC0415

    with ExitStack() as stack:
        requests, total = _requests(options, stack)
        bar = stack.enter_context(progress())
        task = bar.add_task(f"{options.kind} traffic to {options.endpoint}", total=total)
        result = traffic.send(
            requests,
            endpoint=options.endpoint,
            threads=options.threads,
            rate=options.rate,
            on_progress=lambda sent, failed: bar.update(task, completed=sent + failed),
        )
    for reason, number in sorted(result.failures.items(), key=lambda failure: -failure[1]):
        _warn(f"{number:,} failed: {reason}")
    if result.failed and not result.sent:
        raise InputError(
            f"{options.endpoint}: not one of {result.failed:,} requests was answered: look at the endpoint's log"
        )
    speed = f", {result.sent / result.seconds:,.0f} a second" if result.seconds else ""
    when = f" ({result.first:%Y-%m-%d %H:%M:%S} to {result.last:%H:%M:%S} UTC)" if result.first and result.last else ""
    _say(f"{result.sent:,} requests answered, {result.failed:,} failed{speed}{when}")
    return OK


def _requests(options: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Any], int]:
    from drift_tools.endpoint import traffic  # noqa: PLC0415

    if options.kind != "replay":
        if options.data or options.columns or options.id_column:
            raise InputError(
                f"traffic {options.kind}: --data, --columns and --id-column belong to replay: leave them out"
            )
        make = traffic.baseline_requests if options.kind == "baseline" else traffic.anomalous_requests
        number = 500 if options.requests is None else options.requests
        return make(number, features=options.features, seed=options.seed), number
    if not options.data:
        raise InputError("traffic replay: needs the rows to send: add --data FILE")
    file = stack.enter_context(s3_paths.local_copy(options.data))
    columns = options.columns.split(",") if options.columns else None
    rows = traffic.replay_requests(file, number=options.requests, columns=columns, id_column=options.id_column)
    return iter(rows), len(rows)


def _ground_truth(options: argparse.Namespace) -> int:
    from drift_tools.endpoint import read_labels, write_ground_truth  # noqa: PLC0415
    from drift_tools.report import activity  # noqa: PLC0415

    with activity() as tell:
        tell("writing labels", 0, 0)
        with s3_paths.local_copy(options.labels) as file:
            labels = read_labels(file, id_column=options.id_column, label_column=options.label_column)
        written = write_ground_truth(labels.by_id, options.output, collected=options.time)
    without = f"; {labels.unlabelled:,} rows have no label yet" if labels.unlabelled else ""
    _say(f"{written}: {len(labels.by_id):,} labels{without}")
    return OK


def _validate(options: argparse.Namespace) -> int:
    from drift_tools.endpoint import all_ok, read_outputs, validate_stack  # noqa: PLC0415
    from drift_tools.report import activity, console, mark, plain_table, show  # noqa: PLC0415

    outputs = read_outputs(options.outputs)
    with activity() as tell:
        tell("asking the stack", 0, 0)
        answered: list[Check] = []

        def answer(check: "Check") -> None:
            answered.append(check)
            tell(f"asking the stack; {check.name}: {'ok' if check.ok else 'failed'}", len(answered), 0)

        checks = validate_stack(outputs, publish=not options.no_publish, on_check=answer)
    if options.format == "json":
        _say(json.dumps([{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks], indent=2))
    else:
        table = plain_table("step", "result", "detail")
        for check in checks:
            table.add_row(check.name, mark(check.ok), check.detail)
        with suppress(BrokenPipeError):
            show(console(), table)
    return OK if all_ok(checks) else DRIFT


def _migrate(options: argparse.Namespace) -> int:
    from drift_tools.aws import aws_client  # noqa: PLC0415
    from drift_tools.endpoint import migrate  # noqa: PLC0415

    if options.output:
        s3_paths.check_writable(options.output)
    text = migrate(options.schedule, aws_client("sagemaker")).to_yaml()
    if options.output:
        s3_paths.write_text(options.output, text)
    else:
        sys.stdout.write(text)
    return OK


# --- what commands share


def _check_window(options: argparse.Namespace) -> None:
    if options.start is not None and options.end is not None and options.start >= options.end:
        raise InputError(
            f"--start {options.start.isoformat()} --end {options.end.isoformat()}: no time is between them: swap them, "
            "or widen the window"
        )


def _keep(given: str, output: str) -> None:
    """Refuse to write over what the command is to read."""
    if _is_part_of(output, given):
        raise InputError(f"--output {output}: would overwrite {given}, which is read: name another place")


def _is_part_of(output: str, given: str) -> bool:
    """Whether it is the same file or folder, or one of the data files in that folder."""
    from drift_tools.cli.inputs import is_data_file  # noqa: PLC0415

    if s3_paths.is_s3(output) or s3_paths.is_s3(given):
        return output.rstrip("/") == given.rstrip("/")
    target, source = Path(output).resolve(), Path(given).resolve()
    if target == source:
        return source.is_file() or source.is_dir()  # a terminal or a pipe is not overwritten
    return target.is_file() and target.is_relative_to(source) and is_data_file(target)


def _check_output(options: argparse.Namespace, *given: str) -> None:
    """Refuse before the work what could not be shown after it, or would overwrite what is given."""
    if options.output:
        for path in given:
            _keep(path, options.output)
        s3_paths.check_writable(options.output)
    elif options.format == "html" and sys.stdout.isatty():
        raise InputError(f"{options.command} --format html: a page is no use on a terminal: add --output report.html")


def _give(
    options: argparse.Namespace,
    document: Callable[[], Any],
    show: Callable[["Console"], None],
    page: Callable[[], str],
) -> None:
    """Write a result in the format that was asked for, to a file or to standard output."""
    from drift_tools.report import console  # noqa: PLC0415

    if options.format == "table" and not options.output:
        with suppress(BrokenPipeError):  # `| head` has seen enough; the status is still what was found
            show(console())
        return
    if options.format == "json":
        text = json.dumps(document(), indent=2, allow_nan=False) + "\n"
    elif options.format == "html":
        text = page()
    else:
        stream = io.StringIO()
        show(console(stream))
        text = stream.getvalue()
    if options.output:
        s3_paths.write_text(options.output, text)
    else:
        with suppress(BrokenPipeError):
            sys.stdout.write(text)


def _say(line: str) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{line}\n")


def _warn(line: str) -> None:
    sys.stderr.write(f"drift_tools: {line}\n")


def _tell_skipped(path: str, captures: "Captures | None") -> None:
    from drift_tools.cli.inputs import skipped_line  # noqa: PLC0415

    if captures is not None and (line := skipped_line(path, captures)):
        _warn(f"{line}")


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "compare": _compare,
    "baseline": _baseline,
    "monitor": _monitor,
    "traffic": _traffic,
    "ground-truth": _ground_truth,
    "cross-check": _cross_check,
    "validate": _validate,
    "migrate": _migrate,
}
