"""A deployed stack is updated by the real engine while its jobs run, and while a killed one waits for its second.

Each window is a processing job here (no small windows), and each job is stopped in the middle (SIGSTOP) until the
update is over. What was captured is counted once in any case; a failed job is one message.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import local_aws
from drift_tools.endpoint import baseline_requests
from examples.demo.deploying import environment_variables
from examples.demo.mailbox import Mailbox
from examples.demo.waiting import wait_until
from local_aws.apply import Deployment, inventory
from local_aws.provider import Plugins, serve
from tests.engine.lab import Lab
from tests.engine.use import assert_all_that_is_in_use_is_there
from tests.open_engine.watched import Watched

pytestmark = pytest.mark.matrix

DAY = datetime(2026, 11, 24, tzinfo=UTC)
ROWS = 150
GRACE = timedelta(minutes=5)
OPEN: dict[str, str | int | bool] = {
    "engine": "open",
    "monitoring.open_engine.small_windows.max_megabytes": 0,
    "monitoring.open_engine.grace_in_minutes": 5,
}

FIRST_UPDATE: dict[str, str | int | bool] = {
    "monitoring.data_quality.instance_type": "ml.m5.2xlarge",
    "monitoring.endpoint.instance_count": 2,
    "monitoring.alerting.violations_threshold": 2,
}


def at(hour: int, minute: int = 0) -> datetime:
    return DAY + timedelta(hours=hour, minutes=minute)


@dataclass
class Day:
    """By the hour at which a window ended: its jobs, its rows, what was published in that hour, what had been told."""

    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    rows: dict[int, int | None] = field(default_factory=dict)
    failures: dict[int, float | None] = field(default_factory=dict)
    told: dict[int, list[str]] = field(default_factory=dict)
    subjects: list[str] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    denied: list[dict[str, str]] = field(default_factory=list)
    invalid: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    left: dict[str, frozenset[str]] = field(default_factory=dict)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    folder, seen = tmp_path_factory.mktemp("lab"), Day()
    with local_aws.start(enforce_iam=True, at=at(3, 50)) as cloud, serve(cloud) as serving:
        with Plugins(cloud, tmp_path_factory.mktemp("plugins")) as plugins:
            lab, before = Lab(folder, cloud, serving, plugins), inventory(cloud)
            with environment_variables(lab.variables):
                live(lab, seen)
        seen.denied, seen.invalid, seen.failed = cloud.denied_calls(), cloud.invalid_requests(), cloud.failures()
        seen.left = {kind: names for kind, names in inventory(cloud).items() if names != before.get(kind)}
    return seen


def live(lab: Lab, seen: Day) -> None:
    environment = lab.environment("dev")

    def update(config: dict[str, str | int | bool]) -> None:
        environment.configure(config)
        seen.changed.append(environment.up().changed)

    environment.configure(OPEN)
    deployment = Deployment("model-monitoring", "dev")
    deployment.outputs = dict(environment.up().outputs)
    topics = [deployment.outputs["notification_topic_arn"], deployment.outputs["alarm_topic_arn"]]
    with Mailbox(lab.cloud, topics) as mailbox:
        stack = Watched(lab.cloud, deployment, mailbox, GRACE)
        stack.wait_for_baseline()

        def hour(end: int, meanwhile: Callable[[int], None] | None = None, *, message: str = "") -> None:
            stack.go_to(at(end - 1, 20))
            stack.send(baseline_requests(ROWS, seed=end))
            if meanwhile is None:
                stack.after_the_run(at(end))
            else:
                with stopped_job(stack, end) as process:
                    meanwhile(process)
            if message:  # it comes after the run, when the alarm and the responder had their turn
                stack.wait_for_message(message)
            note(stack, seen, end)

        hour(5)
        hour(6, lambda _process: update(FIRST_UPDATE))

        def killed_while_updated(process: int) -> None:
            update({"baseline_data": str(other_baseline(lab)), "monitoring.data_quality.instance_type": "ml.m5.large"})
            os.kill(process, signal.SIGKILL)

        hour(7, killed_while_updated, message="job-failure")
        hour(8, message="alarm")
        seen.jobs[7] = stack.jobs("dq", at(7))
        seen.rows[7] = rows(stack, 7)
    assert_all_that_is_in_use_is_there(lab.cloud)
    environment.destroy()


@contextmanager
def stopped_job(stack: Watched, end: int) -> Iterator[int]:
    """While the job of the window that ended at `end` stands still; its process. On leaving it goes on to its end."""
    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(stack.after_the_run, at(end))
        process = wait_until("the job's process", lambda: process_of(f"-dq-{at(end):%Y%m%d%H%M}-"), seconds=60)
        os.kill(process, signal.SIGSTOP)
        try:
            yield process
            (job,) = stack.jobs("dq", at(end))
            assert job["ProcessingJobStatus"] in {"InProgress", "Failed"}
            assert not going.done() or job["ProcessingJobStatus"] == "Failed"
        finally:
            if process_of(f"-dq-{at(end):%Y%m%d%H%M}-") is not None:
                os.kill(process, signal.SIGCONT)
        going.result()


def process_of(job: str) -> int | None:
    """The process that has a part of this name in its job's ARN, which is in its environment."""
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            variables = path.read_bytes().split(b"\0")
        except OSError:  # it has ended, or is another user's
            continue
        if any(item.startswith(b"PROCESSING_JOB_ARN=") and job.encode() in item for item in variables):
            return int(path.parent.name)
    return None


def other_baseline(lab: Lab) -> Path:
    path = lab.folder / "baseline.csv"
    text = (lab.program / "model" / "baseline.csv").read_text()
    path.write_text(text + text.splitlines()[-1] + "\n")
    return path


def rows(stack: Watched, end: int) -> int | None:
    statistics = stack.results(stack.outputs["data_quality_schedule_name"], at(end)).get("statistics.json")
    return None if statistics is None else statistics["dataset"]["item_count"]


def note(stack: Watched, seen: Day, end: int) -> None:
    schedule = stack.outputs["data_quality_schedule_name"]
    seen.jobs[end] = stack.jobs("dq", at(end))
    seen.rows[end] = rows(stack, end)
    seen.failures[end] = stack.metric("JobFailures", schedule, at(end))
    seen.told[end] = [message.kind for message in stack.told()]
    seen.subjects = [message.subject for message in stack.told()]


def instance(job: dict[str, Any]) -> str:
    return str(job["ProcessingResources"]["ClusterConfig"]["InstanceType"])


def baseline(job: dict[str, Any]) -> set[str]:
    return {item["S3Input"]["S3Uri"] for item in job["ProcessingInputs"] if "baseline" in item["S3Input"]["S3Uri"]}


def by_name(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(jobs, key=lambda job: str(job["ProcessingJobName"]))


def test_the_updates_were_ones(day: Day) -> None:
    assert len(day.changed) == 2
    assert min(day.changed) >= 3


def test_a_job_that_runs_ends_as_it_was_started(day: Day) -> None:
    (before,), (during,) = day.jobs[5], day.jobs[6]
    assert during["ProcessingJobStatus"] == "Completed"
    assert instance(during) == instance(before) == "ml.m5.xlarge"
    assert baseline(during) == baseline(before)
    assert (day.rows[6], day.failures[6]) == (ROWS, 0.0)


def test_later_windows_are_the_new_plans(day: Day) -> None:
    (first, _second), (job,) = by_name(day.jobs[7]), day.jobs[8]
    assert (instance(first), instance(job)) == ("ml.m5.2xlarge", "ml.m5.large")
    assert baseline(first) == baseline(day.jobs[6][0])
    assert baseline(job).isdisjoint(baseline(first))
    assert [day.rows[end] for end in (5, 8)] == [ROWS] * 2


def test_a_killed_jobs_second_chance_is_the_new_plans(day: Day) -> None:
    first, second = by_name(day.jobs[7])
    assert (first["ProcessingJobStatus"], second["ProcessingJobStatus"]) == ("Failed", "Completed")
    assert second["ProcessingJobName"] == f"{first['ProcessingJobName']}-r"
    assert instance(second) == "ml.m5.xlarge"  # the next larger of the new plan's ml.m5.large
    assert baseline(second) == baseline(day.jobs[8][0])
    assert day.rows[7] == ROWS


def test_people_are_told_once_of_the_killed_job_and_once_of_its_end(day: Day) -> None:
    assert day.told == {5: [], 6: [], 7: ["job-failure"], 8: ["job-failure", "alarm"]}
    assert [subject.partition(" ")[0] for subject in day.subjects] == ["[WARNING]", "[OK]"]
    assert [day.failures[end] for end in (5, 6, 7, 8)] == [0.0, 0.0, 1.0, 0.0]


def test_nothing_was_refused_on_the_way_and_nothing_is_left(day: Day) -> None:
    assert day.denied == []
    assert day.invalid == []
    (killed,) = day.failed
    assert killed.startswith(f"processing job {by_name(day.jobs[7])[0]['ProcessingJobName']}: ")
    assert day.left == {}
