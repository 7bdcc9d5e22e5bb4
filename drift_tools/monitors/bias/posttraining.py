"""Bias in what a model predicts: the metrics of SageMaker Clarify.

Definitions: Amazon SageMaker developer guide, "Post-training data and model bias metrics"; the directions (some are
a − d, some d − a) are those of Clarify's own published results. Every function but the flip test takes counts of shape
(…, 2, 2, 2) as `confusion_counts` makes them and returns values of shape (…).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from drift_tools.monitors.bias.counts import GROUP, REST, Counts, Truths, Values, difference, ratio


class _Outcomes(NamedTuple):
    """True and false positives and negatives of one group, each of shape (…)."""

    tp: Values
    fp: Values
    fn: Values
    tn: Values

    @classmethod
    def of(cls, counts: Counts, side: int) -> "_Outcomes":
        cells = counts[..., side, :, :]
        return cls(cells[..., 1, 1], cells[..., 0, 1], cells[..., 1, 0], cells[..., 0, 0])

    @property
    def rows(self) -> Values:
        return self.tp + self.fp + self.fn + self.tn


def _sides(counts: Counts) -> tuple[_Outcomes, _Outcomes]:
    return _Outcomes.of(counts, REST), _Outcomes.of(counts, GROUP)


def _positive_share(side: _Outcomes) -> Values:
    return ratio(side.tp + side.fp, side.rows)


def difference_in_positive_predictions(counts: Counts) -> Values:
    """DPPL = p1_a/n_a − p1_d/n_d, −1 … 1."""
    rest, group = _sides(counts)
    return _positive_share(rest) - _positive_share(group)


def disparate_impact(counts: Counts) -> Values:
    """DI = (p1_d/n_d) / (p1_a/n_a), 0 … ∞; 1 is neutral."""
    rest, group = _sides(counts)
    return ratio(_positive_share(group), _positive_share(rest))


def difference_in_conditional_acceptance(counts: Counts) -> Values:
    """DCA = n1_a/p1_a − n1_d/p1_d."""
    rest, group = (ratio(side.tp + side.fn, side.tp + side.fp) for side in _sides(counts))
    return difference(rest, group)


def difference_in_conditional_rejection(counts: Counts) -> Values:
    """DCR = n0_d/p0_d − n0_a/p0_a."""
    rest, group = (ratio(side.tn + side.fp, side.tn + side.fn) for side in _sides(counts))
    return difference(group, rest)


def recall_difference(counts: Counts) -> Values:
    """RD = TP_a/(TP_a + FN_a) − TP_d/(TP_d + FN_d), −1 … 1."""
    rest, group = (ratio(side.tp, side.tp + side.fn) for side in _sides(counts))
    return rest - group


def specificity_difference(counts: Counts) -> Values:
    """SD = TN_d/(TN_d + FP_d) − TN_a/(TN_a + FP_a), −1 … 1."""
    rest, group = (ratio(side.tn, side.tn + side.fp) for side in _sides(counts))
    return group - rest


def accuracy_difference(counts: Counts) -> Values:
    """AD = accuracy of a − accuracy of d, −1 … 1."""
    rest, group = (ratio(side.tp + side.tn, side.rows) for side in _sides(counts))
    return rest - group


def difference_in_acceptance_rates(counts: Counts) -> Values:
    """DAR = TP_a/(TP_a + FP_a) − TP_d/(TP_d + FP_d), −1 … 1: the difference of the precisions."""
    rest, group = (ratio(side.tp, side.tp + side.fp) for side in _sides(counts))
    return rest - group


def difference_in_rejection_rates(counts: Counts) -> Values:
    """DRR = TN_d/(TN_d + FN_d) − TN_a/(TN_a + FN_a), −1 … 1."""
    rest, group = (ratio(side.tn, side.tn + side.fn) for side in _sides(counts))
    return group - rest


def treatment_equality(counts: Counts) -> Values:
    """TE = FN_d/FP_d − FN_a/FP_a."""
    rest, group = (ratio(side.fn, side.fp) for side in _sides(counts))
    return difference(group, rest)


def generalized_entropy(counts: Counts) -> Values:
    """GE = Σ ((b/b̄)² − 1) / 2n with b = prediction − label + 1, over all rows, 0 … ½; NaN where every b is 0.

    Speicher et al. 2018, with α = 2. b is 0 of a false negative, 1 of a right prediction, 2 of a false positive.
    """
    together = _Outcomes(*(rest + group for rest, group in zip(*_sides(counts), strict=True)))
    rows = together.rows
    right = together.tp + together.tn
    mean = ratio(right + 2 * together.fp, rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        return (ratio(right + 4 * together.fp, rows) / mean**2 - 1) / 2


# Neighbours asked for one row of the group; with few rows in the rest the nearest one only (smclarify `FT`).
_NEIGHBOURS = 5
_FEW = 9


def flips(features: NDArray[np.float64], group: Truths, predicted: Truths) -> NDArray[np.float64]:
    """Compare each row of the group with its nearest neighbours (Euclidean) in the rest.

    Parameters
    ----------
    features:
        Numbers of shape (rows, features), none missing.
    group, predicted:
        One truth a row.

    Returns
    -------
    Of shape (rows of the group,): 1 where the row is predicted positive and most of its neighbours are negative, −1
    for the reverse, 0 where they agree. Both sides need at least one row.
    """
    rest = ~group
    neighbours = _NEIGHBOURS if rest.sum() > _FEW else 1
    _, nearest = cKDTree(features[rest]).query(features[group], k=[*range(1, neighbours + 1)])
    votes = predicted[rest][nearest].mean(axis=1) > 0.5
    compared: NDArray[np.float64] = predicted[group].astype(np.float64) - votes
    return compared
