"""Model quality under the budget: seldom wrong where nothing changed, soon right where something did."""

import numpy as np
import pytest
from scipy import stats

from drift_tools.errors import InputError
from drift_tools.monitors import model_quality as mq
from drift_tools.monitors.model_quality import Outcomes, QualityConstraints
from drift_tools.monitors.model_quality.calibrated import calibrated_violations, metric_tests
from drift_tools.tables import as_table

ALPHA = 1 / 8760


def answers(rng: np.random.Generator, rows: int, *, recall: float = 0.8) -> Outcomes:
    """Labels of which a fifth is positive, predictions that find this share of them, and probabilities."""
    actual = rng.random(rows) < 0.2
    said = np.where(actual, rng.random(rows) < recall, rng.random(rows) < 0.05)
    scores = np.clip(rng.normal(np.where(actual, 0.6 + (recall - 0.8), 0.3), 0.15), 0, 1)
    names = np.array(["0", "1"], dtype=object)
    return Outcomes("BinaryClassification", names[actual.astype(int)], names[said.astype(int)], scores)


def constraints_of(data: Outcomes) -> QualityConstraints:
    return mq.suggest(mq.measure(data))


def called(data: Outcomes, constraints: QualityConstraints, alpha: float = ALPHA) -> list[str]:
    return [item.subject for item in calibrated_violations(data, mq.measure(data), constraints, alpha=alpha)[0]]


def test_undrifted_windows_violate_as_seldom_as_promised_and_model_monitors_rule_does_not() -> None:
    rng = np.random.default_rng(1)
    rung = by_rule = 0
    for _ in range(30):
        constraints = constraints_of(answers(rng, 2000))
        for _ in range(10):
            data = answers(rng, 500)
            rung += bool(called(data, constraints, alpha=0.02))
            by_rule += bool(mq.evaluate(mq.measure(data), constraints))
    assert rung <= 12  # 6 expected at most of 300
    assert by_rule > 250


def test_recall_down_is_one_finding() -> None:
    rng = np.random.default_rng(2)
    constraints = constraints_of(answers(rng, 20_000))
    assert called(answers(rng, 4000, recall=0.65), constraints)[0] == "recall"
    found = called(answers(rng, 4000, recall=0.65), constraints)
    assert not {"true_positive_rate", "false_negative_rate", "f1", "f2", "f0_5"} & set(found)


def test_the_words_are_model_monitors() -> None:
    rng = np.random.default_rng(3)
    data, constraints = answers(rng, 4000, recall=0.5), constraints_of(answers(rng, 20_000))
    violations, _ = calibrated_violations(data, mq.measure(data), constraints, alpha=ALPHA)
    threshold = constraints.thresholds["recall"][0]
    recall = mq.measure(data).metrics["recall"]
    assert violations[0].description.startswith(f"Metric recall with {recall} was LessThanThreshold {threshold} (p ")
    assert violations[0].to_dict()["metric_name"] == "recall"


def test_a_small_decline_of_many_rows_does_not_matter() -> None:
    names = np.array(["0", "1"], dtype=object)
    actual = np.tile([0, 1], 200_000)
    wrong = np.arange(400_000) % 1000 < 4  # accuracy 0.996
    data = Outcomes("BinaryClassification", names[actual], names[actual ^ wrong])
    before = QualityConstraints("BinaryClassification", {"accuracy": (0.999, "LessThanThreshold")}, rows=400_000)
    (test,) = metric_tests(data, mq.measure(data), before)
    assert test.p_value < 1e-100
    assert called(data, before) == []


def test_the_baselines_own_error_counts() -> None:
    rng = np.random.default_rng(4)
    data = answers(rng, 2000, recall=0.72)
    thresholds = {"recall": (0.8, "LessThanThreshold")}
    quality = mq.measure(data)

    def p_of(rows: int | None) -> float:
        before = QualityConstraints("BinaryClassification", thresholds, rows=rows)
        return metric_tests(data, quality, before)[0].p_value

    assert p_of(200) > p_of(2000) > p_of(None)


@pytest.mark.parametrize("scale", [1.0, 1.3])
def test_regression_errors(scale: float) -> None:
    rng = np.random.default_rng(5)

    def drawn(rows: int, size: float) -> Outcomes:
        labels = rng.normal(size=rows)
        return Outcomes("Regression", labels, labels + 0.5 * size * rng.standard_t(5, size=rows))

    constraints = constraints_of(drawn(5000, 1.0))
    found = [called(drawn(2000, scale), constraints) for _ in range(20)]
    assert sum("mae" in names for names in found) == (0 if scale == 1.0 else 20)


def test_the_error_of_the_area_under_the_curve_is_never_too_small() -> None:
    """Hanley and McNeil's assumes negative exponential scores: of others it is up to twice too large."""
    rng = np.random.default_rng(6)
    data = answers(rng, 3000)
    quality = mq.measure(data)
    before = QualityConstraints("BinaryClassification", {"auc": (quality.metrics["auc"] + 0.02, "LessThanThreshold")})
    (test,) = metric_tests(data, quality, before)
    error = 0.02 / -stats.norm.ppf(test.p_value)
    areas = [mq.measure(answers(rng, 3000)).metrics["auc"] for _ in range(60)]
    assert 0.9 <= error / np.std(areas) <= 2


def fraud(rng: np.random.Generator, *, knows: bool) -> dict[str, list[object]]:
    labels = np.where(rng.random(800) < 0.3, "fraud", "ok")
    scores = np.clip(rng.normal(np.where(labels == "fraud", 0.8 if knows else 0.5, 0.2 if knows else 0.5), 0.1), 0, 1)
    return {"label": labels.tolist(), "score": scores.tolist()}


def test_two_classes_that_nobody_knows_are_settled_by_the_probabilities_or_refused() -> None:
    """At 31f1ef0 `ok` was taken, the last by the alphabet: AUC 0.002 of a model of 0.998."""
    rng = np.random.default_rng(7)

    def found_of(rows: dict[str, list[object]]) -> Outcomes:
        return mq.read_outcomes(
            as_table(rows), problem_type="BinaryClassification", ground_truth="label", probability="score"
        )

    found = found_of(fraud(rng, knows=True))
    assert (found.positive_label, found.settled_by_scores) == ("fraud", True)
    assert mq.measure(found).metrics["auc"] > 0.99
    assert mq.suggest(mq.measure(found)).positive_label == "fraud"
    with pytest.raises(InputError, match="'fraud', 'ok', which does not say which class is the positive one: name it"):
        found_of(fraud(rng, knows=False))


def test_the_file_remembers_the_baselines_rows() -> None:
    constraints = constraints_of(answers(np.random.default_rng(8), 700))
    assert constraints.rows == 700
    assert QualityConstraints.from_dict(constraints.to_dict()) == constraints
    with pytest.raises(InputError, match="baseline_rows is 'many'"):
        QualityConstraints.from_dict({**constraints.to_dict(), "baseline_rows": "many"})
