"""Paired tests against what nobody here wrote: published values, scipy, scikit-learn, and the definitions by hand."""

from math import comb

import numpy as np
import pytest
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import mannwhitneyu, ttest_rel
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

from drift_tools.retraining import paired

QUANTILE = 1.959963984540054


def half_width(estimate: paired.Estimate) -> float:
    return (estimate.high - estimate.low) / 2


def test_the_variance_of_an_area_is_the_published_one() -> None:
    """The expected value is of roc_comparison's own test (Yandex School of Data Analysis), which has it from pROC."""
    data = load_iris()
    x_train, x_test, y_train, y_test = train_test_split(
        data.data, (data.target == 1).astype(int), test_size=0.8, random_state=42
    )
    scores = LogisticRegression(solver="lbfgs").fit(x_train, y_train).predict_proba(x_test)[:, 1]
    other = np.random.default_rng(0).random(len(scores))
    found = paired.area_under_curve(y_test == 1, scores, other, confidence=0.95)
    assert found.champion.value == pytest.approx(roc_auc_score(y_test, scores), abs=1e-12)
    assert (half_width(found.champion) / QUANTILE) ** 2 == pytest.approx(0.0015359814789736538, rel=2e-3)


def by_definition(positive: np.ndarray, one: np.ndarray, other: np.ndarray) -> tuple[float, float]:
    """The difference of areas and its standard error, kernel by kernel as DeLong et al. write them (equations 4, 5)."""

    def kernel(scores: np.ndarray) -> np.ndarray:
        x, y = scores[positive][:, None], scores[~positive][None, :]
        return np.asarray((y < x) + 0.5 * (y == x), float)

    difference = kernel(other) - kernel(one)
    m, n = difference.shape
    s10 = difference.mean(axis=1).var(ddof=1)
    s01 = difference.mean(axis=0).var(ddof=1)
    return float(difference.mean()), float(np.sqrt(s10 / m + s01 / n))


@pytest.mark.parametrize("digits", [1, 6])
def test_the_difference_of_areas_is_delongs(digits: int) -> None:
    generator = np.random.default_rng(7)
    positive = generator.random(300) < 0.3
    one = np.round(positive + generator.normal(0, 1.5, 300), digits)
    other = np.round(one + 0.5 * positive + generator.normal(0, 0.5, 300), digits)
    found = paired.area_under_curve(positive, one, other, confidence=0.95)
    gain, error = by_definition(positive, one, other)
    assert found.difference.value == pytest.approx(gain, abs=1e-12)
    assert half_width(found.difference) / QUANTILE == pytest.approx(error, rel=1e-9)
    area = mannwhitneyu(other[positive], other[~positive]).statistic / (positive.sum() * (~positive).sum())
    assert found.challenger.value == pytest.approx(area, abs=1e-12)


def test_the_same_model_is_no_different() -> None:
    positive = np.arange(100) % 2 == 0
    scores = np.random.default_rng(1).random(100)
    found = paired.area_under_curve(positive, scores, scores, confidence=0.95)
    assert (found.difference.value, found.p_value) == (0.0, 1.0)
    with pytest.raises(ValueError, match="two of each"):
        paired.area_under_curve(np.arange(100) == 0, scores, scores, confidence=0.95)


@pytest.mark.parametrize(
    ("only_champion", "only_challenger", "p_value"),
    # Twice the lower tail of the binomial distribution, in whole numbers.
    [
        (10, 2, 2 * sum(comb(12, k) for k in range(3)) / 2**12),
        (25, 10, 2 * sum(comb(35, k) for k in range(11)) / 2**35),
        (5, 5, 1.0),
        (0, 0, 1.0),
    ],
)
def test_accuracy_is_mcnemars_exact_test(only_champion: int, only_challenger: int, p_value: float) -> None:
    both = 200
    one = np.array([True] * (both + only_champion) + [False] * only_challenger)
    other = np.array([True] * both + [False] * only_champion + [True] * only_challenger)
    found = paired.accuracy(one, other, confidence=0.95)
    assert found.p_value == pytest.approx(p_value, rel=1e-12)
    assert found.difference.value == pytest.approx((only_challenger - only_champion) / len(one))
    assert found.difference.low <= found.difference.value <= found.difference.high


def test_the_interval_of_accuracy_keeps_its_confidence() -> None:
    """Over many samples of a known difference of 0.02, 95 % of the intervals hold it, give or take the simulation."""
    generator, held, runs = np.random.default_rng(3), 0, 400
    for _ in range(runs):
        draw = generator.random(500)
        one, other = draw >= 0.10, (draw >= 0.14) | (draw < 0.06)
        found = paired.accuracy(one, other, confidence=0.95)
        held += found.difference.low <= 0.02 <= found.difference.high
    assert 0.92 <= held / runs <= 0.98


def test_a_mean_loss_is_the_paired_test() -> None:
    generator = np.random.default_rng(5)
    one = generator.exponential(1, 4000)
    other = one + generator.normal(-0.02, 0.5, 4000)
    found = paired.mean_loss(one, other, confidence=0.95)
    assert found.p_value == pytest.approx(ttest_rel(other, one).pvalue, rel=2e-3)


def test_the_bootstrap_is_scipys_percentile_interval() -> None:
    generator = np.random.default_rng(11)
    one = np.abs(generator.normal(0, 2, 400))
    other = np.abs(one + generator.normal(-0.2, 0.4, 400))

    def roots(rows: np.ndarray) -> tuple[float, float]:
        return float(np.sqrt(np.mean(one[rows] ** 2))), float(np.sqrt(np.mean(other[rows] ** 2)))

    found = paired.bootstrap(roots, 400, confidence=0.95)
    theirs = scipy_bootstrap(
        (one, other),
        lambda a, b, axis: np.sqrt(np.mean(b**2, axis)) - np.sqrt(np.mean(a**2, axis)),
        paired=True,
        vectorized=True,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert found.difference.low == pytest.approx(theirs.low, abs=0.01)
    assert found.difference.high == pytest.approx(theirs.high, abs=0.01)


def test_holm_is_the_published_example() -> None:
    """p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm") of R."""
    assert paired.holm(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
