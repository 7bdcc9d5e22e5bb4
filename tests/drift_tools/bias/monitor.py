"""A bias monitor in a folder, and people whom a model judges."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from drift_tools.job import Job
from drift_tools.job.program import run

Rows = Sequence[tuple[int, str, float, int]]
CONFIG = {
    "headers": ["SEX", "AGE", "label"],
    "label": "label",
    "label_values_or_threshold": [1],
    "facet": [
        {"name_or_index": "SEX", "value_or_threshold": ["F"]},
        {"name_or_index": 1, "value_or_threshold": [0.5]},
    ],
}
CAPTURES = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'


def people(number: int, seed: int, positive_of_f: float = 0.5, positive_of_m: float = 0.5) -> Rows:
    """Prediction, sex, age and label: the label a coin, the prediction one for each sex."""
    random = np.random.default_rng(seed)
    sexes = random.choice(["F", "M"], number)
    ages = random.random(number).round(3)
    labels = (random.random(number) < 0.5).astype(int)
    predictions = random.random(number) < np.where(sexes == "F", positive_of_f, positive_of_m)
    return [(int(p), str(s), float(a), int(y)) for p, s, a, y in zip(predictions, sexes, ages, labels, strict=True)]


def csv_of(rows: Rows) -> str:
    return "prediction,SEX,AGE,label\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


class Monitor:
    """A monitor in a folder: its configuration, its baseline, and runs over captured windows."""

    def __init__(self, root: Path, config: Mapping[str, Any] = CONFIG) -> None:
        self.root = root
        (root / "analysis_config.json").write_text(json.dumps(config))
        self.variables = {"analysis_type": "BIAS", "analysis_config": str(root / "analysis_config.json")}

    def baseline(self, rows: Rows) -> str:
        (self.root / "data.csv").write_text(csv_of(rows))
        return run(
            Job(
                self.root,
                {
                    **self.variables,
                    "dataset_format": '{"csv":{"header":true}}',
                    "dataset_source": str(self.root / "data.csv"),
                    "output_path": str(self.root / "baseline"),
                    "inference_attribute": "prediction",
                },
            )
        )

    def window(self, rows: Rows, *, labelled: int | None = None, **more: str) -> str:
        folder, labels = self.root / "captured/ep/Primary/2026/01/01/00", self.root / "labels"
        folder.mkdir(parents=True, exist_ok=True)
        labels.mkdir(exist_ok=True)
        captured = [
            {
                "captureData": {
                    "endpointInput": {"data": f"{sex},{age}", "encoding": "CSV"},
                    "endpointOutput": {"data": f"{prediction},{0.9 if prediction else 0.1}", "encoding": "CSV"},
                },
                "eventMetadata": {"eventId": f"e{at}", "inferenceTime": "2026-01-01T00:10:00Z"},
                "eventVersion": "0",
            }
            for at, (prediction, sex, age, _) in enumerate(rows)
        ]
        truths = [
            {"groundTruthData": {"data": str(row[3]), "encoding": "CSV"}, "eventMetadata": {"eventId": f"e{at}"}}
            for at, row in enumerate(rows[:labelled])
        ]
        (folder / "a.jsonl").write_text("".join(json.dumps(item) + "\n" for item in captured))
        (labels / "l.jsonl").write_text("".join(json.dumps(item) + "\n" for item in truths))
        return self._run(**more)

    def rewrite(self, captured: Path, content: str, **more: str) -> str:
        """Run again over captures that were written otherwise, with the labels of the window before."""
        captured.write_text(content)
        return self._run(**more)

    def _run(self, **more: str) -> str:
        return run(
            Job(
                self.root,
                {
                    **self.variables,
                    "dataset_format": CAPTURES,
                    "dataset_source": str(self.root / "captured"),
                    "ground_truth_source": str(self.root / "labels"),
                    "output_path": str(self.root / "results"),
                    "inference_attribute": "0",
                    "baseline_constraints": str(self.root / "baseline/analysis.json"),
                    # Of the open engine: a baseline's rows stand for it where nothing is to be published.
                    "baseline_dataset": str(self.root / "data.csv"),
                    "runs_per_year": "365",
                    "monitors_in_budget": "3",
                    "sagemaker_endpoint_name": "ep",
                    "sagemaker_monitoring_schedule_name": "ep-bias",
                    **more,
                },
            )
        )

    def result(self, name: str) -> Any:
        return json.loads((self.root / "results" / name).read_text())

    def metrics(self) -> list[dict[str, Any]]:
        lines = (self.root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]
