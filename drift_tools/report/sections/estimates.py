"""Estimates: how good the predictions are likely to be, before their labels come."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from drift_tools.report.charts import line_chart
from drift_tools.report.interval_chart import Line, interval_chart
from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import BASELINE, Picture, Section, figure, together
from drift_tools.report.words import NOTHING

_NOTE: Final = (
    "Estimates that each run made of its own window, before its labels came: of a classification from the calibrated "
    "probabilities, of a regression from a model of its errors. The intervals are three sampling errors wide each way. "
    "An estimate cannot see that the same answer has come to mean something else: only labels can."
)
_BY_LABELS: Final = "by the labels"
_DRAWN: Final = ("accuracy", "f1", "auc", "roc_auc", "mae", "rmse")

Estimated = Mapping[str, Any]  # as drift.json has it


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs that estimated."""
    found = {period: run for period, run in runs.items() if run.drift.get("estimated_quality")}
    return [_section(found)] if found else []


def _section(runs: Mapping[str, RunResults]) -> Section:
    estimated: dict[str, Estimated] = {period: run.drift["estimated_quality"] for period, run in runs.items()}
    names = together([list(of["metrics"]) for of in estimated.values()])
    columns = [BASELINE]
    rows: dict[str, list[str]] = {name: [figure(_baseline(estimated, name))] for name in names}
    for period, run in runs.items():
        has_labels = bool(run.measured)
        columns += [period, *([f"{period}, {_BY_LABELS}"] if has_labels else [])]
        for name in names:
            rows[name].append(_with_interval(estimated[period]["metrics"].get(name)))
            if has_labels:
                rows[name].append(figure(run.measured.get(name)))
    return Section(
        title="How good are the predictions whose labels have not come?",
        note=_NOTE,
        says={period: _says(of) for period, of in estimated.items()},
        columns=columns,
        rows=rows,
        pictures=_pictures(estimated, runs, names),
        is_unsure=not list(estimated.values())[-1].get("trusted"),
        is_drifted=any(of.get("is_drift") for of in estimated.values()),
    )


def _baseline(estimated: Mapping[str, Estimated], name: str) -> float | None:
    for of in estimated.values():
        if name in of["metrics"]:
            found: float | None = of["metrics"][name].get("baseline")
            return found
    return None


def _says(estimated: Estimated) -> str:
    if not estimated.get("trusted"):
        return f"not to be trusted: {estimated.get('doubt') or 'the rows are of another kind than the baseline'}."
    left_out = estimated.get("left_out") or 0
    without = f" {left_out:,} rows without a usable answer were left out." if left_out else ""
    return (
        f"estimated from {estimated.get('rows', 0):,} rows by {estimated.get('method', 'an unknown method')}.{without}"
    )


def _with_interval(metric: Mapping[str, Any] | None) -> str:
    if metric is None:
        return NOTHING
    return f"{figure(metric['estimate'])} ({figure(metric['low'])} to {figure(metric['high'])})"


def _pictures(
    estimated: Mapping[str, Estimated], runs: Mapping[str, RunResults], names: list[str]
) -> tuple[Picture, ...]:
    if not names:
        return ()
    if len(runs) > 1:
        chosen = next((name for name in _DRAWN if name in names), names[0])
        lines = {"estimated": [_value(of, chosen) for of in estimated.values()]}
        if any(chosen in run.measured for run in runs.values()):
            lines["labels"] = [run.measured.get(chosen) for run in runs.values()]
        chart = line_chart(list(runs), lines, title=f"{chosen}: as estimated, and as the labels then said")
        return (Picture(f"{chosen}, estimated before the labels", Markup(chart)),)  # noqa: S704 - escaped there
    [(period, of)] = estimated.items()
    drawn = [
        Line(name, one["low"], one["estimate"], one["high"], one.get("baseline"), drifted=False)
        for name, one in of["metrics"].items()
        if all(one[end] is not None and 0 <= one[end] <= 1 for end in ("low", "high"))
    ]
    if not drawn or of.get("method", "").startswith("direct"):  # errors have a unit, and each its own scale
        return ()
    chart = interval_chart(drawn, title=f"Estimated quality of {period} beside the baseline's")
    return (Picture("Estimate and interval", Markup(chart), BASELINE, period),)  # noqa: S704 - escaped there


def _value(estimated: Estimated, name: str) -> float | None:
    """What is not to be trusted is not drawn."""
    if not estimated.get("trusted") or name not in estimated["metrics"]:
        return None
    found: float = estimated["metrics"][name]["estimate"]
    return found
