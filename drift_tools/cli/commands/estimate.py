"""`estimate`: the quality of predictions whose labels have not come, from a baseline that has them."""

import argparse
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table as Lines

from drift_tools.cli.inputs import read_data
from drift_tools.cli.shared import OK, check_output, give, tell_left_out
from drift_tools.errors import InputError
from drift_tools.monitors.model_quality import (
    AnswerColumns,
    EstimatedQuality,
    fit_before_labels,
    measure,
    read_outcomes,
)
from drift_tools.report import activity
from drift_tools.tables import Table


def run(options: argparse.Namespace) -> int:
    """Fit to the baseline, estimate the window's quality, and measure it where the labels are there."""
    check_output(options, options.baseline, options.current)
    columns = AnswerColumns(
        inference=options.inference,
        probability=options.probability,
        probabilities=_by_class(options.class_probability),
    )
    settings: dict[str, Any] = {
        "problem_type": options.problem_type,
        "probability_threshold": options.threshold,
        "positive_label": options.positive,
    }
    with activity() as tell:
        sides = [(path, read_data(path, on_progress=tell)) for path in (options.baseline, options.current)]
        for path, data in sides:
            tell_left_out(path, data)
        baseline, current = (data.table for _, data in sides)
        tell("estimating", 0, 0)
        fitted = fit_before_labels(baseline, columns, label=options.label, **settings)
        found = fitted.estimate(current, columns)
        measured = _measured(current, columns, options.label, settings)
    document = found.to_dict()
    for name, value in measured.items():
        document["metrics"][name]["measured"] = value
    give(options, lambda: document, lambda console: _show(console, found, measured))
    return OK


def _by_class(given: list[str]) -> dict[str, str]:
    """`CLASS=NAME`, once for each class."""
    found = {}
    for item in given:
        name, equals, column = item.partition("=")
        if not equals or not name or not column:
            raise InputError(f"--class-probability {item!r}: write CLASS=NAME, once for each class")
        found[name] = column
    return found


def _measured(current: Table, columns: AnswerColumns, label: str, settings: Mapping[str, Any]) -> Mapping[str, float]:
    """What the labels say, of the metrics that are estimated, where the window has them."""
    if label not in current.columns or settings["problem_type"] == "MulticlassClassification":
        return {}
    outcomes = read_outcomes(
        current, ground_truth=label, inference=columns.inference, probability=columns.probability, **settings
    )
    metrics = measure(outcomes).metrics
    return {
        name: metrics[name]
        for name in ("accuracy", "precision", "recall", "true_negative_rate", "f1", "auc", "mae", "mse", "rmse")
        if name in metrics
    }


def _show(console: Console, found: EstimatedQuality, measured: Mapping[str, float]) -> None:
    heads = ["metric", "estimate", "interval", "in the baseline", *(["by the labels"] if measured else [])]
    table = Lines(*heads, box=None)
    for name, estimate in found.metrics.items():
        row = [name, f"{estimate.value:.4g}", f"{estimate.low:.4g} … {estimate.high:.4g}"]
        row.append(f"{found.baseline[name]:.4g}")
        table.add_row(*row, *([f"{measured[name]:.4g}" if name in measured else ""] if measured else []))
    console.print(table)
    console.print(f"An estimate from {found.rows:,} rows, by {found.method}.")
    if found.doubt:
        console.print(f"It must not be trusted: {found.doubt}.")
