"""Model quality: the metrics of predictions beside their labels, with their intervals."""

from collections.abc import Mapping
from typing import Any, Final

from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import Section, figure, together
from drift_tools.report.words import NOTHING, count, percent

_NOTE: Final = "From predictions joined with the labels that came for them; the intervals are of 95 %."


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs that measured a model's quality."""
    found = {period: run for period, run in runs.items() if run.drift.get("quality")}
    return [_section(found)] if found else []


def _section(runs: Mapping[str, RunResults]) -> Section:
    measured: dict[str, Mapping[str, Any]] = {period: run.drift["quality"] for period, run in runs.items()}
    names = together([list(of) for of in measured.values()])
    violated = {
        (str(violation.get("metric_name")), period) for period, run in runs.items() for violation in run.violations
    }
    return Section(
        title="Were the predictions good?",
        note=_NOTE,
        says={period: _says(run) for period, run in runs.items()},
        columns=list(runs),
        rows={name: [_with_interval(of.get(name)) for of in measured.values()] for name in names},
        marked=frozenset((name, period) for name, period in violated if name in names),
        is_drifted=bool(violated),
    )


def _says(run: RunResults) -> str:
    labels: Mapping[str, Any] = (run.drift.get("records") or {}).get("labels") or {}
    rows = max((int(metric.get("rows") or 0) for metric in run.drift["quality"].values()), default=0)
    said = f"{count(rows, 'prediction')} with a label"
    coverage = labels.get("coverage")
    if isinstance(coverage, int | float):
        said += f", {percent(coverage)} of all"
    judged = str(run.judgement.get("says") or "").strip()
    return f"{said}. {judged}".strip()


def _with_interval(metric: Mapping[str, Any] | None) -> str:
    if metric is None or metric.get("value") is None:
        return NOTHING
    return f"{figure(metric['value'])} ({figure(metric['low'])} to {figure(metric['high'])})"
