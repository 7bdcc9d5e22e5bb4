"""When the shares of bins changed, and whether at once or little by little: a change-point estimate on counts.

Each window's counts are multinomial. Their shares are the baseline's up to some window and other ones from some later
window on, with a straight line between: a sudden change if there is nothing between, else a gradual one
(Gama et al., "A survey on concept drift adaptation", ACM Computing Surveys 46, 2014). Every pair of a first and a
last window is tried, and the likeliest taken (Hinkley, "Inference about the change-point in a sequence of random
variables", Biometrika 57, 1970, for the sudden one).
"""

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from drift_tools.tables import Numbers

Pace: TypeAlias = Literal["sudden", "gradual"]
# Twice the log-likelihood that a gradual change must be better by than the best sudden one: fewer than 1 in 20
# sudden ones get there
# (tests/drift_tools/timeline/test_onset.py).
_GRADUAL_GAIN = 6.0
# A sudden change in the middle of a window leaves it with a part of the change.
_PARTS = (1.0, 0.75, 0.5, 0.25)
_MOST_LENGTHS = 40
_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Change:
    """Numbers of windows: `start` is the first different one, by the best estimate; it is between `earliest` and
    `latest`; from `complete` on (of a sudden one: `start`) the shares change no more.
    """

    start: int
    earliest: int
    latest: int
    pace: Pace
    complete: int


def estimate_onset(baseline: Numbers, windows: Numbers, *, confidence: float = 0.95) -> Change:
    """Estimate where the shares changed, of counts of which the baseline's are known to be from before.

    The interval holds every start, sudden or gradual, whose likelihood is close enough to the best one's. For a sudden
    one the two walks of the log-likelihood ratio to either side of the true start exceed x with a probability of at
    most e^-x each (they are likelihood ratios), so that twice the difference is at most -2 ln(1 - sqrt(confidence))
    with that confidence: 7.35 for 95 % (Siegmund, "Confidence sets in change-point problems", Int. Stat. Review 56,
    1988). It is taken for gradual ones too, where it is wider than need be. Windows that differ among each other by
    more than chance has them (hours of a day) widen it: it is in units of the residual dispersion, where that is
    above 1.

    Parameters
    ----------
    baseline
        rows in each bin.
    windows
        rows of each window in each bin, windows x bins, in the order of time. Windows without rows are no candidates.
    confidence
        of the interval, 0 < confidence < 1.

    Raises
    ------
    ValueError
        if no window has rows, or the bins differ in number.

    Examples
    --------
    >>> counts = np.array([[50.0, 50.0]] * 6 + [[20.0, 80.0]] * 4)
    >>> estimate_onset(np.array([500.0, 500.0]), counts)
    Change(start=6, earliest=5, latest=6, pace='sudden', complete=6)
    """
    if windows.ndim != 2 or windows.shape[1] != len(baseline):
        raise ValueError(f"windows of shape {windows.shape} for {len(baseline)} bins: give windows x bins")
    filled = np.flatnonzero(windows.sum(axis=1) > 0)
    if not len(filled):
        raise ValueError("no window has rows: give at least one that has")
    counts = np.vstack([baseline, windows[filled]])
    spans = _spans(len(filled))
    weights, sharp = _weights(len(filled), spans), spans[:, 0] == spans[:, 1]
    likelihoods = _log_likelihoods(counts, weights)
    sudden, gradual = (
        int(np.flatnonzero(mask)[np.argmax(likelihoods[mask])]) if mask.any() else None for mask in (sharp, ~sharp)
    )
    best = sudden if sudden is not None else 0
    dispersion = _dispersion(counts, weights[best])
    pace: Pace = "sudden"
    if gradual is not None and 2 * (likelihoods[gradual] - likelihoods[best]) > _GRADUAL_GAIN * dispersion:
        best, pace = gradual, "gradual"
        dispersion = _dispersion(counts, weights[best])
    reach = -2 * math.log(1 - math.sqrt(confidence)) * dispersion
    possible = spans[2 * (likelihoods[best] - likelihoods) <= reach, 0]
    start, complete = (int(filled[window]) for window in spans[best])
    return Change(start, int(filled[possible.min()]), int(filled[possible.max()]), pace, complete)


def _spans(windows: int) -> Numbers:
    """First and last window of every change that is tried; each sudden one once for each part of its first window."""
    lengths = np.arange(2, windows)
    if len(lengths) > _MOST_LENGTHS:  # long ones are told apart by their ratio, not by a window
        lengths = np.unique(np.geomspace(2, windows - 1, _MOST_LENGTHS).astype(np.int64))
    starts = np.arange(windows)
    sudden = [(start, start) for start in starts for _ in _PARTS]
    gradual = [(start, start + length) for length in lengths for start in starts[: windows - length]]
    spans: Numbers = np.array([*sudden, *gradual])
    return spans


def _weights(windows: int, spans: Numbers) -> Numbers:
    """How much of the change each window has had, changes x (baseline and windows)."""
    at = np.arange(windows)
    first, last = spans[:, :1], spans[:, 1:]
    weights = np.clip((at - first + 1) / (last - first + 1), 0.0, 1.0)
    sudden = np.flatnonzero(spans[:, 0] == spans[:, 1])
    weights[sudden, spans[sudden, 0].astype(np.int64)] = np.tile(_PARTS, len(sudden) // len(_PARTS))
    return np.hstack([np.zeros((len(spans), 1)), weights])


def _ends(counts: Numbers, weights: Numbers) -> tuple[Numbers, Numbers]:
    """The shares before and after each change by least squares, changes x bins; exact for a jump between windows."""
    rows = counts.sum(axis=1)
    total = rows.sum()
    mean = weights @ rows / total
    spread = weights**2 @ rows - total * mean**2
    pooled = counts.sum(axis=0) / total
    slope = (weights @ counts - mean[:, None] * counts.sum(axis=0)) / np.maximum(spread, _LEAST)[:, None]
    before = np.maximum(pooled - mean[:, None] * slope, _LEAST)
    after = np.maximum(pooled + (1 - mean)[:, None] * slope, _LEAST)
    return before / before.sum(axis=1, keepdims=True), after / after.sum(axis=1, keepdims=True)


def _log_likelihoods(counts: Numbers, weights: Numbers) -> Numbers:
    """The logarithm of the likelihood of every change, less what is the same for all."""
    found = np.empty(len(weights))
    step = max(1, 2_000_000 // counts.size)
    for at in range(0, len(weights), step):
        part = weights[at : at + step]
        before, after = _ends(counts, part)
        shares = before[:, None, :] + part[:, :, None] * (after - before)[:, None, :]
        found[at : at + step] = np.einsum("ctb,tb->c", np.log(np.maximum(shares, _LEAST)), counts)
    return found


def _dispersion(counts: Numbers, weights: Numbers) -> float:
    """How many times as much as chance has it the windows stray along the line of the change, at least 1.

    Along that line, because straying to its sides moves no estimate: each window's counts are reduced to one score.
    """
    freedom = len(counts) - 3  # the baseline, the shares before and those after
    if freedom < 1:
        return 1.0
    ends = _ends(counts, weights[None, :])
    before, after = ends[0][0], ends[1][0]
    score = (after - before) / ((before + after) / 2)
    shares = before + weights[1:, None] * (after - before)
    rows = counts[1:].sum(axis=1)
    gaps = (counts[1:] - rows[:, None] * shares) @ score
    variances = rows * (shares @ score**2 - (shares @ score) ** 2)
    return max(1.0, float(np.sum(gaps**2 / np.maximum(variances, _LEAST))) / freedom)
