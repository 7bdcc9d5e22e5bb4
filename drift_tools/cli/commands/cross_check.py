"""`cross-check`: hold the monitor's violations against the local measures."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from drift_tools.aws import s3_paths
from drift_tools.capture import read_captures
from drift_tools.cli.input_checks import nothing_captured, require_common_column, require_rows
from drift_tools.cli.inputs import read_data
from drift_tools.cli.shared import OK, check_output, check_window, give, tell_left_out, tell_skipped
from drift_tools.comparison import compare, cross_check
from drift_tools.errors import InputError
from drift_tools.profiles import read_json
from drift_tools.report import activity, print_cross_check

_DEFAULT_ALPHA = 0.05


def run(options: argparse.Namespace) -> int:
    """Hold the monitor's violations against the local measures. Returns the exit status."""
    check_window(options)
    check_output(options, options.baseline_data, options.captured)
    with activity() as tell:
        with s3_paths.local_copy(options.results) as results:
            violations = _violations(results, options.results)
        known = read_data(options.baseline_data, on_progress=tell)
        require_rows(options.baseline_data, known)
        tell_left_out(options.baseline_data, known)
        baseline = known.table
        tell(f"reading {options.captured}", 0, 0)
        with s3_paths.local_copy(options.captured) as captured:
            captures = read_captures(captured, columns=baseline.names, start=options.start, end=options.end)
        if not captures.rows:
            raise InputError(
                f"{options.captured}: {nothing_captured(captures)}: name the captured data that the run saw"
            )
        require_common_column(baseline, captures.data, (options.baseline_data, options.captured))
        tell_skipped(options.captured, captures)
        tell("comparing", 0, 0)
        comparison = compare(baseline, captures, alpha=_DEFAULT_ALPHA if options.alpha is None else options.alpha)
        checked = cross_check(violations, comparison)

    def page() -> str:
        from drift_tools.report import render_comparison  # noqa: PLC0415 - jinja2, for pages only

        names = {"baseline_name": options.baseline_data, "current_name": options.captured}
        return render_comparison(comparison, **names, made=datetime.now(UTC), cross_check=checked)

    give(options, checked.to_dict, lambda out: print_cross_check(checked, out), page)
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

    document = read_json(file)
    violations = document.get("violations") if isinstance(document, dict) else None
    if not isinstance(violations, list) or not all(isinstance(violation, dict) for violation in violations):
        raise InputError(f"{file}: has no list of violations: name the folder of one run of the monitor")
    return violations
