"""Bias of two models on the same rows: how far each metric of a group is from its neutral value, and the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.bias import FEWEST_ROWS, METRICS, Facet, Metric, selections
from drift_tools.retraining.paired import RESAMPLES, Estimate, Numbers, PairedTest, Truths
from drift_tools.tables import Table

# Of the difference between a group and the rest, what people ask first: predictions, accuracy, recall, precision.
_METRICS: Final = tuple(metric for metric in METRICS if metric.name in {"DPPL", "AD", "RD", "DAR"})
_SEED: Final = 20260101


@dataclass(frozen=True, kw_only=True)
class GroupTest:
    """One metric of one group: `test` compares distances from the neutral value, of which less is better."""

    facet: str
    value: str
    metric: str
    rows: int
    test: PairedTest


def compare_groups(
    features: Table,
    labels: Truths,
    champion: Truths,
    challenger: Truths,
    facets: Sequence[Facet],
    *,
    confidence: float,
) -> list[GroupTest]:
    """Compare the bias metrics DPPL, AD, RD and DAR (Amazon SageMaker Clarify) of two models.

    Rows are drawn again, with both models' predictions: multinomial draws of the counts of group x label x prediction x
    prediction, which is the same. Groups of fewer than 30 rows, or with a rest of fewer, are left out.

    Parameters
    ----------
    features:
        Of the same rows; the facets are among them.
    labels, champion, challenger:
        Whether the true label and each prediction are the favourable one.
    facets:
        Whose groups are compared.
    confidence:
        Of the intervals, between 0 and 1.

    Raises
    ------
    InputError
        If a feature is not there or has no groups.
    """
    found = []
    for facet in facets:
        if facet.name not in features.columns:
            raise InputError(f"there is no feature {facet.name!r}: there are {', '.join(features.names)}")
        cells = features.columns[facet.name].as_texts()
        for group in selections(facet.name, np.array(cells, dtype=object), facet.values):
            rows = int(np.count_nonzero(group.chosen))
            if min(rows, len(labels) - rows) < FEWEST_ROWS:
                continue
            counts = _counts(group.chosen, labels, champion, challenger)
            drawn = np.random.default_rng(_SEED).multinomial(len(labels), counts.ravel() / len(labels), RESAMPLES)
            drawn = drawn.reshape(-1, *counts.shape)
            for metric in _METRICS:
                test = _test(metric, counts, drawn, confidence)
                if test is not None:
                    found.append(
                        GroupTest(
                            facet=facet.name, value=group.value_or_threshold, metric=metric.name, rows=rows, test=test
                        )
                    )
    return found


def _counts(group: Truths, labels: Truths, champion: Truths, challenger: Truths) -> NDArray[np.float64]:
    """Count rows; of shape (group, label, champion, challenger)."""
    code = np.stack([group, labels, champion, challenger]).astype(np.intp)
    flat = np.ravel_multi_index(tuple(code), (2, 2, 2, 2))
    return np.bincount(flat, minlength=16).reshape(2, 2, 2, 2).astype(np.float64)


def _distances(metric: Metric, counts: NDArray[np.float64]) -> tuple[Numbers, Numbers]:
    """The distances of the champion and of the challenger; the other one's predictions are summed over."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = (np.abs(metric.scaled(metric.of(counts.sum(axis=axis)))) for axis in (-1, -2))
    return np.asarray(one), np.asarray(other)


def _test(
    metric: Metric, counts: NDArray[np.float64], drawn: NDArray[np.int64], confidence: float
) -> PairedTest | None:
    before, after = (float(value) for value in _distances(metric, counts))
    if not np.isfinite(before) or not np.isfinite(after):
        return None
    one, other = _distances(metric, drawn.astype(np.float64))
    growth = other - one
    growth = growth[np.isfinite(growth)]
    tails = [(1 - confidence) / 2, (1 + confidence) / 2]
    below, above = np.count_nonzero(growth <= 0), np.count_nonzero(growth >= 0)
    p_value = min(1.0, 2 * (1 + min(below, above)) / (1 + len(growth)))
    estimates = [
        Estimate(value, *(float(edge) for edge in np.nanquantile(values, tails)))
        for value, values in ((before, one), (after, other), (after - before, growth))
    ]
    return PairedTest(estimates[0], estimates[1], estimates[2], float(p_value), "paired bootstrap")
