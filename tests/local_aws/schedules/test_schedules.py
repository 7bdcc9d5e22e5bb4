"""Monitoring schedules: their executions are jobs with Model Monitor's environment; when they run, what is refused."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local_aws.bench import SKLEARN, wait_until
from tests.local_aws.schedules.monitored import HOURLY, Monitored


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
