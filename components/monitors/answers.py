"""What the jobs are told of a model's answers: where they have the prediction and the probability."""

import json
from collections.abc import Mapping

from components.args import (
    AnyBaseline,
    BaselineSettings,
    CapturesSettings,
    ModelQualityBaselineSettings,
    ModelQualitySettings,
)


def answer_environment(quality: ModelQualitySettings) -> Mapping[str, str]:
    """The variables that say of what model quality is measured, and where a record has it."""
    threshold = quality.probability_threshold
    return _given(
        {
            "problem_type": quality.problem_type,
            "inference_attribute": quality.inference_attribute,
            "probability_attribute": quality.probability_attribute,
            "probability_threshold_attribute": None if threshold is None else f"{threshold:g}",
            "positive_label": quality.positive_label,
        }
    )


def estimate_environment(quality: ModelQualitySettings) -> Mapping[str, str]:
    """The same, and where the labelled data have it, from which quality is estimated before other labels come."""
    baseline = quality.baseline
    if not isinstance(baseline, ModelQualityBaselineSettings):
        raise TypeError("an estimate is made from data, for which the arguments were checked")
    classes = json.dumps(dict(quality.class_probabilities)) if quality.class_probabilities else None
    return {
        **answer_environment(quality),
        **_given(
            {
                "ground_truth_attribute": baseline.ground_truth_attribute,
                "estimate_inference_attribute": baseline.inference_attribute,
                "estimate_probability_attribute": baseline.probability_attribute,
                "class_probabilities": classes,
            }
        ),
    }


def named_columns(baseline: AnyBaseline | None) -> tuple[str, ...]:
    """What the columns of a record are called, which CSV does not say: as in the data-quality baseline's data."""
    return baseline.columns if isinstance(baseline, BaselineSettings | CapturesSettings) else ()


def estimates_errors(environment: Mapping[str, str]) -> bool:
    """Whether a job with this environment estimates a regression's errors, which takes scikit-learn."""
    return environment.get("problem_type") == "Regression" and "estimate_inference_attribute" in environment


def _given(variables: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in variables.items() if value is not None}
