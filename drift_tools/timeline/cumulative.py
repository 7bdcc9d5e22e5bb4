"""Small and slow changes: an e-detector over windows (Shin, Ramdas and Rinaldo, "E-detectors", 2022).

M_t(λ, side) = (M_{t−1} + 1) exp(λ x_t − ψ(λ)), with x = clip(±z/√Λ − margin, ±4) and ψ(λ) the logarithm of
E exp(λ clip(T)), T of Student's distribution with the baseline's degrees of freedom. Each factor's mean is at most 1
while the mean of a window's z is within the margin, given all windows before: so M_t − t is a supermartingale, and an
average of such M's over sides, λ and scores is one. Then E τ ≥ A for the first window τ at which it reaches A, and at
most T / A of undrifted series of T windows reach it (Doob), however windows depend on each other beyond that.

CUSUM with its textbook limit forgets that the baseline's mean is itself an estimate (Jones, Champ and Rigdon, "The run
length distribution of the CUSUM with estimated parameters", 2004): the margin, two standard errors of that mean, is
what it may be wrong.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln, stdtr

Floats = NDArray[np.float64]

_LAMBDAS = np.array([0.25, 0.5, 1.0, 2.0])
_CLIP = 4.0
_AT_ONCE = 64  # windows whose factors are held
_POINTS, _POINT_WEIGHTS = np.polynomial.legendre.leggauss(80)
# Degrees of freedom above which Student's density is taken as that many: nothing changes in the fifth digit.
_MOST_FREEDOM = 1e6


def log_mean_exponential(freedom: Floats) -> Floats:
    """ψ: ln E exp(λ clip(T, ±4)) for Student's T, of each number of degrees of freedom and each λ (a last axis).

    >>> log_mean_exponential(np.array([1e6]))[0].round(2).tolist()  # λ²/2, less what clipping takes away
    [0.03, 0.12, 0.5, 1.99]
    """
    v = np.clip(np.asarray(freedom, dtype=np.float64), 1.0, _MOST_FREEDOM)[..., None]
    x, w = _POINTS * _CLIP, _POINT_WEIGHTS * _CLIP
    constant = gammaln((v + 1) / 2) - gammaln(v / 2) - 0.5 * np.log(v * np.pi)
    density = np.exp(constant - (v + 1) / 2 * np.log1p(x**2 / v))
    tail = stdtr(v[..., 0], -_CLIP)[..., None]
    inside = (density * w) @ np.exp(np.multiply.outer(x, _LAMBDAS))
    mean = inside + tail * (np.exp(_LAMBDAS * _CLIP) + np.exp(-_LAMBDAS * _CLIP))
    found: Floats = np.log(mean)
    return found


def change_evidence(
    z: Floats, weights: Floats, *, freedom: Floats, margin: float | Floats, scale: Floats, threshold: float
) -> tuple[Floats, NDArray[np.intp]]:
    """The e-detector's evidence of each feature after each window, and the score that most of it came from.

    Where the evidence reaches the threshold it starts anew with the next window.

    Parameters
    ----------
    z
        standardised scores, windows x features x scores; 0 of a window that says nothing. Only NaN is a window without
        rows: it leaves the evidence as it is.
    weights
        features x scores, 0 of scores that are not looked at.
    freedom, scale
        degrees of freedom, and the root of the long-run variance of z, features x scores.
    margin
        of the mean of z that is no change: 2 / √(windows of the baseline); one for all, or features x scores.
    threshold
        at which a feature alarms.

    Returns
    -------
    evidence, windows x features; score, windows x features.
    """
    total = weights.sum(-1, keepdims=True)
    share = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    start = np.repeat(np.repeat((share / (2 * len(_LAMBDAS)))[..., None, None], 2, -2), len(_LAMBDAS), -1)
    penalty = log_mean_exponential(freedom)[..., None, :]
    state = np.zeros_like(start)
    evidence = np.zeros(z.shape[:2])
    strongest = np.zeros(z.shape[:2], dtype=np.intp)
    for first in range(0, len(z), _AT_ONCE):
        scaled = z[first : first + _AT_ONCE] / scale
        sides = np.clip(np.stack([scaled - margin, -scaled - margin], -1), -_CLIP, _CLIP)
        says_nothing = np.isnan(sides)[..., None]
        factors = np.where(says_nothing, 1.0, np.exp(np.nan_to_num(sides)[..., None] * _LAMBDAS - penalty))
        begins = np.where(says_nothing, 0.0, start)
        by_score = np.zeros(scaled.shape)
        for at, (factor, begin) in enumerate(zip(factors, begins, strict=True)):
            state = factor * (state + begin)
            state.sum((-1, -2), out=by_score[at])
            of_features = by_score[at].sum(-1, out=evidence[first + at])
            state[of_features >= threshold] = 0
        strongest[first : first + _AT_ONCE] = by_score.argmax(-1)
    return evidence, strongest
