"""Trains the example's classifier on 2015 and writes what the stack deploys: `python -m examples.employment.train`.

The pipeline is a pickle of the scikit-learn at hand, so it is made where it is used and not committed.
"""

import csv
import json
import runpy
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import joblib
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import Pipeline, make_pipeline

from examples.employment.feed import FEATURES, Row, Split, split

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "build" / "employment"
SEED = 2015


def named(row: Row) -> dict[str, float | str]:
    return {n: float(v) if n == "AGEP" else v for n, v in zip(FEATURES, row.values, strict=True)}


def fit(rows: Iterable[Row]) -> Pipeline:
    rows = list(rows)
    classifier = GradientBoostingClassifier(n_estimators=60, max_depth=3, random_state=SEED)
    return make_pipeline(DictVectorizer(sparse=False), classifier).fit(
        [named(r) for r in rows], [r.employed for r in rows]
    )


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def train(data: Split | None = None, target: Path = TARGET) -> Path:
    """Writes artifact/, baseline.csv (outputs first, as captured), baseline_quality.csv and baseline_bias.csv (inputs
    with predictions and labels) under `target`.
    """
    data = data or split()
    artifact = target / "artifact"
    shutil.copytree(HERE / "artifact", artifact, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    pipeline = fit(data.training)
    joblib.dump(pipeline, artifact / "model.joblib")
    (artifact / "features.json").write_text(json.dumps(FEATURES) + "\n", encoding="utf-8")

    serve = runpy.run_path(str(artifact / "code" / "inference.py"))["predict_fn"]
    answers = serve([list(row.values) for row in data.baseline], (FEATURES, pipeline))
    together = list(zip(answers, data.baseline, strict=True))
    write(target / "baseline.csv", ("prediction", "probability", *FEATURES), [(*a, *row.values) for a, row in together])
    write(
        target / "baseline_quality.csv",
        ("prediction", "probability", "label"),
        [(*a, row.employed) for a, row in together],
    )
    write(
        target / "baseline_bias.csv",
        ("prediction", *FEATURES, "label"),
        [(label, *row.values, row.employed) for (label, _), row in together],
    )
    return target


if __name__ == "__main__":
    train()
