"""The bias metrics by name: what each is computed from, on which scale it is judged, and from when a change counts."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from drift_tools.monitors.bias import posttraining, pretraining
from drift_tools.monitors.bias.counts import Counts, Values, ratio


class Stage(Enum):
    """Whether a metric looks at labels alone or at predictions too; the values are Clarify's own words for it."""

    PRE_TRAINING = "Pre-training"
    POST_TRAINING = "Post-Training"


class Source(Enum):
    """Which counts a metric is computed from."""

    CONFUSION = "group × label × prediction"
    STRATA_OF_LABELS = "stratum × group × label"
    STRATA_OF_PREDICTIONS = "stratum × group × prediction"
    FLIPS = "flips by sign"


@dataclass(frozen=True, slots=True)
class Metric:
    """One bias metric.

    Parameters
    ----------
    name, description:
        As SageMaker Clarify writes them into analysis.json.
    of:
        Takes counts of shape (…, and those of `source`), returns values of shape (…).
    material:
        The change, on the scale on which the metric is judged, below which a difference is harmless however sure.
    judged_by:
        The metric whose evidence this one shares. With a binary label KL, JS, LP, TVD and KS are functions of the same
        two shares as DPL: testing them again would find the same thing six times.
    is_ratio:
        Whether 1 is neutral and the metric is judged by its logarithm, as DI.
    """

    name: str
    description: str
    stage: Stage
    source: Source
    of: Callable[[Counts], Values]
    material: float
    judged_by: str | None = None
    is_ratio: bool = False

    def scaled(self, values: Values) -> Values:
        """The values on the scale on which they are judged: 0 is neutral."""
        if not self.is_ratio:
            return values
        with np.errstate(divide="ignore"):
            return np.log(values)

    def unscaled(self, value: float) -> float:
        """The inverse of `scaled`, of one value."""
        return float(np.exp(value)) if self.is_ratio else value


def _mean_flip(counts: Counts) -> Values:
    """FT from the number of rows that are −1, 0 and 1, shape (…, 3)."""
    return ratio(counts[..., 2] - counts[..., 0], counts.sum(axis=-1))


# A difference of shares counts from 5 points on. The distances of two label distributions are held to the same 5
# points: LP is √2 times as much, KL and JS are about 2 δ² and δ²/2 around one half. A ratio counts from 5/4 (or 4/5,
# the "four-fifths rule" of the US Equal Employment Opportunity Commission) on.
_SHARE: Final = 0.05
_RATIO: Final = float(np.log(1.25))
_QUOTIENT: Final = 0.25

_PRE, _POST = Stage.PRE_TRAINING, Stage.POST_TRAINING

METRICS: Final = (
    Metric(
        "CDDL",
        "Conditional Demographic Disparity in Labels (CDDL)",
        _PRE,
        Source.STRATA_OF_LABELS,
        pretraining.conditional_demographic_disparity,
        _SHARE,
    ),
    Metric("CI", "Class Imbalance (CI)", _PRE, Source.CONFUSION, pretraining.class_imbalance, 2 * _SHARE),
    Metric(
        "DPL",
        "Difference in Positive Proportions in Labels (DPL)",
        _PRE,
        Source.CONFUSION,
        pretraining.difference_in_positive_labels,
        _SHARE,
    ),
    Metric(
        "JS",
        "Jensen-Shannon Divergence (JS)",
        _PRE,
        Source.CONFUSION,
        pretraining.jensen_shannon,
        _SHARE**2 / 2,
        "DPL",
    ),
    Metric(
        "KL",
        "Kullback-Liebler Divergence (KL)",  # Clarify's own spelling
        _PRE,
        Source.CONFUSION,
        pretraining.kullback_leibler,
        2 * _SHARE**2,
        "DPL",
    ),
    Metric(
        "KS",
        "Kolmogorov-Smirnov Distance (KS)",
        _PRE,
        Source.CONFUSION,
        pretraining.kolmogorov_smirnov,
        _SHARE,
        "DPL",
    ),
    Metric("LP", "L-p Norm (LP)", _PRE, Source.CONFUSION, pretraining.lp_norm, 2**0.5 * _SHARE, "DPL"),
    Metric(
        "TVD",
        "Total Variation Distance (TVD)",
        _PRE,
        Source.CONFUSION,
        pretraining.total_variation_distance,
        _SHARE,
        "DPL",
    ),
    Metric("AD", "Accuracy Difference (AD)", _POST, Source.CONFUSION, posttraining.accuracy_difference, _SHARE),
    Metric(
        "CDDPL",
        "Conditional Demographic Disparity in Predicted Labels (CDDPL)",
        _POST,
        Source.STRATA_OF_PREDICTIONS,
        pretraining.conditional_demographic_disparity,
        _SHARE,
    ),
    Metric(
        "DAR",
        "Difference in Acceptance Rates (DAR)",
        _POST,
        Source.CONFUSION,
        posttraining.difference_in_acceptance_rates,
        _SHARE,
    ),
    Metric(
        "DCA",
        "Difference in Conditional Acceptance (DCA)",
        _POST,
        Source.CONFUSION,
        posttraining.difference_in_conditional_acceptance,
        _QUOTIENT,
    ),
    Metric(
        "DCR",
        "Difference in Conditional Rejection (DCR)",
        _POST,
        Source.CONFUSION,
        posttraining.difference_in_conditional_rejection,
        _QUOTIENT,
    ),
    Metric(
        "DI",
        "Disparate Impact (DI)",
        _POST,
        Source.CONFUSION,
        posttraining.disparate_impact,
        _RATIO,
        is_ratio=True,
    ),
    Metric(
        "DPPL",
        "Difference in Positive Proportions in Predicted Labels (DPPL)",
        _POST,
        Source.CONFUSION,
        posttraining.difference_in_positive_predictions,
        _SHARE,
    ),
    Metric(
        "DRR",
        "Difference in Rejection Rates (DRR)",
        _POST,
        Source.CONFUSION,
        posttraining.difference_in_rejection_rates,
        _SHARE,
    ),
    Metric("FT", "Flip Test (FT)", _POST, Source.FLIPS, _mean_flip, _SHARE),
    Metric("GE", "Generalized Entropy (GE)", _POST, Source.CONFUSION, posttraining.generalized_entropy, _SHARE / 2),
    Metric("RD", "Recall Difference (RD)", _POST, Source.CONFUSION, posttraining.recall_difference, _SHARE),
    Metric("SD", "Specificity Difference (SD)", _POST, Source.CONFUSION, posttraining.specificity_difference, _SHARE),
    Metric("TE", "Treatment Equality (TE)", _POST, Source.CONFUSION, posttraining.treatment_equality, _QUOTIENT),
)
BY_NAME: Final = {metric.name: metric for metric in METRICS}
