"""Shares of which few rows are expected: tails that know how few, and a sequential test of their rise."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaln, gammaln

Floats = NDArray[np.float64]

_MOST_TERMS = 500
# Nodes of the standard normal by which log odds stray from window to window.
_NODES = np.linspace(-7, 7, 29)
_WEIGHTS = np.exp(-(_NODES**2) / 2)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_RATIOS = np.array([1.5, 3.0, 10.0])
# Below so many expected hits straying log odds and clusters cannot be told apart: those of clusters are taken.
_CLUSTERS_BELOW = 5.0
_AT_ONCE = 64  # windows whose factors are held


def betabinomial_tail(hits: float, rows: float, a: float, b: float) -> float:
    """P(X >= hits) of a beta-binomial distribution; hits and rows may be fractions ("effective rows").

    >>> f"{betabinomial_tail(2, 50, 0.5, 16800.5):.2e}"
    '3.24e-06'
    """
    terms = hits + np.arange(max(1, min(int(rows - hits) + 1, _MOST_TERMS)))
    terms = terms[terms <= rows]
    if not len(terms):
        return 1.0
    logarithms = (
        gammaln(rows + 1)
        - gammaln(terms + 1)
        - gammaln(rows - terms + 1)
        + betaln(terms + a, rows - terms + b)
        - betaln(a, b)
    )
    return float(min(1.0, np.exp(logarithms).sum()))


def rare_p_value(hits: float, rows: float, share: float, baseline_rows: float, dispersion: float) -> float:
    """The two-sided p-value of a window's hits, of a share that the baseline's rows of that slot are known to have.

    The share itself is an estimate from `baseline_rows`: a beta distribution of baseline hits + ½, misses + ½.
    `dispersion` is how many times as much as chance has it the windows stray (1 or more). Either whole clusters of
    equal rows come and go: hits and rows are divided by it; or the log odds stray by a normal number that explains it.
    Where enough hits are expected for the second to be possible, the larger of both p-values is taken.
    """
    expected = share * rows
    p_value = _clusters_p_value(hits, rows, share, baseline_rows, dispersion)
    if expected >= _CLUSTERS_BELOW:
        odds = _odds_p_value(hits, rows, share, baseline_rows, dispersion)
        p_value = odds if dispersion <= 1 else max(p_value, odds)
    return p_value


def _clusters_p_value(hits: float, rows: float, share: float, baseline_rows: float, dispersion: float) -> float:
    a, b = share * baseline_rows / dispersion + 0.5, (1 - share) * baseline_rows / dispersion + 0.5
    is_rise = hits > share * rows
    hits, rows = hits / dispersion, rows / dispersion
    tail = betabinomial_tail(hits, rows, a, b) if is_rise else betabinomial_tail(rows - hits, rows, b, a)
    return min(1.0, 2 * tail)


def _odds_p_value(hits: float, rows: float, share: float, baseline_rows: float, dispersion: float) -> float:
    a, b = share * baseline_rows + 0.5, (1 - share) * baseline_rows + 0.5
    spread = math.sqrt(max(dispersion - 1, 0.0) / (rows * share * (1 - share)))
    nodes, weights = (_NODES, _WEIGHTS) if spread > 1e-6 else (np.zeros(1), np.ones(1))
    tail = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        other = b * math.exp(-spread * float(node))
        if hits > share * rows:
            tail += float(weight) * betabinomial_tail(hits, rows, a, other)
        else:
            tail += float(weight) * betabinomial_tail(rows - hits, rows, other, a)
    return min(1.0, 2 * tail)


def rise_evidence(hits: Floats, rows: Floats, share: Floats, dispersion: Floats, threshold: float) -> Floats:
    """Shiryaev–Roberts evidence for a rise of rare shares after each window; it starts anew where it reaches
    `threshold`.

    Each window's factor is [(p₁/m)^k ((1−p₁)/(1−m))^(n−k)]^(1/φ) with p₁ = 1.5, 3 and 10 times m, averaged over the
    three: its mean is at most 1 for binomial hits (Jensen), and about 1 for hits φ times as dispersed. So the evidence
    less the number of windows is a supermartingale, and reaches the threshold in at most one of `threshold` windows.

    Parameters
    ----------
    hits, rows, share
        windows x shares, which may be features x scores; `share` is what is expected at most: with two standard errors
        added.
    dispersion
        by share, 1 or more.
    threshold
        at which a share alarms.

    Returns
    -------
    evidence, windows x shares.
    """
    state = np.zeros((*hits.shape[1:], len(_RATIOS)))
    evidence = np.zeros(hits.shape)
    for first in range(0, len(hits), _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        usual, found = share[some, ..., None], hits[some, ..., None]
        raised = np.minimum(usual * _RATIOS, (1 + usual) / 2)
        logarithm = found * np.log(raised / usual)
        logarithm += (rows[some, ..., None] - found) * np.log((1 - raised) / (1 - usual))
        factors = np.exp(np.clip(logarithm / dispersion[..., None], -700, 700))
        for at, factor in enumerate(factors, start=first):
            state = factor * (state + 1 / len(_RATIOS))
            evidence[at] = state.sum(-1)
            state[evidence[at] >= threshold] = 0
    return evidence
