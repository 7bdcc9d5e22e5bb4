"""Every number of model quality against scikit-learn, and every interval against scipy's or a bootstrap of the rows."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from drift_tools.monitors.model_quality import Outcomes, intervals, measure

pairs = st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9)), min_size=4, max_size=60)


def binary(rows: Any) -> Outcomes:
    truth, said, scores = (np.array(column) for column in zip(*rows, strict=True))
    names = np.array(["0", "1"], dtype=object)
    return Outcomes("BinaryClassification", names[truth.astype(int)], names[said.astype(int)], scores / 9)


@settings(max_examples=40, deadline=None)
@given(pairs)
def test_every_binary_metric_is_scikit_learns(rows: Any) -> None:
    data = binary(rows)
    found = measure(data).metrics
    truth, said = data.labels == "1", data.predictions == "1"
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(truth, said))
    assert found["precision"] == pytest.approx(sk.precision_score(truth, said, zero_division=0))
    if truth.any():
        assert found["recall"] == found["true_positive_rate"] == pytest.approx(sk.recall_score(truth, said))
        assert found["false_negative_rate"] == pytest.approx(1 - sk.recall_score(truth, said))
        for name, beta in {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}.items():
            expected = sk.fbeta_score(truth, said, beta=beta, zero_division=0)
            assert found[name] == pytest.approx(expected)
            constant = sk.fbeta_score(truth, np.ones_like(truth), beta=beta)
            assert found[f"{name}_best_constant_classifier"] == pytest.approx(constant)
    if not truth.all():
        assert found["true_negative_rate"] == pytest.approx(sk.recall_score(~truth, ~said))
        assert found["false_positive_rate"] == pytest.approx(1 - sk.recall_score(~truth, ~said))
    if truth.any() and not truth.all():
        assert found["auc"] == pytest.approx(sk.roc_auc_score(truth, data.scores))
    for name in ("accuracy", "precision"):
        expected = sk.accuracy_score(truth, np.ones_like(truth))
        assert found[f"{name}_best_constant_classifier"] == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=4, max_size=60))
def test_every_multiclass_metric_is_scikit_learns(rows: Any) -> None:
    labels, predictions = (np.array(column, dtype=object) for column in zip(*rows, strict=True))
    found = measure(Outcomes("MulticlassClassification", labels, predictions)).metrics
    given = {"average": "weighted", "zero_division": 0}
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(labels, predictions))
    assert found["weighted_recall"] == pytest.approx(sk.recall_score(labels, predictions, **given))
    assert found["weighted_precision"] == pytest.approx(sk.precision_score(labels, predictions, **given))
    for name, beta in {"weighted_f0_5": 0.5, "weighted_f1": 1.0, "weighted_f2": 2.0}.items():
        assert found[name] == pytest.approx(sk.fbeta_score(labels, predictions, beta=beta, **given))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(-99, 99), st.floats(-99, 99)), min_size=4, max_size=60))
def test_every_metric_of_a_regression_is_scikit_learns(rows: Any) -> None:
    labels, predictions = (np.array(column) for column in zip(*rows, strict=True))
    found = measure(Outcomes("Regression", labels, predictions)).metrics
    assert found["mae"] == pytest.approx(sk.mean_absolute_error(labels, predictions))
    assert found["mse"] == pytest.approx(sk.mean_squared_error(labels, predictions))
    assert found["rmse"] == pytest.approx(sk.root_mean_squared_error(labels, predictions))
    if np.sum((labels - labels.mean()) ** 2) > 1e-6:
        assert found["r2"] == pytest.approx(sk.r2_score(labels, predictions), rel=1e-6)


@given(st.integers(1, 200).flatmap(lambda rows: st.tuples(st.integers(0, rows), st.just(rows))))
def test_intervals_of_shares_are_scipys(counts: tuple[int, int]) -> None:
    hits, rows = counts
    labels = np.array(["1"] * rows, dtype=object)
    said = np.array(["1"] * hits + ["0"] * (rows - hits), dtype=object)
    data = Outcomes("BinaryClassification", labels, said)
    expected = stats.binomtest(hits, rows).proportion_ci(method="wilson")
    found = intervals(data, dict(measure(data).metrics))
    assert found["recall"] == found["accuracy"] == pytest.approx((expected.low, expected.high), abs=1e-9)


def bootstrapped(data: Outcomes, names: list[str]) -> dict[str, tuple[float, float]]:
    """By drawing whole rows: what the closed forms must agree with."""
    generator = np.random.default_rng(5)
    # From 200 rows on deviations are measured too, which take five draws more each time.
    drawn = [measure(data.take(generator.integers(0, len(data), len(data)))).metrics for _ in range(300)]
    ends = {name: np.percentile([one[name] for one in drawn], (2.5, 97.5)) for name in names}
    return {name: (float(low), float(high)) for name, (low, high) in ends.items()}


class TestAgainstABootstrapOfTheRows:
    def test_binary(self) -> None:
        generator = np.random.default_rng(1)
        scores = generator.random(150)
        rows = [(bool(generator.random() < s), bool(s > 0.4), 0) for s in scores]
        data = binary(rows)
        data = Outcomes(data.problem_type, data.labels, data.predictions, scores)
        found = intervals(data, dict(measure(data).metrics))
        for name, ends in bootstrapped(data, ["f1", "f2", "f0_5", "auc", "precision", "accuracy"]).items():
            assert found[name] == pytest.approx(ends, abs=0.03), name

    def test_several_classes(self) -> None:
        generator = np.random.default_rng(2)
        labels = generator.choice(["a", "b", "c"], 150, p=[0.5, 0.3, 0.2]).astype(object)
        said = np.where(generator.random(150) < 0.7, labels, "a").astype(object)
        data = Outcomes("MulticlassClassification", labels, said)
        found = intervals(data, dict(measure(data).metrics))
        for name, ends in bootstrapped(data, ["accuracy", "weighted_precision", "weighted_f1", "weighted_f2"]).items():
            assert found[name] == pytest.approx(ends, abs=0.03), name

    def test_regression(self) -> None:
        generator = np.random.default_rng(3)
        labels = generator.normal(50, 10, 190)
        data = Outcomes("Regression", labels, labels + generator.normal(0, 4, 190))
        measured = measure(data).metrics
        found = intervals(data, dict(measured))
        for name, (low, high) in bootstrapped(data, ["mae", "mse", "rmse", "r2"]).items():
            assert list(found[name]) == pytest.approx([low, high], rel=0.06), name
