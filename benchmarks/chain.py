"""The whole chain from a window's rows to people, in memory: job, metrics, alarms, responder. The clock is simulated.

What is real: the monitor's job (`drift_tools.job.program.run`) with its files and its windows in a folder, the function
that publishes metrics when a job has ended (`functions/processing_metrics`), the alarms as the component declares them
(recorded from `components.alerting.DriftAlerting` on Pulumi's mocked runtime) under CloudWatch's rule of evaluation
(`local_aws.cloudwatch.alarms.judge`), and the function that tells people (`functions/alarm_responder`).
"""

import contextlib
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from benchmarks import warm_job
from benchmarks.row_worlds import LABEL, PREDICTION, Block
from components.alerting import DriftAlerting
from contract.bucket_layout import CONSTRAINTS, MONITORING_RESULTS, RESPONDER_STATE, STATISTICS, hour_folder
from contract.job_environment import JobEnvironment
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY
from contract.processing_job import outputs
from drift_tools.job.container import Job
from drift_tools.job.program import run
from functions.alarm_responder.alarm_event import parse_alarm
from functions.alarm_responder.responder import Responder
from functions.alarm_responder.responder import Settings as ResponderSettings
from functions.common.idempotency import Clock, IdempotencyStore
from functions.processing_metrics.handler import Settings as MetricSettings
from functions.processing_metrics.handler import process
from local_aws.cloudwatch.alarms import judge as alarm_state
from tests.components.mocked_runtime import run_program
from tests.lambda_functions.fakes import FakeCloudWatch, FakeS3, FakeSageMaker, FakeSns

EPOCH: Final = datetime(2024, 1, 1, tzinfo=UTC)  # a Monday
HOURS_A_YEAR: Final = 8760
ENDPOINT, BUCKET, NAMESPACE = "churn", "churn-data", "ModelMonitoring/rings"
_KEPT = timedelta(days=3)
_LATE = timedelta(minutes=25)  # from the window's end to when its job has ended


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """One alarm as the component declares it, CloudWatch's own names."""

    schedule: str
    request: Mapping[str, Any]

    @property
    def metric(self) -> str:
        """The metric's name."""
        return str(self.request["MetricName"])


def declared_alarms(kinds: tuple[str, ...]) -> list[AlarmRule]:
    """The alarms that the component makes for these kinds of monitors, with its defaults."""
    schedules = {kind: f"{ENDPOINT}-{kind}" for kind in kinds}

    def program() -> None:
        DriftAlerting(
            "rings",
            {
                "schedules": schedules,
                "endpoint_name": ENDPOINT,
                "bucket_name": BUCKET,
                "metric_namespace": NAMESPACE,
                "open_engine": True,
            },
        )

    made = run_program(program).of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    return [_as_request(item.name, item.inputs) for item in made]


def _as_request(name: str, inputs: Mapping[str, Any]) -> AlarmRule:
    request = {key[0].upper() + key[1:]: value for key, value in inputs.items()}
    request["AlarmName"] = name
    how = request["Statistic"], request["ComparisonOperator"]
    if how != ("Maximum", "GreaterThanOrEqualToThreshold"):
        raise RuntimeError(f"the alarm {name} asks for {how}: teach Alarm.put that")
    return AlarmRule(request["Dimensions"]["MonitoringSchedule"], request)


@dataclass(slots=True)
class Alarm:
    """A rule's state over time."""

    rule: AlarmRule
    state: str = "INSUFFICIENT_DATA"
    points: list[tuple[datetime, float]] = field(default_factory=list)

    def put(self, at: datetime, value: float) -> tuple[str, str] | None:
        """A data point arrives and the alarm is evaluated: the old state and the new one, if it changed."""
        rule = self.rule.request
        period, looked_at = timedelta(seconds=rule["Period"]), int(rule["EvaluationPeriods"])
        end = at + timedelta(minutes=1)
        self.points = [point for point in self.points if point[0] >= end - looked_at * period]
        self.points.append((at, value))
        largest: list[float | None] = [None] * looked_at
        for moment, found in self.points:
            place = (end - moment) // period
            if place < looked_at:
                before = largest[place]
                largest[place] = found if before is None else max(found, before)
        state = alarm_state(largest, lambda value: value >= rule["Threshold"], rule)
        if state is None or state == self.state:
            return None
        old, self.state = self.state, state
        return old, state


class _Memory(FakeS3):
    """S3 without a record of each call."""

    def __init__(self) -> None:
        super().__init__(BUCKET)
        self.page = 1000

    def _enter(self, operation: str, request: dict[str, Any]) -> None:
        pass


class _Metrics(FakeCloudWatch):
    """What the last job published."""

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, float] = {}

    def put_metric_data(self, **request: Any) -> dict[str, Any]:
        self.last = {item["MetricName"]: item["Value"] for item in request["MetricData"]}
        return {}


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to people. `hour`: the window's place; `state`: ALARM or OK."""

    hour: int
    schedule: str
    state: str
    subject: str
    body: str


class Chain:
    """One stack's chain. `folder`: for the job's files; `kinds`: which monitors it has."""

    def __init__(self, folder: Path, *, kinds: tuple[str, ...] = (DATA_QUALITY,), false_alarms: float = 1.0) -> None:
        self.folder, self.kinds, self.false_alarms = folder, kinds, false_alarms
        self.s3, self.sns = _Memory(), FakeSns()
        self.sagemaker, self.cloudwatch = FakeSageMaker(), _Metrics()
        self.alarms = [Alarm(rule) for rule in declared_alarms(kinds)]
        self.notices: list[Notice] = []
        self.jobs = 0
        warm_job.forget()
        self._responder = ResponderSettings.read(
            {
                "BUCKET_NAME": BUCKET,
                "RESULTS_PREFIX": MONITORING_RESULTS,
                "STATE_PREFIX": RESPONDER_STATE,
                "NOTIFICATION_TOPIC_ARN": "arn:aws:sns:eu-central-1:111122223333:notifications",
                "NOTIFY_ON_OK": "true",
            }
        )

    def baseline(self, rows: Block) -> None:
        """Run the baseline's jobs on the rows of a block's first hour."""
        columns = rows.hour(0)
        data = self.folder / "baseline-data"
        data.mkdir(parents=True)
        _write_csv(data / "baseline.csv", columns)
        self._baseline_job(
            DATA_QUALITY,
            JobEnvironment(dataset_format='{"csv": {"header": true}}', dataset_source=str(data)),
        )
        if MODEL_QUALITY in self.kinds:
            answers = self.folder / "baseline-answers"
            answers.mkdir()
            _write_csv(
                answers / "answers.csv",
                {PREDICTION: columns[PREDICTION], LABEL: rows.label[0, : len(columns[PREDICTION])]},
            )
            self._baseline_job(
                MODEL_QUALITY,
                JobEnvironment(
                    dataset_format='{"csv": {"header": true}}',
                    dataset_source=str(answers),
                    analysis_type="MODEL_QUALITY",
                    **_QUALITY,
                ),
            )

    def _baseline_job(self, kind: str, environment: JobEnvironment) -> None:
        output = self.folder / f"baseline-{kind}"
        variables = {**environment.to_environment(), "output_path": str(output)}
        with warm_job.keeping():
            run(Job.load(self.folder / "ml", variables))

    def window(self, hour: int, rows: Block, place: int) -> list[Notice]:
        """Run the monitors on an hour's rows, and whatever follows; what people were told."""
        return [notice for kind in self.kinds for notice in self.window_of(kind, hour, rows, place)]

    def quiet(self, hour: int, kind: str = DATA_QUALITY) -> list[Notice]:
        """A window that is known to have no findings: its metrics alone."""
        return self._alarms(hour, kind, {"ConstraintViolations": 0.0, "JobFailures": 0.0})

    @property
    def is_ringing(self) -> bool:
        """Whether any alarm is raised."""
        return any(alarm.state == "ALARM" for alarm in self.alarms)

    def window_of(self, kind: str, hour: int, rows: Block, place: int) -> list[Notice]:
        """Run one of the monitors on an hour's rows, and whatever follows."""
        start = EPOCH + timedelta(hours=hour)
        end = start + timedelta(hours=1)
        output, name = self.folder / "output" / kind, f"{ENDPOINT}-{kind}-{hour}"
        shutil.rmtree(output, ignore_errors=True)
        source = self._write(kind, start, rows, place)
        variables = self._environment(kind, (start, end), source, output).to_environment()
        message, status = "", "Completed"
        with contextlib.redirect_stdout(io.StringIO()), warm_job.keeping():
            message = run(Job.load(self.folder / "ml", variables))
        self.jobs += 1
        results = f"{MONITORING_RESULTS}/{ENDPOINT}/{ENDPOINT}-{kind}/{hour_folder(end)}"
        for path in output.iterdir():
            self.s3.objects[f"{results}/{path.name}"] = path.read_bytes()
        self._expire(end)
        moment = end + _LATE
        self.sagemaker.jobs = {
            name: {
                "ProcessingJobName": name,
                "ProcessingJobArn": f"arn:aws:sagemaker:eu-central-1:111122223333:processing-job/{name}",
                "ProcessingJobStatus": status,
                "ExitMessage": message,
                "Environment": variables,
                "ProcessingOutputConfig": {"Outputs": outputs(f"s3://{BUCKET}/{results}")},
                "ProcessingStartTime": end + timedelta(minutes=20),
                "ProcessingEndTime": moment,
            }
        }
        settings = MetricSettings(ENDPOINT, NAMESPACE, BUCKET, MONITORING_RESULTS, RESPONDER_STATE)
        with contextlib.redirect_stdout(io.StringIO()):
            process(name, settings, sagemaker=self.sagemaker, s3=self.s3, cloudwatch=self.cloudwatch)
        return self._alarms(hour, kind, self.cloudwatch.last)

    def _write(self, kind: str, start: datetime, rows: Block, place: int) -> Path:
        """An hour's captures, or answers with their labels; the folder that they are in."""
        source = self.folder / "input" / kind
        shutil.rmtree(source, ignore_errors=True)
        source.mkdir(parents=True)
        if kind == DATA_QUALITY:
            _write_capture(source / "captured.jsonl", rows.hour(place), start)
        else:
            count = int(rows.rows[place])
            answers = {PREDICTION: rows.prediction[place, :count], LABEL: rows.label[place, :count]}
            _write_csv(source / "answers.csv", answers)
        return source

    def _environment(self, kind: str, window: tuple[datetime, datetime], source: Path, output: Path) -> JobEnvironment:
        start, end = window
        baseline = self.folder / f"baseline-{kind}"
        common = {
            "dataset_source": str(source),
            "start_time": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "end_time": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "output_path": str(output),
            "baseline_constraints": str(baseline / CONSTRAINTS),
            "sagemaker_endpoint_name": ENDPOINT,
            "sagemaker_monitoring_schedule_name": f"{ENDPOINT}-{kind}",
            "metric_namespace": "rings",
            "publish_cloudwatch_metrics": "Disabled",  # those of features: no alarm of the stack looks at them
            "feature_metrics": "findings",
            "runs_per_year": str(HOURS_A_YEAR),
            "false_alarms_per_year": f"{self.false_alarms:g}",
            "monitors_in_budget": str(len(self.kinds)),
            "windows_uri": str(self.windows(kind)),
        }
        if kind == DATA_QUALITY:
            return JobEnvironment(
                dataset_format=json.dumps(
                    {"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}
                ),
                baseline_statistics=str(baseline / STATISTICS),
                baseline_dataset=str(self.folder / "baseline-data" / "baseline.csv"),
                **common,
            )
        return JobEnvironment(
            dataset_format='{"csv": {"header": true}}', analysis_type="MODEL_QUALITY", **_QUALITY, **common
        )

    def windows(self, kind: str = DATA_QUALITY) -> Path:
        """Where a monitor keeps what its windows counted."""
        return self.folder / "windows" / kind

    def _alarms(self, hour: int, kind: str, metrics: Mapping[str, float]) -> list[Notice]:
        at = EPOCH + timedelta(hours=hour + 1) + _LATE
        told = []
        for alarm in self.alarms:
            if alarm.rule.schedule != f"{ENDPOINT}-{kind}" or alarm.rule.metric not in metrics:
                continue
            changed = alarm.put(at, metrics[alarm.rule.metric])
            if changed is not None:
                told += self._respond(hour, alarm, *changed, at)
        self.notices += told
        return told

    def _respond(self, hour: int, alarm: Alarm, before: str, state: str, at: datetime) -> list[Notice]:
        """What people are told of a transition, if anything."""
        rule = alarm.rule.request
        action = {"ALARM": "AlarmActions", "OK": "OkActions"}[state]
        if not rule.get(action):
            return []
        message = {
            "AlarmName": rule["AlarmName"],
            "AlarmDescription": rule["AlarmDescription"],
            "AWSAccountId": "111122223333",
            "NewStateValue": state,
            "NewStateReason": "Threshold Crossed",
            "StateChangeTime": f"{at:%Y-%m-%dT%H:%M:%S}.000+0000",
            "Region": "Europe (Frankfurt)",
            "AlarmArn": f"arn:aws:cloudwatch:eu-central-1:111122223333:alarm:{rule['AlarmName']}",
            "OldStateValue": before,
            "Trigger": {
                "MetricName": rule["MetricName"],
                "Namespace": rule["Namespace"],
                "Dimensions": [{"name": name, "value": value} for name, value in rule["Dimensions"].items()],
            },
        }
        clock = Clock(at.timestamp, lambda _: None)
        store = IdempotencyStore(s3=self.s3, bucket=BUCKET, owner="rings", deadline=at.timestamp() + 60, clock=clock)
        sent = len(self.sns.published)
        with contextlib.redirect_stdout(io.StringIO()):
            Responder(self._responder, self.s3, self.sns, store).respond(
                parse_alarm({"Message": json.dumps(message), "TopicArn": rule[action][0]})
            )
        return [
            Notice(hour, alarm.rule.schedule, state, item["Subject"], item["Message"])
            for item in self.sns.published[sent:]
        ]

    def _expire(self, now: datetime) -> None:
        """Results of days ago are not looked at any more."""
        oldest = hour_folder(now - _KEPT)
        for key in [key for key in self.s3.objects if key.startswith(MONITORING_RESULTS)]:
            if key.split("/", 3)[3] < oldest:
                del self.s3.objects[key]


_QUALITY: Final = {
    "problem_type": "BinaryClassification",
    "ground_truth_attribute": LABEL,
    "inference_attribute": PREDICTION,
    "positive_label": "1",
}


def _csv(columns: Mapping[str, NDArray[Any]], *, header: bool) -> bytes:
    arrays = {
        name: pa.array(values, from_pandas=True, mask=np.isnan(values) if values.dtype.kind == "f" else None)
        for name, values in columns.items()
    }
    buffer = io.BytesIO()
    csv.write_csv(pa.table(arrays), buffer, csv.WriteOptions(include_header=header, quoting_style="none"))
    return buffer.getvalue()


def _write_csv(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    path.write_bytes(_csv(columns, header=True))


def _write_capture(path: Path, columns: Mapping[str, NDArray[Any]], start: datetime) -> None:
    """One request with all rows, as a client that sends in batches makes it."""
    answers = {PREDICTION: columns[PREDICTION]}
    inputs = {name: values for name, values in columns.items() if name != PREDICTION}
    sides = {
        side: {
            "observedContentType": "text/csv",
            "mode": mode,
            "encoding": "CSV",
            "data": _csv(given, header=False).decode(),
        }
        for side, mode, given in (("endpointInput", "INPUT", inputs), ("endpointOutput", "OUTPUT", answers))
    }
    moment = start + timedelta(minutes=30)
    record = {
        "captureData": sides,
        "eventMetadata": {"eventId": f"{moment:%Y%m%d%H}", "inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"},
        "eventVersion": "0",
    }
    path.write_bytes(json.dumps(record).encode() + b"\n")
