"""A loan model's traffic by region, and the jobs of each kind over it, for the tests of this folder."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from drift_tools.job import Job
from drift_tools.job.program import run
from tests.drift_tools.records import label, record, write

NAMES = ["prediction", "probability", "region", "sex", "income", "debt"]
REGIONS = ("north", "south", "west")
CAPTURES = '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
CSV = '{"csv":{"header":true}}'

MODEL = """
import csv, io

def model_fn(folder):
    return None

def input_fn(body, content_type):
    return [row for row in csv.reader(io.StringIO(body)) if row]

def predict_fn(rows, model):
    found = []
    for region, sex, income, debt in rows:
        income, debt = float(income), float(debt)
        # Beyond an income that none of the baseline has, the south's scores come from the debt alone.
        found.append((income - 100) / 60 + (debt - 50) / 100 if not (region == "south" and income > 400) else debt / 10)
    return found

def output_fn(found, accept):
    return "".join(f"0,{value}\\n" for value in found), "text/csv"
"""


def traffic(seed: int, rows: int = 3000) -> pd.DataFrame:
    """Rows with their labels; nothing depends on the region."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "region": random.choice(REGIONS, rows, p=[0.87, 0.12, 0.01]),
            "sex": random.choice(["F", "M"], rows),
            "income": random.normal(100, 15, rows).round(3),
            "debt": random.normal(50, 10, rows).round(3),
        }
    )
    chance = 1 / (1 + np.exp(-(frame.income - 100) / 6))
    frame.insert(0, "probability", chance.round(4))
    frame.insert(0, "prediction", (chance > 0.5).astype(int))
    frame["label"] = (random.random(rows) < chance).astype(int)
    return frame


class Monitor:
    """One kind's monitor in a folder: a baseline of its own, and runs over captured windows."""

    def __init__(self, root: Path, kind: str, segments: str = "region", **variables: str) -> None:
        self.root = root
        self.variables = {"analysis_type": kind, "segments": segments, **variables}
        self.baseline_rows = root / "baseline.csv"

    def config(self, document: Mapping[str, Any]) -> "Monitor":
        path = self.root / "analysis_config.json"
        path.write_text(json.dumps(document))
        self.variables["analysis_config"] = str(path)
        return self

    def model(self) -> "Monitor":
        (self.root / "model/code").mkdir(parents=True)
        (self.root / "model/code/inference.py").write_text(MODEL)
        self.variables["model_archive"] = str(self.root / "model")
        return self

    def baseline(self, rows: pd.DataFrame, **more: str) -> str:
        rows.to_csv(self.baseline_rows, index=False)
        return self._run("baseline", dataset_format=CSV, dataset_source=str(self.baseline_rows), **more)

    def window(self, rows: pd.DataFrame, variables: Mapping[str, str], *, labelled: bool = False) -> str:
        folder, labels = self.root / "captured/ep/Primary/2026/01/01/00", self.root / "labels"
        for old in (*folder.glob("*"), *labels.glob("*")):
            old.unlink()
        moment = "2026-01-01T00:10:00Z"
        records, truths = [], []
        for at, row in enumerate(rows.itertuples(index=False)):
            given, said = f"{row.region},{row.sex},{row.income},{row.debt}", f"{row.prediction},{row.probability}"
            records.append(record(given, said, event_id=f"e{at}", time=moment))
            truths.append(label(f"e{at}", str(row.label)))
        write(folder / "a.jsonl", records)
        if labelled:
            write(labels / "l.jsonl", truths)
            variables = {**variables, "ground_truth_source": str(labels)}
        return self._run(
            "results",
            dataset_format=CAPTURES,
            dataset_source=str(self.root / "captured"),
            baseline_dataset=str(self.baseline_rows),
            runs_per_year="365",
            sagemaker_endpoint_name="ep",
            sagemaker_monitoring_schedule_name="ep-kind",
            **variables,
        )

    def _run(self, output: str, **more: str) -> str:
        return run(Job(self.root, {**self.variables, "output_path": str(self.root / output), **more}))

    def constraints(self, name: str) -> dict[str, str]:
        return {"baseline_constraints": str(self.root / "baseline" / name)}

    def result(self, name: str) -> Any:
        return json.loads((self.root / "results" / name).read_text())

    def called(self) -> dict[str, str]:
        """The segments that ring, and why."""
        path = self.root / "results/constraint_violations.json"
        entries = json.loads(path.read_text())["violations"] if path.is_file() else []
        return {
            one["feature_name"]: one["description"]
            for one in entries
            if one["constraint_check_type"] == "segment_drift_check"
        }

    def metrics(self) -> dict[str, float]:
        """`segment_drifted` by segment."""
        lines = (self.root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in lines]
        return {
            dimension["Value"]: one["Value"]
            for one in found
            if one["MetricName"] == "segment_drifted"
            for dimension in one["Dimensions"]
            if dimension["Name"] == "Segment"
        }
