"""processing_metrics: which jobs count, and what they count."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lambda_functions.conftest import RUN, drift
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common, enter, event, load

functions = load("processing_metrics")
JOB = "model-monitoring-202611230400-3f2a9c0d1e4b5a6978877665"
STARTED = datetime(2026, 11, 23, 4, 1, tzinfo=UTC)
ENVIRONMENT = {
    "ENDPOINT_NAME": "churn-endpoint",
    "METRIC_NAMESPACE": "ModelMonitoring/churn",
    "BUCKET_NAME": "churn-data",
    "RESULTS_PREFIX": "monitoring-results",
    "STATE_PREFIX": "responder-state",
}
MONITORING = {
    "sagemaker_endpoint_name": "churn-endpoint",
    "sagemaker_monitoring_schedule_name": "churn-data-quality",
}
CLEAN = "Completed: Job completed successfully with no violations."


def described(status: str = "Completed", environment: dict[str, str] | None = None, **fields: Any) -> dict[str, Any]:
    """DescribeProcessingJob's answer."""
    return {
        "ProcessingJobName": JOB,
        "ProcessingJobArn": f"arn:aws:sagemaker:eu-central-1:111122223333:processing-job/{JOB}",
        "ProcessingJobStatus": status,
        "Environment": MONITORING if environment is None else environment,
        "ProcessingOutputConfig": {"Outputs": [{"S3Output": {"S3Uri": f"s3://churn-data/{RUN}/2026/11/23/04"}}]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        "ProcessingStartTime": STARTED,
        "ProcessingEndTime": STARTED + timedelta(minutes=4),
        **fields,
    }


class Function:
    """The function around its fakes."""

    def __init__(self, sagemaker: FakeSageMaker, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
        self.sagemaker, self.s3, self.cloudwatch = sagemaker, s3, cloudwatch
        self.settings = functions.handler.Settings.read(ENVIRONMENT)

    def run(self, description: dict[str, Any]) -> Any:
        self.sagemaker.jobs[JOB] = description
        return functions.handler.process(
            JOB, self.settings, sagemaker=self.sagemaker, s3=self.s3, cloudwatch=self.cloudwatch
        )

    @property
    def published(self) -> list[dict[str, float]]:
        """Metric values by name, one dict a request."""
        return [
            {datum["MetricName"]: datum["Value"] for datum in request["MetricData"]}
            for request in self.cloudwatch.requests("PutMetricData")
        ]


@pytest.fixture
def function(sagemaker: FakeSageMaker, s3: FakeS3, cloudwatch: FakeCloudWatch) -> Function:
    return Function(sagemaker, s3, cloudwatch)


def noted(s3: FakeS3, schedule: str) -> Any:
    """The note of the schedule's latest run that failed."""
    return s3.json(s3.keys(f"responder-state/job-failures/churn-endpoint/{schedule}/")[-1])


def test_violations_of_a_run(function: Function, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", {"violations": [drift("a", 0.5), drift("b", 0.5)]})
    function.run(described(ExitMessage="CompletedWithViolations: Job completed successfully with 2 violations."))
    dimensions = [
        {"Name": "Endpoint", "Value": "churn-endpoint"},
        {"Name": "MonitoringSchedule", "Value": "churn-data-quality"},
    ]
    # No timestamp: the alarms look at when it arrived.
    assert cloudwatch.requests("PutMetricData") == [
        {
            "Namespace": "ModelMonitoring/churn",
            "MetricData": [
                {"MetricName": "JobFailures", "Dimensions": dimensions, "Value": 0.0, "Unit": "Count"},
                {"MetricName": "ConstraintViolations", "Dimensions": dimensions, "Value": 2.0, "Unit": "Count"},
            ],
        }
    ]
    assert s3.keys("responder-state/job-failures/") == []


def test_a_clean_run_publishes_zeros(function: Function) -> None:
    function.run(described(ExitMessage=CLEAN))
    assert function.published == [{"JobFailures": 0.0, "ConstraintViolations": 0.0}]


@pytest.mark.parametrize(
    ("message", "content", "count"),
    [
        ("CompletedWithViolations: Job completed successfully with 60 violations.", None, 60),
        ("CompletedWithViolations: Job completed successfully with 1 violation.", None, 1),
        ("CompletedWithViolations", None, 1),
        ("", {"violations": [drift("a", 0.5)]}, 1),
        (CLEAN, {"violations": [drift("a", 0.5)] * 3}, 3),
        ("CompletedWithViolations: ... with 2 violations.", {"violations": [drift("a", 0.5)] * 3}, 3),
        (CLEAN, {"violations": []}, 0),
        ("", b"{not json", 1),
        ("CompletedWithViolations: ... with 7 violations.", b"{not json", 7),
        ("", {"violations": "many"}, 1),
        ("", b"[" * 100_000, 1),
        ("", None, 0),
    ],
)
def test_the_larger_of_message_and_file_counts(
    function: Function, s3: FakeS3, message: str, content: Any, count: int
) -> None:
    if content is not None:
        s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", content)
    function.run(described(ExitMessage=message))
    assert function.published[0]["ConstraintViolations"] == count


def test_a_file_too_large_to_read_counts_as_one(function: Function, s3: FakeS3) -> None:
    s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", b" " * (8 * 1024**2 + 1))
    function.run(described())
    assert function.published[0]["ConstraintViolations"] == 1


def test_results_that_may_not_be_listed_leave_the_message_to_decide(
    function: Function, s3: FakeS3, capsys: pytest.CaptureFixture[str]
) -> None:
    s3.denied_prefixes = ("monitoring-results/",)
    function.run(described(ExitMessage="CompletedWithViolations: Job completed successfully with 5 violations."))
    assert function.published[0]["ConstraintViolations"] == 5
    assert "cannot be listed (AccessDenied)" in capsys.readouterr().out


def test_a_failed_job_is_counted_and_its_reason_kept(function: Function, s3: FakeS3) -> None:
    function.run(described("Failed", FailureReason="AlgorithmError: out of memory"))
    assert function.published == [{"JobFailures": 1.0}]
    assert noted(s3, "churn-data-quality") == {
        "endpoint": "churn-endpoint",
        "schedule": "churn-data-quality",
        "job": JOB,
        "arn": f"arn:aws:sagemaker:eu-central-1:111122223333:processing-job/{JOB}",
        "log_group": None,
        "kind": "monitoring",
        "status": "Failed",
        "reason": "AlgorithmError: out of memory",
        "exit_message": "",
        "ended": "2026-11-23T04:05:00+00:00",
        "run": None,
    }


def test_an_older_run_that_fails_later_does_not_replace_the_newer_ones_note(function: Function, s3: FakeS3) -> None:
    for end, reason in (("2026-11-23T04:00:00Z", "the newer"), ("2026-11-23T03:00:00Z", "the older's second try")):
        found = described("Failed", FailureReason=reason)
        function.run(found | {"Environment": found["Environment"] | {"end_time": end}})
    assert noted(s3, "churn-data-quality")["reason"] == "the newer"


@pytest.mark.parametrize(
    ("failure_reason", "exit_message", "reason"),
    [
        ("AlgorithmError: exit code: 1", "disk full", "AlgorithmError: exit code: 1; the job itself said: disk full"),
        ("AlgorithmError: disk full, exit code: 1", "disk full", "AlgorithmError: disk full, exit code: 1"),
        ("", "disk full", "disk full"),
        ("", "", "SageMaker gave no reason"),
    ],
)
def test_the_jobs_own_words_are_kept_too(
    function: Function, s3: FakeS3, failure_reason: str, exit_message: str, reason: str
) -> None:
    function.run(described("Failed", FailureReason=failure_reason, ExitMessage=exit_message))
    assert noted(s3, "churn-data-quality")["reason"] == reason


def test_the_reason_is_kept_before_the_metric_is_published(
    function: Function, s3: FakeS3, cloudwatch: FakeCloudWatch
) -> None:
    cloudwatch.fail("PutMetricData", "Throttling")
    with pytest.raises(ClientError, match="Throttling"):
        function.run(described("Failed"))
    assert len(s3.keys("responder-state/job-failures/")) == 1


def test_without_a_place_for_the_reason_the_metric_comes(function: Function, s3: FakeS3) -> None:
    s3.fail("PutObject", "AccessDenied")
    function.run(described("Failed"))
    assert function.published == [{"JobFailures": 1.0}]


def test_a_job_stopped_at_its_limit_is_a_failure(function: Function, s3: FakeS3) -> None:
    function.run(described("Stopped", ProcessingEndTime=STARTED + timedelta(seconds=1800)))
    assert function.published == [{"JobFailures": 1.0}]
    record = noted(s3, "churn-data-quality")
    assert record["reason"] == "stopped at its time limit of 1800 s"


def test_a_job_stopped_by_a_person_is_none(function: Function, s3: FakeS3) -> None:
    function.run(described("Stopped"))
    assert function.published == [{"JobFailures": 0.0}]
    assert s3.keys("responder-state/job-failures/") == []


def test_a_baseline_job_says_nothing_about_violations(function: Function) -> None:
    environment = {"model_monitoring_endpoint": "churn-endpoint", "model_monitoring_schedule": "churn-data-quality"}
    function.run(described("Completed", environment))
    function.run(described("Failed", environment))
    assert function.published == [{"JobFailures": 0.0}, {"JobFailures": 1.0}]


def test_a_failed_merge_counts_for_its_schedule(function: Function, s3: FakeS3) -> None:
    output = {"Outputs": [{"S3Output": {"S3Uri": "s3://churn-data/monitoring-results/merge"}}]}
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:monitoring-schedule/churn-model-quality"
    merge = {"dataset_source": "/a", "ground_truth_source": "/b", "output_path": "/c"}
    result = function.run(
        described("Failed", merge, ProcessingOutputConfig=output, MonitoringScheduleArn=arn, ExitMessage="no labels")
    )
    assert (result["kind"], result["schedule"]) == ("ground-truth merge", "churn-model-quality")
    assert function.published == [{"JobFailures": 1.0}]
    assert noted(s3, "churn-model-quality")["reason"] == "no labels"


def test_a_model_quality_run_of_the_open_engine_is_no_merge(function: Function) -> None:
    """It is given the labels as a merge job is, and joins them itself before it looks for violations."""
    environment = {**MONITORING, "ground_truth_source": "/b", "analysis_type": "MODEL_QUALITY"}
    said = "CompletedWithViolations: Job completed successfully with 3 violations."
    result = function.run(described("Completed", environment, ExitMessage=said))
    assert result["kind"] == "monitoring"
    [published] = function.published
    assert set(published) == {"JobFailures", "ConstraintViolations"}


@pytest.mark.parametrize(
    "description",
    [
        described(environment={}),
        described(environment={**MONITORING, "sagemaker_endpoint_name": "other-endpoint"}),
        described(environment={"model_monitoring_endpoint": "other", "model_monitoring_schedule": "x"}),
        described(environment={"sagemaker_endpoint_name": "churn-endpoint"}),
        described(
            environment={"ground_truth_source": "/b"},
            ProcessingOutputConfig={"Outputs": [{"S3Output": {"S3Uri": "s3://other/monitoring-results/merge"}}]},
            MonitoringScheduleArn="arn:aws:sagemaker:eu-central-1:111122223333:monitoring-schedule/x",
        ),
        described("InProgress"),
        described("Stopping"),
    ],
)
def test_other_jobs_are_ignored(function: Function, description: dict[str, Any]) -> None:
    assert "ignored" in function.run(description)
    assert function.published == []


def test_the_schedule_comes_from_the_arn_if_the_environment_has_none(function: Function) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111122223333:monitoring-schedule/by-arn"
    result = function.run(
        described(environment={"sagemaker_endpoint_name": "churn-endpoint"}, MonitoringScheduleArn=arn)
    )
    assert result["schedule"] == "by-arn"


def test_a_job_that_is_not_found_is_an_error(function: Function) -> None:
    with pytest.raises(ClientError, match="ResourceNotFound"):
        functions.handler.process(
            "gone", function.settings, sagemaker=function.sagemaker, s3=function.s3, cloudwatch=function.cloudwatch
        )


def test_parse_takes_the_job_from_the_event() -> None:
    assert functions.handler.parse(event("job_completed")) == JOB
    assert functions.handler.parse(event("job_failed")) == JOB


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (7, "must be an object, not int"),
        ({}, "detail-type is None"),
        (event("job_other_detail_type"), "detail-type is 'SageMaker Training Job State Change'"),
        ({"detail-type": "SageMaker Processing Job State Change"}, "the event's detail must be an object"),
        ({"detail-type": "SageMaker Processing Job State Change", "detail": {}}, "has no ProcessingJobName"),
    ],
)
def test_bad_events(document: Any, complaint: str) -> None:
    with pytest.raises(common("event_fields").BadEventError, match=complaint):
        functions.handler.parse(document)


@pytest.mark.parametrize("missing", sorted(ENVIRONMENT))
def test_each_variable_is_needed(missing: str) -> None:
    environment = {name: value for name, value in ENVIRONMENT.items() if name != missing}
    with pytest.raises(common("environment").ConfigurationError, match=f"environment variable {missing} is not set"):
        functions.handler.Settings.read(environment)


def test_the_handler_itself_ends_well(function: Function) -> None:
    function.sagemaker.jobs[JOB] = described(ExitMessage=CLEAN)
    clients = {"sagemaker": function.sagemaker, "s3": function.s3, "cloudwatch": function.cloudwatch}
    result, log = enter("processing_metrics", event("job_completed"), clients, ENVIRONMENT)
    assert result["metrics"] == {"JobFailures": 0.0, "ConstraintViolations": 0.0}
    assert log[-1]["message"] == "processing job"
    assert enter("processing_metrics", event("job_completed"), clients, ENVIRONMENT) == (result, log)  # is repeated


def test_a_misspelt_switch_is_refused_and_turns_no_alarm_off() -> None:
    with pytest.raises(common("environment").ConfigurationError, match="EFFECT_METRIC must be true or false, not 'on'"):
        functions.handler.Settings.read({**ENVIRONMENT, "EFFECT_METRIC": "on"})


@pytest.mark.parametrize(
    ("distances", "effect"),
    [((), 0.0), ((0.12,), 1.2), ((0.12, 0.5, 0.2), 5.0)],
)
def test_the_largest_effect_is_published_where_an_alarm_listens(
    function: Function, s3: FakeS3, distances: tuple[float, ...], effect: float
) -> None:
    """In multiples of what is material, whatever the number of entries; a clean run ends the episode with 0."""
    function.settings = functions.handler.Settings.read({**ENVIRONMENT, "EFFECT_METRIC": "true"})
    if distances:
        entries = [drift(f"F{number}", distance) for number, distance in enumerate(distances)]
        s3.put(f"{RUN}/2026/11/23/04/constraint_violations.json", {"violations": entries})
    said = f"CompletedWithViolations: Job completed successfully with {len(distances)} violations."
    function.run(described(ExitMessage=said if distances else CLEAN))
    assert function.published == [
        {"JobFailures": 0.0, "ConstraintViolations": float(len(distances)), "LargestEffect": pytest.approx(effect)}
    ]


def test_what_only_the_message_knows_of_is_at_the_limit(function: Function) -> None:
    function.settings = functions.handler.Settings.read({**ENVIRONMENT, "EFFECT_METRIC": "true"})
    said = "CompletedWithViolations: Job completed successfully with 4 violations."
    function.run(described(ExitMessage=said))
    [published] = function.published
    assert (published["ConstraintViolations"], published["LargestEffect"]) == (4.0, 1.0)


def test_the_size_is_what_the_engine_measured(function: Function, s3: FakeS3) -> None:
    """A new code of a seventh of the rows says little as a share, and its index says how far the feature has moved."""
    function.settings = functions.handler.Settings.read({**ENVIRONMENT, "EFFECT_METRIC": "true"})
    folder = f"{RUN}/2026/11/23/04"
    entry = {
        "feature_name": "RELP",
        "constraint_check_type": "categorical_values_check",
        "description": "Expected match: 100.0%. Observed: Only 85.5% of the values are in the domain.",
    }
    s3.put(f"{folder}/constraint_violations.json", {"violations": [entry]})
    s3.put(f"{folder}/drift.json", {"judgement": {"features": {"RELP": {"effect": 1.142}, "AGEP": {"effect": 9.0}}}})
    function.run(described(ExitMessage="CompletedWithViolations: Job completed successfully with 1 violations."))
    [published] = function.published
    assert published["LargestEffect"] == pytest.approx(11.42)
    s3.put(f"{folder}/drift.json", {"judgement": {"features": {"RELP": {"effect": None}}}})
    function.run(described(ExitMessage="CompletedWithViolations: Job completed successfully with 1 violations."))
    assert function.published[-1]["LargestEffect"] == pytest.approx(2.45)
