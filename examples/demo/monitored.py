"""A deployed stack, as the scenarios use it: send an hour of traffic, let the hour end, read what the monitor said."""

import json
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from contract.bucket_layout import DRIFT
from drift_tools import Comparison, compare, read_captures
from drift_tools.aws import local_copy
from drift_tools.comparison import cross_check
from drift_tools.endpoint import Request, send
from drift_tools.tables import read_table
from examples.demo.page import Window
from examples.demo.waiting import DemoError, wait_until

HOUR = timedelta(hours=1)
# A schedule's execution starts at the full hour or some minutes later; the demo looks after these.
AFTER_THE_HOUR = timedelta(minutes=5)
# The open engine waits 20 minutes for late captures, and EventBridge starts it within five minutes after.
AFTER_THE_GRACE = timedelta(minutes=30)
MODEL_MONITOR, OPEN = "model-monitor", "open"
DELIVERIES = 2  # the embedded AWS sends each event of a job twice, as AWS may


@dataclass(frozen=True)
class Execution:
    """One run of a monitoring schedule: its status, and where its results are (None if no job ran)."""

    status: str
    results_uri: str | None
    reason: str


class Monitored:
    """The stack's outputs, with what a user of it does."""

    def __init__(self, cloud: Any, outputs: dict[str, str], baseline: Path, engine: str = MODEL_MONITOR) -> None:
        self.cloud = cloud
        self.outputs = outputs
        self.engine = engine
        self.after_the_hour = AFTER_THE_GRACE if engine == OPEN else AFTER_THE_HOUR
        self._baseline = read_table(baseline)
        # What requests are sent with; a stream's producer takes its place.
        self.runtime = cloud.client("sagemaker-runtime")

    @property
    def features(self) -> int:
        """Columns of the baseline: the model's outputs and its inputs."""
        return len(self._baseline.columns)

    def schedule(self, kind: str) -> str | None:
        """The name of a kind's schedule; None where that monitor is off."""
        names: Any = self.outputs.get("schedule_names") or {}
        found: str | None = names.get(kind)
        return found

    def wait_for_baseline(self) -> int:
        """Wait for the constraints of the baseline job that the deployment started; the number of their features."""
        bucket, _, key = self.outputs["constraints_uri"].removeprefix("s3://").partition("/")
        s3 = self.cloud.client("s3")

        def constraints() -> dict[str, Any] | None:
            found = s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents", [])
            return json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read()) if found else None

        return len(wait_until("the baseline job's constraints.json", constraints, seconds=60)["features"])

    def begin_hour(self) -> datetime:
        """Go to the beginning of the next hour of the embedded AWS, so that what follows is an hour of its own."""
        start = _hour(self.cloud.clock.now()) + HOUR
        self.cloud.clock.advance_to(start + AFTER_THE_HOUR)
        return start

    def send(self, requests: Iterable[Request], number: int, progress: Callable[[int, int], None]) -> int:
        """Send the rows; every one must be answered. The number of rows."""
        result = send(
            requests,
            endpoint=self.outputs["endpoint_name"],
            client=self.runtime,
            on_progress=lambda sent, failed: progress(sent + failed, number),
        )
        if result.failed or result.sent != number:
            raise DemoError(
                f"{result.failed} of {number} requests failed, {result.sent} were answered: {result.failures}"
            )
        return result.sent

    def end_hour(self, start: datetime) -> Execution:
        """Let the hour end; the data-quality execution that then runs over it."""
        self.cloud.clock.advance_to(start + HOUR + self.after_the_hour)
        return self.execution(self.outputs["data_quality_schedule_name"], start + HOUR)

    def execution(self, schedule: str, scheduled: datetime) -> Execution:
        """The execution of the schedule in the hour that begins at `scheduled`, when it has ended."""
        if self.engine == OPEN:
            return self._open_execution(schedule, scheduled)
        sagemaker = self.cloud.client("sagemaker")

        def ended() -> Execution | None:
            found = sagemaker.list_monitoring_executions(
                MonitoringScheduleName=schedule,
                ScheduledTimeAfter=scheduled - timedelta(minutes=1),
                ScheduledTimeBefore=scheduled + HOUR - timedelta(minutes=1),
            )["MonitoringExecutionSummaries"]
            if not found or found[0]["MonitoringExecutionStatus"] in ("Pending", "InProgress"):
                return None
            return self._describe(found[0])

        execution = wait_until(f"the execution of {schedule} at {scheduled:%H:%M}", ended)
        if execution.results_uri:
            self._wait_for_deliveries(schedule, scheduled)
        return execution

    def _open_execution(self, schedule: str, scheduled: datetime) -> Execution:
        """The same of the open engine: its processing job, which is called after the end of its window."""
        sagemaker = self.cloud.client("sagemaker")

        def ended() -> Execution | None:
            jobs = sagemaker.list_processing_jobs(NameContains=f"-{scheduled:%Y%m%d%H%M}-")["ProcessingJobSummaries"]
            described = [sagemaker.describe_processing_job(ProcessingJobName=j["ProcessingJobName"]) for j in jobs]
            for job in described:
                of = job["Environment"]["sagemaker_monitoring_schedule_name"]
                if of == schedule and job["ProcessingJobStatus"] != "InProgress":
                    # As Model Monitor has it: the first word of what the program left as its message.
                    said = job.get("ExitMessage", "").partition(":")[0]
                    status = said if job["ProcessingJobStatus"] == "Completed" else job["ProcessingJobStatus"]
                    uri = job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
                    return Execution(status, uri, job.get("FailureReason", ""))
            return None

        execution = wait_until(f"the run of {schedule} at {scheduled:%H:%M}", ended)
        if execution.status == "Failed":
            raise DemoError(f"the run of {schedule} at {scheduled:%H:%M} failed: {execution.reason}")
        self._wait_for_deliveries(schedule, scheduled)
        return execution

    def _describe(self, summary: dict[str, Any]) -> Execution:
        status, reason = summary["MonitoringExecutionStatus"], summary.get("FailureReason", "")
        if "ProcessingJobArn" not in summary:
            return Execution(status, None, reason)
        job = self.cloud.client("sagemaker").describe_processing_job(
            ProcessingJobName=summary["ProcessingJobArn"].rsplit("/", 1)[-1]
        )
        return Execution(
            status,
            job["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"],
            reason or job.get("FailureReason", ""),
        )

    def _wait_for_deliveries(self, schedule: str, hour: datetime) -> None:
        """Wait until the metrics function has been given the job's event as often as it is delivered."""
        alarm = self.alarm(self.outputs["constraint_violations_alarm_name"])

        def counted() -> bool | None:
            points = self.cloud.client("cloudwatch").get_metric_statistics(
                Namespace=alarm["Namespace"],
                MetricName=alarm["MetricName"],
                Dimensions=[
                    {"Name": "Endpoint", "Value": self.outputs["endpoint_name"]},
                    {"Name": "MonitoringSchedule", "Value": schedule},
                ],
                StartTime=hour,
                EndTime=hour + HOUR,
                Period=3600,
                Statistics=["SampleCount"],
            )["Datapoints"]
            return sum(point["SampleCount"] for point in points) >= DELIVERIES or None

        wait_until(f"the metric {alarm['MetricName']} of {schedule}, from both deliveries of the job's event", counted)

    def alarm(self, name: str) -> dict[str, Any]:
        alarms: list[dict[str, Any]] = self.cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])[
            "MetricAlarms"
        ]
        if not alarms:
            raise DemoError(f"there is no alarm {name}; the stack's outputs name it")
        return alarms[0]

    def answered_alarms(self, names: Collection[str]) -> int:
        """How often the responder has seen a ring of these alarms through, as it marks them for itself."""
        s3, bucket, found = self.cloud.client("s3"), self.outputs["bucket_name"], 0
        for name in names:
            prefix = f"responder-state/alarms/{name}/"
            for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", []):
                if "-ALARM-" in item["Key"]:
                    marker = json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read())
                    found += marker["state"] == "done"
        return found

    def violations(self, execution: Execution) -> list[dict[str, Any]]:
        """What the execution wrote; the file is absent where there are none."""
        if execution.results_uri is None:
            return []
        bucket, _, prefix = execution.results_uri.removeprefix("s3://").partition("/")
        s3 = self.cloud.client("s3")
        key = f"{prefix}/constraint_violations.json"
        if not s3.list_objects_v2(Bucket=bucket, Prefix=key).get("Contents"):
            return []
        violations: list[dict[str, Any]] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())[
            "violations"
        ]
        return violations

    def estimated(self, execution: Execution) -> dict[str, Any] | None:
        """The quality before labels, as the execution estimated it; None where it did not."""
        if self.engine != OPEN or execution.results_uri is None:
            return None
        bucket, _, prefix = execution.results_uri.removeprefix("s3://").partition("/")
        body = self.cloud.client("s3").get_object(Bucket=bucket, Key=f"{prefix}/{DRIFT}")["Body"].read()
        found: dict[str, Any] | None = json.loads(body).get("estimated_quality")
        return found

    def compare_hour(self, start: datetime, sent: int) -> Comparison:
        """The local measures over the rows that were captured in the hour; all that were sent must be there."""
        uri = f"s3://{self.outputs['bucket_name']}/captured-data/{self.outputs['endpoint_name']}/Primary/{start:%Y/%m/%d/%H}"
        with local_copy(uri, client=self.cloud.client("s3")) as folder:
            captures = read_captures(folder, columns=list(self._baseline.columns))
        if captures.used != sent:
            raise DemoError(
                f"{sent} rows were sent, {captures.used} of {captures.read} captured can be used: {captures.skipped}"
            )
        return compare(self._baseline, captures.table)

    def window(
        self, label: str, requests: Sequence[Request], start: datetime, execution: Execution, fault: str | None
    ) -> Window:
        """The hour's window: the monitor's violations, and the local measures beside them."""
        comparison = self.compare_hour(start, len(requests))
        violations = self.violations(execution)
        return Window(
            label=label,
            status=execution.status,
            rows=comparison.current_rows,
            violations=tuple(violations),
            comparison=comparison,
            start=start,
            end=start + HOUR,
            fault=fault,
            cross_check=cross_check(violations, comparison),
            estimated=self.estimated(execution),
        )


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)
