"""`drift-tools estimate`, and the data-quality run that estimates: on answers of the employment example."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from drift_tools.__main__ import main
from drift_tools.job import suggest_baseline
from drift_tools.job.container import Job
from drift_tools.job.program import run
from drift_tools.tables import read_table

ANSWERS = Path(__file__).parents[1] / "drift_tools/estimation/employment_answers.parquet"
OPTIONS = ("--problem-type", "BinaryClassification", "--inference", "prediction", "--probability", "probability")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder, rows = tmp_path_factory.mktemp("answers"), pd.read_parquet(ANSWERS)
    found = {}
    for name, window in rows.groupby("window"):
        found[str(name)] = folder / f"{name}.csv"
        window.drop(columns="window").to_csv(found[str(name)], index=False)
    return found


def test_json_has_estimate_interval_baseline_and_what_the_labels_say(
    files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["estimate", str(files["baseline"]), str(files["2018"]), *OPTIONS, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["is_estimate"], found["trusted"], found["rows"]) == (True, True, 1500)
    accuracy = found["metrics"]["accuracy"]
    rows = pd.read_csv(files["2018"])
    assert accuracy["measured"] == pytest.approx((rows.label == rows.prediction).mean())
    assert accuracy["low"] < accuracy["measured"] < accuracy["high"]


def test_the_table_says_that_it_is_an_estimate(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["estimate", str(files["baseline"]), str(files["2016"]), *OPTIONS]) == 0
    said = capsys.readouterr().out
    assert "An estimate from 1,500 rows" in said
    assert "by the labels" in said


def test_what_is_missing_is_said_in_one_line(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["estimate", str(files["baseline"]), str(files["2016"]), "--problem-type", "BinaryClassification"]
    assert main([*arguments, "--inference", "prediction"]) == 2
    assert "probability_attribute is missing" in capsys.readouterr().err


def record(number: int, row: Any) -> str:
    answer = f"{int(row.prediction)},{row.probability}"
    side = {"mode": "OUTPUT", "data": answer, "encoding": "CSV"}
    when = {"eventId": f"{number}", "inferenceTime": "2026-01-31T12:00:00Z"}
    return json.dumps({"captureData": {"endpointOutput": side}, "eventMetadata": when, "eventVersion": "0"})


@pytest.mark.parametrize("with_baseline", [True, False], ids=["estimated", "not asked for"])
def test_a_run_publishes_and_tells_it(files: dict[str, Path], tmp_path: Path, with_baseline: bool) -> None:
    answers = tmp_path / "answers.csv"
    pd.read_csv(files["baseline"]).drop(columns="label").to_csv(answers, index=False)
    suggest_baseline(read_table(answers), tmp_path / "baseline")
    (tmp_path / "captured").mkdir()
    lines = [record(number, row) for number, row in enumerate(pd.read_csv(files["2017"]).itertuples())]
    (tmp_path / "captured/a.jsonl").write_text("\n".join(lines) + "\n")
    variables = {
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointOutput"]}}',
        "dataset_source": str(tmp_path / "captured"),
        "output_path": str(tmp_path / "out"),
        "baseline_constraints": str(tmp_path / "baseline/constraints.json"),
        "baseline_statistics": str(tmp_path / "baseline/statistics.json"),
        "baseline_dataset": str(answers),
        "sagemaker_monitoring_schedule_name": "churn-data-quality",
    }
    if with_baseline:
        variables |= {
            "estimate_baseline": str(files["baseline"]),
            "estimate_inference_attribute": "prediction",
            "estimate_probability_attribute": "probability",
            "ground_truth_attribute": "label",
            "problem_type": "BinaryClassification",
            "inference_attribute": "0",
            "probability_attribute": "1",
        }
    message = run(Job(tmp_path, variables))
    document = json.loads((tmp_path / "out/drift.json").read_text())
    entries = (tmp_path / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    published = {entry["MetricName"]: entry["Value"] for entry in map(json.loads, entries) if "Value" in entry}
    if not with_baseline:
        assert "estimated_quality" not in document
        assert not [name for name in published if "estimated" in name]
        return
    accuracy = document["estimated_quality"]["metrics"]["accuracy"]
    assert accuracy["estimate"] == pytest.approx(0.8124, abs=1e-4)
    assert published["estimated_accuracy"] == accuracy["estimate"]
    assert (published["estimated_accuracy_low"], published["estimated_accuracy_high"]) == (
        accuracy["low"],
        accuracy["high"],
    )
    assert published["estimated_quality_trusted"] == 1.0
    assert "Estimated before labels: accuracy 0.812 (0.783 to 0.842; 0.819 in the baseline)." in message
