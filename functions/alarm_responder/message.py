"""The notification: what a person reads when an alarm fires. Pure: facts in, text out."""

from collections.abc import Sequence

from contract.bucket_layout import DRIFT, STATISTICS
from contract.failure_note import NOT_STARTED
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.findings import FailedJob, Findings
from functions.alarm_responder.first_steps import first_steps
from functions.alarm_responder.notification import (
    Notification,
    Place,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    plural,
    subject_of,
    time_text,
)
from functions.alarm_responder.severity import description_of, severity_lines
from functions.alarm_responder.violation_lines import by_subject, violation_lines
from functions.alarm_responder.window_lines import data_line, run_line, since_line
from functions.common.violations import COLUMN_CHECKS, DRIFT_CHECK, Violation


def violations_notification(alarm: Alarm, findings: Findings, place: Place) -> Notification:
    """For an alarm on violations of the baseline's constraints."""
    groups = by_subject(findings.violations or (), findings.report)
    headline = _headline(groups)
    steps = first_steps(groups, findings.report, findings.changes)
    sections = [
        [f"{alarm.endpoint}: {headline}."],
        _facts(alarm, findings, place),
        violation_lines(findings, groups),
        list(findings.problems),
        _files(alarm, findings, place),
        _numbered(steps),
        alarm_lines(alarm, place),
    ]
    count = "unknown" if findings.violations is None else str(len(findings.violations))
    return Notification(
        subject=subject_of(alarm, headline, [group[0].subject for group in _features(groups)]),
        body=body_of(sections),
        attributes={**attributes_of(alarm, "violations"), "violations": count},
    )


_CONSEQUENCES = {
    "monitoring": "Until a run succeeds, nobody would notice drift.",
    "baseline": "Without a baseline the monitor has nothing to compare with.",
    "ground-truth merge": "Without merged labels the model's quality is not measured.",
}

_AS_JOB = (
    "job's",
    "Killed without a reason? Then most likely out of memory on a busy hour: take a larger instance type.",
)
_IN_FUNCTION = (
    "function's",
    "Out of memory or of time? Lower open_engine.small_windows.max_megabytes: larger windows get a processing job.",
)

_NOT_STARTED = (
    "function's",
    "A limit of the account? Ask Service Quotas for more, or take another instance type.",
)


def _advice(job: FailedJob | None) -> tuple[str, str]:
    """Whose log has more, and what it most likely was."""
    if job is None or not job.in_function:
        return _AS_JOB
    return _NOT_STARTED if job.status == NOT_STARTED else _IN_FUNCTION


def failure_notification(alarm: Alarm, job: FailedJob | None, problem: str | None, place: Place) -> Notification:
    """For an alarm on a monitoring job that failed: nobody is watching the model until it is mended."""
    kind = job.kind if job else "monitoring"
    consequence = _CONSEQUENCES.get(kind, _CONSEQUENCES["monitoring"])
    facts = [*severity_lines(alarm, place.severities), f"Schedule  {alarm.schedule}"]
    if job:
        facts += [
            f"{'Run' if job.in_function else 'Job':<10}{job.name}",
            f"Status    {job.status}",
            f"Ended     {time_text(job.ended) if job.ended else 'not noted'}",
        ]
    facts.append(f"Alarm at  {time_text(alarm.changed_at)}")
    reason = ["REASON", f"  {clip(job.reason, 1100)}"] if job else ([problem] if problem else [])
    where = ["WHERE TO LOOK", *(_logs(job, Console(place.region)) if job else [])]
    if place.dashboard_url:
        where.append(f"  Dashboard:    {place.dashboard_url}")
    whose, remedy = _advice(job)
    steps = [
        "WHAT TO DO NEXT",
        f"  1. Read the reason above and the end of the {whose} log.",
        f"  2. {remedy}",
        "  3. The next run of the schedule shows whether it is mended.",
    ]
    sections = [
        [f"{alarm.endpoint}: a {kind} job failed. {consequence}"],
        facts,
        reason,
        where if len(where) > 1 else [],
        steps,
        alarm_lines(alarm, place),
    ]
    return Notification(
        subject=subject_of(alarm, f"{kind} job failed", [alarm.schedule or ""]),
        body=body_of(sections),
        attributes=attributes_of(alarm, "job-failure"),
    )


def _logs(job: FailedJob, console: Console) -> list[str]:
    if job.in_function and job.log_group:
        return [f"  Log group:    {job.log_group}", f"  In a browser: {console.log_group(job.log_group)}"]
    if job.in_function:
        return []
    return [
        f"  Job and logs: {console.processing_job(job.name)}",
        f"  Log group:    /aws/sagemaker/ProcessingJobs, streams that begin with {job.name}",
    ]


def plain_notification(alarm: Alarm, place: Place, *, note: str | None = None) -> Notification:
    """For any other alarm, for the end of one, and for when the details could not be put together (`note` says why)."""
    what = {"OK": "is over", "ALARM": "fired"}.get(alarm.state, f"is now {alarm.state}")
    headline = f"alarm {alarm.name} {what}"
    sections = [
        [f"{alarm.endpoint}: {headline}." if alarm.endpoint else f"The {headline}."],
        severity_lines(alarm, place.severities) if alarm.state == "ALARM" else [],
        [note] if note else [],
        [clip(described, 1024)] if alarm.state == "ALARM" and (described := description_of(alarm)) else [],
        alarm_lines(alarm, place),
    ]
    return Notification(
        subject=subject_of(alarm, headline, []), body=body_of(sections), attributes=attributes_of(alarm, "alarm")
    )


# --- the parts -------------------------------------------------------------------------------------------------------


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


def _facts(alarm: Alarm, findings: Findings, place: Place) -> list[str]:
    count = None if findings.violations is None else len(findings.violations)
    lines = [*severity_lines(alarm, place.severities, count), f"Schedule  {alarm.schedule}"]
    if count is not None:
        lines.append(f"Found     {plural(count, 'violation')}")
    if findings.run:
        lines.append(data_line(findings.run, findings.report, findings.rows))
    if findings.run and findings.streak:
        names = frozenset(violation.subject for violation in findings.violations or ())
        lines.append(since_line(findings.run, findings.streak, findings.report, findings.lookback, names))
    if findings.run:
        lines.append(run_line(findings.run, findings.report, findings.lag))
    lines.append(f"Alarm at  {time_text(alarm.changed_at)}")
    if findings.newer_clean_run:
        lines.append(f"Note      a newer run, {hour_text(findings.newer_clean_run.hour)}, left no violations file")
    return lines


def _files(alarm: Alarm, findings: Findings, place: Place) -> list[str]:
    prefix = findings.run.prefix if findings.run else f"{place.results_prefix}/{alarm.endpoint}/{alarm.schedule}/"
    lines = ["WHERE THE FILES ARE"]
    if findings.run and findings.run.violations_key:
        lines.append(f"  Violations:   s3://{place.bucket}/{findings.run.violations_key}")
        for label, name in (("Statistics:", STATISTICS), ("Measures:", DRIFT)):
            if key := findings.run.key(name):
                lines.append(f"  {label:<13} s3://{place.bucket}/{key}")
    else:
        lines.append(f"  Results:      s3://{place.bucket}/{prefix}")
    lines.append(f"  In a browser: {Console(place.region).s3_folder(place.bucket, prefix)}")
    if place.dashboard_url:
        lines.append(f"  Dashboard:    {place.dashboard_url}")
    return lines


def _numbered(steps: Sequence[str]) -> list[str]:
    return ["WHAT TO DO NEXT", *(f"  {rank}. {step}" for rank, step in enumerate(steps, start=1))]
