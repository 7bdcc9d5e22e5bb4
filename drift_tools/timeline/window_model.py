"""What a baseline's windows teach: what each slot of the season expects, and how far windows stray from it by nature.

The unit is the window, not the row: hours differ although nothing is wrong, and rows of one hour depend on each other.
A window of n rows is expected to stray by v(n) = max(τ² + v₀/n, φ v₀/n), where v₀/n is what independent rows would:
τ² where hours stray by themselves, φ where rows come in clusters; at the baseline's own n both say the same, so the
careful one of them is taken elsewhere.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.timeline.materiality import effect_of
from drift_tools.timeline.scores import (
    WIDTH,
    Family,
    hits_of,
    row_variance,
    rows_of,
    score_rows,
    scores_of,
)
from drift_tools.timeline.season import Slots, choose_season, is_seasonal, slot_means
from drift_tools.timeline.season_names import SeasonName

Floats = NDArray[np.float64]

# Effective rows expected of a share: below FEW its logit has no normal tail, below COMMON it is a rare share, and below
# PLENTY its tails say nothing of the windows'.
FEW: Final = 100.0
COMMON: Final = 10.0
PLENTY: Final = 30.0
_OWN_DISPERSION = 5.0
_LAGS = 36
_REMEMBERS = 2.0
_ERROR_OF_LONG_RUN = 1.6
# Standard errors of kurtosis and skewness beyond which tails are not believed to be normal.
_ODD = 3.5
_MOST_ODD = 0.25
_LEAST_BINS_OF_SPREAD = 3
_TINY = 1e-30


@dataclass(frozen=True, eq=False, slots=True)
class Standardised:
    """Scores of windows less what their slot expects, windows x features x scores.

    `z`: divided by the standard deviation of a new window of so many rows, NaN where a window says nothing; `variance`:
    its square. `hits`, `rows`: of the shares. `known`: windows of a time that the baseline has; `slot`: of each window.
    """

    z: Floats
    variance: Floats
    hits: Floats
    rows: Floats
    slot: NDArray[np.intp]
    known: NDArray[np.bool_]

    def last(self) -> "Standardised":
        """The last window alone."""
        return Standardised(
            self.z[-1:], self.variance[-1:], self.hits[-1:], self.rows[-1:], self.slot[-1:], self.known[-1:]
        )


@dataclass(frozen=True, eq=False, slots=True)
class WindowModel:
    """The fit of one family of features. Arrays are slots x features x scores, or features x scores.

    `mean`, `variance`, `freedom`: of the scores. `share`, `dispersion`: of the shares among them, on their own scale.
    `heavy`: scores whose tails are not normal. `long_run`: variance of a sum of standardised windows over that of
    independent ones. `noise`: the mean index of the baseline's windows against their slots. `lowest`, `highest`: of
    the baseline's own standardised windows. `in_use`: scores that say anything of this feature.
    """

    family: Family
    normal: Floats
    windows: int
    slots: Slots
    size: Floats
    mean: Floats
    expected: Floats
    share: Floats
    row_variance: Floats
    rows: Floats
    tau2: Floats
    phi: Floats
    dispersion: Floats
    variance: Floats
    freedom: Floats
    long_run: Floats
    heavy: NDArray[np.bool_]
    in_use: NDArray[np.bool_]
    lowest: Floats
    highest: Floats
    noise: Floats
    coupling: Floats
    mean_rows: Floats

    @property
    def season(self) -> SeasonName:
        """The season's name."""
        return self.slots.season

    @property
    def weights(self) -> Floats:
        """The weights of each feature's scores, 0 of those that are not in use."""
        weights: Floats = np.where(self.in_use, np.array(self.family.weights), 0.0)
        return weights

    @property
    def is_common(self) -> NDArray[np.bool_]:
        """Scores of which a window has rows enough for the cumulative test of means."""
        expected = self.share.mean(0) * self.mean_rows[:, None] / self.dispersion >= COMMON
        is_moment = np.arange(self.family.size) < self.family.moments
        common: NDArray[np.bool_] = (expected | is_moment) & self.in_use
        return common

    @property
    def long_run_scale(self) -> Floats:
        """The root of the long-run variance; where windows clearly remember each other, of its upper bound."""
        bound = np.where(self.long_run > _REMEMBERS, _ERROR_OF_LONG_RUN * self.long_run, self.long_run)
        scale: Floats = np.sqrt(bound)
        return scale

    @property
    def remembers(self) -> NDArray[np.bool_]:
        """Features whose windows clearly resemble those just before, beyond the season: they need a longer baseline."""
        return np.asarray(np.any((self.long_run > _REMEMBERS) & self.is_common, axis=-1))

    def standardise(self, counts: Floats, starts: NDArray[np.int64]) -> Standardised:
        """Windows' scores less what their slot expects, divided by how far a new window of so many rows strays.

        `counts`: windows x features x `WIDTH`; `starts`: seconds since 1970.
        """
        at = self.slots.locate(starts)
        known, slot = at >= 0, np.maximum(at, 0)
        rows = score_rows(counts, self.family)
        deviation = _uncoupled(scores_of(counts, self.family, self.normal) - self.mean[slot], self.coupling)
        spread = self.spread(slot, rows) + self.variance / self.size[slot]
        with np.errstate(invalid="ignore", divide="ignore"):
            z = np.where(spread > 1e-25, deviation / np.sqrt(np.maximum(spread, _TINY)), 0.0)
        z = np.where((rows > 0) & known[:, None, None] & self.in_use, z, np.nan)
        return Standardised(z, spread, hits_of(counts, self.family), rows, slot, known)

    def spread(self, slot: NDArray[np.intp], rows: Floats) -> Floats:
        """The variance of a new window of so many rows about its slot's true mean."""
        chance = self.row_variance[slot] / np.maximum(rows, 1.0)
        variance: Floats = np.maximum(self.tau2 + chance, self.phi * chance)
        return variance

    def expected_share(self, slot: NDArray[np.intp]) -> Floats:
        """The share that each slot expects, at least half a row of the whole baseline."""
        share: Floats = np.maximum(self.share[slot], 0.5 / self.rows[:, None])
        return share

    def slot_rows(self, slot: NDArray[np.intp]) -> Floats:
        """The baseline's rows that the mean of each slot rests on."""
        rows: Floats = self.rows[:, None] * self.size[slot] / self.windows
        return rows


def fit_windows(
    counts: Floats, starts: NDArray[np.int64], family: Family, normal: Floats, *, season: str = "auto"
) -> WindowModel:
    """Fit a baseline's windows.

    Parameters
    ----------
    counts
        windows x features x `WIDTH`, at least two windows, each with rows.
    starts
        of the windows, seconds since 1970 (UTC).
    family, normal
        how the features are scored: see `scores_of`.
    season
        one of `drift_tools.timeline.season.SEASONS`, or `auto`.
    """
    windows = len(counts)
    scores = _filled(scores_of(counts, family, normal))
    slots = choose_season(scores, starts, season)
    is_flat = ~is_seasonal(scores, slots, starts)
    at = slots.index
    size = np.where(is_flat, float(windows), slots.sizes[:, None, None].astype(np.float64))
    mean = np.where(is_flat, scores.mean(0), slot_means(scores, slots))
    coupling = _coupling(scores - mean[at], family)
    residual = _uncoupled(scores - mean[at], coupling)
    rows, shares = rows_of(counts), counts / np.maximum(rows_of(counts)[..., None], 1.0)
    expected, total = slot_means(shares, slots), np.maximum(rows.sum(0), 1.0)
    per_row = row_variance(expected, family, normal, 0.5 / total)
    chance = per_row[at] / np.maximum(score_rows(counts, family), 1.0)
    left_out = (size / (size - 1))[at]
    square = residual**2 * left_out
    with np.errstate(invalid="ignore", divide="ignore"):
        phi = np.where(chance.mean(0) > 0, square.mean(0) / chance.mean(0), 1.0)
    tau2, phi = np.maximum((square - chance).mean(0), 0.0), np.maximum(phi, 1.0)
    natural = hits_of(shares, family)
    share = np.where(is_flat, natural.mean(0), slot_means(natural, slots))
    in_use = _in_use(counts, family)
    dispersion = _dispersion(
        natural, share[at], rows=rows, left_out=left_out, phi=phi, in_use=in_use, moments=family.moments
    )
    own = residual / np.sqrt(np.maximum(np.maximum(tau2 + chance, phi * chance) * (1 - 1 / size[at]), _TINY))
    own = np.where(in_use, own, 0.0)
    long_run, memory = _memory(residual / np.sqrt(np.maximum(square.mean(0), _TINY)))
    mean_rows = rows.mean(0)
    effective = share.mean(0) * mean_rows[:, None]
    noise = effect_of(counts, expected[at]).psi * ((slots.sizes + 1) / (slots.sizes - 1))[at][:, None]
    return WindowModel(
        family=family,
        normal=normal,
        windows=windows,
        slots=slots,
        size=size,
        mean=mean,
        expected=expected,
        share=share,
        row_variance=per_row,
        rows=total,
        tau2=tau2,
        phi=phi,
        dispersion=dispersion,
        variance=np.maximum(square.mean(0), chance.mean(0)),
        freedom=np.maximum((windows - np.where(is_flat, 1, len(slots.labels))) / memory, 1.0),
        long_run=long_run,
        heavy=_heavy(own, effective, family, in_use),
        in_use=in_use,
        lowest=own.min(0),
        highest=own.max(0),
        noise=noise.mean(0),
        coupling=coupling,
        mean_rows=mean_rows,
    )


def _filled(scores: Floats) -> Floats:
    """Scores with those that do not exist (no value in the window) replaced by the mean of the others."""
    missing = np.isnan(scores)
    if not missing.any():
        return scores
    known = np.maximum((~missing).sum(0), 1)
    return np.where(missing, np.where(missing, 0.0, scores).sum(0) / known, scores)


def _in_use(counts: Floats, family: Family) -> NDArray[np.bool_]:
    """Scores that say anything: no location of a constant, no spread of two values, no share of a category that the
    feature does not have.
    """
    filled = counts.sum(0) > 0
    bins = filled[:, : WIDTH - 4].sum(-1)
    used = np.ones((counts.shape[1], family.size), dtype=bool)
    if family.moments:
        used[:, 0], used[:, 1] = bins > 1, bins >= _LEAST_BINS_OF_SPREAD
    else:
        used[:, : WIDTH - 4] = filled[:, : WIDTH - 4]
    return used


def _coupling(residual: Floats, family: Family) -> Floats:
    """What the spread of a window owes to its location: features x (linear, quadratic, mean square); 0 of
    categories.
    """
    features = residual.shape[1]
    if not family.moments:
        return np.zeros((features, 3))
    location = residual[..., 0]
    square = (location**2).mean(0)
    design = np.stack([location, location**2 - square], -1)
    scale = np.maximum(np.sqrt((design**2).mean(0)), 1e-12)
    design = design / scale
    gram = np.einsum("wfi,wfj->fij", design, design) + 1e-9 * len(residual) * np.eye(2)
    beta = np.linalg.solve(gram, np.einsum("wfi,wf->fi", design, residual[..., 1])[..., None])[..., 0] / scale
    return np.concatenate([beta, square[:, None]], -1)


def _uncoupled(deviation: Floats, coupling: Floats) -> Floats:
    """Deviations of scores with what the spread owes to the location taken away."""
    if not coupling.any():
        return deviation
    deviation = deviation.copy()
    location = deviation[..., 0]
    deviation[..., 1] -= coupling[:, 0] * location + coupling[:, 1] * (location**2 - coupling[:, 2])
    return deviation


def _dispersion(
    natural: Floats,
    share: Floats,
    *,
    rows: Floats,
    left_out: Floats,
    phi: Floats,
    in_use: NDArray[np.bool_],
    moments: int,
) -> Floats:
    """How many times as much as chance has it the shares stray, on their own scale; rare ones borrow the feature's."""
    chance = (share * (1 - share) / np.maximum(rows, 1.0)[..., None]).mean(0)
    gaps = ((natural - share) ** 2 * left_out).mean(0)
    own = np.where(chance > 0, np.maximum(1.0, gaps / np.maximum(chance, _TINY)), 1.0)
    own[:, :moments] = phi[:, :moments]
    common = share.mean(0) * rows.mean(0)[:, None] >= _OWN_DISPERSION
    common[:, :moments] = True
    common &= in_use
    number = common.sum(-1)
    pooled = np.where(number > 0, (own * common).sum(-1) / np.maximum(number, 1), 1.0)
    found: Floats = np.where(common, own, np.maximum(own, pooled[:, None]))
    return found


def _memory(z: Floats) -> tuple[Floats, Floats]:
    """The long-run variance of standardised windows (Bartlett's weights), and by how much fewer windows they are worth
    for a variance (Bartlett 1946: 1 + 2 Σ ρ²).
    """
    windows = len(z)
    long_run, squares = np.ones(z.shape[1:]), np.ones(z.shape[1:])
    for lag in range(1, min(_LAGS, windows - 1) + 1):
        correlation = (z[lag:] * z[:-lag]).mean(0)
        long_run += 2 * (1 - lag / (_LAGS + 1)) * correlation
        squares += 2 * np.maximum(correlation**2 - 4 / windows, 0.0)
    return np.maximum(long_run, 1.0), squares


def _heavy(own: Floats, effective: Floats, family: Family, in_use: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Scores whose tails are not believed: those of a feature of which one is skewed or has heavy tails; of every
    feature, if a quarter of them is so. Rare shares have tails of their own.
    """
    windows = len(own)
    plenty, common = effective >= PLENTY, effective >= _OWN_DISPERSION
    plenty[:, : family.moments] = common[:, : family.moments] = True
    scale = np.maximum((own**2).mean(0), 1e-12)
    kurtosis, skewness = (own**4).mean(0) / scale**2 - 3, (own**3).mean(0) / scale**1.5
    odd = (kurtosis > _ODD * np.sqrt(24 / windows)) | (np.abs(skewness) > _ODD * np.sqrt(6 / windows))
    features: NDArray[np.bool_] = (odd & plenty & in_use).any(-1)
    found: NDArray[np.bool_] = np.logical_or(features, features.mean() > _MOST_ODD)[:, None] & common
    return found
