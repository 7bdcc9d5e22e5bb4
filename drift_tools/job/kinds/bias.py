"""The bias job: labels and predictions of the groups of a facet, measured and held against the baseline's."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from contract.bucket_layout import ANALYSIS
from drift_tools.errors import InputError
from drift_tools.job import drift_json, segments
from drift_tools.job.cloudwatch import LARGEST, Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.labels import require_labels
from drift_tools.job.inputs.named_rows import NamedRows, named_rows
from drift_tools.job.results import Found, completion, require_rows, write_clarify_violations
from drift_tools.job.segments.clarify import bias_of, bias_subject, judge_bias
from drift_tools.job.settings import MonitorSettings, QualitySettings
from drift_tools.monitors.analysis_config import AnalysisConfig
from drift_tools.monitors.bias import (
    MOST_ROWS_OF_FLIP_TEST,
    BiasAnalysis,
    BiasCheck,
    BiasConfig,
    BiasSettings,
    GroupBias,
    Verdict,
    check,
    group_key,
    measure_table,
    read_references,
)
from drift_tools.monitors.rules import CALIBRATED, MODEL_MONITOR
from drift_tools.profiles import read_json, write_json
from drift_tools.significance import LARGEST_ALPHA
from drift_tools.tables import Column, Table

_PREDICTION: Final = "predicted_label"
_THRESHOLD: Final = 0.5  # Clarify's ProbabilityThresholdAttribute where none is given; a score above it is positive
_NEGATIVE: Final = "(negative)"
_NAMED: Final = 3


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Measure bias and write its files; None on instances that have handed their share over."""
    config = BiasConfig.of(AnalysisConfig.read(settings.analysis_config))
    wanted = settings.quality
    attributes = [wanted.inference or wanted.probability]
    rows = named_rows(job, settings, config.features, config.settings.label, attributes)
    if rows is None:
        return None
    if rows.counts is not None:
        require_labels(rows.counts, rows.labels)
        require_rows(drift_json.readable(rows.counts), settings.dataset.max_unreadable_share)
    if rows.label is None:
        raise InputError(f"there are no labels: bias needs the column {config.settings.label!r} beside the predictions")
    table, bias = _measured(rows, config, settings.quality)
    path = settings.baseline.constraints
    analysis = measure_table(table, bias, is_baseline=path is None)
    if path is None:
        kept = segments.cut(settings.segments, table, partial(bias_of, bias=bias))
        write_json(settings.output / ANALYSIS, analysis.to_dict() | kept)
        return [], completion((), rows.counts) + _too_few(analysis.groups)
    write_json(settings.output / ANALYSIS, analysis.to_dict())
    calibrated = not settings.is_open or settings.judgement.rules == CALIBRATED
    level = segments.of_whole(settings).alpha if calibrated else LARGEST_ALPHA
    baseline = read_json(path)
    checks = check(analysis.groups, read_references(baseline, path.name), level)
    drifted = [one for one in checks if one.verdict is Verdict.DRIFT]
    parts = judge_bias(settings, baseline, table, bias)
    whole = [bias_subject(one.facet, one.facet_value, one.metric) for one in drifted]
    violations = [one.violation() for one in drifted]
    violations += [one.to_dict() for one in segments.violations(parts, whole)]
    write_clarify_violations(settings.output, violations)
    says = _says(checks, analysis.groups) + segments.says(parts, whole) + _sampled(table.rows, config.features)
    if settings.is_open:
        labels = None if rows.labels is None else {"read": len(rows.labels.by_id), "unreadable": rows.labels.unreadable}
        judgement = {"by": "intervals", "level": level, "says": says, "groups": _groups(analysis.groups, checks)}
        document = drift_json.document(settings, rows.counts, labels=labels)
        rules = CALIBRATED if calibrated else MODEL_MONITOR
        more = {"segments": segments.document(parts)} if parts else {}
        write_json(drift_json.path_of(settings.output), {**document, "rules": rules, "judgement": judgement, **more})
    entries = [*_metrics(settings, analysis, checks), *segments.metrics(Metrics.of(settings.metrics), parts)]
    return entries, f"{completion(violations, rows.counts)} {says}"


def _sampled(rows: int, features: Sequence[str]) -> str:
    if not features or rows <= MOST_ROWS_OF_FLIP_TEST:
        return ""
    return f" FT was measured on {MOST_ROWS_OF_FLIP_TEST:,} of {rows:,} rows, drawn."


def _measured(rows: NamedRows, config: BiasConfig, wanted: QualitySettings) -> tuple[Table, BiasSettings]:
    """The columns that bias is measured from, the prediction among them under a name of its own."""
    settings, names = config.settings, [*config.features, config.settings.label]
    columns = [rows.table.columns[name] for name in names if name in rows.table.columns]
    predicted = _predicted(rows, settings, wanted)
    if predicted is None:
        return Table.of(columns, rows.table.rows), settings
    return Table.of([*columns, predicted], rows.table.rows), replace(settings, predicted=_PREDICTION)


def _predicted(rows: NamedRows, settings: BiasSettings, wanted: QualitySettings) -> Column | None:
    """The predicted labels: as the answers have them, or by their probabilities; None where nothing names either."""
    if wanted.inference is not None:
        return rows.answer(wanted.inference, "inference_attribute").renamed(_PREDICTION)
    if wanted.probability is None:
        return None
    scores = rows.answer(wanted.probability, "probability_attribute").as_numbers()[0]
    threshold = _THRESHOLD if wanted.probability_threshold is None else wanted.probability_threshold
    positive = str(settings.positive[0])
    cells = [None if math.isnan(score) else positive if score > threshold else _NEGATIVE for score in scores.tolist()]
    return Column.from_strings(_PREDICTION, cells)


def _says(checks: Sequence[BiasCheck], groups: Sequence[GroupBias]) -> str:
    """The verdict in a sentence or two."""
    drifted = [one for one in checks if one.verdict is Verdict.DRIFT]
    named = ", ".join(f"{one.metric} of {one.facet} = {one.facet_value}" for one in drifted[:_NAMED])
    more = f" and {len(drifted) - _NAMED} more" if len(drifted) > _NAMED else ""
    said = f"Farther from neutral than in the baseline: {named}{more}." if drifted else "No bias metric drifted."
    return said + _too_few(groups)


def _too_few(groups: Sequence[GroupBias]) -> str:
    few = [group for group in groups if not group.is_enough]
    return "".join(
        f" Not enough data on {group.facet} = {group.value_or_threshold}: {group.rows:,} rows of it, "
        f"{group.rest:,} others."
        for group in few
    )


def _groups(groups: Sequence[GroupBias], checks: Sequence[BiasCheck]) -> list[dict[str, Any]]:
    """As drift.json has them: every metric with its interval and what became of it."""
    verdicts = _by_metric(checks)
    return [
        {
            "facet": group.facet,
            "value": group.value_or_threshold,
            "rows": group.rows,
            "rest": group.rest,
            "metrics": {
                name: {
                    "value": _finite(measured.value),
                    "low": _finite(measured.low),
                    "high": _finite(measured.high),
                    **_verdict(verdicts.get((group.facet, group.value_or_threshold, name))),
                }
                for name, measured in group.values.items()
            },
        }
        for group in groups
    ]


def _verdict(found: BiasCheck | None) -> dict[str, Any]:
    if found is None:
        return {}
    return {
        "verdict": str(found.verdict),
        "reason": found.reason,
        "p_value": found.p_value,
        "change": found.change,
        "baseline": _finite(found.baseline),
    }


def _by_metric(checks: Sequence[BiasCheck]) -> Mapping[tuple[str, str, str], BiasCheck]:
    return {(one.facet, one.facet_value, one.metric): one for one in checks}


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _metrics(
    settings: MonitorSettings, analysis: BiasAnalysis, checks: Sequence[BiasCheck]
) -> Iterator[dict[str, Any]]:
    """`bias_metric_*`, as SageMaker Clarify publishes them: what has no value is left out, what is infinite is the
    largest number there is. The group of a threshold is named without the window's own maximum, which would make a new
    metric of it every time.
    """
    metrics, features = Metrics.of(settings.metrics), settings.metrics.features
    if metrics is None or features == "none":
        return
    verdicts = _by_metric(checks)
    for group in analysis.groups:
        for name, measured in group.values.items():
            found = verdicts.get((group.facet, group.value_or_threshold, name))
            is_drift = found is not None and found.verdict is Verdict.DRIFT
            if measured.value is None or (features == "findings" and not is_drift):
                continue
            value = measured.value if math.isfinite(measured.value) else math.copysign(LARGEST, measured.value)
            more = {
                "BiasStage": measured.metric.stage.value,
                "Label": analysis.label,
                "LabelValue": analysis.label_value_or_threshold,
                "Facet": group.facet,
                "FacetValue": group_key(group.facet, group.value_or_threshold)[1],
            }
            yield metrics.entry(f"bias_metric_{name}", {"Value": value, "Unit": "None"}, more)
