"""A container of the open engine as start_monitor fills it, with a model's traffic, for the tests of this folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.job import program as monitor
from tests.drift_tools.records import record, write

HOUR = "ep/Primary/2026/01/01/10"
CAPTURE = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
CSV = '{"csv":{"header":true,"output_columns_position":"START"}}'
NAMESPACE = "ModelMonitoring/Endpoints/data-metrics"
NAMES = ["prediction", "probability", "amount", "code"]


class Container:
    """A container's /opt/ml, and what a job leaves in it."""

    def __init__(self, root: Path) -> None:
        self.root, self.processing = root, root / "processing"
        self.output = self.processing / "output"

    @property
    def message(self) -> str:
        return (self.root / "output" / "message").read_text()

    def metrics(self) -> dict[str, dict[str, Any]]:
        path = self.root / "output" / "metrics" / "cloudwatch" / "cloudwatch_metrics.jsonl"
        return {entry["MetricName"]: entry for entry in map(json.loads, path.read_text().splitlines())}


class Box(Container):
    """A container's /opt/ml, as start_monitor fills it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.captured = self.processing / "input" / "endpoint"
        self.baseline_data = self.processing / "input" / "baseline_data" / "baseline.csv"

    def run(self, **environment: str | None) -> int:
        variables = {name: value for name, value in environment.items() if value is not None}
        return monitor.main(["--ml-root", str(self.root)], variables)

    def scheduled(self, **more: str | None) -> int:
        base: dict[str, str | None] = {
            "dataset_format": CAPTURE,
            "dataset_source": "/opt/ml/processing/input/endpoint",
            "output_path": "/opt/ml/processing/output",
            "start_time": "2026-01-01T10:00:00Z",
            "end_time": "2026-01-01T11:00:00Z",
            "metric_time": "2026-01-01T10:00:00Z",
            "publish_cloudwatch_metrics": "Enabled",
            "sagemaker_endpoint_name": "ep",
            "sagemaker_monitoring_schedule_name": "ep-data-quality",
            "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
            "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
            "baseline_dataset": "/opt/ml/processing/input/baseline_data/baseline.csv",
            "false_alarms_per_year": "1",
            "runs_per_year": "8760",
            "max_unreadable_share": "0.1",
        }
        return self.run(**base | more)

    @property
    def drift(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.output / "drift.json").read_bytes())
        return content


def rows(size: int, seed: int, *, shift: float = 0.0, code: str | None = None) -> list[tuple[str, str]]:
    """Answers and requests; `code` is a category that is written as a number."""
    rng = np.random.default_rng(seed)
    found = []
    for amount, chosen in zip(rng.normal(shift, 1, size), rng.choice(["01", "02", "07"], size), strict=True):
        found.append((f"{int(amount > 0)},{1 / (1 + np.exp(-amount)):.6f}", f"{amount:.6f},{code or chosen}"))
    return found


def captured(box: Box, found: list[tuple[str, str]], *, hour: str = HOUR, **more: Any) -> None:
    write(box.captured / hour / f"{len(found)}.jsonl", [record(given, out, **more) for out, given in found])


BASELINE = "/opt/ml/processing/input/baseline_data/baseline.csv"
# With a namespace the environment is the open engine's; nothing is published where metrics are switched off.
SKETCH: dict[str, str | None] = {
    "baseline_dataset": None,
    "metric_namespace": NAMESPACE,
    "publish_cloudwatch_metrics": "Disabled",
}
QUALITY = {
    "analysis_type": "MODEL_QUALITY",
    "problem_type": "BinaryClassification",
    "inference_attribute": "0",
    "probability_attribute": "1",
    "baseline_statistics": None,
    "baseline_dataset": None,
    "baseline_constraints": None,
    "metric_namespace": "ModelMonitoring/Endpoints/model-metrics",
    "ground_truth_source": "/opt/ml/processing/input/ground_truth",
}


def make_baseline(box: Box) -> None:
    """Run the baseline job, and say of the code that it is no quantity."""
    write(box.baseline_data, [",".join(NAMES), *(f"{out},{given}" for out, given in rows(2000, 0))])
    source = "/opt/ml/processing/input/baseline_data"
    assert box.run(dataset_format=CSV, dataset_source=source, output_path="/opt/ml/processing/output") == 0
    constraints = json.loads((box.output / "constraints.json").read_bytes())
    assert not (box.output / "drift.json").exists()
    # What an owner does who knows that 01, 02 and 07 are no quantities.
    constraints["features"][3] = {"name": "code", "inferred_type": "String", "completeness": 1.0}
    statistics = json.loads((box.output / "statistics.json").read_bytes())
    counts = {name: sum(given.endswith(name) for _, given in rows(2000, 0)) for name in ("01", "02", "07")}
    statistics["features"][3] = {
        "name": "code",
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": 2000, "num_missing": 0},
            "distinct_count": 3.0,
            "distribution": {
                "categorical": {"buckets": [{"value": value, "count": count} for value, count in counts.items()]}
            },
        },
    }
    write(box.processing / "baseline" / "constraints" / "constraints.json", [json.dumps(constraints)])
    write(box.processing / "baseline" / "stats" / "statistics.json", [json.dumps(statistics)])
