"""A morning of a stack that the open engine runs, from its deployment to its destruction, on the virtual clock.

Captures appear fifteen minutes late, runs start five minutes after the hour: what is sent in an hour's last minutes
comes too late for its own run. Everything is delivered twice: schedules, and the ends of jobs.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest

from drift_tools.__main__ import main
from drift_tools.endpoint import acknowledgement, anomalous_requests, baseline_requests, new_normal, write_ground_truth
from examples.demo.waiting import wait_until
from tests.open_engine.conftest import Books, lived
from tests.open_engine.runbook import switch_off
from tests.open_engine.watched import Told, Watched, at

ROWS, LATE_ROWS = 200, 20
FEATURES = {"prediction", "probability", "feature_1", "feature_2", "feature_3"}
# With the queues of their dead letters.
FUNCTIONS = {
    "start-monitor": "monitor-runs",
    "processing-metrics": "processing-metrics",
    "alarm-responder": "alarm-responder",
}


@dataclass
class Morning:
    """What was seen on the way, by what it is; the stack is gone by the time a test asks."""

    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    metrics: dict[str, dict[int, float | None]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)
    runs: list[dict[str, Any]] = field(default_factory=list)
    published: set[str] = field(default_factory=set)
    quality: dict[str, Any] = field(default_factory=dict)
    quality_published: set[str] = field(default_factory=set)
    quality_violations: float | None = None
    said: dict[str, Any] = field(default_factory=dict)
    books: list[Books] = field(default_factory=list)

    def of_kind(self, kind: str) -> list[Told]:
        return [item for item in self.told if item.kind == kind]

    def deliveries(self, hour: int) -> list[dict[str, Any]]:
        """Log lines of the data-quality runs over the window that ended at `hour`."""
        ends = f"{at(hour):%Y-%m-%dT%H:%M:%SZ}"
        return [run for run in self.runs if run.get("window_end") == ends and run["schedule"].endswith("data-quality")]


def use(stack: Watched, seen: Morning) -> None:
    """The morning itself."""
    stack.wait_for_baseline()
    schedule = stack.outputs["data_quality_schedule_name"]

    def note(hour: int) -> None:
        stack.after_the_run(at(hour))
        seen.records[hour] = stack.record(schedule, at(hour))
        seen.jobs[hour] = stack.jobs("dq", at(hour))
        seen.results[hour] = stack.results(schedule, at(hour))
        for name in ("NoData", "ConstraintViolations", "JobFailures"):
            seen.metrics.setdefault(name, {})[hour] = stack.metric(name, schedule, at(hour))

    stack.go_to(at(4, 5))
    stack.send(baseline_requests(ROWS, seed=7), "row")
    stack.go_to(at(4, 59))
    stack.send(baseline_requests(LATE_ROWS, seed=8), "late")
    note(5)
    stack.go_to(at(5, 30))
    measure_quality(stack)
    note(6)
    seen.states["violations while quiet"] = stack.state("data-quality-violations")
    quality = stack.outputs["model_quality_schedule_name"]
    seen.quality = stack.results(quality, at(6)) | {"record": stack.record(quality, at(6))}
    seen.quality_violations = stack.metric("ConstraintViolations", quality, at(6))
    seen.quality_published = stack.published("ModelMonitoring/Endpoints/model-metrics", quality)
    note(7)
    seen.states["no data"] = stack.state("data-quality-no-data")
    stack.go_to(at(7, 20))
    stack.send(anomalous_requests(ROWS, seed=7))
    note(8)
    seen.states["violations"] = stack.state("data-quality-violations")
    seen.states["no data afterwards"] = stack.state("data-quality-no-data")
    wait_until("both messages on violations", lambda: len(stack.told_of("violations")) == 2 or None)
    say_that_it_is_seen(stack)
    seen.said = say_that_it_is_normal(stack)
    stack.go_to(at(8, 20))
    stack.send(anomalous_requests(ROWS, seed=10))
    note(9)
    seen.states["violations of the new normal"] = stack.state("data-quality-violations")
    let_a_job_fail(stack)
    note(10)
    seen.states["job failures"] = stack.state("data-quality-job-failures")
    stack.wait_for_message("job-failure")
    seen.states["silent while it runs"] = stack.state("data-quality-silent")
    switch_off(stack)
    stack.go_to(at(13, 30))
    seen.states["silent"] = stack.state("data-quality-silent")
    stack.wait_for_message("silent-monitor")
    seen.published = stack.published("ModelMonitoring/Endpoints/data-metrics", schedule)
    seen.runs = stack.logged("start-monitor", "monitoring run")
    lose_events(stack)
    seen.told = stack.told()
    hear_of_the_letters(stack)


def measure_quality(stack: Watched) -> None:
    """Labels for every row that was sent."""
    ids = [*(f"row-{index}" for index in range(ROWS)), *(f"late-{index}" for index in range(LATE_ROWS))]
    write_ground_truth(
        {name: str(index % 2) for index, name in enumerate(ids)},
        f"s3://{stack.bucket}/ground-truth",
        collected=stack.cloud.clock.now(),
        client=stack.cloud.client("s3"),
    )


def on_the_command_line(stack: Watched, command: str, *arguments: str) -> None:
    """Run a command as somebody with rights on the bucket, by the clock of the embedded AWS."""

    class Now(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Now":
            return cls.fromtimestamp(stack.cloud.clock.now().timestamp(), tz)

    with pytest.MonkeyPatch.context() as patched:
        for module in (acknowledgement, new_normal):
            patched.setattr(module, "aws_client", stack.cloud.client)
            patched.setattr(module, "datetime", Now)
        place = ["--bucket", stack.bucket, "--schedule", stack.outputs["data_quality_schedule_name"], "--by", "anna"]
        assert main([command, *place, *arguments]) == 0


def say_that_it_is_seen(stack: Watched) -> None:
    """Acknowledge, and let the alarm ring once more, as it would after somebody had reset it."""
    on_the_command_line(stack, "acknowledge", "--endpoint", stack.endpoint, "--note", "the shop's sale")
    name = stack.outputs["constraint_violations_alarm_name"]
    for state in ("OK", "ALARM"):
        stack.cloud.client("cloudwatch").set_alarm_state(AlarmName=name, StateValue=state, StateReason="by hand")
    wait_until("the message that it is seen", lambda: len(stack.told_of("violations")) == 3 or None)


def say_that_it_is_normal(stack: Watched) -> dict[str, Any]:
    """What is seen now is the new normal; what is recorded of it."""
    on_the_command_line(stack, "rebaseline", "--note", "the sale stays")
    [key] = stack.keys(f"monitor-windows/{stack.outputs['data_quality_schedule_name']}/normal-")
    found: dict[str, Any] = stack.document(key)
    return found


def let_a_job_fail(stack: Watched) -> None:
    """Traffic, and constraints that cannot be read."""
    stack.go_to(at(9, 20))
    stack.send(baseline_requests(ROWS, seed=9))
    key = stack.outputs["constraints_uri"].removeprefix(f"s3://{stack.bucket}/")
    stack.cloud.client("s3").put_object(Bucket=stack.bucket, Key=key, Body=b"{")


def lose_events(stack: Watched) -> None:
    """Give each function that answers events one that it cannot know, until it is in its dead-letter queue."""
    functions, sqs = stack.cloud.client("lambda"), stack.cloud.client("sqs")
    for name, queue in FUNCTIONS.items():
        function = stack.made("aws:lambda/function:Function", name)
        functions.invoke(FunctionName=function, InvocationType="Event", Payload=b'{"not": "an event"}')
        url = stack.made("aws:sqs/queue:Queue", f"{queue}-dead-letters")
        wait_until(f"the dead letter of {name}", partial(letters, sqs, url))


def hear_of_the_letters(stack: Watched) -> None:
    """Let every queue's alarm ring and be told: functions that are at work when their roles go would be denied."""
    stack.go_to(at(13, 40))
    wait_until("a message of every queue", lambda: len(stack.told_of("dead-letter")) == len(FUNCTIONS) or None)

    def heard() -> bool | None:
        handled = {line["alarm"] for line in stack.logged("alarm-responder", "record handled") if "alarm" in line}
        return sum("-dead-letters" in alarm for alarm in handled) == len(FUNCTIONS) or None

    wait_until("the responder, which hears of every queue's alarm too", heard)


def letters(sqs: Any, url: str) -> list[dict[str, Any]] | None:
    """What is in a queue; None if nothing is."""
    found: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", [])
    return found or None


@pytest.fixture(scope="session")
def morning() -> Morning:
    overrides = {
        "engine": "open",
        # Every window a job: tests/open_engine/test_both_engines.py has the function for small ones.
        "monitoring": {
            "open_engine": {"grace_in_minutes": 5, "alarm_on_no_data": True, "small_windows": {"max_megabytes": 0}}
        },
    }
    seen = Morning()
    grace, given_nonsense = timedelta(minutes=5), ("start-monitor", "processing-metrics", "alarm-responder")
    with lived(overrides, start=at(3, 50), grace=grace, capture_delay=900, breaks=given_nonsense) as (stack, books):
        use(stack, seen)
    seen.books = books
    return seen


@pytest.mark.parametrize("hour", [5, 6, 8, 9, 10])
def test_one_job_a_window_though_everything_is_delivered_twice(morning: Morning, hour: int) -> None:
    # In whichever order the two wrote what came of it.
    assert sorted(run["created"] for run in morning.deliveries(hour)) == [False, True]
    assert len(morning.jobs[hour]) == 1


def test_a_quiet_hour(morning: Morning) -> None:
    [job] = morning.jobs[5]
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"].startswith(
        "Completed: Job completed successfully with no violations. Learning how windows differ: 1 of 168 seen."
    )
    files = {"statistics.json", "constraints.json", "drift.json", "model_monitor_rules.json"}
    assert set(morning.results[5]) == files
    drift = morning.results[5]["drift.json"]
    assert (drift["engine"], drift["drifted"], drift["current_rows"]) == ("open", False, ROWS)
    assert (drift["rules"], drift["judgement"]["by"]) == ("calibrated", "learning")
    assert drift["records"]["used"] == ROWS
    assert set(drift["features"]) == FEATURES
    assert morning.metrics["ConstraintViolations"][5] == 0.0
    assert morning.metrics["JobFailures"][5] == 0.0
    assert morning.metrics["NoData"][5] is None
    assert morning.states["violations while quiet"] == "OK"


def test_a_late_capture_is_taken_by_the_next_run_once(morning: Morning) -> None:
    assert (len(morning.records[5]["late_files"]), len(morning.records[6]["files"])) == (0, 0)
    [late] = morning.records[6]["late_files"]
    assert "/04/59-" in late
    assert late not in morning.records[5]["files"]
    assert morning.results[6]["drift.json"]["current_rows"] == LATE_ROWS
    taken = [key for record in morning.records.values() for key in (*record["files"], *record["late_files"])]
    assert len(taken) == len(set(taken))
    assert morning.records[7]["late_files"] == []


def test_an_hour_without_traffic_costs_nothing(morning: Morning) -> None:
    assert [(run["route"], run["started"]) for run in morning.deliveries(7)] == [("none", None)] * 2
    assert (morning.jobs[7], morning.results[7]) == ([], {})
    assert morning.metrics["NoData"][7] == 1.0
    assert morning.metrics["ConstraintViolations"][7] is None
    assert morning.states["no data"] == "ALARM"
    assert morning.states["no data afterwards"] == "OK"
    last = morning.of_kind("no-data")[-1]
    assert last.subject.endswith(": no data to monitor")
    assert "Window    2026-11-24T06:00:00Z to 2026-11-24T07:00:00Z\n" in last.body
    assert "Last data in the window that ended at 2026-11-24 06:00 UTC\n" in last.body


def test_drift_is_found_and_told_once(morning: Morning) -> None:
    violations = morning.results[8]["constraint_violations.json"]["violations"]
    assert {item["feature_name"] for item in violations} == FEATURES
    drift = morning.results[8]["drift.json"]
    assert set(drift["drifted_features"]) == FEATURES
    assert morning.metrics["ConstraintViolations"][8] == len(violations) == 5
    assert morning.states["violations"] == "ALARM"
    quality, told, _ = morning.of_kind("violations")
    assert "quality metric" in quality.subject
    assert ": 5 features drifted (" in told.subject
    assert "Run       2026-11-24 08:00 UTC\n" in told.body


def test_what_somebody_has_seen_says_who(morning: Morning) -> None:
    told = morning.of_kind("violations")[-1]
    assert ": 5 features drifted (" in told.subject
    assert "Seen      by anna at 2026-11-24T08:" in told.body
    assert "the shop's sale" in told.body


def test_what_somebody_calls_the_new_normal_rings_no_more(morning: Morning) -> None:
    assert (morning.said["since"], morning.said["by"]) == ("2026-11-24T07:00:00Z", "anna")
    drift = morning.results[9]["drift.json"]
    assert (drift["drifted"], drift["judgement"]["windows"]) == (False, 2)
    assert "since 2026-11-24T07:00:00Z, the new normal by anna" in drift["judgement"]["says"]
    assert morning.metrics["ConstraintViolations"][9] == 0.0
    assert morning.states["violations of the new normal"] == "OK"


def test_metrics_are_called_as_model_monitors_and_there_are_more(morning: Morning) -> None:
    for name in FEATURES:
        for prefix in ("feature_baseline_drift_", "feature_data_", "feature_non_null_"):
            assert f"{prefix}{name}" in morning.published
        for prefix in ("feature_psi_", "feature_p_value_adjusted_"):
            assert f"{prefix}{name}" in morning.published


def test_model_quality_is_measured_over_the_day(morning: Morning) -> None:
    record = morning.quality["record"]
    assert (record["window_start"], record["window_end"]) == ("2026-11-23T06:00:00Z", "2026-11-24T06:00:00Z")
    assert len(record["files"]) >= 2
    metrics = morning.quality["statistics.json"]["binary_classification_metrics"]
    assert 0.0 <= metrics["accuracy"]["value"] <= 1.0
    assert {"accuracy", "precision", "recall", "auc", "f1"} <= morning.quality_published
    assert morning.quality["statistics.json"]["dataset"]["item_count"] == ROWS + LATE_ROWS
    # The labels alternate whatever the rows say: quality is far from the baseline's, and people can be told.
    violations = morning.quality["constraint_violations.json"]["violations"]
    assert morning.quality_violations == len(violations) > 0


def test_a_job_that_dies_leaves_a_word(morning: Morning) -> None:
    [job] = morning.jobs[10]
    assert job["ProcessingJobStatus"] == "Failed"
    assert morning.metrics["JobFailures"][10] == 1.0
    assert morning.results[10] == {}
    assert morning.states["job failures"] == "ALARM"
    [told] = morning.of_kind("job-failure")
    assert job["ProcessingJobName"] in told.body


def test_the_dead_mans_switch(morning: Morning) -> None:
    """Nobody ran for two periods: the alarm is raised by what is missing."""
    assert morning.states["silent while it runs"] == "OK"
    assert morning.states["silent"] == "ALARM"
    [told] = morning.of_kind("silent-monitor")
    assert ": the monitor is silent" in told.subject
    assert "Last run  over the window that ended at 2026-11-24 10:00 UTC\n" in told.body


def test_nothing_is_denied_and_nothing_is_left(morning: Morning) -> None:
    [books] = morning.books
    assert books.denied == []
    assert books.invalid == []
    assert books.left == {}


def test_what_is_allowed_is_used(morning: Morning, capsys: pytest.CaptureFixture[str]) -> None:
    """Of the open engine's roles; why the others are as they are stands in tests/apply."""
    reasons = {
        ("open-monitor", "WriteLogs", "logs:DescribeLogStreams"): "SageMaker's guide lists it for a job's role",
        ("scheduler", "KeepDeadLetters", "sqs:SendMessage"): "no delivery failed; tests/local_aws has one that does",
        ("dead-letter-notice", "KeepDeadLetters", "sqs:SendMessage"): "it did not fail, either",
        ("monitor-watch", "InvokeJobMetrics", "lambda:InvokeFunction"): "no job's end was missed",
        ("monitor-watch", "KeepDeadLetters", "sqs:SendMessage"): "no look failed",
        ("watch-schedule", "KeepDeadLetters", "sqs:SendMessage"): "every look was delivered",
        ("start-baseline", "StartBaselineJobs", "sagemaker:DescribeProcessingJob"): "no baseline was started twice",
    }
    [books] = morning.books
    found = {
        (grant.role.removeprefix("model-monitoring-dev-").rpartition("-role-")[0], grant.sid, grant.action)
        for grant in books.unused
    }
    with capsys.disabled():
        print(f"\nIAM, open engine: {len(books.denied)} calls denied, {len(found)} allowed actions never used")  # noqa: T201 - the figures are the point
    assert {item for item in found if item[0] != "model"} == set(reasons)
