"""Many files are one run, in any order; late and rewritten ones have the partition looked at again."""

import heapq
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3
from tests.lambda_functions.functions import common
from tests.lambda_functions.partitions.world import (
    ARN,
    DOCUMENT,
    FIRST,
    LAYOUT,
    LOOK,
    MODULES,
    NOW,
    PLAN_URI,
    START,
    World,
    batch_plan,
    created,
    due_of,
    partitions,
)


def test_the_files_of_a_partition_are_looked_at_once_it_is_quiet() -> None:
    world = World()
    for number in range(5):
        answer = world.tell(world.write(f"{FIRST}/part-{number}.parquet", number * 0.1))
        assert answer["planned"] == "2026-11-23T04:11:00Z"
    [look] = world.scheduler.made.values()
    assert look["ActionAfterCompletion"] == "DELETE"
    assert look["Target"]["Arn"] == ARN
    [answer] = world.look_when_due()
    assert (answer["files"], answer["version"]) == (5, 1)
    [job] = world.sagemaker.jobs.values()
    [files] = world.manifests
    assert files == [{"prefix": "s3://churn-data/scores/"}, *[f"{FIRST}/part-{n}.parquet" for n in range(5)]]
    environment = job["Environment"]
    assert environment["dataset_format"] == '{"parquet":{}}'
    assert environment["batch_columns"] == '{"partitioned":true}'
    assert (environment["start_time"], environment["metric_time"]) == ("2026-11-23T04:00:00Z", "2026-11-23T04:00:00Z")
    folder = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"].rpartition("/04/")[2]
    assert folder.startswith("0024-dt=2026-11-23,hour=04-")
    assert environment["batch_name"] == folder.removeprefix("0024-")


def test_a_look_at_a_partition_that_is_written_still_starts_nothing() -> None:
    world = World()
    world.tell(world.write(f"{FIRST}/a.parquet", 0))
    world.tell(world.write(f"{FIRST}/b.parquet", 8))
    early, late = world.look_when_due()
    assert (early["started"], early["why"]) == (None, "it is written still")
    assert (late["files"], len(world.sagemaker.jobs)) == (2, 1)


def lived(world: World, gaps: list[int], delays: list[list[int]]) -> None:
    """Files that are written so many minutes after one another, each told of so many times and so late; every look at
    its time.
    """
    moment, agenda = 0, []
    for number, (gap, late) in enumerate(zip(gaps, delays, strict=True)):
        moment += gap
        agenda.append((float(moment), 0, number))
        agenda += [(moment + delay, 1, number) for delay in late]
    heapq.heapify(agenda)
    while agenda:
        minute, kind, number = heapq.heappop(agenda)
        if kind == 0:
            world.write(f"{FIRST}/{number}.parquet", minute)
        elif kind == 1:
            world.scheduler.now = START + timedelta(minutes=minute)
            world.tell(
                created(f"scores/{FIRST}/{number}.parquet", world.s3.modified[f"scores/{FIRST}/{number}.parquet"])
            )
            for item in world.scheduler.made.values():
                heapq.heappush(agenda, ((due_of(item) - START) / timedelta(minutes=1), 2, 0))
            world.scheduler.made.clear()
        else:
            world.tell(LOOK, minute)


def told_of(files: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(st.integers(0, 120), min_size=1, max_size=3), min_size=files, max_size=files)


@settings(max_examples=60, deadline=None)
@given(data=st.data(), gaps=st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_files_with_less_than_the_quiet_time_between_them_make_one_run(data: st.DataObject, gaps: list[int]) -> None:
    """Whatever EventBridge does: twice, late, out of order."""
    world = World()
    lived(world, gaps, data.draw(told_of(len(gaps))))
    assert [len(files) - 1 for files in world.manifests] == [len(gaps)]


@settings(max_examples=60, deadline=None)
@given(data=st.data(), gaps=st.lists(st.integers(0, 60), min_size=1, max_size=6))
def test_the_last_run_has_all_files_and_no_two_have_the_same(data: st.DataObject, gaps: list[int]) -> None:
    world = World()
    lived(world, gaps, data.draw(told_of(len(gaps))))
    sizes = [len(files) - 1 for files in world.manifests]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] == len(gaps)


def test_a_late_file_and_a_rewritten_one_have_the_whole_partition_looked_at_again() -> None:
    world = World()
    world.tell(world.write(f"{FIRST}/a.parquet", 0))
    world.look_when_due()
    world.tell(world.write(f"{FIRST}/late.parquet", 120))
    [late] = world.look_when_due()
    world.tell(world.write(f"{FIRST}/a.parquet", 180, b"PAR1 again"))
    [again] = world.look_when_due()
    assert [late["version"], again["version"]] == [2, 3]
    assert [len(files) - 1 for files in world.manifests] == [1, 2, 2]
    assert len({job["Environment"]["batch_name"] for job in world.sagemaker.jobs.values()}) == 3
    # Alarms look at the hour in which it was written, however old the partition is.
    assert [job["Environment"]["metric_time"] for job in world.sagemaker.jobs.values()] == [
        "2026-11-23T04:00:00Z",
        "2026-11-23T06:00:00Z",
        "2026-11-23T07:00:00Z",
    ]


def test_a_run_that_was_created_and_not_noted_is_not_created_twice() -> None:
    world = World()
    world.tell(world.write(f"{FIRST}/a.parquet", 0))
    world.look_when_due()
    for key in world.s3.keys("monitor-state/batches/partitions/"):
        if key.endswith(".started"):
            del world.s3.objects[key]
    answer = world.tell(LOOK)
    assert (answer["created"], len(world.sagemaker.jobs)) == (False, 1)


@pytest.mark.parametrize(
    "key",
    [
        "scores/dt=2026-11-23/a.parquet",
        f"scores/{FIRST}/_temporary.parquet",
        f"scores/{FIRST}/.part.crc",
        "scores/hour=04/dt=2026-11-23/a.parquet",
        "other/dt=2026-11-23/hour=04/a.parquet",
    ],
)
def test_what_is_no_file_of_a_partition_plans_nothing(key: str) -> None:
    world = World()
    assert world.tell(created(key))["started"] is None
    assert not world.scheduler.made


def test_folders_below_a_partition_are_part_of_it_but_for_those_that_are_written_still() -> None:
    world = World()
    world.write(f"{FIRST}/region=eu/a.parquet", 0)
    world.write(f"{FIRST}/_temporary/0/b.parquet", 0)
    world.write(f"{FIRST}/empty.parquet", 0, b"")
    answer = world.tell(LOOK, 20)
    assert answer["files"] == 1
    assert world.manifests[0][1:] == [f"{FIRST}/region=eu/a.parquet"]


def test_a_look_at_a_place_that_is_no_partition_is_refused() -> None:
    with pytest.raises(common("event_fields").BadEventError, match="it is no partition"):
        World().tell({"batch": {"look": "../monitor-state", "at": NOW}})


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_a_failure_says_why_and_rings_only_if_lambda_delivers_no_more(failures: int) -> None:
    world, cloudwatch = World(), FakeCloudWatch()
    world.write(f"{FIRST}/a.parquet", 0)
    world.sagemaker.fail("CreateProcessingJob", *["ResourceLimitExceeded"] * failures)
    handler = MODULES.handler
    settings_ = handler.Settings("ModelMonitoring/churn", "churn-data", "responder-state/job-failures", None, PLAN_URI)

    def look() -> Any:
        return handler.process(
            {"batch": {"look": FIRST, "at": "2026-11-23T04:30:00Z"}},
            settings_,
            s3=world.s3,
            sagemaker=world.sagemaker,
            functions=None,
            cloudwatch=cloudwatch,
        )

    for _ in range(min(failures, 2)):
        with pytest.raises(Exception, match="ResourceLimitExceeded"):
            look()
    if failures == 3:  # the alarm tells of it, and no dead letter
        assert look()["failed"].startswith("ClientError")
    told = [item["MetricName"] for request in cloudwatch.requests("PutMetricData") for item in request["MetricData"]]
    assert told == (["JobFailures"] if failures == 3 else [])
    # One note, though it failed more than once.
    [key] = [key for key in world.s3.objects if key.startswith("responder-state/job-failures/")]
    note = world.s3.json(key)
    assert note["reason"].startswith("the job could not be started: ResourceLimitExceeded")
    assert (note["status"], note["run"]) == ("NotStarted", "2026-11-23T04:30:00Z")
    assert look()["version"] == 1


def test_a_plan_that_cannot_be_used_says_which_part() -> None:
    s3 = FakeS3()
    s3.put("plan.json", {**DOCUMENT, "partitions": {**LAYOUT, "keys": []}})
    with pytest.raises(common("event_fields").BadEventError, match=r"partitions\.keys must be a list"):
        batch_plan.BatchPlan.read(s3, "s3://churn-data/plan.json")
    world = World()
    plan = replace(batch_plan.BatchPlan.read(world.s3, PLAN_URI), partitions=None)
    with pytest.raises(common("event_fields").BadEventError, match="the plan is one of transform jobs"):
        partitions.layout_of(plan)
