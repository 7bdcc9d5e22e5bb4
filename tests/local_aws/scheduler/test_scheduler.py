"""EventBridge Scheduler: schedules fire on the virtual clock, under their role, at least once."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

import local_aws
from tests.local_aws.bench import START, Bench, pull, statement, zipped

HANDLER = """
import boto3, json, os
def handler(event, context):
    key = "seen/" + context.aws_request_id
    boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key=key, Body=json.dumps(event))
"""
INPUT = json.dumps({
    "at": "<aws.scheduler.scheduled-time>", "arn": "<aws.scheduler.schedule-arn>",
    "run": "<aws.scheduler.execution-id>", "attempt": "<aws.scheduler.attempt-number>", "plan": {"n": 1},
})  # fmt: skip
OFF = {"Mode": "OFF"}
HOUR = timedelta(hours=1)


class SchedulerBench(Bench):
    """A bench with a function that keeps the events it gets, a queue, and schedules."""

    def __init__(self, cloud: Any) -> None:
        super().__init__(cloud)
        self.scheduler, self.functions, self.sqs = (cloud.client(name) for name in ("scheduler", "lambda", "sqs"))
        self.queue = self.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        self.queue_arn = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"][
            "QueueArn"
        ]
        self.made: list[str] = []

    def function(self) -> str:
        allowed = statement("s3:PutObject", f"arn:aws:s3:::{self.bucket}/seen/*")
        arn: str = self.functions.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=self.role("function", allowed, service="lambda.amazonaws.com"),
            Handler="handler.handler",
            Code={"ZipFile": zipped(HANDLER)},
            Environment={"Variables": {"BUCKET": self.bucket}},
        )["FunctionArn"]
        return arn

    def scheduler_role(self, *statements: dict[str, Any], condition: dict[str, Any] | None = None) -> str:
        arn = self.role("scheduler", *statements, service="scheduler.amazonaws.com")
        if condition:
            trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
            document = json.dumps({"Version": "2012-10-17", "Statement": [trust | {"Condition": condition}]})
            self.iam.update_assume_role_policy(RoleName=arn.rpartition("/")[2], PolicyDocument=document)
        return arn

    def schedule(self, expression: str, target: dict[str, Any], **changes: Any) -> str:
        name = f"{self.name}-{len(self.made)}"
        self.scheduler.create_schedule(
            **{"Name": name, "ScheduleExpression": expression, "FlexibleTimeWindow": OFF, "Target": target} | changes
        )
        self.made.append(name)
        return name

    def seen(self) -> list[Any]:
        return [json.loads(self.get(key)) for key in self.keys("seen/")]

    def letters(self) -> list[Any]:
        return list(
            self.sqs.receive_message(
                QueueUrl=self.queue, MaxNumberOfMessages=10, VisibilityTimeout=0, MessageAttributeNames=["All"]
            ).get("Messages", [])
        )

    def next_hour(self) -> datetime:
        """Go to the tenth minute of the next hour."""
        hour = self.cloud.clock.now().replace(minute=0, second=0, microsecond=0) + HOUR
        self.cloud.clock.advance_to(hour + timedelta(minutes=10))
        return hour


@pytest.fixture(scope="module")
def once() -> Iterator[local_aws.LocalAws]:
    """A server of this module, which delivers once, so that deliveries can be counted."""
    with local_aws.start(at=START, enforce_iam=True, duplicate_events=False) as cloud:
        yield cloud


@pytest.fixture
def bench(once: local_aws.LocalAws) -> Iterator[SchedulerBench]:
    made = SchedulerBench(once)
    yield made
    for item in made.scheduler.list_schedules()["Schedules"]:
        made.scheduler.delete_schedule(Name=item["Name"], GroupName=item["GroupName"])


def test_a_function_is_invoked_when_the_clock_comes_to_the_time(bench: SchedulerBench) -> None:
    hour = bench.next_hour()
    function = bench.function()
    role = bench.scheduler_role(statement("lambda:InvokeFunction", function))
    name = bench.schedule("cron(7 * ? * * *)", {"Arn": function, "RoleArn": role, "Input": INPUT})
    bench.cloud.clock.advance_to(hour + HOUR + timedelta(minutes=6))
    assert bench.seen() == []
    bench.cloud.clock.advance_to(hour + HOUR + timedelta(minutes=7))
    (event,) = bench.seen()  # without waiting: the clock goes on when the function has ended
    assert re.fullmatch(r"[0-9a-f]{16}", event.pop("run"))
    assert event == {
        "at": f"{hour + HOUR:%Y-%m-%dT%H}:07:00Z",
        "arn": f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}",
        "attempt": "1",
        "plan": {"n": 1},
    }
    uses = [use for use in bench.cloud.used_actions() if use["role"] == f"{bench.name}-scheduler"]
    assert uses == [
        {"role": f"{bench.name}-scheduler", "action": "lambda:InvokeFunction", "resource": function, "calls": 1}
    ]
    bench.cloud.clock.advance(3 * HOUR)
    assert len(bench.seen()) == 4


def test_deliveries_come_twice_where_events_do(guarded: local_aws.LocalAws) -> None:
    bench = SchedulerBench(guarded)
    function = bench.function()
    role = bench.scheduler_role(statement("lambda:InvokeFunction", function))
    name = bench.schedule("rate(1 hour)", {"Arn": function, "RoleArn": role, "Input": INPUT})
    bench.cloud.clock.advance(timedelta(minutes=1))
    bench.scheduler.delete_schedule(Name=name)
    first, second = bench.seen()
    assert first == second


def test_what_is_encrypted_with_a_key_comes_only_where_the_role_may_decrypt(bench: SchedulerBench) -> None:
    key = bench.cloud.client("kms").create_key()["KeyMetadata"]["Arn"]
    function = bench.function()
    invokes = statement("lambda:InvokeFunction", function)
    target = {"Arn": function, "RoleArn": bench.scheduler_role(invokes), "Input": INPUT}
    name = bench.schedule("cron(7 * ? * * *)", target, KmsKeyArn=key)
    bench.cloud.clock.advance(HOUR)
    assert bench.seen() == []
    (said,) = [line for line in bench.cloud.failures() if f"/{name}: " in line]
    assert "its input cannot be read" in said
    assert "not authorized to perform: kms:Decrypt" in said
    policy = {"Version": "2012-10-17", "Statement": [invokes, statement("kms:Decrypt", key)]}
    role = target["RoleArn"].rpartition("/")[2]
    bench.iam.put_role_policy(RoleName=role, PolicyName="p", PolicyDocument=json.dumps(policy))
    bench.cloud.clock.advance(HOUR)
    assert len(bench.seen()) == 1


def test_without_an_input_the_target_gets_scheduler_s_event(bench: SchedulerBench) -> None:
    role = bench.scheduler_role(statement("sqs:SendMessage", bench.queue_arn))
    when = bench.next_hour() + timedelta(minutes=30)
    name = bench.schedule(f"at({when:%Y-%m-%dT%H:%M:%S})", {"Arn": bench.queue_arn, "RoleArn": role})
    bench.cloud.clock.advance_to(when)
    (letter,) = bench.letters()
    event = json.loads(letter["Body"])
    assert event.pop("id")
    assert event == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "123456789012",
        "time": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "resources": [f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}"],
        "detail": "{}",
    }
    bench.cloud.clock.advance(48 * HOUR)
    assert len(bench.letters()) == 1  # once, and the schedule stays
    assert bench.scheduler.get_schedule(Name=name)["State"] == "ENABLED"


def test_a_flexible_window_delays_within_it_and_keeps_the_scheduled_time(bench: SchedulerBench) -> None:
    hour = bench.next_hour() + HOUR
    role = bench.scheduler_role(statement("sqs:SendMessage", bench.queue_arn))
    target = {"Arn": bench.queue_arn, "RoleArn": role, "Input": "<aws.scheduler.scheduled-time>"}
    for minutes in (15, 15, 15):
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes}
        bench.schedule("cron(0 * ? * * *)", target, FlexibleTimeWindow=window)
    counts = []
    for minute in (0, 5, 10, 15):
        bench.cloud.clock.advance_to(hour + timedelta(minutes=minute))
        counts.append(len(bench.letters()))
    assert counts[0] == 0
    assert counts[-1] == 3
    assert counts == sorted(counts)
    assert {letter["Body"] for letter in bench.letters()} == {f"{hour:%Y-%m-%dT%H}:00:00Z"}


def test_disabled_ended_and_deleted_schedules_do_not_fire(bench: SchedulerBench) -> None:
    hour = bench.next_hour()
    role = bench.scheduler_role(statement("sqs:SendMessage", bench.queue_arn))

    def target(text: str) -> dict[str, Any]:
        return {"Arn": bench.queue_arn, "RoleArn": role, "Input": text}

    bench.schedule("cron(0 * ? * * *)", target("off"), State="DISABLED")
    bench.schedule("cron(0 * ? * * *)", target("ended"), EndDate=hour + 1.5 * HOUR)
    bench.schedule("cron(0 * ? * * *)", target("later"), StartDate=hour + 2.5 * HOUR)
    deleted = bench.schedule("cron(0 * ? * * *)", target("deleted"))
    changed = bench.schedule("cron(0 * ? * * *)", target("changed"))
    gone = bench.schedule(f"at({hour + HOUR:%Y-%m-%dT%H:%M:%S})", target("once"), ActionAfterCompletion="DELETE")
    bench.scheduler.delete_schedule(Name=deleted)
    bench.scheduler.update_schedule(
        Name=changed, ScheduleExpression="cron(30 * ? * * *)", FlexibleTimeWindow=OFF, Target=target("half past")
    )
    bench.cloud.clock.advance_to(hour + timedelta(hours=3, minutes=5))
    said = sorted(letter["Body"] for letter in bench.letters())
    assert said == ["ended", *3 * ["half past"], "later", "once"]
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        bench.scheduler.get_schedule(Name=gone)


def test_a_role_without_the_right_leaves_a_dead_letter(bench: SchedulerBench) -> None:
    hour = bench.next_hour() + HOUR
    function = bench.function()
    role = bench.scheduler_role(statement("sqs:SendMessage", bench.queue_arn))
    policy = {"MaximumRetryAttempts": 3, "MaximumEventAgeInSeconds": 3600}
    target = {"Arn": function, "RoleArn": role, "Input": '{"n": 1}', "RetryPolicy": policy}
    name = bench.schedule("cron(0 * ? * * *)", target | {"DeadLetterConfig": {"Arn": bench.queue_arn}})
    bench.cloud.clock.advance_to(hour)
    assert bench.seen() == []
    (letter,) = bench.letters()
    assert json.loads(letter["Body"]) == {"n": 1}
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert told.pop("EXECUTION_ID")
    assert "not authorized to perform: lambda:InvokeFunction" in told.pop("ERROR_MESSAGE")
    assert told == {
        "ERROR_CODE": "AccessDeniedException",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": f"{hour:%Y-%m-%dT%H}:00:00Z",
        "SCHEDULE_ARN": f"arn:aws:scheduler:us-east-1:123456789012:schedule/default/{name}",
        "TARGET_ARN": function,
    }
    session = re.compile(rf"arn:aws:sts::123456789012:assumed-role/{bench.name}-scheduler/[0-9a-f]{{16}}")
    denied = [call for call in bench.cloud.denied_calls() if call["resource"] == function]
    assert len(denied) == 1
    assert any(line.startswith(f"{told['SCHEDULE_ARN']}: AccessDenied") for line in bench.cloud.failures())
    assert session.fullmatch(denied[0]["principal"])


@pytest.mark.parametrize("kind", ["SourceArn", "SourceAccount"])
def test_the_role_s_trust_is_asked_with_group_and_account(bench: SchedulerBench, kind: str) -> None:
    hour = bench.next_hour() + HOUR
    group = bench.scheduler.create_schedule_group(Name=bench.name)["ScheduleGroupArn"]
    wanted = {"SourceArn": group, "SourceAccount": "123456789012"}[kind]
    condition = {"StringEquals": {f"aws:{kind}": wanted}}
    role = bench.scheduler_role(statement("sqs:SendMessage", bench.queue_arn), condition=condition)
    target = {"Arn": bench.queue_arn, "RoleArn": role, "Input": "here"}
    bench.schedule("cron(0 * ? * * *)", target, GroupName=bench.name)
    bench.cloud.clock.advance_to(hour)
    assert [letter["Body"] for letter in bench.letters()] == ["here"]
    stranger = {"StringEquals": {f"aws:{kind}": wanted.replace("123456789012", "999999999999")}}
    other = bench.role("stranger", service="scheduler.amazonaws.com")
    trust = {"Effect": "Allow", "Principal": {"Service": "scheduler.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust | {"Condition": stranger}]})
    bench.iam.update_assume_role_policy(RoleName=other.rpartition("/")[2], PolicyDocument=document)
    with pytest.raises(ClientError, match="must allow AWS EventBridge Scheduler to assume the role"):
        bench.schedule("cron(0 * ? * * *)", target | {"RoleArn": other}, GroupName=bench.name)


def test_the_universal_target_calls_any_operation(bench: SchedulerBench) -> None:
    hour = bench.next_hour() + HOUR
    role = bench.scheduler_role(statement("s3:PutObject", f"arn:aws:s3:::{bench.bucket}/*"))
    request = {"Bucket": bench.bucket, "Key": "made", "Body": "<aws.scheduler.scheduled-time>"}
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:s3:putObject", "RoleArn": role, "Input": json.dumps(request)}
    bench.schedule("cron(0 * ? * * *)", target)
    bench.cloud.clock.advance_to(hour)
    assert bench.get("made").decode() == f"{hour:%Y-%m-%dT%H}:00:00Z"


def test_the_clock_waits_for_the_job_that_a_function_starts(bench: SchedulerBench) -> None:
    hour = bench.next_hour() + HOUR
    job_role = bench.role("job", *pull())
    request = {
        "ProcessingJobName": f"{bench.name}-job",
        "RoleArn": job_role,
        "AppSpecification": {
            "ImageUri": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.9-0-cpu-py3",
            "ContainerEntrypoint": ["python3", "-c", "import time; time.sleep(0.5)"],
        },
        "ProcessingResources": {
            "ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}
        },
    }
    role = bench.scheduler_role(
        statement("sagemaker:CreateProcessingJob", "*"),
        statement("iam:PassRole", job_role),
    )
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createProcessingJob", "RoleArn": role}
    bench.schedule(f"at({hour:%Y-%m-%dT%H:%M:%S})", target | {"Input": json.dumps(request)})
    bench.cloud.clock.advance_to(hour + 5 * HOUR)
    described = bench.sagemaker.describe_processing_job(ProcessingJobName=f"{bench.name}-job")
    assert described["ProcessingJobStatus"] == "Completed"
    assert hour <= described["ProcessingEndTime"] < hour + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ScheduleExpression": "cron(0 * * * ? * *)"}, r"Invalid Schedule Expression cron\(0 \* \* \* \? \* \*\)"),
        ({"ScheduleExpressionTimezone": "Europe/Atlantis"}, "Invalid ScheduleExpressionTimezone Europe/Atlantis"),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes is required"),
        ({"Target": {"Arn": "arn:aws:ecs:us-east-1:123456789012:cluster/c"}}, "targets of ecs are not invoked"),
        ({"Target": {"Arn": "arn:aws:scheduler:::aws-sdk:s3:putObjekt"}}, "names no operation of an AWS service"),
        ({"GroupName": "nowhere"}, "Schedule group nowhere does not exist"),
    ],
)
def test_what_is_wrong_is_refused_at_once(bench: SchedulerBench, changes: dict[str, Any], message: str) -> None:
    role = bench.scheduler_role()
    target = {"Arn": bench.queue_arn} | changes.get("Target", {}) | {"RoleArn": role}
    with pytest.raises(ClientError, match=message):
        bench.schedule("rate(1 hour)", **({"target": target} | changes | {"Target": target}))
