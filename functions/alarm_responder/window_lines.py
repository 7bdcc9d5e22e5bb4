"""Which data an alarm is about, and since when: by the data's own hours, not by those of the runs."""

from datetime import datetime, timedelta

from functions.alarm_responder.drift_report import DriftReport
from functions.alarm_responder.notification import hour_text, plural
from functions.alarm_responder.run_history import Run, Streak


def data_line(run: Run, report: DriftReport, rows: int | None, window: timedelta | None = None) -> str:
    """Say from when to when the window is, and how many rows of how many records it has. A run of Model Monitor says
    neither: its window ends with the hour that its results lie at, and is as long as the schedule's.
    """
    count = f", {_rows(report, rows)}" if report.rows is not None or rows is not None else ""
    if report.start is not None and report.end is not None:
        return f"Data      {span_text(report.start, report.end)}{count}"
    if window is not None:
        return f"Data      {span_text(run.hour - window, run.hour)}{count}"
    return f"Data      up to {hour_text(run.hour)}{count}"


def run_line(run: Run, report: DriftReport, lag: timedelta) -> str:
    """When the run was due: results lie at the hour in which their window ends, `lag` before it."""
    return f"Run       {hour_text(run.hour if report.end is None else run.hour + lag)}"


def since_line(
    run: Run,
    streak: Streak,
    report: DriftReport,
    *,
    lookback: timedelta,
    names: frozenset[str],
    window: timedelta | None = None,
) -> str:
    """When the first bad window of the episode begins: as the engine found it for one of the features `names`, else by
    the runs one after the other.
    """
    windows = "this window" if streak.runs == 1 else f"{streak.runs} consecutive windows"
    hours = lookback // timedelta(hours=1)
    extent = "the one before was clean" if streak.complete else f"none clean in the {hours} hours before the alarm"
    if report.start is None and window is not None:
        return f"Since     {hour_text(streak.since - window)} ({windows}; {extent})"
    if report.start is None:
        return f"Since     the window that ended at {hour_text(streak.since)} ({windows}; {extent})"
    first = report.start - (run.hour - streak.since)
    found = [
        feature.since
        for name, feature in report.features.items()
        if name in names and feature.state == "drift" and feature.since is not None
    ]
    if found and min(found) < first:
        return f"Since     {hour_text(min(found))} (called from {hour_text(first)} on: {windows}; {extent})"
    return f"Since     {hour_text(first)} ({windows}; {extent})"


def span_text(start: datetime, end: datetime) -> str:
    """Two moments without saying a day twice; midnight ends its day."""
    if (end - timedelta(microseconds=1)).date() == start.date():
        last = "24:00" if end.date() != start.date() else f"{end:%H:%M}"
        return f"{start:%Y-%m-%d %H:%M}–{last} UTC"
    return f"{start:%Y-%m-%d %H:%M} – {end:%Y-%m-%d %H:%M} UTC"


def _rows(report: DriftReport, rows: int | None) -> str:
    judged = rows if report.rows is None else report.rows
    text = plural(judged or 0, "row")
    if report.read is not None and report.read > (judged or 0):
        text += f" of {plural(report.read, 'record')}"
    return text if report.baseline_rows is None else f"{text} (baseline: {report.baseline_rows})"
