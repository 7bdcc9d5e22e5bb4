"""The rule: no worse anywhere that matters, better somewhere; a refusal says why."""

from typing import Any

import numpy as np
import pytest

from drift_tools.errors import InputError
from drift_tools.monitors.bias import Facet
from drift_tools.retraining.evaluation import BINARY, REGRESSION, Answers, Evaluation, HoldOut, evaluate, primary
from drift_tools.retraining.page import page
from drift_tools.retraining.rule import Rule
from drift_tools.tables import Column, Table

ROWS = 4000


def world(seed: int = 1) -> tuple[HoldOut, np.ndarray]:
    """A hold-out with two groups, and what the best model would score."""
    generator = np.random.default_rng(seed)
    signal = generator.normal(0, 1, ROWS)
    labels = np.where(generator.random(ROWS) < 1 / (1 + np.exp(-2 * signal)), "1", "0")
    group = ["a" if each < 0.25 else "b" for each in generator.random(ROWS)]
    features = Table.of([Column.from_cells("group", group)], ROWS)
    return HoldOut(features=features, labels=labels, problem_type=BINARY, positive="1"), signal


def answers(score: np.ndarray) -> Answers:
    probability = 1 / (1 + np.exp(-2 * score))
    return Answers(labels=np.where(probability >= 0.5, "1", "0"), scores=probability)


def judged(challenger_noise: float, champion_noise: float, **more: Any) -> Evaluation:
    holdout, signal = world()
    generator = np.random.default_rng(9)
    champion = answers(signal + generator.normal(0, champion_noise, ROWS))
    challenger = answers(signal + generator.normal(0, challenger_noise, ROWS))
    return evaluate(holdout, champion, challenger, segment_by=["group"], **more)


def test_a_better_model_is_accepted_and_its_gains_are_named() -> None:
    found = judged(0.1, 1.0)
    assert found.accepted
    assert [gain.split(" ")[0] for gain in found.gains[:3]] == ["accuracy", "auc", "brier"]
    assert found.summary.startswith("better on 4,000 rows: accuracy 0.")


def test_a_worse_model_is_refused_for_each_metric() -> None:
    found = judged(1.5, 0.1)
    assert not found.accepted
    assert [reason.split(" ")[0] for reason in found.reasons[:3]] == ["accuracy", "auc", "brier"]
    assert all("may be worse by" in reason for reason in found.reasons[:3])


def test_the_same_model_is_refused_as_merely_different() -> None:
    holdout, signal = world()
    found = evaluate(holdout, answers(signal), answers(signal))
    assert found.reasons[0].startswith("it is different and nowhere better (accuracy")
    assert not found.accepted


def test_a_gain_in_the_mean_does_not_outweigh_a_group() -> None:
    """Better for three quarters of the rows, much worse for the others."""
    holdout, signal = world()
    in_group = np.array([value == "a" for value in holdout.features.columns["group"].as_texts()])
    generator = np.random.default_rng(3)
    champion = answers(signal + generator.normal(0, 1.2, ROWS))
    noise = np.where(in_group, generator.normal(0, 4, ROWS), 0)
    found = evaluate(holdout, champion, answers(signal + noise), segment_by=["group"])
    assert not found.accepted
    assert any(reason.startswith("accuracy of group=a is worse by 0.") for reason in found.reasons)
    assert any(gain.startswith("accuracy of group=b") for gain in found.gains)


def test_a_grown_bias_refuses() -> None:
    """The challenger says yes to fewer of one group, with the same accuracy for the rest."""
    holdout, signal = world()
    in_group = np.array([value == "a" for value in holdout.features.columns["group"].as_texts()])
    shifted = answers(np.where(in_group, signal - 0.5, signal))
    lenient = Rule(tolerance=0.2, segment_tolerance=0.5)
    found = evaluate(holdout, answers(signal), shifted, lenient, facets=[Facet("group", ("a",))])
    assert any(reason.startswith("DPPL of group=a is further from neutral by 0.") for reason in found.reasons)
    dppl = next(each for each in found.bias if each.metric == "DPPL")
    share = np.array([label == "1" for label in shifted.labels])
    assert dppl.test.challenger.value == pytest.approx(abs(share[~in_group].mean() - share[in_group].mean()))


def test_a_small_segment_is_shown_and_not_judged() -> None:
    found = judged(0.1, 1.0, rule=Rule(least_segment_rows=2000))
    assert {each.segment: each.judged for each in found.segments} == {"group=a": False, "group=b": True}


def test_a_short_holdout_decides_nothing() -> None:
    found = judged(0.1, 1.0, rule=Rule(least_rows=5000))
    assert found.reasons == ("the hold-out has 4000 rows, and the rule asks for 5000",)
    assert primary(found.to_dict()) is None


def test_a_regression_is_compared_by_its_errors() -> None:
    generator = np.random.default_rng(2)
    truth = generator.normal(0, 1, 1000)
    features = Table.of([Column.from_numbers("x", truth)], 1000)
    holdout = HoldOut(features=features, labels=truth, problem_type=REGRESSION)
    rule = Rule(tolerance=0.05, segment_tolerance=0.2)
    one, other = (Answers(labels=truth + generator.normal(0, size, 1000)) for size in (0.5, 0.3))
    found = evaluate(holdout, one, other, rule, segment_by=["x"])
    assert found.accepted
    assert [each.metric for each in found.metrics] == ["mae", "rmse"]
    assert len(found.segments) == 5
    assert not evaluate(holdout, other, one, rule).accepted


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"tolerance": -1}, "rule.tolerance is -1: give a number from 0 to 0.999"),
        ({"tolerence": 0.1}, "rule.tolerence is no threshold"),
        ({"confidence": "high"}, "rule.confidence is 'high': give a number"),
        ({"confidence": 0.4}, "confidence is 0.4"),
    ],
)
def test_a_rule_is_checked_at_the_door(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Rule.from_dict(given)


def test_the_page_says_what_was_decided() -> None:
    refused = judged(1.5, 0.1).to_dict()
    text = page(refused)
    assert "The new model is refused" in text
    assert "group=a" in text
    assert "<script" not in text
