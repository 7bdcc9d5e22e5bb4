"""Servers of the two packages on free loopback ports."""

from __future__ import annotations

from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from local_aws.apply.calls import Cloud
from local_aws.apply.providers import PACKAGES
from local_aws.provider.servicer import Servicer

THREADS = 32  # handlers wait in their thread, for an endpoint to start or a schedule to go
MESSAGE_LIMIT = 400 * 2**20  # bytes, as the engine's own: archives travel by path, but texts do not


class Serving:
    """Servers that run until ``stop``; a context manager.

    Attributes
    ----------
    directory : where the program is, against which its relative files are meant; by default this process's.
    servicers : the packages, by name.
    environment : what makes an engine use them in place of plugins.
    """

    def __init__(self, cloud: Cloud, packages: tuple[str, ...] = PACKAGES, directory: Path | None = None) -> None:
        self.servicers = {package: Servicer(package, cloud, directory or Path.cwd()) for package in packages}
        self._servers: list[grpc.Server] = []
        self.ports: dict[str, int] = {}
        options = [(f"grpc.max_{way}_message_length", MESSAGE_LIMIT) for way in ("send", "receive")]
        for package, servicer in self.servicers.items():
            server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=options)
            provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
            self.ports[package] = server.add_insecure_port("127.0.0.1:0")
            server.start()
            self._servers.append(server)

    @property
    def environment(self) -> dict[str, str]:
        """The engine's variable that names a port for each package."""
        return {"PULUMI_DEBUG_PROVIDERS": ",".join(f"{package}:{port}" for package, port in self.ports.items())}

    def wait(self) -> None:
        """Wait until a server is stopped."""
        self._servers[0].wait_for_termination()

    def stop(self) -> None:
        """Stop the servers; calls under way are ended."""
        for server in self._servers:
            server.stop(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(cloud: Cloud) -> Serving:
    """Serve both packages in this process, for as many engines and provider resources as come."""
    return Serving(cloud)
