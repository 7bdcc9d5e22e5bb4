"""`bias`: measure the bias of labels and predictions, and hold it against a baseline."""

import argparse
from collections.abc import Sequence
from typing import Final

from rich.table import Table

from drift_tools.aws import s3_paths
from drift_tools.cli.inputs import read_data
from drift_tools.cli.shared import DRIFT, OK, check_output, give, tell_left_out
from drift_tools.monitors.bias import (
    BiasAnalysis,
    BiasCheck,
    BiasSettings,
    Facet,
    Verdict,
    check,
    measure_table,
    read_references,
)
from drift_tools.profiles import read_json
from drift_tools.report import activity

_ALPHA: Final = 0.05


def run(options: argparse.Namespace) -> int:
    """Measure and, with a baseline, check. Returns the exit status."""
    check_output(options, options.data, *([options.baseline] if options.baseline else []))
    settings = BiasSettings(
        label=options.label,
        positive=options.positive,
        facets=_facets(options.facet),
        predicted=options.predicted,
        group_variable=options.group_variable,
    )
    with activity() as tell:
        data = read_data(options.data, on_progress=tell)
        tell_left_out(options.data, data)
        tell("measuring bias", 0, 0)
        analysis = measure_table(data.table, settings, is_baseline=options.baseline is None)
        checks = _checked(analysis, options)
    drifted = [one for one in checks if one.verdict is Verdict.DRIFT]
    document = analysis.to_dict() | {"violations": [one.violation() for one in drifted]}
    give(options, lambda: document, lambda console: console.print(_table(analysis, checks)))
    return DRIFT if drifted and options.fail_on_drift else OK


def _facets(given: Sequence[str]) -> list[Facet]:
    """`NAME` or `NAME=VALUE`, the values of one name together."""
    values: dict[str, list[str]] = {}
    for item in given:
        name, equals, value = item.partition("=")
        values.setdefault(name, []).extend([value] if equals else [])
    return [Facet(name, found) for name, found in values.items()]


def _checked(analysis: BiasAnalysis, options: argparse.Namespace) -> list[BiasCheck]:
    if options.baseline is None:
        return []
    with s3_paths.local_copy(options.baseline) as path:
        written = read_json(path)
    return check(analysis.groups, read_references(written, options.baseline), options.alpha or _ALPHA)


def _table(analysis: BiasAnalysis, checks: Sequence[BiasCheck]) -> Table:
    """One line a metric of a group."""
    found = {(one.facet, one.facet_value, one.metric): one for one in checks}
    table = Table("group", "metric", "value", "95 % interval", "verdict", box=None)
    for group in analysis.groups:
        for name, measured in group.values.items():
            verdict = found.get((group.facet, group.value_or_threshold, name))
            value = f"{measured.value:.4g}" if measured.value is not None else "-"
            interval = f"{measured.low:.3g} … {measured.high:.3g}" if measured.low is not None else ""
            why = measured.error or (f"{verdict.verdict}: {verdict.reason}" if verdict else "")
            table.add_row(f"{group.facet}={group.value_or_threshold}", name, value, interval, why)
    return table
