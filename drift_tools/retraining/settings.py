"""What a retraining is told: a JSON object that its jobs read, checked at the door."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from contract.retraining import BROKEN_FEED, CHECKS
from drift_tools.errors import InputError
from drift_tools.monitors.bias import Facet
from drift_tools.retraining.evaluation import BINARY, PROBLEM_TYPES
from drift_tools.retraining.rule import Rule

_KEYS: Final = (
    "problem_type",
    "label",
    "prediction",
    "probability",
    "outputs",
    "positive_label",
    "train_hours",
    "holdout_share",
    "holdout_hours",
    "gap_hours",
    "least_rows",
    "quarantined_checks",
    "range_margin",
    "segment_by",
    "facets",
    "rule",
)


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """How a snapshot is taken and models are compared.

    `outputs` are the first columns of the baseline, which the model gives; all others are its inputs, in their order.
    """

    problem_type: str
    label: str
    outputs: tuple[str, ...]
    prediction: str
    probability: str | None
    positive_label: str | None
    train: timedelta
    """How far before the hold-out the training rows begin."""
    holdout_share: float | None
    holdout: timedelta | None
    gap: timedelta
    """Rows so shortly before the hold-out are in neither."""
    least_rows: int
    quarantined_checks: tuple[str, ...]
    range_margin: float
    """A number further outside of the baseline's range than so many of its widths is no value of that feature."""
    segment_by: tuple[str, ...]
    facets: tuple[Facet, ...]
    rule: Rule = field(default_factory=Rule)

    @classmethod
    def load(cls, path: Path) -> "Retraining":
        """Read a file; InputError in one line."""
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: no JSON object of retraining settings ({error})") from error
        return cls.from_dict(document)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Retraining":
        """Check settings by name; InputError says which is wrong, and the fix."""
        unknown = set(given) - set(_KEYS)
        if unknown:
            raise InputError(f"{min(unknown)!r} is no setting of a retraining: there are {', '.join(_KEYS)}")
        problem_type = str(given.get("problem_type"))
        if problem_type not in PROBLEM_TYPES:
            raise InputError(f"problem_type is {problem_type!r}: give {', '.join(PROBLEM_TYPES)}")
        outputs = _names(given, "outputs")
        if not outputs:
            raise InputError("outputs is empty: name the columns that the model answers with, in order")
        share, hours = _holdout(given)
        return cls(
            problem_type=problem_type,
            label=str(given.get("label") or "label"),
            outputs=outputs,
            prediction=_one_of(given.get("prediction") or outputs[0], "prediction", outputs),
            probability=_probability(given, problem_type, outputs),
            positive_label=_positive(given, problem_type),
            train=_hours(given, "train_hours", 24 * 90),
            holdout_share=share,
            holdout=hours,
            gap=_hours(given, "gap_hours", 0),
            least_rows=int(_number(given, "least_rows", 1000, 2, 10**9)),
            quarantined_checks=tuple(
                _one_of(name, "quarantined_checks", CHECKS) for name in given.get("quarantined_checks", BROKEN_FEED)
            ),
            range_margin=_number(given, "range_margin", 1.0, 0, 1000),
            segment_by=_names(given, "segment_by"),
            facets=tuple(
                Facet(str(name), tuple(map(str, values))) for name, values in (given.get("facets") or {}).items()
            ),
            rule=Rule.from_dict(given.get("rule") or {}),
        )


def _holdout(given: Mapping[str, Any]) -> tuple[float | None, timedelta | None]:
    if given.get("holdout_share") is not None and given.get("holdout_hours") is not None:
        raise InputError("holdout_share and holdout_hours are both given: remove one")
    if given.get("holdout_hours") is not None:
        return None, _hours(given, "holdout_hours", 0)
    return _number(given, "holdout_share", 0.2, 0.01, 0.9), None


def _positive(given: Mapping[str, Any], problem_type: str) -> str | None:
    if problem_type != BINARY:
        return None
    return str(given.get("positive_label") or "1")


def _probability(given: Mapping[str, Any], problem_type: str, outputs: Sequence[str]) -> str | None:
    name = given.get("probability")
    return None if name is None or problem_type != BINARY else _one_of(name, "probability", outputs)


def _one_of(value: Any, name: str, known: Sequence[str]) -> str:
    if value not in known:
        raise InputError(f"{name} is {value!r}: give one of {', '.join(known)}")
    return str(value)


def _names(given: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = given.get(name) or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InputError(f"{name} is {value!r}: give a list of names")
    return tuple(value)


def _number(given: Mapping[str, Any], name: str, default: float, least: float, most: float) -> float:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise InputError(f"{name} is {value!r}: give a number from {least:g} to {most:g}")
    return float(value)


def _hours(given: Mapping[str, Any], name: str, default: float) -> timedelta:
    return timedelta(hours=_number(given, name, default, 0, 24 * 3660))
