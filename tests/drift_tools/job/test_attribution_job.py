"""The attribution job as its container runs it: the sample model's own archive is asked, its ranking compared."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from drift_tools.errors import InputError
from drift_tools.monitors.attribution import Attribution, check
from tests.drift_tools.attribution.monitor import FEATURES, PROJECT, Monitor


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = Monitor(tmp_path_factory.mktemp("attribution"))
    made.baseline()
    return made.root / "baseline"


@pytest.fixture
def monitor(tmp_path: Path, baseline: Path) -> Monitor:
    made = Monitor(tmp_path)
    shutil.copytree(baseline, tmp_path / "baseline")
    return made


def test_the_baseline_ranks_the_features_as_the_model_weighs_them(monitor: Monitor) -> None:
    """Its logit is 4.1 feature_1 − 3.0 feature_2 + 2.2 feature_3, of inputs that are all uniform over 0 … 1."""
    analysis = json.loads((monitor.root / "baseline/analysis.json").read_text())
    found = analysis["explanations"]["permutation_shap"]["label0"]
    assert list(found["global_shap_values"]) == FEATURES
    probabilities = np.genfromtxt(PROJECT / "model/baseline.csv", delimiter=",", skip_header=1)[:, 1]
    assert found["expected_value"] == pytest.approx(probabilities.mean(), abs=0.01)


def test_the_same_population_has_the_same_ranking(monitor: Monitor) -> None:
    message = monitor.window(np.random.default_rng(1).random((400, 3)))
    assert message.startswith("Completed: Job completed successfully with no violations.")
    assert not (monitor.root / "results/constraint_violations.json").exists()
    judgement = monitor.result("drift.json")["judgement"]
    assert (judgement["ndcg"], judgement["ranking"], judgement["moved"]) == (1.0, FEATURES, {})


def test_another_ranking_is_found_and_said_in_words(monitor: Monitor) -> None:
    rows = np.random.default_rng(1).random((400, 3))
    rows[:, :2] = 0.5
    message = monitor.window(rows)
    assert message.startswith("CompletedWithViolations: Job completed successfully with 1 violations.")
    assert "feature_3 rose from place 3 to 1" in message
    assert re.search(r"\(\d+\.\d % to \d+\.\d % of all importance\)", message)
    document = monitor.result("constraint_violations.json")
    judgement = monitor.result("drift.json")["judgement"]
    assert document == {
        "version": "1.0",
        "violations": [
            {
                "label": "label0",
                "metric_name": "shap",
                "constraint_check_type": "feature_attribution_drift_check",
                "description": f"Feature attribution drift {judgement['ndcg']} exceeds threshold 0.9",
            }
        ],
    }
    assert judgement["ranking"][0] == "feature_3"
    assert judgement["moved"]["feature_3"] == {"before": 3, "now": 1}
    lines = (monitor.root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").read_text().splitlines()
    by_name = {entry["MetricName"]: entry for entry in map(json.loads, lines)}
    assert by_name["feature_attribution_ndcg"]["Value"] == judgement["ndcg"]
    assert by_name["feature_feature_3"]["Dimensions"][2:] == [
        {"Name": "ExplainabilityMethod", "Value": "PermutationShap"},
        {"Name": "Label", "Value": "label0"},
        {"Name": "ValueType", "Value": "GlobalShapValues"},
    ]
    assert by_name["ExpectedValue"]["Dimensions"][-1]["Value"] == "ExpectedValue"


def test_few_rows_are_not_judged(monitor: Monitor) -> None:
    rows = np.random.default_rng(1).random((20, 3))
    rows[:, :2] = 0.5
    message = monitor.window(rows)
    assert message.startswith("Completed:")
    assert "Not enough data to rank the features: 20 rows, 50 needed." in message


def test_a_ranking_at_the_threshold_does_not_ring_by_chance() -> None:
    """Its rows say now one order and now the other; nDCG of this sample is below 0.9 by little, and not for certain."""
    random = np.random.default_rng(0)
    values = np.column_stack([random.normal(0, 1.0, 60), random.normal(0, 1.04, 60), random.normal(0, 1.08, 60)])
    importance = np.abs(values).mean(axis=0)
    order = np.argsort(-importance)
    current = Attribution({"abc"[at]: float(importance[at]) for at in order}, 0.0, 60, values[:, order])
    ranked = list(current.importance)
    baseline = Attribution({ranked[0]: 0.35, ranked[1]: 0.5, ranked[2]: 1.0}, 0.0, 0)
    found = check(baseline, current, 0.001, "mean_abs")
    assert found.ndcg < 0.9
    assert found.standard_error > 0.02
    assert not found.is_drift
    # The same of rows that leave no doubt.
    sure = Attribution(current.importance, 0.0, 60, np.tile(list(current.importance.values()), (60, 1)))
    assert check(baseline, sure, 0.001, "mean_abs").is_drift


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_archive": ""}, "model_archive is not set"),
        ({"inference_attribute": "score"}, "the score is 'score': give its position"),
        ({"inference_attribute": "7"}, "column 7 of the model's answer is no number"),
    ],
)
def test_what_cannot_be_explained(monitor: Monitor, change: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        monitor.window(np.random.default_rng(1).random((60, 3)), **change)


def test_an_analysis_that_explains_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="methods has no shap"):
        Monitor(tmp_path, {"headers": FEATURES, "methods": {}}).baseline()
