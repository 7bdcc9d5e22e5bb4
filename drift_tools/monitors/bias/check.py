"""Bias drift: hold a window's bias against its baseline's, metric by metric, with the errors of both.

The rule is SageMaker Clarify's ("Bias drift violations", developer guide): a metric violates if it is farther from
neutral than in the baseline. It is farther only if the interval of the difference says so at the level that the run
gives to each test, and if the difference is one that matters (`Metric.material`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from scipy.special import ndtr

from drift_tools.monitors.bias.measure import FEWEST_ROWS, GroupBias, MetricValue
from drift_tools.monitors.bias.metrics import BY_NAME, METRICS

CHECK: Final = "bias_drift_check"
_ABOVE: Final = re.compile(r"\((.+), .+\]")


class Verdict(StrEnum):
    """What a check came to."""

    DRIFT = "drift"
    NO_DRIFT = "no drift"
    NOT_ENOUGH_DATA = "not enough data"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class Reference:
    """One metric of the baseline, on the scale on which the metric is judged.

    A baseline of AWS's has values alone: its own sampling error is unknown and taken for none.
    """

    value: float
    estimate: float
    standard_error: float = 0.0

    @classmethod
    def of(cls, measured: MetricValue) -> "Reference | None":
        """Take a metric that was measured here; None where it has no value."""
        if measured.value is None or measured.estimate is None or measured.standard_error is None:
            return None
        return cls(measured.value, measured.estimate, measured.standard_error)

    @classmethod
    def of_value(cls, name: str, value: float) -> "Reference":
        """Take a value alone."""
        return cls(value, float(BY_NAME[name].scaled(np.asarray(value))))


# By facet and value_or_threshold: the metrics of the baseline by name.
References = Mapping[tuple[str, str], Mapping[str, Reference | None]]


@dataclass(frozen=True, slots=True)
class BiasCheck:
    """One metric of one group against its baseline.

    `p_value` is that of "not farther from neutral than in the baseline"; None where nothing was tested. `change` is how
    much farther it is, on the scale on which the metric is judged; `baseline`: the value there, None without one.
    """

    facet: str
    facet_value: str
    metric: str
    verdict: Verdict
    reason: str
    p_value: float | None = None
    change: float | None = None
    baseline: float | None = None

    def violation(self) -> dict[str, str]:
        """The entry of constraint_violations.json, as SageMaker Clarify writes it."""
        return {
            "constraint_check_type": CHECK,
            "description": self.reason,
            "facet": self.facet,
            "facet_value": self.facet_value,
            "metric_name": self.metric,
        }


def independent_tests(names: Iterable[str]) -> int:
    """How many independent tests the metrics of one group are, by which a level is divided."""
    return len({BY_NAME[name].judged_by or name for name in names})


def check(groups: Iterable[GroupBias], references: References, level: float) -> list[BiasCheck]:
    """Check every metric of every group.

    Parameters
    ----------
    groups:
        What was measured in the window.
    references:
        The baseline's values by (facet, value_or_threshold) and metric.
    level:
        The probability of a false alarm that the whole run may spend on bias, 0 … 1; it is divided by the number of
        tests (Bonferroni).

    Returns
    -------
    One entry for each metric that the baseline or the window has.
    """
    listed, references = list(groups), {group_key(*key): found for key, found in references.items()}
    share = level / max(1, sum(independent_tests(group.values) for group in listed))
    checks = [one for group in listed for one in _check_group(group, references, share)]
    measured = {group_key(group.facet, group.value_or_threshold) for group in listed}
    gone = [key for key in references if key not in measured]
    checks += [
        BiasCheck(facet, value, name, Verdict.NOT_COMPARABLE, "the window has no row of this group")
        for facet, value in gone
        for name in references[facet, value]
    ]
    return checks


def group_key(facet: str, value_or_threshold: str) -> tuple[str, str]:
    """The key by which a group of the window and one of the baseline are the same: of `(threshold, maximum]` by the
    threshold, since the maximum is each window's own.
    """
    found = _ABOVE.fullmatch(value_or_threshold)
    return facet, f"> {found[1]}" if found else value_or_threshold


def _check_group(group: GroupBias, references: References, level: float) -> Iterator[BiasCheck]:
    baseline = references.get(group_key(group.facet, group.value_or_threshold), {})
    for metric in METRICS:
        measured = group.values.get(metric.name)
        if measured is None:
            continue
        judge = group.values.get(metric.judged_by or metric.name, measured)
        yield _check_metric(group, measured, judge, baseline, level)


def _check_metric(
    group: GroupBias,
    measured: MetricValue,
    judge: MetricValue,
    baseline: Mapping[str, Reference | None],
    level: float,
) -> BiasCheck:
    """Check one metric by the evidence of `judge`, which is the metric itself unless it shares another's."""
    name = measured.metric.name
    reference, evidence = baseline.get(name), baseline.get(judge.metric.name)
    before = None if reference is None else reference.value

    def verdict(kind: Verdict, reason: str, p_value: float | None = None, change: float | None = None) -> BiasCheck:
        return BiasCheck(group.facet, group.value_or_threshold, name, kind, reason, p_value, change, before)

    if measured.value is None or measured.estimate is None:
        return verdict(Verdict.NOT_COMPARABLE, measured.error or "its sampling error is not known: it is not judged")
    if not group.is_enough:
        return verdict(
            Verdict.NOT_ENOUGH_DATA,
            f"not enough data: {group.rows:,} rows of the group, {group.rest:,} others; {FEWEST_ROWS} each needed",
        )
    if reference is None or evidence is None or not np.isfinite([reference.estimate, evidence.estimate]).all():
        return verdict(Verdict.NOT_COMPARABLE, "the baseline has no finite value of it")
    change = abs(measured.estimate) - abs(reference.estimate)
    p_value = _farther_from_neutral(judge, evidence)
    if p_value >= level:
        return verdict(Verdict.NO_DRIFT, "within what the baseline allows", p_value, change)
    if change < measured.metric.material:
        return verdict(Verdict.NO_DRIFT, f"certain but immaterial: {change:.3g} farther", p_value, change)
    return verdict(
        Verdict.DRIFT,
        f"Metric value {written(measured.value)} doesn't meet the baseline constraint requirement "
        f"{written(reference.value)}",
        p_value,
        change,
    )


def _farther_from_neutral(measured: MetricValue, reference: Reference) -> float:
    """The p-value of |value| ≤ |baseline|, two-sided since the sign may have changed."""
    error = float(np.hypot(measured.standard_error or 0.0, reference.standard_error))
    excess = abs(measured.estimate or 0.0) - abs(reference.estimate)
    if error == 0:
        return 0.0 if excess > 0 else 1.0
    return min(1.0, 2 * float(ndtr(-excess / error)))


def written(value: float) -> str:
    """A value as SageMaker Clarify writes it: an infinite one as `Infinity`."""
    if np.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return repr(value)
