"""What a window is reduced to: a few scores a feature, computed from its rows' counts in the baseline's bins.

A feature's counts are `WIDTH` numbers: ten value bins (deciles, or categories), then the rows of a category that is
new, that are missing, that are of another type. The last column, `BEYOND`, counts numbers beyond the baseline's range;
they are in the outer bins, too, so it is left out of sums.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

VALUES: Final = 10
NEW, MISSING, OTHER, BEYOND, WIDTH = 10, 11, 12, 13, 14
_MOMENTS: Final = 2

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of feature is scored.

    `columns`: of the counts, the shares that are scores. `weights`: of all scores (numbers begin with location and
    spread), the shares of a feature's level; they add up to 1. `names`: of all scores, as messages say them.
    """

    name: str
    moments: int
    columns: tuple[int, ...]
    weights: tuple[float, ...]
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many scores a feature has."""
        return self.moments + len(self.columns)

    def column_of(self, score: int) -> int | None:
        """The column of the counts that a score is the share of; None of location and spread."""
        return None if score < self.moments else self.columns[score - self.moments]


NUMBERS: Final = Family(
    "numerical",
    _MOMENTS,
    (MISSING, OTHER, BEYOND),
    (0.5, 0.2, 0.15, 0.05, 0.1),
    ("location", "spread", "missing", "other types", "beyond the range"),
)
CATEGORIES: Final = Family(
    "categorical",
    0,
    (*range(VALUES), NEW, MISSING, OTHER),
    (*[0.05] * VALUES, 0.2, 0.2, 0.1),
    (*["category"] * VALUES, "new categories", "missing", "other types"),
)


def normal_scores(shares: Floats) -> Floats:
    """The mean of a standard normal in each bin, of bins in order with these shares; 0 of an empty bin.

    `shares`: ... x bins, adding up to 1 or, of a feature without values, to 0. Scores of deciles are the "normal
    scores" of rank tests (van der Waerden), in which a normal shift by d standard deviations has a mean of about d.

    >>> normal_scores(np.array([0.5, 0.5])).round(4)
    array([-0.7979,  0.7979])
    """
    upper = np.clip(np.cumsum(shares, -1), 0.0, 1.0)
    edges = np.concatenate([np.zeros((*shares.shape[:-1], 1)), upper], -1)
    edges[..., -1] = 1.0
    with np.errstate(invalid="ignore"):
        at = ndtri(edges)
        density = np.where(np.isfinite(at), np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi), 0.0)
    gap = density[..., :-1] - density[..., 1:]
    width = np.diff(edges, axis=-1)
    scores: Floats = np.where(width > 1e-12, gap / np.maximum(width, 1e-12), 0.0)
    return scores


def rows_of(counts: Floats) -> Floats:
    """The rows of each window and feature."""
    rows: Floats = counts[..., :BEYOND].sum(-1)
    return rows


def score_rows(counts: Floats, family: Family) -> Floats:
    """How many rows each score rests on: those with a value of location and spread, all of a share."""
    rows = np.repeat(rows_of(counts)[..., None], family.size, -1)
    if family.moments:
        rows[..., : family.moments] = counts[..., :VALUES].sum(-1)[..., None]
    return rows


def hits_of(counts: Floats, family: Family) -> Floats:
    """The rows of each share; 0 of location and spread."""
    hits: Floats = counts[..., list(family.columns)].astype(np.float64)
    if family.moments:
        hits = np.concatenate([np.zeros((*hits.shape[:-1], family.moments)), hits], -1)
    return hits


def scores_of(counts: Floats, family: Family, normal: Floats) -> Floats:
    """The scores of windows: mean normal score, deviation about the window's own mean, logits of shares.

    Parameters
    ----------
    counts
        windows x features x `WIDTH`.
    family
        which scores they have.
    normal
        the features' normal scores of value bins, features x `VALUES`; not used of categories.

    Returns
    -------
    windows x features x scores; NaN of location and spread where a window has no value.
    """
    hits, rows = hits_of(counts, family), rows_of(counts)[..., None]
    scores: Floats = np.log((hits + 0.5) / (rows - hits + 0.5))
    if family.moments:
        values = counts[..., :VALUES]
        present = values.sum(-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (values * normal).sum(-1) / present
            square = (values * normal**2).sum(-1) / present
        scores[..., 0] = mean
        scores[..., 1] = np.sqrt(np.maximum(square - mean**2, 0.0))
    return scores


def row_variance(shares: Floats, family: Family, normal: Floats, floor: Floats) -> Floats:
    """The variance of a score times the rows that it rests on, by the delta method, if rows were independent.

    `shares`: expected ones, ... x features x `WIDTH`; `floor`: of a share, by feature.
    """
    share = np.clip(hits_of(shares, family), floor[:, None], 1 - 1e-9)
    variance: Floats = 1 / (share * (1 - share))
    if family.moments:
        values = shares[..., :VALUES]
        present = np.maximum(values.sum(-1, keepdims=True), 1e-12)
        q = values / present
        deviation = normal - (q * normal).sum(-1, keepdims=True)
        second, fourth = (q * deviation**2).sum(-1), (q * deviation**4).sum(-1)
        variance[..., 0] = second
        variance[..., 1] = np.maximum(fourth - second**2, 0.0) / np.maximum(4 * second, 1e-12)
    return variance
