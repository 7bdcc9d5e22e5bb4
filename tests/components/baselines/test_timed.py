"""A baseline with times: its job cuts it into windows, and the monitor's runs are told where those are."""

import json
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.args import ArgumentError
from tests.components.mocked_runtime import Run

CSV = "at,prediction,age\n2026-01-01T00:00:00Z,1,2\n2026-01-01T01:00:00Z,0,3\n"
TIMED = {"data": pulumi.StringAsset(CSV), "time_column": "at", "season": "hour_of_day"}


def environments(run: Run) -> tuple[dict[str, str], dict[str, str]]:
    """Of the baseline's job, and of the monitor's runs."""
    started = json.loads(run.one("aws:lambda/invocation:Invocation", "data-quality-baseline").inputs["input"])
    schedule = run.one("aws:scheduler/schedule:Schedule", "data-quality").inputs["target"]["input"]
    return started["request"]["Environment"], json.loads(schedule)["plan"]["request"]["Environment"]


def test_the_job_cuts_windows_and_the_runs_know_them(run_stack: Callable[..., Run]) -> None:
    schedule = {"schedule_expression": "cron(0 0/6 ? * * *)"}
    job, run = environments(run_stack(engine="open", baseline=TIMED, data_quality=schedule))
    timed = {name: job[name] for name in ("baseline_time_column", "baseline_window_hours", "season")}
    assert timed == {"baseline_time_column": "at", "baseline_window_hours": "6", "season": "hour_of_day"}
    assert run["season"] == "hour_of_day"
    folder = run["baseline_windows_uri"]
    assert folder.startswith("s3://churn-")
    assert "/baseline-data/results/" in folder
    assert not folder.endswith("/")


def test_without_times_nothing_is_cut(run_variant: Callable[..., Run]) -> None:
    job, run = environments(run_variant("open"))
    assert not {"baseline_time_column", "season"} & set(job)
    assert "baseline_windows_uri" not in run


@pytest.mark.parametrize(
    ("baseline", "more", "message"),
    [
        (
            {**TIMED, "time_column": "when"},
            {},
            "baseline.time_column is 'when': the data have the columns at, prediction",
        ),
        ({"data": TIMED["data"], "season": "none"}, {}, "time_column"),
        ({**TIMED, "season": "tide"}, {}, "season"),
        (TIMED, {"engine": "model-monitor"}, "AWS's analyzer knows no windows"),
    ],
)
def test_what_cannot_work_is_refused(
    run_stack: Callable[..., Run], baseline: dict[str, Any], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(ArgumentError, match=message):
        run_stack(baseline=baseline, **more)
