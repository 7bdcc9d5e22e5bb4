"""Measure the bias of one facet's group: every metric with an interval, or the reason why it has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.monitors.bias.counts import (
    Counts,
    Truths,
    confusion_counts,
    draws,
    prior,
    stratified_counts,
)
from drift_tools.monitors.bias.metrics import METRICS, Metric, Source, Stage
from drift_tools.monitors.bias.posttraining import flips

# Draws of the bootstrap: its standard error is known to 1/√(2·1000), 2 %.
_DRAWS: Final = 1000
_SEED: Final = 0
_95_PERCENT: Final = 1.959963984540054
# The flip test looks for neighbours among all rows of the rest: time grows with the product of the two sides.
MOST_ROWS_OF_FLIP_TEST: Final = 20_000
# Below so many rows of the group or of the rest no metric is judged.
FEWEST_ROWS: Final = 30


@dataclass(frozen=True, slots=True)
class BiasData:
    """What bias is measured from, one entry a row.

    Parameters
    ----------
    label:
        Whether the true label is positive.
    predicted:
        Whether the prediction is; None where there are no predictions: then only pre-training metrics are measured.
    strata:
        Codes from 0 of the group variable's values, for CDDL and CDDPL; None where there is none.
    features:
        Numbers of shape (rows, features) for the flip test; None where there are none.
    """

    label: Truths
    predicted: Truths | None = None
    strata: NDArray[np.int64] | None = None
    features: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class MetricValue:
    """One metric of one group in one window.

    `value` is SageMaker Clarify's, None where `error` says why there is none. `low` and `high` are the ends of its 95 %
    interval. `estimate` and `standard_error` are what it is judged by: the metric of counts to each of which half a row
    is added, on the metric's own scale, so that both are finite where the value is not.
    """

    metric: Metric
    value: float | None = None
    error: str | None = None
    low: float | None = None
    high: float | None = None
    estimate: float | None = None
    standard_error: float | None = None


@dataclass(frozen=True, slots=True)
class GroupBias:
    """All metrics of one facet's group; `rows` of the group and `rest` are what they stand on."""

    facet: str
    value_or_threshold: str
    rows: int
    rest: int
    values: Mapping[str, MetricValue] = field(default_factory=dict)

    @property
    def is_enough(self) -> bool:
        """Whether both sides have rows enough for a judgement."""
        return min(self.rows, self.rest) >= FEWEST_ROWS


def measure(facet: str, value_or_threshold: str, group: Truths, data: BiasData) -> GroupBias:
    """Measure all metrics that the data allow for one group.

    Parameters
    ----------
    facet, value_or_threshold:
        The facet's name and how its group is written.
    group:
        Of shape (rows,): whether a row belongs to the group; all others are the rest.
    data:
        The labels and, where there are any, predictions, strata and features of the same rows.
    """
    counts = _counts(group, data)
    values = {}
    for metric in METRICS:
        if metric.stage is Stage.POST_TRAINING and data.predicted is None:
            continue
        why = _obstacle(metric, group, data)
        values[metric.name] = MetricValue(metric, error=why) if why else _value(metric, counts[metric.source])
    return GroupBias(facet, value_or_threshold, int(group.sum()), int((~group).sum()), values)


def _counts(group: Truths, data: BiasData) -> dict[Source, Counts]:
    """The counts that the metrics are computed from, of every source that the data have."""
    found = {Source.CONFUSION: confusion_counts(group, data.label, data.predicted)}
    if data.strata is not None:
        found[Source.STRATA_OF_LABELS] = stratified_counts(data.strata, group, data.label)
        if data.predicted is not None:
            found[Source.STRATA_OF_PREDICTIONS] = stratified_counts(data.strata, group, data.predicted)
    if data.predicted is not None and data.features is not None and _obstacle_to_flips(data) is None:
        found[Source.FLIPS] = _flip_counts(group, data.predicted, data.features)
    return found


def _flip_counts(group: Truths, predicted: Truths, features: NDArray[np.float64]) -> Counts:
    """How many rows of the group are −1, 0 and 1, of a sample of the rows where there are too many."""
    chosen = np.arange(len(group))
    if len(chosen) > MOST_ROWS_OF_FLIP_TEST:
        chosen = np.sort(np.random.default_rng(_SEED).permutation(len(chosen))[:MOST_ROWS_OF_FLIP_TEST])
    if not group[chosen].any() or group[chosen].all():
        return np.zeros(3)
    found = flips(features[chosen], group[chosen], predicted[chosen])
    return np.array([(found == sign).sum() for sign in (-1, 0, 1)], dtype=np.float64)


def _obstacle(metric: Metric, group: Truths, data: BiasData) -> str | None:
    """Why a metric has no value, in one line; None if it has one."""
    if not group.any():
        return "the facet's group has no rows"
    if group.all():
        return "all rows belong to the facet's group: there is nothing to compare it with"
    if metric.source is Source.FLIPS:
        return _obstacle_to_flips(data)
    if metric.source is Source.STRATA_OF_LABELS:
        return _obstacle_to_strata(data, data.label)
    if metric.source is Source.STRATA_OF_PREDICTIONS:
        return _obstacle_to_strata(data, data.predicted)
    return None


def _obstacle_to_strata(data: BiasData, outcome: Truths | None) -> str | None:
    if data.strata is None or outcome is None:
        return "no group variable is given"
    if outcome.all() or not outcome.any():
        return f"all rows are {'positive' if outcome.all() else 'negative'}"
    return None


def _obstacle_to_flips(data: BiasData) -> str | None:
    if data.features is None:
        return "not all features are numbers"
    return None if np.isfinite(data.features).all() else "some features are missing or infinite"


def _value(metric: Metric, counts: Counts) -> MetricValue:
    """The value of the counts, with an interval of a bootstrap on the metric's own scale."""
    value = float(metric.of(counts))
    if np.isnan(value):
        return MetricValue(metric, error="it is not defined for these rows")
    if metric.source is Source.FLIPS:
        # Rows of the group share their neighbours, all of them where features have few values: how far the share of
        # flips strays from sample to sample does not follow from its counts, and drawing neighbours anew takes minutes.
        return MetricValue(metric, value)
    # Counts and draws are measured with the same prior, so that a group without a single positive stays finite.
    added = prior(counts.size)
    estimate = float(metric.scaled(metric.of(counts + added)))
    standard_error = float(metric.scaled(metric.of(draws(counts, _DRAWS, _SEED) + added)).std(ddof=1))
    low, high = (metric.unscaled(estimate + side * _95_PERCENT * standard_error) for side in (-1, 1))
    return MetricValue(metric, value, None, low, high, estimate, standard_error)
