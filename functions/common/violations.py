"""The monitor's `constraint_violations.json`: what was violated, and by how much.

The file says the numbers only inside an English `description`, and its wording differs between the analyzer's versions
and between the kinds of monitor. What is not recognised keeps its description and loses nothing but its rank.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Names of columns stand in descriptions, and clients choose names: nothing here may cost more than its text is long.
# A number begins where no digit comes before, has one way to be read, and descriptions are cut: AWS's have 300.
_DESCRIPTION_CHARACTERS = 1000
_NAME_CHARACTERS = 256
_MANTISSA = r"(?:\d{1,320}(?:\.\d{0,320})?|\.\d{1,320})"
_NUMBER = rf"'?(?<![\d.])([-+]?(?:{_MANTISSA}(?:[eE][-+]?\d{{1,4}})?|inf(?:inity)?|nan))'?"
# One pattern a wording; groups are (observed, limit). Order matters: the more specific one first.
_WORDINGS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # "Baseline drift distance: 0.23 exceeds threshold: 0.1"
        # "Numerical distance: 0.27 exceeds numerical threshold: 0"
        rf"distance:\s*{_NUMBER}\s+exceeds\s+(?:\w+\s+)?threshold:\s*{_NUMBER}",
        # "Metric f2 with 0.61 was LessThanThreshold 0.66"; also "with 0.61 +/- 0.02 was"
        rf"\bwith\s+{_NUMBER}(?:\s*\+/-\s*\S+)?\s+was\s+\w+Threshold\s+{_NUMBER}",
        # "Metric value 0.37 doesn't meet the baseline constraint requirement 0.28" (bias)
        rf"Metric value\s+{_NUMBER}\s+doesn't meet the baseline constraint requirement\s+{_NUMBER}",
        # "Feature attribution drift 0.76 exceeds threshold 0.9"
        rf"attribution drift\s+{_NUMBER}\s+exceeds threshold\s+{_NUMBER}",
        # "... Number of columns in current dataset: 8, Number of columns in baseline constraints: 9"
        rf"current dataset:\s*{_NUMBER}.*?baseline constraints:\s*{_NUMBER}",
    )
)
# "Expected data type: Integral, Expected match: 100.0%. Observed: Only 0.0% of data is Integral."
_PERCENTAGES = re.compile(rf"Expected[^%]*?{_NUMBER}\s*%.*?Observed[^%]*?{_NUMBER}\s*%", re.IGNORECASE | re.DOTALL)
_EXPECTED_TYPE = re.compile(r"Expected data type:\s*(\w+)", re.IGNORECASE)
# "Value: 0.009 does not meet the constraint requirement!"; the limit is not said.
_VALUE = re.compile(rf"Value:?\s+{_NUMBER}\s+does(?:n't| not) meet", re.IGNORECASE)

COLUMN_CHECKS = frozenset({"missing_column_check", "extra_column_check"})
SHARE_CHECKS = frozenset({"data_type_check", "completeness_check", "categorical_values_check"})
DRIFT_CHECK = "baseline_drift_check"
# CloudWatch knows no infinity: a column that is gone is a hundred times what is material.
MOST_EFFECT = 100.0
# The population stability index, beyond what chance explains, from which on the open engine calls a change material.
EFFECT_THAT_MATTERS = 0.1


@dataclass(frozen=True)
class Violation:
    """One entry of the file.

    `subject` is the feature (data quality) or the metric (model quality, bias, attribution). `observed` and `limit` are
    the numbers of the description, shares as 0 to 1, None where it names none. `expected_type` is set for a type check
    that says which type it expected.
    """

    subject: str
    check: str
    description: str
    observed: float | None = None
    limit: float | None = None
    expected_type: str | None = None

    @property
    def is_metric(self) -> bool:
        """True if `subject` is a model-quality metric: there the check is the operator of the comparison."""
        return self.check.endswith("Threshold")

    @property
    def severity(self) -> float:
        """How far beyond its limit, so that violations of different checks can be ranked; 1 is just at the limit.

        Drift is distance over threshold. A share counts as if ten points too few were one drift threshold of 0.1, so
        that "all values have the wrong type" (11) stands beside a distance of 1.1. A wrong number of columns stands
        first: it is the cause of much else.
        """
        if self.check in COLUMN_CHECKS:
            return math.inf
        if self.observed is None or math.isnan(self.observed):
            return 1.0
        if self.check in SHARE_CHECKS:
            required = 1.0 if self.limit is None else self.limit
            return 1.0 + max(0.0, required - self.observed) * 10.0
        if self.limit is None or math.isnan(self.limit):
            return 1.0
        if self.check == DRIFT_CHECK:
            return self.observed / self.limit if self.limit > 0 else 1.0 + self.observed * 10.0
        return 1.0 + abs(self.observed - self.limit) / (abs(self.limit) or 1.0)


class MalformedViolationsError(ValueError):
    """The file is JSON, yet no list of violations."""


def parse_violations(document: Any) -> tuple[Violation, ...]:
    """All entries of a parsed `constraint_violations.json`, in their order; MalformedViolationsError if it is none."""
    return tuple(_parse_entry(entry) for entry in _entries(document))


def count_violations(document: Any) -> int:
    """How many entries it has, without reading what they say; MalformedViolationsError as for `parse_violations`."""
    return len(_entries(document))


def size_of(violation: Violation, effect: float | None) -> float:
    """How large a change is, 1 being just material: `effect` as the engine measured it on the feature, where it did;
    else how far the violation is beyond its limit. A wrong number of columns has no size but that.
    """
    if violation.check in COLUMN_CHECKS or effect is None:
        return violation.severity
    return effect / EFFECT_THAT_MATTERS


def largest_effect(document: Any, drift: Any = None) -> float:
    """The largest size of its entries, at most MOST_EFFECT; 0 without entries, 1 where it cannot be told. `drift`: the
    run's `drift.json`, if it left one.

    Never raises: whether an alarm is a warning or critical must not decide whether there is one.
    """
    effects = _measured_effects(drift)
    try:
        sizes = [size_of(found, effects.get(found.subject)) for found in parse_violations(document)]
    except MalformedViolationsError:
        return 1.0
    return min(max(sizes, default=0.0), MOST_EFFECT)


def _measured_effects(drift: Any) -> dict[str, float]:
    """The effects by feature, as the run's judgement has them."""
    found: Any = drift
    for key in ("judgement", "features"):
        found = found.get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    effects = {str(name): item.get("effect") for name, item in found.items() if isinstance(item, Mapping)}
    return {
        name: float(effect)
        for name, effect in effects.items()
        if isinstance(effect, int | float) and not isinstance(effect, bool) and math.isfinite(effect)
    }


def _entries(document: Any) -> list[Mapping[str, Any]]:
    entries = document.get("violations") if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise MalformedViolationsError("it has no list `violations`")
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping):
            raise MalformedViolationsError(f"entry {index} of `violations` is no object")
    return entries


def _parse_entry(entry: Mapping[str, Any]) -> Violation:
    check = _clipped(entry.get("constraint_check_type") or "unnamed_check", _NAME_CHARACTERS)
    description = " ".join(_clipped(entry.get("description") or "", _DESCRIPTION_CHARACTERS).split())
    observed, limit = parse_numbers(description)
    expected_type = _EXPECTED_TYPE.search(description)
    return Violation(
        subject=_subject(entry, check),
        check=check,
        description=description,
        observed=observed,
        limit=limit,
        expected_type=expected_type[1] if expected_type else None,
    )


def _clipped(value: Any, characters: int) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= characters else text[: characters - 1] + "…"


def _subject(entry: Mapping[str, Any], check: str) -> str:
    if check in COLUMN_CHECKS:
        return "number of columns"
    facet = entry.get("facet")
    name = _clipped(entry.get("feature_name") or entry.get("metric_name") or "unnamed", _NAME_CHARACTERS)
    if facet:
        return facet_subject(name, facet, entry.get("facet_value", "?"))
    label = entry.get("label")
    return _clipped(f"{name} ({label})", _NAME_CHARACTERS) if label and "feature_name" not in entry else name


def facet_subject(metric: Any, facet: Any, value: Any) -> str:
    """A bias metric of a group, as a violation of it is called."""
    return _clipped(f"{metric} ({facet} = {value})", _NAME_CHARACTERS)


def parse_numbers(description: str) -> tuple[float | None, float | None]:
    """(observed, limit) as a description says them; percentages become shares."""
    for wording in _WORDINGS:
        if match := wording.search(description):
            return float(match[1]), float(match[2])
    if match := _PERCENTAGES.search(description):
        return float(match[2]) / 100.0, float(match[1]) / 100.0
    if match := _VALUE.search(description):
        return float(match[1]), None
    return None, None
