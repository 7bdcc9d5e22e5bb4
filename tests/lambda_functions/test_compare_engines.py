"""Both engines' verdicts of a window against each other."""

from typing import Any

import pytest

from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker
from tests.lambda_functions.functions import common, enter, load

MODULES = load("compare_engines")
OLD, NEW = "churn-endpoint-data-quality", "churn-endpoint-dq-open"
HOUR = "2026/11/23/10"
ENVIRONMENT = {
    "ENDPOINT_NAME": "churn-endpoint",
    "METRIC_NAMESPACE": "ModelMonitoring/churn",
    "BUCKET_NAME": "churn-data",
    "RESULTS_PREFIX": "monitoring-results",
    "AGREEMENT_PREFIX": "engine-agreement",
    "ENGINE_PAIRS": f'{{"data-quality": {{"model_monitor": "{OLD}", "open": "{NEW}"}}}}',
}
EVENT = {"schedule": NEW, "end_time": "2026-11-23T10:00:00Z"}
STATISTICS = {"version": 0.0, "features": [{"name": name} for name in ("age", "income", "plan", "tenure")]}


def drift(feature: str, distance: float) -> dict[str, str]:
    return {
        "feature_name": feature,
        "constraint_check_type": "baseline_drift_check",
        "description": f"Baseline drift distance: {distance} exceeds threshold: 0.1",
    }


def put_results(s3: FakeS3, schedule: str, *violations: dict[str, str], **files: Any) -> None:
    folder = f"monitoring-results/churn-endpoint/{schedule}/{HOUR}"
    s3.put(f"{folder}/statistics.json", STATISTICS)
    if violations:
        s3.put(f"{folder}/constraint_violations.json", {"violations": list(violations)})
    for name, content in files.items():
        s3.put(f"{folder}/{name}.json", content)


@pytest.fixture
def process(s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch) -> Any:
    settings = MODULES.handler.Settings.read(ENVIRONMENT)
    return lambda event: MODULES.handler.process(event, settings, s3=s3, sagemaker=sagemaker, cloudwatch=cloudwatch)


def test_whoever_ends_first_waits(process: Any, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    put_results(s3, NEW)
    assert process(EVENT) == {
        "kind": "data-quality",
        "hour": HOUR,
        "waiting": "the other engine has not finished this window",
    }
    assert cloudwatch.calls == []


def test_disagreements_are_kept_with_both_sides_numbers(process: Any, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    measures = {"income": {"psi": 0.31, "drifted": True}, "age": {"psi": 0.6}}
    put_results(s3, OLD, drift("age", 0.4), drift("tenure", 0.12))
    put_results(s3, NEW, drift("age", 0.41), drift("income", 0.2), drift={"features": measures})
    answer = process(EVENT)
    assert answer == {
        "kind": "data-quality",
        "hour": HOUR,
        "agreement": 0.5,
        "compared": 4,
        "disagreements": ["income", "tenure"],
        "kept": f"s3://churn-data/engine-agreement/churn-endpoint/data-quality/{HOUR}.json",
    }
    kept = s3.json(f"engine-agreement/churn-endpoint/data-quality/{HOUR}.json")
    assert kept["both_violated"] == ["age"]
    income, tenure = kept["disagreements"]
    assert (income["model_monitor"], income["measures"]) == ([], {"psi": 0.31, "drifted": True})
    assert (income["open"][0]["observed"], income["open"][0]["limit"]) == (0.2, 0.1)
    assert (tenure["open"], tenure["model_monitor"][0]["observed"]) == ([], 0.12)
    (request,) = cloudwatch.requests("PutMetricData")
    assert request["Namespace"] == "ModelMonitoring/churn"
    assert request["MetricData"] == [
        {
            "MetricName": "Agreement",
            "Dimensions": [
                {"Name": "Endpoint", "Value": "churn-endpoint"},
                {"Name": "MonitoringSchedule", "Value": NEW},
            ],
            "Value": 0.5,
            "Unit": "None",
        }
    ]


def test_the_same_feature_by_another_check_is_agreement(process: Any, s3: FakeS3) -> None:
    wrong_type = {
        "feature_name": "age",
        "constraint_check_type": "data_type_check",
        "description": "Expected data type: Integral, Expected match: 100.0%. Observed: Only 50.0% is Integral.",
    }
    put_results(s3, OLD, wrong_type)
    put_results(s3, NEW, drift("age", 0.3))
    assert process(EVENT)["agreement"] == 1.0


def test_two_clean_runs_agree(process: Any, s3: FakeS3) -> None:
    put_results(s3, OLD)
    put_results(s3, NEW)
    answer = process(EVENT)
    assert (answer["agreement"], answer["compared"], answer["disagreements"]) == (1.0, 4, [])


def job_event(sagemaker: FakeSageMaker, status: str, **environment: str) -> dict[str, Any]:
    sagemaker.jobs["run"] = {"ProcessingJobStatus": status, "Environment": environment}
    return {
        "source": "aws.sagemaker",
        "detail-type": "SageMaker Processing Job State Change",
        "detail": {"ProcessingJobName": "run", "ProcessingJobStatus": status},
    }


def test_a_job_of_either_engine_brings_them_together(process: Any, s3: FakeS3, sagemaker: FakeSageMaker) -> None:
    put_results(s3, OLD)
    put_results(s3, NEW)
    event = job_event(sagemaker, "Completed", sagemaker_monitoring_schedule_name=OLD, end_time="2026-11-23T10:00:00Z")
    assert process(event)["agreement"] == 1.0


QUALITY_OLD, QUALITY_NEW = "churn-endpoint-model-quality", "churn-endpoint-mq-open"
QUALITY_PAIR = f'{{"model-quality": {{"model_monitor": "{QUALITY_OLD}", "open": "{QUALITY_NEW}"}}}}'
QUALITY_EVENT = {"schedule": QUALITY_NEW, "end_time": "2026-11-23T10:00:00Z"}
RECALL = {
    "metric_name": "recall",
    "constraint_check_type": "LessThanThreshold",
    "description": "Metric recall with 0.6 was LessThanThreshold 0.8",
}


class TestModelQuality:
    """Model Monitor's documentation promises a statistics.json for the quality of data only."""

    @pytest.fixture
    def process(self, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch) -> Any:
        settings = MODULES.handler.Settings.read(ENVIRONMENT | {"ENGINE_PAIRS": QUALITY_PAIR})
        return lambda event: MODULES.handler.process(event, settings, s3=s3, sagemaker=sagemaker, cloudwatch=cloudwatch)

    @pytest.fixture
    def put_open(self, s3: FakeS3) -> Any:
        def put(*violations: dict[str, str]) -> None:
            folder = f"monitoring-results/churn-endpoint/{QUALITY_NEW}/{HOUR}"
            s3.put(f"{folder}/statistics.json", STATISTICS_OF_QUALITY)
            s3.put(f"{folder}/constraints.json", CONSTRAINTS_OF_QUALITY)
            if violations:
                s3.put(f"{folder}/constraint_violations.json", {"violations": list(violations)})

        return put

    @staticmethod
    def ended(sagemaker: FakeSageMaker, folder: str = f"churn-endpoint/{QUALITY_OLD}/{HOUR}") -> dict[str, Any]:
        found = job_event(
            sagemaker,
            "Completed",
            sagemaker_monitoring_schedule_name=QUALITY_OLD,
            end_time="2026-11-23T10:00:00Z",
            analysis_type="MODEL_QUALITY",
        )
        output = {"S3Output": {"S3Uri": f"s3://churn-data/monitoring-results/{folder}"}}
        sagemaker.jobs["run"]["ProcessingOutputConfig"] = {"Outputs": [output]}
        return found

    @pytest.mark.parametrize("model_monitor_first", [True, False])
    def test_a_run_that_left_no_file_has_finished(
        self, process: Any, put_open: Any, sagemaker: FakeSageMaker, *, model_monitor_first: bool
    ) -> None:
        """Whoever ends first: the event is what tells."""
        first, second = self.ended(sagemaker), QUALITY_EVENT
        if not model_monitor_first:
            first, second = second, first
            put_open(RECALL)
        assert "waiting" in process(first)
        put_open(RECALL)
        answer = process(second)
        assert (answer["compared"], answer["disagreements"]) == (2, ["recall"])

    def test_two_runs_that_found_nothing_agree(self, process: Any, put_open: Any, sagemaker: FakeSageMaker) -> None:
        put_open()
        process(QUALITY_EVENT)
        answer = process(self.ended(sagemaker))
        assert (answer["agreement"], answer["compared"]) == (1.0, 2)

    def test_violations_tell_where_the_event_got_lost(self, process: Any, put_open: Any, s3: FakeS3) -> None:
        put_open(RECALL)
        s3.put(
            f"monitoring-results/churn-endpoint/{QUALITY_OLD}/{HOUR}/constraint_violations.json",
            {"violations": [RECALL]},
        )
        assert process(QUALITY_EVENT)["agreement"] == 1.0

    @pytest.mark.parametrize("end", ["", "/"])
    def test_results_are_read_where_the_job_wrote_them(
        self, process: Any, put_open: Any, sagemaker: FakeSageMaker, s3: FakeS3, end: str
    ) -> None:
        """A window that ends three days before its run, filed under the hour of the run."""
        put_open(RECALL)
        folder = f"churn-endpoint/{QUALITY_OLD}/2026/11/26/10"
        s3.put(f"monitoring-results/{folder}/constraint_violations.json", {"violations": [RECALL]})
        assert "waiting" in process(QUALITY_EVENT)
        assert process(self.ended(sagemaker, folder + end))["agreement"] == 1.0
        assert process(QUALITY_EVENT)["agreement"] == 1.0  # the event comes twice

    def test_a_place_that_is_not_the_stacks_is_not_looked_at(
        self, process: Any, put_open: Any, sagemaker: FakeSageMaker, s3: FakeS3
    ) -> None:
        put_open()
        found = self.ended(sagemaker)
        output = sagemaker.jobs["run"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
        output["S3Uri"] = "s3://elsewhere/monitoring-results/x"
        assert process(found)["agreement"] == 1.0
        assert all(request["Bucket"] == "churn-data" for _, request in s3.calls)


@pytest.mark.parametrize(
    ("status", "environment"),
    [
        ("Failed", {"sagemaker_monitoring_schedule_name": OLD, "end_time": "2026-11-23T10:00:00Z"}),
        ("Completed", {}),
        (
            "Completed",
            {
                "sagemaker_monitoring_schedule_name": OLD,
                "end_time": "2026-11-23T10:00:00Z",
                "ground_truth_source": "/opt/ml/processing/groundtruth",
            },
        ),
        ("Completed", {"sagemaker_monitoring_schedule_name": "another", "end_time": "2026-11-23T10:00:00Z"}),
    ],
    ids=["failed", "no monitoring job", "merge job", "another stack"],
)
def test_other_jobs_are_passed_over(
    status: str, environment: dict[str, str], process: Any, s3: FakeS3, sagemaker: FakeSageMaker
) -> None:
    assert "ignored" in process(job_event(sagemaker, status, **environment))
    assert s3.calls == []  # neither noted as finished nor compared


@pytest.mark.parametrize(
    "event", [{}, {"schedule": NEW, "end_time": "ten"}, {"detail-type": "Something"}, [], {"schedule": 1}]
)
def test_a_bad_event_is_one_clear_error(event: Any, process: Any) -> None:
    with pytest.raises(common("event_fields").BadEventError):
        process(event)


STATISTICS_OF_QUALITY = {
    "binary_classification_metrics": {
        "confusion_matrix": {},
        "recall": {"value": 0.6},
        "f1": {"value": 0.5},
        "receiver_operating_characteristic_curve": {},
    }
}
CONSTRAINTS_OF_QUALITY = {
    "version": 0.0,
    "binary_classification_constraints": {
        "recall": {"threshold": 0.8, "comparison_operator": "LessThanThreshold"},
        "f1": {"threshold": 0.7, "comparison_operator": "LessThanThreshold"},
    },
}


@pytest.mark.parametrize("document", [STATISTICS_OF_QUALITY, CONSTRAINTS_OF_QUALITY])
def test_model_quality_compares_metrics(document: dict[str, Any]) -> None:
    violations = common("violations").parse_violations(
        {
            "violations": [
                {
                    "metric_name": "recall",
                    "constraint_check_type": "LessThanThreshold",
                    "description": "Metric recall with 0.6 was LessThanThreshold 0.8",
                }
            ]
        }
    )
    agreement = MODULES.agreement
    subjects = agreement.subjects_of(document)
    assert subjects == {"recall", "f1"}
    found = agreement.compare(agreement.Results(subjects, violations, {}), agreement.Results(subjects, (), {}))
    assert (found.share, found.disagreements[0].subject) == (0.5, "recall")


def test_bias_compares_every_metric_of_every_group() -> None:
    """Clarify names no features: what a run is about are the metrics in its analysis.json."""
    metrics = [{"name": name, "value": 0.1} for name in ("DPPL", "AD")]
    section = {"facets": {"SEX": [{"value_or_threshold": "2", "metrics": metrics}]}}
    document = {"version": "1.0", "post_training_bias_metrics": section}
    violations = common("violations").parse_violations(
        {
            "violations": [
                {
                    "constraint_check_type": "bias_drift_check",
                    "description": "Metric value 0.3 doesn't meet the baseline constraint requirement 0.1",
                    "facet": "SEX",
                    "facet_value": "2",
                    "metric_name": "DPPL",
                }
            ]
        }
    )
    agreement = MODULES.agreement
    subjects = agreement.subjects_of(document)
    assert subjects == {"DPPL (SEX = 2)", "AD (SEX = 2)"}
    found = agreement.compare(agreement.Results(subjects, violations, {}), agreement.Results(subjects, (), {}))
    assert (found.share, found.disagreements[0].subject) == (0.5, "DPPL (SEX = 2)")


def wide(columns: int, kilobytes: int) -> dict[str, Any]:
    """A statistics.json of continuous columns, each with a sketch of so many kilobytes."""
    return {"features": [{"name": f"f{index}", "sketch": "0" * 1000 * kilobytes} for index in range(columns)]}


def constraints(statistics: dict[str, Any]) -> dict[str, Any]:
    return {"features": [{"name": item["name"], "completeness": 1.0} for item in statistics["features"]]}


@pytest.mark.parametrize("with_constraints", [True, False])
def test_wide_data_are_compared(
    process: Any, s3: FakeS3, cloudwatch: FakeCloudWatch, *, with_constraints: bool
) -> None:
    """120 continuous columns: more than the 8 MB that other functions read."""
    statistics = wide(columns=120, kilobytes=100)
    files = {"statistics": statistics} | ({"constraints": constraints(statistics)} if with_constraints else {})
    put_results(s3, OLD, drift("f3", 0.3), **files)
    put_results(s3, NEW, drift("f3", 0.3), drift("f7", 0.2), **files)
    answer = process(EVENT)
    assert (answer["compared"], answer["disagreements"]) == (120, ["f7"])
    assert len(cloudwatch.requests("PutMetricData")) == 1
    read = {request["Key"].rsplit("/", 1)[-1] for request in s3.requests("GetObject")}
    assert ("statistics.json" in read) is not with_constraints


def test_constraints_that_name_nothing_leave_it_to_the_statistics(process: Any, s3: FakeS3) -> None:
    put_results(s3, OLD, constraints={"version": 0.0})
    put_results(s3, NEW, constraints={"features": []})
    assert process(EVENT)["compared"] == 4


@pytest.mark.parametrize("content", [b"cut off {", [], {"features": ["age"]}])
def test_measures_that_cannot_be_read_cost_no_comparison(process: Any, s3: FakeS3, content: Any) -> None:
    put_results(s3, OLD)
    put_results(s3, NEW, drift("age", 0.3), drift=content)
    assert process(EVENT)["disagreements"] == ["age"]
    (kept,) = s3.json(f"engine-agreement/churn-endpoint/data-quality/{HOUR}.json")["disagreements"]
    assert kept["measures"] is None


def test_a_verdict_that_cannot_be_read_is_no_agreement(process: Any, s3: FakeS3, cloudwatch: FakeCloudWatch) -> None:
    """It raises: Lambda tries again, and what is lost in the end has an alarm of its own."""
    put_results(s3, OLD)
    put_results(s3, NEW, constraint_violations=b"cut off {")
    with pytest.raises(common("s3_objects").UnreadableError, match="is no valid JSON"):
        process(EVENT)
    assert cloudwatch.calls == []


def test_settings_say_what_is_wrong() -> None:
    with pytest.raises(common("environment").ConfigurationError, match="ENGINE_PAIRS must be"):
        MODULES.handler.Settings.read(ENVIRONMENT | {"ENGINE_PAIRS": "[]"})


@pytest.mark.parametrize(("violations", "level"), [([], "INFO"), ([drift("age", 0.4)], "WARNING")])
def test_the_handler_itself_ends_well(
    violations: list[dict[str, str]], level: str, s3: FakeS3, sagemaker: FakeSageMaker, cloudwatch: FakeCloudWatch
) -> None:
    put_results(s3, OLD, *violations)
    put_results(s3, NEW)
    clients = {"s3": s3, "sagemaker": sagemaker, "cloudwatch": cloudwatch}
    answer, log = enter("compare_engines", EVENT, clients, ENVIRONMENT)
    assert (log[-1]["level"], log[-1]["agreement"]) == (level, answer["agreement"])
