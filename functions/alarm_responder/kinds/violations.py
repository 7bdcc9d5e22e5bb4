"""A run found violations of the baseline's constraints: which, since when, and the values on both sides."""

from collections.abc import Sequence

from contract.bucket_layout import DRIFT, STATISTICS
from functions.alarm_responder.alarm_event import Alarm
from functions.alarm_responder.alarm_kind import AlarmKind
from functions.alarm_responder.console_links import Console
from functions.alarm_responder.findings import Findings, hours_of, look
from functions.alarm_responder.first_steps import first_steps
from functions.alarm_responder.monitor_words import CHECK_WORDS
from functions.alarm_responder.notification import (
    MessageContext,
    Notification,
    alarm_lines,
    attributes_of,
    body_of,
    clip,
    hour_text,
    plural,
    step_lines,
    subject_of,
    time_text,
)
from functions.alarm_responder.severity import severity_lines
from functions.alarm_responder.violation_lines import by_subject, measured_size, violation_lines
from functions.alarm_responder.window_lines import data_line, run_line, since_line
from functions.common.violations import COLUMN_CHECKS, DRIFT_CHECK, MOST_EFFECT, Violation

_MAX_SENTENCE = 300
_MAX_NAME = 100


def notification(alarm: Alarm, findings: Findings, context: MessageContext) -> Notification:
    """Write the message on violations of the baseline's constraints."""
    groups = by_subject(findings.violations or (), findings.report)
    headline = _headline(groups)
    steps = first_steps(groups, findings.report, findings.changes)
    facts = _facts(alarm, findings, context)
    sections = [
        [f"{alarm.endpoint}: {headline}."],
        facts,
        violation_lines(findings, groups),
        list(findings.problems),
        _files(alarm, findings, context),
        step_lines(*steps, _how_to_acknowledge(alarm, context)),
        alarm_lines(alarm, context),
    ]
    told_before = _told_by_stream(findings)
    count = "unknown" if findings.violations is None else str(len(findings.violations))
    subject = subject_of(alarm, headline, [group[0].subject for group in _features(groups)])
    when = [line for line in facts if line.startswith(("Data ", "Since "))]
    where = [context.dashboard_url] if context.dashboard_url else []
    return Notification(
        subject=subject,
        body=body_of(sections),
        attributes={**attributes_of(alarm, "violations"), "violations": count},
        chat=[subject, *when[:1], steps[0], *when[1:], *where],
        told_before=told_before,
    )


def _told_by_stream(findings: Findings) -> str:
    """The finding of the stream that is the same as this one: all that the run found is among what changed there.

    Empty where the run found something else besides, or what could not be read: then people are told.
    """
    finding, run = findings.in_stream, findings.run
    if finding is None or run is None or not findings.violations:
        return ""
    start, end = hours_of(run, findings.report)
    names = {violation.subject for violation in findings.violations}
    return finding.name if finding.covers(names, start, end) else ""


_METRIC = "metric"
_HEADLINES = {
    DRIFT_CHECK: ("feature", "drifted"),
    **{check: (words.noun, words.verb) for check, words in CHECK_WORDS.items()},
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
    sizes = [(measured_size(violation, findings.report), violation) for violation in findings.violations or ()]
    effect, worst = max(sizes, key=lambda pair: pair[0], default=(0.0, None))
    lines = [*severity_lines(alarm, context.severities, count, effect), f"Schedule  {alarm.schedule}"]
    if count is not None:
        lines.append(f"Found     {plural(count, 'violation')}")
    if worst is not None:
        lines.append(f"Effect    {_effect_words(worst, effect)}")
    if findings.run:
        lines.append(data_line(findings.run, findings.report, findings.rows, findings.window))
    if findings.run and findings.streak:
        names = frozenset(violation.subject for violation in findings.violations or ())
        lines.append(
            since_line(
                findings.run,
                findings.streak,
                findings.report,
                lookback=findings.lookback,
                names=names,
                window=findings.window,
            )
        )
    if findings.run:
        lines.append(run_line(findings.run, findings.report, findings.lag))
    lines.append(f"Alarm at  {time_text(alarm.changed_at)}")
    if findings.report.says:
        lines.append(f"Verdict   {clip(findings.report.says, _MAX_SENTENCE)}")
    if findings.report.estimated:
        lines.append(f"Quality   {clip(findings.report.estimated, _MAX_SENTENCE)}")
    if seen := findings.acknowledged:
        said = f": {clip(seen.note, _MAX_SENTENCE)}" if seen.note else ""
        lines.append(f"Seen      by {clip(seen.by, _MAX_NAME)} at {clip(seen.at, _MAX_NAME)}{said}")
    if findings.in_stream:
        features = ", ".join(sorted(findings.in_stream.features)[:5])
        lines.append(f"Stream    {features}: told of at {time_text(findings.in_stream.found_at)}, no second finding")
    if findings.newer_clean_run:
        lines.append(f"Note      a newer run, {hour_text(findings.newer_clean_run.hour)}, left no violations file")
    return lines


def _effect_words(worst: Violation, effect: float) -> str:
    """How bad it is: the largest effect, of whatever check, and not how many entries say so."""
    if worst.check in COLUMN_CHECKS:
        return "certain: the columns are not those of the baseline"
    return f"{min(effect, MOST_EFFECT):.2g} times what is material ({clip(worst.subject, _MAX_NAME)})"


def _how_to_acknowledge(alarm: Alarm, context: MessageContext) -> str:
    place = f"--bucket {context.bucket} --endpoint {alarm.endpoint} --schedule {alarm.schedule}"
    return f"Say that you look at it: python -m drift_tools acknowledge {place} --note '...'"


def _files(alarm: Alarm, findings: Findings, context: MessageContext) -> list[str]:
    prefix = findings.run.prefix if findings.run else f"{context.results_prefix}/{alarm.endpoint}/{alarm.schedule}/"
    lines = ["WHERE THE FILES ARE"]
    if findings.run and findings.run.violations_key:
        lines.append(f"  Violations:   s3://{context.bucket}/{findings.run.violations_key}")
        for label, name in (("Statistics:", STATISTICS), ("Measures:", DRIFT)):
            if key := findings.run.key(name):
                lines.append(f"  {label:<13} s3://{context.bucket}/{key}")
    else:
        lines.append(f"  Results:      s3://{context.bucket}/{prefix}")
    lines.append(f"  In a browser: {Console(context.region).s3_folder(context.bucket, prefix)}")
    if context.dashboard_url:
        lines.append(f"  Dashboard:    {context.dashboard_url}")
    return lines


KIND = AlarmKind(look, notification)
