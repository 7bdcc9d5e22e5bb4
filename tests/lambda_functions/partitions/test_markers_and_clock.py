"""Markers that start a run, and the clock that finds what no event told of."""

from datetime import timedelta
from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeSageMaker
from tests.lambda_functions.partitions.world import (
    DOCUMENT,
    FIRST,
    LOOK,
    MARKED,
    PLAN_KEY,
    START,
    SWEEP,
    World,
    created,
)


def test_a_marker_starts_the_run_and_no_file_does() -> None:
    world = World(MARKED)
    assert world.tell(world.write(f"{FIRST}/a.parquet", 0))["why"] == "no marker"
    assert not world.scheduler.made
    answer = world.tell(world.write(f"{FIRST}/_SUCCESS", 1, b""))
    assert (answer["files"], answer["version"]) == (1, 1)
    assert world.tell(created(f"scores/{FIRST}/_SUCCESS"))["why"] == "its files were looked at"
    # Written on after its marker it waits for the next one.
    world.write(f"{FIRST}/b.parquet", 5)
    assert world.tell(LOOK)["why"] == "it was written on after its _SUCCESS"
    assert world.tell(world.write(f"{FIRST}/_SUCCESS", 6, b""))["version"] == 2


def test_a_marker_above_is_of_all_partitions_that_were_written() -> None:
    world = World(MARKED)
    for hour in ("03", "04"):
        world.write(f"dt=2026-11-23/hour={hour}/a.parquet", 1)
    answer = world.tell(world.write("_SUCCESS", 2, b""))
    assert [item["partition"] for item in answer["looks"]] == [FIRST, "dt=2026-11-23/hour=03"]
    world.write("dt=2026-11-23/hour=05/a.parquet", 61)
    answer = world.tell(world.write("dt=2026-11-23/_SUCCESS", 62, b""))
    assert [item["partition"] for item in answer["looks"]] == ["dt=2026-11-23/hour=05"]


def test_the_clock_finds_what_no_event_told_of_and_nothing_from_before_the_monitor() -> None:
    world = World()
    world.write("dt=2026-11-22/hour=23/old.parquet", -300)
    for hour in ("04", "9", "10"):
        world.write(f"dt=2026-11-23/hour={hour}/a.parquet", 5)
    world.s3.put("scores/readme.txt", b"")
    answer = world.tell(SWEEP, 95)
    # The newest three, by number and not by letter.
    assert [item["partition"] for item in answer["looks"]] == [
        "dt=2026-11-23/hour=10",
        "dt=2026-11-23/hour=9",
        "dt=2026-11-23/hour=04",
    ]
    assert world.tell(SWEEP, 155)["looks"] == []
    assert len(world.sagemaker.jobs) == 3


def test_a_monitor_remembers_since_when_it_is_there() -> None:
    world = World()
    world.tell(SWEEP, 35)
    world.s3.modified[PLAN_KEY] = START + timedelta(minutes=60)  # other arguments, later
    world.write(f"{FIRST}/a.parquet", 40)
    assert len(world.tell(SWEEP, 95)["looks"]) == 1
    assert world.tell(SWEEP, 60 * 24 * 20)["since"] == "2026-11-29T04:00:00Z"


@pytest.mark.parametrize("folder", ["tmp", "tmp/x", "hour=04", "dt=2026-11-23/x=1"])
def test_a_marker_elsewhere_below_the_prefix_starts_nothing(folder: str) -> None:
    world = World(MARKED)
    world.write(f"{folder}/a.parquet", 1)
    assert world.tell(world.write(f"{folder}/_SUCCESS", 2, b""))["why"] == "no marker of a partition"
    assert not world.sagemaker.jobs


class Ended(FakeSageMaker):
    """Transform jobs of which the listing knows, one a minute from the start on."""

    names: tuple[str, ...] = ("nightly", "elsewhere")

    def list_transform_jobs(self, **request: Any) -> dict[str, Any]:
        self._enter("ListTransformJobs", request)
        first = int(request.get("NextToken", 0))
        rows = [
            {
                "TransformJobName": name,
                "TransformEndTime": START + timedelta(minutes=minute),
                "TransformJobStatus": "Completed",
            }
            for minute, name in enumerate(self.names)
        ]
        token = {"NextToken": str(first + 1)} if first + 1 < len(rows) else {}
        return {"TransformJobSummaries": rows[first : first + 1], **token}

    def describe_transform_job(self, **request: Any) -> dict[str, Any]:
        name = request["TransformJobName"]
        place = "scores" if name != "elsewhere" else "others"
        return {
            "TransformJobStatus": "Completed",
            "TransformOutput": {"S3OutputPath": f"s3://churn-data/{place}/{name}"},
            "TransformInput": {"ContentType": "text/csv", "DataSource": {"S3DataSource": {"S3Uri": "s3://in/x"}}},
            "DataProcessing": {"JoinSource": "Input"},
            "CreationTime": START,
            "TransformEndTime": START + timedelta(minutes=5),
        }


def test_the_clock_finds_transform_jobs_that_no_event_told_of_once() -> None:
    world = World({name: value for name, value in DOCUMENT.items() if name not in ("partitions", "looks")})
    world.sagemaker = Ended()
    world.s3.put("scores/nightly/rows.csv.out", b"1,0.9\n")
    [found] = world.tell(SWEEP, 95)["looks"]
    assert (found["transform"], found["created"]) == ("nightly", True)
    assert world.tell(SWEEP, 155)["looks"] == []
    assert len(world.sagemaker.jobs) == 1
    since = world.sagemaker.requests("ListTransformJobs")[0]["LastModifiedTimeAfter"]
    assert since == START - timedelta(seconds=1)  # since there is this monitor
