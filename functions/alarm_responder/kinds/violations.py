"""A run found violations of the baseline's constraints: which, since when, and the values on both sides.

Nothing here may cost a notification: what cannot be read becomes a sentence in `problems`, which the message shows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from contract.bucket_layout import STATISTICS
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.column_summaries import number, percent, summaries
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.kinds.base import AlarmKind, Sources
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    plural,
    subject_of,
    time_text,
)
from functions.alarm_responder.run_history import Run, Streak, list_runs, streak
from functions.alarm_responder.severity import severity_lines
from functions.common.s3_objects import UnreadableError, read_json, split_uri
from functions.common.violations import (
    COLUMN_CHECKS,
    DRIFT_CHECK,
    SHARE_CHECKS,
    MalformedViolationsError,
    Violation,
    parse_violations,
)

LOOKBACK = timedelta(hours=48)
MAX_VIOLATIONS = 25
_MAX_DESCRIPTION = 300
_MAX_NAME = 120


@dataclass(frozen=True)
class Findings:
    """What the results in S3 say about an alarm.

    `run` is the newest run with violations, `newer_clean_run` one after it, if any. `violations` is None if they could
    not be read. `lookback` is how far back was looked. `baseline` and `current` are one-line summaries by feature or
    metric. `problems` are sentences for a person.
    """

    run: Run | None = None
    newer_clean_run: Run | None = None
    streak: Streak | None = None
    violations: Sequence[Violation] | None = None
    lookback: timedelta = LOOKBACK
    baseline: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, str] = field(default_factory=dict)
    problems: Sequence[str] = ()


def look(alarm: Alarm, sources: Sources) -> Findings:
    """Everything about a violations alarm that can be read; never raises for what cannot.

    Results lie at the hour in which their window ends: `sources.lag` before the run. The time looked at grows by it and
    does not move, since an engine may as well file a run under its own hour.
    """
    s3, bucket = sources.s3, sources.bucket
    lookback = LOOKBACK + sources.lag
    schedule_prefix = f"{sources.results_prefix}/{alarm.endpoint}/{alarm.schedule}/"
    try:
        runs = list_runs(s3, bucket, schedule_prefix, until=alarm.changed_at, lookback=lookback)
    except UnreadableError as error:
        return Findings(problems=(f"The monitor's results could not be looked up: {error}.",))
    run = next((candidate for candidate in runs if candidate.violations_key), None)
    if run is None or run.violations_key is None:
        return Findings(problems=(_no_violations(runs, bucket, schedule_prefix, lookback),))
    problems: list[str] = []
    violations = _violations(s3, bucket, run.violations_key, problems)
    current_key = run.key(STATISTICS)
    current = _summaries(s3, bucket, current_key, "this run's statistics", problems) if current_key else {}
    return Findings(
        run=run,
        newer_clean_run=runs[0] if runs[0] is not run else None,
        streak=streak(runs),
        violations=violations,
        lookback=lookback,
        baseline=_baseline(s3, sources.baseline_statistics_uri, problems),
        current=current,
        problems=tuple(problems),
    )


def _no_violations(runs: Sequence[Run], bucket: str, schedule_prefix: str, lookback: timedelta) -> str:
    hours = lookback // timedelta(hours=1)
    if not runs:
        return f"No results of the {hours} hours before the alarm were found in s3://{bucket}/{schedule_prefix}."
    return (
        f"None of the {len(runs)} runs of the {hours} hours before the alarm left a constraint_violations.json; "
        f"the newest is s3://{bucket}/{runs[0].prefix}."
    )


def _violations(s3: Any, bucket: str, key: str, problems: list[str]) -> Sequence[Violation] | None:
    try:
        return parse_violations(read_json(s3, bucket, key))
    except UnreadableError as error:
        problems.append(f"The violations could not be read: {error}.")
    except MalformedViolationsError as error:
        problems.append(
            f"The violations could not be read: s3://{bucket}/{key} is not in the monitor's format, {error}."
        )
    return None


def _summaries(s3: Any, bucket: str, key: str, what: str, problems: list[str]) -> Mapping[str, str]:
    try:
        return summaries(read_json(s3, bucket, key))
    except UnreadableError as error:
        problems.append(f"Values are not shown for {what}: {error}.")
        return {}


def _baseline(s3: Any, uri: str | None, problems: list[str]) -> Mapping[str, str]:
    if uri is None:
        return {}
    bucket, key = split_uri(uri)
    return _summaries(s3, bucket, key, "the baseline", problems)


def notification(alarm: Alarm, findings: Findings, context: MessageContext) -> Notification:
    """For an alarm on violations of the baseline's constraints."""
    groups = _by_subject(findings.violations or ())
    headline = _headline(groups)
    sections = [
        [f"{alarm.endpoint}: {headline}."],
        _facts(alarm, findings, context),
        _violation_lines(findings, groups),
        list(findings.problems),
        _files(alarm, findings, context),
        _next_steps(findings),
        alarm_lines(alarm, context),
    ]
    count = "unknown" if findings.violations is None else str(len(findings.violations))
    return Notification(
        subject=subject_of(alarm, headline, [group[0].subject for group in _features(groups)]),
        body=body_of(sections),
        attributes={**attributes_of(alarm, "violations"), "violations": count},
    )


def _by_subject(violations: Sequence[Violation]) -> list[list[Violation]]:
    """Violations of one feature together, the worst first in each and over all; ties in the order of the file."""
    groups: dict[str, list[Violation]] = {}
    for violation in violations:
        groups.setdefault(violation.subject, []).append(violation)
    for group in groups.values():
        group.sort(key=lambda violation: -violation.severity)
    return sorted(groups.values(), key=lambda group: -group[0].severity)


# This project's monitor names the columns behind the counts: "... (missing: AGEP, SCHL)". AWS's does not.
_COLUMN_NAMES = re.compile(r"\(((?:missing|extra): .+)\)\s*$")
_METRIC = "metric"
_HEADLINES = {
    DRIFT_CHECK: ("feature", "drifted"),
    "bias_drift_check": ("bias metric", "drifted"),
    "feature_attribution_drift_check": ("feature attribution", "drifted"),
    _METRIC: ("quality metric", "crossed the baseline's threshold"),
}


def _headline(groups: Sequence[Sequence[Violation]]) -> str:
    """What the violations have in common names the matter: a drifted feature may well have unknown categories too."""
    if not groups:
        return "the monitor found violations"
    features = _features(groups)
    if not features:
        return "the columns are not those of the baseline"
    checks = [{_METRIC if violation.is_metric else violation.check for violation in group} for group in features]
    common = set.intersection(*checks)
    noun, verb = next((_HEADLINES[check] for check in _HEADLINES if check in common), ("feature", "off the baseline"))
    columns = ", columns changed" if len(features) < len(groups) else ""
    return f"{plural(len(features), noun)} {verb}{columns}"


def _features(groups: Sequence[Sequence[Violation]]) -> list[Sequence[Violation]]:
    """The groups that are about a feature or a metric, and not about the number of columns."""
    return [group for group in groups if group[0].check not in COLUMN_CHECKS]


def _facts(alarm: Alarm, findings: Findings, context: MessageContext) -> list[str]:
    count = None if findings.violations is None else len(findings.violations)
    lines = [*severity_lines(alarm, context.severities, count), f"Schedule  {alarm.schedule}"]
    if count is not None:
        lines.append(f"Found     {plural(count, 'violation')}")
    if findings.run:
        lines.append(f"Run       {hour_text(findings.run.hour)}")
    lines.append(f"Alarm at  {time_text(alarm.changed_at)}")
    if findings.streak:
        streak = findings.streak
        runs = "this run" if streak.runs == 1 else f"{streak.runs} consecutive runs"
        hours = findings.lookback // timedelta(hours=1)
        extent = (
            "the run before was clean" if streak.complete else f"no clean run in the {hours} hours before the alarm"
        )
        lines.append(f"Since     {hour_text(streak.since)} ({runs}; {extent})")
    if findings.newer_clean_run:
        lines.append(f"Note      a newer run, {hour_text(findings.newer_clean_run.hour)}, left no violations file")
    return lines


def _violation_lines(findings: Findings, groups: Sequence[Sequence[Violation]]) -> list[str]:
    if not groups:
        return []
    lines = ["VIOLATIONS, worst first"]
    shown = 0
    for rank, group in enumerate(groups, start=1):
        if shown >= MAX_VIOLATIONS:
            break
        name = group[0].subject
        lines.append(f"{rank:3}. {clip(name, _MAX_NAME)}")
        visible = group[: MAX_VIOLATIONS - shown]
        lines += [f"     {_explain(violation)}" for violation in visible]
        shown += len(visible)
        for label, side in (("baseline", findings.baseline), ("now", findings.current)):
            if name in side:
                lines.append(f"     {label + ':':<10}{side[name]}")
    total = sum(len(group) for group in groups)
    if total > shown:
        lines.append(f"     ... and {total - shown} more in the violations file")
    return lines


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
        return f"{number(observed)}, {relation} the threshold {number(limit)}"
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


def _files(alarm: Alarm, findings: Findings, context: MessageContext) -> list[str]:
    prefix = findings.run.prefix if findings.run else f"{context.results_prefix}/{alarm.endpoint}/{alarm.schedule}/"
    lines = ["WHERE THE FILES ARE"]
    if findings.run and findings.run.violations_key:
        lines.append(f"  Violations:   s3://{context.bucket}/{findings.run.violations_key}")
        statistics = findings.run.key(STATISTICS)
        if statistics:
            lines.append(f"  Statistics:   s3://{context.bucket}/{statistics}")
    else:
        lines.append(f"  Results:      s3://{context.bucket}/{prefix}")
    lines.append(f"  In a browser: {Console(context.region).s3_folder(context.bucket, prefix)}")
    if context.dashboard_url:
        lines.append(f"  Dashboard:    {context.dashboard_url}")
    return lines


def _next_steps(findings: Findings) -> list[str]:
    violations = findings.violations or ()
    checks = {violation.check for violation in violations}
    steps = []
    if checks & COLUMN_CHECKS:
        steps.append("The data's columns changed: compare what clients send with the baseline, before anything else.")
    if checks & {"data_type_check", "completeness_check", "categorical_values_check"}:
        steps.append(
            "Types, gaps or categories changed, which mostly is a fault in a feed: ask who feeds the endpoint."
        )
    if violations and all(violation.is_metric for violation in violations):
        steps.append("Make sure that the labels are complete and right, then look for drift in the same period.")
        steps.append("If the labels stand: retrain on recent data, or go back to the model before.")
    elif DRIFT_CHECK in checks or not violations:
        steps.append(
            "A sudden change in few features is mostly a fault in a feed; a slow one in many, a changed world."
        )
        steps.append("If the world changed: check the model's quality, retrain, and make a new baseline.")
    steps.append("If the change is meant to last: make a new baseline, or widen the threshold in its constraints.json.")
    return ["WHAT TO DO NEXT", *(f"  {rank}. {step}" for rank, step in enumerate(steps, start=1))]


KIND = AlarmKind(look, notification)
