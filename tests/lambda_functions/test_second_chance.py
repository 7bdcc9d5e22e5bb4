"""Runs that were killed get one job more, on a larger machine; windows that are lost are named by the next run."""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common, load
from tests.lambda_functions.start_monitor.deliveries import CAPTURED, EVENT, SETTINGS, STATE, published

MODULES = load("start_monitor")
FIRST, SECOND = "churn-dq-202611231000-eb748a", "churn-dq-202611231000-eb748a-r"
MARKER = f"monitor-state/small-windows/churn-endpoint/{FIRST}.json"
SMALL = {"function_name": "churn-monitor-window", "max_bytes": 1000}
STARTED = datetime(2026, 11, 23, 10, 21, tzinfo=UTC)
LIMIT = {"StoppingCondition": {"MaxRuntimeInSeconds": 600}, "ProcessingStartTime": STARTED}


class Monitor:
    """Delivers the schedule's hours; its clock says what they say."""

    def __init__(self, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch) -> None:
        self.s3, self.sagemaker, self.cloudwatch = s3, sagemaker, cloudwatch
        self.functions = FakeLambda()

    def run(self, hour: int, minute: int = 20, **plan: Any) -> Any:
        event = copy.deepcopy(EVENT)
        event["scheduled_time"] = f"2026-11-23T{hour:02}:20:00Z"
        event["plan"] |= plan
        now = datetime(2026, 11, 23, hour, minute, tzinfo=UTC).timestamp()
        return MODULES.handler.process(
            event, SETTINGS, s3=self.s3, sagemaker=self.sagemaker, functions=self.functions,
            cloudwatch=self.cloudwatch, clock=common("idempotency").Clock(now=lambda: now, sleep=lambda _seconds: None),
        )  # fmt: skip

    def settled(self) -> Any:
        return self.s3.json(f"{STATE}/2026/11/23/10.settled")


@pytest.fixture
def monitor(s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch) -> Monitor:
    for hour in range(9, 14):
        s3.put(f"{CAPTURED}/2026/11/23/{hour:02}/a.jsonl", b"{}\n")
    return Monitor(s3, sagemaker, cloudwatch)


def end(monitor: Monitor, name: str, status: str, **more: Any) -> None:
    monitor.sagemaker.jobs[name] |= {"ProcessingJobStatus": status, **more}


KILLED = [
    {"FailureReason": "AlgorithmError: , exit code: 137"},
    {"FailureReason": "InternalServerError: We encountered an internal error.", "ExitMessage": "Error: half"},
    {"FailureReason": "AlgorithmError", "ExitMessage": "Error: MemoryError: 5 GB"},
]


@pytest.mark.parametrize("how", KILLED, ids=["out of memory", "SageMaker's own fault", "MemoryError"])
def test_a_killed_job_is_tried_once_more_on_a_larger_machine(monitor: Monitor, how: dict[str, str]) -> None:
    monitor.run(10)
    end(monitor, FIRST, "Failed", **how)
    answer = monitor.run(11)
    assert answer["tried_again"] == ["2026-11-23T10:00:00Z"]
    first, second, today = (monitor.sagemaker.jobs[name] for name in (FIRST, SECOND, answer["started"]))
    assert second["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.2xlarge"
    same = ("ProcessingInputs", "ProcessingOutputConfig", "Environment", "AppSpecification", "RoleArn")
    assert [second[name] for name in same] == [first[name] for name in same]
    assert today["ProcessingResources"] == first["ProcessingResources"]
    assert "tried_again" not in monitor.run(11)
    end(monitor, SECOND, "Completed", ExitMessage="Completed: Job completed successfully with no violations.")
    assert "lost_windows" not in monitor.run(12)
    assert monitor.settled() == {"as": "done"}
    assert len(monitor.sagemaker.jobs) == 4
    assert all(metrics.get("LostWindows") is None for metrics in published(monitor.cloudwatch))


def test_a_job_that_ran_into_its_limit_was_killed_and_one_that_a_person_stopped_was_not(monitor: Monitor) -> None:
    monitor.run(10)
    end(monitor, FIRST, "Stopped", **LIMIT, ProcessingEndTime=STARTED + timedelta(seconds=600))
    assert monitor.run(11)["tried_again"] == ["2026-11-23T10:00:00Z"]
    end(monitor, "churn-dq-202611231100-eb748a", "Stopped", **LIMIT, ProcessingEndTime=STARTED + timedelta(seconds=60))
    assert "tried_again" not in monitor.run(12)


def test_where_there_is_no_larger_machine_it_is_one_of_the_same(monitor: Monitor) -> None:
    monitor.run(10)
    end(monitor, FIRST, "Failed")
    original = monitor.sagemaker.create_processing_job

    def none_larger(**request: Any) -> Any:
        if request["ProcessingResources"]["ClusterConfig"]["InstanceType"] == "ml.m5.2xlarge":
            monitor.sagemaker.fail("CreateProcessingJob", "ResourceLimitExceeded")
        return original(**request)

    monitor.sagemaker.create_processing_job = none_larger  # type: ignore[method-assign] # an account's quota
    monitor.run(11)
    cluster = monitor.sagemaker.jobs[SECOND]["ProcessingResources"]["ClusterConfig"]
    assert cluster["InstanceType"] == "ml.m5.xlarge"


def test_a_job_that_said_what_was_wrong_is_a_lost_window_and_the_next_run_says_so(
    monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor.run(10)
    end(monitor, FIRST, "Failed", FailureReason="AlgorithmError: , exit code: 1", ExitMessage="Error: no constraints")
    answer = monitor.run(11)
    reason = "AlgorithmError: , exit code: 1 Error: no constraints"
    assert answer["lost_windows"] == {"2026-11-23T10:00:00Z": reason}
    assert published(monitor.cloudwatch)[-1] == {"LostWindows": 1.0, "JobFailures": 1.0}
    assert '"message": "a window is lost", "window_start": "2026-11-23T09:00:00Z"' in capsys.readouterr().out
    assert "lost_windows" not in monitor.run(12)  # told once
    assert len(monitor.sagemaker.jobs) == 3


def test_a_second_job_that_fails_is_a_lost_window(monitor: Monitor) -> None:
    monitor.run(10)
    end(monitor, FIRST, "Failed")
    monitor.run(11)
    end(monitor, SECOND, "Failed", FailureReason="AlgorithmError: , exit code: 137")
    assert monitor.run(12)["lost_windows"] == {"2026-11-23T10:00:00Z": "AlgorithmError: , exit code: 137"}
    assert monitor.settled()["as"] == "lost"


def test_a_job_at_work_is_left_alone(monitor: Monitor) -> None:
    monitor.run(10)
    assert set(monitor.run(11)) & {"tried_again", "lost_windows"} == set()
    assert f"{STATE}/2026/11/23/10.settled" not in monitor.s3.objects


@pytest.mark.parametrize(
    ("marker", "answer"),
    [
        (None, {"tried_again": ["2026-11-23T10:00:00Z"]}),
        ({"state": "in-progress", "facts": {}}, {"tried_again": ["2026-11-23T10:00:00Z"]}),
        ({"state": "released", "facts": {"error": "OutOfTimeError"}}, {"tried_again": ["2026-11-23T10:00:00Z"]}),
        ({"state": "done", "facts": {"status": "1", "message": "Error: MemoryError: no"}},
         {"tried_again": ["2026-11-23T10:00:00Z"]}),
        ({"state": "done", "facts": {"status": "1", "message": "Error: no constraints"}},
         {"lost_windows": {"2026-11-23T10:00:00Z": "Error: no constraints"}}),
        ({"state": "done", "facts": {"status": "0", "message": "Completed"}}, {}),
        ({"state": "done", "facts": {"message": "of an earlier version"}}, {}),
    ],
)  # fmt: skip
def test_what_a_function_left_decides(monitor: Monitor, marker: Any, answer: dict[str, Any]) -> None:
    assert monitor.run(10, small_window=SMALL)["route"] == "function"
    if marker is not None:
        monitor.s3.put(MARKER, marker)
    assert set(monitor.run(10, minute=50, small_window=SMALL)) & {"tried_again", "lost_windows"} == set()
    found = monitor.run(11, small_window=SMALL)
    assert {name: found[name] for name in ("tried_again", "lost_windows") if name in found} == answer
    assert (SECOND in monitor.sagemaker.jobs) == ("tried_again" in answer)


def test_todays_run_is_started_whatever_became_of_earlier_ones(
    monitor: Monitor, capsys: pytest.CaptureFixture[str]
) -> None:
    monitor.run(10)
    monitor.sagemaker.fail("DescribeProcessingJob", "ThrottlingException")
    assert monitor.run(11)["started"] == "churn-dq-202611231100-eb748a"
    assert "what became of earlier runs is not known" in capsys.readouterr().out
    end(monitor, FIRST, "Failed")
    assert monitor.run(12)["tried_again"] == ["2026-11-23T10:00:00Z"]


def test_a_second_name_fits_and_is_no_other_ones() -> None:
    run = MODULES.run_ledger.Run("", "", "", (), (), None, 0, "x" * 63, "job")
    assert MODULES.second_chance.second_name(run) == "x" * 61 + "-r"
