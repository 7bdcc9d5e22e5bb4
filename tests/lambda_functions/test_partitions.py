"""Partitions of a plain prefix: many files one run, events in any order, late and rewritten ones, markers, clock."""

import heapq
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker, FakeScheduler
from tests.lambda_functions.functions import common, load
from tests.lambda_functions.test_start_monitor import REQUEST

MODULES = load("start_monitor")
partitions, batch_plan, batch_events = MODULES.partitions, MODULES.batch_plan, MODULES.batch_events
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PLAN_KEY = "monitoring-scripts/batch/plan.json"
PLAN_URI = f"s3://churn-data/{PLAN_KEY}"
LAYOUT = {"keys": ["dt", "hour"], "format": "parquet", "marker": None, "quiet_seconds": 600, "newest": 3}
DOCUMENT: dict[str, Any] = {
    "endpoint": "churn",
    "schedule": "churn-batch",
    "output_uri": "s3://churn-data/scores",
    "results_uri": "s3://churn-data/monitoring-results",
    "state_uri": "s3://churn-data/monitor-state",
    "job_stem": "churn",
    "request": REQUEST,
    "partitions": LAYOUT,
    "looks": {"group": "looks", "role_arn": "arn:aws:iam::111122223333:role/looks", "dead_letter_arn": "arn:aws:q"},
}
MARKED = {**DOCUMENT, "partitions": {**LAYOUT, "marker": "_SUCCESS"}}
ARN = "arn:aws:lambda:eu-central-1:111122223333:function:churn-start-monitor"
Document = dict[str, Any]
# As EventBridge Scheduler has it in a schedule's input; the moment at which it is told.
NOW = "<aws.scheduler.scheduled-time>"


class World:
    """A bucket with the scores, and the function."""

    def __init__(self, document: Document = DOCUMENT, s3: FakeS3 | None = None) -> None:
        self.s3, self.sagemaker, self.scheduler = s3 or FakeS3(), FakeSageMaker(), FakeScheduler()
        self.s3.put(PLAN_KEY, document)
        self.s3.modified[PLAN_KEY] = START
        self.now = START

    def write(self, key: str, minute: float, body: bytes = b"PAR1") -> dict[str, Any]:
        """An object, written so many minutes after the start; its event."""
        self.now = START + timedelta(minutes=minute)
        self.s3.put(f"scores/{key}", body)
        self.s3.modified[f"scores/{key}"] = self.now
        return created(f"scores/{key}", self.now)

    def tell(self, event: Any, minute: float | None = None) -> dict[str, Any]:
        if minute is not None:
            self.now = START + timedelta(minutes=minute)
        event = json.loads(json.dumps(event).replace(NOW, f"{self.now:%Y-%m-%dT%H:%M:%SZ}"))
        answer: dict[str, Any] = batch_events.process(
            event,
            batch_plan.BatchPlan.read(self.s3, PLAN_URI),
            PLAN_URI,
            s3=self.s3,
            sagemaker=self.sagemaker,
            scheduler=self.scheduler,
            function_arn=ARN,
        )
        return answer

    def look_when_due(self) -> list[dict[str, Any]]:
        """The looks that were planned, at their time."""
        answers = []
        for item in sorted(self.scheduler.made.values(), key=lambda item: item["ScheduleExpression"]):
            self.now = due_of(item)
            answers.append(self.tell(json.loads(item["Target"]["Input"])))
        self.scheduler.made.clear()
        return answers

    @property
    def manifests(self) -> list[list[Any]]:
        """The files of each run, in the order in which they were started."""
        uris = [
            item["S3Input"]["S3Uri"]
            for job in self.sagemaker.jobs.values()
            for item in job["ProcessingInputs"]
            if item["InputName"] == "captured"
        ]
        return [self.s3.json(uri.removeprefix("s3://churn-data/")) for uri in uris]


def due_of(look: dict[str, Any]) -> datetime:
    return datetime.strptime(look["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)


def created(key: str, moment: datetime | None = None) -> dict[str, Any]:
    """As S3 tells EventBridge (user guide, "EventBridge event message structure"); of now without a moment."""
    return {
        "version": "0",
        "time": NOW if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "version": "0",
            "bucket": {"name": "churn-data"},
            "object": {"key": key, "size": 4, "etag": "x", "sequencer": "0"},
            "reason": "PutObject",
        },
    }


SWEEP = {"batch": {"sweep": True, "at": NOW}}
LOOK = {"batch": {"look": "dt=2026-11-23/hour=04", "at": NOW}}
FIRST = "dt=2026-11-23/hour=04"


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


def test_a_plan_that_cannot_be_used_says_which_part() -> None:
    s3 = FakeS3()
    s3.put("plan.json", {**DOCUMENT, "partitions": {**LAYOUT, "keys": []}})
    with pytest.raises(common("event_fields").BadEventError, match=r"partitions\.keys must be a list"):
        batch_plan.BatchPlan.read(s3, "s3://churn-data/plan.json")
    world = World()
    plan = replace(batch_plan.BatchPlan.read(world.s3, PLAN_URI), partitions=None)
    with pytest.raises(common("event_fields").BadEventError, match="the plan is one of transform jobs"):
        partitions.layout_of(plan)
