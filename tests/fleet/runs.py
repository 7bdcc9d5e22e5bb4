"""Results of runs as monitors leave them, small and with known numbers."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PSI = {"amount": 1.25, "age": 0.02}


def drift_document(drifted: list[str], end: str = "2026-01-31T13:00:00Z") -> dict[str, Any]:
    """drift.json of a window of 600 rows with the features `amount` and `age`."""
    features = {
        name: {
            "kind": "numerical",
            "psi": psi,
            "ks": {"statistic": 0.5, "p_value": 0.001},
            "jensen_shannon": 0.25,
            "wasserstein": None,
            "l_infinity": 0.125,
            "p_value_adjusted": 0.0625,
            "drifted": name in drifted,
            "verdict": "drift" if name in drifted else "no drift",
            "reason": "moved" if name in drifted else "as before",
        }
        for name, psi in PSI.items()
    }
    judged = {name: {"state": "drift", "since": "2026-01-31T09:00:00Z"} for name in drifted}
    return {
        "version": 1,
        "engine": "open",
        "window": {"start": f"{end[:11]}{int(end[11:13]) - 1:02}:00:00Z", "end": end, "late_from": None},
        "current_rows": 600,
        "drifted": bool(drifted),
        "drifted_features": drifted,
        "features": features,
        "records": {"read": 610, "used": 600, "rows": 600},
        "judgement": {"by": "own windows", "features": judged},
    }


def violations_document(names: list[str], key: str = "feature_name") -> dict[str, Any]:
    """constraint_violations.json with a finding a name."""
    says = "Distance: 0.5 exceeds 0.1"
    found = [{key: name, "constraint_check_type": "baseline_drift_check", "description": says} for name in names]
    return {"violations": found}


def quality_statistics(f1: float) -> dict[str, Any]:
    """statistics.json of a model-quality run."""
    metrics = {
        "f1": {"value": f1, "standard_deviation": 0.01},
        "auc": {"value": "NaN", "standard_deviation": "NaN"},
        "confusion_matrix": {"0": {"0": 1}},
    }
    return {"version": 0.0, "dataset": {"item_count": 300}, "binary_classification_metrics": metrics}


def bias_files(value: float) -> dict[str, Any]:
    """A bias run's files in Clarify's format: one metric of one group, called from 0.1 on."""
    metric = {"name": "DPPL", "description": "Difference in Positive Proportions", "value": value}
    groups = [{"value_or_threshold": "(40, 99]", "metrics": [metric]}]
    section = {"label": "left", "label_value_or_threshold": "1", "facets": {"age": groups}}
    judged = [{"facet": "age", "value": "(40, 99]", "metrics": {"DPPL": {"value": value, "p_value": 0.25}}}]
    files: dict[str, Any] = {
        "analysis.json": {"version": "1.0", "post_training_bias_metrics": section},
        "drift.json": {"engine": "open", "judgement": {"by": "intervals", "groups": judged}},
    }
    if value > 0.1:
        found = {"facet": "age", "facet_value": "(40, 99]", "metric_name": "DPPL", "description": "farther"}
        files["constraint_violations.json"] = {"violations": [found | {"constraint_check_type": "bias_drift_check"}]}
    return files


def leave(results: Path, endpoint: str, kind: str, hour: str, files: Mapping[str, Any]) -> Path:
    """Write a run's files where its job would; `hour` is `2026/01/31/13`."""
    folder = results / endpoint / f"{endpoint}-{kind}" / hour
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / name).write_text(json.dumps(document))
    return folder
