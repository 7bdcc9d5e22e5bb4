"""constraints.json of model quality: suggested from a baseline, read, and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from contract.quality_metrics import CONSTRAINED, PROBLEM_TYPES, comparison_operator, constraints_block
from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality.class_names import class_name
from drift_tools.monitors.model_quality.quality import ModelQuality
from drift_tools.profiles import in_file, read_json

GREATER, LESS = "GreaterThanThreshold", "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class QualityConstraints:
    """The content of a model-quality constraints.json: by metric, the threshold and what violates it.

    `positive_label`: the class that the baseline measured, None for the usual `1`. Model Monitor's files have no place
    for it, so that it stands in one only where it says something that Model Monitor's could not. `rows`: of the
    baseline, by which its own sampling error is known; None if the file does not say.
    """

    problem_type: str
    thresholds: Mapping[str, tuple[float, str]]
    positive_label: str | None = None
    rows: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The file's JSON object."""
        constraints = {
            name: {"threshold": threshold, "comparison_operator": operator}
            for name, (threshold, operator) in self.thresholds.items()
        }
        document: dict[str, Any] = {"version": 0.0, constraints_block(self.problem_type): constraints}
        if self.positive_label is not None:
            document["positive_label"] = self.positive_label
        if self.rows is not None:
            document["baseline_rows"] = self.rows
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "QualityConstraints":
        """Read the file's JSON object; raises `InputError` if it is something else."""
        for problem_type in PROBLEM_TYPES:
            block = constraints_block(problem_type)
            constraints = document.get(block) if isinstance(document, Mapping) else None
            if not isinstance(constraints, Mapping):
                continue
            try:
                thresholds = {
                    _metric(name, problem_type): (
                        _threshold(entry["threshold"]),
                        _operator(entry["comparison_operator"]),
                    )
                    for name, entry in constraints.items()
                }
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(f"{block}: {type(error).__name__}: {error}: give threshold and operator") from error
            rows = _rows(document.get("baseline_rows"))
            return cls(problem_type, thresholds, _remembered(document.get("positive_label")), rows)
        keys = ", ".join(map(constraints_block, PROBLEM_TYPES))
        raise InputError(f"not a model-quality constraints.json: it has none of {keys}")

    @classmethod
    def read(cls, path: str | Path) -> "QualityConstraints":
        """Read the file."""
        return in_file(path, cls.from_dict, read_json(path))


def _metric(name: object, problem_type: str) -> str:
    """The name of a metric that is measured of this problem: of another one nothing would ever be checked."""
    known = CONSTRAINED[problem_type]
    text = str(name).removesuffix("_best_constant_classifier")
    if text not in known:
        alike = get_close_matches(text, known, 1)
        fix = f"write {alike[0]}" if alike else f"there are {', '.join(known)}"
        raise InputError(f"{name} is no metric of a {problem_type}: {fix}")
    return str(name)


def _threshold(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not math.isfinite(float(value)):
        raise ValueError(f"threshold is {value!r}: give a finite number, or leave the metric out")
    return float(value)


def _remembered(label: object) -> str | None:
    if label is not None and not isinstance(label, str):
        raise InputError(f"positive_label is {label!r}: give the class as text, or leave it out")
    return None if label is None else class_name(label)


def _operator(value: object) -> str:
    if value not in (GREATER, LESS):
        raise ValueError(f"comparison_operator is {value!r}: give {GREATER} or {LESS}")
    return str(value)


def _rows(value: object) -> int | None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        raise InputError(f"baseline_rows is {value!r}: give the number of the baseline's rows, or leave it out")
    return value


def suggest(quality: ModelQuality) -> QualityConstraints:
    """The baseline's own values as thresholds, as Model Monitor suggests; metrics that do not exist are left out."""
    return QualityConstraints(
        quality.problem_type,
        {
            name: (quality.metrics[name], comparison_operator(name))
            for name in CONSTRAINED[quality.problem_type]
            if math.isfinite(quality.metrics.get(name, math.nan))
        },
        None if quality.positive_label == "1" else quality.positive_label,
        quality.rows,
    )


def evaluate(quality: ModelQuality, constraints: QualityConstraints) -> tuple[Violation, ...]:
    """Check metrics against constraints. A metric that cannot be computed from these rows is not checked."""
    if quality.problem_type != constraints.problem_type:
        raise InputError(
            f"the constraints are of a {constraints.problem_type}, and problem_type is {quality.problem_type}: "
            "give the baseline of this model"
        )
    if constraints.positive_label not in (None, quality.positive_label):
        raise InputError(
            f"the constraints are of the positive class {constraints.positive_label!r}, and positive_label is "
            f"{quality.positive_label!r}: name that class, or make the baseline again"
        )
    violations = []
    for name, (threshold, operator) in constraints.thresholds.items():
        value = quality.metrics.get(name, math.nan)
        if (value > threshold) if operator == GREATER else (value < threshold):
            text = f"Metric {name} with {value} was {operator} {threshold}"
            violations.append(Violation(name, operator, text, key="metric_name"))
    return tuple(violations)
