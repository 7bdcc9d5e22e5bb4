"""Training jobs that really run: the scikit-learn container's training contract, in a process under the job's role.

Source: SageMaker developer guide, "How Amazon SageMaker AI provides training information"; sagemaker-training-toolkit's
README for script mode: `sagemaker_program` and `sagemaker_submit_directory` among the hyperparameters name the script,
the others become its arguments, and `SM_…` variables say where everything is.
"""

import io
import json
import logging
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.sagemaker import archives, events, images, listing
from local_aws.sagemaker.errors import in_use, invalid
from local_aws.sagemaker.roles import check_role
from local_aws.sagemaker.store import Document, Scope, Store

log = logging.getLogger("local_aws.training")

KIND = "training-job"
TERMINAL = ("Completed", "Failed", "Stopped")
_REASON_BYTES = 1024
_OWN = ("sagemaker_program", "sagemaker_submit_directory")
Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]


class TrainingFailed(Exception):  # noqa: N818 - the name of what happened
    """A job that ends as Failed, with its FailureReason."""


class TrainingJobs:
    """Runs training jobs, one at a time."""

    def __init__(
        self, clock: VirtualClock, identity: Identity, activity: Activity, store: Store, *, duplicate_events: bool
    ) -> None:
        self._clock, self._identity, self._activity, self._store = clock, identity, activity, store
        self._twice = duplicate_events
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="training-job")
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._stopped: set[str] = set()

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
            "DeleteTrainingJob": self._delete,
        }

    def _create(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        check_role(self._identity, parameters["RoleArn"], headers)
        name, now = parameters["TrainingJobName"], self._clock.now()
        with self._store.lock:
            if self._store.find(scope, KIND, name):
                raise in_use(
                    f"Job name must be unique within an AWS account and region: {scope.arn(KIND, name)} exists"
                )
            job = Document(scope, KIND, name, parameters, now, now)
            job.state.update(TrainingJobStatus="InProgress", SecondaryStatus="Starting")
            self._store.add(job)
        number = self._activity.begin()
        future = self._pool.submit(self._run, job)
        future.add_done_callback(lambda _: self._activity.end(number))
        return {"TrainingJobArn": job.arn}

    def _describe(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        return describe(self._job(scope, parameters))

    def _list(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        names = ("TrainingJobName", "TrainingJobArn", "CreationTime", "LastModifiedTime", "TrainingJobStatus")
        rows = [{name: describe(job)[name] for name in names} for job in self._store.all(scope, KIND)]
        filters = listing.Filters(name="TrainingJobName", status="TrainingJobStatus")
        return listing.page(rows, parameters, "TrainingJobSummaries", filters)

    def _stop(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        job = self._job(scope, parameters)
        if job.state["TrainingJobStatus"] != "InProgress":
            raise invalid(
                f"The request was rejected because the training job is in status {job.state['TrainingJobStatus']}."
            )
        job.state["TrainingJobStatus"] = "Stopping"
        self._stopped.add(job.arn)
        if process := self._processes.get(job.arn):
            process.kill()
        return {}

    def _delete(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        job = self._job(scope, parameters)
        if job.state["TrainingJobStatus"] not in TERMINAL:
            raise in_use(f"Training job {job.arn} is still running.")
        self._store.remove(job)
        return {}

    def _job(self, scope: Scope, parameters: Mapping[str, Any]) -> Document:
        job = self._store.find(scope, KIND, parameters["TrainingJobName"])
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def _run(self, job: Document) -> None:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            directory = Path(tempfile.mkdtemp(prefix=f"training-{job.name}-"))
            session = self._identity.session(job.request["RoleArn"], f"SageMaker-{job.name}")
            try:
                self._announce(job)
                job.state["TrainingStartTime"] = self._clock.now()
                self._perform(job, directory, session)
                outcome = "Completed"
            except TrainingFailed as failed:
                outcome = "Failed"
                job.state["FailureReason"] = str(failed)[:_REASON_BYTES]
            except Exception as error:  # a fault of this emulator must end the job, not hang whoever waits for it
                log.exception("training job %s", job.name)
                outcome = "Failed"
                job.state["FailureReason"] = f"InternalServerError: {error}"
            finally:
                shutil.rmtree(directory, ignore_errors=True)
                seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
                self._processes.pop(job.arn, None)
            if job.arn in self._stopped:
                outcome = "Stopped"
                job.state.pop("FailureReason", None)
            job.state["TrainingEndTime"] = job.modified = self._clock.now()
            job.state.update(TrainingJobStatus=outcome, SecondaryStatus=outcome)
            self._announce(job)

    def _announce(self, job: Document) -> None:
        events.training_job_changed(describe(job), twice=self._twice)

    def _perform(self, job: Document, directory: Path, session: dict[str, str]) -> None:
        ml_root = directory / "ml"
        try:
            self._check_rights(job, session)
            s3 = clients.client("s3", session)
            command, variables = _prepare(job, ml_root, s3)
            status = self._execute(job, command, variables | session, directory, session)
            if status:
                failure = ml_root / "output/failure"
                said = failure.read_text(errors="replace") if failure.is_file() else "See job logs for more information"
                raise TrainingFailed(f"AlgorithmError: {said}, exit code: {status}")
            self._store_model(job, ml_root, s3)
        except (images.UnknownImage, ClientError, BotoCoreError, OSError, tarfile.TarError) as error:
            raise TrainingFailed(f"ClientError: {error}") from error

    def _check_rights(self, job: Document, session: Mapping[str, str]) -> None:
        image = job.request["AlgorithmSpecification"].get("TrainingImage", "")
        if images.repository(image) != images.SKLEARN:
            raise images.UnknownImage(f"nothing here stands for the image {image}; there is {images.SKLEARN}")
        key = session["AWS_ACCESS_KEY_ID"]
        refused = self._identity.image_refusal(key, images.repository_arn(image))
        refused = refused or self._identity.volume_refusal(key, job.request["ResourceConfig"].get("VolumeKmsKeyId"))
        if refused:
            raise TrainingFailed(f"ClientError: {refused}")

    def _execute(
        self,
        job: Document,
        command: list[str],
        variables: Mapping[str, str],
        directory: Path,
        session: Mapping[str, str],
    ) -> int:
        limit = (job.request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 86400)
        base = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(directory), "HOME": str(directory)}
        job.state["SecondaryStatus"] = "Training"
        with (directory / "log").open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - running the given script is what a training job is
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, cwd=directory,
                env=base | dict(variables),
            )  # fmt: skip
        self._processes[job.arn] = process
        timer = threading.Timer(limit, process.kill)
        timer.daemon = True
        timer.start()
        try:
            status = process.wait()
        finally:
            timer.cancel()
        self._store_log(job, (directory / "log").read_text(errors="replace"), session)
        return status

    def _store_log(self, job: Document, text: str, session: Mapping[str, str]) -> None:
        """Write what the script said to CloudWatch Logs under the job's role; a job without the right still runs."""
        group, now = "/aws/sagemaker/TrainingJobs", int(self._clock.time() * 1000)
        stream = {"logGroupName": group, "logStreamName": f"{job.name}/algo-1-{now // 1000}"}
        lines = [{"timestamp": now, "message": line} for line in text.splitlines() if line.strip()]
        logs = clients.client("logs", session)
        try:
            try:
                logs.create_log_stream(**stream)
            except logs.exceptions.ResourceNotFoundException:
                logs.create_log_group(logGroupName=group)
                logs.create_log_stream(**stream)
            for start in range(0, len(lines), 500):
                logs.put_log_events(**stream, logEvents=lines[start : start + 500])
        except ClientError as error:
            log.warning("the log of job %s could not be stored: %s", job.name, error)

    def _store_model(self, job: Document, ml_root: Path, s3: Any) -> None:
        job.state["SecondaryStatus"] = "Uploading"
        output = job.request["OutputDataConfig"]
        key = output.get("KmsKeyId")
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
        root = f"{output['S3OutputPath'].rstrip('/')}/{job.name}/output"
        for folder, name in (("model", "model.tar.gz"), ("output/data", "output.tar.gz")):
            archive = _packed(ml_root / folder)
            if archive is not None:
                bucket, place = clients.split_uri(f"{root}/{name}")
                s3.put_object(Bucket=bucket, Key=place, Body=archive, **encryption)
        job.state["ModelArtifacts"] = {"S3ModelArtifacts": f"{root}/model.tar.gz"}


def describe(job: Document) -> dict[str, Any]:
    """DescribeTrainingJob's answer, with datetimes."""
    request = {name: value for name, value in job.request.items() if name != "Tags"}
    times = {"CreationTime": job.created, "LastModifiedTime": job.modified}
    return request | {"TrainingJobArn": job.arn, "ModelArtifacts": {"S3ModelArtifacts": ""}} | times | job.state


def _prepare(job: Document, ml_root: Path, s3: Any) -> tuple[list[str], dict[str, str]]:
    """Lay out /opt/ml; the command and the variables of the container."""
    for name in ("input/config", "input/data", "code", "model", "output/data"):
        (ml_root / name).mkdir(parents=True)
    given = {name: str(value) for name, value in (job.request.get("HyperParameters") or {}).items()}
    decoded = {name: _decoded(value) for name, value in given.items()}
    channels = {channel["ChannelName"]: channel for channel in job.request.get("InputDataConfig") or []}
    for name, channel in channels.items():
        _fetch(channel, ml_root / "input/data" / name, s3)
    _write(ml_root, "hyperparameters", given)
    _write(ml_root, "inputdataconfig", {name: {"TrainingInputMode": "File"} for name in channels})
    _write(ml_root, "resourceconfig", {"current_host": "algo-1", "hosts": ["algo-1"], "network_interface_name": "eth0"})
    program, source = (str(decoded.get(name, "")) for name in _OWN)
    if not program or not source.startswith("s3://"):
        raise TrainingFailed("ClientError: sagemaker_program and sagemaker_submit_directory are needed for script mode")
    bucket, key = clients.split_uri(source)
    archives.unpack(s3.get_object(Bucket=bucket, Key=key)["Body"].read(), ml_root / "code")
    own = {name: value for name, value in decoded.items() if not name.startswith("sagemaker_")}
    arguments = [word for name, value in own.items() for word in (f"--{name}", str(value))]
    variables = {str(name): str(value) for name, value in (job.request.get("Environment") or {}).items()}
    variables |= {
        "SM_MODEL_DIR": str(ml_root / "model"),
        "SM_INPUT_DIR": str(ml_root / "input"),
        "SM_OUTPUT_DIR": str(ml_root / "output"),
        "SM_OUTPUT_DATA_DIR": str(ml_root / "output/data"),
        "SM_MODULE_DIR": source,
        "SM_CHANNELS": json.dumps(sorted(channels)),
        "SM_HPS": json.dumps(own),
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": '["algo-1"]',
        "SM_NUM_CPUS": str(os.cpu_count() or 1),
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
    }
    variables |= {f"SM_CHANNEL_{name.upper()}": str(ml_root / "input/data" / name) for name in channels}
    return [sys.executable, str(ml_root / "code" / program), *arguments], variables


def _fetch(channel: Mapping[str, Any], folder: Path, s3: Any) -> None:
    source = channel["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise TrainingFailed(f"ClientError: channel {channel['ChannelName']}: only S3Prefix works here")
    uri = source["S3Uri"]
    keys = [key for key in clients.list_keys(s3, uri) if not key.endswith("/")]
    if not keys:
        raise TrainingFailed(f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}"')
    bucket, prefix = clients.split_uri(uri)
    for key in keys:
        name = key.removeprefix(prefix.rstrip("/") + "/") if key != prefix else key.rpartition("/")[2]
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def _write(ml_root: Path, name: str, content: Any) -> None:
    (ml_root / "input/config" / f"{name}.json").write_text(json.dumps(content))


def _decoded(value: str) -> Any:
    """Hyperparameters are JSON for this container; what is none is a text."""
    try:
        return json.loads(value)
    except ValueError:
        return value


def _packed(folder: Path) -> bytes | None:
    """A tar.gz of a folder's content; None if it is empty."""
    if not any(folder.iterdir()):
        return None
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for path in sorted(folder.iterdir()):
            tar.add(path, arcname=path.name)
    return packed.getvalue()
