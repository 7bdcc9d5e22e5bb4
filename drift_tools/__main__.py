"""The command line: `python -m drift_tools COMMAND`.

Exit status 0: it ran, drift or not; 1: drift, with `--fail-on-drift`, or a validation step that failed; 2: unusable
input or arguments, with one line on standard error.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drift_tools import storage
from drift_tools.arguments import UNUSABLE, parser
from drift_tools.errors import InputError

if TYPE_CHECKING:
    from drift_tools.comparison import Comparison

OK, DRIFT, INTERRUPTED = 0, 1, 130
_TABLES = (".csv", ".csv.gz", ".tsv", ".txt", ".parquet", ".pq")
_CAPTURES = (".jsonl", ".jsonl.gz")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status."""
    options = parser().parse_args(arguments)
    try:
        status = COMMANDS[options.command](options)
        sys.stdout.flush()
    except InputError as error:
        return _unusable(storage.one_line(error))
    except BrokenPipeError:
        # The reader of standard output has gone (`| head`). Python would complain once more at exit, when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except OSError as error:
        reason = error.strerror or storage.one_line(error)
        return _unusable(f"{error.filename or 'file'}: {reason}: check the path and its permissions")
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return INTERRUPTED
    return status


def _unusable(line: str) -> int:
    print(f"drift_tools: {line}", file=sys.stderr)
    return UNUSABLE


# What is slow to import is imported by the command that needs it.
# -----------------------------------------------------


def _compare(options: argparse.Namespace) -> int:
    from drift_tools.comparison import compare  # noqa: PLC0415
    from drift_tools.report.terminal import console, print_comparison  # noqa: PLC0415

    if options.format == "html" and not options.output and sys.stdout.isatty():
        raise InputError("compare --format html: a page is no use on a terminal: add --output report.html")
    with _busy("reading"):
        baseline = _read(options.baseline)
        current = _read(options.current, columns=baseline.names)
    with _busy("comparing"):
        comparison = compare(baseline, current, alpha=options.alpha)
        text = None if options.format == "table" and not options.output else _rendered(comparison, options)
    if text is None:
        print_comparison(comparison, console())
    elif options.output:
        storage.write_text(options.output, text)
    else:
        sys.stdout.write(text)
    return DRIFT if options.fail_on_drift and comparison.drifted else OK


def _rendered(comparison: "Comparison", options: argparse.Namespace) -> str:
    if options.format == "json":
        return json.dumps(comparison.to_dict(), indent=2, allow_nan=False) + "\n"
    if options.format == "html":
        from drift_tools.report import render_comparison  # noqa: PLC0415

        return render_comparison(
            comparison, baseline_name=options.baseline, current_name=options.current, made=datetime.now(UTC)
        )
    from drift_tools.report.terminal import console, print_comparison  # noqa: PLC0415

    text = io.StringIO()
    print_comparison(comparison, console(text))
    return text.getvalue()


def _baseline(options: argparse.Namespace) -> int:
    from drift_tools.monitor import suggest_baseline  # noqa: PLC0415

    with _busy("making the baseline"):
        table = _read(options.data)
        with storage.output_folder(options.output) as folder:
            constraints = suggest_baseline(table, folder)
    made = f"{len(constraints.features)} features, {table.rows:,} rows"
    print(f"{options.output}: statistics.json and constraints.json of {made}")
    return OK


def _monitor(options: argparse.Namespace) -> int:
    from drift_tools.monitor import monitor_captures  # noqa: PLC0415
    from drift_tools.report.terminal import console, rows_table, show  # noqa: PLC0415

    with ExitStack() as stack:
        stack.enter_context(_busy("monitoring"))
        captured = stack.enter_context(storage.local_copy(options.captured))
        baseline = stack.enter_context(storage.local_copy(options.baseline))
        output = stack.enter_context(storage.output_folder(options.output))
        result = monitor_captures(captured, baseline, output, start=options.start, end=options.end)
    out = console()
    if result.violations:
        rows = [(violation.subject, violation.check, violation.description.strip()) for violation in result.violations]
        show(out, rows_table(("feature", "check", "what is wrong"), rows))
    print(f"{result.rows:,} rows. {result.message}")
    return OK


def _traffic(options: argparse.Namespace) -> int:
    from drift_tools import traffic  # noqa: PLC0415
    from drift_tools.report.terminal import progress  # noqa: PLC0415

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
        print(f"drift_tools: {number:,} failed: {reason}", file=sys.stderr)
    if result.failed and not result.sent:
        raise InputError(
            f"{options.endpoint}: not one of {result.failed:,} requests was answered: look at the endpoint's log"
        )
    speed = f", {result.sent / result.seconds:,.0f} a second" if result.seconds else ""
    when = f" ({result.first:%Y-%m-%d %H:%M:%S} to {result.last:%H:%M:%S} UTC)" if result.first and result.last else ""
    print(f"{result.sent:,} requests answered, {result.failed:,} failed{speed}{when}")
    return OK


def _requests(options: argparse.Namespace, stack: ExitStack) -> tuple[Iterator[Any], int]:
    from drift_tools import traffic  # noqa: PLC0415

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
    file = stack.enter_context(storage.local_copy(options.data))
    columns = options.columns.split(",") if options.columns else None
    rows = traffic.replay_requests(file, number=options.requests, columns=columns, id_column=options.id_column)
    return iter(rows), len(rows)


def _ground_truth(options: argparse.Namespace) -> int:
    from drift_tools.ground_truth import read_labels, write_ground_truth  # noqa: PLC0415

    with _busy("writing labels"):
        with storage.local_copy(options.labels) as file:
            labels = read_labels(file, id_column=options.id_column, label_column=options.label_column)
        written = write_ground_truth(labels.by_id, options.output, collected=options.time)
    without = f"; {labels.unlabelled:,} rows have no label yet" if labels.unlabelled else ""
    print(f"{written}: {len(labels.by_id):,} labels{without}")
    return OK


def _cross_check(options: argparse.Namespace) -> int:
    from drift_tools.capture import read_captures  # noqa: PLC0415
    from drift_tools.comparison import compare  # noqa: PLC0415
    from drift_tools.cross_check import cross_check  # noqa: PLC0415

    with _busy("comparing"):
        with storage.local_copy(options.results) as results:
            violations = _violations(results, options.results)
        baseline = _read(options.baseline_data)
        with storage.local_copy(options.captured) as captured:
            captures = read_captures(captured, columns=baseline.names, start=options.start, end=options.end)
        _tell_skipped(options.captured, captures)
        checked = cross_check(violations, compare(baseline, captures, alpha=options.alpha))
    if options.format == "json":
        print(json.dumps(checked.to_dict(), indent=2, allow_nan=False))
        return OK
    from drift_tools.report.terminal import console, rows_table, show  # noqa: PLC0415

    found = (
        ("both", checked.agreed),
        ("monitor only", checked.monitor_only),
        ("local measures only", checked.local_only),
    )
    show(
        console(), rows_table(("who calls it", "features"), [(who, ", ".join(names) or "none") for who, names in found])
    )
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
    from drift_tools.profile import read_json  # noqa: PLC0415

    document = read_json(file)
    violations = document.get("violations") if isinstance(document, dict) else None
    if not isinstance(violations, list) or not all(isinstance(violation, dict) for violation in violations):
        raise InputError(f"{file}: has no list of violations: name the folder of one run of the monitor")
    return violations


def _validate(options: argparse.Namespace) -> int:
    from drift_tools.report.terminal import console, mark, plain_table, show  # noqa: PLC0415
    from drift_tools.validate import all_ok, read_outputs, validate_stack  # noqa: PLC0415

    outputs = read_outputs(options.outputs)
    with _busy("asking the stack"):
        checks = validate_stack(outputs, publish=not options.no_publish)
    if options.format == "json":
        print(json.dumps([{"name": check.name, "ok": check.ok, "detail": check.detail} for check in checks], indent=2))
    else:
        table = plain_table("step", "result", "detail")
        for check in checks:
            table.add_row(check.name, mark(check.ok), check.detail)
        show(console(), table)
    return OK if all_ok(checks) else DRIFT


# --- what commands share
# -----------------------------------------------------------------------------------------------------------


def _read(path: str, *, columns: Sequence[str] | None = None) -> Any:
    """A table from a file, or from all tables of a folder, or from captured data, whose columns then take these
    names.
    """
    from drift_tools.capture import read_captures  # noqa: PLC0415
    from drift_tools.monitor import concatenate  # noqa: PLC0415
    from drift_tools.tables import read_table  # noqa: PLC0415

    with storage.local_copy(path) as local:
        files = (
            [local]
            if local.is_file()
            else sorted(file for file in local.rglob("*") if file.name.endswith((*_TABLES, *_CAPTURES)))
        )
        if not files:
            raise InputError(f"{path}: no CSV, Parquet or captured data (*.jsonl) in this folder: name another")
        if all(file.name.endswith(_CAPTURES) for file in files):
            captures = read_captures(local, columns=columns)
            _tell_skipped(path, captures)
            return captures.data
        mixed = [file for file in files if file.name.endswith(_CAPTURES)]
        if mixed:
            raise InputError(f"{mixed[0]}: captured data among tables: name a folder that holds one kind")
        return concatenate([read_table(file) for file in files], [str(file) for file in files])


def _tell_skipped(path: str, captures: Any) -> None:
    if captures.skipped:
        reasons = ", ".join(f"{number:,} x {reason}" for reason, number in captures.skipped.items())
        left_out = f"{sum(captures.skipped.values()):,} of {captures.read:,} records left out"
        print(f"drift_tools: {path}: {left_out}: {reasons}", file=sys.stderr)


@contextmanager
def _busy(what: str) -> Iterator[None]:
    """A spinner on standard error while something runs; nothing where standard error is no terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from drift_tools.report.terminal import console  # noqa: PLC0415

    with console(sys.stderr).status(f"{what} …"):
        yield


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "compare": _compare,
    "baseline": _baseline,
    "monitor": _monitor,
    "traffic": _traffic,
    "ground-truth": _ground_truth,
    "cross-check": _cross_check,
    "validate": _validate,
}

if __name__ == "__main__":
    sys.exit(main())
