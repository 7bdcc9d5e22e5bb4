"""Least privilege, proved on a whole life of the dev stack: calls denied, and allowed actions that were never used."""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

import local_aws
from drift_tools.endpoint import Request, anomalous_requests, baseline_requests, write_ground_truth
from examples.demo.console import Steps
from examples.demo.loop import Loop
from examples.demo.mailbox import Mailbox
from examples.demo.monitored import AFTER_THE_HOUR, HOUR, Monitored
from examples.demo.waiting import wait_until
from local_aws.apply import Deployment, deploy, inventory, load_settings
from local_aws.privileges import Grant, grants, role_policies, unused

PROJECT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("unused_actions.json")
# Which of botocore's services stand behind a module of pulumi-aws or aws-native that the stack uses.
SERVICES = {
    "cloudwatch": ("cloudwatch", "events", "logs"),
    **{name: (name,) for name in ("iam", "kms", "lambda", "s3", "sagemaker", "scheduler", "sns", "sqs")},
    "appautoscaling": ("application-autoscaling",),
}
ROWS = 200
ANYTHING_ELSE = {"not": "an event that any of the functions knows"}


@dataclass(frozen=True)
class Life:
    """What a deployment, its use and its destruction left in the books."""

    denied: list[dict[str, str]]
    invalid: list[str]
    unread: list[str]
    observed: set[str]
    used_services: set[str]
    granted: list[Grant]
    unused: list[Grant]
    left: dict[str, frozenset[str]]


@pytest.fixture
def cloud() -> Iterator[local_aws.LocalAws]:
    """An embedded AWS of its own: the figures count what happened since its start."""
    with local_aws.start(enforce_iam=True) as running:
        yield running


def live(cloud: local_aws.LocalAws) -> Life:
    """The whole loop: baselines, quiet and noisy hours, alarm, a failed job, labels, dead letters, destroy."""
    before = inventory(cloud)
    cloud.clock.advance_to(cloud.clock.now().replace(hour=8, minute=0, second=0, microsecond=0) + timedelta(days=1))
    deployment = deploy(PROJECT / "__main__.py", load_settings(PROJECT, "dev", {"engine": "model-monitor"}), cloud)
    outputs = deployment.outputs
    stack = Monitored(cloud, outputs, PROJECT / "model" / "baseline.csv")
    topics = [outputs["notification_topic_arn"], outputs["alarm_topic_arn"]]
    with Steps(Console(quiet=True), total=1) as steps, Mailbox(cloud, topics) as mailbox:
        use(Loop(stack, mailbox, steps), deployment)
    iam = cloud.client("iam")
    granted = [grant for role in roles(deployment) for grant in grants(role, role_policies(iam, role))]
    made = list(deployment.resources)
    deployment.destroy()
    after = inventory(cloud)
    return Life(
        denied=cloud.denied_calls(),
        invalid=cloud.invalid_requests(),
        unread=cloud.unread_requests(),
        observed={operation.partition(".")[0] for operation in cloud.observed_operations()},
        used_services={item.kind.kind.split(":")[1].partition("/")[0] for item in made if item.kind},
        granted=granted,
        unused=unused(granted, cloud.used_actions()),
        left={
            kind: names - before.get(kind, frozenset()) for kind, names in after.items() if names != before.get(kind)
        },
    )


def roles(deployment: Deployment) -> list[str]:
    """The names of the roles that the stack made."""
    return [item.outputs["name"] for item in deployment.resources if item.type == "aws:iam/role:Role"]


def use(loop: Loop, deployment: Deployment) -> None:
    """Everything that the stack is there for, once."""
    loop.stack.wait_for_baseline()
    start_the_baselines_again(loop.stack.cloud, deployment)
    loop.hour("quiet", numbered(baseline_requests(ROWS, seed=7)))
    loop.hour("noisy", numbered(anomalous_requests(ROWS, seed=7)), fault="every feature uniform on 10…20")
    loop.wait_for_alarm()
    fail_a_job(loop)
    measure_model_quality(loop)
    loop.settle()
    assert loop.stack.cloud.failures(but=("constraints.json, line 1: not JSON",)) == []
    lose_events(loop.stack.cloud, deployment)
    hear_of_the_letters(loop.stack, deployment)


def start_the_baselines_again(cloud: local_aws.LocalAws, deployment: Deployment) -> None:
    """Invoke the starter as the deployment did: it finds the jobs made, and starts nothing."""
    for item in deployment.resources:
        if item.type == "aws:lambda/invocation:Invocation":
            answer = cloud.client("lambda").invoke(
                FunctionName=item.inputs["functionName"], Payload=item.inputs["input"]
            )
            assert "FunctionError" not in answer, answer["Payload"].read()


def numbered(requests: Iterator[Request]) -> list[Request]:
    """Requests with ids, so that labels can follow them."""
    return [Request(request.payload, f"row-{number}") for number, request in enumerate(requests)]


def fail_a_job(loop: Loop) -> None:
    """An hour whose execution finds constraints that cannot be read: its job fails, and somebody is told."""
    stack, cloud = loop.stack, loop.stack.cloud
    s3 = cloud.client("s3")
    bucket, _, key = stack.outputs["constraints_uri"].removeprefix("s3://").partition("/")
    good = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    start = stack.begin_hour()
    stack.send(baseline_requests(ROWS, seed=8), ROWS, lambda *_: None)
    s3.put_object(Bucket=bucket, Key=key, Body=b"{")
    cloud.clock.advance_to(start + HOUR + AFTER_THE_HOUR)
    s3.put_object(Bucket=bucket, Key=key, Body=good)
    last = cloud.client("sagemaker").list_monitoring_executions(
        MonitoringScheduleName=stack.outputs["data_quality_schedule_name"], SortBy="ScheduledTime", MaxResults=1
    )["MonitoringExecutionSummaries"][0]
    assert (last["MonitoringExecutionStatus"], "ProcessingJobArn" in last) == ("Failed", True), last
    alarm = stack.outputs["job_failures_alarm_name"]
    wait_until(f"the alarm {alarm}", lambda: stack.alarm(alarm)["StateValue"] == "ALARM" or None)


def measure_model_quality(loop: Loop) -> None:
    """Labels for the day, and the next daily execution over it."""
    stack, cloud = loop.stack, loop.stack.cloud
    labels = {f"row-{number}": str(number % 2) for number in range(ROWS)}
    target = f"s3://{stack.outputs['bucket_name']}/ground-truth"
    write_ground_truth(labels, target, collected=cloud.clock.now(), client=cloud.client("s3"))
    scheduled = next_six(cloud.clock.now())
    cloud.clock.advance_to(scheduled + AFTER_THE_HOUR)
    execution = stack.execution(stack.outputs["model_quality_schedule_name"], scheduled)
    assert execution.results_uri, execution


def next_six(now: datetime) -> datetime:
    """The next 06:00, at which the dev stack measures model quality."""
    six = now.replace(hour=6, minute=0, second=0, microsecond=0)
    return six if six > now else six + 24 * HOUR


def lose_events(cloud: local_aws.LocalAws, deployment: Deployment) -> None:
    """Give each function that answers events one that it cannot know, until it is in its dead-letter queue."""
    functions, sqs = cloud.client("lambda"), cloud.client("sqs")
    made = [item for item in deployment.resources if item.type == "aws:lambda/function:Function"]
    for function in made:
        target = (function.inputs.get("deadLetterConfig") or {}).get("targetArn")
        if target is None:
            continue
        body = json.dumps(ANYTHING_ELSE | {"for": str(function.id)})
        functions.invoke(FunctionName=function.id, InvocationType="Event", Payload=body.encode())
        url = sqs.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
        wait_until(f"the dead letter of {function.id}", letters(sqs, url, str(function.id)))


def hear_of_the_letters(stack: Monitored, deployment: Deployment) -> None:
    """Wait until the responder has heard of every queue: at work when its role goes, it would be denied."""
    made = [item.id for item in deployment.resources if item.type == "aws:cloudwatch/metricAlarm:MetricAlarm"]
    queues = [str(name) for name in made if "-dead-letters" in str(name)]
    assert queues
    wait_until("the responder, of every queue", lambda: stack.answered_alarms(queues) >= len(queues) or None)


def letters(sqs: Any, url: str, function: str) -> Callable[[], bool | None]:
    """Asks whether the letter of a function is in a queue."""

    def asked() -> bool | None:
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0).get("Messages", [])
        return any(json.loads(message["Body"]).get("for") == function for message in found) or None

    return asked


def part(role: str) -> str:
    """What a role is for: its name without the stack's name and the random ending."""
    return role.removeprefix("model-monitoring-dev-").rpartition("-")[0]


def shown(items: list[Grant]) -> dict[str, dict[str, list[str]]]:
    """Grants as the table has them: role → statement → actions."""
    ordered = sorted(items, key=lambda grant: (part(grant.role), grant.sid, grant.action))
    return {
        role: {sid: [grant.action for grant in same] for sid, same in groupby(list(own), key=lambda grant: grant.sid)}
        for role, own in groupby(ordered, key=lambda grant: part(grant.role))
    }


def say(capsys: pytest.CaptureFixture[str], *lines: str) -> None:
    """Print lines that people see who run the tests; from a worker of pytest-xdist only standard error arrives."""
    with capsys.disabled():
        print("", *lines, sep="\n", file=sys.stderr, flush=True)  # noqa: T201 - the figures are the point of this test


def test_a_whole_life_with_the_least_privilege(cloud: local_aws.LocalAws, capsys: pytest.CaptureFixture[str]) -> None:
    """No call is denied or invalid, nothing is left, and what was allowed and never used is in the table.

    One test, and not one a figure: workers of pytest-xdist would each live a life of their own.
    """
    life = live(cloud)
    names = [f"  {part(grant.role)} {grant.sid}: {grant.action}" for grant in life.unused]
    figures = (
        f"IAM: {len(life.denied)} calls denied; {len(life.unused)} of {len(life.granted)} allowed actions never used"
    )
    say(capsys, figures, *names)
    assert life.denied == []
    assert life.invalid == []
    assert life.left == {}
    # Every request was held against its service's model: the modules of pulumi-aws that the stack uses, by the services
    # that botocore has for them.
    assert life.unread == []
    services = {name for module in life.used_services for name in SERVICES[module]}
    assert services | {"sts"} <= life.observed
    # Each has its reason, and whatever has a reason is still true of the stack.
    table = json.loads(TABLE.read_text())
    reasons = {role: {sid: sorted(actions) for sid, actions in found.items()} for role, found in table.items()}
    assert shown(life.unused) == reasons
    assert all(len(reason) > 20 for found in table.values() for own in found.values() for reason in own.values())
