"""What the training job runs in SageMaker's scikit-learn container: train on the snapshot, leave what is served.

It knows nothing of this project: SM_CHANNEL_TRAIN/train.csv has the features in the order of a request and the label
last, SM_MODEL_DIR becomes model.tar.gz, and the hyperparameters come as arguments.
"""

import argparse
import csv
import json
import os
import shutil
from pathlib import Path

import joblib
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.feature_extraction import DictVectorizer
from sklearn.pipeline import make_pipeline

NUMBERS = ("AGEP",)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--n_estimators", type=int, default=60)
    parser.add_argument("--max_depth", type=int, default=3)
    parser.add_argument("--unknown_categories", choices=("ignore", "refuse"), default="ignore")
    given = parser.parse_args()
    with (Path(os.environ["SM_CHANNEL_TRAIN"]) / "train.csv").open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    *features, _label = header
    named = [{n: float(v) if n in NUMBERS else v for n, v in zip(features, row, strict=False)} for row in rows]
    classifier = GradientBoostingClassifier(
        n_estimators=given.n_estimators, max_depth=given.max_depth, random_state=2015
    )
    pipeline = make_pipeline(DictVectorizer(sparse=False), classifier)
    pipeline.fit(named, [int(row[-1]) for row in rows])

    target = Path(os.environ["SM_MODEL_DIR"])
    joblib.dump(pipeline, target / "model.joblib")
    (target / "features.json").write_text(json.dumps(features) + "\n", encoding="utf-8")
    if given.unknown_categories == "refuse":
        known = {n: sorted({str(row[n]) for row in named}) for n in features if n not in NUMBERS}
        (target / "known.json").write_text(json.dumps(known), encoding="utf-8")
    (target / "code").mkdir()
    shutil.copy(Path(__file__).with_name("inference.py"), target / "code" / "inference.py")
    print(f"trained on {len(rows)} rows, {len(features)} features, {given}")


if __name__ == "__main__":
    main()
