"""The custom job: the user's own functions of a window's table, their numbers published and held to thresholds."""

import sys
from typing import Any

from drift_tools.errors import InputError
from drift_tools.job import drift_json, segments
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.named_rows import named_rows
from drift_tools.job.results import Found, completion, require_rows, write_violations
from drift_tools.job.segments.custom import measure_segments
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.custom import CustomFailedError, CustomMonitor, Measured, parse_monitors
from drift_tools.profiles import read_json, write_json
from drift_tools.tables import Table


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Run every script on the window; None on instances that have handed their share over.

    One that fails fails the run, in one line; what the others found is written all the same.
    """
    if settings.analysis_config is None:
        raise InputError("the environment variable analysis_config is not set: it names the scripts")
    config = read_json(settings.analysis_config)
    rows = named_rows(job, settings, config.get("columns") or [], None)
    if rows is None:
        return None
    if rows.counts is not None:
        require_rows(rows.counts, settings.dataset.max_unreadable_share)
    found: dict[str, Measured] = {}
    failures: list[CustomFailedError] = []
    monitors = parse_monitors(config)
    for monitor in monitors:
        _measure(monitor, rows.table, found, failures)
    violations = [violation for measured in found.values() for violation in measured.violations]
    whole = [violation.subject for violation in violations]
    parts = [] if failures else _segments(settings, monitors, rows.table, failures)
    violations += segments.violations(parts, whole)
    write_violations(settings.output, violations)
    document = drift_json.document(settings, rows.counts)
    custom = {
        name: {"numbers": dict(measured.numbers), "reasons": dict(measured.reasons)} for name, measured in found.items()
    }
    more = {"segments": segments.document(parts)} if parts else {}
    write_json(drift_json.path_of(settings.output), {**document, "custom": _finite(custom), **more})
    if failures:
        raise failures[0]
    metrics = Metrics.of(settings.metrics)
    values = {f"{name}_{number}": value for name, one in found.items() for number, value in one.numbers.items()}
    entries = metrics.of_values(values) if metrics else []
    message = completion(violations, rows.counts) + segments.says(parts, whole)
    return entries + segments.metrics(metrics, parts), message


def _segments(
    settings: MonitorSettings, monitors: list[CustomMonitor], table: Table, failures: list[CustomFailedError]
) -> list[segments.SegmentResult]:
    try:
        return measure_segments(settings.segments, monitors, table)
    except CustomFailedError as error:
        sys.stderr.write(error.traceback)
        failures.append(error)
        return []


def _measure(
    monitor: CustomMonitor, table: Table, found: dict[str, Measured], failures: list[CustomFailedError]
) -> None:
    try:
        found[monitor.name] = monitor.measure(table)
    except CustomFailedError as error:
        sys.stderr.write(error.traceback)
        failures.append(error)


def _finite(document: Any) -> Any:
    """JSON has no NaN: a number that does not exist is null."""
    if isinstance(document, dict):
        return {name: _finite(value) for name, value in document.items()}
    return None if isinstance(document, float) and document != document else document  # noqa: PLR0124 - NaN alone
