"""Ask a deployed model's own archive for scores, in a child process without credentials or network.

No endpoint is made and none is asked: what answers is the `inference.py` that the endpoint runs.
"""

import io
import json
import os
import pkgutil
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError

_CHILD: Final = "serve_model.py"
# What the child inherits: nothing that could be a credential or the address of one.
_KEPT: Final = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
LARGEST_ARCHIVE: Final = 2 << 30  # bytes unpacked
LARGEST_ANSWER: Final = 256 << 20  # bytes


class ModelProcess:
    """A model that answers bodies as its endpoint would.

    Parameters
    ----------
    archive:
        The model.tar.gz, or the folder that it was unpacked to.
    program:
        The script's name (`SAGEMAKER_PROGRAM`).
    content_type, accept:
        Of the bodies that are sent and of the answers that are wanted.
    seconds:
        How long one answer may take, the start included.
    """

    def __init__(
        self,
        archive: Path,
        *,
        program: str = "inference.py",
        content_type: str = "text/csv",
        accept: str = "text/csv",
        seconds: float = 300,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="model-")
        self._seconds = seconds
        try:
            model = archive if archive.is_dir() else unpack(archive, Path(self._folder.name))
            # -I: neither the working folder nor PYTHONPATH, so nothing of the monitor's own is in reach.
            child = _child(Path(self._folder.name))
            command = [sys.executable, "-I", str(child), str(model.resolve()), program, content_type, accept]
            self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the process
            self._process = subprocess.Popen(  # noqa: S603 - the command is ours
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                env={key: os.environ[key] for key in _KEPT if key in os.environ},
                cwd=self._folder.name,
            )
        except BaseException:
            self._folder.cleanup()
            raise
        try:
            self._receive()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "ModelProcess":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def ask(self, body: bytes) -> tuple[bytes, str]:
        """Send a body; returns the answer and its content type.

        Raises
        ------
        InputError
            If the model raises, ends, answers too much or takes too long.
        """
        header, answer = self._exchange({"length": len(body)}, body)
        return answer, str(header.get("content_type", ""))

    def inside(self, body: bytes) -> Mapping[str, NDArray[Any]] | str:
        """What the model's last estimator is, as arrays, with the `rows` of numbers that reach it of this body; or why
        there is no telling.

        Raises
        ------
        InputError
            As `ask`.
        """
        header, answer = self._exchange({"length": len(body), "inside": True}, body)
        if "cannot" in header:
            return str(header["cannot"])
        with np.load(io.BytesIO(answer), allow_pickle=False) as arrays:  # of a process that is not trusted
            return {name: arrays[name] for name in arrays.files}

    def _exchange(self, header: Mapping[str, Any], body: bytes) -> tuple[Mapping[str, Any], bytes]:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it is a pipe
        try:
            stdin.write(json.dumps(header).encode() + b"\n" + body)
            stdin.flush()
        except BrokenPipeError:
            raise InputError(f"the model's process has ended: {self._last_words()}") from None
        return self._receive()

    def close(self) -> None:
        """End the process and remove what was unpacked."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout, self._errors):
            if pipe is not None:
                pipe.close()
        self._folder.cleanup()

    def _receive(self) -> tuple[Mapping[str, Any], bytes]:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it is a pipe
        is_late = threading.Event()

        def give_up() -> None:
            is_late.set()
            self._process.kill()

        watch = threading.Timer(self._seconds, give_up)
        watch.daemon = True
        watch.start()
        try:
            line = stdout.readline(1 << 16)
            header = json.loads(line) if line.endswith(b"\n") else {}
            length = int(header.get("length", 0))
            if length > LARGEST_ANSWER:
                raise InputError(
                    f"the model answers {length / 1e6:,.0f} MB to one request, more than the {LARGEST_ANSWER >> 20} MB "
                    "that are read: explain fewer rows"
                )
            answer = stdout.read(length)
        finally:
            watch.cancel()
        if is_late.is_set():
            raise InputError(
                f"the model has not answered in {self._seconds:g} s: explain fewer rows, or allow more time"
            )
        if not header:
            raise InputError(f"the model's process has ended: {self._last_words()}")
        if "error" in header:
            raise InputError(f"the model's script raised {header['error']!s:.500}; its traceback is in the log")
        return header, answer

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 2000))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit status {self._process.wait(self._seconds)}"


def _child(folder: Path) -> Path:
    """The child's script as a file: where it lies or, of code that is imported from a zip file, a copy in a folder."""
    beside = Path(__file__).with_name(_CHILD)
    if beside.is_file():
        return beside
    copied = folder / f".{_CHILD}"
    copied.write_bytes(pkgutil.get_data(__package__ or "", _CHILD) or b"")
    return copied


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a model.tar.gz, nothing outside of the folder; returns the folder.

    Raises
    ------
    InputError
        If it is none, is larger than `LARGEST_ARCHIVE` unpacked, or has entries that would leave the folder.
    """
    try:
        with tarfile.open(archive) as tar:
            size = 0
            for member in tar:
                size += member.size
                if size > LARGEST_ARCHIVE:
                    raise InputError(f"{archive.name} is larger than {LARGEST_ARCHIVE >> 30} GB unpacked")
                _extract(tar, member, folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"{archive.name} cannot be unpacked: {error}; give the endpoint's model.tar.gz") from error
    return folder


def _extract(tar: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """Extract what may be in a model's archive."""
    # Debian 12's Python is older than tarfile's filters, which 3.11.4 has.
    if hasattr(tarfile, "data_filter"):
        tar.extract(member, folder, filter="data")
        return
    name = os.path.normpath(member.name.lstrip("/"))
    if name.startswith("..") or not (member.isfile() or member.isdir()):
        raise tarfile.ExtractError(f"{member.name} is neither a file nor a folder inside of it")
    member.name, member.mode = name, 0o755 if member.isdir() else member.mode & 0o755 | 0o600
    member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
    tar.extract(member, folder)
