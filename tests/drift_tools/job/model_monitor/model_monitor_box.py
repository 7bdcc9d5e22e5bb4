"""A container's /opt/ml as SageMaker Model Monitor fills it, and the jobs that run in it."""

import json
from typing import Any

import numpy as np

from drift_tools.job import program as monitor
from tests.drift_tools.open_box import CAPTURE, Container

MERGED = '{"sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}}'


class Box(Container):
    """A container's /opt/ml, and the jobs that run in it."""

    def run(self, **environment: str) -> int:
        base = {"dataset_source": "/opt/ml/processing/input", "output_path": "/opt/ml/processing/output"}
        return monitor.main(["--ml-root", str(self.root)], base | environment)

    def scheduled(self, **environment: str) -> int:
        base = {
            "dataset_format": CAPTURE,
            "start_time": "2026-01-01T10:00:00Z",
            "end_time": "2026-01-01T11:00:00Z",
            "metric_time": "2026-01-01T10:00:00Z",
            "publish_cloudwatch_metrics": "Enabled",
            "sagemaker_endpoint_name": "ep",
            "sagemaker_monitoring_schedule_name": "sched",
            "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
            "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        }
        return self.run(**(base | environment))

    def keep_baseline(self) -> None:
        for name, folder in (("constraints", "constraints"), ("statistics", "stats")):
            target = self.processing / "baseline" / folder / f"{name}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.output / f"{name}.json").rename(target)

    def document(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.output / name).read_bytes())
        return content


def rows(low: float, high: float, size: int = 300, seed: int = 0) -> list[tuple[str, str]]:
    """Answers and requests of a model of three features."""
    values = np.random.default_rng(seed).uniform(low, high, (size, 3))
    return [(f"{int(row.mean() > 0.5)},{row.mean()}", ",".join(map(str, row))) for row in values]


def quality_environment(**more: str) -> dict[str, str]:
    return {"analysis_type": "MODEL_QUALITY", "problem_type": "BinaryClassification", **more}
