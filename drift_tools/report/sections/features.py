"""Data quality: how far each feature is from the baseline."""

from collections.abc import Mapping
from typing import Any, Final

from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import BASELINE, Section, together
from drift_tools.report.words import NOTHING, count, listed, number

_SHOWN: Final = 30
_NOTE: Final = (
    "PSI, the population stability index over the baseline's deciles or categories. Bold: drifted, that is, "
    "significant and material."
)


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs that compared features."""
    found = {period: run.drift["features"] for period, run in runs.items() if run.drift.get("features")}
    return [_section(found, {period: runs[period] for period in found})] if found else []


def _section(found: Mapping[str, Mapping[str, Any]], runs: Mapping[str, RunResults]) -> Section:
    largest = {
        name: max((of[name].get("psi") or 0.0 for of in found.values() if name in of), default=0.0)
        for name in together([list(of) for of in found.values()])
    }
    marked = frozenset((name, period) for period, of in found.items() for name in of if of[name].get("drifted"))
    drifted = {name for name, _ in marked}
    names = sorted(largest, key=lambda name: (name not in drifted, -largest[name]))
    left_out = len(names) - _SHOWN
    return Section(
        title=f"How far is each feature from the {BASELINE}?",
        note=_NOTE + (f" {left_out} more features, none of them farther, are left out." if left_out > 0 else ""),
        says={period: _says(found[period], run) for period, run in runs.items()},
        columns=list(found),
        rows={name: [_psi(of.get(name)) for of in found.values()] for name in names[:_SHOWN]},
        marked=marked,
        is_drifted=bool(marked),
    )


def _says(features: Mapping[str, Any], run: RunResults) -> str:
    drifted = [name for name, feature in features.items() if feature.get("drifted")]
    said = f"{listed(drifted)} drifted." if drifted else f"no drift in {count(len(features), 'feature')}."
    return f"{said} {run.judgement.get('says') or ''}".strip()


def _psi(feature: Mapping[str, Any] | None) -> str:
    return NOTHING if feature is None else number(feature.get("psi"))
