"""Partitions of a plain prefix on the embedded AWS: files of Parquet that a team's own job writes into `dt=…/hour=…/`.
S3's events start the runs, however many files there are; what is written anew is looked at again; where the bucket
sends no events the clock finds it. Nothing is scored by SageMaker.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from drift_tools.endpoint import anomalous_requests, baseline_requests
from examples.demo.waiting import wait_until
from tests.open_engine.batches import team_bucket
from tests.open_engine.conftest import Books, lived
from tests.open_engine.partitions import BUCKET, ROWS, documents, runs, scored, write
from tests.open_engine.watched import Told, Watched, at

pytestmark = pytest.mark.matrix


@dataclass
class Partitions:
    """What was seen, by what had been written."""

    jobs: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    books: list[Books] = field(default_factory=list)


def heard(stack: Watched, *, due: bool) -> None:
    """Wait until S3's events have planned a look, if they are sent at all."""
    scheduler = stack.cloud.client("scheduler")

    def planned() -> bool | None:
        made = scheduler.list_schedules()["Schedules"]
        times = [scheduler.get_schedule(GroupName=item["GroupName"], Name=item["Name"]) for item in made]
        return True if any(item["ScheduleExpression"].startswith("at(") for item in times) else None

    if due:
        wait_until("a look that is planned", planned, seconds=60)


@pytest.fixture(scope="module")
def partitions() -> Partitions:
    overrides = {
        "engine": "open",
        "monitoring": {
            "batch": {
                "output_uri": f"s3://{BUCKET}/scores",
                "partitions": {"keys": ["dt", "hour"], "quiet_minutes": 5},
                "exclude_features": ["id"],
            },
        },
    }
    seen = Partitions()
    with (
        lived(overrides, start=at(4), grace=timedelta(minutes=5)) as (stack, books),
        team_bucket(stack, BUCKET, sends_events=True),
    ):
        stack.wait_for_baseline()
        s3 = stack.cloud.client("s3")
        good, bad = scored(stack, baseline_requests(ROWS, seed=7)), scored(stack, anomalous_requests(ROWS, seed=8))

        def settled(what: str, minute: int, count: int) -> None:
            """Go to a minute, and wait for so many runs in all."""
            before = len(runs(stack))
            heard(stack, due=not what.startswith("no event"))
            stack.go_to(at(4, minute))
            wait_until(f"the runs of {what}", lambda: True if len(runs(stack)) >= count else None, seconds=60)
            seen.jobs[what] = runs(stack)[before:]
            if seen.jobs[what]:
                seen.results[what] = documents(stack, seen.jobs[what][-1])

        stack.go_to(at(4, 6))
        write(stack, "dt=2026-11-24/hour=03", good)
        settled("like the baseline", 15, 1)
        write(stack, "dt=2026-11-24/hour=04", bad, files=2)
        settled("shifted", 25, 2)
        write(stack, "dt=2026-11-24/hour=04", good, files=2)  # put right, under the same names
        settled("written anew", 50, 3)
        s3.put_bucket_notification_configuration(Bucket=BUCKET, NotificationConfiguration={})
        write(stack, "dt=2026-11-24/hour=02", good, files=1, prefix="late")
        settled("no event told of", 60 + 50, 4)
        wait_until("the message", lambda: stack.told_of("violations") or None, seconds=60)
        seen.told = stack.told_of("violations")
    seen.books = books
    return seen


def test_each_state_of_a_partition_has_one_run_however_many_files_and_events(partitions: Partitions) -> None:
    assert {what: len(jobs) for what, jobs in partitions.jobs.items()} == {
        "like the baseline": 1,
        "shifted": 1,
        "written anew": 1,
        "no event told of": 1,
    }
    assert {job["ProcessingJobStatus"] for jobs in partitions.jobs.values() for job in jobs} == {"Completed"}


def test_results_say_which_partition_they_are_of(partitions: Partitions) -> None:
    names = {what: found["drift.json"]["batch"].rpartition("-")[0] for what, found in partitions.results.items()}
    assert names == {
        "like the baseline": "dt=2026-11-24,hour=03",
        "shifted": "dt=2026-11-24,hour=04",
        "written anew": "dt=2026-11-24,hour=04",
        "no event told of": "dt=2026-11-24,hour=02",
    }
    assert {found["drift.json"]["current_rows"] for found in partitions.results.values()} == {ROWS}


def test_drift_is_found_where_it_is_and_nowhere_else(partitions: Partitions) -> None:
    found = {
        what: {item["feature_name"] for item in documents["constraint_violations.json"]["violations"]}
        for what, documents in partitions.results.items()
        if "constraint_violations.json" in documents
    }
    assert list(found) == ["shifted"]
    assert {"feature_1", "feature_2", "feature_3"} <= found["shifted"]
    assert [told for told in partitions.told if "batch" in told.body]


def test_nothing_was_refused_and_nothing_is_left(partitions: Partitions) -> None:
    [books] = partitions.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}
