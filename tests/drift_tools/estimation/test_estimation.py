"""Quality before the labels come: against scikit-learn where it has the number, against the truth where it has not."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.metrics import (
    accuracy_score,
    f1_score,
    precision_recall_fscore_support,
    precision_score,
    recall_score,
    roc_auc_score,
)
from sklearn.model_selection import StratifiedShuffleSplit

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.calibration import (
    Calibrator,
    area_under_roc,
    calibration_error,
    fit_calibrator,
    stratified_folds,
)
from drift_tools.monitors.model_quality.estimation import METRICS, QualityEstimator

scores_and_truths = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=2, max_size=60)


class TestCalibration:
    @given(scores_and_truths)
    def test_isotonic_equals_scikit_learn(self, rows: list[Any]) -> None:
        scores, truths = (np.array(column, float) for column in zip(*rows, strict=True))
        expected = IsotonicRegression(out_of_bounds="clip").fit(scores, truths)
        probe = np.linspace(-1, 22, 40)
        np.testing.assert_allclose(Calibrator.isotonic(truths, scores)(probe), expected.predict(probe), atol=1e-9)

    @given(scores_and_truths)
    def test_the_area_equals_scikit_learn(self, rows: list[Any]) -> None:
        scores, truths = (np.array(column, float) for column in zip(*rows, strict=True))
        if 0 < truths.mean() < 1:
            assert area_under_roc(truths, scores) == pytest.approx(roc_auc_score(truths, scores), abs=1e-12)
        else:
            assert np.isnan(area_under_roc(truths, scores))

    def test_calibrated_scores_are_left_alone_and_others_improved(self) -> None:
        rng = np.random.default_rng(1)
        probability = rng.random(20_000)
        outcomes = (rng.random(20_000) < probability).astype(float)
        squared = fit_calibrator(outcomes, probability**2)
        assert calibration_error(outcomes, squared(probability**2)) < 0.01
        assert calibration_error(outcomes, probability**2) > 0.15
        probe = np.array([0.04, 0.25, 0.64])
        np.testing.assert_allclose(squared(probe), np.sqrt(probe), atol=0.05)

    def test_one_class_or_a_perfect_model_has_nothing_to_calibrate(self) -> None:
        for outcomes in (np.ones(100), (np.arange(100) > 50).astype(float)):
            calibrator = fit_calibrator(outcomes, np.arange(100) / 100)
            assert calibrator(np.array([0.3])).tolist() == [0.3]


def rows_of(seed: int, rows: int, *, bent: bool = False) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """A classifier whose probability is right (or, bent, its square root is), and the labels that follow it."""
    rng = np.random.default_rng(seed)
    probability = rng.beta(0.6, 0.9, rows)
    labels = np.where(rng.random(rows) < probability, "yes", "no").astype(object)
    scores = probability**2 if bent else probability
    return labels, np.where(scores > 0.5, "yes", "no").astype(object), scores[:, None]


def measured(labels: NDArray[Any], predicted: NDArray[Any], scores: NDArray[Any]) -> dict[str, float]:
    truth, positive = labels == "yes", predicted == "yes"
    return {
        "accuracy": accuracy_score(truth, positive),
        "precision": precision_score(truth, positive),
        "recall": recall_score(truth, positive),
        "true_negative_rate": recall_score(~truth, ~positive),
        "f1": f1_score(truth, positive),
        "auc": roc_auc_score(truth, scores[:, 0]),
    }


class TestEstimate:
    @pytest.mark.parametrize("bent", [False, True], ids=["calibrated", "not calibrated"])
    def test_what_the_labels_later_say_lies_in_the_interval(self, bent: bool) -> None:
        estimator = QualityEstimator.fit(["yes"], *rows_of(0, 20_000, bent=bent))
        for seed in range(1, 6):
            window = rows_of(seed, 2_000, bent=bent)
            truth, estimates = measured(*window), estimator.estimate(*window[1:])
            assert set(estimates) == set(METRICS) == set(truth)
            for name, estimate in estimates.items():
                assert estimate.low <= truth[name] <= estimate.high, (seed, name)
                assert abs(estimate.value - truth[name]) < 0.05
                assert 0 < estimate.high - estimate.low < 0.25

    def test_a_population_of_harder_rows_is_seen_without_a_label(self) -> None:
        estimator = QualityEstimator.fit(["yes"], *rows_of(0, 20_000))
        labels, predicted, scores = rows_of(9, 40_000)
        hard = np.abs(scores[:, 0] - 0.5) < 0.2
        estimate = estimator.estimate(predicted[hard], scores[hard])["accuracy"]
        assert estimate.high < 0.7
        assert estimate.value == pytest.approx(accuracy_score(labels[hard], predicted[hard]), abs=0.015)

    @given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=60, max_size=80))
    def test_with_certain_probabilities_it_is_the_measured_quality(self, rows: list[Any]) -> None:
        truth, positive = (np.array(column) for column in zip(*rows, strict=True))
        labels = np.where(truth, "yes", "no").astype(object)
        predicted = np.where(positive, "yes", "no").astype(object)
        scores = truth[:, None].astype(float)
        estimates = QualityEstimator.fit(["yes"], labels, predicted, scores).estimate(predicted, scores)
        assert estimates["accuracy"].value == pytest.approx(accuracy_score(truth, positive))
        scored = precision_recall_fscore_support(truth, positive, average="binary", zero_division=0)[:3]
        assert [estimates[name].value for name in ("precision", "recall", "f1")] == pytest.approx(scored)

    def test_three_classes(self) -> None:
        rng = np.random.default_rng(4)
        names = np.array(["a", "b", "c"], dtype=object)

        def window(rows: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
            scores = rng.dirichlet([0.5, 0.7, 0.4], rows)
            labels = names[(rng.random((rows, 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(max=2)]
            return labels, names[scores.argmax(axis=1)], scores

        estimator = QualityEstimator.fit(list(names), *window(20_000))
        outside = dict.fromkeys(("accuracy", "precision", "recall", "f1", "auc"), 0)
        for _ in range(20):
            labels, predicted, scores = window(4_000)
            estimates = estimator.estimate(predicted, scores)
            precision, recall, f1, _ = precision_recall_fscore_support(labels, predicted, average="macro")
            truths = {
                "accuracy": accuracy_score(labels, predicted),
                "precision": precision,
                "recall": recall,
                "f1": f1,
                "auc": roc_auc_score(labels, scores, average="macro", multi_class="ovr"),
            }
            for name, truth in truths.items():
                outside[name] += not estimates[name].low <= truth <= estimates[name].high
        # Three sampling errors each way, and a calibration of 20,000 rows besides: one window in twenty may be outside.
        assert max(outside.values()) <= 1, outside

    def test_scores_where_the_baseline_has_none_are_not_trusted(self) -> None:
        labels, predicted, scores = rows_of(0, 2_000)
        estimator = QualityEstimator.fit(["yes"], labels, predicted, scores * 0.5)
        assert estimator.is_trustworthy(scores * 0.5)
        assert estimator.share_beyond(scores) == pytest.approx((scores > scores.max() / 2).mean())
        assert not estimator.is_trustworthy(scores)

    @pytest.mark.parametrize(
        ("scores", "words"),
        [(np.full((60, 1), 73.0), "from 73 to 73"), (np.full((60, 1), np.nan), "leave rows without")],
    )
    def test_per_cents_and_missing_scores_are_refused(self, scores: NDArray[Any], words: str) -> None:
        labels = np.array(["yes", "no"] * 30, dtype=object)
        with pytest.raises(InputError, match=words):
            QualityEstimator.fit(["yes"], labels, labels, scores)

    def test_too_few_labels_and_empty_windows_are_said(self) -> None:
        labels, predicted, scores = rows_of(0, 60)
        with pytest.raises(InputError, match="50 are needed"):
            QualityEstimator.fit(["yes"], labels[:20], predicted[:20], scores[:20])
        with pytest.raises(InputError, match="no rows"):
            QualityEstimator.fit(["yes"], labels, predicted, scores).estimate(predicted[:0], scores[:0])


@given(st.integers(20, 400), st.integers(2, 18), st.integers(0, 2**32 - 1))
def test_the_folds_are_those_of_scikit_learn(rows: int, positive: int, seed: int) -> None:
    outcomes = np.zeros(rows)
    outcomes[np.random.default_rng(seed).permutation(rows)[:positive]] = 1
    expected = StratifiedShuffleSplit(10, test_size=0.1, random_state=42).split(outcomes, outcomes)
    for found, (_, wanted) in zip(stratified_folds(outcomes), expected, strict=True):
        assert found.tolist() == wanted.tolist()
