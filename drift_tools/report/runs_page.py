"""The page of a monitor's runs: what each kind found, from the files that the runs left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drift_tools.report.html import environment
from drift_tools.report.sections import RunResults, Section, sections_of
from drift_tools.report.words import DRIFTED, NOTHING, STEADY, UNKNOWN, count, listed

_HIGHLIGHTS = 4


@dataclass(frozen=True)
class RunsView:
    """The whole page; `violations` by period, of those that have some."""

    kicker: str
    verdict: str
    headline: str
    highlights: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    violations: Mapping[str, list[dict[str, str]]]
    made: str


def render_runs(runs: Mapping[str, RunResults], *, made: datetime | None = None) -> str:
    """The page as one HTML file that opens without a network: the verdict of the last run first.

    Parameters
    ----------
    runs
        at least one, by the name of its period, in the order of time.
    made
        when.
    """
    return environment().get_template("runs.html").render(view=runs_view(runs, made=made))


def runs_view(runs: Mapping[str, RunResults], *, made: datetime | None) -> RunsView:
    """The view of some runs."""
    *_, last = runs
    sections = tuple(sections_of(runs))
    unsure = any(section.is_unsure for section in sections)
    violations = {period: [as_text(one) for one in run.violations] for period, run in runs.items() if run.violations}
    return RunsView(
        kicker="a run" if len(runs) == 1 else count(len(runs), "run"),
        verdict=DRIFTED if last in violations else STEADY if sections and not unsure else UNKNOWN,
        headline=_headline(last, violations.get(last, []), sections),
        highlights=tuple(said for said in _highlights(sections, last) if last in violations or unsure)[:_HIGHLIGHTS],
        facts=_facts(runs),
        sections=sections,
        violations=violations,
        made=f"{made:%Y-%m-%d %H:%M} UTC" if made else "",
    )


def _headline(period: str, violations: list[dict[str, str]], sections: tuple[Section, ...]) -> str:
    if violations:
        subjects = list(dict.fromkeys(one["of"] for one in violations))
        return f"{period}: {count(len(violations), 'violation')}, of {listed(subjects)}"
    unsure = [section for section in sections if section.is_unsure]
    if unsure and len(unsure) == len(sections):
        return f"{period}: nobody can tell"
    if unsure:
        return f"{period}: nothing to act on in {len(sections) - len(unsure)} of {count(len(sections), 'section')}"
    return f"{period}: nothing to act on" if sections else f"{period}: the run had nothing to judge by"


def _highlights(sections: tuple[Section, ...], period: str) -> list[tuple[str, str]]:
    """What the sections that found something, or cannot tell, say of the last run."""
    return [
        (section.title, section.says[period])
        for section in sections
        if (section.is_drifted or section.is_unsure) and period in section.says
    ]


def _facts(runs: Mapping[str, RunResults]) -> tuple[tuple[str, str], ...]:
    facts = []
    for period, run in runs.items():
        window, records = run.drift.get("window") or {}, run.drift.get("records") or {}
        said = f"{records.get('rows', 0):,} rows"
        if window.get("start") and window.get("end"):
            said += f", {window['start']} to {window['end']}"
        facts.append((period, f"{said}; judged by {run.drift.get('rules', 'no rules')} rules"))
    return tuple(facts)


def as_text(violation: Mapping[str, Any]) -> dict[str, str]:
    """One entry of constraint_violations.json, whatever kind wrote it: `of` what it is, which `metric`, the check, and
    the text.
    """
    facet = f"{violation['facet']} = {violation.get('facet_value', '')}" if violation.get("facet") else ""
    subject = str(violation.get("feature_name") or violation.get("metric_name") or NOTHING)
    return {
        "of": facet or subject,
        "metric": subject if facet else "",
        "check": str(violation.get("constraint_check_type", NOTHING)),
        "description": str(violation.get("description", "")).strip(),
    }
