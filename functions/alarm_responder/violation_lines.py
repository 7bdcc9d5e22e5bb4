"""The findings of a run in a message: one paragraph a feature or metric, the largest change first."""

import re
from collections.abc import Sequence

from functions.alarm_responder.column_summaries import number, percent
from functions.alarm_responder.drift_report import DriftReport
from functions.alarm_responder.findings import Findings
from functions.alarm_responder.monitor_words import CHECK_WORDS
from functions.alarm_responder.notification import clip
from functions.alarm_responder.quality_lines import apart, told_once
from functions.common.violations import COLUMN_CHECKS, DRIFT_CHECK, SHARE_CHECKS, Violation, size_of

MAX_VIOLATIONS = 25
_MAX_DESCRIPTION = 300
_MAX_NAME = 120
# The population stability index from which on the open engine calls drift.
# This project's monitor names the columns behind the counts: "... (missing: AGEP, SCHL)". AWS's does not.
_COLUMN_NAMES = re.compile(r"\(((?:missing|extra): .+)\)\s*$")


def by_subject(violations: Sequence[Violation], report: DriftReport) -> list[list[Violation]]:
    """Violations of one feature together, the worst first in each and over all; ties in the order of the file.

    What is worst is told by the size of the change where the engine measured it, and not by how many entries it has.
    """
    groups: dict[str, list[Violation]] = {}
    for violation in told_once(violations):
        groups.setdefault(violation.subject, []).append(violation)
    for group in groups.values():
        group.sort(key=lambda violation: -violation.severity)
    return sorted(groups.values(), key=lambda group: -measured_size(group[0], report))


def measured_size(violation: Violation, report: DriftReport) -> float:
    """How large the change is, as the engine measured it where it did: 1 is just material."""
    feature = report.features.get(violation.subject)
    return size_of(violation, feature.effect if feature is not None else None)


def violation_lines(findings: Findings, groups: Sequence[Sequence[Violation]]) -> list[str]:
    """What was found, feature by feature: what the checks say, the measures, and the values on both sides."""
    if not groups:
        return []
    lines, report = ["VIOLATIONS, worst first"], findings.report
    shown = 0
    for rank, group in enumerate(groups, start=1):
        if shown >= MAX_VIOLATIONS:
            break
        name = group[0].subject
        lines.append(f"{rank:3}. {clip(name, _MAX_NAME)}")
        visible = group[: MAX_VIOLATIONS - shown]
        lines += [f"     {_told(violation)}" for violation in visible]
        shown += len(visible)
        if (p_value := report.metric_p_values.get(name)) is not None and group[0].is_metric:
            lines.append(f"     p {p_value:.2g}: how likely so large a decline is by chance")
        feature = report.features.get(name)
        if feature and (measures := feature.measures()):
            lines.append(f"     {measures}")
        for label, side in (("baseline", findings.baseline), ("now", findings.current)):
            if name in side:
                lines.append(f"     {label + ':':<10}{side[name]}")
    total = sum(len(group) for group in groups)
    if total > shown:
        lines.append(f"     ... and {total - shown} more in the violations file")
    return lines


def _told(violation: Violation) -> str:
    words = CHECK_WORDS.get(violation.check)
    return _explain(violation) if words is None else words.explain(violation)


def _explain(violation: Violation) -> str:
    """One line: what the check found, in numbers if the monitor gave any, else in the monitor's own words."""
    observed, limit = violation.observed, violation.limit
    if observed is None:
        return f"{violation.check}: {clip(violation.description, _MAX_DESCRIPTION) or 'the monitor says no more'}"
    if violation.check == DRIFT_CHECK and limit is not None:
        times = (
            f", {number(float(f'{observed / limit:.2g}'))} times the threshold {number(limit)}"
            if limit > 0
            else ", threshold 0"
        )
        return f"distribution drifted: distance {number(observed)}{times}"
    if violation.check in COLUMN_CHECKS and limit is not None:
        names = _COLUMN_NAMES.search(violation.description)
        which = f" ({clip(names[1], _MAX_DESCRIPTION)})" if names else ""
        return f"{number(observed)} columns in the data, {number(limit)} in the baseline{which}"
    if violation.is_metric and limit is not None:
        relation = "below" if violation.check.startswith("Less") else "above"
        value, threshold = apart(observed, limit)
        return f"{value}, {relation} the threshold {threshold}"
    if violation.check in SHARE_CHECKS:
        return _explain_share(violation, observed)
    against = "" if limit is None else f", limit {number(limit)}"
    return f"{violation.check}: {number(observed)}{against}"


def _explain_share(violation: Violation, observed: float) -> str:
    what, having = {
        "data_type_check": ("wrong type", f"of the values are {violation.expected_type or 'of the expected type'}"),
        "completeness_check": ("missing values", "of the rows have one"),
        "categorical_values_check": ("unknown categories", "of the values are among the baseline's"),
    }[violation.check]
    required = "" if violation.limit is None else f", {percent(violation.limit)} required"
    return f"{what}: only {percent(observed)} {having}{required}"
