"""A stack of the open engine on the embedded AWS, with what a test asks of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from drift_tools.endpoint import Request, send
from examples.demo.mailbox import Mailbox
from examples.demo.waiting import wait_until
from local_aws import LocalAws
from local_aws.apply import Deployment
from tests.lambda_functions.functions import load

HOUR = timedelta(hours=1)
DAY = datetime(2026, 11, 24, tzinfo=UTC)
"""The day on which the flows live."""
# A run starts at the grace, plus EventBridge's flexible window of five minutes.
FLEXIBLE = timedelta(minutes=5)


def at(hour: int, minute: int = 0) -> datetime:
    """A moment of that day."""
    return DAY + timedelta(hours=hour, minutes=minute)


@dataclass(frozen=True)
class Told:
    """One message to people."""

    subject: str
    body: str
    kind: str


@dataclass
class Watched:
    """A deployed stack, its inbox, and the grace after which its runs start."""

    cloud: LocalAws
    deployment: Deployment
    mailbox: Mailbox
    grace: timedelta
    outputs: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.outputs = dict(self.deployment.outputs)

    @property
    def bucket(self) -> str:
        return self.outputs["bucket_name"]

    @property
    def endpoint(self) -> str:
        return self.outputs["endpoint_name"]

    @property
    def namespace(self) -> str:
        return str(self.alarm(self.outputs["constraint_violations_alarm_name"])["Namespace"])

    def wait_for_baseline(self) -> None:
        """Until the constraints that the deployment asked for are there."""
        key = self.outputs["constraints_uri"].removeprefix(f"s3://{self.bucket}/")
        wait_until("the baseline's constraints", lambda: key in self.keys(key) or None, seconds=60)

    def send(self, requests: Iterator[Request], prefix: str = "") -> int:
        """Send rows, each with an id if `prefix` is given; all of them must be answered."""
        numbered = [
            Request(request.payload, f"{prefix}-{index}" if prefix else None) for index, request in enumerate(requests)
        ]
        result = send(numbered, endpoint=self.endpoint, client=self.cloud.client("sagemaker-runtime"))
        assert (result.sent, result.failed) == (len(numbered), 0), result.failures
        return result.sent

    def go_to(self, moment: datetime) -> None:
        """Turn the clock."""
        self.cloud.clock.advance_to(moment)

    def after_the_run(self, end: datetime) -> None:
        """Go on until the run over the window that ended at `end` is over."""
        self.go_to(end + self.grace + FLEXIBLE + timedelta(minutes=1))

    # ---- what is there

    def keys(self, prefix: str) -> list[str]:
        pages = self.cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def document(self, key: str) -> Any:
        return json.loads(self.cloud.client("s3").get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def results(self, schedule: str, end: datetime) -> dict[str, Any]:
        """The JSON files of a run by their names; empty if it left none."""
        prefix = f"monitoring-results/{self.endpoint}/{schedule}/{end:%Y/%m/%d/%H}/"
        return {key.removeprefix(prefix): self.document(key) for key in self.keys(prefix) if key.endswith(".json")}

    def record(self, schedule: str, end: datetime) -> dict[str, Any]:
        """What a run wrote down that it took; files by their keys below the captures' place."""
        found: dict[str, Any] = self.document(f"monitor-state/{self.endpoint}/{schedule}/{end:%Y/%m/%d/%H}.json")
        unpacked = load("start_monitor").run_ledger.unpacked
        return found | {name: list(unpacked(found[name])) for name in ("files", "late_files")}

    def jobs(self, kind: str, end: datetime) -> list[dict[str, Any]]:
        """Processing jobs of the open engine for a window."""
        sagemaker = self.cloud.client("sagemaker")
        pages = sagemaker.get_paginator("list_processing_jobs").paginate(NameContains=f"-{kind}-{end:%Y%m%d%H%M}-")
        return [
            sagemaker.describe_processing_job(ProcessingJobName=item["ProcessingJobName"])
            for page in pages
            for item in page["ProcessingJobSummaries"]
        ]

    def metric(self, name: str, schedule: str, hour: datetime, statistic: str = "Maximum") -> float | None:
        """A metric of the stack's namespace in the hour that begins at `hour`; None without data."""
        points = self.cloud.client("cloudwatch").get_metric_statistics(
            Namespace=self.namespace,
            MetricName=name,
            Dimensions=[
                {"Name": "Endpoint", "Value": self.endpoint},
                {"Name": "MonitoringSchedule", "Value": schedule},
            ],
            StartTime=hour,
            EndTime=hour + HOUR,
            Period=3600,
            Statistics=[statistic],
        )["Datapoints"]
        return float(points[0][statistic]) if points else None

    def published(self, namespace: str, schedule: str) -> set[str]:
        """Names of the metrics that a schedule's runs published to a namespace."""
        pages = (
            self.cloud.client("cloudwatch")
            .get_paginator("list_metrics")
            .paginate(Namespace=namespace, Dimensions=[{"Name": "MonitoringSchedule", "Value": schedule}])
        )
        return {item["MetricName"] for page in pages for item in page["Metrics"]}

    def alarm(self, name: str) -> dict[str, Any]:
        [found] = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        return dict(found)

    def made(self, kind: str, name_end: str) -> str:
        """The ID of the one resource of the deployment."""
        [found] = [item.id for item in self.deployment.resources if item.type == kind and item.name.endswith(name_end)]
        return str(found)

    def state(self, suffix: str) -> str:
        """State of the alarm of the stack whose logical name ends so."""
        return str(self.alarm(self.made("aws:cloudwatch/metricAlarm:MetricAlarm", suffix))["StateValue"])

    def logged(self, function: str, message: str) -> list[dict[str, Any]]:
        """JSON lines of a function's log with that message."""
        group = self.made("aws:cloudwatch/logGroup:LogGroup", f"-{function}-logs")
        pages = self.cloud.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        lines = [event["message"] for page in pages for event in page["events"]]
        found = [json.loads(line) for line in lines if line.startswith("{")]
        return [line for line in found if line.get("message") == message]

    def told(self) -> list[Told]:
        """Every message to people so far, oldest first."""
        return [
            Told(item.subject, item.body, item.envelope["MessageAttributes"]["kind"]["Value"])
            for item in self.mailbox.messages(self.outputs["notification_topic_arn"])
        ]

    def told_of(self, kind: str) -> list[Told]:
        """The messages of one kind so far."""
        return [item for item in self.told() if item.kind == kind]

    def wait_for_message(self, kind: str) -> Told:
        """The first message of that kind."""
        return wait_until(f"a message of kind {kind}", lambda: next(iter(self.told_of(kind)), None))
