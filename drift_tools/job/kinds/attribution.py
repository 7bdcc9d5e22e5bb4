"""The attribution job: which features the deployed model's scores come from, held against the baseline's ranking."""

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Final

from contract.bucket_layout import ANALYSIS
from drift_tools.errors import InputError
from drift_tools.job import drift_json, segments
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.named_rows import named_rows
from drift_tools.job.results import Found, completion, require_rows, write_clarify_violations
from drift_tools.job.segments.clarify import MOST_EXPLAINED, RANKING, judge_attribution
from drift_tools.job.settings import MonitorSettings
from drift_tools.monitors.analysis_config import AnalysisConfig
from drift_tools.monitors.attribution import (
    NDCG_THRESHOLD,
    Attribution,
    AttributionCheck,
    AttributionConfig,
    ModelProcess,
    attribute,
    check,
    read_attribution,
    violation,
)
from drift_tools.monitors.rules import CALIBRATED, MODEL_MONITOR
from drift_tools.profiles import read_json, write_json
from drift_tools.significance import LARGEST_ALPHA
from drift_tools.tables import Table

_LABEL: Final = "label0"  # Clarify's name for the first output of a model without names
_LOGGER = logging.getLogger("drift_tools.attribution")


def run(job: Job, settings: MonitorSettings) -> Found | None:
    """Explain a window and write its files; None on instances that have handed their share over."""
    config = AttributionConfig.of(AnalysisConfig.read(settings.analysis_config))
    rows = named_rows(job, settings, config.features, None)
    if rows is None:
        return None
    if rows.counts is not None:
        require_rows(rows.counts, settings.dataset.max_unreadable_share)
    if settings.model is None:
        raise InputError("the environment variable model_archive is not set: name the endpoint's model.tar.gz")
    with ModelProcess(settings.model) as model:
        explain = partial(
            attribute,
            features=config.features,
            model=model,
            score=_score(settings, len(config.features)),
            aggregation=config.aggregation,
        )
        found = explain(rows.table)
        path = settings.baseline.constraints
        if path is None:
            write_json(settings.output / ANALYSIS, found.to_dict(_LABEL) | _parts(settings, rows.table, explain))
            return [], completion((), rows.counts)
        write_json(settings.output / ANALYSIS, found.to_dict(_LABEL))
        baseline = read_json(path)
        parts = judge_attribution(
            settings,
            baseline,
            rows.table,
            lambda table, _before: explain(table, most=MOST_EXPLAINED),
            config,
        )
    calibrated = not settings.is_open or settings.judgement.rules == CALIBRATED
    level = segments.of_whole(settings).alpha if calibrated else LARGEST_ALPHA
    checked = check(read_attribution(baseline, path.name), found, level, config.aggregation)
    violations = [violation(checked.ndcg, _LABEL)] if checked.is_drift else []
    whole = [RANKING] if checked.is_drift else []
    violations += [one.to_dict() for one in segments.violations(parts, whole)]
    write_clarify_violations(settings.output, violations)
    says = checked.says + segments.says(parts, whole)
    if settings.is_open:
        judgement = {"by": "ranking", "level": level, **_document(checked, found), "says": says}
        rules = CALIBRATED if calibrated else MODEL_MONITOR
        document = drift_json.document(settings, rows.counts)
        more = {"segments": segments.document(parts)} if parts else {}
        write_json(drift_json.path_of(settings.output), {**document, "rules": rules, "judgement": judgement, **more})
    entries = [*_metrics(settings, found, checked), *segments.metrics(Metrics.of(settings.metrics), parts)]
    return entries, f"{completion(violations, rows.counts)} {says}{_sampled(found.rows, rows.table.rows)}"


def _sampled(explained: int, rows: int) -> str:
    return f" {explained:,} of {rows:,} rows, evenly spread, were explained." if explained < rows else ""


def _parts(settings: MonitorSettings, table: Table, explain: Callable[..., Attribution]) -> dict[str, Any]:
    """What a baseline keeps of its segments."""

    def describe(rows: Table) -> Mapping[str, Any]:
        return explain(rows, most=MOST_EXPLAINED).to_dict(_LABEL)

    return segments.cut(settings.segments, table, describe)


def _score(settings: MonitorSettings, inputs: int) -> int:
    """The position of the score in an answer; of what a transform job wrote it counts from its first input on."""
    given = settings.quality.probability or settings.quality.inference or "0"
    if not given.isdecimal():
        raise InputError(f"the score is {given!r}: give its position among the columns of an answer, from 0")
    is_row = not settings.dataset.is_captured and not settings.dataset.options.get("header", True)
    return int(given) - inputs if is_row and int(given) >= inputs else int(given)


def _document(checked: AttributionCheck, found: Attribution) -> dict[str, Any]:
    """As drift.json has it."""
    return {
        "says": checked.says,
        "method": found.how,
        "ndcg": checked.ndcg,
        "standard_error": checked.standard_error,
        "threshold": NDCG_THRESHOLD,
        "rows_explained": found.rows,
        "ranking": list(found.importance),
        "shares": {name: {"baseline": before, "now": now} for name, (before, now) in checked.shares.items()},
        "moved": {name: {"before": before, "now": now} for name, (before, now) in checked.moved.items()},
    }


def _metrics(settings: MonitorSettings, found: Attribution, checked: AttributionCheck) -> Iterator[dict[str, Any]]:
    """The importances under SageMaker Clarify's names, the method under its own, and nDCG, which Clarify keeps."""
    metrics, features = Metrics.of(settings.metrics), settings.metrics.features
    if metrics is None or features == "none":
        return
    yield metrics.entry("feature_attribution_ndcg", {"Value": checked.ndcg, "Unit": "None"})
    for name, importance in found.importance.items():
        if features == "all" or (checked.is_drift and name in checked.moved):
            yield metrics.entry(
                f"feature_{name}", {"Value": importance, "Unit": "None"}, _more(found, "GlobalShapValues")
            )
    if features == "all":
        yield metrics.entry("ExpectedValue", {"Value": found.expected, "Unit": "None"}, _more(found, "ExpectedValue"))


def _more(found: Attribution, value_type: str) -> dict[str, str]:
    return {"ExplainabilityMethod": found.method, "Label": _LABEL, "ValueType": value_type}
