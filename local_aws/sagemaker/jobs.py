"""Processing jobs that really run: inputs from S3, a process under the job's role, outputs to S3, metrics, an event.

Contract of the container: developer guide, "Build your own processing container" and "Container contract" of Model
Monitor: /opt/ml/config/{processingjobconfig,resourceconfig}.json, /opt/ml/output/message, and
/opt/ml/output/metrics/cloudwatch/*.jsonl, which the platform publishes for monitoring jobs.
"""

import json
import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.sagemaker import events, images
from local_aws.sagemaker.store import Document

log = logging.getLogger("local_aws.jobs")

_AT_ONCE = 2
_MESSAGE_BYTES = 1024
_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_LOG_BATCH = 500
_METRIC_BATCH = 500
_NAMESPACES = {
    "DataQuality": "aws/sagemaker/Endpoints/data-metrics",
    "ModelQuality": "aws/sagemaker/Endpoints/model-metrics",
}
TERMINAL = ("Completed", "Failed", "Stopped")


class JobFailed(Exception):  # noqa: N818 - the name of what happened
    """A job that ends as Failed, with its FailureReason."""


@dataclass
class _Run:
    """A job under way."""

    stop: threading.Event = field(default_factory=threading.Event)
    process: "subprocess.Popen[bytes] | None" = None


class ProcessingJobs:
    """Runs processing jobs, two at a time."""

    def __init__(self, clock: VirtualClock, identity: Identity, activity: Activity, *, duplicate_events: bool) -> None:
        self._clock = clock
        self._identity = identity
        self._activity = activity
        self._duplicate_events = duplicate_events
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="processing-job")
        self._runs: dict[str, _Run] = {}

    def start(self, job: Document) -> "Future[None]":
        """Begin a job; the future is done when the job has ended, however it did."""
        job.state.update(ProcessingJobStatus="InProgress")
        run = self._runs[job.arn] = _Run()
        number = self._activity.begin()
        future = self._pool.submit(self._run, job, run)
        future.add_done_callback(lambda _: self._activity.end(number))
        return future

    def stop(self, job: Document) -> None:
        """Stop a job that is running."""
        job.state["ProcessingJobStatus"] = "Stopping"
        run = self._runs[job.arn]
        run.stop.set()
        if run.process:
            _kill(run.process)

    def _run(self, job: Document, run: _Run) -> None:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            directory = Path(tempfile.mkdtemp(prefix=f"job-{job.name}-"))
            session = self._identity.session(job.request["RoleArn"], f"SageMaker-{job.name}")
            try:
                self._announce(job)
                job.state["ProcessingStartTime"] = self._clock.now()
                self._perform(job, run, directory / "ml", session)
                outcome = "Stopped" if run.stop.is_set() else "Completed"
            except JobFailed as failed:
                outcome = "Stopped" if run.stop.is_set() else "Failed"
                if outcome == "Failed":
                    job.state["FailureReason"] = str(failed)[:_MESSAGE_BYTES]
            except Exception as error:  # a fault of this emulator must end the job, not hang whoever waits for it
                log.exception("processing job %s", job.name)
                outcome = "Failed"
                job.state["FailureReason"] = f"InternalServerError: {error}"
            finally:
                shutil.rmtree(directory, ignore_errors=True)
                seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
                self._runs.pop(job.arn, None)
            now = self._clock.now()
            job.state["ProcessingEndTime"] = job.modified = now
            job.state["ProcessingJobStatus"] = outcome
            self._announce(job)

    def _announce(self, job: Document) -> None:
        events.processing_job_changed(describe(job), twice=self._duplicate_events)

    def _perform(self, job: Document, run: _Run, ml_root: Path, session: dict[str, str]) -> None:
        try:
            s3 = clients.client("s3", session)
            self._check_image(job, session)
            _lay_out(job, ml_root)
            _fetch_inputs(job, s3, ml_root)
            code = self._execute(job, run, ml_root, session)
            message = _exit_message(ml_root)
            self._publish_metrics(job, ml_root, session)
            _store_outputs(job, s3, ml_root, failed=code != 0)
        except images.UnknownImage as error:
            raise JobFailed(f"ClientError: {error}") from error
        except (ClientError, BotoCoreError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        if code:
            raise JobFailed(f"AlgorithmError: {message or 'See job logs for more information'}, exit code: {code}")
        if message:
            job.state["ExitMessage"] = message

    def _check_image(self, job: Document, session: Mapping[str, str]) -> None:
        image = job.request["AppSpecification"]["ImageUri"]
        refused = self._identity.image_refusal(session["AWS_ACCESS_KEY_ID"], images.repository_arn(image))
        if refused:
            raise JobFailed(f"ClientError: Cannot pull image {image}: {refused}")

    def _execute(self, job: Document, run: _Run, ml_root: Path, session: Mapping[str, str]) -> int:
        """Run the container's process until it ends, is stopped or exceeds its time; the exit status."""
        app = job.request["AppSpecification"]
        variables = images.environment(app, job.request.get("Environment") or {}, ml_root)
        base = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "TMPDIR": str(ml_root.parent),
            "HOME": str(ml_root.parent),
        }
        limit = (job.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86400)
        log_file = ml_root.parent / "log"
        with log_file.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - running the given entrypoint is what a processing job is
                images.command(app, ml_root),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=ml_root.parent,
                env=base | variables | dict(session) | {"PROCESSING_JOB_ARN": job.arn},
            )  # fmt: skip
        run.process = process
        if run.stop.is_set():
            _kill(process)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            run.stop.set()
            job.state["FailureReason"] = f"Job exceeded its MaxRuntimeInSeconds of {limit}"
            _kill(process)
            code = process.wait()
        self._store_log(job, log_file, session)
        return code

    def _store_log(self, job: Document, log_file: Path, session: Mapping[str, str]) -> None:
        """Write the process's output to CloudWatch Logs under the job's role; a job without the right still runs."""
        lines = [line for line in log_file.read_text(errors="replace").splitlines() if line.strip()]
        now = int(self._clock.time() * 1000)
        logs = clients.client("logs", session)
        stream = {"logGroupName": _LOG_GROUP, "logStreamName": f"{job.name}/algo-1-{now // 1000}"}
        try:
            try:
                logs.create_log_stream(**stream)
            except logs.exceptions.ResourceNotFoundException:
                logs.create_log_group(logGroupName=_LOG_GROUP)
                logs.create_log_stream(**stream)
            for start in range(0, len(lines), _LOG_BATCH):
                batch = [{"timestamp": now, "message": line} for line in lines[start : start + _LOG_BATCH]]
                logs.put_log_events(**stream, logEvents=batch)
        except ClientError as error:
            log.warning("the log of job %s could not be stored: %s", job.name, error)

    def _publish_metrics(self, job: Document, ml_root: Path, session: Mapping[str, str]) -> None:
        """Publish what a monitoring job left in /opt/ml/output/metrics/cloudwatch, under the job's role."""
        namespace = _NAMESPACES.get(job.state.get("_MonitoringType", ""))
        if namespace is None:
            return
        metrics = []
        for path in sorted((ml_root / "output/metrics/cloudwatch").glob("*.jsonl")):
            metrics += [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        cloudwatch = clients.client("cloudwatch", session)
        for start in range(0, len(metrics), _METRIC_BATCH):
            try:
                cloudwatch.put_metric_data(Namespace=namespace, MetricData=metrics[start : start + _METRIC_BATCH])
            except (ClientError, BotoCoreError) as error:
                log.warning("metrics of job %s were not published: %s", job.name, error)


def describe(job: Document) -> dict[str, Any]:
    """DescribeProcessingJob's answer, with datetimes."""
    request = {name: value for name, value in job.request.items() if name != "Tags"}
    state = {name: value for name, value in job.state.items() if not name.startswith("_")}
    times = {"CreationTime": job.created, "LastModifiedTime": job.modified}
    return request | {"ProcessingJobArn": job.arn} | times | state


def _lay_out(job: Document, ml_root: Path) -> None:
    for name in ("config", "output/metrics/cloudwatch", "processing"):
        (ml_root / name).mkdir(parents=True)
    config = {name: value for name, value in job.request.items() if name != "Tags"} | {"ProcessingJobArn": job.arn}
    (ml_root / "config/processingjobconfig.json").write_text(json.dumps(config))
    (ml_root / "config/resourceconfig.json").write_text('{"current_host":"algo-1","hosts":["algo-1"]}')
    for output in _outputs(job):
        _inside(ml_root, output["LocalPath"]).mkdir(parents=True, exist_ok=True)


def _outputs(job: Document) -> list[Mapping[str, Any]]:
    config = job.request.get("ProcessingOutputConfig") or {}
    return [output["S3Output"] for output in config.get("Outputs", []) if output.get("S3Output")]


def _inside(ml_root: Path, local_path: str) -> Path:
    if not local_path.startswith("/opt/ml/processing/"):
        raise JobFailed(f"ClientError: the local path {local_path} does not begin with /opt/ml/processing/")
    return ml_root / local_path.removeprefix("/opt/ml/")


def _fetch_inputs(job: Document, s3: Any, ml_root: Path) -> None:
    for item in job.request.get("ProcessingInputs") or []:
        source = item.get("S3Input")
        if source is None:
            raise JobFailed(
                f"ClientError: the input {item['InputName']} has no S3Input; other sources are not supported here"
            )
        if source["S3DataType"] != "S3Prefix":
            raise JobFailed(
                f"ClientError: the input {item['InputName']} is a {source['S3DataType']}; only S3Prefix works here"
            )
        directory = _inside(ml_root, source["LocalPath"])
        directory.mkdir(parents=True, exist_ok=True)
        if not clients.download(s3, source["S3Uri"], directory):
            raise JobFailed(
                "ClientError: Data download failed:Failed to download data. No S3 objects found under S3 URL "
                f'"{source["S3Uri"]}" given in input data source. Please ensure that the bucket exists in the selected '
                'region, that objects exist under that S3 prefix, and that the role has "s3:ListBucket" permissions'
            )


def _store_outputs(job: Document, s3: Any, ml_root: Path, *, failed: bool) -> None:
    for output in _outputs(job):
        # EndOfJob uploads only what a job completed; Continuous has uploaded as the files appeared.
        if not failed or output["S3UploadMode"] == "Continuous":
            clients.upload(s3, _inside(ml_root, output["LocalPath"]), output["S3Uri"])


def _exit_message(ml_root: Path) -> str:
    path = ml_root / "output/message"
    return path.read_bytes()[:_MESSAGE_BYTES].decode(errors="replace").strip() if path.is_file() else ""


def _kill(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGKILL)
