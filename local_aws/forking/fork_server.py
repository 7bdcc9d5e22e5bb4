"""A process that has imported what others would import anyway, and becomes each of them by a fork.

Run by path with `python fork_server.py DESCRIPTOR FOLDER GUARD PREPARATION ROOM MODULE...` by `client`; standard
library only. DESCRIPTOR is its end of a socket on which it is asked, FOLDER where its forks keep byte code, GUARD a
file whose rules of import hold while the modules are imported, PREPARATION one that is run then (both may be empty),
ROOM nothing but room for the command lines of forks.

It imports the modules, all of them third parties', and nothing of this project: what it is asked to run may be of any
version. A fork has its own environment, working folder, arguments, `sys.path`, standard streams and seeds; where one of
the folders that it imports from has a module of a name that is here already, it is replaced by a fresh Python, which
imports its own. There is one thread here, always.
"""

import _imp
import gc
import hashlib
import importlib.util
import io
import json
import marshal
import os
import runpy
import select
import signal
import socket
import sys
import time
import types
import zipfile
import zipimport
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.machinery import SourceFileLoader
from traceback import format_exception
from typing import Any, NoReturn

_LARGEST_ORDER = 1 << 20
_STREAMS = 3
# What Python imports at its start of its own accord, where it finds it.
_CUSTOMISED = {"sitecustomize", "usercustomize"}
_ENDED_BY_EXCEPTION = 1


class _ShownProcess:
    """The command line and the environment that `ps` and /proc show: where this process got its own from."""

    def __init__(self) -> None:
        fields = _read("/proc/self/stat").rpartition(")")[2].split()
        numbers = [int(field) for field in fields[45:49]] if len(fields) > 48 else [0, 0, 0, 0]
        self._command, self._environment = (numbers[0], numbers[1]), (numbers[2], numbers[3])

    def show(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Show these, as much of them as there is room for."""
        self._write(*self._command, [os.fsencode(word) for word in command])
        self._write(*self._environment, [os.fsencode(f"{name}={value}") for name, value in environment.items()])

    @staticmethod
    def _write(start: int, end: int, words: list[bytes]) -> None:
        import ctypes  # noqa: PLC0415 - not there in every Python

        room = end - start
        text = b"".join(word + b"\0" for word in words)[: max(0, room - 1)]
        if start and room:
            ctypes.memmove(start, text.ljust(room, b"\0"), room)


class _ByteCode:
    """What has been compiled, by its source: the archives of functions and jobs have no byte code, and each process of
    the same one would compile it anew.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def use(self) -> None:
        """Have modules compiled by this, those that are files and those in archives."""
        loader: Any = SourceFileLoader
        archives: Any = zipimport
        loader.source_to_code = self._kept(loader.source_to_code, source=1, path=2)
        archives._compile_source = self._kept(archives._compile_source, source=1, path=0)
        archives._get_module_code = _kept_for_once(archives._get_module_code)

    def _kept(self, original: Any, source: int, path: int) -> Callable[..., types.CodeType]:
        """A function that compiles as the import system's `original` does, whose arguments are at these places."""

        def compiled(*arguments: Any, **options: Any) -> Any:
            if options or not isinstance(arguments[source], bytes):
                return original(*arguments, **options)
            place = os.path.join(self._folder, hashlib.sha256(arguments[source]).hexdigest())
            if os.path.exists(place):
                with open(place, "rb") as file:
                    found = marshal.loads(file.read())  # noqa: S302 - written below
                _imp._fix_co_filename(found, arguments[path])  # type: ignore[attr-defined]
                return found
            found = original(*arguments)
            part = f"{place}.{os.getpid()}"
            with open(part, "wb") as file:
                file.write(marshal.dumps(found))
            os.replace(part, place)
            return found

        # Tracebacks are without the frames of the import system: this is one.
        compiled.__code__ = compiled.__code__.replace(co_filename=original.__code__.co_filename)
        return compiled


def _kept_for_once(original: Any) -> Callable[[Any, str], Any]:
    """A function that gives a module of an archive as zipimport's `original` does, and gives the same again: it reads
    and compiles a module in order to find it, and then once more to load it.
    """
    found: dict[tuple[str, str, str], Any] = {}

    def module_code(importer: Any, name: str) -> Any:
        key = (importer.archive, importer.prefix, name)
        code = found.pop(key, None)
        if code is None:
            code = found[key] = original(importer, name)
        return code

    module_code.__code__ = module_code.__code__.replace(co_filename=original.__code__.co_filename)
    return module_code


class ForkServer:
    """Forks what it is asked for, and tells those who asked how it ended."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._shown = _ShownProcess()
        self._base = list(sys.path)
        self._names = {name.partition(".")[0] for name in sys.modules} - {"__main__"} | _CUSTOMISED
        self._asked: dict[int, socket.socket] = {}
        self._ended, written = os.pipe()
        for descriptor in (self._ended, written):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(written)

    def serve(self) -> None:
        """Serve until whoever asks is gone."""
        while True:
            ready, _, _ = select.select([self._control.fileno(), self._ended], [], [])
            if self._ended in ready:
                _drain(self._ended)
                self._tell()
            if self._control.fileno() in ready:
                message, descriptors, _, _ = socket.recv_fds(self._control, _LARGEST_ORDER, _STREAMS + 1)
                if not message:
                    return
                self._fork(json.loads(message), descriptors)

    def _tell(self) -> None:
        while self._asked:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._asked.pop(pid) as asked:
                _send(asked, os.waitstatus_to_exitcode(status))

    def _fork(self, order: dict[str, Any], descriptors: list[int]) -> None:
        *streams, answer = descriptors
        pid = os.fork()
        if pid == 0:
            self._become(order, streams)
        for stream in streams:
            os.close(stream)
        asked = self._asked[pid] = socket.socket(fileno=answer)
        handle = os.pidfd_open(pid)
        _send(asked, pid, [handle])
        os.close(handle)

    def _become(self, order: dict[str, Any], streams: list[int]) -> NoReturn:
        """Be the process that was asked for, in the fork; does not return."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for at, stream in enumerate(streams):
            os.dup2(stream, at)
        os.closerange(_STREAMS, os.sysconf("SC_OPEN_MAX"))
        command, environment = order["command"], order["environment"]
        os.chdir(order["directory"])
        is_unbuffered = command[1] == "-u"
        words = command[1 + is_unbuffered :]
        is_module = words[0] == "-m"
        first = os.getcwd() if is_module else os.path.dirname(os.path.realpath(words[0]))
        path = [first, *filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))]
        if not self._names.isdisjoint(_modules_in([*path, *order["also"]])):
            os.execve(command[0], command, environment)  # noqa: S606 - as it was asked for
        os.environ.clear()
        os.environ.update(environment)
        self._shown.show(command, environment)
        sys.path[:] = [*path, *self._base]
        sys.orig_argv[:] = command
        sys.argv[:] = words[1:] if is_module else words
        _open_streams(unbuffered=is_unbuffered)
        _forget()
        main = sys.modules["__main__"] = types.ModuleType("__main__")
        main.__dict__.update(__annotations__={}, __builtins__=__builtins__)
        try:
            if is_module:
                runpy._run_module_as_main(words[1])  # type: ignore[attr-defined]
            else:
                _run_script(words[0], main)
        except Exception as error:
            _show(error)
            sys.exit(_ENDED_BY_EXCEPTION)
        sys.exit(0)


def _run_script(path: str, main: types.ModuleType) -> None:
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    main.__dict__.update(__file__=path, __cached__=None, __loader__=SourceFileLoader("__main__", path))
    try:
        exec(code, main.__dict__)  # noqa: S102 - running this script is what was asked for
    finally:  # Python does so after a script, before it shows an exception, and not after a module
        sys.stderr.flush()
        sys.stdout.flush()


def _show(error: Exception) -> None:
    """Print the traceback as Python does, without the frames of this file."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == __file__:
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)


def _modules_in(places: Sequence[str]) -> Iterator[str]:
    """The names of the modules that folders and archives have."""
    for place in places:
        if os.path.isdir(place):
            names = os.listdir(place)
        elif zipfile.is_zipfile(place):
            with zipfile.ZipFile(place) as archive:
                names = [name.partition("/")[0] for name in archive.namelist()]
        else:
            continue
        yield from (name.partition(".")[0] for name in names)


def _open_streams(*, unbuffered: bool) -> None:
    """New objects for the standard streams: those of the start know what was open then."""
    for at, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        old = getattr(sys, name)
        through = old.write_through or (unbuffered and mode == "w")
        raw = open(at, f"{mode}b", buffering=0 if through else -1, closefd=False)  # noqa: SIM115 - open to the end
        new = io.TextIOWrapper(
            raw, encoding=old.encoding, errors=old.errors, line_buffering=old.line_buffering, write_through=through
        )
        new.mode = mode  # type: ignore[misc]
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


def _forget() -> None:
    """What a process of its own would not share with others: seeds (`random` sees to its own), places, the zone."""
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()
    if "tempfile" in sys.modules:
        sys.modules["tempfile"].tempdir = None  # type: ignore[attr-defined]
    time.tzset()


def _send(to: socket.socket, number: int, descriptors: Sequence[int] = ()) -> None:
    try:
        socket.send_fds(to, [number.to_bytes(8, "little", signed=True)], descriptors)
    except (BrokenPipeError, ConnectionResetError):  # nobody waits for it any more
        return


def _drain(descriptor: int) -> None:
    try:
        while os.read(descriptor, 512):
            pass
    except BlockingIOError:
        return


def _read(path: str) -> str:
    with open(path, encoding="utf-8") as file:
        return file.read()


def _import(guard: str, modules: Sequence[str]) -> None:
    """Import modules, under the rules of a guard if there is one; the rules themselves are each fork's own to make."""
    finders = list(sys.meta_path)
    if guard:
        _run_script(guard, types.ModuleType("guard"))
    for module in modules:
        if importlib.util.find_spec(module.partition(".")[0]):  # who runs no such jobs need not have it
            importlib.import_module(module)
    sys.meta_path[:] = finders


def main(descriptor: str, folder: str, guard: str, preparation: str, _room: str, *modules: str) -> None:
    """Import, then serve."""
    del sys.path[0]  # this file's folder, which has no module for anybody
    _import(guard, modules)
    if preparation:
        _run_script(preparation, types.ModuleType("preparation"))
    _ByteCode(folder).use()
    gc.collect()
    gc.freeze()  # so that a fork's first collection does not copy the memory of all that it shares
    ForkServer(socket.socket(fileno=int(descriptor))).serve()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Exception as error:
        sys.stderr.write("".join(format_exception(error)))
        raise
