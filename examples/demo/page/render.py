"""From what the demo found to its page."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from drift_tools.report import (
    DRIFTED,
    NOTHING,
    STEADY,
    UNKNOWN,
    FeatureView,
    count,
    environment,
    feature_views,
    line_chart,
    listed,
    number,
)
from examples.demo.page.data import DemoPage, Event, Scenario, Window

_CARDS = 6  # of a window; the rest is in the table of all windows
_HEAT_ROWS = 30
_HIGHLIGHTS = 4
_STRONG = 0.5  # a PSI at which a cell is as dark as it gets
_TONES = {"Completed": STEADY, "CompletedWithViolations": DRIFTED}


def render_demo(page: DemoPage) -> str:
    """The page as HTML: one file, verdicts first."""
    scenarios = [_scenario(scenario, position) for position, scenario in enumerate(page.scenarios, start=1)]
    failed = sum(not check.ok for check in page.checks)
    passed = f"{len(page.checks) - failed} of {len(page.checks)} passed"
    facts = [
        ("Engine", page.engine),
        ("Validation steps", passed),
        ("Resources", f"{page.resources_created} created, {page.resources_left} left behind"),
        ("The whole demo took", f"{page.seconds:.0f} s"),
    ]
    view = {
        "scenarios": scenarios,
        "facts": facts,
        "checks": page.checks,
        "made": f"Made on {page.made:%Y-%m-%d %H:%M} UTC",
    }
    return environment(Path(__file__).parent).get_template("demo.html").render(page=view)


@dataclass(frozen=True)
class _Window:
    label: str
    when: str
    fault: str | None
    rows: str
    status: str
    tone: str
    drifted: list[str]
    says: str
    violations: list[dict[str, str]]
    violations_says: str
    cards: list[FeatureView]
    undrawn: int


@dataclass(frozen=True)
class _Drift:
    """A feature that drifted: since which window, and the window in which it was farthest from the baseline."""

    feature: str
    since: str
    worst: FeatureView
    psi: float


def _scenario(scenario: Scenario, position: int) -> dict[str, Any]:
    views = [
        feature_views(window.comparison, prefix=f"s{position}w{at}-", only_drifted=True) if window.comparison else []
        for at, window in enumerate(scenario.windows, start=1)
    ]
    drifts = _drifts(scenario.windows, views)
    firsts = list(dict.fromkeys(drift.since for drift in drifts))
    return {
        "title": scenario.name,
        "anchor": f"scenario-{position}",
        "story": scenario.story,
        "verdict": DRIFTED if drifts else STEADY,
        "headline": _headline(drifts),
        "highlights": [
            {
                "name": drift.feature,
                "says": drift.worst.summary.removesuffix("."),
                "since": drift.since if len(firsts) > 1 else "",
            }
            for drift in drifts[:_HIGHLIGHTS]
        ],
        "since": firsts[0] if len(firsts) == 1 else "",
        "outcome": _outcome(scenario),
        "windows": [_window(window, found) for window, found in zip(scenario.windows, views, strict=True)],
        "heat": _heat(scenario.windows, drifts),
        "cross_checks": [
            {
                "label": window.label,
                **{side: list(getattr(window.cross_check, side)) for side in ("agreed", "monitor_only", "local_only")},
            }
            for window in scenario.windows
            if window.cross_check
        ],
        "quality": _quality(scenario),
        "sections": scenario.sections,
        "timeline": [_event(event, scenario.timeline[0]) for event in scenario.timeline],
        "notifications": [
            {"subject": message.subject, "body": message.body.strip(), "time": _clock(message.time)}
            for message in scenario.notifications
        ],
    }


def _drifts(windows: Sequence[Window], views: Sequence[Sequence[FeatureView]]) -> list[_Drift]:
    """Every feature that drifted in any window, the farthest first."""
    since: dict[str, str] = {}
    worst: dict[str, tuple[float, FeatureView]] = {}
    for window, found in zip(windows, views, strict=True):
        for feature in found:
            if feature.verdict != DRIFTED:
                continue
            since.setdefault(
                feature.name, window.label + (f", {window.start:%Y-%m-%d %H:%M} UTC" if window.start else "")
            )
            if feature.name not in worst or feature.effect > worst[feature.name][0]:
                worst[feature.name] = (feature.effect, feature)
    drifts = [_Drift(name, since[name], view, psi) for name, (psi, view) in worst.items()]
    return sorted(drifts, key=lambda drift: -drift.psi)


def _headline(drifts: Sequence[_Drift]) -> str:
    if not drifts:
        return "Nothing drifted"
    names = listed([drift.feature for drift in drifts], 4)
    return f"{names} drifted"


def _outcome(scenario: Scenario) -> str:
    line = f"The alarm {scenario.alarm.name} is {scenario.alarm.state}"
    if len(scenario.timeline) > 1:
        first, last = scenario.timeline[0], scenario.timeline[-1]
        minutes, seconds = (last.time - first.time).total_seconds() / 60, last.seconds - first.seconds
        if scenario.streamed:
            soon = f"; the stream told people {scenario.streamed.delay_seconds:.0f} s after the first anomalous request"
            told = count(scenario.streamed.notifications, "notification")
            return f"{line}{soon}, the hourly monitor found the same after {minutes:.0f} min; {told} of it in all."
        line += f"; people knew {minutes:.0f} min after the first anomalous request ({seconds:.1f} s of real time)"
    return f"{line}; {count(len(scenario.notifications), 'notification')} in all."


def _window(window: Window, views: Sequence[FeatureView]) -> _Window:
    drifted = [view for view in views if view.verdict == DRIFTED]
    number_of = len(window.violations)
    features = dict.fromkeys(
        str(violation.get("feature_name") or violation.get("metric_name") or "") for violation in window.violations
    )
    return _Window(
        label=window.label,
        when=f"{window.start:%Y-%m-%d %H:%M} to {window.end:%H:%M}" if window.start and window.end else "",
        fault=window.fault,
        rows=f"{window.rows:,}",
        status=window.status,
        tone=_TONES.get(window.status, UNKNOWN),
        drifted=[view.name for view in drifted],
        says=f"{count(len(drifted), 'feature')} drifted" if drifted else "nothing drifted",
        violations=[_violation(violation) for violation in window.violations],
        violations_says=f"{count(number_of, 'violation')} by the monitor: {listed([name for name in features if name])}"
        if number_of
        else "",
        cards=drifted[:_CARDS],
        undrawn=max(len(drifted) - _CARDS, 0),
    )


def _violation(violation: Mapping[str, Any]) -> dict[str, str]:
    """One entry of the file; a violation of model quality names a metric in place of a feature."""
    return {
        "feature": str(violation.get("feature_name") or violation.get("metric_name") or NOTHING),
        "check": str(violation.get("constraint_check_type", NOTHING)),
        "description": str(violation.get("description", "")).strip(),
    }


def _heat(windows: Sequence[Window], drifts: Sequence[_Drift]) -> dict[str, Any]:
    """PSI by feature and window: those that drifted first, then the others by their largest value."""
    measured = [(window, window.comparison.to_dict()["features"]) for window in windows if window.comparison]
    largest: dict[str, float] = {}
    for _, features in measured:
        for name, feature in features.items():
            largest[name] = max(largest.get(name, 0.0), feature["psi"] or 0.0)
    drifted = [drift.feature for drift in drifts]
    names = drifted + sorted((name for name in largest if name not in set(drifted)), key=lambda name: -largest[name])
    rows = [
        {"name": name, "cells": [_cell(features.get(name)) for _, features in measured]} for name in names[:_HEAT_ROWS]
    ]
    left_out = (
        f"{len(names) - _HEAT_ROWS} more features, none of them farther, are left out."
        if len(names) > _HEAT_ROWS
        else ""
    )
    return {"labels": [window.label for window, _ in measured], "rows": rows, "left_out": left_out}


def _cell(feature: Mapping[str, Any] | None) -> dict[str, Any]:
    psi = feature["psi"] if feature else None
    if psi is None or feature is None:
        return {"text": NOTHING, "strength": 0, "drifted": False}
    strength = min(math.sqrt(max(psi, 0.0) / _STRONG), 1.0)
    return {"text": number(psi), "strength": f"{strength:.2f}", "drifted": feature["drifted"]}


def _quality(scenario: Scenario) -> dict[str, Any] | None:
    if not scenario.model_quality:
        return None
    periods = list(scenario.model_quality)
    names = list(dict.fromkeys(name for metrics in scenario.model_quality.values() for name in metrics))
    drawn = {
        name: [scenario.model_quality[period].get(name) for period in periods]
        for name in scenario.quality_drawn
        if name in names
    }
    chart = (
        line_chart(periods, drawn, title=f"{', '.join(drawn)} from {periods[0]} to {periods[-1]}")
        if len(periods) > 1
        else ""
    )
    rows = [
        {"name": name, "cells": [number(scenario.model_quality[period].get(name)) for period in periods]}
        for name in names
    ]
    return {"periods": periods, "rows": rows, "chart": Markup(chart)}  # noqa: S704 - line_chart escapes what it is given


def _event(event: Event, first: Event) -> dict[str, Any]:
    return {
        "time": _clock(event.time),
        "after": f"{event.seconds - first.seconds:.1f} s",
        "what": event.what,
        "key": event.key,
    }


def _clock(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"
