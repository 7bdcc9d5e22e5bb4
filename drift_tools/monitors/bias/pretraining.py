"""Bias in the labels, before any model: the metrics of SageMaker Clarify.

Definitions: Amazon SageMaker developer guide, "Pre-training bias metrics"; their directions are those of Clarify's own
published results. d is the facet's group, a are all other rows; every function takes counts of shape (…, 2, 2, 2) as
`confusion_counts` makes them and returns values of shape (…).
"""

import numpy as np

from drift_tools.monitors.bias.counts import GROUP, REST, Counts, Values, difference, ratio


def _labels(counts: Counts) -> Counts:
    """Rows by group and label, shape (…, 2, 2)."""
    labels: Counts = counts.sum(axis=-1)
    return labels


def _distributions(counts: Counts) -> tuple[Values, Values]:
    """The shares of the labels in the rest and in the group, each of shape (…, 2)."""
    labels = _labels(counts)
    shares = ratio(labels, labels.sum(axis=-1, keepdims=True))
    return shares[..., REST, :], shares[..., GROUP, :]


def class_imbalance(counts: Counts) -> Values:
    """CI = (n_a − n_d) / (n_a + n_d), −1 … 1."""
    rows = counts.sum(axis=(-1, -2))
    return ratio(rows[..., REST] - rows[..., GROUP], rows.sum(axis=-1))


def difference_in_positive_labels(counts: Counts) -> Values:
    """DPL = n1_a/n_a − n1_d/n_d, −1 … 1."""
    rest, group = _distributions(counts)
    return rest[..., 1] - group[..., 1]


def _divergence(first: Values, second: Values) -> Values:
    """Σ P ln(P/Q) in nats over all labels; infinite where the second has none of what the first has."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(first > 0, first * np.log(first / second), 0.0)
    divergence: Values = terms.sum(axis=-1)
    return divergence


def kullback_leibler(counts: Counts) -> Values:
    """KL = Σ P_a ln(P_a/P_d) in nats, 0 … ∞; Kullback and Leibler 1951."""
    return _divergence(*_distributions(counts))


def jensen_shannon(counts: Counts) -> Values:
    """JS = ½ (KL(P_a‖P) + KL(P_d‖P)) with P = ½ (P_a + P_d), 0 … ln 2: the divergence, in nats, without a root."""
    rest, group = _distributions(counts)
    middle = (rest + group) / 2
    return (_divergence(rest, middle) + _divergence(group, middle)) / 2


def lp_norm(counts: Counts) -> Values:
    """LP = √Σ (P_a − P_d)², of proportions, 0 … √2."""
    rest, group = _distributions(counts)
    norm: Values = np.sqrt(((rest - group) ** 2).sum(axis=-1))
    return norm


def total_variation_distance(counts: Counts) -> Values:
    """TVD = ½ Σ |P_a − P_d|, 0 … 1."""
    rest, group = _distributions(counts)
    distance: Values = np.abs(rest - group).sum(axis=-1) / 2
    return distance


def kolmogorov_smirnov(counts: Counts) -> Values:
    """KS = max |P_a − P_d| over the labels, 0 … 1: the largest difference of one label, nothing cumulated."""
    rest, group = _distributions(counts)
    distance: Values = np.abs(rest - group).max(axis=-1)
    return distance


def conditional_demographic_disparity(counts: Counts) -> Values:
    """CDD = Σ_g n_g · DD_g / n over strata g, DD = (d's share of the rejected) − (d's share of the accepted), −1 … 1.

    Takes counts of shape (…, strata, 2, 2) as `stratified_counts` makes them, of labels (CDDL) or predictions (CDDPL).
    A stratum without rejected (accepted) rows has a share of 0 of them. Wachter, Mittelstadt and Russell 2020.
    """
    of_outcome = counts.sum(axis=-2)
    shares = ratio(counts[..., GROUP, :], of_outcome)
    disparity = difference(shares[..., 0], shares[..., 1])
    rows = counts.sum(axis=(-1, -2))
    return ratio((rows * disparity).sum(axis=-1), rows.sum(axis=-1))
