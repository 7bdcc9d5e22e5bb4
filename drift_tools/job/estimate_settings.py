"""From what a data-quality run estimates the quality of its window, out of the environment of its job."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.job_environment import JobEnvironment
from drift_tools.errors import InputError
from drift_tools.job.container import Job
from drift_tools.monitors.model_quality import AnswerColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimateSettings:
    """From what the quality before labels is estimated: a table with labels, and where an answer is in either."""

    baseline: Path
    in_baseline: AnswerColumns
    in_window: AnswerColumns


def estimate_settings(job: Job, given: JobEnvironment) -> EstimateSettings | None:
    """Parse the variables; None where nothing is to be estimated. Raises `InputError` for one that cannot be used."""
    if given.estimate_baseline is None:
        return None
    classes = _class_probabilities(given.class_probabilities)
    return EstimateSettings(
        baseline=job.here(given.estimate_baseline),
        in_baseline=AnswerColumns(
            inference=given.estimate_inference_attribute,
            probability=given.estimate_probability_attribute,
            probabilities={name: f"probability_{name}" for name in classes},
        ),
        in_window=AnswerColumns(
            inference=given.inference_attribute, probability=given.probability_attribute, probabilities=classes
        ),
    )


def _class_probabilities(text: str | None) -> Mapping[str, str]:
    try:
        found = json.loads(text or "{}")
        return {str(name): str(place) for name, place in found.items()}
    except (ValueError, AttributeError) as error:
        raise InputError(f'class_probabilities is {text!r}: give JSON such as {{"cat": "1"}}') from error
