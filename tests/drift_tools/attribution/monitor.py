"""An attribution monitor in a folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.job import Job
from drift_tools.job.program import run

PROJECT = Path(__file__).resolve().parents[3]
FEATURES = ["feature_1", "feature_2", "feature_3"]
CAPTURES = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'


class Monitor:
    """A monitor in a folder: its configuration, its baseline, and runs over captured windows."""

    def __init__(self, root: Path, config: dict[str, Any] | None = None) -> None:
        self.root = root
        path = root / "analysis_config.json"
        path.write_text(json.dumps(config or {"headers": FEATURES, "methods": {"shap": {"agg_method": "mean_abs"}}}))
        self.variables = {
            "analysis_type": "ATTRIBUTION",
            "analysis_config": str(path),
            "model_archive": str(PROJECT / "model/artifact"),
            "inference_attribute": "1",
        }

    def run(self, output: str, **more: str) -> str:
        return run(Job(self.root, {**self.variables, "output_path": str(self.root / output), **more}))

    def baseline(self) -> str:
        data = str(PROJECT / "model/baseline.csv")
        return self.run("baseline", dataset_format='{"csv":{"header":true}}', dataset_source=data)

    def window(self, rows: np.ndarray[Any, Any], **more: str) -> str:
        folder = self.root / "captured/ep/Primary/2026/01/01/00"
        folder.mkdir(parents=True, exist_ok=True)
        records = [
            {
                "captureData": {
                    "endpointInput": {"data": ",".join(map(repr, row)), "encoding": "CSV"},
                    "endpointOutput": {"data": "1,0.5", "encoding": "CSV"},
                },
                "eventMetadata": {"eventId": f"e{at}", "inferenceTime": "2026-01-01T00:10:00Z"},
            }
            for at, row in enumerate(rows.tolist())
        ]
        (folder / "a.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
        return self.run(
            "results",
            dataset_format=CAPTURES,
            dataset_source=str(self.root / "captured"),
            baseline_constraints=str(self.root / "baseline/analysis.json"),
            baseline_dataset=str(PROJECT / "model/baseline.csv"),
            runs_per_year="365",
            sagemaker_endpoint_name="ep",
            sagemaker_monitoring_schedule_name="ep-attribution",
            **more,
        )

    def result(self, name: str) -> Any:
        return json.loads((self.root / "results" / name).read_text())
