"""The endpoint is updated, deleted and made again, and its baseline replaced, while the open engine watches it.

By hand, as people do it in the console: the stack is told nothing. What was captured is in one run each; an hour
without an endpoint is an hour without captures, and no failure.
"""

import gzip
import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pyarrow.csv as pa_csv
import pytest

from drift_tools.capture import read_captures
from drift_tools.endpoint import anomalous_requests, baseline_requests
from tests.open_engine.conftest import lived
from tests.open_engine.watched import Watched, at

pytestmark = pytest.mark.matrix

ROWS = 150


@dataclass
class Day:
    """By the hour at which a window ended: rows that its run looked at, features that it named, what it published."""

    rows: dict[int, int | None] = field(default_factory=dict)
    drifted: dict[int, list[str]] = field(default_factory=dict)
    metrics: dict[int, dict[str, float | None]] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=dict)
    records: dict[int, Any] = field(default_factory=dict)
    left_out: dict[int, float | None] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)


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
    stack.go_to(at(11, 20))
    stack.send(baseline_requests(ROWS, seed=12))
    cut = arrives_in_part(stack, at(11))
    seen.cut.append(cut.key)
    seen_by.note(12)
    stack.go_to(at(12, 20))
    stack.send(baseline_requests(ROWS, seed=13))
    cut.arrives_whole()
    seen_by.note(13)
    stack.go_to(at(13, 20))
    stack.send(baseline_requests(ROWS, seed=14))
    seen_by.note(14)


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
        seen.records[hour] = results.get("drift.json", {}).get("records")
        seen.left_out[hour] = stack.metric("LeftOutFiles", self.schedule, at(hour))


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


@dataclass
class Upload:
    """A capture file that somebody else's program writes into an hour."""

    stack: Watched
    key: str
    body: bytes

    def arrives_whole(self) -> None:
        self.stack.cloud.client("s3").put_object(Bucket=self.stack.bucket, Key=self.key, Body=self.body)


def arrives_in_part(stack: Watched, hour: datetime) -> Upload:
    """The hour's captures once more, packed, up to their middle; and an upload in parts that nobody completes."""
    s3, prefix = stack.cloud.client("s3"), f"captured-data/{stack.endpoint}/"
    (before,) = {
        key.rpartition("/")[0] for key in stack.keys(prefix) if f"/{hour - timedelta(hours=1):%Y/%m/%d/%H}/" in key
    }
    keys = [key for key in stack.keys(prefix) if key.startswith(f"{before}/")]
    lines = b"".join(s3.get_object(Bucket=stack.bucket, Key=key)["Body"].read() for key in keys)
    moved = lines.replace(f"{hour - timedelta(hours=1):%Y-%m-%dT%H}".encode(), f"{hour:%Y-%m-%dT%H}".encode())
    folder = f"{before[: -len('yyyy/mm/dd/hh')]}{hour:%Y/%m/%d/%H}"
    upload = Upload(stack, f"{folder}/50-00-000-cut.jsonl.gz", gzip.compress(moved))
    s3.put_object(Bucket=stack.bucket, Key=upload.key, Body=upload.body[: len(upload.body) // 2])
    never = {"Bucket": stack.bucket, "Key": f"{folder}/51-00-000-never.jsonl"}
    part = s3.create_multipart_upload(**never)["UploadId"]
    s3.upload_part(**never, UploadId=part, PartNumber=1, Body=moved)
    return upload


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


def test_a_capture_that_arrives_in_part_counts_as_far_as_it_goes_and_is_named(day: Day) -> None:
    records = day.records[12]
    assert day.rows[12] == records["rows"] > ROWS
    assert records["rows"] < 2 * ROWS
    assert records["skipped"] == {"gzip file is cut short or damaged": 1}
    assert [item["file"] for item in records["problems"]] == [day.cut[0].removeprefix("captured-data/")]
    assert day.left_out[12] is None  # an upload that is not completed is no file


def test_what_is_whole_after_its_run_is_named_once_and_counted_no_second_time(day: Day) -> None:
    assert [day.rows[hour] for hour in (13, 14)] == [ROWS, ROWS]
    assert [day.left_out[hour] for hour in (12, 13, 14)] == [None, 1, None]
    key = day.cut[0].removeprefix("captured-data/")
    said = f"Left out: 1 x a file that was written again after it was taken ({key})."
    assert day.records[13]["left_out"] == said[:256]
    assert "left_out" not in day.records[14]
