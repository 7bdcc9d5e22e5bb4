"""The model's process forked from one that has scikit-learn, which takes one and a half seconds to import.

It runs the same script with the same arguments, pipes, folder and environment; how it is started otherwise is
test_model_process.
"""

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from typing import IO, Any, TypeAlias

_Stream: TypeAlias = "Connection[Any, Any]"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["sklearn.compose", "sklearn.ensemble", "sklearn.neighbors", "joblib", __name__])


def _run(
    script: str, arguments: Sequence[str], folder: str, env: Mapping[str, str], streams: Sequence[_Stream]
) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream.fileno(), number)
        stream.close()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [script, *arguments]
    sys.stdin, sys.stdout, sys.stderr = (open(number, mode) for number, mode in enumerate(("r", "w", "w")))  # noqa: SIM115
    runpy.run_path(script, run_name="__main__")


class Forked:
    """What `ModelProcess` asks of a `subprocess.Popen`."""

    def __init__(
        self, command: Sequence[str], *, stdin: int, stdout: int, stderr: IO[bytes], env: Mapping[str, str], cwd: str
    ) -> None:
        _, isolated, script, *arguments = command
        assert isolated == "-I"
        assert (stdin, stdout) == (subprocess.PIPE, subprocess.PIPE)
        (its_input, to_it), (from_it, its_output) = os.pipe(), os.pipe()
        self.stdin, self.stdout = open(to_it, "wb"), open(from_it, "rb")  # noqa: SIM115 - closed by who asked for them
        # A connection is what multiprocessing hands over as a descriptor.
        streams = [Connection(number) for number in (its_input, its_output, os.dup(stderr.fileno()))]
        self._process = _FORKS.Process(target=_run, args=(script, arguments, cwd, dict(env), streams))
        self._process.start()
        for stream in streams:
            stream.close()

    def kill(self) -> None:
        self._process.kill()

    def wait(self, seconds: float | None = None) -> int | None:
        self._process.join(seconds)
        return self._process.exitcode
