"""Attribution: from which features the scores come, beside the baseline."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from drift_tools.report.charts import category_chart
from drift_tools.report.sections.runs import RunResults
from drift_tools.report.sections.section import BASELINE, Picture, Section
from drift_tools.report.words import NOTHING, number, percent

_NOTE: Final = (
    "Each feature's share of all importance: SHAP values of the model's score, asked of the endpoint's own script in "
    "the job; no second endpoint. nDCG is how far the ranking is the baseline's; below 0.9 is drift."
)
_SHOWN: Final = 10
_DRAWN: Final = 8
_NDCG: Final = "nDCG"


def sections(runs: Mapping[str, RunResults]) -> list[Section]:
    """One section of all runs that explained the model."""
    found = {period: run for period, run in runs.items() if "ndcg" in run.judgement}
    return [_section(found)] if found else []


def _section(runs: Mapping[str, RunResults]) -> Section:
    shares = {period: _shares(run, "now") for period, run in runs.items()}
    *_, last = runs
    before = _shares(runs[last], "baseline")
    names = list(before or shares[last])[:_SHOWN]
    marked = frozenset((_NDCG, period) for period, run in runs.items() if run.violations)
    rows = {_NDCG: ["1.000", *(number(run.judgement["ndcg"]) for run in runs.values())]}
    for name in names:
        rows[name] = [_share(before, name), *(_share(of, name) for of in shares.values())]
    left_out = len(shares[last]) - len(names)
    methods = " ".join(dict.fromkeys(run.judgement.get("method", "") for run in runs.values()))
    more = f" {left_out} more features are not shown." if left_out > 0 else ""
    return Section(
        title="Do the scores still come from the same features?",
        note=" ".join(part for part in (_NOTE, methods) if part) + more,
        says={period: run.judgement["says"] for period, run in runs.items()},
        columns=[BASELINE, *runs],
        rows=rows,
        marked=marked,
        pictures=_pictures(last, names[:_DRAWN], before, shares[last]),
        is_drifted=bool(marked),
    )


def _shares(run: RunResults, side: str) -> dict[str, float]:
    found: Mapping[str, Mapping[str, Any]] = run.judgement.get("shares") or {}
    return {name: float(of[side]) for name, of in sorted(found.items(), key=lambda item: -float(item[1][side]))}


def _share(shares: Mapping[str, float], name: str) -> str:
    return percent(shares[name]) if name in shares else NOTHING


def _pictures(
    period: str, names: list[str], before: Mapping[str, float], now: Mapping[str, float]
) -> tuple[Picture, ...]:
    if not before or not names:
        return ()
    chart = category_chart(
        names,
        [before.get(name, 0.0) for name in names],
        [now.get(name, 0.0) for name in names],
        title=f"Shares of all importance in the baseline and in {period}",
    )
    return (Picture("Share of all importance", Markup(chart), BASELINE, period),)  # noqa: S704 - escaped there
