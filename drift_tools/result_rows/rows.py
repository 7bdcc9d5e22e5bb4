"""From a run's files to its rows. Pure functions over parsed JSON: the job calls them with what it has just written,
the filling-up with what lies in a folder of results.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, TypeAlias

from contract.monitor_kinds import ATTRIBUTION, BIAS, CUSTOM, DATA_QUALITY, MODEL_QUALITY
from contract.result_tables import FEATURES, FINDINGS, METRICS, RUNS, ResultTable
from drift_tools.result_rows.measured import (
    NDCG,
    Measured,
    as_number,
    as_object,
    bias_name,
    is_bias,
    is_quality,
    of_attribution,
    of_bias,
    of_custom,
    of_quality,
)

Row: TypeAlias = dict[str, Any]
_MEASURES: Final = ("psi", "jensen_shannon", "wasserstein", "l_infinity", "p_value_adjusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunIdentity:
    """The monitor and the window that a run was of; None of what nobody says."""

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

    analysis: Mapping[str, Any] = field(default_factory=dict)

    @property
    def measured(self) -> dict[str, Measured]:
        """What the run measured of its model, by name."""
        return {
            **dict(of_quality(self.statistics, self.drift)),
            **dict(of_bias(self.analysis, self.drift)),
            **dict(of_attribution(self.drift)),
            **dict(of_custom(self.drift)),
        }

    @property
    def kind(self) -> str:
        """The kind of monitor that the files are of, by what they hold."""
        if is_quality(self.statistics):
            return MODEL_QUALITY
        if is_bias(self.analysis):
            return BIAS
        if "explanations" in self.analysis:
            return ATTRIBUTION
        return CUSTOM if "custom" in self.drift else DATA_QUALITY


def rows_of(identity: RunIdentity, documents: Documents) -> dict[str, list[Row]]:
    """The rows of a run by the table's name; every row has all columns of its table, None where nothing is known."""
    run = _identity_columns(identity, documents)
    measured = documents.measured
    return {
        RUNS.name: [_whole(RUNS, run | _run(identity, documents, measured))],
        FEATURES.name: [_whole(FEATURES, run | row) for row in _features(documents)],
        FINDINGS.name: [_whole(FINDINGS, run | row) for row in _findings(documents)],
        METRICS.name: [_whole(METRICS, run | row) for row in _metrics(documents, measured)],
    }


def _whole(table: ResultTable, row: Row) -> Row:
    return {name: row.get(name) for name in table.names}


def _identity_columns(identity: RunIdentity, documents: Documents) -> Row:
    window = as_object(documents.drift.get("window"))
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


def _run(identity: RunIdentity, documents: Documents, measured: Mapping[str, Measured]) -> Row:
    drift = documents.drift
    records, features = as_object(drift.get("records")), as_object(drift.get("features"))
    drifted = [str(name) for name in drift.get("drifted_features") or ()]
    dataset = as_object(documents.statistics.get("dataset"))
    return {
        "status": "violations" if documents.violations else "clean",
        "engine": drift.get("engine") or "model-monitor",
        "judged_by": as_object(drift.get("judgement")).get("by"),
        "row_count": drift.get("current_rows", records.get("rows", dataset.get("item_count"))),
        "records_read": records.get("read"),
        "records_used": records.get("used"),
        "feature_count": len(features) if features else None,
        "drifted_count": len(drifted),
        "drifted_features": drifted,
        "violation_count": len(documents.violations),
        "metrics": {name: about.value for name, about in measured.items() if about.value is not None},
        "results_uri": identity.results_uri,
    }


def _features(documents: Documents) -> Iterator[Row]:
    judged = as_object(as_object(documents.drift.get("judgement")).get("features"))
    for name, feature in as_object(documents.drift.get("features")).items():
        verdict = as_object(judged.get(name))
        yield {
            "feature": name,
            "feature_kind": feature.get("kind"),
            "ks": as_number(as_object(feature.get("ks")).get("statistic")),
            **{measure: as_number(feature.get(measure)) for measure in _MEASURES},
            "drifted": bool(feature.get("drifted")),
            "state": verdict.get("state") or feature.get("verdict"),
            "since": verdict.get("since"),
            "reason": feature.get("reason"),
        }


def _findings(documents: Documents) -> Iterator[Row]:
    for violation in documents.violations:
        subject = violation.get("feature_name") or violation.get("metric_name")
        if "facet" in violation:
            subject = bias_name(str(subject), violation["facet"], violation.get("facet_value"))
        yield {
            "subject": subject,
            "check_type": violation.get("constraint_check_type"),
            "description": violation.get("description"),
        }


def _metrics(documents: Documents, measured: Mapping[str, Measured]) -> Iterator[Row]:
    called = {row["subject"] for row in _findings(documents)}
    for name, about in measured.items():
        # Clarify calls the drift of an attribution by the method.
        is_called = name in called or (name == NDCG and bool(called))
        yield {"metric": name, **asdict(about), "called": is_called}
