"""Starts Python processes as forks of one that has imported what they would import anyway.

A function's worker spends 0.2 s of CPU on boto3 before it sees its own code, a monitoring job twice as much on
numpy and pyarrow. Where a fork would not be the same as a process of its own (another system than Linux, options or
variables that Python or a library reads at its start), it is a process of its own.
"""

import contextlib
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

_PROGRAM = Path(__file__).with_name("fork_server.py")
_AVAILABLE = sys.platform == "linux"
# Read by Python, the C library or a third party's library when it starts or is imported.
_AT_THE_START = re.compile(
    r"(PYTHON|COVERAGE_|LD_|LC_|MALLOC_|GLIBC_|OMP_|KMP_|OPENBLAS_|GOTO_|MKL_|BLIS_|NPY_|NUMPY_|SCIPY_|ARROW_|OPENSSL_)"
    r"|LANG|LANGUAGE|TZ"
)
_INHERITED = ("PATH", "HOME", "TMPDIR")
_NUMBER = 8  # bytes of a number that the fork server tells
# A fork shows its own command line and variables where the fork server's were: there must be room for them.
_ROOM = " " * 4096
_ROOM_FOR_VARIABLES = " " * 32768


class Process(Protocol):
    """What is used here of `subprocess.Popen`."""

    pid: int
    returncode: int | None
    stdin: Any
    stdout: Any
    stderr: Any

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; subprocess.TimeoutExpired after `timeout` seconds."""

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it runs."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it."""


class ForkedProcess:
    """A fork, with the interface of a Popen whose streams are text."""

    def __init__(self, command: Sequence[str], answers: socket.socket, pipes: Mapping[int, int]) -> None:
        self.args = list(command)
        self.returncode: int | None = None
        self._answers, self._lock = answers, threading.Lock()
        message, handles, _, _ = socket.recv_fds(answers, _NUMBER, 1)
        if not handles:
            raise ConnectionResetError("the fork server ended; its last words are in this server's log")
        self.pid, self._handle = int.from_bytes(message, "little"), handles[0]
        self.stdin, self.stdout, self.stderr = (
            open(pipes[at], mode, buffering=1, encoding="utf-8") if at in pipes else None  # noqa: SIM115 - the process's
            for at, mode in enumerate(("w", "r", "r"))
        )

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            os.close(self._handle)
        self._answers.close()

    def poll(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        if self.returncode is None and self._has_ended(0):
            self._hear()
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; subprocess.TimeoutExpired after `timeout` seconds."""
        if self.returncode is None and not self._has_ended(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self._hear()

    def _has_ended(self, seconds: float | None) -> bool:
        asking = select.poll()
        asking.register(self._handle, select.POLLIN)
        return bool(asking.poll(None if seconds is None else max(0.0, seconds) * 1000))

    def _hear(self) -> int:
        """The status, which the fork server tells once."""
        with self._lock:
            if self.returncode is None:
                status = self._answers.recv(_NUMBER)
                # Of a fork server that was killed nobody hears how its forks ended.
                self.returncode = int.from_bytes(status, "little", signed=True) if status else -signal.SIGKILL
            return self.returncode

    def send_signal(self, sig: int) -> None:
        """Send a signal, if it runs."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, sig)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class ForkServer:
    """The process that forks, started with the first fork, and again if it was killed. Thread-safe.

    Parameters
    ----------
    modules:
        What it imports: what its forks would import anyway, third parties' only.
    guard:
        A script whose rules of import hold while it does.
    preparation:
        A script that it runs then, for what its forks would do anyway.
    """

    def __init__(self, modules: Sequence[str], guard: Path | None = None, preparation: Path | None = None) -> None:
        self._modules, self._guard, self._preparation = tuple(modules), guard, preparation
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._variables: dict[str, str] = {}
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str | Path,
        stdin: int | IO[Any],
        stdout: int | IO[Any],
        stderr: int | IO[Any],
        imports_from: Sequence[str] = (),
    ) -> Process:
        """Start a process of this Python, `[sys.executable, SCRIPT or -m MODULE, ...]`; its pipes are text.

        `imports_from`: folders beside those of its start from which it will import.
        """
        order = {"command": list(command), "environment": dict(env), "directory": str(cwd), "also": list(imports_from)}
        variables = {name: value for name, value in env.items() if _AT_THE_START.match(name) and name != "PYTHONPATH"}
        if _AVAILABLE and _is_plain(command):
            with self._lock:
                if self._control is None:
                    self._serve(variables)
                if variables == self._variables:
                    try:
                        return self._fork(order, (stdin, stdout, stderr))
                    except (BrokenPipeError, ConnectionResetError):
                        self._serve(variables)
                        return self._fork(order, (stdin, stdout, stderr))
        return subprocess.Popen(  # noqa: S603 - the caller's command
            list(command),
            cwd=cwd,
            env=dict(env),
            text=True,
            bufsize=1,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )

    def _serve(self, variables: Mapping[str, str]) -> None:
        own, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="byte-code-")
        with others:
            inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [
                    *(sys.executable, str(_PROGRAM), str(others.fileno()), self._folder.name),
                    *(str(self._guard or ""), str(self._preparation or ""), _ROOM, *self._modules),
                ],
                stdin=subprocess.DEVNULL,
                env={**inherited, **variables, "FORK_SERVER_ROOM": _ROOM_FOR_VARIABLES},
                pass_fds=[others.fileno()],
            )
        self._control, self._variables = own, dict(variables)

    def _fork(self, order: Mapping[str, Any], wanted: Sequence[int | IO[Any]]) -> ForkedProcess:
        assert self._control is not None  # noqa: S101 - for the type checker
        own, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as theirs, contextlib.ExitStack() as ours:
            theirs.callback(others.close)
            streams: list[int] = []
            pipes: dict[int, int] = {}
            for at, stream in enumerate(wanted):
                if stream == subprocess.PIPE:
                    ends = os.pipe()
                    mine, given = ends if at else ends[::-1]
                    pipes[at] = mine
                    ours.callback(os.close, mine)
                    theirs.callback(os.close, given)
                elif stream == subprocess.DEVNULL:
                    given = os.open(os.devnull, os.O_RDWR)
                    theirs.callback(os.close, given)
                elif stream == subprocess.STDOUT:
                    given = streams[1]
                else:
                    given = stream if isinstance(stream, int) else stream.fileno()
                streams.append(given)
            socket.send_fds(self._control, [json.dumps(order).encode()], [*streams, others.fileno()])
            theirs.close()
            process = ForkedProcess(order["command"], own, pipes)
            ours.pop_all()
            return process


def _is_plain(command: Sequence[str]) -> bool:
    """Whether a command is of a script or a module, without options that Python reads at its start."""
    words = list(command[1:])
    if words[:1] == ["-u"]:
        del words[0]
    return command[0] == sys.executable and (words[:1] == ["-m"] or not words[0].startswith("-"))
