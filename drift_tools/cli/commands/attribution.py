"""`attribution`: explain a model's scores, and hold the ranking of its features against a baseline's."""

import argparse
from typing import Any

from rich.console import Console
from rich.table import Table

from drift_tools.aws import s3_paths
from drift_tools.cli.inputs import read_data
from drift_tools.cli.shared import DRIFT, OK, check_output, give, tell_left_out
from drift_tools.monitors.attribution import (
    NDCG_THRESHOLD,
    Attribution,
    ModelProcess,
    attribute,
    ranking_drift,
    read_attribution,
    violation,
)
from drift_tools.profiles import read_json
from drift_tools.report import activity


def run(options: argparse.Namespace) -> int:
    """Explain and, with a baseline, compare the rankings. Returns the exit status."""
    check_output(options, options.data, options.model, *([options.baseline] if options.baseline else []))
    baseline = _baseline(options)
    with activity() as tell, s3_paths.local_copy(options.model) as archive:
        data = read_data(options.data, on_progress=tell)
        tell_left_out(options.data, data)
        table = data.table
        features = [name for name in table.names if name not in set(options.exclude)]
        with ModelProcess(archive, program=options.program) as model:
            found = attribute(
                table,
                features,
                model,
                score=options.score,
                use_logit=options.use_logit,
                progress=lambda done, of: tell("explaining", done, of),
            )
    value = None if baseline is None else ranking_drift(baseline, found)
    has_drifted = value is not None and value < NDCG_THRESHOLD
    document: dict[str, Any] = found.to_dict()
    if value is not None:
        document |= {"ndcg": value, "violations": [violation(value)] if has_drifted else []}
    give(options, lambda: document, lambda console: _show(console, found, baseline, value))
    return DRIFT if has_drifted and options.fail_on_drift else OK


def _baseline(options: argparse.Namespace) -> Attribution | None:
    if options.baseline is None:
        return None
    with s3_paths.local_copy(options.baseline) as path:
        return read_attribution(read_json(path), options.baseline)


def _show(console: Console, found: Attribution, baseline: Attribution | None, value: float | None) -> None:
    """One line a feature, the most important first, with its place in the baseline."""
    places = {} if baseline is None else {name: place for place, name in enumerate(_ranked(baseline), start=1)}
    table = Table("place", "feature", "importance", *(["in the baseline"] if baseline else []), box=None)
    for place, (name, importance) in enumerate(found.importance.items(), start=1):
        table.add_row(str(place), name, f"{importance:.4g}", *([str(places[name])] if baseline else []))
    console.print(table)
    console.print(found.how)
    if value is not None:
        verdict = "drift" if value < NDCG_THRESHOLD else "no drift"
        limit = f"nDCG {value:.3f}, at least {NDCG_THRESHOLD} required"
        console.print(f"{limit}: {verdict} of the ranking, {found.rows:,} rows explained")


def _ranked(attribution: Attribution) -> list[str]:
    return sorted(attribution.importance, key=lambda name: -abs(attribution.importance[name]))
