"""One window against what the baseline's windows do: a p-value of each score, and runs where no tail is believed."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from drift_tools.timeline.rare_shares import rare_p_value
from drift_tools.timeline.window_model import FEW, Standardised, WindowModel

Floats = NDArray[np.float64]

# Nearer to what is expected than this no rare share can be called: its tail is not computed.
_FAR = 3.5
_LEAST_HITS = 2
_LONGEST_RUN = 24


def sudden_p_values(model: WindowModel, windows: Standardised) -> Floats:
    """Two-sided p-values of each score of each window, windows x features x scores; 1 of what says nothing.

    By Student's t of the baseline's degrees of freedom; of a share of which few effective rows are expected by the
    beta-binomial tail of `drift_tools.timeline.rare_shares.rare_p_value`.
    """
    p = 2 * stdtr(model.freedom, -np.abs(np.nan_to_num(windows.z)))
    share = model.expected_share(windows.slot)
    is_few = share * windows.rows / model.dispersion < FEW
    is_few[..., : model.family.moments] = False
    p = np.where(is_few, 1.0, p)
    mean = share * windows.rows
    is_far = np.abs(windows.hits - mean) > _FAR * np.sqrt(mean * model.dispersion)
    tested = is_few & is_far & ((windows.hits >= _LEAST_HITS) | (windows.hits < mean)) & ~np.isnan(windows.z)
    slot_rows = model.slot_rows(windows.slot)
    for at in zip(*np.nonzero(tested), strict=True):
        p[at] = rare_p_value(
            float(windows.hits[at]),
            float(windows.rows[at]),
            float(share[at]),
            float(slot_rows[at]),
            float(model.dispersion[at[1:]]),
        )
    return p


def weighted_p_values(model: WindowModel, p_values: Floats) -> tuple[Floats, NDArray[np.intp]]:
    """The p-value of each feature by weighted Bonferroni over its scores, and the score that it came from. Scores whose
    tails are not normal are left to `runs_beyond`.
    """
    weights = np.where(model.heavy, 0.0, model.weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        weighted = np.where(weights > 0, p_values / weights, np.inf)
    return np.minimum(weighted.min(-1), 1.0), weighted.argmin(-1)


def run_length(windows: int, tests: float, level: float) -> int:
    """How many windows in a row have to lie beyond all of a baseline's on one side so that `tests` series (each of two
    sides) are called at most with this probability a window.

    Of W exchangeable windows of the baseline and L new ones the new ones are the L largest with probability
    1 / C(W + L, L), whatever the distribution.

    >>> run_length(336, 68, 8.6e-5)
    3
    >>> run_length(168, 68, 8.6e-5)
    4
    """
    for length in range(2, _LONGEST_RUN):
        if 2 * tests / math.comb(windows + length, length) <= level:
            return length
    return _LONGEST_RUN


def runs_beyond(model: WindowModel, z: Floats, length: int) -> NDArray[np.bool_]:
    """Windows x features that end a run of `length` of which every window is above, or every one below, all of the
    baseline's: of scores whose tails are not normal, and whose windows do not remember each other.
    """
    used = model.heavy & model.in_use & (model.long_run <= 2)
    found = np.zeros(z.shape[:2], dtype=bool)
    if not used.any() or len(z) < length:
        return found
    with np.errstate(invalid="ignore"):
        sides = ((z > model.highest) & used, (z < model.lowest) & used)
    for beyond in sides:
        run = beyond.copy()
        for lag in range(1, length):
            run[lag:] &= beyond[:-lag]
        run[: length - 1] = False
        found |= run.any(-1)
    return found
