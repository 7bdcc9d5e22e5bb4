"""A plain prefix, what writes to it, and the function that looks at its partitions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.lambda_functions.fakes import FakeS3, FakeSageMaker, FakeScheduler
from tests.lambda_functions.functions import load
from tests.lambda_functions.start_monitor.deliveries import REQUEST

MODULES = load("start_monitor")
partitions, batch_plan, batch_events = MODULES.partitions, MODULES.batch_plan, MODULES.batch_events
START = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PLAN_KEY = "monitoring-scripts/batch/plan.json"
PLAN_URI = f"s3://churn-data/{PLAN_KEY}"
LAYOUT = {"keys": ["dt", "hour"], "format": "parquet", "marker": None, "quiet_seconds": 600, "newest": 3}
DOCUMENT: dict[str, Any] = {
    "endpoint": "churn",
    "schedule": "churn-batch",
    "output_uri": "s3://churn-data/scores",
    "results_uri": "s3://churn-data/monitoring-results",
    "state_uri": "s3://churn-data/monitor-state",
    "job_stem": "churn",
    "request": REQUEST,
    "partitions": LAYOUT,
    "looks": {"group": "looks", "role_arn": "arn:aws:iam::111122223333:role/looks", "dead_letter_arn": "arn:aws:q"},
}
MARKED = {**DOCUMENT, "partitions": {**LAYOUT, "marker": "_SUCCESS"}}
ARN = "arn:aws:lambda:eu-central-1:111122223333:function:churn-start-monitor"
Document = dict[str, Any]
# As EventBridge Scheduler has it in a schedule's input; the moment at which it is told.
NOW = "<aws.scheduler.scheduled-time>"


class World:
    """A bucket with the scores, and the function."""

    def __init__(self, document: Document = DOCUMENT, s3: FakeS3 | None = None) -> None:
        self.s3, self.sagemaker, self.scheduler = s3 or FakeS3(), FakeSageMaker(), FakeScheduler()
        self.s3.put(PLAN_KEY, document)
        self.s3.modified[PLAN_KEY] = START
        self.now = START

    def write(self, key: str, minute: float, body: bytes = b"PAR1") -> dict[str, Any]:
        """An object, written so many minutes after the start; its event."""
        self.now = START + timedelta(minutes=minute)
        self.s3.put(f"scores/{key}", body)
        self.s3.modified[f"scores/{key}"] = self.now
        return created(f"scores/{key}", self.now)

    def tell(self, event: Any, minute: float | None = None) -> dict[str, Any]:
        if minute is not None:
            self.now = START + timedelta(minutes=minute)
        event = json.loads(json.dumps(event).replace(NOW, f"{self.now:%Y-%m-%dT%H:%M:%SZ}"))
        answer: dict[str, Any] = batch_events.process(
            event,
            batch_plan.BatchPlan.read(self.s3, PLAN_URI),
            PLAN_URI,
            s3=self.s3,
            sagemaker=self.sagemaker,
            scheduler=self.scheduler,
            function_arn=ARN,
        )
        return answer

    def look_when_due(self) -> list[dict[str, Any]]:
        """The looks that were planned, at their time."""
        answers = []
        for item in sorted(self.scheduler.made.values(), key=lambda item: item["ScheduleExpression"]):
            self.now = due_of(item)
            answers.append(self.tell(json.loads(item["Target"]["Input"])))
        self.scheduler.made.clear()
        return answers

    @property
    def manifests(self) -> list[list[Any]]:
        """The files of each run, in the order in which they were started."""
        uris = [
            item["S3Input"]["S3Uri"]
            for job in self.sagemaker.jobs.values()
            for item in job["ProcessingInputs"]
            if item["InputName"] == "captured"
        ]
        return [self.s3.json(uri.removeprefix("s3://churn-data/")) for uri in uris]


def due_of(look: dict[str, Any]) -> datetime:
    return datetime.strptime(look["ScheduleExpression"], "at(%Y-%m-%dT%H:%M:%S)").replace(tzinfo=UTC)


def created(key: str, moment: datetime | None = None) -> dict[str, Any]:
    """As S3 tells EventBridge (user guide, "EventBridge event message structure"); of now without a moment."""
    return {
        "version": "0",
        "time": NOW if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {
            "version": "0",
            "bucket": {"name": "churn-data"},
            "object": {"key": key, "size": 4, "etag": "x", "sequencer": "0"},
            "reason": "PutObject",
        },
    }


SWEEP = {"batch": {"sweep": True, "at": NOW}}
LOOK = {"batch": {"look": "dt=2026-11-23/hour=04", "at": NOW}}
FIRST = "dt=2026-11-23/hour=04"
