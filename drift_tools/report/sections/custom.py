"""Custom monitors: the numbers that the user's own functions returned."""

from collections.abc import Mapping
from typing import Any

from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import Section, figure, together
from drift_tools.report.words import listed


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs of custom monitors."""
    found = {period: run for period, run in runs.items() if run.drift.get("custom")}
    return [_section(found)] if found else []


def _section(runs: Mapping[str, RunResults]) -> Section:
    numbers = {period: _numbers(run) for period, run in runs.items()}
    names = together([list(of) for of in numbers.values()])
    marked = frozenset(
        (str(one.get("metric_name") or one.get("feature_name")), period)
        for period, run in runs.items()
        for one in run.violations
    )
    return Section(
        title="What do your own monitors say?",
        note="Numbers that the scripts of the configuration returned of each window. Bold: beyond the threshold.",
        says={period: _says(run) for period, run in runs.items()},
        columns=list(runs),
        rows={name: [figure(of.get(name)) for of in numbers.values()] for name in names},
        marked=marked,
        is_drifted=bool(marked),
    )


def _numbers(run: RunResults) -> dict[str, float | None]:
    custom: Mapping[str, Mapping[str, Any]] = run.drift["custom"]
    return {f"{name}.{what}": value for name, one in custom.items() for what, value in one["numbers"].items()}


def _says(run: RunResults) -> str:
    if not run.violations:
        return "nothing beyond its threshold."
    return " ".join(dict.fromkeys(str(one.get("description", "")) for one in run.violations)) or listed(
        [str(one.get("metric_name")) for one in run.violations]
    )
