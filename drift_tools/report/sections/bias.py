"""Bias: each group of each facet, metric by metric, beside the baseline."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

from drift_tools.monitors.bias import BY_NAME
from drift_tools.report.interval_chart import Line, interval_chart
from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import BASELINE, Picture, Section, figure, together
from drift_tools.report.words import NOTHING, count

_NOTE: Final = (
    "SageMaker Clarify's bias metrics of this group against all others, with their 95 % intervals; a metric without "
    "one, such as the flip test (FT), is shown and never called. Bold: farther from neutral than in the baseline, for "
    "certain and by more than is harmless. 0 is neutral, of DI 1."
)
_DRAWN: Final = 12  # of one scale, in one picture

Group = Mapping[str, Any]  # as drift.json has it


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section a group."""
    found = {period: _groups(run) for period, run in runs.items()}
    found = {period: groups for period, groups in found.items() if groups}
    return [_section(key, found) for key in together([list(groups) for groups in found.values()])]


def _groups(run: RunResults) -> dict[str, Group]:
    return {f"{group['facet']} = {group['value']}": group for group in run.judgement.get("groups", ())}


def _section(key: str, found: Mapping[str, Mapping[str, Group]]) -> Section:
    groups = {period: of[key] for period, of in found.items() if key in of}
    metrics = {period: group["metrics"] for period, group in groups.items()}
    names = [name for name in together([list(of) for of in metrics.values()]) if _is_known(name, metrics)]
    before = {
        name: next((of[name]["baseline"] for of in metrics.values() if _has_baseline(of, name)), None) for name in names
    }
    marked = frozenset(
        (name, period) for period, of in metrics.items() for name in of if of[name].get("verdict") == "drift"
    )
    return Section(
        title=f"Does the model still treat {key} as the baseline's?",
        note=_NOTE,
        says={period: _says(group) for period, group in groups.items()},
        columns=[BASELINE, *groups],
        rows={
            name: [figure(before[name]), *(_with_interval(of.get(name)) for of in metrics.values())] for name in names
        },
        marked=marked,
        pictures=_pictures(list(metrics)[-1], metrics, before),
        is_drifted=bool(marked),
        is_unsure=_is_short(list(groups.values())[-1]),
    )


def _is_known(name: str, metrics: Mapping[str, Mapping[str, Any]]) -> bool:
    return any(of.get(name, {}).get("value") is not None for of in metrics.values())


def _has_baseline(metrics: Mapping[str, Any], name: str) -> bool:
    return metrics.get(name, {}).get("baseline") is not None


def _says(group: Group) -> str:
    drifted = [name for name, metric in group["metrics"].items() if metric.get("verdict") == "drift"]
    rows = f"{count(group['rows'], 'row')} of the group, {group['rest']:,} others"
    if _is_short(group):
        return f"not enough data ({rows})."
    if not drifted:
        return f"no bias metric drifted ({rows})."
    return f"farther from neutral than in the baseline: {', '.join(drifted)} ({rows})."


def _is_short(group: Group) -> bool:
    return any(metric.get("verdict") == "not enough data" for metric in group["metrics"].values())


def _with_interval(metric: Mapping[str, Any] | None) -> str:
    if metric is None or metric["value"] is None:
        return NOTHING
    interval = f" ({figure(metric['low'])} to {figure(metric['high'])})" if metric["low"] is not None else ""
    return f"{figure(metric['value'])}{interval}"


def _pictures(
    period: str, metrics: Mapping[str, Mapping[str, Any]], before: Mapping[str, float | None]
) -> tuple[Picture, ...]:
    """The metrics that lie on one scale, -1 to 1 with 0 for neutral; the others are in the table."""
    lines = [
        Line(name, metric["low"], metric["value"], metric["high"], before[name], metric.get("verdict") == "drift")
        for name, metric in metrics[period].items()
        if name in before and name in BY_NAME and not BY_NAME[name].is_ratio and _is_within(metric, before[name])
    ]
    lines = sorted(lines, key=lambda line: not line.drifted)[:_DRAWN]
    if not lines:
        return ()
    chart = interval_chart(lines, title=f"Bias metrics of {period} beside the baseline's", neutral=0.0)
    return (Picture(f"{period}: value and 95 % interval", Markup(chart), BASELINE, period),)  # noqa: S704 - escaped there


def _is_within(metric: Mapping[str, Any], before: float | None) -> bool:
    values: Sequence[float | None] = (metric["low"], metric["high"], 0.0 if before is None else before)
    return all(value is not None and -1 <= value <= 1 for value in values)
