"""From a run's files to its rows. Pure functions over parsed JSON: the job calls them with what it has just written,
the filling-up with what lies in a folder of results.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY
from contract.result_tables import FEATURES, FINDINGS, METRICS, RUNS, ResultTable

Row: TypeAlias = dict[str, Any]
_METRICS_BLOCK: Final = "_metrics"
_MEASURES: Final = ("psi", "jensen_shannon", "wasserstein", "l_infinity", "p_value_adjusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """Of which monitor, and of which window, a run was; None of what nobody says."""

    endpoint: str
    schedule: str
    window_end: str
    """ISO 8601, UTC."""
    window_start: str | None = None
    kind: str | None = None
    """None: what the files look like."""
    account: str | None = None
    region: str | None = None
    team: str | None = None
    variant: str | None = None
    version: str | None = None
    results_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Documents:
    """A run's files, parsed; empty where it wrote none."""

    drift: Mapping[str, Any] = field(default_factory=dict)
    violations: Sequence[Mapping[str, Any]] = ()
    statistics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def quality(self) -> dict[str, dict[str, float | None]]:
        """The metrics of model quality, by name, as statistics.json has them; empty of other monitors."""
        found: dict[str, dict[str, float | None]] = {}
        for name, block in self.statistics.items():
            if name.endswith(_METRICS_BLOCK) and isinstance(block, Mapping):
                for metric, about in block.items():
                    if isinstance(about, Mapping) and "value" in about:
                        found[metric] = {key: _number(about.get(key)) for key in ("value", "standard_deviation")}
        return found

    @property
    def kind(self) -> str:
        """Of which kind of monitor the files are, by what statistics.json holds."""
        blocks = [name for name in self.statistics if name.endswith(_METRICS_BLOCK)]
        return MODEL_QUALITY if blocks else DATA_QUALITY


def rows_of(identity: RunIdentity, documents: Documents) -> dict[str, list[Row]]:
    """The rows of a run by the table's name; every row has all columns of its table, None where nothing is known."""
    run = _identity_columns(identity, documents)
    quality = documents.quality
    return {
        RUNS.name: [_whole(RUNS, run | _run(identity, documents, quality))],
        FEATURES.name: [_whole(FEATURES, run | row) for row in _features(documents)],
        FINDINGS.name: [_whole(FINDINGS, run | row) for row in _findings(documents)],
        METRICS.name: [_whole(METRICS, run | row) for row in _metrics(documents, quality)],
    }


def _whole(table: ResultTable, row: Row) -> Row:
    return {name: row.get(name) for name in table.names}


def _identity_columns(identity: RunIdentity, documents: Documents) -> Row:
    window = _object(documents.drift.get("window"))
    return {
        "account": identity.account,
        "region": identity.region,
        "team": identity.team,
        "endpoint": identity.endpoint,
        "variant": identity.variant,
        "version": identity.version,
        "schedule": identity.schedule,
        "kind": identity.kind or documents.kind,
        "window_start": identity.window_start or window.get("start"),
        "window_end": identity.window_end,
    }


def _run(identity: RunIdentity, documents: Documents, quality: Mapping[str, Mapping[str, Any]]) -> Row:
    drift = documents.drift
    records, features = _object(drift.get("records")), _object(drift.get("features"))
    drifted = [str(name) for name in drift.get("drifted_features") or ()]
    dataset = _object(documents.statistics.get("dataset"))
    return {
        "status": "violations" if documents.violations else "clean",
        "engine": drift.get("engine") or "model-monitor",
        "judged_by": _object(drift.get("judgement")).get("by"),
        "row_count": drift.get("current_rows", records.get("rows", dataset.get("item_count"))),
        "records_read": records.get("read"),
        "records_used": records.get("used"),
        "feature_count": len(features) if features else None,
        "drifted_count": len(drifted),
        "drifted_features": drifted,
        "violation_count": len(documents.violations),
        "metrics": {name: about["value"] for name, about in quality.items() if about["value"] is not None},
        "results_uri": identity.results_uri,
    }


def _features(documents: Documents) -> Iterator[Row]:
    judged = _object(_object(documents.drift.get("judgement")).get("features"))
    for name, feature in _object(documents.drift.get("features")).items():
        verdict = _object(judged.get(name))
        yield {
            "feature": name,
            "feature_kind": feature.get("kind"),
            "ks": _number(_object(feature.get("ks")).get("statistic")),
            **{measure: _number(feature.get(measure)) for measure in _MEASURES},
            "drifted": bool(feature.get("drifted")),
            "state": verdict.get("state") or feature.get("verdict"),
            "since": verdict.get("since"),
            "reason": feature.get("reason"),
        }


def _findings(documents: Documents) -> Iterator[Row]:
    for violation in documents.violations:
        yield {
            "subject": violation.get("feature_name") or violation.get("metric_name"),
            "check_type": violation.get("constraint_check_type"),
            "description": violation.get("description"),
        }


def _metrics(documents: Documents, quality: Mapping[str, Mapping[str, Any]]) -> Iterator[Row]:
    judgement = _object(documents.drift.get("judgement"))
    tests = _object(judgement.get("tests"))
    called = {row["subject"] for row in _findings(documents)}
    for name, about in quality.items():
        test = _object(tests.get(name))
        yield {
            "metric": name,
            "value": about["value"],
            "standard_deviation": about["standard_deviation"],
            "threshold": _number(test.get("threshold")),
            "p_value": _number(test.get("p_value")),
            "called": name in called,
        }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any) -> float | None:
    """A number of JSON; Model Monitor's "NaN" and "Infinity" are none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None
