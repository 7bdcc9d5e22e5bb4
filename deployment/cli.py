"""The Pulumi CLI as a child process: interrupted with care, and given secrets where no process list shows them."""

import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import IO, Any, Final

from pulumi.automation import CommandResult, OnOutput, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

# The oldest CLI that is as new as the oldest SDK that pyproject.toml takes; an older one lacks what the SDK asks for.
OLDEST: Final = VersionInfo(3, 200, 0)
# How late the CLI may hear of a Ctrl-C.
TURN_SECONDS: Final = 0.1
# What ends a process that does not hear it; there is no SIGHUP on Windows.
_ENDS: Final = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_IGNORABLE: Final = _ENDS[2:]
# What gRPC takes a proxy from, and the addresses of this machine.
_PROXIES: Final = ("grpc_proxy", "https_proxy", "http_proxy")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


class Cli(PulumiCommand):
    """`PulumiCommand`, with two differences.

    Ctrl-C in this process is handed on to the CLI, which then finishes the steps that are under way and records them;
    the SDK's own command would leave the CLI running without anybody to read what it writes. And a value can be given
    on standard input: arguments of a process can be read by everybody on the machine.

    Raises
    ------
    FileNotFoundError
        If there is no CLI.
    pulumi.automation.InvalidVersionError
        If it is older than `OLDEST`.
    """

    def __init__(self) -> None:
        super().__init__(version=OLDEST)
        self.on_interrupt: Callable[[int], None] = lambda _times: None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        """Run the CLI; see `PulumiCommand.run`. KeyboardInterrupt is raised when the CLI has ended."""
        return self._run(args, cwd, additional_env, on_output=on_output, on_error=on_error)

    def run_with_input(self, args: list[str], cwd: str, additional_env: Mapping[str, str], text: str) -> CommandResult:
        """Run the CLI with a text on its standard input."""
        return self._run(args, cwd, additional_env, text=text)

    def _run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        *,
        text: str | None = None,
        on_output: OnOutput | None = None,
        on_error: OnOutput | None = None,
    ) -> CommandResult:
        command = [self.command, "--non-interactive", *(arg for arg in args if arg != "--non-interactive")]
        environment = _environment(additional_env)
        with _interrupts(self.on_interrupt) as interrupts:
            # A process group of its own: a Ctrl-C of the terminal reaches this process alone, which hands it on once.
            process = subprocess.Popen(  # noqa: S603 - the CLI, with arguments of its own; no shell reads them
                command,
                cwd=cwd,
                env=environment,
                stdin=subprocess.PIPE if text is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                process_group=0 if os.name == "posix" else None,
            )
            interrupts.hand_on_to(process)
            output, errors = _Lines(process.stdout, on_output), _Lines(process.stderr, on_error)
            if text is not None and process.stdin is not None:
                with contextlib.suppress(BrokenPipeError), process.stdin:  # its exit status says why it did not read
                    process.stdin.write(text)
            # Its output first: `joined` hears of signals while it waits, which a wait for the process may not.
            stdout, stderr = output.joined(), errors.joined()
            code = process.wait()
            result = CommandResult(stdout=stdout, stderr=stderr, code=code)
        if interrupts.times:
            raise KeyboardInterrupt
        failure = output.failure or errors.failure
        if code != 0:
            raise create_command_error(result) from failure
        if failure:
            raise failure
        return result


def _environment(additional: Mapping[str, str]) -> dict[str, str]:
    """The environment of the CLI: this process's, but for two things that no deployment wants of it.

    Engine, program and providers speak with each other over 127.0.0.1, and gRPC asks a proxy for that too unless it is
    told not to (https://github.com/pulumi/pulumi/issues/2651). And whether secrets are shown is said by whoever asks.
    """
    found = {**os.environ, **additional, "PULUMI_AUTOMATION_API": "true"}
    found.pop("PULUMI_OPTION_SHOW_SECRETS", None)
    if any(found.get(name) for name in _PROXIES):
        spared = found.get("no_grpc_proxy") or found.get("no_proxy") or found.get("NO_PROXY") or ""
        found["no_grpc_proxy"] = ",".join(
            filter(None, dict.fromkeys([*spared.replace(" ", "").split(","), *_LOOPBACK]))
        )
    return found


class _Interrupts:
    """Counts signals and hands each on to a process, as soon as there is one."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self.times = 0
        self._told = told
        self._lock = threading.RLock()  # a thread of its own begins the process, and the main one hears signals
        self._handed_on = 0
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, _signal: int, _frame: FrameType | None) -> None:
        self.times += 1
        self._hand_on()
        with contextlib.suppress(OSError):  # the terminal that it would be told on may be what has gone
            self._told(self.times)

    def hand_on_to(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._hand_on()

    def _hand_on(self) -> None:
        with self._lock:
            while self._process and self._handed_on < self.times:
                self._handed_on += 1
                self._process.send_signal(signal.SIGINT)


class _Others:
    """The CLIs that run in other threads than the main one, which alone hears of signals."""

    def __init__(self) -> None:
        self.times = 0
        self._told: Callable[[int], None] = lambda _times: None
        self._lock = threading.RLock()
        self._running: list[_Interrupts] = []

    def __call__(self, number: int, frame: FrameType | None) -> None:
        with self._lock:
            self.times += 1
            for interrupts in self._running:
                interrupts(number, frame)
            with contextlib.suppress(OSError):
                self._told(self.times)

    def begin(self, told: Callable[[int], None]) -> None:
        self.times, self._told = 0, told

    @contextlib.contextmanager
    def running(self, interrupts: _Interrupts) -> Iterator[None]:
        with self._lock:
            if self.times:
                raise KeyboardInterrupt  # it came between two runs of the CLI
            self._running.append(interrupts)
        try:
            yield
        finally:
            with self._lock:
                self._running.remove(interrupts)


_OTHERS: Final = _Others()


@contextlib.contextmanager
def cancelled_together(told: Callable[[int], None] = lambda _times: None) -> Iterator[Callable[[], int]]:
    """Hand Ctrl-C, SIGTERM and SIGHUP on to the CLIs of all other threads while it lasts; for the main thread.

    Each of them ends as after a Ctrl-C of its own, and none is begun after that: KeyboardInterrupt is raised in their
    threads. `told` hears how many times. Yields how many it were.
    """
    _OTHERS.begin(told)
    try:
        with _heard(_OTHERS):
            yield lambda: _OTHERS.times
    finally:
        _OTHERS.begin(lambda _times: None)


@contextlib.contextmanager
def ends_raise() -> Iterator[None]:
    """Raise KeyboardInterrupt for a SIGTERM and a SIGHUP too: they deserve the same care as a Ctrl-C.

    A runner that stops a job sends the one, a terminal or a connection that is closed the other.
    """

    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with _heard(interrupt, besides=signal.SIGINT):
        yield


@contextlib.contextmanager
def _heard(handler: Callable[[int, FrameType | None], None], besides: int = 0) -> Iterator[None]:
    """Handle what would end this process, in the main thread. Under `nohup` it goes on to ignore SIGHUP.

    A SIGINT is heard also where a shell's script has put this process into the background, as the CLI hears it.
    """
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in _ENDS:
            if number != besides and not (number in _IGNORABLE and signal.getsignal(number) is signal.SIG_IGN):
                before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, handler_before in before.items():
            signal.signal(number, handler_before)


@contextlib.contextmanager
def _interrupts(told: Callable[[int], None]) -> Iterator[_Interrupts]:
    """Count Ctrl-C, SIGTERM and SIGHUP for a while instead of being ended by them.

    An exception could be raised anywhere, also where nobody would end the child. Only the main thread gets signals;
    another one is told of them by `cancelled_together`.
    """
    interrupts = _Interrupts(told)
    if threading.current_thread() is not threading.main_thread():
        with _OTHERS.running(interrupts):
            yield interrupts
        return
    with _heard(interrupts):
        yield interrupts


class _Lines:
    """Reads a stream to its end, in a thread: a pipe that nobody reads would stop the one who writes."""

    def __init__(self, stream: IO[str] | None, callback: OnOutput | None) -> None:
        self._stream, self._callback = stream, callback
        self._lines: list[str] = []
        self.failure: Exception | None = None
        """What the callback raised."""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        if self._stream is None:
            return
        with self._stream:
            for line in self._stream:
                self._lines.append(line.rstrip())
                self._tell(line.rstrip())

    def _tell(self, line: str) -> None:
        """Tell who listens, until that fails: without a reader the CLI would be ended in the middle of its work."""
        if self._callback and self.failure is None:
            try:
                self._callback(line)
            except Exception as error:  # raised when the CLI has ended
                self.failure = error

    def joined(self) -> str:
        """Wait for the end; the lines until then.

        A signal that comes just before the wait begins, or to another thread, would be heard at its end only: Python
        runs the handler between two steps of the main thread. So this waits in many short turns.
        """
        while self._thread.is_alive():
            self._thread.join(TURN_SECONDS)
        return "\n".join(self._lines)
