"""A monitored endpoint's hours, played on AWS in memory through the real functions; only the monitor's program is not.

`World` makes happen what happens: traffic, late files, deliveries that come twice, late, out of order, never, or die at
any call; jobs that end well, are killed, or say what is wrong; functions that die; events lost and repeated. `account`
says what became of every captured file.
"""

import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from drift_tools.job import program as monitor
from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3, FakeSageMaker, FakeSns
from tests.lambda_functions.functions import common, load
from tests.lambda_functions.mortal import Killed, Mortal

STARTER, WINDOWS, METRICS = load("start_monitor"), load("monitor_window"), load("processing_metrics")
RESPONDER = load("alarm_responder")
IDEMPOTENCY = common("idempotency")
ENDPOINT, SCHEDULE = "churn-endpoint", "churn-endpoint-data-quality"
STATE = f"monitor-state/{ENDPOINT}/{SCHEDULE}"
BEGIN = datetime(2026, 11, 23, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATE_HOURS = 3
SECONDS = 60.0
PLAN: dict[str, Any] = {
    "kind": "data-quality",
    "endpoint": ENDPOINT,
    "schedule": SCHEDULE,
    "variants": ["Primary"],
    "start_offset": "-PT1H",
    "end_offset": "-PT0H",
    "late_hours": LATE_HOURS,
    "captured_uri": "s3://churn-data/captured-data",
    "ground_truth_uri": None,
    "results_uri": "s3://churn-data/monitoring-results",
    "state_uri": "s3://churn-data/monitor-state",
    "job_stem": "churn",
    "small_window": {"function_name": "churn-monitor-window", "max_bytes": 10_000, "max_files": 3},
    "request": {
        "ProcessingInputs": [],
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        "AppSpecification": {"ImageUri": "image", "ContainerEntrypoint": ["python3"]},
        "Environment": {},
        "RoleArn": "arn:aws:iam::123456789012:role/churn-monitor",
    },
}
ENVIRONMENT = {
    "METRIC_NAMESPACE": "ModelMonitoring/churn",
    "BUCKET_NAME": "churn-data",
    "FAILURES_PREFIX": "responder-state/job-failures",
    "STATE_PREFIX": "monitor-state",
    "ENDPOINT_NAME": ENDPOINT,
    "RESULTS_PREFIX": "monitoring-results",
}


RESPONDING = {
    "BUCKET_NAME": "churn-data",
    "RESULTS_PREFIX": "monitoring-results",
    "STATE_PREFIX": "responder-state",
    "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:churn-notifications",
}
ALARM = "churn-data-quality-job-failures"


@dataclass
class Episode:
    """An alarm's time in ALARM. `told`: messages to people; `deaths`: responders that died after they had told them."""

    event: dict[str, Any]
    told: int = 0
    deaths: int = 0
    is_answered: bool = False


@dataclass
class World:
    """Everything that there is, and what happened."""

    s3: FakeS3 = field(default_factory=FakeS3)
    sagemaker: FakeSageMaker = field(default_factory=FakeSageMaker)
    functions: FakeLambda = field(default_factory=FakeLambda)
    cloudwatch: FakeCloudWatch = field(default_factory=FakeCloudWatch)
    sns: FakeSns = field(default_factory=FakeSns)
    plan: dict[str, Any] = field(default_factory=lambda: copy.deepcopy(PLAN))
    episodes: list[Episode] = field(default_factory=list)
    is_ringing: bool = False
    now: datetime = BEGIN
    captured: dict[str, datetime] = field(default_factory=dict)
    due: list[datetime] = field(default_factory=list)
    delivered: list[datetime] = field(default_factory=list)
    invoked: int = 0
    counted: Counter[str] = field(default_factory=Counter)
    windows_of: dict[str, set[str]] = field(default_factory=dict)
    failures: int = 0
    has_program: bool = False
    """Small windows are read by the monitor's own program, in this process, and not only counted."""
    responders: int = 0
    at_once: bool = False
    """While deliveries come from several threads, the world's time stands still: whoever waits, really waits."""

    def __post_init__(self) -> None:
        self.s3.page = 1000
        self.s3.now = lambda: self.now

    @property
    def clock(self) -> Any:
        """The functions' clock: it passes while somebody waits."""
        return self.skewed(0.0)

    def skewed(self, seconds: float) -> Any:
        """The same clock, ahead by so many seconds."""

        def sleep(seconds: float) -> None:
            if self.at_once:
                time.sleep(0.001)
            else:
                self.now += timedelta(seconds=seconds)

        return IDEMPOTENCY.Clock(now=lambda: self.now.timestamp() + seconds, sleep=sleep)

    def capture(self, hours_late: int = 0, files: int = 1, variant: str = "Primary") -> None:
        """Files of an hour appear, perhaps hours after it; never later than the monitor looks back."""
        hour = max(BEGIN, self.now.replace(minute=0, second=0, microsecond=0) - hours_late * HOUR)
        for _ in range(files):
            key = f"captured-data/{ENDPOINT}/{variant}/{hour:%Y/%m/%d/%H}/{len(self.captured):06}.jsonl"
            self.s3.put(key, b"{}\n")
            self.captured[key] = hour

    def next_hour(self) -> None:
        """The clock says the next full hour and twenty minutes; the schedule is due, and the alarm has been judged."""
        self._judge()
        self.now = self.now.replace(minute=20, second=0, microsecond=0) + HOUR
        self.due.append(self.now)

    def deliver(
        self,
        scheduled: datetime,
        kill_at: int | None = None,
        *,
        after: bool = False,
        failing: Mapping[str, str] = MappingProxyType({}),
        mortal: Mortal | None = None,
        ahead: float = 0.0,
        seconds: float = SECONDS,
    ) -> bool:
        """One delivery of the schedule; whether it ended by itself. `failing`: AWS's code by operation, once; `mortal`:
        what happens at its calls; `ahead`: seconds by which its clock is; `seconds`: how long it may take.
        """
        if not self.at_once and seconds == SECONDS:
            self.now += timedelta(seconds=70)  # whoever held something before is dead by now
        for operation, code in failing.items():
            client = self.sagemaker if operation.endswith("ProcessingJob") else self.s3
            client.fail(operation, code)
        mortal = mortal or Mortal(kill_at, after=after)
        event = {"scheduled_time": f"{scheduled:%Y-%m-%dT%H:%M:%SZ}", "plan": copy.deepcopy(self.plan)}
        try:
            answer = STARTER.handler.process(
                event,
                STARTER.handler.Settings.read(ENVIRONMENT),
                s3=mortal.wrap(self.s3),
                sagemaker=mortal.wrap(self.sagemaker),
                functions=mortal.wrap(self.functions),
                cloudwatch=mortal.wrap(self.cloudwatch),
                deadline=self.now.timestamp() + ahead + seconds,
                clock=self.skewed(ahead),
            )
        except Killed:
            return False
        except Exception:
            self.failures += 1
            return False
        finally:
            self.s3._failures.clear()
            self.sagemaker._failures.clear()
        if "failed" in answer:
            self.failures += 1
            return False
        self.delivered.append(scheduled)
        return True

    _judged: int = 0

    def _judge(self) -> None:
        """The alarm on failed runs, from what the ending hour published; where it begins to ring, an event."""
        calls = self.cloudwatch.calls
        some, self._judged = calls[self._judged :], len(calls)
        data = (item for _, request in some for item in request["MetricData"] if item["MetricName"] == "JobFailures")
        rings = any(item["Value"] >= 1 for item in data)
        if rings and not self.is_ringing:
            self.episodes.append(Episode(_alarm_event(self.now)))
        self.is_ringing = rings

    def respond(
        self,
        episode: Episode,
        kill_at: int | None = None,
        *,
        after: bool = False,
        mortal: Mortal | None = None,
        ahead: float = 0.0,
        seconds: float = SECONDS,
    ) -> bool:
        """SNS gives the responder an alarm's change, perhaps again; whether it ended by itself. The rest is as in
        `deliver`.
        """
        if seconds == SECONDS:
            self.now += timedelta(seconds=70)
        mortal, before = mortal or Mortal(kill_at, after=after), len(self.sns.published)
        s3, owner = mortal.wrap(self.s3), f"responder-{self.responders}"
        self.responders += 1
        deadline, clock = self.now.timestamp() + ahead + seconds, self.skewed(ahead)
        store = IDEMPOTENCY.IdempotencyStore(s3, "churn-data", owner, deadline, clock)
        settings = RESPONDER.responder.Settings.read(RESPONDING)
        responder = RESPONDER.responder.Responder(settings, s3, mortal.wrap(self.sns), store)
        try:
            RESPONDER.handler.respond_to_all(episode.event, responder)
        except Killed:
            episode.deaths += len(self.sns.published) - before
            return False
        except Exception:
            return False  # Lambda gives it the event again, and then a dead letter does
        finally:
            episode.told = self._told_of(episode)
        episode.is_answered = True
        return True

    def _told_of(self, episode: Episode) -> int:
        """Messages to people that say when the episode began."""
        moment = json.loads(episode.event["Records"][0]["Sns"]["Message"])["StateChangeTime"]
        at = f"Alarm at  {moment[:10]} {moment[11:19]} UTC"
        return sum(at in request["Message"] for request in self.sns.published)

    @property
    def named_lost(self) -> set[str]:
        """Files of windows of which people were told that they are lost."""
        told = [key for key in self.s3.keys(STATE) if key.endswith(".settled") and self.s3.json(key)["as"] == "lost"]
        manifests = (self.s3.json(key.removesuffix(".settled") + ".captured.manifest") for key in told)
        return {f"captured-data/{key}" for manifest in manifests for key in manifest[1:]}

    def end_job(self, name: str, outcome: str) -> None:
        """A job ends: `well`, `killed` or with an `error` that it says."""
        job = self.sagemaker.jobs[name]
        if outcome == "well":
            job |= {"ProcessingJobStatus": "Completed", "ExitMessage": "Completed: no violations."}
            self._count(job)
        elif outcome == "killed":
            job |= {"ProcessingJobStatus": "Failed", "FailureReason": "AlgorithmError: , exit code: 137"}
        else:
            job |= {"ProcessingJobStatus": "Failed", "ExitMessage": "Error: constraints.json: no JSON"}

    def running(self) -> list[str]:
        """Names of jobs at work."""
        return [name for name, job in self.sagemaker.jobs.items() if job["ProcessingJobStatus"] == "InProgress"]

    def _count(self, job: dict[str, Any]) -> None:
        window = f"{job['Environment']['start_time']}/{job['Environment']['end_time']}"
        inputs = (item for item in job["ProcessingInputs"] if item["InputName"] == "captured")
        (source,) = (item["S3Input"]["S3Uri"] for item in inputs)
        for key in self.s3.json(source.removeprefix("s3://churn-data/"))[1:]:
            self.counted[f"captured-data/{key}"] += 1
            self.windows_of.setdefault(f"captured-data/{key}", set()).add(window)

    def hear_of(self, name: str) -> None:
        """EventBridge tells of an ended job."""
        METRICS.handler.process(
            name, METRICS.handler.Settings.read(ENVIRONMENT), sagemaker=self.sagemaker, s3=self.s3,
            cloudwatch=self.cloudwatch,
        )  # fmt: skip

    def run_function(self, number: int, kill_at: int | None = None, *, fails: bool = False) -> None:
        """Lambda runs one of the invocations that were asked for, perhaps for the second time."""
        job = json.loads(self.functions.calls[number][1]["Payload"])["job"]
        mortal = Mortal(kill_at, after=True)
        s3 = mortal.wrap(self.s3)
        self.now += timedelta(seconds=70)
        store = IDEMPOTENCY.IdempotencyStore(s3, "churn-data", "window", self.now.timestamp() + SECONDS, self.clock)
        deadline = WINDOWS.handler.Deadline(self.now.timestamp() + SECONDS, self.clock)
        try:
            with _program(_monitor if self.has_program else _failure if fails else _success):
                WINDOWS.handler.process(
                    {"job": job}, WINDOWS.handler.Settings.read(ENVIRONMENT), store, s3=s3,
                    cloudwatch=mortal.wrap(self.cloudwatch), functions=self.functions, deadline=deadline,
                )  # fmt: skip
        except Killed:
            pass
        finally:
            self._look_at(job)

    def _look_at(self, job: dict[str, Any]) -> None:
        """Count the files of a function's run whose results are there."""
        key = IDEMPOTENCY.small_window_key("monitor-state", ENDPOINT, job["ProcessingJobName"])
        facts = self.s3.json(key)["facts"] if key in self.s3.objects else {}
        if ("stored_violations" in facts or facts.get("status") == "0") and job["ProcessingJobName"] not in self._done:
            self._done.add(job["ProcessingJobName"])
            self._count(job)

    _done: set[str] = field(default_factory=set)

    def drain(self) -> None:
        """Whatever is still to come, comes: deliveries, jobs, functions; then some quiet hours."""
        self.s3.refuses = self.sagemaker.refuses = self.cloudwatch.refuses = self.sns.refuses = None
        for _ in range(LATE_HOURS + 4):
            for scheduled in [moment for moment in self.due if moment not in self.delivered]:
                self.deliver(scheduled)
            for number in range(len(self.functions.requests("Invoke"))):
                self.run_function(number)
            for name in self.running():
                self.end_job(name, "well")
                self.hear_of(name)
            for episode in self.episodes:
                if not episode.is_answered:
                    self.respond(episode)
            self.next_hour()
        for scheduled in [moment for moment in self.due if moment not in self.delivered]:
            self.deliver(scheduled)

    def account(self) -> list[str]:
        """What is wrong: files that are in two windows, or that are neither counted nor named as lost."""
        wrong = [f"{key} is in {sorted(windows)}" for key, windows in self.windows_of.items() if len(windows) > 1]
        missing = set(self.captured) - set(self.counted) - self.named_lost
        wrong += [f"{key} was neither counted nor named" for key in sorted(missing)]
        for number, episode in enumerate(self.episodes):
            if episode.is_answered and not episode.told:
                wrong.append(f"nobody was told of episode {number}")
            if episode.told > 1 + episode.deaths:
                wrong.append(f"people were told of episode {number} {episode.told} times")
        return wrong


def _alarm_event(moment: datetime) -> dict[str, Any]:
    """An alarm's change to ALARM, as SNS delivers it."""
    dimensions = [{"name": "Endpoint", "value": ENDPOINT}, {"name": "MonitoringSchedule", "value": SCHEDULE}]
    message = {
        "AlarmName": ALARM,
        "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:{ALARM}",
        "AWSAccountId": "111122223333",
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "Threshold Crossed: 1 datapoint [1.0] was greater than or equal to the threshold (1.0).",
        "StateChangeTime": f"{moment:%Y-%m-%dT%H:%M:%S.000+0000}",
        "Region": "EU (Frankfurt)",
        "Trigger": {"MetricName": "JobFailures", "Dimensions": dimensions},
    }
    return {"Records": [{"Sns": {"Message": json.dumps(message)}}]}


def _monitor(job: Any, ml_root: Path) -> int:
    return monitor.main(["--ml-root", str(ml_root)], job.variables)


def _failure(_job: Any, ml_root: Path) -> int:
    (ml_root / "output/message").write_text("Error: MemoryError: too much")
    return 1


def _success(_job: Any, ml_root: Path) -> int:
    (ml_root / "output/message").write_text("Completed: no violations.")
    (ml_root / "processing/output/statistics.json").write_text("{}")
    return 0


@contextmanager
def _program(program: Callable[[Any, Path], int]) -> Iterator[None]:
    """In place of a process of the monitor's program."""

    def execute(job: Any, ml_root: Path, _seconds: float, *, fetching: float) -> int:
        del fetching
        (ml_root / "output").mkdir(exist_ok=True)
        return program(job, ml_root)

    original = WINDOWS.handler._execute
    WINDOWS.handler._execute = execute
    try:
        yield
    finally:
        WINDOWS.handler._execute = original
