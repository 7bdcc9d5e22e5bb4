"""The quality of a window whose labels have not come, estimated by the data-quality run: it sees each answer first."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from drift_tools.errors import InputError
from drift_tools.job.drift_json import baseline_rows
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.data_quality import Constraints
from drift_tools.tables import Table, read_table


@dataclass(frozen=True, slots=True)
class Estimated:
    """What drift.json has, what is published (values by name), and what the run's message says."""

    document: Mapping[str, Any]
    metrics: Mapping[str, float]
    says: str


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
    except InputError as error:
        return _none(str(error))
    metrics = {"estimated_quality_trusted": float(found.is_trusted)}
    if found.is_trusted:  # a gap in a chart is better than a number that must not be believed
        for name, one in found.metrics.items():
            metrics[f"estimated_{name}"] = one.value
            metrics[f"estimated_{name}_low"] = one.low
            metrics[f"estimated_{name}_high"] = one.high
    return Estimated({"estimated_quality": found.to_dict()}, metrics, f" {found.sentence}")


def _none(reason: str) -> Estimated:
    return Estimated(
        {"estimated_quality": {"is_estimate": True, "trusted": False, "doubt": reason, "metrics": {}}},
        {"estimated_quality_trusted": 0.0},
        f" The quality before labels is not estimated: {reason}.",
    )
