"""constraints.json of model quality: suggested from a baseline, read, and checked."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.quality_constraints import GREATER, read_quality_constraints
from contract.quality_metrics import CONSTRAINED, comparison_operator, constraints_block
from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality.class_names import class_name
from drift_tools.monitors.model_quality.quality import ModelQuality
from drift_tools.profiles import in_file, read_json


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
        try:
            problem_type, thresholds = read_quality_constraints(document)
        except ValueError as error:
            raise InputError(str(error)) from error
        label = document.get("positive_label")
        return cls(
            problem_type, thresholds, None if label is None else class_name(label), document.get("baseline_rows")
        )

    @classmethod
    def read(cls, path: str | Path) -> "QualityConstraints":
        """Read the file."""
        return in_file(path, cls.from_dict, read_json(path))


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
