"""The plugin as Pulumi runs it: a process of its own, spoken to over gRPC, with a mocked engine on the other side."""

import asyncio
import os
import selectors
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import rpc
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc
from pulumi.runtime.proto import resource_pb2 as monitor_pb2
from pulumi.runtime.proto import resource_pb2_grpc as monitor_pb2_grpc

from tests.components.mocked_runtime import Registration, plain
from tests.components.mocked_runtime import _Answers as Answers
from tests.components.mocked_runtime import _Recorder as Recorder

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
CALL_SECONDS = 60.0
MESSAGES = (
    "GetDeploymentInfo",
    "Invoke",
    "RegisterResource",
    "RegisterResourceOutputs",
    "RegisterPackage",
    "ReadResource",
)
STACK, PROGRAM = "test", "elsewhere"


class _Monitor(Recorder):
    """The recorder outside of a Pulumi program: with stack and project of its own."""

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        chain = f"{parent.split('::')[2].rpartition('$')[2]}$" if parent else ""
        return f"urn:pulumi:{STACK}::{PROGRAM}::{chain}{type_}::{name}"


class _MonitorService(monitor_pb2_grpc.ResourceMonitorServicer):
    """Hands each request on to the recorder."""

    def __init__(self, monitor: _Monitor) -> None:
        for message in MESSAGES:
            setattr(self, message, self._handler(getattr(monitor, message)))

    @staticmethod
    def _handler(method: Any) -> Any:
        return lambda request, _context: method(request)

    def SupportsFeature(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol names it
        return monitor_pb2.SupportsFeatureResponse(hasSupport=request.id != "outputValues")


class _Engine(engine_pb2_grpc.EngineServicer):
    """Keeps what is logged."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self._root = ""

    def Log(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol names it
        self.log.append(request.message)
        return empty_pb2.Empty()

    def GetRootResource(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol names it
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol names it
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()


@dataclass
class Built:
    """What a component registered when the plugin built it."""

    resources: list[Registration]
    state: dict[str, Any]


class Plugin:
    """A running plugin."""

    def __init__(self, stub: Any, answers: Answers, monitor: _Monitor, monitor_address: str) -> None:
        self._stub, self._answers, self._monitor, self._monitor_address = stub, answers, monitor, monitor_address

    def schema(self) -> str:
        return str(self._stub.GetSchema(provider_pb2.GetSchemaRequest(version=0), timeout=CALL_SECONDS).schema)

    def construct(self, component: str, name: str, inputs: Mapping[str, Any], **options: Any) -> Built:
        """Have a component built from inputs as another language sends them; a failure raises grpc.RpcError."""
        made_before = len(self._answers.made)
        request = provider_pb2.ConstructRequest(
            project=PROGRAM,
            stack=STACK,
            parallel=16,
            monitorEndpoint=self._monitor_address,
            type=f"model-monitoring:index:{component}",
            name=name,
            inputs=asyncio.run(rpc.serialize_properties(dict(inputs), {})),
            accepts_output_values=False,
            **options,
        )
        response = self._stub.Construct(request, timeout=CALL_SECONDS)
        requests = {(item.type, item.name): item for item in self._monitor.requests}
        resources = [
            Registration(made.typ, made.name, plain(made.inputs), requests[made.typ, made.name], plain(outputs))
            for made, outputs in self._answers.made[made_before:]
        ]
        return Built(resources, plain(rpc.deserialize_properties(response.state)))


@contextmanager
def running_plugin(command: list[str], folder: Path) -> Iterator[Plugin]:
    """Start a plugin in a working directory, without any help to find modules from the environment."""
    answers, engine = Answers(preview=False), _Engine()
    monitor = _Monitor(answers)
    server = grpc.server(ThreadPoolExecutor(max_workers=16))
    monitor_pb2_grpc.add_ResourceMonitorServicer_to_server(_MonitorService(monitor), server)
    engine_pb2_grpc.add_EngineServicer_to_server(engine, server)
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PULUMI"))}
    process = subprocess.Popen([*command, address], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{_port(process)}") as channel:
            yield Plugin(provider_pb2_grpc.ResourceProviderStub(channel), answers, monitor, address)
    finally:
        process.kill()
        process.communicate()
        server.stop(None).wait()


def _port(process: subprocess.Popen[str]) -> int:
    """The port that a plugin writes as its first line; the engine waits for it in the same way."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        assert selector.select(START_SECONDS), f"the plugin has written no port within {START_SECONDS:g} s"
    line = process.stdout.readline()
    assert line, f"the plugin ended with status {process.wait()} before it wrote a port"
    return int(line)


def from_source() -> list[str]:
    """The command with which Pulumi runs a plugin that has a `__main__.py`: python and the plugin's folder."""
    return [sys.executable, str(PROJECT / "components")]
