"""What the open engine's `drift.json` says of a run: its window, its rows, and every feature's measures and verdict.

The file lies beside the violations. What does not have its shape is left out: a report is an aid, and no alarm may lose
its message to one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from functions.alarm_responder.column_summaries import finite, number


@dataclass(frozen=True)
class FeatureReport:
    """One feature of a run.

    `effect` is the population stability index less what equal data have on average; `p_value` is adjusted for the
    number of features. `moved` is what changed: `location`, `category`, `new categories`, `missing` or `other types`;
    `since` is where the first window of the present episode begins.
    """

    state: str = ""
    moved: str = ""
    summary: str = ""
    psi: float | None = None
    ks: float | None = None
    effect: float | None = None
    p_value: float | None = None
    since: datetime | None = None
    a_day: float | None = None
    """By how many standard deviations a day the values move, where they go on moving."""

    def measures(self) -> str:
        """The measures in one line; empty without any."""
        parts = [f"{name} {number(value)}" for name, value in (("PSI", self.psi), ("KS", self.ks)) if value is not None]
        if self.p_value is not None:
            parts.append("p under 1e-12" if self.p_value < 1e-12 else f"p {self.p_value:.2g}")
        return ", ".join(parts)


@dataclass(frozen=True)
class DriftReport:
    """`start` and `end` are those of the window, `rows` were judged, `read` records were captured, `says` is how it was
    judged, in a sentence.
    """

    start: datetime | None = None
    end: datetime | None = None
    rows: int | None = None
    read: int | None = None
    baseline_rows: int | None = None
    features: Mapping[str, FeatureReport] = field(default_factory=dict)
    metric_p_values: Mapping[str, float] = field(default_factory=dict)
    """By metric of the model's quality: how likely so large a decline is by chance."""
    says: str = ""
    estimated: str = ""
    """The model's quality before labels, in a sentence; empty where nobody estimates it."""


def drift_report(document: Any) -> DriftReport:
    """The report out of a parsed drift.json."""
    file = _object(document)
    window, records = _object(file.get("window")), _object(file.get("records"))
    judgement = _object(file.get("judgement"))
    verdicts = _object(judgement.get("features"))
    tests = {str(name): finite(_object(test).get("p_value")) for name, test in _object(judgement.get("tests")).items()}
    return DriftReport(
        start=moment(window.get("start")),
        end=moment(window.get("end")),
        rows=_count(file.get("current_rows"), records.get("rows")),
        read=_count(records.get("read")),
        baseline_rows=_count(file.get("baseline_rows")),
        features={
            str(name): _feature(_object(feature), _object(verdicts.get(name)))
            for name, feature in _object(file.get("features")).items()
        },
        metric_p_values={name: p_value for name, p_value in tests.items() if p_value is not None},
        says=_text(judgement.get("says")),
        estimated=_estimated(_object(file.get("estimated_quality"))),
    )


def _estimated(found: Mapping[str, Any]) -> str:
    """The estimate of the first metric, beside the baseline's: a message has no room for all."""
    if not found:
        return ""
    if not found.get("trusted"):
        return f"not estimated: {_text(found.get('doubt')) or 'the run does not say why'}"
    for name, metric in _object(found.get("metrics")).items():
        value, low, high, baseline = (
            finite(_object(metric).get(key)) for key in ("estimate", "low", "high", "baseline")
        )
        if value is not None and low is not None and high is not None:
            before = "" if baseline is None else f"; {number(baseline)} in the baseline"
            return f"{name} about {number(value)} ({number(low)} to {number(high)}{before}), an estimate before labels"
    return ""


def _feature(feature: Mapping[str, Any], verdict: Mapping[str, Any]) -> FeatureReport:
    return FeatureReport(
        state=_text(verdict.get("state")) or _text(feature.get("verdict")),
        moved=_text(verdict.get("moved")),
        summary=_text(feature.get("summary")),
        psi=finite(feature.get("psi")),
        ks=finite(_object(feature.get("ks")).get("statistic")),
        effect=finite(verdict.get("effect")),
        p_value=finite(feature.get("p_value_adjusted")),
        since=moment(verdict.get("since")),
        a_day=finite(verdict.get("standard_deviations_a_day")),
    )


def moment(value: Any) -> datetime | None:
    """A time with its zone, as UTC; None for anything else."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)


def _count(*values: Any) -> int | None:
    numbers = (finite(value) for value in values)
    return next((int(value) for value in numbers if value is not None and value >= 0), None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
