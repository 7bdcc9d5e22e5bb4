"""Gathers what the message tells: the run behind an alarm, its violations, since when, and the values on both sides.

Nothing here may cost a notification: what cannot be read becomes a sentence in `problems`, which the message shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from contract.acknowledgement import Acknowledgement, acknowledgement_key
from contract.bucket_layout import DRIFT, STATISTICS
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import Sources
from functions.alarm_responder.column_summaries import row_count, summaries
from functions.alarm_responder.drift_report import DriftReport, drift_report, moment
from functions.alarm_responder.feature_changes import FeatureChange, feature_changes
from functions.alarm_responder.quality_lines import metric_lines
from functions.alarm_responder.run_history import Run, Streak, list_runs, streak
from functions.alarm_responder.stream_findings import StreamFinding, newest_findings
from functions.common.s3_objects import UnreadableError, exists, read_json, split_uri
from functions.common.violations import MalformedViolationsError, Violation, parse_violations

LOOKBACK = timedelta(hours=48)


@dataclass(frozen=True)
class Findings:
    """What the results in S3 say about an alarm.

    `run` is the newest run with violations, `newer_clean_run` one after it, if any. `violations` is None if they could
    not be read. `lookback` is how far back was looked, `lag` how far behind its run a window ends. `report` is what the
    open engine's drift.json says, empty without one, and `rows` how many the run's statistics are of. `baseline` and
    `current` are one-line summaries by feature or metric, `changes` what kind of change they show. `acknowledged`
    is who has seen this episode, if anybody said so. `in_stream` is what the stream found in the hours of the run,
    if anything. `problems` are sentences for a person.
    """

    run: Run | None = None
    newer_clean_run: Run | None = None
    streak: Streak | None = None
    violations: Sequence[Violation] | None = None
    lookback: timedelta = LOOKBACK
    lag: timedelta = timedelta()
    report: DriftReport = field(default_factory=DriftReport)
    rows: int | None = None
    baseline: Mapping[str, str] = field(default_factory=dict)
    current: Mapping[str, str] = field(default_factory=dict)
    changes: Mapping[str, FeatureChange] = field(default_factory=dict)
    acknowledged: Acknowledgement | None = None
    in_stream: StreamFinding | None = None
    window: timedelta | None = None
    """How long the run's window is; None if nobody said it."""
    problems: Sequence[str] = ()


def look(alarm: Alarm, sources: Sources) -> Findings:
    """Everything about a violations alarm that can be read; never raises for what cannot.

    Results lie at the hour in which their window ends: `lag` before the run. The time looked at grows by it and does
    not move, since an engine may as well file a run under its own hour.
    """
    s3, bucket, lag = sources.s3, sources.bucket, sources.lag
    lookback = LOOKBACK + lag
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
    current_key, drift_key = run.key(STATISTICS), run.key(DRIFT)
    current = _json(s3, bucket, current_key, "Values are not shown for this run's statistics", problems)
    report = _json(s3, bucket, drift_key, "The measures are not shown", problems)
    baseline = _baseline(s3, sources.baseline_statistics_uri, problems)
    return Findings(
        run=run,
        newer_clean_run=runs[0] if runs[0] is not run else None,
        streak=streak(runs),
        violations=violations,
        lookback=lookback,
        lag=lag,
        window=sources.window,
        report=drift_report(report),
        rows=row_count(current),
        baseline={**summaries(baseline), **metric_lines(baseline)},
        current={**summaries(current, baseline), **metric_lines(current)},
        changes=feature_changes(baseline, current),
        acknowledged=_acknowledged(alarm, sources, streak(runs), problems),
        in_stream=_in_stream(alarm, sources, run, drift_report(report), problems),
        problems=tuple(problems),
    )


def _acknowledged(alarm: Alarm, sources: Sources, found: Streak | None, problems: list[str]) -> Acknowledgement | None:
    """Who has seen this episode; what was said before its first run was about another one."""
    key = acknowledgement_key(sources.state_prefix, str(alarm.endpoint), str(alarm.schedule))
    try:
        if found is None or not exists(sources.s3, sources.bucket, key):
            return None
        record = Acknowledgement.of(read_json(sources.s3, sources.bucket, key))
    except (UnreadableError, ValueError) as error:
        problems.append(f"Whether somebody has seen this could not be looked up: {error}.")
        return None
    at = moment(record.at)
    return record if at is not None and at >= found.since else None


def _in_stream(
    alarm: Alarm, sources: Sources, run: Run, report: DriftReport, problems: list[str]
) -> StreamFinding | None:
    """What the stream found in the hours of a run: the newest finding of theirs."""
    if sources.stream_prefix is None:
        return None
    try:
        found = newest_findings(
            sources.s3, sources.bucket, sources.stream_prefix, str(alarm.endpoint), alarm.changed_at
        )
    except UnreadableError as error:
        problems.append(f"Whether the stream has found the same could not be looked up: {error}.")
        return None
    start, end = hours_of(run, report)
    return next((finding for finding in found if finding.features and finding.overlaps(start, end)), None)


def hours_of(run: Run, report: DriftReport) -> tuple[datetime, datetime]:
    """The hours that a run's data are from: as its report says, else the hour before the one that it is filed under."""
    return report.start or run.hour - timedelta(hours=1), report.end or run.hour


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


def _json(s3: Any, bucket: str, key: str | None, loss: str, problems: list[str]) -> Any:
    """The parsed object; None without one, and if it is unreadable: a problem that says what is the `loss`."""
    if key is None:
        return None
    try:
        return read_json(s3, bucket, key)
    except UnreadableError as error:
        problems.append(f"{loss}: {error}.")
        return None


def _baseline(s3: Any, uri: str | None, problems: list[str]) -> Any:
    if uri is None:
        return None
    bucket, key = split_uri(uri)
    return _json(s3, bucket, key, "Values are not shown for the baseline", problems)
