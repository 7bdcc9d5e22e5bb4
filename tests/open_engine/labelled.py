"""The sample model's baseline with labels."""

import csv
from pathlib import Path

from tests.open_engine.conftest import PROJECT


def labelled(folder: Path) -> Path:
    """The sample's rows, with the label of each."""
    with (PROJECT / "model/baseline.csv").open() as data, (PROJECT / "model/baseline_quality.csv").open() as quality:
        both = zip(csv.DictReader(data), csv.DictReader(quality), strict=True)
        rows = [{**row, "label": other["label"]} for row, other in both]
    path = folder / "baseline_bias.csv"
    names = ["prediction", "feature_1", "feature_2", "feature_3", "label"]
    lines = [",".join(names), *(",".join(row[name] for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
