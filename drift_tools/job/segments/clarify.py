"""Bias and attribution segment by segment, each held against what the baseline measured of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from drift_tools.errors import InputError
from drift_tools.job.segments.cut import FEWEST_ROWS, rows_of, stored
from drift_tools.job.segments.results import SegmentResult, of_segment
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.attribution import (
    NDCG_THRESHOLD,
    Attribution,
    AttributionConfig,
    read_attribution,
)
from drift_tools.monitors.attribution import check as check_ranking
from drift_tools.monitors.bias import BiasSettings, Verdict, check, measure_table, read_references
from drift_tools.monitors.rules import CALIBRATED
from drift_tools.significance import LARGEST_ALPHA
from drift_tools.tables import Table

# Rows that are explained of a segment: there may be thirty of them, and each asks the model again.
MOST_EXPLAINED: Final = 300
RANKING: Final = "ranking"
_NAMED: Final = 3


def bias_of(table: Table, bias: BiasSettings) -> Mapping[str, Any] | None:
    """What a baseline keeps of a segment; None where nothing can be measured of it."""
    try:
        return measure_table(table, bias, is_part=True).to_dict()
    except InputError:  # one value of a facet alone, say: there is no rest to compare with
        return None


def judge_bias(settings: MonitorSettings, file: Any, table: Table, bias: BiasSettings) -> list[SegmentResult]:
    """Judge the bias of each segment that the baseline's file has."""
    known = list(stored(file, settings.segments))
    found = []
    for segment, baseline_rows, description in known:
        rows = rows_of(table, segment)
        try:
            analysis = measure_table(rows, bias, is_part=True) if rows.rows >= FEWEST_ROWS else None
        except InputError:
            analysis = None
        if analysis is None:
            found.append(SegmentResult(segment=segment, rows=rows.rows, baseline_rows=baseline_rows, judged=False))
            continue
        level = _level(of_segment(settings, segment, len(known)))
        checks = check(analysis.groups, read_references(description, segment.name), level)
        drifted = [one for one in checks if one.verdict is Verdict.DRIFT]
        found.append(
            SegmentResult(
                segment=segment,
                rows=rows.rows,
                baseline_rows=baseline_rows,
                judged=any(group.is_enough for group in analysis.groups),
                called={
                    bias_subject(one.facet, one.facet_value, one.metric): (
                        f"{one.metric} of {one.facet} = {one.facet_value}: {one.reason}"
                    )
                    for one in drifted
                },
                size=max((one.change or 0.0 for one in drifted), default=0.0),
                about={
                    "metrics": {
                        f"{group.facet} = {group.value_or_threshold}": {
                            name: measured.value for name, measured in group.values.items()
                        }
                        for group in analysis.groups
                    }
                },
            )
        )
    return found


def bias_subject(facet: str, value: str, metric: str) -> str:
    """What a finding of bias is called."""
    return f"{metric} ({facet} = {value})"


def judge_attribution(
    settings: MonitorSettings,
    file: Any,
    table: Table,
    explain: Callable[[Table, Mapping[str, Any]], Attribution],
    config: AttributionConfig,
) -> list[SegmentResult]:
    """Judge the ranking of each segment that the baseline's file has; `explain` takes a segment's rows and what the
    baseline keeps of it.
    """
    known = list(stored(file, settings.segments))
    found = []
    for segment, baseline_rows, description in known:
        rows = rows_of(table, segment)
        if rows.rows < FEWEST_ROWS:
            found.append(SegmentResult(segment=segment, rows=rows.rows, baseline_rows=baseline_rows, judged=False))
            continue
        now, before = explain(rows, description), read_attribution(description, segment.name)
        checked = check_ranking(before, now, _level(of_segment(settings, segment, len(known))), config.aggregation)
        found.append(
            SegmentResult(
                segment=segment,
                rows=rows.rows,
                baseline_rows=baseline_rows,
                judged=True,
                called={RANKING: checked.says.removesuffix(".")} if checked.is_drift else {},
                size=max(0.0, NDCG_THRESHOLD - checked.ndcg),
                about={"ndcg": checked.ndcg, "ranking": list(now.importance)[:_NAMED]},
            )
        )
    return found


def _level(settings: MonitorSettings) -> float:
    return settings.alpha if settings.judgement.rules == CALIBRATED else LARGEST_ALPHA
