"""A baseline of production's own captures on the embedded AWS: the deployment's job reads a day of real traffic, leaves
out what a person marked and what a verdict called, and the next run is judged by the windows that are left.

A stack's first deployment has no captures yet, so that its job fails and says so; then `baseline.attempt` is raised.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contract.bad_windows import BadWindows
from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.conftest import Books, lived
from tests.open_engine.watched import Watched

pytestmark = pytest.mark.matrix

START = datetime(2026, 11, 23, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURS, ROWS = 28, 40
ODD = (5, 6)  # in which the traffic is another, and a verdict said so
MARKED = (9,)
COLUMNS = ["prediction", "probability", "feature_1", "feature_2", "feature_3"]
OVERRIDES: dict[str, Any] = {
    "engine": "open",
    "monitoring": {
        "open_engine": {"grace_in_minutes": 5},
        "model_quality": None,
        "baseline": {
            "captures": {"from": "2026-11-23", "to": "2026-11-24T04:00Z", "columns": COLUMNS},
            "season": "none",
        },
    },
}


@dataclass
class Day:
    """What was seen on the way."""

    first: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=dict)
    statistics: dict[str, Any] = field(default_factory=dict)
    windows: bool = False
    drift: dict[int, dict[str, Any]] = field(default_factory=dict)
    books: list[Books] = field(default_factory=list)


@pytest.fixture(scope="module")
def day() -> Day:
    seen = Day()
    start, too_early = START - timedelta(minutes=10), ("there are no captures below",)
    with lived(OVERRIDES, start=start, grace=timedelta(minutes=5), breaks=too_early) as (stack, books):
        live(stack, seen)
    seen.books = books
    return seen


def live(stack: Watched, seen: Day) -> None:
    request = started(stack)
    seen.first = ended(stack, request["ProcessingJobName"])
    for place in range(HOURS):
        stack.go_to(START + place * HOUR + timedelta(minutes=10))
        make = anomalous_requests if place in ODD else baseline_requests
        stack.send(make(ROWS, seed=place))
    stack.go_to(START + HOURS * HOUR + timedelta(minutes=10))
    say_what_was_bad(stack)
    again = {**request, "ProcessingJobName": f"{request['ProcessingJobName'][:-4]}two"}
    body = json.dumps({"request": again, "source_hash": "raised by hand"}).encode()
    name = stack.made("aws:lambda/function:Function", "-start-baseline")
    answer = stack.cloud.client("lambda").invoke(FunctionName=name, Payload=body)
    assert "FunctionError" not in answer, answer["Payload"].read()
    seen.second = ended(stack, again["ProcessingJobName"])
    stack.wait_for_baseline()
    folder = stack.outputs["constraints_uri"].removeprefix(f"s3://{stack.bucket}/").rpartition("/")[0]
    seen.statistics = stack.document(f"{folder}/statistics.json")
    seen.windows = f"{folder}/windows.npz" in stack.keys(folder)
    for place, make in ((HOURS, baseline_requests), (HOURS + 1, anomalous_requests)):
        stack.go_to(START + place * HOUR + timedelta(minutes=20))
        stack.send(make(200, seed=100 + place))
        end = START + (place + 1) * HOUR
        stack.after_the_run(end)
        seen.drift[place] = stack.results(stack.outputs["data_quality_schedule_name"], end)["drift.json"]


def started(stack: Watched) -> dict[str, Any]:
    """The request of the job that the deployment started."""
    kind = "aws:lambda/invocation:Invocation"
    [found] = [item for item in stack.deployment.resources if item.type == kind and "data-quality" in item.name]
    request: dict[str, Any] = json.loads(found.inputs["input"])["request"]
    return request


def ended(stack: Watched, name: str) -> dict[str, Any]:
    sagemaker = stack.cloud.client("sagemaker")

    def look() -> dict[str, Any] | None:
        job: dict[str, Any] = sagemaker.describe_processing_job(ProcessingJobName=name)
        return None if job["ProcessingJobStatus"] == "InProgress" else job

    return wait_until(f"the end of {name}", look, seconds=120)


def say_what_was_bad(stack: Watched) -> None:
    """The monitor's records of two hours that it called, and a person's mark of another."""
    folder = f"monitor-windows/{stack.outputs['data_quality_schedule_name']}"
    s3 = stack.cloud.client("s3")
    for place in ODD:
        start = START + place * HOUR
        record = {"version": 1, "bins": "", "start": int(start.timestamp()), "counts": [], "called": ["feature_1"]}
        key = f"{folder}/{start:%Y%m%dT%H%M%SZ}.json"
        s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps(record).encode())
    [marked] = MARKED
    begin, end = (f"{START + (marked + more) * HOUR:%Y-%m-%dT%H:%M:%SZ}" for more in (0, 1))
    mark = BadWindows(start=begin, end=end, by="anna", at=end)
    s3.put_object(Bucket=stack.bucket, Key=f"{folder}/{mark.name}", Body=mark.to_json())


def test_without_captures_the_job_says_so(day: Day) -> None:
    assert day.first["ProcessingJobStatus"] == "Failed"
    assert "there are no captures below s3://" in day.first["FailureReason"]
    assert "from 2026-11-23 00:00:00+00:00" in day.first["FailureReason"]


def test_the_second_attempt_makes_the_baseline_of_what_is_not_bad(day: Day) -> None:
    assert day.second["ProcessingJobStatus"] == "Completed", day.second.get("ExitMessage")
    kept = HOURS - len(ODD) - len(MARKED)
    assert f"The baseline has {kept} windows of {ROWS} rows" in day.second["ExitMessage"]
    assert "1 that a person marked as bad, 2 that a verdict called drift" in day.second["ExitMessage"]
    assert day.statistics["dataset"]["item_count"] == kept * ROWS
    assert [feature["name"] for feature in day.statistics["features"]] == COLUMNS
    assert day.windows


def test_the_next_runs_are_judged_by_those_windows(day: Day) -> None:
    calm, odd = (day.drift[place] for place in (HOURS, HOURS + 1))
    assert {calm["judgement"]["by"], odd["judgement"]["by"]} == {"baseline windows"}
    assert calm["judgement"]["windows"] == HOURS - len(ODD) - len(MARKED)
    assert calm["drifted_features"] == []
    assert {"feature_1", "feature_2"} & set(odd["drifted_features"])


def test_nothing_was_denied_and_nothing_is_left(day: Day) -> None:
    [books] = day.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}
