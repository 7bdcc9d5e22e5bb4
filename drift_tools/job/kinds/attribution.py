"""The attribution job: which features the deployed model's scores come from, held against the baseline's ranking."""

from collections.abc import Iterator
from typing import Any, Final

from contract.bucket_layout import ANALYSIS
from drift_tools.errors import InputError
from drift_tools.job import drift_json
from drift_tools.job.cloudwatch import Metrics
from drift_tools.job.container import Job
from drift_tools.job.inputs.named_rows import named_rows
from drift_tools.job.results import Found, completion, require_rows, write_clarify_violations
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

_LABEL: Final = "label0"  # Clarify's name for the first output of a model without names
_METHOD: Final = "PermutationShap"


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
        found = attribute(rows.table, config.features, model, score=_score(settings), aggregation=config.aggregation)
    write_json(settings.output / ANALYSIS, found.to_dict(_LABEL))
    path = settings.baseline.constraints
    if path is None:
        return [], completion((), rows.counts)
    calibrated = not settings.is_open or settings.judgement.rules == CALIBRATED
    level = settings.alpha if calibrated else LARGEST_ALPHA
    checked = check(read_attribution(read_json(path), path.name), found, level, config.aggregation)
    violations = [violation(checked.ndcg, _LABEL)] if checked.is_drift else []
    write_clarify_violations(settings.output, violations)
    if settings.is_open:
        judgement = {"by": "ranking", "level": level, **_document(checked, found)}
        rules = CALIBRATED if calibrated else MODEL_MONITOR
        document = drift_json.document(settings, rows.counts)
        write_json(drift_json.path_of(settings.output), {**document, "rules": rules, "judgement": judgement})
    entries = list(_metrics(settings, found, checked))
    return entries, f"{completion(violations, rows.counts)} {checked.says}{_sampled(found.rows, rows.table.rows)}"


def _sampled(explained: int, rows: int) -> str:
    return f" {explained:,} of {rows:,} rows, evenly spread, were explained." if explained < rows else ""


def _score(settings: MonitorSettings) -> int:
    """The position of the score in an answer."""
    given = settings.quality.probability or settings.quality.inference or "0"
    if not given.isdecimal():
        raise InputError(f"the score is {given!r}: give its position among the columns of an answer, from 0")
    return int(given)


def _document(checked: AttributionCheck, found: Attribution) -> dict[str, Any]:
    """As drift.json has it."""
    return {
        "says": checked.says,
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
            yield metrics.entry(f"feature_{name}", {"Value": importance, "Unit": "None"}, _more("GlobalShapValues"))
    if features == "all":
        yield metrics.entry("ExpectedValue", {"Value": found.expected, "Unit": "None"}, _more("ExpectedValue"))


def _more(value_type: str) -> dict[str, str]:
    return {"ExplainabilityMethod": _METHOD, "Label": _LABEL, "ValueType": value_type}
