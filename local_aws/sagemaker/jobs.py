"""Processing jobs that really run: inputs from S3, processes under the job's role, outputs to S3, metrics, an event."""

import logging
import queue
import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.sagemaker import events, images
from local_aws.sagemaker.container import MESSAGE_BYTES, Instance
from local_aws.sagemaker.inputs import InputFailed, Share
from local_aws.sagemaker.job_log import store_log
from local_aws.sagemaker.store import Document

log = logging.getLogger("local_aws.jobs")

_AT_ONCE = 2
_LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
_METRIC_BATCH = 500
# Where AWS's own monitors publish, by monitoring type.
_NAMESPACES = {
    "DataQuality": "aws/sagemaker/Endpoints/data-metrics",
    "ModelQuality": "aws/sagemaker/Endpoints/model-metrics",
    "ModelBias": "aws/sagemaker/Endpoints/bias-metrics",
    "ModelExplainability": "aws/sagemaker/Endpoints/explainability-metrics",
}
# Of schedules that watch transform jobs (developer guide, "CloudWatch metrics for batch transform jobs").
_OF_BATCHES = {kind: place.replace("/Endpoints/", "/ModelMonitoring/") for kind, place in _NAMESPACES.items()}
TERMINAL = ("Completed", "Failed", "Stopped")


class JobFailed(Exception):  # noqa: N818 - the name of what happened
    """A job that ends as Failed, with its FailureReason."""


@dataclass
class _Run:
    """A job under way."""

    stop: threading.Event = field(default_factory=threading.Event)
    instances: list[Instance] = field(default_factory=list)

    def kill(self) -> None:
        """Kill the processes of all instances."""
        for instance in self.instances:
            instance.kill()


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
        run.kill()

    def _run(self, job: Document, run: _Run) -> None:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            directory = Path(tempfile.mkdtemp(prefix=f"job-{job.name}-"))
            session = self._identity.session(job.request["RoleArn"], f"SageMaker-{job.name}")
            try:
                self._announce(job)
                job.state["ProcessingStartTime"] = self._clock.now()
                self._perform(job, run, directory, session)
                outcome = "Stopped" if run.stop.is_set() else "Completed"
            except JobFailed as failed:
                outcome = "Stopped" if run.stop.is_set() else "Failed"
                if outcome == "Failed":
                    job.state["FailureReason"] = str(failed)[:MESSAGE_BYTES]
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
            if "FailureReason" in job.state:
                log.warning("processing job %s: %s", job.name, job.state["FailureReason"])
            self._announce(job)

    def _announce(self, job: Document) -> None:
        events.processing_job_changed(describe(job), twice=self._duplicate_events)

    def _perform(self, job: Document, run: _Run, directory: Path, session: dict[str, str]) -> None:
        count = job.request["ProcessingResources"]["ClusterConfig"]["InstanceCount"]
        shares = [Share(index, count) for index in range(count)]
        instances = [Instance(job, share, directory / f"algo-{share.index + 1}" / "ml") for share in shares]
        try:
            s3 = clients.client("s3", session)
            self._check_rights(job, session)
            for instance in instances:
                instance.prepare(s3)
            code, speaker = self._execute(job, run, instances, session)
            self._publish_metrics(job, instances, session)
            for instance in instances:
                instance.store_outputs(s3, failed=code != 0)
        except (images.UnknownImage, InputFailed, ClientError, BotoCoreError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        message = speaker.message()
        if code:
            raise JobFailed(f"AlgorithmError: {message or 'See job logs for more information'}, exit code: {code}")
        if message:
            job.state["ExitMessage"] = message

    def _check_rights(self, job: Document, session: Mapping[str, str]) -> None:
        image = job.request["AppSpecification"]["ImageUri"]
        refused = self._identity.image_refusal(session["AWS_ACCESS_KEY_ID"], images.repository_arn(image))
        if refused:
            raise JobFailed(f"ClientError: Cannot pull image {image}: {refused}")
        key = job.request["ProcessingResources"]["ClusterConfig"].get("VolumeKmsKeyId")
        refused = self._identity.volume_refusal(session["AWS_ACCESS_KEY_ID"], key)
        if refused:
            raise JobFailed(f"ClientError: The volumes cannot be encrypted: {refused}")

    def _execute(
        self, job: Document, run: _Run, instances: list[Instance], session: Mapping[str, str]
    ) -> tuple[int, Instance]:
        """Run the processes until all have ended, one has failed, or their time is over.

        Returns the exit status and the instance that speaks for the job: the first that failed, or else the first.
        """
        limit = (job.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86400)
        ended: queue.SimpleQueue[tuple[int, Instance]] = queue.SimpleQueue()
        run.instances = instances
        for instance in instances:
            process = instance.start(session)
            threading.Thread(target=lambda i=instance, p=process: ended.put((p.wait(), i)), daemon=True).start()
        if run.stop.is_set():
            run.kill()
        deadline = time.monotonic() + limit
        failed: tuple[int, Instance] | None = None
        for _ in instances:
            try:
                code, instance = ended.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                run.stop.set()
                job.state["FailureReason"] = f"Job exceeded its MaxRuntimeInSeconds of {limit}"
                run.kill()
                code, instance = ended.get()
            if code and failed is None:
                failed = (code, instance)
                run.kill()  # a job has failed when one of its containers has
        self._store_logs(job, instances, session)
        return failed or (0, instances[0])

    def _store_logs(self, job: Document, instances: list[Instance], session: Mapping[str, str]) -> None:
        now = int(self._clock.time() * 1000)
        logs = clients.client("logs", session)
        for instance in instances:
            stream = f"{job.name}/{instance.host}-{now // 1000}"
            store_log(logs, _LOG_GROUP, stream, instance.log.read_text(errors="replace"), now)

    def _publish_metrics(self, job: Document, instances: list[Instance], session: Mapping[str, str]) -> None:
        """Publish what a monitoring job left in /opt/ml/output/metrics/cloudwatch, under the job's role."""
        places = _OF_BATCHES if job.state.get("_WatchesBatches") else _NAMESPACES
        namespace = places.get(job.state.get("_MonitoringType", ""))
        if not namespace:  # no monitoring job of AWS's own
            return
        metrics = [entry for instance in instances for entry in instance.metrics()]
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
