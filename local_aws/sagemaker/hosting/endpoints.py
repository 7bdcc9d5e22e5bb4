"""Endpoints that answer: a model server process per variant, from the deployed tarball, under the model's role.

Longer than 400 lines: the operations on an endpoint and its server processes share one state.
"""

import asyncio
import contextlib
import json
import logging
import os
import shutil
import struct
import sys
import tempfile
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local_aws import clients, seams
from local_aws.clock import VirtualClock
from local_aws.identity import Identity
from local_aws.sagemaker import archives, images
from local_aws.sagemaker.hosting.capture import Capture, CaptureRule, Exchange
from local_aws.sagemaker.hosting.rollouts import Rollout
from local_aws.sagemaker.hosting.script_install import install_problem
from local_aws.sagemaker.store import Document

log = logging.getLogger("local_aws.endpoints")

_WORKER = Path(__file__).with_name("model_worker.py")
_LOAD_LIMIT_SECONDS = 60.0
_INVOCATION_LIMIT_SECONDS = 60.0  # a container must answer within this, by the API reference of InvokeEndpoint
_FRAME = struct.Struct(">II")


class ModelFailed(Exception):  # noqa: N818 - the name of what happened
    """A container that could not be started, died, or did not answer in time; the message is its reason."""


@dataclass
class ModelServer:
    """One model server process. Requests are pipelined: answers come in the order of the requests."""

    process: asyncio.subprocess.Process
    pending: "deque[asyncio.Future[tuple[dict[str, Any], bytes]]]" = field(default_factory=deque)
    reader: "asyncio.Task[None] | None" = None

    @classmethod
    async def start(cls, model_dir: Path, environment: Mapping[str, str], log_file: Path) -> "ModelServer":
        """Start a process and wait until it has loaded the model; ModelFailed with its reason if it cannot."""
        with log_file.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-u", str(_WORKER), str(model_dir),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=output,
                env=dict(environment), cwd=model_dir,
            )  # fmt: skip
        server = cls(process)
        try:
            header, body = await asyncio.wait_for(server._read(), _LOAD_LIMIT_SECONDS)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            server.stop()
            raise ModelFailed("the container exited or did not answer its health check") from error
        if header["status"] != 200:
            server.stop()
            raise ModelFailed(body.decode(errors="replace"))
        server.reader = asyncio.create_task(server._deliver())
        return server

    @property
    def alive(self) -> bool:
        """Whether the process can take requests."""
        return self.process.returncode is None and self.reader is not None and not self.reader.done()

    async def invoke(self, header: Mapping[str, Any], body: bytes) -> tuple[dict[str, Any], bytes]:
        """Header and body of the container's answer; ModelFailed if it dies or is too slow."""
        answer: asyncio.Future[tuple[dict[str, Any], bytes]] = asyncio.get_running_loop().create_future()
        self.pending.append(answer)
        encoded = json.dumps(header).encode()
        assert self.process.stdin is not None  # noqa: S101 - for the type checker: it was made with a pipe
        self.process.stdin.write(_FRAME.pack(len(encoded), len(body)) + encoded + body)
        try:
            return await asyncio.wait_for(answer, _INVOCATION_LIMIT_SECONDS)
        except TimeoutError as error:
            self.stop()
            raise ModelFailed(
                "Your invocation timed out while waiting for a response from container primary."
            ) from error

    def stop(self) -> None:
        """Kill the process."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def _read(self) -> tuple[dict[str, Any], bytes]:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker: it was made with a pipe
        header_length, body_length = _FRAME.unpack(await self.process.stdout.readexactly(_FRAME.size))
        header = json.loads(await self.process.stdout.readexactly(header_length))
        return header, await self.process.stdout.readexactly(body_length)

    async def _deliver(self) -> None:
        try:
            while True:
                answer = await self._read()
                waiting = self.pending.popleft()
                if not waiting.done():
                    waiting.set_result(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            while self.pending:
                waiting = self.pending.popleft()
                if not waiting.done():
                    waiting.set_exception(ModelFailed("the container died while it answered"))


@dataclass
class Variant:
    """A production variant: the model behind it, and its process."""

    name: str
    weight: float
    model: Document
    directory: Path
    environment: dict[str, str]
    server: ModelServer | None = None
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    credit: float = 0.0
    stopped: bool = False

    async def ready(self) -> ModelServer:
        """The variant's server, a fresh one if the last died; ModelFailed once the variant is stopped."""
        async with self.starting:
            if self.stopped:
                raise ModelFailed("the container was stopped")
            if self.server is None or not self.server.alive:
                self.server = await ModelServer.start(
                    self.directory / "model", self.environment, self.directory / "log"
                )
            return self.server

    def stop(self) -> None:
        """Kill the server and remove its files."""
        self.stopped = True
        if self.server:
            self.server.stop()
        seams.close_role_session(self.environment.get("AWS_ACCESS_KEY_ID", ""))
        shutil.rmtree(self.directory, ignore_errors=True)


@dataclass
class Deployment:
    """What an endpoint runs."""

    config: Document
    variants: list[Variant]
    rule: CaptureRule | None

    def choose(self) -> Variant:
        """The next variant by weight (smooth weighted round robin: the same order on every run)."""
        for variant in self.variants:
            variant.credit += variant.weight
        chosen = max(self.variants, key=lambda variant: variant.credit)
        chosen.credit -= sum(variant.weight for variant in self.variants)
        return chosen

    def stop(self) -> None:
        """Stop all variants."""
        for variant in self.variants:
            variant.stop()


@dataclass
class Invocation:
    """What InvokeEndpoint answers: status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Endpoints:
    """Deploys endpoints and invokes them."""

    def __init__(self, clock: VirtualClock, identity: Identity, capture: Capture) -> None:
        self._clock = clock
        self._identity = identity
        self._capture = capture
        self._running: dict[str, Deployment] = {}
        self._counts: dict[tuple[str, str, str, str], list[float]] = {}
        self._rollouts: dict[str, tuple[Rollout, Deployment]] = {}

    async def deploy(
        self,
        endpoint: Document,
        config: Document,
        models: Mapping[str, Document],
        how: Mapping[str, Any] | None = None,
    ) -> None:
        """Bring an endpoint to a configuration; on failure what ran before keeps running.

        With a DeploymentConfig the traffic shifts to the new fleet as it says, and back if one of its alarms rings.
        """
        before = self._running.get(endpoint.arn)
        variants: list[Variant] = []
        try:
            for wanted in config.request["ProductionVariants"]:
                model = models[wanted["ModelName"]]
                key = config.request.get("KmsKeyId")
                variant = await asyncio.to_thread(self._prepare, endpoint, wanted, model, key)
                variants.append(variant)
                await variant.ready()
        except Exception as error:
            for variant in variants:
                variant.stop()
            reason = f"The primary container did not start: {error}. Please check CloudWatch logs for this endpoint."
            log.warning("endpoint %s: %s", endpoint.name, reason)
            endpoint.state.update(EndpointStatus="InService" if before else "Failed", FailureReason=reason)
            endpoint.modified = self._clock.now()
            return
        if endpoint.state["EndpointStatus"] == "Deleting":
            for variant in variants:
                variant.stop()
            return
        rule = CaptureRule.read(config.request.get("DataCaptureConfig"))
        deployment = Deployment(config, variants, rule)
        if before and how:
            rollout = Rollout.of(endpoint, config, how, self._clock.now())
            endpoint.state["PendingDeploymentSummary"] = {"EndpointConfigName": config.name}
            self._rollouts[endpoint.arn] = (rollout, deployment)
            return
        self._complete(endpoint, deployment)

    def next_due(self) -> datetime | None:
        """When the next shift of traffic, or the end of a baking time, is due."""
        return min((rollout.due for rollout, _ in self._rollouts.values()), default=None)

    def advance_rollouts(self) -> None:
        """Shift traffic where a baking time is over, and go back where an alarm rings."""
        for arn, (rollout, deployment) in list(self._rollouts.items()):
            if rollout.is_alarmed():
                del self._rollouts[arn]
                deployment.stop()
                rollout.endpoint.state.update(EndpointStatus="InService", FailureReason=rollout.reason)
                rollout.endpoint.state.pop("PendingDeploymentSummary", None)
                rollout.endpoint.modified = self._clock.now()
            elif rollout.due <= self._clock.now() and rollout.step():
                del self._rollouts[arn]
                self._complete(rollout.endpoint, deployment)

    def _complete(self, endpoint: Document, deployment: Deployment) -> None:
        before = self._running.get(endpoint.arn)
        self._running[endpoint.arn] = deployment
        endpoint.state.update(EndpointStatus="InService", EndpointConfigName=deployment.config.name)
        endpoint.state.pop("PendingDeploymentSummary", None)
        endpoint.state.pop("FailureReason", None)
        endpoint.modified = self._clock.now()
        if before:
            before.stop()

    def delete(self, endpoint: Document) -> None:
        """Stop an endpoint; `finish_capture` is to follow, in a thread."""
        endpoint.state["EndpointStatus"] = "Deleting"
        deployment = self._running.pop(endpoint.arn, None)
        if deployment:
            deployment.stop()
        _, coming = self._rollouts.pop(endpoint.arn, (None, None))
        if coming:
            coming.stop()

    def finish_capture(self, endpoint: Document) -> None:
        """Write what was captured of an endpoint that was deleted: its role and bucket may go next."""
        self._capture.finish(endpoint.name)

    async def invoke(self, endpoint: Document, headers: Mapping[str, str], body: bytes) -> Invocation:
        """Answer one InvokeEndpoint and capture it."""
        deployment = self._running.get(endpoint.arn)
        if deployment is None:
            return error(
                "ValidationError", f"Endpoint {endpoint.name} of account {endpoint.scope.account_id} not found."
            )
        if endpoint.arn in self._rollouts and self._rollouts[endpoint.arn][0].takes_request():
            deployment = self._rollouts[endpoint.arn][1]
        target = headers.get("x-amzn-sagemaker-target-variant")
        if target:
            found = [variant for variant in deployment.variants if variant.name == target]
            if not found:
                return error("ValidationError", f"Variant {target} of endpoint {endpoint.name} not found.")
            variant = found[0]
        else:
            variant = deployment.choose()
        started = self._clock.time()
        request = {"content_type": headers.get("content-type", ""), "accept": headers.get("accept")}
        try:
            server = await variant.ready()
            header, answer = await server.invoke(request, body)
        except ModelFailed as failed:
            if variant.stopped and endpoint.arn in self._running:
                # An update came between. AWS lets the old one answer; here the new one does.
                return await self.invoke(endpoint, headers, body)
            header, answer = {"status": 500, "content_type": "text/plain"}, str(failed).encode()
        self._count(endpoint, variant, header["status"], (self._clock.time() - started) * 1e6)
        if header["status"] != 200:
            return model_error(endpoint, header["status"], answer)
        if deployment.rule:
            exchange = Exchange(
                body, request["content_type"] or "application/octet-stream", answer, header["content_type"],
                headers.get("x-amzn-sagemaker-inference-id"), headers.get("x-amzn-sagemaker-custom-attributes"),
            )  # fmt: skip
            place = f"{endpoint.name}/{variant.name}"
            writer = self._writer(variant, (deployment.config.request.get("DataCaptureConfig") or {}).get("KmsKeyId"))
            self._capture.record(deployment.rule, place, exchange, self._clock.now(), writer)
        answered = {"Content-Type": header["content_type"], "x-Amzn-Invoked-Production-Variant": variant.name}
        return Invocation(200, answered, answer)

    def publish_metrics(self) -> None:
        """Publish AWS/SageMaker's invocation metrics of the time since the last call."""
        counts, self._counts = self._counts, {}
        for (account, region, endpoint, variant), (calls, failures, latency, low, high) in counts.items():
            dimensions = {"EndpointName": endpoint, "VariantName": variant}
            with seams.request_scope(account, region):
                for name, total in (("Invocations", calls), ("Invocation5XXErrors", failures)):
                    statistics = {
                        "SampleCount": calls,
                        "Sum": total,
                        "Minimum": min(1, total),
                        "Maximum": min(1, total),
                    }
                    seams.record_metric("AWS/SageMaker", name, dimensions, "None", statistics)
                statistics = {"SampleCount": calls, "Sum": latency, "Minimum": low, "Maximum": high}
                seams.record_metric("AWS/SageMaker", "ModelLatency", dimensions, "Microseconds", statistics)

    def _count(self, endpoint: Document, variant: Variant, status: int, latency: float) -> None:
        key = (endpoint.scope.account_id, endpoint.scope.region, endpoint.name, variant.name)
        counts = self._counts.setdefault(key, [0.0, 0.0, 0.0, latency, latency])
        counts[0] += 1
        counts[1] += status != 200
        counts[2] += latency
        counts[3], counts[4] = min(counts[3], latency), max(counts[4], latency)

    def for_job(self, job: Document, model: Document) -> Variant:
        """A model's server for the time of a job, which its user stops."""
        return self._prepare(job, {"VariantName": "transform"}, model, None)

    def _prepare(
        self, endpoint: Document, wanted: Mapping[str, Any], model: Document, volume_key: str | None
    ) -> Variant:
        """Fetch and unpack a variant's tarball under the model's role."""
        role = model.request["ExecutionRoleArn"]
        container = model.request.get("PrimaryContainer") or model.request["Containers"][0]
        if images.repository(container.get("Image", "")) != images.SKLEARN:
            raise ModelFailed(f"nothing here stands for the image {container.get('Image')}; there is {images.SKLEARN}")
        session = self._identity.session(role, f"SageMaker-{endpoint.name}")
        refused = self._identity.image_refusal(session["AWS_ACCESS_KEY_ID"], images.repository_arn(container["Image"]))
        if refused:
            raise ModelFailed(f"the image {container['Image']} cannot be pulled: {refused}")
        refused = self._identity.volume_refusal(session["AWS_ACCESS_KEY_ID"], volume_key)
        if refused:
            raise ModelFailed(f"the volume cannot be encrypted: {refused}")
        directory = Path(tempfile.mkdtemp(prefix=f"endpoint-{endpoint.name}-"))
        model_dir = directory / "model"
        model_dir.mkdir()
        if container.get("ModelDataUrl"):
            bucket, key = clients.split_uri(container["ModelDataUrl"])
            archive = clients.client("s3", session).get_object(Bucket=bucket, Key=key)["Body"].read()
            archives.unpack(archive, model_dir)
        variables = {
            name: value.replace("/opt/ml/model", str(model_dir))
            for name, value in (container.get("Environment") or {}).items()
        }
        script = Path(variables.get("SAGEMAKER_SUBMIT_DIRECTORY", ""))
        isolated = bool(model.request.get("EnableNetworkIsolation"))
        if problem := install_problem(container["Image"], variables, script, isolated=isolated):
            raise ModelFailed(problem)
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TMPDIR": str(directory)} | variables | session
        weight = float(wanted.get("InitialVariantWeight", 1.0))
        return Variant(wanted["VariantName"], weight, model, directory, environment)

    def _writer(self, variant: Variant, key: str | None) -> Any:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key} if key else {}

        def put(session: Mapping[str, str], uri: str, content: bytes) -> None:
            bucket, name = clients.split_uri(uri)
            clients.client("s3", session).put_object(
                Bucket=bucket, Key=name, Body=content, ContentType="application/jsonl", **encryption
            )

        def write(uri: str, content: bytes) -> None:
            try:
                put(variant.environment, uri, content)
            except ClientError:
                if not variant.stopped:
                    raise
                # An update or a deletion has closed the variant's session: what it had captured is still its role's.
                scope = variant.model.scope
                with seams.request_scope(scope.account_id, scope.region):
                    session = self._identity.session(variant.model.request["ExecutionRoleArn"], "SageMaker-capture")
                try:
                    put(session, uri, content)
                finally:
                    seams.close_role_session(session["AWS_ACCESS_KEY_ID"])

        return write


def error(code: str, message: str, status: int = 400) -> Invocation:
    """An error of the rest-json protocol."""
    body = json.dumps({"message": message, "Message": message}).encode()
    return Invocation(status, {"Content-Type": "application/json", "x-amzn-errortype": code}, body)


def model_error(endpoint: Document, status: int, answer: bytes) -> Invocation:
    """ModelError: the container answered something else than success, or died."""
    scope = endpoint.scope
    text = answer.decode(errors="replace")
    group = f"/aws/sagemaker/Endpoints/{endpoint.name}"
    message = (
        f'Received server error ({status}) from primary with message "{text}". See https://{scope.region}.console.aws.'
        f"amazon.com/cloudwatch/home?region={scope.region}#logEventViewer:group={group} in account {scope.account_id} "
        "for more information."
    )
    document = {
        "Message": message,
        "OriginalMessage": text,
        "OriginalStatusCode": status,
        "LogStreamArn": f"arn:aws:logs:{scope.region}:{scope.account_id}:log-group:{group}",
    }
    headers = {"Content-Type": "application/json", "x-amzn-errortype": "ModelError"}
    return Invocation(424, headers, json.dumps(document).encode())
