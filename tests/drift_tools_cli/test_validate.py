"""Every step against answers that AWS's own models accept (botocore's Stubber refuses others)."""

import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from drift_tools.endpoint import Check, validate
from drift_tools.errors import InputError

OUTPUTS = {
    "bucket_name": "a-bucket",
    "endpoint_name": "churn",
    "data_quality_schedule_name": "churn-data-quality",
    "model_quality_schedule_name": "churn-model-quality",
    "notification_topic_arn": "arn:aws:sns:eu-west-1:111122223333:notifications",
    "responder_function_name": "churn-responder",
    "constraint_violations_alarm_name": "churn-violations",
    "job_failures_alarm_name": "churn-failures",
}
HOUR = datetime(2026, 3, 4, 10, tzinfo=UTC)
CAPTURES = "captured-data/churn/Primary/2026/03/04/10/00-01-000-x.jsonl"
RESULTS = "monitoring-results/churn/churn-data-quality/2026/03/04/10/statistics.json"


@cache
def client_of(service: str) -> Any:
    """A client takes 0.1 s to make; each test gives it other answers."""
    return boto3.client(service)


class Stack:
    """The answers of a stack in which all is well; tests change one of them."""

    def __init__(self) -> None:
        self.endpoint: dict[str, Any] = {
            "EndpointName": "churn",
            "EndpointArn": "arn:aws:sagemaker:eu-west-1:111122223333:endpoint/churn",
            "EndpointStatus": "InService",
            "CreationTime": HOUR,
            "LastModifiedTime": HOUR,
            "DataCaptureConfig": {
                "EnableCapture": True,
                "CaptureStatus": "Started",
                "CurrentSamplingPercentage": 100,
                "DestinationS3Uri": "s3://a-bucket/captured-data",
                "KmsKeyId": "",
            },
        }
        self.schedule: dict[str, Any] = {
            "MonitoringScheduleArn": "arn:aws:sagemaker:eu-west-1:111122223333:monitoring-schedule/churn-data-quality",
            "MonitoringScheduleName": "churn-data-quality",
            "MonitoringScheduleStatus": "Scheduled",
            "CreationTime": HOUR,
            "LastModifiedTime": HOUR,
            "MonitoringScheduleConfig": {"MonitoringJobDefinitionName": "d", "MonitoringType": "DataQuality"},
            "LastMonitoringExecutionSummary": {
                "MonitoringScheduleName": "churn-data-quality",
                "ScheduledTime": HOUR,
                "CreationTime": HOUR,
                "LastModifiedTime": HOUR,
                "MonitoringExecutionStatus": "CompletedWithViolations",
            },
        }
        self.alarms: dict[str, dict[str, Any]] = {
            name: {
                "AlarmName": name,
                "StateValue": state,
                "ActionsEnabled": True,
                "AlarmActions": ["arn:aws:sns:eu-west-1:111122223333:alarms"],
                "StateUpdatedTimestamp": HOUR,
            }
            for name, state in (("churn-violations", "ALARM"), ("churn-failures", "OK"))
        }
        self.subscriptions = [
            {"SubscriptionArn": "arn:aws:sns:eu-west-1:111122223333:notifications:1", "Protocol": "sqs"}
        ]
        self.reply: bytes = b'{"ok": true}'
        self.function_error = ""
        self.published: list[dict[str, str]] = []
        self.refused: dict[str, str] = {}
        self.open_schedules: list[dict[str, str]] = []

    def client(self, service: str) -> Any:
        if service == "s3":
            return boto3.client("s3")
        client = client_of(service)
        answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "DescribeEndpoint": lambda _: self.endpoint,
            "DescribeMonitoringSchedule": lambda _: self.schedule,
            "ListSchedules": lambda _: {"Schedules": self.open_schedules},
            "DescribeAlarms": lambda asked: {
                "MetricAlarms": [self.alarms[name] for name in asked["AlarmNames"] if name in self.alarms]
            },
            "ListSubscriptionsByTopic": lambda _: {"Subscriptions": self.subscriptions},
            "Publish": self._publish,
            "Invoke": self._invoke,
        }
        stubber = Stubber(client)
        make = type(client)._make_api_call

        def call(operation: str, arguments: dict[str, Any]) -> Any:
            method = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
            with stubber:
                if operation in self.refused:
                    stubber.add_client_error(method, self.refused[operation], "you may not")
                else:
                    stubber.add_response(method, answers[operation](arguments), dict.fromkeys(arguments, ANY))
                return make(client, operation, arguments)

        client._make_api_call = call
        return client

    def _publish(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.published.append(asked)
        return {"MessageId": "1"}

    def _invoke(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert json.loads(asked["Payload"]) == {"test": True}
        answer: dict[str, Any] = {"StatusCode": 200, "Payload": StreamingBody(io.BytesIO(self.reply), len(self.reply))}
        return answer | ({"FunctionError": self.function_error} if self.function_error else {})

    def check(self, name: str) -> Check:
        found = [check for check in validate.validate_stack(OUTPUTS, clients=self.client) if check.name == name]
        assert len(found) == 1
        return found[0]


@pytest.fixture
def stack(bucket: str) -> Stack:
    for key in (
        CAPTURES,
        RESULTS,
        CAPTURES.replace("/10/00", "/09/00"),
        "captured-data/churn-2/Primary/2027/01/01/00/x.jsonl",
    ):
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")
    return Stack()


def test_a_stack_in_which_all_is_well(stack: Stack) -> None:
    seen: list[Check] = []
    checks = validate.validate_stack(OUTPUTS, clients=stack.client, on_check=seen.append)
    assert validate.all_ok(checks)
    assert seen == checks
    assert [(check.name, check.detail) for check in checks] == [
        ("Endpoint", "churn is InService and captures 100 % of its requests"),
        (
            "Data-quality schedule",
            "churn-data-quality is Scheduled; last run 2026-03-04 10:00 UTC: CompletedWithViolations",
        ),
        (
            "Model-quality schedule",
            "churn-model-quality is Scheduled; last run 2026-03-04 10:00 UTC: CompletedWithViolations",
        ),
        ("Captured data in S3", "1 file in the newest hour, s3://a-bucket/captured-data/churn/Primary/2026/03/04/10/"),
        (
            "Monitoring results in S3",
            "1 file of the newest run, s3://a-bucket/monitoring-results/churn/churn-data-quality/2026/03/04/10/",
        ),
        ("Constraint-violations alarm", "churn-violations is ALARM since 2026-03-04 10:00 UTC"),
        ("Job-failures alarm", "churn-failures is OK since 2026-03-04 10:00 UTC"),
        ("Test message to the notification topic", "published; 1 subscriber"),
        ("Responder invoked directly", "churn-responder answered ok; it can read the results"),
    ]
    assert [message["Subject"] for message in stack.published] == ["Test: monitoring of churn"]


def test_the_test_message_can_be_left_out(stack: Stack) -> None:
    checks = validate.validate_stack(OUTPUTS, clients=stack.client, publish=False)
    assert stack.published == []
    assert len(checks) == 8


def test_a_refused_call_is_one_failed_check_and_the_others_are_asked(stack: Stack) -> None:
    stack.refused["DescribeEndpoint"] = "AccessDeniedException"
    checks = validate.validate_stack(OUTPUTS, clients=stack.client)
    assert [check.ok for check in checks] == [False] + [True] * 8
    assert "AccessDeniedException" in checks[0].detail
    assert not validate.all_ok(checks)


def test_an_endpoint_that_runs_another_configuration_than_the_one_deployed(stack: Stack) -> None:
    stack.endpoint |= {"EndpointConfigName": "churn-config-old"}
    outputs = {**OUTPUTS, "endpoint_config_name": "churn-config-new"}
    [check] = [item for item in validate.validate_stack(outputs, clients=stack.client) if item.name == "Endpoint"]
    assert not check.ok
    assert check.detail == "churn runs churn-config-old and churn-config-new was deployed; deploy again"


@pytest.mark.parametrize(
    ("change", "detail"),
    [
        ({"EndpointStatus": "Failed", "FailureReason": "no image"}, "churn is Failed: no image"),
        ({"EndpointStatus": "Creating"}, "churn is Creating: wait until it is InService, then ask again"),
        (
            {"EndpointConfigName": "churn-config-old", "FailureReason": "no ping"},
            "churn is InService with churn-config-old, its last update failed: no ping",
        ),
    ],
)
def test_an_endpoint_that_does_not_serve_what_was_deployed(stack: Stack, change: dict[str, str], detail: str) -> None:
    stack.endpoint |= change
    assert stack.check("Endpoint") == Check("Endpoint", ok=False, detail=detail)


def test_an_endpoint_that_captures_nothing(stack: Stack) -> None:
    stack.endpoint["DataCaptureConfig"]["CaptureStatus"] = "Stopped"
    assert not stack.check("Endpoint").ok
    del stack.endpoint["DataCaptureConfig"]
    assert "captures nothing; turn data capture on" in stack.check("Endpoint").detail


@pytest.mark.parametrize("status", ["Failed", "Stopped"])
def test_a_schedule_that_does_not_run(stack: Stack, status: str) -> None:
    stack.schedule["MonitoringScheduleStatus"] = status
    check = stack.check("Data-quality schedule")
    assert check == Check(
        "Data-quality schedule",
        ok=False,
        detail=f"churn-data-quality is {status}: start it again, or deploy the stack again",
    )


@pytest.mark.parametrize(
    ("schedules", "ok", "detail"),
    [
        ({"churn-data-quality": "ENABLED"}, True, "is ENABLED in EventBridge Scheduler (open engine)"),
        ({"churn-data-quality": "DISABLED"}, False, "is DISABLED in EventBridge Scheduler; enable it, or deploy"),
        ({"churn-data-quality-2": "ENABLED"}, False, "is neither a schedule of Model Monitor nor of EventBridge"),
        ({}, False, "is neither a schedule of Model Monitor nor of EventBridge Scheduler; deploy the stack"),
    ],
)
def test_a_schedule_of_the_open_engine(stack: Stack, schedules: dict[str, str], ok: bool, detail: str) -> None:
    stack.refused["DescribeMonitoringSchedule"] = "ResourceNotFound"
    stack.open_schedules = [{"Name": name, "GroupName": "churn", "State": state} for name, state in schedules.items()]
    check = stack.check("Data-quality schedule")
    assert check.ok is ok
    assert check.detail.startswith(f"churn-data-quality {detail}")


def test_a_schedule_that_one_may_not_see_is_not_looked_for_elsewhere(stack: Stack) -> None:
    stack.refused["DescribeMonitoringSchedule"] = "AccessDeniedException"
    stack.open_schedules = [{"Name": "churn-data-quality", "State": "ENABLED"}]
    assert not stack.check("Data-quality schedule").ok


def test_a_new_schedule_is_well(stack: Stack) -> None:
    del stack.schedule["LastMonitoringExecutionSummary"]
    stack.schedule["MonitoringScheduleStatus"] = "Pending"
    assert stack.check("Data-quality schedule") == Check(
        "Data-quality schedule", ok=True, detail="churn-data-quality is Pending; nothing has run yet"
    )


@pytest.mark.parametrize(("reason", "ok"), [("Job inputs had no data", True), ("Algorithm Error:\nno column", False)])
def test_a_run_without_data_is_no_fault_and_a_failed_one_is(stack: Stack, reason: str, ok: bool) -> None:
    stack.schedule["LastMonitoringExecutionSummary"] |= {"MonitoringExecutionStatus": "Failed", "FailureReason": reason}
    check = stack.check("Data-quality schedule")
    assert check.ok is ok
    assert check.detail.endswith(f"Failed ({reason.replace(chr(10), ' ')})")


@pytest.mark.parametrize(("key", "name"), [(CAPTURES, "Captured data in S3"), (RESULTS, "Monitoring results in S3")])
def test_nothing_in_s3(stack: Stack, key: str, name: str) -> None:
    client = boto3.client("s3")
    folder = key.split("/", maxsplit=1)[0]
    for found in client.list_objects_v2(Bucket="a-bucket", Prefix=f"{folder}/churn/")["Contents"]:
        client.delete_object(Bucket="a-bucket", Key=found["Key"])
    check = stack.check(name)
    assert not check.ok
    assert check.detail.startswith(f"nothing under s3://a-bucket/{folder}/churn/")


def test_an_alarm_that_is_not_there(stack: Stack) -> None:
    del stack.alarms["churn-violations"]
    assert (
        stack.check("Constraint-violations alarm").detail
        == "there is no alarm churn-violations; deploy the stack again"
    )


def test_an_alarm_that_tells_nobody(stack: Stack) -> None:
    stack.alarms["churn-violations"]["AlarmActions"] = []
    assert "would tell nobody" in stack.check("Constraint-violations alarm").detail


def test_failed_jobs_are_a_fault(stack: Stack) -> None:
    stack.alarms["churn-failures"]["StateValue"] = "ALARM"
    assert not stack.check("Job-failures alarm").ok


@pytest.mark.parametrize(
    ("subscriptions", "detail"),
    [
        ([], "published; 0 subscribers: nobody will read it"),
        (["PendingConfirmation"], "published; 0 subscribers, 1 of them yet to confirm by e-mail"),
    ],
)
def test_who_gets_the_test_message(stack: Stack, subscriptions: list[str], detail: str) -> None:
    stack.subscriptions = [{"SubscriptionArn": arn, "Protocol": "email"} for arn in subscriptions]
    assert stack.check("Test message to the notification topic").detail == detail


def test_a_responder_that_fails(stack: Stack) -> None:
    stack.function_error = "Unhandled"
    stack.reply = b'{"errorMessage": "no bucket"}'
    check = stack.check("Responder invoked directly")
    assert not check.ok
    assert check.detail == 'churn-responder failed: {"errorMessage": "no bucket"}; its log group has the trace'


@pytest.mark.parametrize("reply", [b"null", b'{"ok": false}', b"no json", b"[]"])
def test_a_responder_that_does_not_answer_ok(stack: Stack, reply: bytes) -> None:
    stack.reply = reply
    check = stack.check("Responder invoked directly")
    assert not check.ok
    assert f"churn-responder answered {reply.decode()}; it should answer ok" in check.detail


def test_outputs_are_read(tmp_path: Path) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(OUTPUTS | {"number": 3, "dashboard_url": "https://x"}))
    assert validate.read_outputs(file) == OUTPUTS | {"dashboard_url": "https://x"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", ":1: is no JSON"),
        ("[]", ": is no JSON object of outputs"),
        ('{"bucket_name": "b"}', ": lacks the output endpoint_name; deploy the stack"),
        (json.dumps(OUTPUTS | {"endpoint_name": ""}), ": lacks the output endpoint_name"),
    ],
)
def test_outputs_that_are_none_are_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "outputs.json"
    file.write_text(text)
    with pytest.raises(InputError, match=re.escape(f"{file}{says}")):
        validate.read_outputs(file)


def test_outputs_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none.json: cannot be read .*pulumi stack output --json"):
        validate.read_outputs(tmp_path / "none.json")


def test_aws_that_cannot_be_asked_is_one_error_and_not_nine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nobody listens on the discard port
    with pytest.raises(InputError, match=r"AWS cannot be asked: Could not connect .* check the credentials"):
        validate.validate_stack(dict.fromkeys(validate.REQUIRED_OUTPUTS, "x"))
