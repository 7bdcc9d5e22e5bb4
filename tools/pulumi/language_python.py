"""A stand-in for pulumi-language-python, which comes with the CLI and is not to be had as a Go module.

`make pulumi` puts it on the PATH of machines that have none, and only there: the CLI as installed has the real one.
It runs programs, component plugins and policy packs with the interpreter that runs it. What runs a program,
pulumi-language-python-exec, is Pulumi's own, from the Go module of its SDK.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import grpc
from pulumi.runtime.proto import language_pb2 as protocol
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

EXEC = Path(__file__).with_name("pulumi-language-python-exec")
BAIL = 32  # how pulumi-language-python-exec ends when the program has already said what is wrong


class Language(language_pb2_grpc.LanguageRuntimeServicer):
    """The part of the engine's protocol for languages that programs, plugins and policy packs need."""

    def __init__(self, engine: str) -> None:
        self._engine = engine

    def Handshake(self, request: Any, context: Any) -> Any:
        self._engine = request.engine_address or self._engine
        return protocol.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def GetRequiredPackages(self, request: Any, context: Any) -> Any:
        """As the real host: whatever installed package says that it needs a plugin."""
        return protocol.GetRequiredPackagesResponse(packages=list(_required_packages()))

    def About(self, request: Any, context: Any) -> Any:
        return protocol.AboutResponse(executable=sys.executable, version=sys.version.split()[0])

    def GetProgramDependencies(self, request: Any, context: Any) -> Any:
        return protocol.GetProgramDependenciesResponse()

    def InstallDependencies(self, request: Any, context: Any) -> Iterator[Any]:
        yield protocol.InstallDependenciesResponse()

    def Run(self, request: Any, context: Any) -> Any:
        info = request.info
        options = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "tracing": "",
            "organization": request.organization,
        }
        program = os.path.join(info.program_directory, info.entry_point)
        command = [sys.executable, "-u", str(EXEC), *_flags(options), program, *request.args]
        environment = os.environ | {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        process = subprocess.Popen(command, env=environment, cwd=request.pwd)
        context.add_callback(lambda: _end(process))
        code = process.wait()
        if code == BAIL:
            return protocol.RunResponse(bail=True)
        return protocol.RunResponse(error="" if code == 0 else f"Program exited with non-zero exit code: {code}")

    def RunPlugin(self, request: Any, context: Any) -> Iterator[Any]:
        target = request.info.program_directory
        runner = (
            ["-m", "pulumi.policy", *request.args, target] if request.kind == "analyzer" else [target, *request.args]
        )
        environment = os.environ | dict(item.split("=", 1) for item in request.env)
        process = subprocess.Popen(
            [sys.executable, "-u", *runner],
            cwd=request.pwd,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        context.add_callback(lambda: _end(process))
        said: queue.Queue[Any] = queue.Queue()
        streams = {"stdout": process.stdout, "stderr": process.stderr}
        for kind, stream in streams.items():
            threading.Thread(target=_pump, args=(stream, kind, said), daemon=True).start()
        open_streams = len(streams)
        while open_streams:
            item = said.get()
            open_streams -= item is None
            if item is not None:
                yield item
        yield protocol.RunPluginResponse(exitcode=process.wait())


def _end(process: "subprocess.Popen[Any]") -> None:
    if process.poll() is None:
        process.kill()


def _pump(stream: IO[bytes], kind: str, said: "queue.Queue[Any]") -> None:
    while chunk := stream.read1(4096):  # type: ignore[attr-defined]  # a pipe's stream is buffered
        said.put(protocol.RunPluginResponse(**{kind: chunk}))
    said.put(None)


def _flags(options: dict[str, str]) -> list[str]:
    return [text for name, value in options.items() for text in (f"--{name}", value)]


def _required_packages() -> Iterator[Any]:
    for folder in sys.path:
        for file in sorted(Path(folder).glob("pulumi_*/pulumi-plugin.json")):
            said = json.loads(file.read_text())
            if said.get("resource"):
                version = f"v{said['version']}"
                yield plugin_pb2.PackageDependency(name=said["name"], kind="resource", version=version)


def main() -> None:
    engine = next((arg for arg in reversed(sys.argv[1:]) if ":" in arg and not arg.startswith("-")), "")
    limit = [("grpc.max_receive_message_length", 400 * 2**20)]
    server = grpc.server(futures.ThreadPoolExecutor(16), options=limit)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(Language(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    signal.signal(signal.SIGINT, lambda *_: os._exit(0))  # how the engine ends it
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
