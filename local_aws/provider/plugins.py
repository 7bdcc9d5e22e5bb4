"""Plugins for a Pulumi CLI of any kind that cost it no start: executables that lead to the servers of this process.

A plugin's working directory is the program's, against which relative files of a program are meant. A server cannot know
it from the engine's protocol, so that each plugin tells it, and gets a server of its own until it ends.
"""

from __future__ import annotations

import contextlib
import json
import shlex
import socket
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from local_aws.apply.calls import Cloud
from local_aws.apply.providers import PACKAGES
from local_aws.provider.serving import Serving

PROJECT = Path(__file__).resolve().parents[2]
BUILT_CLI = PROJECT / "build" / "bin"  # where `make pulumi` puts a CLI, on machines that have none
PASSPHRASE = "local"  # noqa: S105 - of a state that goes with the embedded AWS, and that keeps nothing secret
# The standard library alone, so that it is there at once. It goes with SIGINT, which is how the engine ends a plugin.
PLUGIN = """\
#!{python} -IS
import json, os, signal, socket, sys
signal.signal(signal.SIGINT, lambda *_: os._exit(0))
door = socket.socket(socket.AF_UNIX)
try:
    door.connect({door!r})
except OSError:
    sys.exit("pulumi-resource-{package}: the embedded AWS is gone: start it again, and take its export lines")
door.sendall(json.dumps([{package!r}, os.getcwd()]).encode() + b"\\n")
print(door.makefile().readline().strip(), flush=True)
door.recv(1)
"""


class Plugins:
    """Executables in ``folder``/bin for as long as this is open; a context manager."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self._cloud, self._folder = cloud, folder
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(folder / "door"))
        self._door.listen()
        self.path = folder / "bin"
        self.path.mkdir()
        (folder / "state").mkdir()
        for package in PACKAGES:
            file = self.path / f"pulumi-resource-{package}"
            file.write_text(PLUGIN.format(python=sys.executable, door=str(folder / "door"), package=package))
            file.chmod(0o755)
        threading.Thread(target=self._admit, name="local-aws-plugins", daemon=True).start()

    def exports(self) -> Mapping[str, str]:
        """What to export for `pulumi` to deploy to the embedded AWS, as shell words; the state goes with ``folder``."""
        return {
            # A CLI that somebody installed comes before the one that was built here.
            "PATH": f"{shlex.quote(str(self.path))}:$PATH:{shlex.quote(str(BUILT_CLI))}",
            "PULUMI_BACKEND_URL": shlex.quote((self._folder / "state").as_uri()),
            "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._door.close()

    def _admit(self) -> None:
        while True:
            try:
                plugin, _ = self._door.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(plugin,), daemon=True).start()

    def _serve(self, plugin: socket.socket) -> None:
        with plugin, contextlib.suppress(OSError), plugin.makefile() as said:
            package, directory = json.loads(said.readline())
            with Serving(self._cloud, (package,), Path(directory)) as serving:
                plugin.sendall(f"{serving.ports[package]}\n".encode())
                said.read()  # until it ends
