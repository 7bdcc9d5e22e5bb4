"""The endpoint is updated, deleted and made again, and its baseline replaced, while the open engine watches it.

By hand, as people do it in the console: the stack is told nothing. What was captured is in one run each; an hour
without an endpoint is an hour without captures, and no failure.
"""

import io
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pyarrow.csv as pa_csv
import pytest

from drift_tools.capture import read_captures
from drift_tools.endpoint import anomalous_requests, baseline_requests
from tests.open_engine.conftest import lived
from tests.open_engine.watched import Watched

DAY = datetime(2026, 11, 24, tzinfo=UTC)
ROWS = 150


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


@dataclass
class Day:
    """By the hour at which a window ended: rows that its run looked at, features that it named, what it published."""

    rows: dict[int, int | None] = field(default_factory=dict)
    drifted: dict[int, list[str]] = field(default_factory=dict)
    metrics: dict[int, dict[str, float | None]] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=dict)
    variants: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def day() -> Day:
    seen = Day()
    overrides = {"engine": "open", "monitoring": {"open_engine": {"grace_in_minutes": 5}}}
    with lived(overrides, start=at(3, 50), grace=timedelta(minutes=5)) as (stack, _):
        live(stack, seen)
    return seen


def live(stack: Watched, seen: Day) -> None:
    stack.wait_for_baseline()
    sagemaker = stack.cloud.client("sagemaker")
    config = sagemaker.describe_endpoint(EndpointName=stack.endpoint)["EndpointConfigName"]
    seen_by = Notes(stack, seen)
    stack.go_to(at(4, 5))
    stack.send(baseline_requests(ROWS, seed=7))
    stack.go_to(at(4, 20))  # a variant that goes writes what it has captured before, or never
    update(stack, config)
    stack.send(baseline_requests(ROWS, seed=8))
    seen_by.note(5)
    stack.go_to(at(5, 20))
    stack.send(baseline_requests(ROWS, seed=9))
    stack.go_to(at(5, 40))
    sagemaker.delete_endpoint(EndpointName=stack.endpoint)
    seen_by.note(6)
    seen_by.note(7)
    stack.go_to(at(7, 20))
    sagemaker.create_endpoint(EndpointName=stack.endpoint, EndpointConfigName=config)
    stack.cloud.client("sagemaker").get_waiter("endpoint_in_service").wait(
        EndpointName=stack.endpoint, WaiterConfig={"Delay": 1}
    )
    stack.send(baseline_requests(ROWS, seed=10))
    seen_by.note(8)
    stack.go_to(at(8, 20))
    stack.send(anomalous_requests(ROWS, seed=7))
    seen_by.note(9)
    replace_the_baseline(stack, seen_by.schedule, at(9))  # files, and rows, of the hour that has just ended
    stack.go_to(at(9, 20))
    stack.send(anomalous_requests(ROWS, seed=8))
    seen_by.note(10)
    stack.go_to(at(10, 20))
    stack.send(baseline_requests(ROWS, seed=11))
    seen_by.note(11)


@dataclass
class Notes:
    stack: Watched
    seen: Day

    @property
    def schedule(self) -> str:
        return self.stack.outputs["data_quality_schedule_name"]

    def note(self, hour: int) -> None:
        """Once the run over the window that ended at `hour` is over."""
        stack, seen = self.stack, self.seen
        stack.after_the_run(at(hour))
        results = stack.results(self.schedule, at(hour))
        statistics = results.get("statistics.json")
        seen.rows[hour] = None if statistics is None else statistics["dataset"]["item_count"]
        seen.drifted[hour] = sorted(
            name for name, found in results.get("drift.json", {}).get("features", {}).items() if found.get("drifted")
        )
        seen.metrics[hour] = {
            name: stack.metric(name, self.schedule, at(hour))
            for name in ("NoData", "JobFailures", "ConstraintViolations")
        }
        seen.told[hour] = [message.kind for message in stack.told()]


def update(stack: Watched, config: str) -> None:
    """The endpoint gets a configuration like its own on other instances."""
    sagemaker = stack.cloud.client("sagemaker")
    own = sagemaker.describe_endpoint_config(EndpointConfigName=config)
    variants = [{**variant, "InstanceType": "ml.m5.xlarge"} for variant in own["ProductionVariants"]]
    sagemaker.create_endpoint_config(
        EndpointConfigName="by-hand", ProductionVariants=variants, DataCaptureConfig=own["DataCaptureConfig"]
    )
    sagemaker.update_endpoint(EndpointName=stack.endpoint, EndpointConfigName="by-hand")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName=stack.endpoint, WaiterConfig={"Delay": 1})


def replace_the_baseline(stack: Watched, schedule: str, window: datetime) -> None:
    """What the last window looked like is what is expected from now on: its statistics, constraints and rows."""
    s3 = stack.cloud.client("s3")
    results = stack.results(schedule, window)
    for name in ("statistics", "constraints"):
        key = stack.outputs[f"{name}_uri"].removeprefix(f"s3://{stack.bucket}/")
        s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps(results[f"{name}.json"]).encode())
    began = window - timedelta(hours=1)
    lines = [
        line
        for key in stack.keys(f"captured-data/{stack.endpoint}/")
        if f"/{began:%Y/%m/%d/%H}/" in key
        for line in s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read().splitlines()
    ]
    names = [feature["name"] for feature in results["statistics.json"]["features"]]
    table = read_captures(lines, columns=names).table
    buffer = io.BytesIO()
    pa_csv.write_csv(table.select(names), buffer)
    s3.put_object(Bucket=stack.bucket, Key=rows_key(stack, schedule), Body=buffer.getvalue())


def rows_key(stack: Watched, schedule: str) -> str:
    """Where the schedule says that the baseline's rows lie."""
    scheduler = stack.cloud.client("scheduler")
    group = stack.made("aws:scheduler/scheduleGroup:ScheduleGroup", "")
    target = scheduler.get_schedule(Name=schedule, GroupName=group)["Target"]["Input"]
    (found,) = set(re.findall(rf"s3://{stack.bucket}/([^\"\\]+\.csv)", target))
    return str(found)


def test_an_update_within_an_hour_loses_no_record_of_it(day: Day) -> None:
    assert day.rows[5] == 2 * ROWS
    assert day.metrics[5] == {"NoData": None, "JobFailures": 0, "ConstraintViolations": 0}


def test_what_a_deleted_endpoint_captured_is_looked_at(day: Day) -> None:
    assert day.rows[6] == ROWS
    assert day.metrics[6] == {"NoData": None, "JobFailures": 0, "ConstraintViolations": 0}


def test_an_hour_without_an_endpoint_is_one_without_data_and_no_failure(day: Day) -> None:
    assert day.rows[7] is None
    assert (day.metrics[7]["NoData"], day.metrics[7]["JobFailures"]) == (1, None)


def test_an_endpoint_of_the_same_name_is_watched_on(day: Day) -> None:
    assert day.rows[8] == ROWS
    assert day.metrics[8] == {"NoData": None, "JobFailures": 0, "ConstraintViolations": 0}
    assert day.told[8] == []


def test_a_baseline_that_is_replaced_holds_from_the_next_run_on(day: Day) -> None:
    assert day.rows[9] == day.rows[10] == day.rows[11] == ROWS
    assert day.metrics[9]["ConstraintViolations"] > 0  # type: ignore[operator] # else it fails, as it should
    assert day.metrics[10]["ConstraintViolations"] == 0
    assert day.metrics[11]["ConstraintViolations"] > 0  # type: ignore[operator] # as above
