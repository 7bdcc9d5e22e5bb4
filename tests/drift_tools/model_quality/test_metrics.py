"""Metrics of model quality against the examples of the developer guide and against scikit-learn."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from drift_tools.errors import InputError
from drift_tools.monitors import model_quality as mq
from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality import Outcomes, QualityConstraints
from drift_tools.tables import Column, read_csv_text


def binary(labels: list[int], predictions: list[int], scores: list[float] | None = None) -> Outcomes:
    return Outcomes(
        "BinaryClassification",
        np.array([str(label) for label in labels]),
        np.array([str(label) for label in predictions]),
        None if scores is None else np.array(scores),
    )


def test_the_guides_binary_example() -> None:
    # Developer guide, "Model quality metrics": 3 negatives, 1 positive, two false positives.
    quality = mq.measure(binary([0, 0, 0, 1], [0, 1, 1, 1], [0.1, 0.6, 0.7, 0.9])).to_dict()[
        "binary_classification_metrics"
    ]
    assert quality.pop("confusion_matrix") == {"0": {"0": 1, "1": 2}, "1": {"0": 0, "1": 1}}
    curves = {name: quality.pop(name) for name in list(quality) if name.endswith("_curve")}
    assert set(curves) == {"receiver_operating_characteristic_curve", "precision_recall_curve"}
    assert {name: round(entry["value"], 14) for name, entry in quality.items()} == {
        "recall": 1.0,
        "precision": 0.33333333333333,
        "accuracy": 0.5,
        "recall_best_constant_classifier": 1.0,
        "precision_best_constant_classifier": 0.25,
        "accuracy_best_constant_classifier": 0.25,
        "true_positive_rate": 1.0,
        "true_negative_rate": 0.33333333333333,
        "false_positive_rate": 0.66666666666667,
        "false_negative_rate": 0.0,
        "auc": 1.0,
        "f0_5": 0.38461538461538,
        "f1": 0.5,
        "f2": 0.71428571428571,
        "f0_5_best_constant_classifier": 0.29411764705882,
        "f1_best_constant_classifier": 0.4,
        "f2_best_constant_classifier": 0.625,
    }
    assert {entry["standard_deviation"] for entry in quality.values()} == {"NaN"}


def test_the_guides_multiclass_example() -> None:
    labels = np.array(["0"] * 1690 + ["1"] * 406)
    predictions = np.array(["0"] * 1180 + ["1"] * 510 + ["0"] * 268 + ["1"] * 138)
    quality = mq.measure(Outcomes("MulticlassClassification", labels, predictions))
    assert quality.extras["confusion_matrix"] == {"0": {"0": 1180, "1": 510}, "1": {"0": 268, "1": 138}}
    expected = {
        "accuracy": 0.6288167938931297,
        "weighted_recall": 0.6288167938931297,
        "weighted_precision": 0.6983172269629505,
        "weighted_f0_5": 0.6803947317178771,
        "weighted_f1": 0.6571162346664904,
        "weighted_f2": 0.6384024354394601,
        # The constant of the most frequent label; the guide shows the other one's (0.1937).
        "accuracy_best_constant_classifier": 1690 / 2096,
    }
    for name, value in expected.items():
        assert quality.metrics[name] == pytest.approx(value, abs=1e-15)


def test_binary_metrics_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 500)
    scores = np.round(np.clip(labels * 0.2 + rng.random(500) * 0.8, 0, 1), 2)  # rounded: ties
    predictions = (scores >= 0.5).astype(int)
    quality = mq.measure(binary(labels.tolist(), predictions.tolist(), scores.tolist()))
    values = quality.metrics
    assert values["auc"] == pytest.approx(sk.roc_auc_score(labels, scores), abs=1e-12)
    assert values["precision"] == pytest.approx(sk.precision_score(labels, predictions), abs=1e-12)
    assert values["recall"] == pytest.approx(sk.recall_score(labels, predictions), abs=1e-12)
    for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
        assert values[name] == pytest.approx(sk.fbeta_score(labels, predictions, beta=beta), abs=1e-12)
    curve = quality.extras["receiver_operating_characteristic_curve"]
    assert np.trapezoid(curve["true_positive_rates"], curve["false_positive_rates"]) == pytest.approx(
        values["auc"], abs=1e-9
    )
    assert all(0 < quality.deviations[name] < 0.1 for name in ("accuracy", "auc", "f1"))


def test_multiclass_metrics_are_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    labels = rng.choice(["a", "b", "c"], 300, p=[0.6, 0.3, 0.1])
    predictions = np.where(rng.random(300) < 0.7, labels, rng.choice(["a", "b", "d"], 300))
    values = mq.measure(Outcomes("MulticlassClassification", labels, predictions)).metrics
    expected = sk.precision_recall_fscore_support(labels, predictions, average="weighted", zero_division=0)
    assert values["weighted_precision"] == pytest.approx(expected[0], abs=1e-12)
    assert values["weighted_recall"] == pytest.approx(expected[1], abs=1e-12)
    assert values["weighted_f1"] == pytest.approx(expected[2], abs=1e-12)


def test_regression_metrics_are_scikit_learns() -> None:
    rng = np.random.default_rng(2)
    labels, predictions = rng.normal(size=250), rng.normal(size=250)
    quality = mq.measure(Outcomes("Regression", labels, predictions))
    assert quality.metrics["mae"] == pytest.approx(sk.mean_absolute_error(labels, predictions), abs=1e-12)
    assert quality.metrics["mse"] == pytest.approx(sk.mean_squared_error(labels, predictions), abs=1e-12)
    assert quality.metrics["r2"] == pytest.approx(sk.r2_score(labels, predictions), abs=1e-12)
    assert quality.metrics["rmse"] ** 2 == pytest.approx(quality.metrics["mse"])
    assert mq.measure(Outcomes("Regression", labels, predictions)).deviations == quality.deviations


@pytest.mark.parametrize("size", [199, 200])
def test_deviations_need_two_hundred_rows(size: int) -> None:
    labels = np.arange(float(size))
    document = mq.measure(Outcomes("Regression", labels, labels + 1)).to_dict()
    assert (document["regression_metrics"]["mse"]["standard_deviation"] == "NaN") == (size < 200)


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [([0, 0], [0, 0]), ([1, 1], [1, 1]), ([1, 1], [0, 0]), ([0], [1]), ([1], [1])],
)
def test_one_class_only_gives_a_file_without_nan(labels: list[int], predictions: list[int]) -> None:
    quality = mq.measure(binary(labels, predictions, [0.5] * len(labels)))
    json.dumps(quality.to_dict(), allow_nan=False)
    constraints = mq.suggest(quality)
    assert mq.evaluate(quality, constraints) == ()
    assert all(math.isfinite(threshold) for threshold, _ in constraints.thresholds.values())


def test_a_constant_regression_has_no_coefficient_of_determination() -> None:
    quality = mq.measure(Outcomes("Regression", np.ones(3), np.ones(3)))
    assert quality.to_dict()["regression_metrics"]["r2"]["value"] == "NaN"
    assert "r2" not in mq.suggest(quality).thresholds


def test_constraints_have_the_baselines_value_and_the_condition_that_violates() -> None:
    quality = mq.measure(Outcomes("Regression", np.array([0.0, 1.0]), np.array([0.5, 1.0])))
    document = mq.suggest(quality).to_dict()
    assert document["regression_constraints"]["mae"] == {
        "threshold": 0.25,
        "comparison_operator": "GreaterThanThreshold",
    }
    assert document["regression_constraints"]["r2"]["comparison_operator"] == "LessThanThreshold"
    assert QualityConstraints.from_dict(document) == mq.suggest(quality)


def test_violations_say_metric_operator_and_threshold() -> None:
    constraints = mq.suggest(mq.measure(Outcomes("Regression", np.array([0.0, 1.0]), np.array([0.5, 1.0]))))
    worse = mq.measure(Outcomes("Regression", np.array([0.0, 1.0]), np.array([1.0, 1.0])))
    violations = mq.evaluate(worse, constraints)
    assert [violation.subject for violation in violations] == ["mae", "mse", "rmse", "r2"]
    assert violations[0] == Violation(
        "mae", "GreaterThanThreshold", "Metric mae with 0.5 was GreaterThanThreshold 0.25", key="metric_name"
    )
    assert violations[0].to_dict()["metric_name"] == "mae"


@pytest.mark.parametrize(
    "document",
    [
        [],
        {},
        {"regression_constraints": {"mae": {"threshold": 1}}},
        {"regression_constraints": {"mae": {"threshold": 1, "comparison_operator": "Equal"}}},
    ],
)
def test_what_is_no_constraints_file_is_refused(tmp_path: Path, document: Any) -> None:
    path = tmp_path / "constraints.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InputError):
        QualityConstraints.read(path)


def test_a_baseline_of_another_problem_is_refused() -> None:
    quality = mq.measure(binary([0, 1], [0, 1]))
    with pytest.raises(InputError, match="Regression"):
        mq.evaluate(quality, QualityConstraints("Regression", {}))


def test_outcomes_are_picked_by_name_or_position() -> None:
    table = read_csv_text("prediction,probability,label\n1,0.9,true\n0,0.2,1.0\n,0.4,0\n1,0.6,\n")
    for names in (("prediction", "probability", "label"), ("0", "1", "2")):
        data = mq.read_outcomes(
            table,
            problem_type="BinaryClassification",
            inference=names[0],
            probability=names[1],
            ground_truth=names[2],
        )
        assert data.labels.tolist() == ["1", "1"]
        assert data.predictions.tolist() == ["1", "0"]
        assert data.scores is not None
        assert data.scores.tolist() == [0.9, 0.2]


def test_a_probability_makes_the_prediction_if_there_is_none() -> None:
    table = read_csv_text("p,label\n0.4,no\n0.7,yes\n,yes\n")
    arguments: dict[str, Any] = {"problem_type": "BinaryClassification", "ground_truth": "label", "probability": "p"}
    assert mq.read_outcomes(table, **arguments).predictions.tolist() == ["no", "yes"]
    assert mq.read_outcomes(table, **arguments, probability_threshold=0.8).predictions.tolist() == ["no", "no"]
    assert mq.read_outcomes(table, **arguments, positive_label="no").predictions.tolist() == ["yes", "no"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"problem_type": "Clustering"}, "problem_type is 'Clustering'"),
        ({"ground_truth": "absent"}, "ground_truth_attribute is 'absent', and the columns are p, label"),
        ({"ground_truth": "7"}, "ground_truth_attribute is '7'"),
        ({"inference": None}, "neither inference_attribute nor probability_attribute"),
        ({"problem_type": "Regression", "inference": None}, "inference_attribute is missing"),
    ],
)
def test_missing_columns_are_named(arguments: dict[str, Any], message: str) -> None:
    table = read_csv_text("p,label\n0.4,1\n")
    given = {"problem_type": "BinaryClassification", "ground_truth": "label", "inference": "p", **arguments}
    with pytest.raises(InputError, match=message):
        mq.read_outcomes(table, **given)


@pytest.mark.parametrize("cells", ["0.4,", ",0.4", "0.4,inf", "nan,1", "-inf,-inf"])
def test_without_a_single_label_there_is_no_quality(cells: str) -> None:
    table = read_csv_text(f"p,label\n{cells}\n")
    data = mq.read_outcomes(table, problem_type="Regression", ground_truth="label", inference="p")
    with pytest.raises(InputError, match=r"no row has both .* \(of 1 rows one of them is empty, or no finite number"):
        mq.measure(data)


BINARY: dict[str, Any] = {"problem_type": "BinaryClassification", "ground_truth": "label"}


def test_many_classes_are_counted_as_scikit_learn_counts_them() -> None:
    rng = np.random.default_rng(3)
    names = np.array([f"class {number}" for number in range(400)])
    labels = rng.choice(names, 20_000)
    predictions = np.where(rng.random(20_000) < 0.5, labels, rng.choice(names, 20_000))
    data = Outcomes("MulticlassClassification", labels.astype(object), predictions.astype(object))
    matrix = mq.confusion_matrix(data)
    assert list(matrix) == sorted(names)
    assert [list(row.values()) for row in matrix.values()] == sk.confusion_matrix(labels, predictions).tolist()
    values = mq.multiclass_metrics(data)
    expected = sk.precision_recall_fscore_support(labels, predictions, average="weighted", zero_division=0)
    for name, value in zip(("weighted_precision", "weighted_recall", "weighted_f1"), expected[:3], strict=True):
        assert values[name] == pytest.approx(value, abs=1e-12)
    assert values["accuracy"] == pytest.approx(sk.accuracy_score(labels, predictions), abs=1e-12)
    most = max(sorted(names), key=labels.tolist().count)
    assert values["weighted_f2_best_constant_classifier"] == pytest.approx(
        sk.fbeta_score(labels, [most] * 20_000, beta=2, average="weighted", zero_division=0), abs=1e-12
    )


@pytest.mark.parametrize(("classes", "cells"), [(1000, 1_000_000), (1001, 1001)])
def test_a_label_of_its_own_in_each_row_has_no_cell_for_each_pair(classes: int, cells: int) -> None:
    names = np.array([f"{number:04}" for number in range(classes)], dtype=object)
    matrix = mq.confusion_matrix(Outcomes("MulticlassClassification", names, np.roll(names, 1)))
    assert matrix["0000"][f"{classes - 1:04}"] == 1
    assert matrix["0001"].get("0001", 0) == 0
    assert sum(map(len, matrix.values())) == cells
    assert sum(sum(row.values()) for row in matrix.values()) == classes


def test_one_long_label_is_not_as_long_in_every_row() -> None:
    long = "x" * 100_000
    labels = mq.class_names(Column.from_cells("label", [long, *["a"] * 10_000]))
    assert labels.nbytes == 10_001 * 8  # and not 4 GB
    table = read_csv_text("p,label\n" + f"0.9,{long}\n" + "0.1,a\n" * 10_000)
    data = mq.read_outcomes(table, **BINARY, probability="p", positive_label=long)
    assert (data.labels.nbytes, data.predictions.nbytes) == (10_001 * 8, 10_001 * 8)
    assert mq.measure(data).metrics["accuracy"] == 1.0
