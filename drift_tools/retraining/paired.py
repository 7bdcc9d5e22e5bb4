"""Two models on the same rows: whether their difference is more than chance, with an interval.

The rows are the same for both, so everything here is paired: what both models get right or wrong says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm, rankdata

Numbers = NDArray[np.float64]
Truths = NDArray[np.bool_]

RESAMPLES = 2000
_SEED = 20260101


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value and its interval at the confidence that was asked for."""

    value: float
    low: float
    high: float

    def to_dict(self) -> dict[str, float]:
        """The three numbers, by name."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True)
class PairedTest:
    """Champion, challenger, and challenger less champion; `p_value` is two-sided, of no difference."""

    champion: Estimate
    challenger: Estimate
    difference: Estimate
    p_value: float
    method: str


def accuracy(champion: Truths, challenger: Truths, *, confidence: float) -> PairedTest:
    """Compare the shares of rows that are right: McNemar's exact test.

    The p-value is the binomial one of the discordant rows (McNemar, Psychometrika 12, 1947, in its exact form). The
    interval of the difference is Wald's after Agresti and Min, with half a row added to each of the four cells
    (Statistics in Medicine 24, 2005); each model's own interval is Wilson's.

    Parameters
    ----------
    champion, challenger:
        Whether each is right, row by row.
    confidence:
        Of the intervals, between 0 and 1.
    """
    rows = len(champion)
    only_champion = int(np.count_nonzero(champion & ~challenger))
    only_challenger = int(np.count_nonzero(challenger & ~champion))
    discordant = only_champion + only_challenger
    p_value = 1.0 if discordant == 0 else float(binomtest(only_challenger, discordant, 0.5).pvalue)
    b, c, n = only_challenger + 0.5, only_champion + 0.5, rows + 2.0
    error = float(np.sqrt((b + c) - (b - c) ** 2 / n)) / n
    middle, width = (b - c) / n, _quantile(confidence) * error
    difference = Estimate((only_challenger - only_champion) / rows, max(-1.0, middle - width), min(1.0, middle + width))
    return PairedTest(
        _share(champion, confidence), _share(challenger, confidence), difference, p_value, "McNemar, exact"
    )


def area_under_curve(positive: Truths, champion: Numbers, challenger: Numbers, *, confidence: float) -> PairedTest:
    """Compare two areas under ROC curves of the same rows: DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988).

    By the midranks of Sun and Xu (IEEE Signal Processing Letters 21, 2014), in O(n log n); ties count half.

    Parameters
    ----------
    positive:
        Which rows are of the positive class; there must be two at least of each.
    champion, challenger:
        Scores, higher for the positive class.
    confidence:
        Of the intervals, between 0 and 1.

    Raises
    ------
    ValueError
        With fewer than two rows of a class.
    """
    ones, zeros = int(np.count_nonzero(positive)), int(np.count_nonzero(~positive))
    if min(ones, zeros) < 2:
        raise ValueError(f"{ones} positive and {zeros} negative rows: two of each are needed")
    first, second = (_components(positive, scores) for scores in (champion, challenger))
    covariance = np.cov(first.of_ones, second.of_ones) / ones + np.cov(first.of_zeros, second.of_zeros) / zeros
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    error = float(np.sqrt(max(variance, 0.0)))
    gain = second.area - first.area
    p_value = float(2 * norm.sf(abs(gain) / error)) if error > 0 else 1.0
    quantile = _quantile(confidence)
    own = [
        _around(each.area, quantile * float(np.sqrt(covariance[place, place])), 0.0, 1.0)
        for place, each in enumerate((first, second))
    ]
    return PairedTest(own[0], own[1], _around(gain, quantile * error, -1.0, 1.0), p_value, "DeLong")


def mean_loss(champion: Numbers, challenger: Numbers, *, confidence: float) -> PairedTest:
    """Compare two means of losses of the same rows, of which less is better: the paired z-test on their difference."""
    quantile, rows = _quantile(confidence), len(champion)
    own = [_mean(each, quantile) for each in (champion, challenger)]
    gain = challenger - champion
    error = float(np.std(gain, ddof=1)) / np.sqrt(rows)
    p_value = float(2 * norm.sf(abs(float(gain.mean())) / error)) if error > 0 else 1.0
    return PairedTest(own[0], own[1], _mean(gain, quantile), p_value, "paired z")


def bootstrap(
    statistic: Callable[[NDArray[np.intp]], tuple[float, float]],
    rows: int,
    *,
    confidence: float,
    resamples: int = RESAMPLES,
) -> PairedTest:
    """Compare any statistic of two models: rows are drawn again, for both models the same ones.

    Percentile intervals and the two-sided p-value of Efron and Tibshirani, An Introduction to the Bootstrap (1993),
    chapters 13 and 15, with one added to both counts so that it is never 0.

    Parameters
    ----------
    statistic:
        Takes numbers of rows, returns the champion's value and the challenger's; NaN where there is none.
    rows:
        How many there are.
    confidence:
        Of the intervals, between 0 and 1.
    resamples:
        How often rows are drawn.
    """
    generator = np.random.default_rng(_SEED)
    drawn = np.array([statistic(generator.integers(0, rows, rows)) for _ in range(resamples)])
    champion, challenger = statistic(np.arange(rows))
    differences = drawn[:, 1] - drawn[:, 0]
    differences = differences[~np.isnan(differences)]
    if len(differences) == 0:
        nothing = Estimate(float("nan"), float("nan"), float("nan"))
        return PairedTest(nothing, nothing, nothing, 1.0, "paired bootstrap")
    below, above = np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0)
    p_value = min(1.0, 2 * (1 + min(below, above)) / (1 + len(differences)))
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    intervals = [np.nanquantile(values, tails) for values in (drawn[:, 0], drawn[:, 1], differences)]
    estimates = [
        Estimate(float(value), float(low), float(high))
        for value, (low, high) in zip((champion, challenger, challenger - champion), intervals, strict=True)
    ]
    return PairedTest(estimates[0], estimates[1], estimates[2], float(p_value), "paired bootstrap")


def holm(p_values: NDArray[np.float64]) -> Numbers:
    """Adjust p-values for their number: Holm, Scandinavian Journal of Statistics 6 (1979)."""
    order = np.argsort(p_values, kind="stable")
    steps = p_values[order] * (len(p_values) - np.arange(len(p_values)))
    adjusted = np.empty(len(p_values))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return adjusted


@dataclass(frozen=True, slots=True)
class _Components:
    """An area and DeLong's structural components of the positive and of the negative rows."""

    area: float
    of_ones: Numbers
    of_zeros: Numbers


def _components(positive: Truths, scores: Numbers) -> _Components:
    ones, zeros = scores[positive], scores[~positive]
    together = rankdata(np.concatenate([ones, zeros]))
    of_ones = (together[: len(ones)] - rankdata(ones)) / len(zeros)
    of_zeros = 1.0 - (together[len(ones) :] - rankdata(zeros)) / len(ones)
    return _Components(float(of_ones.mean()), of_ones, of_zeros)


def _share(right: Truths, confidence: float) -> Estimate:
    count = int(np.count_nonzero(right))
    interval = binomtest(count, len(right)).proportion_ci(confidence, method="wilson")
    return Estimate(count / len(right), float(interval.low), float(interval.high))


def _mean(values: Numbers, quantile: float) -> Estimate:
    width = quantile * float(np.std(values, ddof=1)) / float(np.sqrt(len(values)))
    return _around(float(values.mean()), width, -np.inf, np.inf)


def _around(value: float, width: float, least: float, most: float) -> Estimate:
    return Estimate(value, max(least, value - width), min(most, value + width))


def _quantile(confidence: float) -> float:
    return float(norm.ppf((1 + confidence) / 2))
