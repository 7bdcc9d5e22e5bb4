"""Transform jobs that really run: the model's own server answers every line of every input object.

Source: API reference, CreateTransformJob. One output object an input object, `<name>.out` below the output's place;
`SplitType` None or Line, `AssembleWith` None or Line; `DataProcessing.JoinSource` Input joins a CSV's columns in front of
the answer's; `DataCaptureConfig` writes the manifests of input and output, and with `GenerateInferenceId` an id and the
job's start time behind each row. Of JSON Lines the answer stands under `SageMakerOutput` beside an object's members.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.sagemaker import events
from local_aws.sagemaker.endpoints import Endpoints, ModelFailed, Variant
from local_aws.sagemaker.store import Document

log = logging.getLogger("local_aws.transforms")


class TransformFailed(Exception):  # noqa: N818 - the name of what happened
    """A job that ends as Failed, with its FailureReason."""


class TransformJobs:
    """Runs transform jobs, one after the other."""

    def __init__(
        self, clock: VirtualClock, endpoints: Endpoints, activity: Activity, *, duplicate_events: bool
    ) -> None:
        self._clock = clock
        self._endpoints = endpoints
        self._activity = activity
        self._duplicate_events = duplicate_events

    async def run(self, job: Document, model: Document) -> None:
        """Run a job to its end; its state says how it ended."""
        number = self._activity.begin()
        try:
            job.state.update(TransformJobStatus="InProgress", TransformStartTime=self._clock.now())
            await asyncio.to_thread(self._announce, job)
            try:
                await self._perform(job, model)
                job.state["TransformJobStatus"] = "Completed"
            except (TransformFailed, ModelFailed, ClientError, BotoCoreError) as error:
                job.state.update(TransformJobStatus="Failed", FailureReason=f"ClientError: {error}"[:1024])
            except Exception as error:  # a fault of this emulator must end the job, not hang whoever waits for it
                log.exception("transform job %s", job.name)
                job.state.update(TransformJobStatus="Failed", FailureReason=f"InternalServerError: {error}")
            job.state["TransformEndTime"] = job.modified = self._clock.now()
            await asyncio.to_thread(self._announce, job)
        finally:
            self._activity.end(number)

    def _announce(self, job: Document) -> None:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            events.transform_job_changed(describe(job), twice=self._duplicate_events)

    async def _perform(self, job: Document, model: Document) -> None:
        variant = await asyncio.to_thread(self._in_scope, job, lambda: self._endpoints.for_job(job, model))
        try:
            s3 = clients.client("s3", variant.environment)
            found = await asyncio.to_thread(_inputs, job, s3)
            written = []
            for key, name, body in found:
                out = await self._transform(job, variant, body, name)
                written.append((key, f"{name}.out", out))
            await asyncio.to_thread(self._in_scope, job, lambda: self._store(job, s3, written))
        finally:
            variant.stop()

    def _in_scope(self, job: Document, what: Any) -> Any:
        with seams.request_scope(job.scope.account_id, job.scope.region):
            return what()

    async def _transform(self, job: Document, variant: Variant, body: bytes, name: str) -> bytes:
        request, source = job.request, job.request["TransformInput"]
        header = {"content_type": source.get("ContentType", ""), "accept": request["TransformOutput"].get("Accept")}
        by_line = source.get("SplitType", "None") == "Line"
        parts = [line for line in body.splitlines() if line.strip()] if by_line else [body]
        server = await variant.ready()
        answers = []
        for part in parts:
            said, answer = await server.invoke(header, part)
            if said["status"] != 200:
                raise TransformFailed(f"{name}: {answer.decode(errors='replace')}: see job logs for more information")
            answers.append(answer.strip(b"\n"))
        joined = (request.get("DataProcessing") or {}).get("JoinSource") == "Input"
        if joined and by_line:
            answers = [
                _joined(line, answer, source.get("ContentType", ""))
                for line, answer in zip(parts, answers, strict=True)
            ]
        elif joined:
            raise TransformFailed("JoinSource Input is supported here with SplitType Line only")
        if (request.get("DataCaptureConfig") or {}).get("GenerateInferenceId"):
            start = f"{job.state['TransformStartTime']:%Y-%m-%dT%H:%M:%SZ}"
            answers = [_identified(answer, start) for answer in answers]
        ends = request["TransformOutput"].get("AssembleWith", "None") == "Line"
        return (b"\n" if ends else b"").join(answers) + (b"\n" if ends else b"")

    def _store(self, job: Document, s3: Any, written: list[tuple[str, str, bytes]]) -> None:
        target = job.request["TransformOutput"]
        bucket, prefix = clients.split_uri(target["S3OutputPath"].rstrip("/") + "/")
        options = (
            {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": target["KmsKeyId"]} if target.get("KmsKeyId") else {}
        )
        for _, name, body in written:
            s3.put_object(Bucket=bucket, Key=f"{prefix}{name}", Body=body, **options)
        capture = job.request.get("DataCaptureConfig")
        if capture:
            inputs = clients.split_uri(job.request["TransformInput"]["DataSource"]["S3DataSource"]["S3Uri"])[0]
            sides = {
                "input": [{"prefix": f"s3://{inputs}/"}, *(key for key, _, _ in written)],
                "output": [{"prefix": f"s3://{bucket}/{prefix}"}, *(name for _, name, _ in written)],
            }
            for side, manifest in sides.items():
                self._manifest(s3, capture["DestinationS3Uri"], side, job.state["TransformStartTime"], manifest)

    @staticmethod
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


def _joined(line: bytes, answer: bytes, content_type: str) -> bytes:
    if "json" not in content_type:
        return line.strip() + b"," + answer
    given, said = json.loads(line), json.loads(answer)
    if isinstance(given, dict):
        return json.dumps({**given, "SageMakerOutput": said}).encode()
    return json.dumps({"SageMakerInput": given, "SageMakerOutput": said}).encode()


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
