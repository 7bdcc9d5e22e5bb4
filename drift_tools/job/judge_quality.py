"""How a run judges a model's quality: by the monitor's own windows, while it learns those, or by rows."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from drift_tools.job.container import Job
from drift_tools.job.settings import MonitorSettings
from drift_tools.job.window_store import WindowStore, is_kept_anew, place_of
from drift_tools.monitors.data_quality import Violation
from drift_tools.monitors.model_quality import (
    MetricTest,
    ModelQuality,
    Outcomes,
    QualityConstraints,
    QualityLesson,
    QualityVerdict,
    QualityWindows,
    baseline_ratio,
    calibrated_violations,
    judge_quality,
    metric_tests,
    record_of_quality,
    told,
    violation_of,
)
from drift_tools.timeline import LONGEST

# After so many weeks a lesson is kept for good: a long episode must not make a monitor forget.
_WEEKS = 2


@dataclass(frozen=True, slots=True)
class QualityJudgement:
    """The run's violations, what drift.json says of the tests, and what the message does."""

    violations: tuple[Violation, ...]
    document: dict[str, Any]
    says: str = ""


def judge_quality_run(
    job: Job, settings: MonitorSettings, data: Outcomes, quality: ModelQuality, constraints: QualityConstraints
) -> QualityJudgement:
    """Judge the run's window under its share of the budget, and keep what it measured for the runs to come.

    Where no windows are kept, or the run has no window, rows are what is judged.
    """
    window, place = settings.dataset.window, place_of(job, settings.judgement.windows)
    if place is None or window.start is None or window.end is None:
        violations, tests = calibrated_violations(data, quality, constraints, alpha=settings.alpha)
        called = [violation.subject for violation in violations]
        document = {"by": "rows", "level": settings.alpha, "tests": {test.metric: _plain(test) for test in tests}}
        return QualityJudgement(violations, document | {"called": called})
    tests, store = metric_tests(data, quality, constraints), WindowStore(place)
    start, seconds = int(window.start.timestamp()), max(int((window.end - window.start).total_seconds()), 1)
    baseline = digest_of(constraints)
    records = [record for record in store.records(start - LONGEST * seconds, start) if record.get("start") != start]
    bad = store.bad(int(record["start"]) for record in records if "start" in record)
    normal = store.normal()
    windows = QualityWindows.of(records, seconds=seconds, baseline=baseline, bad=bad, normal=normal)
    lesson = _lesson(store, windows, f"{baseline}{f'-{normal.since_seconds}' if normal else ''}", start)
    verdicts = judge_quality(
        tests,
        data,
        windows,
        lesson,
        start=start,
        budget=settings.judgement.budget(len(tests)),
        ratio=baseline_ratio(data, constraints),
    )
    drifted = [verdict for verdict in verdicts if verdict.state == "drift"]
    # A night with too few labels, or none of those that a metric rests on, ends no episode, or each morning would ring
    # anew.
    not_over = [name for name in windows.called if name not in {test.metric for test in tests}]
    called = [verdict.test.metric for verdict in drifted] + not_over
    store.put(start, record_of_quality(baseline, start, tests, called))
    findings = told([verdict.test for verdict in drifted])
    violations = tuple(violation_of(item.test, item.reason) for item in drifted if item.test in findings)
    violations += tuple(_not_over(name, data, constraints) for name in not_over if name in constraints.thresholds)
    learnt = lesson.is_learnt(seconds)
    of_normal = "" if normal is None else f" since {normal.since}, the new normal by {normal.by},"
    says = (
        f"Judged by how much the monitor's own {lesson.seen} windows{of_normal} differ."
        if learnt
        else f"Learning how much the model's quality differs from window to window: {lesson.seen} seen. Until a week "
        "was seen only a gross decline rings."
    )
    document = {
        "by": "own windows" if learnt else "learning",
        "says": says,
        "level": settings.alpha,
        "windows": lesson.seen,
        **({} if learnt else {"windows_left": lesson.left(seconds)}),
        "tests": {verdict.test.metric: _document(verdict) for verdict in verdicts},
        "growing": [verdict.test.metric for verdict in verdicts if verdict.state == "growing"],
        "learning": [verdict.test.metric for verdict in verdicts if verdict.state == "learning"],
        "called": [violation.subject for violation in violations],
    }
    return QualityJudgement(violations, document, f" {says}")


def _not_over(metric: str, data: Outcomes, constraints: QualityConstraints) -> Violation:
    text = f"Metric {metric}: too few labels ({len(data)}) to say that the decline of the window before is over"
    return Violation(metric, constraints.thresholds[metric][1], text, key="metric_name")


def digest_of(constraints: QualityConstraints) -> str:
    """What tells a baseline from others: declines from another one are of no use."""
    text = json.dumps(constraints.to_dict(), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _lesson(store: WindowStore, windows: QualityWindows, of: str, start: int) -> QualityLesson:
    name = f"learnt-{of}.json"
    if name in store.place.names(name, name):
        content = store.place.get(name)
        if is_kept_anew(start, windows.seconds):
            store.place.put(name, content)
        return QualityLesson.from_json(content, where=name)
    lesson = windows.lesson()
    if lesson.is_learnt(windows.seconds, _WEEKS):
        store.place.put(name, lesson.to_json())
    return lesson


def _plain(test: MetricTest) -> dict[str, Any]:
    return {"value": test.value, "threshold": test.threshold, "p_value": test.p_value}


def _document(verdict: QualityVerdict) -> dict[str, Any]:
    since: str | None = None
    if verdict.since is not None:
        since = f"{datetime.fromtimestamp(verdict.since, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return _plain(verdict.test) | {"p_value": verdict.p_value, "state": verdict.state, "since": since}
