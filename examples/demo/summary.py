"""`build/demo/summary.json`: what the demo found, for programs."""

from collections.abc import Mapping
from typing import Any

from examples.demo.page import DemoPage, Scenario, Streamed, Window


def summary(page: DemoPage, names: Mapping[str, str]) -> dict[str, Any]:
    """The page's findings under the short names of its scenarios (`names`: title → name)."""
    return {
        "scenarios": {names[scenario.name]: of_scenario(scenario) for scenario in page.scenarios},
        "checks": {check.name: check.ok for check in page.checks},
        "resources_created": page.resources_created,
        "resources_left": page.resources_left,
        "seconds": round(page.seconds, 1),
    }


def of_scenario(scenario: Scenario) -> dict[str, Any]:
    """The first window is the baseline's, the last the anomalous one; those between are under `windows`."""
    first, *between, last = scenario.windows
    document: dict[str, Any] = {
        "baseline_window": of_window(first),
        "anomalous_window": of_window(last),
        "alarm": {"name": scenario.alarm.name, "state": scenario.alarm.state},
        "notifications": len(scenario.notifications),
        "cross_check": of_cross_check(last),
    }
    if scenario.streamed:
        document["stream"] = of_stream(scenario.streamed)
    if between:
        document["windows"] = {window.label: of_window(window) for window in between}
    if scenario.model_quality:
        document["model_quality"] = {period: dict(metrics) for period, metrics in scenario.model_quality.items()}
    if scenario.estimated_quality:
        document["estimated_quality"] = {
            period: {
                "metric": found.metric,
                "estimate": found.value,
                "low": found.low,
                "high": found.high,
                "measured": found.measured,
                "doubt": found.doubt or None,
            }
            for period, found in scenario.estimated_quality.items()
        }
    return document | dict(scenario.kinds)


def of_window(window: Window) -> dict[str, Any]:
    return {
        "status": window.status,
        "violations": len(window.violations),
        "drifted_features": window.drifted_features,
        "rows": window.rows,
    }


def of_stream(streamed: Streamed) -> dict[str, Any]:
    return {
        "records": streamed.records,
        "lost": streamed.lost,
        "delay_seconds": round(streamed.delay_seconds, 1),
        "notifications": streamed.notifications,
    }


def of_cross_check(window: Window) -> dict[str, list[str]]:
    check = window.cross_check
    if check is None:
        raise ValueError(f"the window {window.label!r} has no cross-check; every window of traffic has one")
    return {"agreed": check.agreed, "monitor_only": check.monitor_only, "local_only": check.local_only}
