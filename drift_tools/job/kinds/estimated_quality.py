"""The quality of a window whose labels have not come, estimated by the data-quality run: it sees each answer first."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drift_tools.errors import InputError
from drift_tools.job.drift_json import baseline_rows
from drift_tools.job.segments import FEWEST_ROWS, Segment, most_frequent, rows_of
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.data_quality import Constraints
from drift_tools.tables import Table, read_table

if TYPE_CHECKING:
    from drift_tools.monitors.model_quality import BeforeLabels, EstimatedQuality


@dataclass(frozen=True, slots=True)
class Estimated:
    """What drift.json has, what is published (values by name; by segment as well), and what the run's message says."""

    document: Mapping[str, Any]
    metrics: Mapping[str, float]
    says: str
    by_segment: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def estimate(settings: MonitorSettings, constraints: Constraints, rows: Table | None) -> Estimated | None:
    """Estimate the quality of a window; None where nobody asked for it.

    An estimate is an aid: what it lacks is said in the run's message, and fails no run.
    """
    wanted = settings.estimate
    if wanted is None:
        return None
    if rows is None:
        return _none("the window is larger than what is kept in memory")
    # Needs scipy, which Model Monitor's own checks do not.
    from drift_tools.monitors.model_quality import fit_before_labels  # noqa: PLC0415

    quality = settings.quality
    try:
        like, _ = baseline_rows(settings.baseline.rows, constraints)
        fitted = fit_before_labels(
            read_table(wanted.baseline),
            wanted.in_baseline,
            problem_type=quality.problem_type,
            label=quality.ground_truth or "label",
            probability_threshold=quality.probability_threshold,
            positive_label=quality.positive_label,
            support=None if like is None else like.without(settings.excluded),
        )
        found = fitted.estimate(rows, wanted.in_window)
        parts = _by_segment(settings, fitted, rows)
    except InputError as error:
        return _none(str(error))
    document = found.to_dict()
    if parts:
        document["segments"] = {part.name: one.to_dict() for part, one in parts.items()}
    by_segment = {part.dimension: _values(one) for part, one in parts.items()}
    return Estimated({"estimated_quality": document}, _values(found), f" {found.sentence}", by_segment)


def _values(found: "EstimatedQuality") -> dict[str, float]:
    metrics = {"estimated_quality_trusted": float(found.is_trusted)}
    if found.is_trusted:  # a gap in a chart is better than a number that must not be believed
        for name, one in found.metrics.items():
            metrics[f"estimated_{name}"] = one.value
            metrics[f"estimated_{name}_low"] = one.low
            metrics[f"estimated_{name}_high"] = one.high
    return metrics


def _by_segment(settings: MonitorSettings, fitted: "BeforeLabels", rows: Table) -> "dict[Segment, EstimatedQuality]":
    """The same of the window's segments that have enough rows: by one calibration, which rare values could not have."""
    wanted = settings.estimate
    found: dict[Segment, EstimatedQuality] = {}
    for segment in most_frequent(settings.segments, rows) if wanted is not None else ():
        own = rows_of(rows, segment)
        if wanted is not None and own.rows >= FEWEST_ROWS:
            found[segment] = fitted.estimate(own, wanted.in_window)
    return found


def _none(reason: str) -> Estimated:
    return Estimated(
        {"estimated_quality": {"is_estimate": True, "trusted": False, "doubt": reason, "metrics": {}}},
        {"estimated_quality_trusted": 0.0},
        f" The quality before labels is not estimated: {reason}.",
    )
