"""One p-value a feature, that can be believed at the small levels at which a monitor has to test.

A monitor of a hundred features that runs every hour and may raise one false alarm a year tests each feature at one in
a million. There the chi-squared approximation is wrong by orders of magnitude where a small window meets a large
baseline: of a category of which 5 of 200 rows are expected, 16 times as many samples as promised are rejected at
1e-5. `docs/verdicts.md` has the table. So each test here is exact, or is the larger of two p-values of which each is
right where the other one fails.

Several tests look at one feature, because no test sees every change best: the ranks see a shift, the bins a change of
shape, the Kolmogorov-Smirnov statistic what happens inside a bin. Their p-values are combined by Bonferroni's
inequality with fixed weights, which holds however much they depend on each other (they look at the same rows, so they
do): with the weights w adding up to 1, min p / w <= alpha in at most alpha of all samples.
"""

import math
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import Counts, Groups, fisher_exact_p_value, log_choices, pair, pool_rare

Rows: TypeAlias = NDArray[np.int64]
# Half goes to the shift, by far the most frequent drift.
_RANKS, _KOLMOGOROV_SMIRNOV, _BINS, _BEYOND = 0.5, 0.2, 0.2, 0.1
# A normal p-value above this is good enough: no level is as large.
_SMALL = 0.1
_NEWTON_STEPS = 60
# Additions: a few milliseconds' worth.
_COUNTABLE = 4e6


def numbers_p_value(
    ks_p_value: float, baseline: Rows | Counts, current: Rows | Counts, *, below: int = 0, above: int = 0
) -> float:
    """The p-value of equal distributions of a numerical feature's values.

    Parameters
    ----------
    ks_p_value
        of the two-sample Kolmogorov-Smirnov test, 0 … 1.
    baseline, current
        the values of either sample in each bin, in the bins' order; the bins are the baseline's quantiles.
    below, above
        how many of the current values are smaller than any of the baseline, and larger than any.

    Examples
    --------
    >>> numbers_p_value(0.001, np.full(10, 100), np.full(10, 100))
    0.005
    """
    groups = Groups.of(baseline, current)
    n, m = map(int, groups.rows)
    return combined(
        [
            (ks_p_value, _KOLMOGOROV_SMIRNOV),
            (_rank_p_value(groups.first, groups.second), _RANKS),
            (_homogeneity_p_value(groups), _BINS),
            *((beyond_p_value(beyond, n, m), _BEYOND / 2) for beyond in (below, above)),
        ]
    )


def beyond_p_value(beyond: int, baseline_rows: int, current_rows: int) -> float:
    """The probability that the `beyond` largest of all rows are all current ones, if nothing tells the samples apart:
    exact without ties, and too large rather than too small with them.

    >>> round(beyond_p_value(1, 100, 100), 3), beyond_p_value(12, 1000, 100) < 1e-12
    (0.5, True)
    """
    n, m = baseline_rows, current_rows
    logs = math.lgamma(m + 1) - math.lgamma(m - beyond + 1) - math.lgamma(n + m + 1) + math.lgamma(n + m - beyond + 1)
    return min(1.0, math.exp(min(logs, 0.0)))


def share_p_value(baseline_hits: int, baseline_rows: int, current_hits: int, current_rows: int) -> float:
    """The p-value of an equal share of rows, such as that of missing values.

    >>> share_p_value(0, 1000, 300, 1000) < 1e-60
    True
    """
    first = [baseline_hits, baseline_rows - baseline_hits]
    second = [current_hits, current_rows - current_hits]
    return homogeneity_p_value(first, second)


def combined(weighted: Iterable[tuple[float, float]]) -> float:
    """One p-value of several tests, each with its weight (Bonferroni's inequality); weights add up to 1 at most.

    >>> combined([(0.01, 0.5), (0.2, 0.5)])
    0.02
    """
    return min(1.0, *(p_value / weight for p_value, weight in weighted))


def homogeneity_p_value(
    baseline: Sequence[float] | Rows | Counts,
    current: Sequence[float] | Rows | Counts,
    times: Rows | None = None,
) -> float:
    """The p-value of equal shares in two samples, from their counts over the same bins.

    The larger of the p-values of Pearson's statistic and of the likelihood ratio (G), both against chi-squared: with
    few rows a bin, Pearson's is right for ordinary levels (where G rejects up to twice as often as promised) and G for
    small ones (where Pearson's rejects up to a hundred times as often; the likelihood ratio has the right exponent at
    any depth: Hoeffding, "Asymptotically optimal tests for multinomial distributions", Ann. Math. Statist. 36, 1965).
    Bins of which fewer than 5 rows are expected in the smaller sample are pooled, or joined to the smallest other one
    if even all of them together are fewer. If two bins are left, the p-value is Fisher's, exact.
    """
    return _homogeneity_p_value(Groups.of(baseline, current, times))


def _homogeneity_p_value(groups: Groups) -> float:
    n, m = groups.rows
    if not n or not m or groups.bins < 2:
        return 1.0
    first, second, _ = pool_rare(groups)
    if len(first) < 2:
        return 1.0
    totals = first + second
    if len(first) == 2:  # nothing approximate holds its level here: chi-squared rejects up to 1.5 times as often at 5 %
        return fisher_exact_p_value(int(first[0]), int(n), int(second[0]), int(m))
    from scipy.special import chdtrc, xlogy  # noqa: PLC0415 - slow to import

    pearson = ratio = 0.0
    for seen, mean in ((first, totals * (n / (n + m))), (second, totals * (m / (n + m)))):
        pearson += float(np.add.reduce((seen - mean) ** 2 / mean))
        ratio += 2 * float(np.add.reduce(xlogy(seen, seen / mean)))
    return float(chdtrc(len(first) - 1, max(min(pearson, ratio), 0.0)))


def rank_p_value(baseline: Sequence[float] | Rows | Counts, current: Sequence[float] | Rows | Counts) -> float:
    """Wilcoxon's rank-sum test on values in ordered bins: two-sided, ties as mid-ranks.

    With ten quantile bins it loses one part in a hundred of the test on the values themselves. With two bins the
    p-value is Fisher's, exact; else it is the normal one if that is above 0.1. Below,
    it is twice the tail of the rank sum's distribution over all ways in which the rows could have been dealt to the
    samples: counted where they are few, as with few rows or many ties, and otherwise by the saddlepoint
    approximation, whose relative error stays small in the far tail also where the scores are skewed (many ties at
    zero) and the samples unequal (Skovgaard, "Saddlepoint expansions for conditional distributions", J. Appl. Prob.
    24, 1987).

    >>> round(rank_p_value([30, 30, 40], [40, 30, 30]), 2)
    0.11
    """
    return _rank_p_value(*pair(baseline, current))


def _rank_p_value(first: Counts, second: Counts) -> float:
    n, m = float(first.sum()), float(second.sum())
    if not n or not m or len(first) < 2:
        return 1.0
    first, second = _without_slivers(first, second, min(n, m) / (n + m))
    if len(first) < 2:
        return 1.0
    if len(first) == 2:
        return fisher_exact_p_value(int(first[1]), int(n), int(second[1]), int(m))
    totals = first + second
    rows = n + m
    ranks = 2 * np.cumsum(totals) - totals - rows  # whole numbers: from either end the same but for the sign
    total = float(second @ ranks)
    if total < 0:  # seen from the end at which there is too much, so that the direction changes not even rounding
        totals, ranks, total = totals[::-1].copy(), -ranks[::-1], -total
    scores = ranks / (2 * rows)  # mid-ranks, -1/2 … 1/2, whose mean over all rows is 0
    variance = n * m / rows * float(totals @ scores**2) / (rows - 1)
    ordinary = math.erfc(total / (2 * rows) / math.sqrt(2 * variance))
    if ordinary > _SMALL:
        return ordinary
    if n < m:  # the larger sample's high ranks are the smaller one's low ranks
        counted = _counted_tail(totals[::-1], -ranks[::-1], int(n), total)
    else:
        counted = _counted_tail(totals, ranks, int(m), total)
    tail = counted if counted is not None else _tail(totals, scores, m, total / (2 * rows), variance)
    return ordinary if tail is None else min(1.0, 2 * tail)


def _without_slivers(first: Counts, second: Counts, share: float) -> tuple[Counts, Counts]:
    """Bins of which not even one row is expected in the smaller sample, joined to the smaller of their neighbours (to
    both, if they are equal: nothing depends on the direction) while more than two are left. One stray value beside a
    flag's two keeps the sum off every lattice, and the approximation of its tail is then up to three times too small.
    """
    while len(first) > 2 and (first + second).min() * share < 1:
        totals = np.concatenate([[np.inf], first + second, [np.inf]])
        smallest = np.flatnonzero(totals == totals.min())
        left, right = totals[smallest - 1], totals[smallest + 1]
        starts = np.ones(len(first) + 1, dtype=bool)  # whether a bin begins at each place
        starts[smallest[left <= right] - 1] = False
        starts[smallest[right <= left]] = False
        places = np.flatnonzero(starts[:-1])
        first, second = np.add.reduceat(first, places), np.add.reduceat(second, places)
    return first, second


def _counted_tail(totals: Counts, ranks: Counts, m: int, total: float) -> float | None:
    """The probability that the ranks of m of these rows, drawn without replacement, add up to at least `total`, the
    smaller tail's; None where counting the draws would take long, unless there is only one such sum.

    Bin by bin: how probable it is to have drawn so many rows, and to be so far below m times the highest rank.
    """
    highest_first = totals[::-1]
    most = np.clip(m - (np.cumsum(highest_first) - highest_first), 0, highest_first)  # drawn, at the largest sum
    if total == float(most @ ranks[::-1]):
        return math.exp(float(np.sum(log_choices(highest_first, most))) - float(log_choices(totals.sum(), m)))
    steps = (ranks[-1] - ranks).astype(np.int64)
    unit = int(np.gcd.reduce(steps))
    short = int(m * ranks[-1] - total) // unit
    if (m + 1) * (short + 1) * float(np.sum(np.minimum(totals, m) + 1)) > _COUNTABLE:
        return None
    chance = m / float(totals.sum())
    reached = np.zeros((m + 1, short + 1))
    reached[0, 0] = 1
    for rows, step in zip(totals.astype(np.int64).tolist(), (steps // unit).tolist(), strict=True):
        after = np.zeros_like(reached)
        for drawn, probability in enumerate(_binomial(rows, chance)[: m + 1].tolist()):
            if drawn * step <= short:
                after[drawn:, drawn * step :] += probability * reached[: m + 1 - drawn, : short + 1 - drawn * step]
        reached = after
    possible = float(_binomial(int(totals.sum()), chance)[m])
    at_least, exactly = float(reached[m].sum()) / possible, float(reached[m, -1]) / possible
    return min(at_least, 1 - at_least + exactly)


def _binomial(rows: int, chance: float) -> Counts:
    """The probability of 0, 1, … `rows` hits."""
    hits = np.arange(rows + 1.0)
    logs = log_choices(rows, hits) + hits * math.log(chance) + (rows - hits) * math.log1p(-chance)
    probabilities: Counts = np.exp(logs)
    return probabilities


def _tail(totals: Counts, scores: Counts, m: float, total: float, variance: float) -> float | None:
    """The probability that the scores of m of these rows, drawn without replacement, add up to at least `total` > 0.

    The rows of the draw in each bin are binomials, given that they add up to m: the saddlepoint is the logistic
    regression of "drawn" on the score. None where the sum is at the edge of what is possible: then there is none.
    """
    rows = float(totals.sum())
    start = math.log(m / (rows - m))
    level, slope = start, total / variance
    for _ in range(_NEWTON_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(level + slope * scores, -500, 500)))
        weights = totals * chances * (1 - chances)
        gap, moment_gap = m - float(totals @ chances), total - float(totals @ (chances * scores))
        a, b, c = float(weights.sum()), float(weights @ scores), float(weights @ scores**2)
        determinant = a * c - b * b
        if not determinant > 0:
            return None
        step, tilt = (c * gap - b * moment_gap) / determinant, (a * moment_gap - b * gap) / determinant
        damping = min(1.0, 5 / max(abs(step), abs(tilt) / 2, 1e-300))
        level, slope = level + damping * step, slope + damping * tilt
        if abs(step) + abs(tilt) < 1e-9 * (1 + abs(level) + abs(slope)):
            break
    else:
        return None
    exponents = [float(totals @ np.logaddexp(0.0, at)) for at in (level + slope * scores, np.full(len(scores), start))]
    ratio = 2 * (slope * total + level * m - exponents[0] - start * m + exponents[1])
    if not ratio > 0 or not slope > 0:
        return None
    root = math.sqrt(ratio)
    correction = slope * math.sqrt(determinant / (rows * (m / rows) * (1 - m / rows)))
    density = math.exp(-ratio / 2) / math.sqrt(2 * math.pi)
    tail = 0.5 * math.erfc(root / math.sqrt(2)) + density * (1 / correction - 1 / root)
    # Beyond a half it is no tail: nearly separate samples, where the regression has run out of numbers.
    return tail if 0 < tail < 0.5 else None
