"""Monitoring schedules: their executions are jobs with Model Monitor's environment, in Model Monitor's places."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import local_aws
from tests.local_aws.bench import ANALYZER, SKLEARN, START, Bench, wait_until

CLUSTER = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}}
HOURLY = {"ScheduleExpression": "cron(0 * ? * * *)"}
# A monitor of our own: it writes down its environment and says what the file next to it says.
SCRIPT = """
import json, os, pathlib
out = pathlib.Path(os.environ["output_path"])
root = out.parents[1]
window = pathlib.Path(os.environ["dataset_source"])
rows = sum(len(p.read_text().splitlines()) for p in window.rglob("*.jsonl"))
(out / "seen.json").write_text(json.dumps({"environment": dict(os.environ), "rows": rows}))
(root / "output/message").write_text("CompletedWithViolations: Job completed successfully with 2 violations.")
dimensions = [{"Name": "Endpoint", "Value": os.environ["sagemaker_endpoint_name"]}]
metric = {"MetricName": "rows", "Dimensions": dimensions, "Value": rows}
(root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").write_text(json.dumps(metric) + "\\n")
if "fail" in os.environ:
    raise SystemExit("failed")
"""


@pytest.fixture(scope="module")
def own_cloud() -> Iterator[local_aws.LocalAws]:
    """A server whose clock and schedules are this module's."""
    with local_aws.start(at=START) as cloud:
        yield cloud


@pytest.fixture
def monitored(own_cloud: local_aws.LocalAws) -> Iterator["Monitored"]:
    made = Monitored(own_cloud)
    yield made
    # Another test's hours must not run this test's schedules.
    schedules = made.sagemaker.list_monitoring_schedules(MaxResults=100)["MonitoringScheduleSummaries"]
    for schedule in schedules:
        made.sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule["MonitoringScheduleName"])


class Monitored(Bench):
    """A bench with an endpoint, the script as the monitor, and the clock ten minutes past the hour."""

    def __init__(self, cloud: local_aws.LocalAws) -> None:
        super().__init__(cloud)
        self.endpoint_name = self.endpoint()
        self.script = self.put("code/monitor.py", SCRIPT)
        now = cloud.clock.now()
        self.hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        cloud.clock.advance_to(self.hour + timedelta(minutes=10))

    def data_quality(self, **changes: Any) -> str:
        request: dict[str, Any] = {
            "JobDefinitionName": f"{self.name}-data-quality",
            "DataQualityAppSpecification": {
                "ImageUri": SKLEARN,
                "ContainerEntrypoint": ["python3", "/opt/ml/processing/code/record_preprocessor_script/monitor.py"],
                "RecordPreprocessorSourceUri": self.script,
                "Environment": {"mine": "yes"},
            },
            "DataQualityJobInput": {
                "EndpointInput": {"EndpointName": self.endpoint_name, "LocalPath": "/opt/ml/processing/input/endpoint"}
            },
            "DataQualityJobOutputConfig": self.output(),
            "JobResources": CLUSTER,
            "RoleArn": self.monitor_role(),
            "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
        }
        self.sagemaker.create_data_quality_job_definition(**(request | changes))
        return str(request["JobDefinitionName"])

    def output(self) -> dict[str, Any]:
        output = {"S3Uri": f"s3://{self.bucket}/monitoring-results", "LocalPath": "/opt/ml/processing/output"}
        return {"MonitoringOutputs": [{"S3Output": output | {"S3UploadMode": "EndOfJob"}}]}

    def schedule(self, definition: str, kind: str = "DataQuality", **schedule: Any) -> str:
        name = f"{self.name}-schedule"
        config = {
            "ScheduleConfig": HOURLY | schedule,
            "MonitoringJobDefinitionName": definition,
            "MonitoringType": kind,
        }
        self.sagemaker.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)
        return name

    def executions(self, schedule: str, **filters: Any) -> list[dict[str, Any]]:
        found = self.sagemaker.list_monitoring_executions(MonitoringScheduleName=schedule, **filters)
        return list(found["MonitoringExecutionSummaries"])

    def until(self, minutes: int) -> None:
        """Advance to so many minutes after the hour that the bench began in."""
        self.cloud.clock.advance_to(self.hour + timedelta(minutes=minutes))


def test_an_hour_with_data_is_a_job_with_the_contract_s_environment(monitored: Monitored) -> None:
    schedule = monitored.schedule(monitored.data_quality())
    for row in ("1,2,3", "4,5,6", "7,8,9"):
        monitored.invoke(monitored.endpoint_name, row)
    monitored.until(61)
    hour, following = monitored.hour, monitored.hour + timedelta(hours=1)
    (execution,) = monitored.executions(schedule)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations"
    assert execution["ScheduledTime"] == following
    assert execution["EndpointName"] == monitored.endpoint_name
    assert execution["MonitoringJobDefinitionName"] == f"{monitored.name}-data-quality"
    job = monitored.sagemaker.describe_processing_job(
        ProcessingJobName=execution["ProcessingJobArn"].rpartition("/")[2]
    )
    assert job["ProcessingJobName"].startswith(f"data-quality-monitoring-{following:%Y%m%d%H%M}-")
    assert job["ExitMessage"] == "CompletedWithViolations: Job completed successfully with 2 violations."
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["MonitoringScheduleArn"].endswith(f":monitoring-schedule/{schedule}")
    assert job["Environment"] == {
        "dataset_format": '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput","endpointOutput"]}}',
        "dataset_source": "/opt/ml/processing/input/endpoint",
        "output_path": "/opt/ml/processing/output",
        "start_time": f"{hour:%Y-%m-%dT%H:00:00Z}",
        "end_time": f"{following:%Y-%m-%dT%H:00:00Z}",
        "metric_time": f"{hour:%Y-%m-%dT%H:00:00Z}",
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": monitored.endpoint_name,
        "sagemaker_monitoring_schedule_name": schedule,
        "record_preprocessor_script": "/opt/ml/processing/code/record_preprocessor_script/monitor.py",
        "mine": "yes",
    }
    place = f"{monitored.endpoint_name}/Primary/{hour:%Y/%m/%d/%H}"
    (captured,) = [i["S3Input"] for i in job["ProcessingInputs"] if i["InputName"] == "endpoint_input_1"]
    assert captured["S3Uri"] == f"s3://{monitored.bucket}/captured-data/{place}"
    assert captured["LocalPath"] == f"/opt/ml/processing/input/endpoint/{place}"
    result = f"monitoring-results/{monitored.endpoint_name}/{schedule}/{following:%Y/%m/%d/%H}/seen.json"
    assert json.loads(monitored.get(result))["rows"] == 3
    metrics = monitored.cloud.client("cloudwatch").list_metrics(Namespace="aws/sagemaker/Endpoints/data-metrics")[
        "Metrics"
    ]
    assert {"Name": "Endpoint", "Value": monitored.endpoint_name} in [
        d for metric in metrics for d in metric["Dimensions"]
    ]
    last = monitored.sagemaker.describe_monitoring_schedule(MonitoringScheduleName=schedule)[
        "LastMonitoringExecutionSummary"
    ]
    assert last == execution


def test_an_hour_without_data_is_a_failed_execution_without_a_job(monitored: Monitored) -> None:
    schedule = monitored.schedule(monitored.data_quality())
    monitored.until(61)
    (execution,) = monitored.executions(schedule)
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"] == "Job inputs had no data"
    assert "ProcessingJobArn" not in execution


def test_a_failed_job_is_a_failed_execution(monitored: Monitored) -> None:
    app = {
        "ImageUri": SKLEARN,
        "ContainerEntrypoint": ["python3", "-c", "raise SystemExit(4)"],
    }
    schedule = monitored.schedule(monitored.data_quality(DataQualityAppSpecification=app))
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    monitored.until(61)
    (execution,) = monitored.executions(schedule)
    assert (execution["MonitoringExecutionStatus"], execution["FailureReason"]) == (
        "Failed",
        "AlgorithmError: See job logs for more information, exit code: 4",
    )


def test_every_hour_that_passes_runs_and_lists_are_filtered(monitored: Monitored) -> None:
    schedule = monitored.schedule(monitored.data_quality())
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    monitored.until(4 * 60 + 1)
    times = [execution["ScheduledTime"] for execution in monitored.executions(schedule)]
    assert times == [monitored.hour + timedelta(hours=h) for h in (4, 3, 2, 1)]
    statuses = [e["MonitoringExecutionStatus"] for e in monitored.executions(schedule, SortOrder="Ascending")]
    assert statuses == ["CompletedWithViolations", "Failed", "Failed", "Failed"]
    assert len(monitored.executions(schedule, StatusEquals="Failed")) == 3
    assert len(monitored.executions(schedule, ScheduledTimeAfter=monitored.hour + timedelta(hours=2))) == 2
    assert len(monitored.executions(schedule, ScheduledTimeBefore=monitored.hour + timedelta(hours=2))) == 1
    assert monitored.executions(schedule, MonitoringTypeEquals="ModelQuality") == []
    pages = monitored.sagemaker.get_paginator("list_monitoring_executions").paginate(
        MonitoringScheduleName=schedule, SortBy="ScheduledTime", PaginationConfig={"PageSize": 3}
    )
    assert [len(page["MonitoringExecutionSummaries"]) for page in pages] == [3, 1]


def test_a_stopped_schedule_does_not_run_until_it_is_started(monitored: Monitored) -> None:
    schedule = monitored.schedule(monitored.data_quality())
    monitored.sagemaker.stop_monitoring_schedule(MonitoringScheduleName=schedule)
    monitored.until(61)
    assert monitored.executions(schedule) == []
    describe = monitored.sagemaker.describe_monitoring_schedule
    assert describe(MonitoringScheduleName=schedule)["MonitoringScheduleStatus"] == "Stopped"
    monitored.sagemaker.start_monitoring_schedule(MonitoringScheduleName=schedule)
    monitored.until(121)
    assert [e["ScheduledTime"] for e in monitored.executions(schedule)] == [monitored.hour + timedelta(hours=2)]


def test_an_update_changes_when_it_runs(monitored: Monitored) -> None:
    definition = monitored.data_quality()
    schedule = monitored.schedule(definition)
    later = (monitored.hour.hour + 3) % 24
    config = {
        "ScheduleConfig": {"ScheduleExpression": f"cron(0 {later} ? * * *)"},
        "MonitoringJobDefinitionName": definition,
        "MonitoringType": "DataQuality",
    }
    monitored.sagemaker.update_monitoring_schedule(MonitoringScheduleName=schedule, MonitoringScheduleConfig=config)
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    monitored.until(3 * 60 + 1)
    (execution,) = monitored.executions(schedule)
    assert execution["ScheduledTime"] == monitored.hour + timedelta(hours=3)
    name = execution["ProcessingJobArn"].rpartition("/")[2]
    environment = monitored.sagemaker.describe_processing_job(ProcessingJobName=name)["Environment"]
    # A daily run looks at a day.
    assert environment["start_time"] == f"{monitored.hour + timedelta(hours=3 - 24):%Y-%m-%dT%H:00:00Z}"


def test_a_schedule_now_runs_once_on_its_window(monitored: Monitored) -> None:
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    definition = monitored.data_quality()
    schedule = monitored.schedule(
        definition, ScheduleExpression="NOW", DataAnalysisStartTime="-PT1H", DataAnalysisEndTime="PT0H"
    )
    monitored.cloud.clock.advance(timedelta(0))
    assert [e["MonitoringExecutionStatus"] for e in monitored.executions(schedule)] == ["CompletedWithViolations"]
    monitored.until(121)
    assert len(monitored.executions(schedule)) == 1


def test_real_time_fires_schedules_too(monitored: Monitored) -> None:
    schedule = monitored.schedule(monitored.data_quality())
    monitored.cloud.clock.advance_to(monitored.hour + timedelta(minutes=59, seconds=59))
    (execution,) = wait_until(lambda: monitored.executions(schedule))
    assert execution["ScheduledTime"] == monitored.hour + timedelta(hours=1)
    # A schedule cannot be deleted while its execution runs.
    wait_until(lambda: monitored.executions(schedule)[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress"))


# ------------------------------------------------------------------------------------------------ rules


REFUSED: list[tuple[Callable[[Monitored, str], dict[str, Any]], str]] = [
    (lambda m, d: {"ScheduleConfig": {"ScheduleExpression": "cron(0 * * * ? *)"}}, "Invalid ScheduleExpression"),
    (lambda m, d: {"ScheduleConfig": {"ScheduleExpression": "NOW"}}, "NOW needs DataAnalysisStartTime"),
    (
        lambda m, d: {"MonitoringJobDefinitionName": "missing"},
        "Could not find data-quality job definition|Could not find data quality",
    ),
    (lambda m, d: {"MonitoringType": "ModelQuality"}, "Could not find model quality"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_refused_schedules(
    monitored: Monitored, change: Callable[[Monitored, str], dict[str, Any]], message: str
) -> None:
    definition = monitored.data_quality()
    config = {"ScheduleConfig": HOURLY, "MonitoringJobDefinitionName": definition, "MonitoringType": "DataQuality"}
    with pytest.raises(ClientError, match=message):
        monitored.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="refused", MonitoringScheduleConfig=config | change(monitored, definition)
        )


def test_a_schedule_needs_a_definition(monitored: Monitored) -> None:
    with pytest.raises(ClientError, match="Exactly one of MonitoringJobDefinition"):
        monitored.sagemaker.create_monitoring_schedule(
            MonitoringScheduleName="refused",
            MonitoringScheduleConfig={"ScheduleConfig": HOURLY, "MonitoringType": "DataQuality"},
        )


def test_an_endpoint_without_capture_cannot_be_monitored(monitored: Monitored) -> None:
    name = f"{monitored.name}-silent"
    config = monitored.config(monitored.model(), EnableCapture=False)
    monitored.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)
    source = {"EndpointInput": {"EndpointName": name, "LocalPath": "/opt/ml/processing/input"}}
    definition = monitored.data_quality(DataQualityJobInput=source)
    with pytest.raises(ClientError, match="Data capture is not enabled"):
        monitored.schedule(definition)


def test_an_hourly_job_may_not_take_longer_than_its_hour(monitored: Monitored) -> None:
    definition = monitored.data_quality(StoppingCondition={"MaxRuntimeInSeconds": 3601})
    with pytest.raises(ClientError, match="MaxRuntimeInSeconds 3601"):
        monitored.schedule(definition)


def test_names_are_unique_and_what_is_used_cannot_be_deleted(monitored: Monitored) -> None:
    sagemaker = monitored.sagemaker
    definition = monitored.data_quality()
    schedule = monitored.schedule(definition)
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="already exists"):
        monitored.schedule(definition)
    with pytest.raises(sagemaker.exceptions.ResourceInUse):
        monitored.data_quality()
    with pytest.raises(sagemaker.exceptions.ResourceInUse, match="locked by schedule"):
        sagemaker.delete_data_quality_job_definition(JobDefinitionName=definition)
    with pytest.raises(ClientError, match="delete the monitoring schedule first"):
        sagemaker.delete_endpoint(EndpointName=monitored.endpoint_name)
    sagemaker.delete_monitoring_schedule(MonitoringScheduleName=schedule)
    for call in ("describe", "stop", "start", "delete"):
        with pytest.raises(sagemaker.exceptions.ResourceNotFound):
            getattr(sagemaker, f"{call}_monitoring_schedule")(MonitoringScheduleName=schedule)
    sagemaker.delete_data_quality_job_definition(JobDefinitionName=definition)
    with pytest.raises(sagemaker.exceptions.ResourceNotFound):
        sagemaker.describe_data_quality_job_definition(JobDefinitionName=definition)
    sagemaker.delete_endpoint(EndpointName=monitored.endpoint_name)
    with pytest.raises(ClientError, match="Could not find endpoint"):
        sagemaker.describe_endpoint(EndpointName=monitored.endpoint_name)


def test_tags_of_a_schedule(monitored: Monitored) -> None:
    monitored.schedule(monitored.data_quality())
    arn = monitored.sagemaker.list_monitoring_schedules(EndpointName=monitored.endpoint_name)[
        "MonitoringScheduleSummaries"
    ][0]["MonitoringScheduleArn"]
    monitored.sagemaker.add_tags(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}])
    monitored.sagemaker.delete_tags(ResourceArn=arn, TagKeys=["a"])
    assert monitored.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]


# ------------------------------------------------------------------------------------- the project's own monitor


def test_the_analyzer_image_is_this_project_s_monitor(monitored: Monitored) -> None:
    """Baseline job, a clean hour, a drifted hour; then model quality through the ground-truth merge."""
    rows = [f"{i * 7 % 10},{i % 10},{i * 3 % 10}" for i in range(60)]
    predictions = [[float(v) for v in row.split(",")] for row in rows]
    table = "".join(f"{a + 10 * b + 100 * c},{a},{b},{c}\n" for a, b, c in predictions)
    data = monitored.put("baseline-data/baseline.csv", "prediction,feature_1,feature_2,feature_3\n" + table)
    baseline = monitored.job(
        "",
        monitored.monitor_role(),
        AppSpecification={"ImageUri": ANALYZER},
        Environment={
            "dataset_format": '{"csv":{"header":true,"output_columns_position":"START"}}',
            "dataset_source": "/opt/ml/processing/input/baseline_dataset_input",
            "output_path": "/opt/ml/processing/output",
            "publish_cloudwatch_metrics": "Disabled",
        },
        ProcessingInputs=[
            {
                "InputName": "baseline_dataset_input",
                "S3Input": {
                    "S3Uri": data,
                    "LocalPath": "/opt/ml/processing/input/baseline_dataset_input",
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        ProcessingOutputConfig={
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {
                        "S3Uri": f"s3://{monitored.bucket}/monitoring-results/baseline",
                        "LocalPath": "/opt/ml/processing/output",
                        "S3UploadMode": "Continuous",
                    },
                }
            ]
        },
    )
    description = monitored.finished(baseline)
    assert description["ProcessingJobStatus"] == "Completed", description
    where = f"s3://{monitored.bucket}/monitoring-results/baseline"
    definition = monitored.data_quality(
        DataQualityAppSpecification={"ImageUri": ANALYZER},
        DataQualityBaselineConfig={
            "ConstraintsResource": {"S3Uri": f"{where}/constraints.json"},
            "StatisticsResource": {"S3Uri": f"{where}/statistics.json"},
        },
    )
    schedule = monitored.schedule(definition)
    for row in rows:
        monitored.invoke(monitored.endpoint_name, row)
    monitored.until(65)
    for row in rows:
        monitored.invoke(monitored.endpoint_name, ",".join(str(float(v) + 30) for v in row.split(",")))
    monitored.until(125)
    drifted, clean = monitored.executions(schedule)
    statuses = [execution["MonitoringExecutionStatus"] for execution in (clean, drifted)]
    assert statuses == ["Completed", "CompletedWithViolations"], (clean, drifted)
    place = f"monitoring-results/{monitored.endpoint_name}/{schedule}/{monitored.hour + timedelta(hours=2):%Y/%m/%d/%H}"
    violations = json.loads(monitored.get(f"{place}/constraint_violations.json"))["violations"]
    assert {v["feature_name"] for v in violations} >= {"feature_1", "feature_2", "feature_3"}


def test_model_quality_merges_ground_truth_first(monitored: Monitored) -> None:
    sagemaker = monitored.sagemaker
    rows = [(i % 7, i % 5, i % 3) for i in range(40)]
    labels = []
    for i, row in enumerate(rows):
        monitored.invoke(monitored.endpoint_name, ",".join(map(str, row)), InferenceId=f"row-{i}")
        truth = row[0] + 10 * row[1] + 100 * row[2] + 0.5
        record = {"groundTruthData": {"data": str(truth), "encoding": "CSV"}, "eventMetadata": {"eventId": f"row-{i}"}}
        labels.append(json.dumps(record | {"eventVersion": "0"}))
    monitored.put(f"ground-truth/{monitored.hour:%Y/%m/%d/%H}/labels.jsonl", "\n".join(labels))
    constraints = {"regression_constraints": {"mae": {"threshold": 0.1, "comparison_operator": "GreaterThanThreshold"}}}
    baseline = monitored.put("baseline-data/constraints.json", json.dumps({"version": 0.0} | constraints))
    name = f"{monitored.name}-model-quality"
    sagemaker.create_model_quality_job_definition(
        JobDefinitionName=name,
        ModelQualityAppSpecification={"ImageUri": ANALYZER, "ProblemType": "Regression"},
        ModelQualityBaselineConfig={"ConstraintsResource": {"S3Uri": baseline}},
        ModelQualityJobInput={
            "EndpointInput": {
                "EndpointName": monitored.endpoint_name,
                "LocalPath": "/opt/ml/processing/input_data",
                "InferenceAttribute": "0",
                "StartTimeOffset": "-PT3H",
                "EndTimeOffset": "-PT1H",
            },
            "GroundTruthS3Input": {"S3Uri": f"s3://{monitored.bucket}/ground-truth"},
        },
        ModelQualityJobOutputConfig=monitored.output(),
        JobResources=CLUSTER,
        RoleArn=monitored.monitor_role(),
        StoppingCondition={"MaxRuntimeInSeconds": 1800},
    )
    at = (monitored.hour.hour + 2) % 24
    schedule = monitored.schedule(name, "ModelQuality", ScheduleExpression=f"cron(0 {at} ? * * *)")
    monitored.until(125)
    (execution,) = monitored.executions(schedule)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations", execution
    job = execution["ProcessingJobArn"].rpartition("/")[2]
    suffix = job.removeprefix("model-quality-monitoring-")
    merge = sagemaker.describe_processing_job(ProcessingJobName=f"groundtruth-merge-{suffix}")
    hour = f"{monitored.hour:%Y/%m/%d/%H}"
    place = f"{monitored.endpoint_name}/Primary/{hour}"
    assert merge["AppSpecification"]["ImageUri"] == ANALYZER.replace("analyzer", "groundtruth-merger")
    assert merge["Environment"] == {
        "dataset_source": "/opt/ml/processing/input_data",
        "ground_truth_source": "/opt/ml/processing/groundtruth",
        "output_path": "/opt/ml/processing/output",
    }
    assert {i["InputName"]: i["S3Input"]["LocalPath"] for i in merge["ProcessingInputs"]} == {
        "groundtruth_input_1": f"/opt/ml/processing/groundtruth/{hour}",
        "endpoint_input_1": f"/opt/ml/processing/input_data/{place}",
    }
    (merged,) = monitored.keys("monitoring-results/merge/")
    assert merged.startswith(f"monitoring-results/merge/{place}/part-")
    record = json.loads(monitored.get(merged).splitlines()[0])
    assert set(record) == {"eventVersion", "groundTruthData", "captureData", "eventMetadata"}
    description = sagemaker.describe_processing_job(ProcessingJobName=job)
    environment = description["Environment"]
    assert environment["start_time"] == f"{monitored.hour - timedelta(hours=1):%Y-%m-%dT%H:00:00Z}"
    assert environment["end_time"] == f"{monitored.hour + timedelta(hours=1):%Y-%m-%dT%H:00:00Z}"
    assert environment["dataset_format"] == '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
    assert (environment["analysis_type"], environment["problem_type"], environment["inference_attribute"]) == (
        "MODEL_QUALITY", "Regression", "0",
    )  # fmt: skip
    cloudwatch = monitored.cloud.client("cloudwatch")
    metrics = cloudwatch.list_metrics(Namespace="aws/sagemaker/Endpoints/model-metrics", MetricName="mae")["Metrics"]
    assert [{d["Name"]: d["Value"] for d in metric["Dimensions"]} for metric in metrics] == [
        {"Endpoint": monitored.endpoint_name, "MonitoringSchedule": schedule}
    ]


def test_model_quality_without_labels_has_no_data(monitored: Monitored) -> None:
    name = f"{monitored.name}-model-quality"
    monitored.sagemaker.create_model_quality_job_definition(
        JobDefinitionName=name,
        ModelQualityAppSpecification={"ImageUri": ANALYZER, "ProblemType": "Regression"},
        ModelQualityJobInput={
            "EndpointInput": {"EndpointName": monitored.endpoint_name, "LocalPath": "/opt/ml/processing/input_data"},
            "GroundTruthS3Input": {"S3Uri": f"s3://{monitored.bucket}/ground-truth"},
        },
        ModelQualityJobOutputConfig=monitored.output(),
        JobResources=CLUSTER,
        RoleArn=monitored.monitor_role(),
        StoppingCondition={"MaxRuntimeInSeconds": 1800},
    )
    schedule = monitored.schedule(name, "ModelQuality")
    monitored.invoke(monitored.endpoint_name, "1,2,3")
    monitored.until(61)
    (execution,) = monitored.executions(schedule)
    assert execution["FailureReason"] == "Job inputs had no data"
