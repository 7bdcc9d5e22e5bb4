"""What the SDK leaves of a program in this process that failed does not reach the next one. No CLI takes part."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import grpc
import pytest
from google.protobuf import empty_pb2
from pulumi import RunError
from pulumi.automation._server import LanguageServer
from pulumi.runtime import settings
from pulumi.runtime.proto import language_pb2, resource_pb2, resource_pb2_grpc

from tests.engine.programs import programs_here


class _Monitor(resource_pb2_grpc.ResourceMonitorServicer):
    """What an engine says to a program that makes nothing."""

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol names it
        return resource_pb2.DeploymentInfo()

    def RegisterResource(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol names it
        return resource_pb2.RegisterResourceResponse(urn=f"urn:pulumi:dev::here::{request.type}::{request.name}")

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol names it
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol names it
        return empty_pb2.Empty()


class _Engine:
    """An engine at an address in the file system, which no other process takes in the meantime, as it might a port."""

    ADDRESS = "unix:engine"

    def __init__(self) -> None:
        self._server = grpc.server(ThreadPoolExecutor(4))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(_Monitor(), self._server)
        self._server.add_insecure_port(self.ADDRESS)
        self._server.start()

    def end(self) -> None:
        self._server.stop(None).wait()

    def run(self, program: Callable[[], None]) -> str:
        """Have a program run, as an engine does. Returns what it failed with."""
        request = language_pb2.RunRequest(project="here", stack="dev", monitor_address=self.ADDRESS, parallel=2)
        run: Callable[..., Any] = LanguageServer(program).Run  # the SDK has no types for it
        error: str = run(request, Mock()).error
        return error


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_program_reaches_an_engine_where_another_was_that_has_gone() -> None:
    engine = _Engine()
    kept: list[Any] = []

    def goes_on_after_its_engine() -> None:
        kept.append(settings.get_monitor())
        engine.end()
        said = ""
        until = time.monotonic() + 10
        while "failed to connect" not in said and time.monotonic() < until:
            with pytest.raises(grpc.RpcError) as failed:
                kept[0].GetDeploymentInfo(empty_pb2.Empty())
            said = failed.value.details()
        assert "failed to connect" in said

    with programs_here():
        assert engine.run(goes_on_after_its_engine) == "Resource monitor has terminated, shutting down"
        other = _Engine()
        assert other.run(lambda: None) == ""
    other.end()
    assert kept  # as garbage that nobody has looked for yet


def test_a_program_that_fails_takes_all_that_it_began_with_it() -> None:
    loops: list[asyncio.AbstractEventLoop] = []

    async def fails_when_it_is_stopped() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise RunError("stopped") from error

    def program() -> None:
        loops.append(asyncio.get_running_loop())
        kept = [asyncio.ensure_future(fails_when_it_is_stopped()) for _ in range(2)]
        raise RunError(f"failed with {len(kept)} tasks under way")

    engine = _Engine()
    with programs_here():
        assert engine.run(program) == "failed with 2 tasks under way"
    engine.end()
    assert loops[0].is_closed()
