"""The functions deployed to the embedded AWS, under exactly the permissions that functions/README.md lists.

Alarms and events are the service's own: nobody calls the functions by hand, but where a deployment or a person would.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import local_aws
from tests.lambda_functions.conftest import drift, numeric, statistics
from tests.lambda_functions.deployed_functions import (
    ANALYZER,
    BUCKET,
    ENDPOINT,
    NAMESPACE,
    Stack,
    deploy,
    make_inbox,
    until,
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with local_aws.start(enforce_iam=True) as cloud:
        yield deploy(cloud)
        assert cloud.denied_calls() == []
        assert cloud.invalid_requests() == []
        assert cloud.failures(but=("processing job dq-that-fails: ",)) == []


def test_from_an_alarm_to_one_message(stack: Stack) -> None:
    """A metric crosses its threshold: alarm, topic, responder, topic, inbox. The baseline and the run are in S3."""
    s3, now = stack.cloud.client("s3"), stack.cloud.clock.now()
    run = f"monitoring-results/{ENDPOINT}/drifting/{now:%Y/%m/%d/%H}"
    for key, document in (
        ("baseline-data/results/1/statistics.json", statistics(numeric("AGEP", 41.25, 17, 94))),
        (f"{run}/statistics.json", statistics(numeric("AGEP", 62, 17, 930))),
        (f"{run}/constraint_violations.json", {"violations": [drift("AGEP", 0.83)]}),
    ):
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps(document).encode())
    stack.put_alarm("drift-alarm", "ConstraintViolations", "drifting")
    stack.cloud.client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[
            {
                "MetricName": "ConstraintViolations",
                "Dimensions": [
                    {"Name": "Endpoint", "Value": ENDPOINT},
                    {"Name": "MonitoringSchedule", "Value": "drifting"},
                ],
                "Value": 1.0,
            }
        ],
    )
    message = stack.one_message()
    assert message["Subject"] == f"[ALARM] {ENDPOINT}: 1 feature drifted (AGEP)"
    assert "baseline: mean 41.25, std dev 2.5, min 17, max 94\n     now:      mean 62," in message["Message"]
    assert message["MessageAttributes"]["violations"]["Value"] == "1"
    marker = markers(stack, "drift-alarm")
    assert marker["state"] == "done"


def test_both_severities_ring_and_only_the_critical_one_reaches_who_asked_for_it(stack: Stack) -> None:
    s3, sns, sqs = (stack.cloud.client(name) for name in ("s3", "sns", "sqs"))
    pager, pager_arn = make_inbox(sqs, "pager")
    only_critical = json.dumps({"severity": ["critical"]})
    subscription = sns.subscribe(
        TopicArn=stack.notification_topic,
        Protocol="sqs",
        Endpoint=pager_arn,
        Attributes={"FilterPolicy": only_critical, "RawMessageDelivery": "true"},
    )["SubscriptionArn"]
    run = f"monitoring-results/{ENDPOINT}/worse/{stack.cloud.clock.now():%Y/%m/%d/%H}"
    violations = {"violations": [drift(name, 0.83) for name in ("AGEP", "SCHL", "RELP")]}
    s3.put_object(Bucket=BUCKET, Key=f"{run}/constraint_violations.json", Body=json.dumps(violations).encode())
    stack.put_alarm("worse", "ConstraintViolations", "worse", "warning")
    stack.put_alarm("worse-critical", "ConstraintViolations", "worse", "critical", threshold=3.0)
    dimensions = [{"Name": "Endpoint", "Value": ENDPOINT}, {"Name": "MonitoringSchedule", "Value": "worse"}]
    stack.cloud.client("cloudwatch").put_metric_data(
        Namespace=NAMESPACE,
        MetricData=[{"MetricName": "ConstraintViolations", "Dimensions": dimensions, "Value": 3.0}],
    )
    told: list[Any] = []

    def both() -> bool | None:
        told.extend(stack.messages())
        return True if len(told) == 2 else None

    until(both, "two notifications")
    assert sorted(message["Subject"].split(":")[0] for message in told) == [
        f"[CRITICAL] {ENDPOINT}",
        f"[WARNING] {ENDPOINT}",
    ]
    assert all("not a second one" in message["Message"] for message in told)
    paged = until(lambda: sqs.receive_message(QueueUrl=pager).get("Messages"), "the pager")
    assert ["Severity  critical: from 3 violations on" in message["Body"] for message in paged] == [True]
    sns.unsubscribe(SubscriptionArn=subscription)
    assert "Messages" not in sqs.receive_message(QueueUrl=pager)


def markers(stack: Stack, alarm: str) -> Any:
    """The one marker of an alarm, once the responder has finished with it."""
    s3 = stack.cloud.client("s3")

    def done() -> Any:
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"responder-state/alarms/{alarm}/")
        (entry,) = listed["Contents"]
        marker = json.loads(s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read())
        return marker if marker["state"] == "done" else None

    return until(done, "the marker")


def delivery(alarm: str, state: str = "ALARM") -> dict[str, Any]:
    """An SNS delivery of an alarm that the embedded AWS did not raise itself, so that a test can deliver it again."""
    body = {
        "AlarmName": alarm,
        "NewStateValue": state,
        "StateChangeTime": "2026-11-23T04:06:09.871+0000",
        "AlarmArn": f"arn:aws:cloudwatch:us-east-1:123456789012:alarm:{alarm}",
        "Trigger": {
            "MetricName": "ConstraintViolations",
            "Dimensions": [{"name": "Endpoint", "value": ENDPOINT}, {"name": "MonitoringSchedule", "value": "quiet"}],
        },
    }
    return {"Records": [{"Sns": {"Message": json.dumps(body), "TopicArn": "arn:aws:sns:us-east-1:123456789012:a"}}]}


def test_a_duplicate_delivery_brings_no_second_message(stack: Stack) -> None:
    first = stack.invoke("alarm_responder", delivery("delivered-twice"))
    assert [record["outcome"] for record in first["handled"]] == ["published"]
    again = stack.invoke("alarm_responder", delivery("delivered-twice"))
    assert [record["outcome"] for record in again["handled"]] == ["duplicate"]
    # A later alarm's message comes alone: nothing else was on its way.
    assert "delivered-twice" in stack.one_message()["Message"]
    stack.invoke("alarm_responder", delivery("delivered-later"))
    assert "delivered-later" in stack.one_message()["Message"]


def test_simultaneous_deliveries_bring_one_message(stack: Stack) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(stack.invoke, ["alarm_responder"] * 4, [delivery("at-once")] * 4))
    outcomes = sorted(answer["handled"][0]["outcome"] for answer in answers)
    assert outcomes == ["duplicate", "duplicate", "duplicate", "published"]
    assert "at-once" in stack.one_message()["Message"]


def test_s3_takes_conditional_writes_as_the_markers_need_them(stack: Stack) -> None:
    """What a marker stands on: a create that comes second is refused, and an update of a version that is gone."""
    s3 = stack.cloud.client("s3")
    key = {"Bucket": BUCKET, "Key": "responder-state/alarms/conditional.json"}
    etag = s3.put_object(**key, Body=b"1", IfNoneMatch="*")["ETag"]
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(**key, Body=b"2", IfNoneMatch="*")
    s3.put_object(**key, Body=b"3", IfMatch=etag)
    with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
        s3.put_object(**key, Body=b"4", IfMatch=etag)
    assert s3.get_object(**key)["Body"].read() == b"3"


def test_the_self_test(stack: Stack) -> None:
    assert stack.invoke("alarm_responder", {"test": True})["ok"] is True
    assert stack.messages() == []


def test_from_a_failed_job_to_its_reason_in_the_inbox(stack: Stack) -> None:
    """A monitoring job dies: two events, the metric, the alarm, and one message that says why."""
    stack.put_alarm("failures-alarm", "JobFailures", "failing")
    stack.run_job(
        "dq-that-fails",
        "import sys; open('/opt/ml/output/message', 'w').write('disk full'); sys.exit(1)",
        {"sagemaker_endpoint_name": ENDPOINT, "sagemaker_monitoring_schedule_name": "failing"},
    )
    message = stack.one_message()
    assert message["Subject"] == f"[ALARM] {ENDPOINT}: monitoring job failed (failing)"
    assert "Job       dq-that-fails\nStatus    Failed\n" in message["Message"]
    assert "disk full" in message["Message"]
    assert stack.metric("JobFailures", "failing") == 1.0
    assert stack.metric("ConstraintViolations", "failing") is None


def test_a_clean_run_publishes_zeros(stack: Stack) -> None:
    stack.run_job(
        "dq-that-is-clean",
        "pass",
        {"sagemaker_endpoint_name": ENDPOINT, "sagemaker_monitoring_schedule_name": "clean"},
    )
    assert until(lambda: stack.metric("ConstraintViolations", "clean"), "the metric") == 0.0
    assert stack.metric("JobFailures", "clean") == 0.0


def test_the_baseline_job_is_started_once_and_writes_its_files(stack: Stack) -> None:
    s3 = stack.cloud.client("s3")
    rows = "".join(f"{index / 200},{index % 7}\n" for index in range(200))
    s3.put_object(Bucket=BUCKET, Key="baseline-data/1/baseline.csv", Body=f"score,code\n{rows}".encode())
    source, output = "/opt/ml/processing/input/baseline", "/opt/ml/processing/output"
    request = {
        "ProcessingJobName": "churn-baseline-1",
        "RoleArn": stack.job_role,
        "AppSpecification": {"ImageUri": ANALYZER},
        "Environment": {
            "dataset_format": '{"csv": {"header": true, "output_columns_position": "START"}}',
            "dataset_source": source,
            "output_path": output,
            "publish_cloudwatch_metrics": "Disabled",
            "model_monitoring_endpoint": ENDPOINT,
            "model_monitoring_schedule": "with-baseline",
        },
        "ProcessingInputs": [
            {
                "InputName": "baseline",
                "S3Input": {
                    "S3Uri": f"s3://{BUCKET}/baseline-data/1/baseline.csv",
                    "LocalPath": source,
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "monitoring_output",
                    "S3Output": {
                        "S3Uri": f"s3://{BUCKET}/baseline-data/results/started",
                        "LocalPath": output,
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ]
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
        "Tags": [{"Key": "Project", "Value": "churn"}],
    }
    event = {"request": request, "source_hash": "1"}
    assert stack.invoke("start_baseline", event)["Created"] is True
    assert stack.invoke("start_baseline", event)["Created"] is False
    assert until(lambda: stack.metric("JobFailures", "with-baseline"), "the baseline job's metric") == 0.0
    assert stack.metric("ConstraintViolations", "with-baseline") is None
    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="baseline-data/results/started/")["Contents"]
    assert {entry["Key"].rpartition("/")[2] for entry in listed} >= {"statistics.json", "constraints.json"}
    again = stack.invoke("start_baseline", event)
    assert (again["Created"], again["ProcessingJobStatus"]) == (False, "Completed")
