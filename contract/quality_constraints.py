"""The fields of a model-quality constraints.json, each checked where it is handed over and where it is read.

Every error is a `ValueError` of one line that names the metric, the field, its value and the fix.
"""

import math
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

from contract.json_fields import number_of, only_known
from contract.quality_metrics import CONSTRAINED, PROBLEM_TYPES, constraints_block

GREATER, LESS = "GreaterThanThreshold", "LessThanThreshold"
# The last three are this project's own: Model Monitor's files have no place for what they say.
_FIELDS: Final = ("version", *map(constraints_block, PROBLEM_TYPES), "positive_label", "baseline_rows", "segments")
_ENTRY: Final = ("threshold", "comparison_operator")

Thresholds = dict[str, tuple[float, str]]


def read_quality_constraints(document: object) -> tuple[str, Thresholds]:
    """Read a file's JSON: the problem that it is of, and by metric the threshold and what violates it.

    Raises
    ------
    ValueError
        If it is something else, or a field of it means nothing.
    """
    fields = document if isinstance(document, Mapping) else {}
    found = [kind for kind in PROBLEM_TYPES if isinstance(fields.get(constraints_block(kind)), Mapping)]
    blocks = ", ".join(map(constraints_block, found or PROBLEM_TYPES))
    if not found:
        raise ValueError(f"not a model-quality constraints.json: it has none of {blocks}")
    if len(found) > 1:
        raise ValueError(f"it has {blocks}: keep the one of this model's problem")
    only_known(fields, _FIELDS, "the file")
    block = constraints_block(found[0])
    try:
        thresholds = {_metric(name, found[0]): _entry(name, entry) for name, entry in fields[block].items()}
    except ValueError as error:
        raise ValueError(f"{block}: {error}") from error
    label, rows = fields.get("positive_label"), fields.get("baseline_rows")
    if label is not None and not isinstance(label, str):
        raise ValueError(f"positive_label is {label!r:.80}: give the class as text, or leave it out")
    if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 1):
        raise ValueError(f"baseline_rows is {rows!r:.80}: give the number of the baseline's rows, or leave it out")
    return found[0], thresholds


def _metric(name: str, problem_type: str) -> str:
    """The name of a metric that is measured of this problem: of another one nothing would ever be checked."""
    known = CONSTRAINED[problem_type]
    text = name.removesuffix("_best_constant_classifier")
    if text not in known:
        alike = get_close_matches(text, known, 1)
        fix = f"write {alike[0]}" if alike else f"there are {', '.join(known)}"
        raise ValueError(f"{name} is no metric of a {problem_type}: {fix}")
    return name


def _entry(name: str, entry: Any) -> tuple[float, str]:
    if not isinstance(entry, Mapping) or any(field not in entry for field in _ENTRY):
        raise ValueError(f"{name} is {entry!r:.80}: give threshold and comparison_operator")
    only_known(entry, _ENTRY, name)
    return _threshold(name, entry["threshold"]), _operator(name, entry["comparison_operator"])


def _threshold(name: str, value: Any) -> float:
    number = number_of(value)
    if math.isfinite(number):
        return number
    raise ValueError(f"threshold is {value!r:.80} for {name}: give a finite number, or leave the metric out")


def _operator(name: str, value: Any) -> str:
    if value not in (GREATER, LESS):
        raise ValueError(f"comparison_operator is {value!r:.80} for {name}: give {GREATER} or {LESS}")
    return str(value)
