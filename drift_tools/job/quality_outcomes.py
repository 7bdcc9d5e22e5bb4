"""Model quality of some rows: what they are measured from, what drift.json has of it, what a baseline keeps."""

from collections.abc import Mapping
from typing import Any

from drift_tools.errors import InputError
from drift_tools.job.settings import QualitySettings
from drift_tools.monitors import model_quality
from drift_tools.monitors.model_quality import FEWEST_LABELLED, Outcomes, intervals
from drift_tools.monitors.model_quality import columns as quality_columns
from drift_tools.tables import Table


def outcomes_of(table: Table, wanted: QualitySettings, positive: str | None) -> Outcomes:
    """Predictions beside their labels, of a table whose columns are named by the variables that ask for them."""
    return model_quality.read_outcomes(
        table,
        problem_type=wanted.problem_type,
        ground_truth=quality_columns.GROUND_TRUTH,
        inference=_if_there(table, quality_columns.INFERENCE),
        probability=_if_there(table, quality_columns.PROBABILITY),
        probability_threshold=wanted.probability_threshold,
        positive_label=positive,
    )


def _if_there(table: Table, what: str) -> str | None:
    return what if what in table.columns else None


def with_intervals(data: Outcomes, quality: model_quality.ModelQuality) -> dict[str, Any]:
    """Give each metric its value and 95 % interval, for drift.json."""
    ends = intervals(data, dict(quality.metrics))
    return {
        name: {"value": quality.metrics[name], "low": low, "high": high, "rows": len(data)}
        for name, (low, high) in ends.items()
    }


def constraints_of(table: Table, wanted: QualitySettings, positive: str | None) -> Mapping[str, Any] | None:
    """What a baseline keeps of a segment: its own constraints; None where it has too little to measure."""
    try:
        quality = model_quality.measure(outcomes_of(table, wanted, positive))
    except InputError:  # of few rows one class alone, say: the whole baseline was read, so it is no fault of the data
        return None
    return model_quality.suggest(quality).to_dict() if quality.rows >= FEWEST_LABELLED else None
