"""Transform jobs that really run: the model's own server answers every line of every input object.

Source: API reference, CreateTransformJob. One output object an input object, `<name>.out` below the output's place;
`SplitType` None or Line, `AssembleWith` None or Line. What `DataProcessing` says is in `data_processing`.
`DataCaptureConfig` writes the manifests of input and output, and with `GenerateInferenceId` an id and the job's start
time behind each row. All is read and written under the model's role.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.sagemaker import events, listing
from local_aws.sagemaker.data_processing import FilterFailed, filtered, joined
from local_aws.sagemaker.errors import in_use, invalid
from local_aws.sagemaker.hosting.endpoints import Endpoints, ModelFailed, Variant
from local_aws.sagemaker.store import Document, Scope, Store

log = logging.getLogger("local_aws.transforms")

KIND = "transform-job"
_REASON_BYTES = 1024
Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]


class TransformFailed(Exception):  # noqa: N818 - the name of what happened
    """A job that ends as Failed, with its FailureReason."""


class TransformJobs:
    """Runs transform jobs, one at a time."""

    def __init__(
        self, clock: VirtualClock, endpoints: Endpoints, activity: Activity, store: Store, *, duplicate_events: bool
    ) -> None:
        self._clock, self._endpoints, self._activity, self._store = clock, endpoints, activity, store
        self._twice = duplicate_events
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="transform-job")

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreateTransformJob": self._create,
            "DescribeTransformJob": lambda scope, parameters, _: describe(self._job(scope, parameters)),
            "ListTransformJobs": self._list,
        }

    def _create(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        name, now = parameters["TransformJobName"], self._clock.now()
        model = self._store.find(scope, "model", parameters["ModelName"])
        if model is None:
            raise invalid(f"Could not find model {scope.arn('model', parameters['ModelName'])}.")
        with self._store.lock:
            if self._store.find(scope, KIND, name):
                raise in_use(
                    f"Job name must be unique within an AWS account and region: {scope.arn(KIND, name)} exists"
                )
            job = Document(scope, KIND, name, parameters, now, now)
            job.state.update(TransformJobStatus="InProgress")
            self._store.add(job)
        number = self._activity.begin()
        future = self._pool.submit(self._run, job, model)
        future.add_done_callback(lambda _: self._activity.end(number))
        return {"TransformJobArn": job.arn}

    def _list(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        names = ("TransformJobName", "TransformJobArn", "TransformEndTime", "TransformJobStatus", "FailureReason")
        rows = []
        for job in self._store.all(scope, KIND):
            told = describe(job)
            summary = {name: told[name] for name in names if name in told}
            rows.append(summary | {"CreationTime": job.created, "LastModifiedTime": job.modified})
        filters = listing.Filters(name="TransformJobName", status="TransformJobStatus")
        return listing.page(rows, parameters, "TransformJobSummaries", filters)

    def _job(self, scope: Scope, parameters: Mapping[str, Any]) -> Document:
        job = self._store.find(scope, KIND, parameters["TransformJobName"])
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def _run(self, job: Document, model: Document) -> None:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            job.state["TransformStartTime"] = self._clock.now()
            self._announce(job)
            try:
                asyncio.run(self._perform(job, model))
                outcome = "Completed"
            except (TransformFailed, FilterFailed, ModelFailed, ClientError, BotoCoreError) as error:
                outcome = "Failed"
                job.state["FailureReason"] = f"ClientError: {error}"[:_REASON_BYTES]
            except Exception as error:  # a fault of this emulator must end the job, not hang whoever waits for it
                log.exception("transform job %s", job.name)
                outcome = "Failed"
                job.state["FailureReason"] = f"InternalServerError: {error}"
            if "FailureReason" in job.state:
                log.warning("transform job %s: %s", job.name, job.state["FailureReason"])
            job.state["TransformEndTime"] = job.modified = self._clock.now()
            job.state["TransformJobStatus"] = outcome
            self._announce(job)

    def _announce(self, job: Document) -> None:
        events.transform_job_changed(describe(job), twice=self._twice)

    async def _perform(self, job: Document, model: Document) -> None:
        variant = self._endpoints.for_job(job, model)
        try:
            s3 = clients.client("s3", variant.environment)
            written = [
                (key, f"{name}.out", await _transform(job, variant, body, name)) for key, name, body in _inputs(job, s3)
            ]
            _store(job, s3, written)
        finally:
            variant.stop()
            if variant.server:  # this loop, which would hear of its end, goes
                await variant.server.process.wait()


async def _transform(job: Document, variant: Variant, body: bytes, name: str) -> bytes:
    """What becomes of one input object."""
    request, source = job.request, job.request["TransformInput"]
    header = {"content_type": source.get("ContentType", ""), "accept": request["TransformOutput"].get("Accept")}
    by_line = source.get("SplitType", "None") == "Line"
    parts = [line for line in body.splitlines() if line.strip()] if by_line else [body]
    server = await variant.ready()
    processing = request.get("DataProcessing") or {}
    kind = source.get("ContentType", "")
    answers = []
    for part in parts:
        said, answer = await server.invoke(header, filtered(part, kind, processing.get("InputFilter")))
        if said["status"] != 200:
            raise TransformFailed(f"{name}: {answer.decode(errors='replace')}: see job logs for more information")
        answers.append(answer.strip(b"\n"))
    if processing.get("JoinSource") == "Input":
        if not by_line:
            raise TransformFailed("JoinSource Input is supported here with SplitType Line only")
        answers = [joined(line, answer, kind) for line, answer in zip(parts, answers, strict=True)]
    written = kind if processing.get("JoinSource") == "Input" else header["accept"] or kind
    answers = [filtered(answer, written, processing.get("OutputFilter")) for answer in answers]
    if (request.get("DataCaptureConfig") or {}).get("GenerateInferenceId"):
        start = f"{job.state['TransformStartTime']:%Y-%m-%dT%H:%M:%SZ}"
        answers = [_identified(answer, start) for answer in answers]
    end = b"\n" if request["TransformOutput"].get("AssembleWith", "None") == "Line" else b""
    return end.join(answers) + end


def _store(job: Document, s3: Any, written: list[tuple[str, str, bytes]]) -> None:
    target = job.request["TransformOutput"]
    bucket, prefix = clients.split_uri(target["S3OutputPath"].rstrip("/") + "/")
    key = target.get("KmsKeyId")
    options = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}
    for _, name, body in written:
        s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=body, **options)
    capture = job.request.get("DataCaptureConfig")
    if capture:
        inputs = clients.split_uri(job.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])[0]
        sides: dict[str, list[Any]] = {
            "input": [{"prefix": f"s3://{inputs}/"}, *(found for found, _, _ in written)],
            "output": [{"prefix": f"s3://{bucket}/{prefix}"}, *(name for _, name, _ in written)],
        }
        for side, manifest in sides.items():
            _manifest(s3, capture["DestinationS3Uri"], side, job.state["TransformStartTime"], manifest)


def _manifest(s3: Any, destination: str, side: str, moment: datetime, manifest: list[Any]) -> None:
    bucket, prefix = clients.split_uri(destination.rstrip("/") + "/")
    key = f"{prefix}{side}/{moment:%Y/%m/%d/%H}/{uuid.uuid4()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(manifest).encode())


def _inputs(job: Document, s3: Any) -> list[tuple[str, str, bytes]]:
    """Key, name below the input's prefix, and content of every input object."""
    source = job.request["TransformInput"]["DataSource"]["S3DataSource"]
    if source["S3DataType"] != "S3Prefix":
        raise TransformFailed("S3DataType ManifestFile is not supported here")
    bucket, prefix = clients.split_uri(source["S3Uri"])
    keys = [key for key in clients.list_keys(s3, source["S3Uri"]) if not key.endswith("/")]
    if not keys:
        raise TransformFailed(f"No S3 objects found under S3 URL {source['S3Uri']!r}")
    return [
        (
            key,
            key.removeprefix(prefix).lstrip("/") or key.rpartition("/")[2],
            s3.get_object(Bucket=bucket, Key=key)["Body"].read(),
        )
        for key in keys
    ]


def _identified(answer: bytes, start: str) -> bytes:
    identifier = str(uuid.uuid4())
    if not answer.lstrip().startswith(b"{"):
        return answer + f",{identifier},{start}".encode()
    found: Mapping[str, Any] = json.loads(answer)
    return json.dumps({**found, "SageMakerInferenceId": identifier, "SageMakerInferenceTime": start}).encode()


def describe(job: Document) -> dict[str, Any]:
    """DescribeTransformJob's answer, with datetimes."""
    request = {name: value for name, value in job.request.items() if name != "Tags"}
    return request | {"TransformJobArn": job.arn, "CreationTime": job.created} | dict(job.state)
