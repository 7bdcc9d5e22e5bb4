"""Small windows: the monitor's own program, run by a function under the contract of a processing job."""

import copy
import json
import subprocess
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from drift_tools.job import suggest_baseline
from drift_tools.tables import as_table
from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeCloudWatch, FakeLambda, FakeS3
from tests.lambda_functions.functions import common, load

MODULES = load("monitor_window")
SCHEDULE = "churn-endpoint-data-quality"
RESULTS = f"monitoring-results/churn-endpoint/{SCHEDULE}/2026/11/23/10"
FAILURE = f"responder-state/job-failures/churn-endpoint/{SCHEDULE}/20261123T100000Z.json"
SETTINGS = MODULES.handler.Settings(
    "ModelMonitoring/churn", "churn-data", "monitor-state", "responder-state/job-failures", None, "churn-window-logs"
)


def s3_input(name: str, uri: str, path: str, kind: str = "S3Prefix") -> dict[str, Any]:
    source = {"S3Uri": uri, "LocalPath": path, "S3DataType": kind, "S3InputMode": "File"}
    return {"InputName": name, "S3Input": source}


JOB: dict[str, Any] = {
    "ProcessingJobName": "churn-dq-202611231000-abcdef",
    "ProcessingInputs": [
        s3_input("constraints", "s3://churn-data/baseline/constraints.json", "/opt/ml/processing/baseline/constraints"),
        s3_input("statistics", "s3://churn-data/baseline/statistics.json", "/opt/ml/processing/baseline/stats"),
        s3_input("captured", "s3://churn-data/m.manifest", "/opt/ml/processing/input/endpoint", "ManifestFile"),
    ],
    "ProcessingOutputConfig": {
        "Outputs": [
            {
                "OutputName": "monitoring_output",
                "S3Output": {
                    "S3Uri": f"s3://churn-data/{RESULTS}",
                    "LocalPath": "/opt/ml/processing/output",
                    "S3UploadMode": "EndOfJob",
                },
            }
        ]
    },
    "Environment": {
        "PYTHONPATH": "/opt/ml/processing/input/code/drift_tools.zip",
        "dataset_format": '{"sagemakerCaptureJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": "2026-11-23T09:00:00Z",
        "end_time": "2026-11-23T10:00:00Z",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "baseline_statistics": "/opt/ml/processing/baseline/stats/statistics.json",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": "churn-endpoint",
        "sagemaker_monitoring_schedule_name": SCHEDULE,
    },
}


def capture(values: Any) -> bytes:
    lines = (
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "data": f"{value:.6f}", "encoding": "CSV"},
                "endpointOutput": {"observedContentType": "text/csv", "data": "1", "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": str(number), "inferenceTime": "2026-11-23T09:30:00Z"},
            "eventVersion": "0",
        }
        for number, value in enumerate(values)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


@pytest.fixture(scope="module")
def baseline(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("baseline")
    ages = np.random.default_rng(3).normal(40.0, 5.0, 1000)
    suggest_baseline(as_table({"prediction": [1] * 1000, "age": ages}), folder)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def stored(s3: FakeS3, baseline: dict[str, bytes]) -> FakeS3:
    for name, content in baseline.items():
        s3.put(f"baseline/{name}", content)
    key = "captured-data/churn-endpoint/Primary/2026/11/23/09/00-00-000-a.jsonl"
    s3.put(key, capture(np.random.default_rng(4).normal(60.0, 5.0, 300)))
    s3.put("m.manifest", [{"prefix": "s3://churn-data/captured-data/"}, key.removeprefix("captured-data/")])
    return s3


@pytest.fixture
def functions() -> FakeLambda:
    return FakeLambda()


@pytest.fixture
def deliver(s3: FakeS3, cloudwatch: FakeCloudWatch, functions: FakeLambda, clock: ManualClock) -> Any:
    def deliver(job: Any = JOB, *, settings: Any = SETTINGS, owner: str = "first", seconds: float = 60.0) -> Any:
        once = common("idempotency")
        turned = once.Clock(now=clock.now, sleep=clock.sleep)
        store = once.IdempotencyStore(s3, "churn-data", owner, clock.now() + 60.0, turned)
        deadline = MODULES.handler.Deadline(clock.now() + seconds, turned)
        return MODULES.handler.process(
            {"job": job}, settings, store, s3=s3, cloudwatch=cloudwatch, functions=functions, deadline=deadline
        )

    return deliver


def metrics(cloudwatch: FakeCloudWatch) -> list[dict[str, float]]:
    return [
        {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}
        for request in cloudwatch.requests("PutMetricData")
    ]


def test_where_an_alarm_listens_the_largest_effect_is_told_too(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch
) -> None:
    deliver(settings=replace(SETTINGS, publishes_effect=True))
    assert stored.json(f"{RESULTS}/constraint_violations.json")["violations"]
    [told] = metrics(cloudwatch)
    assert (told["JobFailures"], told["ConstraintViolations"]) == (0.0, 1.0)
    assert told["LargestEffect"] > 1.0


def test_a_drifted_window_leaves_what_a_job_would(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch, functions: FakeLambda
) -> None:
    answer = deliver(settings=replace(SETTINGS, compare_function="churn-compare-engines"))
    violations = stored.json(f"{RESULTS}/constraint_violations.json")["violations"]
    assert [item["feature_name"] for item in violations] == ["age"]
    assert answer["outcome"] == "CompletedWithViolations: Job completed successfully with 1 violations."
    assert metrics(cloudwatch) == [{"JobFailures": 0.0, "ConstraintViolations": 1.0}]
    assert stored.json(f"{RESULTS}/statistics.json")["dataset"]["item_count"] == 300
    (request,) = functions.requests("Invoke")
    assert json.loads(request["Payload"]) == {"schedule": SCHEDULE, "end_time": "2026-11-23T10:00:00Z"}


def test_a_second_delivery_does_nothing(deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    deliver()
    stored.objects = {key: value for key, value in stored.objects.items() if not key.startswith(RESULTS)}
    assert deliver(owner="second") == {"job": JOB["ProcessingJobName"], "done": "by an earlier delivery"}
    assert stored.keys(RESULTS) == []
    assert len(cloudwatch.calls) == 1


def test_a_monitor_that_fails_leaves_its_reason_and_a_metric(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch
) -> None:
    job = copy.deepcopy(JOB)
    job["Environment"]["dataset_format"] = "{}"
    answer = deliver(job)
    assert metrics(cloudwatch) == [{"JobFailures": 1.0}]
    assert answer["outcome"].startswith("Error: dataset_format is '{}'")
    noted = stored.json(FAILURE)
    assert (noted["job"], noted["kind"], noted["status"]) == (JOB["ProcessingJobName"], "monitoring", "Failed")
    assert noted["reason"] == noted["exit_message"] == answer["outcome"]
    assert (noted["arn"], noted["log_group"]) == (None, "churn-window-logs")
    assert noted["ended"] is None  # S3 dates what a function notes of itself
    assert stored.keys(RESULTS) == []


def test_a_monitor_that_takes_too_long_is_ended(deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    answer = deliver(seconds=0.01)
    assert answer["outcome"] == "Error: the monitor was not done after 0 s; bringing its files had taken 0 s"
    assert metrics(cloudwatch) == [{"JobFailures": 1.0}]
    assert stored.json(FAILURE)["status"] == "Failed"


def slow_downloads(s3: FakeS3, clock: ManualClock, seconds: float) -> None:
    download = s3.download_file

    def take_long(bucket: str, key: str, path: str) -> None:
        clock.seconds += seconds
        download(bucket, key, path)

    s3.download_file = take_long  # type: ignore[method-assign] # S3 on a bad day


def test_the_monitor_gets_the_time_that_is_left(
    deliver: Any, stored: FakeS3, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three files of 10 s each: of 40 s the monitor has 10, or Lambda would kill the function in the middle."""
    given: list[float] = []

    def expire(command: list[str], **options: Any) -> None:
        given.append(options["timeout"])
        raise subprocess.TimeoutExpired(command, options["timeout"])

    monkeypatch.setattr(MODULES.handler.subprocess, "run", expire)
    slow_downloads(stored, clock, 10.0)
    answer = deliver(seconds=40.0)
    assert given == [10.0]
    assert answer["outcome"] == "Error: the monitor was not done after 10 s; bringing its files had taken 30 s"
    assert stored.json(FAILURE)["reason"] == answer["outcome"]


@pytest.mark.parametrize("seconds", [30.0, 12.0], ids=["with the last file", "in the middle"])
def test_files_that_take_all_the_time_are_told_of_and_tried_again(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch, clock: ManualClock, seconds: float
) -> None:
    slow_downloads(stored, clock, 10.0)
    with pytest.raises(MODULES.container_files.OutOfTimeError):
        deliver(seconds=seconds)
    assert metrics(cloudwatch) == []
    assert stored.json(FAILURE)["reason"].startswith("OutOfTimeError: ")
    assert deliver(owner="second", seconds=60.0)["metrics"]["ConstraintViolations"] == 1.0


def test_a_failed_transfer_can_be_tried_again(deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    manifest = stored.objects.pop("m.manifest")
    with pytest.raises(common("s3_objects").UnreadableError, match=r"m\.manifest cannot be read"):
        deliver()
    stored.put("m.manifest", manifest)
    assert deliver(owner="second")["metrics"]["ConstraintViolations"] == 1.0
    assert metrics(cloudwatch) == [{"JobFailures": 0.0, "ConstraintViolations": 1.0}], (
        "nobody is woken by what ended well"
    )


def test_what_no_retry_repairs_is_told_with_the_last_one(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch
) -> None:
    del stored.objects["m.manifest"]
    for delivery in range(common("deliveries").DELIVERIES):
        assert metrics(cloudwatch) == []
        with pytest.raises(common("s3_objects").UnreadableError):
            deliver(owner=str(delivery))
    assert metrics(cloudwatch) == [{"JobFailures": 1.0}]


def test_a_function_that_died_is_told_of_and_not_tried_again(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch, clock: ManualClock
) -> None:
    once = common("idempotency")
    dead = once.IdempotencyStore(
        stored, "churn-data", "dead", clock.now() + 60.0, once.Clock(now=clock.now, sleep=clock.sleep)
    )
    assert dead.acquire(f"monitor-state/small-windows/churn-endpoint/{JOB['ProcessingJobName']}.json") is not None
    clock.seconds += 120.0
    answer = deliver(owner="second")
    assert answer["outcome"].startswith("Error: the function ended before the monitor did")
    assert metrics(cloudwatch) == [{"JobFailures": 1.0}]


class Away:
    """S3 that answers some calls and then none, until it is `back`."""

    def __init__(self, s3: FakeS3, answers: int) -> None:
        self._s3, self.left = s3, answers

    def back(self) -> None:
        self.left = 1_000_000

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **request: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise EndpointConnectionError(endpoint_url="https://s3.eu-central-1.amazonaws.com")
            return getattr(self._s3, name)(*args, **request)

        return call


# The first takes the lease, the last marks the end; before it the outcome is noted, the rest brings and stores files.
CALLS = 12


@pytest.mark.parametrize("answers", range(CALLS + 1))
def test_wherever_s3_goes_away_there_is_a_metric_and_no_success_is_called_a_failure(
    answers: int, stored: FakeS3, cloudwatch: FakeCloudWatch, functions: FakeLambda, clock: ManualClock
) -> None:
    once = common("idempotency")
    turned = once.Clock(now=clock.now, sleep=clock.sleep)
    s3 = Away(stored, answers)

    def deliver(owner: str) -> Any:
        store = once.IdempotencyStore(s3, "churn-data", owner, clock.now() + 60.0, turned)
        deadline = MODULES.handler.Deadline(clock.now() + 60.0, turned)
        return MODULES.handler.process(
            {"job": JOB}, SETTINGS, store, s3=s3, cloudwatch=cloudwatch, functions=functions, deadline=deadline
        )

    drifted = {"JobFailures": 0.0, "ConstraintViolations": 1.0}
    was_stored = answers >= CALLS - 1
    if was_stored:
        assert deliver("first")["metrics"] == drifted
    else:
        with pytest.raises((EndpointConnectionError, common("s3_objects").UnreadableError)):
            deliver("first")
    assert metrics(cloudwatch) == [drifted if was_stored else {"JobFailures": 1.0}]
    s3.back()
    clock.seconds += 120.0  # as Lambda's retry
    again = deliver("second")
    if answers == CALLS:
        assert again["done"] == "by an earlier delivery"
    elif answers == 0 or was_stored:
        assert again["metrics"] == drifted  # it runs now; or what is there is found
    else:  # the lease could not be given back: what became of the first is not known, and the next run makes up for it
        assert again["metrics"] == {"JobFailures": 1.0}
    assert cloudwatch.requests("PutMetricData")


def test_a_comparison_that_cannot_be_asked_for_is_asked_for_again(
    deliver: Any, stored: FakeS3, cloudwatch: FakeCloudWatch, functions: FakeLambda
) -> None:
    both = replace(SETTINGS, compare_function="churn-compare-engines")
    functions.fail("Invoke", "TooManyRequestsException")
    with pytest.raises(ClientError, match="TooManyRequests"):
        deliver(settings=both)
    stored.objects.pop("m.manifest")  # the results are there: nothing is read again
    answer = deliver(owner="second", settings=both)
    assert answer["outcome"] == "CompletedWithViolations: Job completed successfully with 1 violations."
    assert metrics(cloudwatch) == [{"JobFailures": 0.0, "ConstraintViolations": 1.0}] * 2
    assert len(functions.requests("Invoke")) == 2


@pytest.mark.parametrize(
    "key", ["a/../../../ground_truth/x.jsonl", "../x.jsonl", "./x.jsonl", "a//x.jsonl", "a\\x.jsonl"]
)
def test_a_manifest_that_leads_elsewhere_is_refused(key: str, deliver: Any, stored: FakeS3) -> None:
    stored.put("m.manifest", [{"prefix": "s3://churn-data/captured-data/"}, key])
    with pytest.raises(common("event_fields").BadEventError, match="lists keys that cannot be files', such as"):
        deliver()


@pytest.mark.parametrize("path", ["/etc/passwd", "/opt/ml/processing/../../etc", "/opt/ml/output"])
def test_nothing_is_written_outside_of_the_jobs_folders(path: str, deliver: Any, stored: FakeS3) -> None:
    job = copy.deepcopy(JOB)
    job["ProcessingInputs"][0]["S3Input"]["LocalPath"] = path
    with pytest.raises(common("event_fields").BadEventError, match="does not begin with /opt/ml/processing/"):
        deliver(job)


@pytest.mark.parametrize("missing", ["ProcessingJobName", "Environment", "ProcessingOutputConfig"])
def test_a_bad_event_is_one_clear_error(missing: str, deliver: Any) -> None:
    with pytest.raises(common("event_fields").BadEventError, match=missing):
        deliver({key: value for key, value in JOB.items() if key != missing})


def test_the_function_knows_its_own_log() -> None:
    environment = {
        "METRIC_NAMESPACE": "ModelMonitoring/churn",
        "BUCKET_NAME": "churn-data",
        "STATE_PREFIX": "monitor-state",
        "FAILURES_PREFIX": "responder-state/job-failures",
    }
    settings = MODULES.handler.Settings.read(environment | {"AWS_LAMBDA_LOG_GROUP_NAME": "churn-window-logs"})
    assert settings == SETTINGS
    assert MODULES.handler.Settings.read(environment).log_group is None


def test_the_handler_itself_ends_well(
    stored: FakeS3,
    cloudwatch: FakeCloudWatch,
    functions: FakeLambda,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    fakes = {"s3": stored, "cloudwatch": cloudwatch, "lambda": functions}
    monkeypatch.setattr(MODULES.handler, "client", fakes.__getitem__)
    monkeypatch.setenv("METRIC_NAMESPACE", SETTINGS.namespace)
    monkeypatch.setenv("BUCKET_NAME", "churn-data")
    monkeypatch.setenv("STATE_PREFIX", SETTINGS.state_prefix)
    monkeypatch.setenv("FAILURES_PREFIX", SETTINGS.failures_prefix)
    context = SimpleNamespace(aws_request_id="first", get_remaining_time_in_millis=lambda: 60_000)
    answer = MODULES.handler.handler({"job": JOB}, context)
    logged = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (logged["message"], logged["outcome"]) == ("small window", answer["outcome"])
    assert answer["outcome"] == "CompletedWithViolations: Job completed successfully with 1 violations."
