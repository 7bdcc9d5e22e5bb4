"""A fork is what a process of its own would be: what it says, what it sees, how it ends."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

import local_aws
from local_aws.forking import ForkServer, Process
from local_aws.forking.client import ForkedProcess
from tests.local_aws.bench import wait_until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere each process is one of its own")

SDK_FILES = Path(local_aws.__file__).with_name("sdk_files.py")
SCRIPTS = {
    "says": "import sys\nprint('out', __name__, __file__)\nprint('err', file=sys.stderr)",
    "fails": "def deep():\n    raise ValueError('no')\ntry:\n    deep()\nfinally:\n    print('before')",
    "chained": "try:\n    {}['a']\nexcept KeyError as error:\n    raise RuntimeError('b') from error",
    "cannot_be_read": "def (:",
    "exits": "import sys\nsys.exit('a reason')",
    "status": "raise SystemExit(7)",
    "killed": "import os, signal\nos.kill(os.getpid(), signal.SIGTERM)",
    "sees": """
import os, signal, sys
print(sys.argv, sys.path[:3], os.getcwd(), sorted(os.environ.items()), sys.flags)
print(sys.stdin.read(), [s.encoding + s.errors for s in (sys.stdin, sys.stdout, sys.stderr)], sys.stdout.line_buffering)
print(signal.getsignal(signal.SIGCHLD), signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGPIPE))
print(sys.modules["__main__"].__dict__ is globals(), sorted(name for name in globals()), os.umask(0))
print(sorted(os.listdir("/proc/self/fd"))[:3], __import__("threading").active_count())
print([getattr(finder, "__name__", type(finder).__name__) for finder in sys.meta_path])
""",
    "beside": "import neighbour\nprint(neighbour.NAME)",
    "ends": """
import atexit, threading, time
atexit.register(print, "at the end")
threading.Thread(target=lambda: (time.sleep(0.05), print("a thread"))).start()
""",
    "children": "import multiprocessing, subprocess, sys\nprint(subprocess.run([sys.executable, '-c', 'print(5)']))",
}


@pytest.fixture(scope="module")
def server() -> ForkServer:
    return ForkServer(("numpy.random",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "neighbour.py").write_text("NAME = __name__")
    for name, text in SCRIPTS.items():
        (tmp_path / f"{name}.py").write_text(text)
    return tmp_path


def variables(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **more}


def start(server: ForkServer, folder: Path, *words: str, env: Mapping[str, str] | None = None, **more: Any) -> Process:
    pipe = subprocess.PIPE
    options: dict[str, Any] = {"cwd": folder, "stdin": pipe, "stdout": pipe, "stderr": pipe, **more}
    return server.start([sys.executable, *words], env=env or variables(), **options)


def seen(process: Process, text: str = "") -> tuple[str, str, int]:
    with contextlib.suppress(BrokenPipeError):  # as `Popen.communicate` does: it may have ended by now
        process.stdin.write(text)
        process.stdin.close()
    return process.stdout.read(), process.stderr.read(), process.wait(30)


def own_frames(text: str) -> list[str]:
    """Without the import system's, which a module that cannot be read has in its traceback, and a fork one more."""
    return [line for line in text.splitlines() if "<frozen importlib" not in line]


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("form", ["script", "module", "unbuffered"])
def test_a_fork_says_and_ends_as_a_process_of_its_own(server: ForkServer, folder: Path, name: str, form: str) -> None:
    script = str(folder / f"{name}.py")
    words = {"script": [script], "module": ["-m", name], "unbuffered": ["-u", script]}[form] + ["an", "argument"]
    env = variables(PYTHONPATH="/nonexistent:/tmp", OWN="ü")
    own = subprocess.run(
        [sys.executable, *words], cwd=folder, env=env, input="text", capture_output=True, text=True, check=False
    )
    fork = start(server, folder, *words, env=env)
    assert isinstance(fork, ForkedProcess)
    out, err, status = seen(fork, "text")
    if form == "unbuffered":  # the flag alone is Python's own
        out, own.stdout = (text.replace("unbuffered=1", "unbuffered=0") for text in (out, own.stdout))
    assert out.splitlines() == own.stdout.splitlines()
    assert (own_frames(err), status) == (own_frames(own.stderr), own.returncode)


@pytest.mark.parametrize("name", ["says", "fails", "exits", "ends"])
@pytest.mark.parametrize("form", ["script", "module"])
def test_what_it_says_in_one_stream_is_in_the_same_order(
    server: ForkServer, folder: Path, name: str, form: str
) -> None:
    words = ["-m", name] if form == "module" else [str(folder / f"{name}.py")]
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    own = subprocess.run([sys.executable, *words], cwd=folder, env=variables(), text=True, check=False, **streams)
    assert start(server, folder, *words, **streams).stdout.read() == own.stdout


def test_it_has_what_was_imported_but_no_seed_in_common(server: ForkServer, folder: Path) -> None:
    (folder / "draws.py").write_text(
        "import sys\nprint('numpy.random' in sys.modules)\n"
        "import random, uuid, tempfile, numpy\nprint(random.random(), uuid.uuid4(), numpy.random.random())"
    )
    first, second = (seen(start(server, folder, str(folder / "draws.py")))[0].split() for _ in range(2))
    assert (first[0], second[0]) == ("True", "True")
    assert set(first[1:]).isdisjoint(second[1:])


@pytest.mark.parametrize("form", ["a folder", "an archive"])
def test_code_is_compiled_once_and_names_its_own_file(server: ForkServer, tmp_path: Path, form: str) -> None:
    out = []
    for version, source in (
        (1, f"CODE = 'one'  # {form}"),
        (2, f"CODE = 'two'  # {form}"),
        (3, f"CODE = 'two'  # {form}"),
    ):
        place = tmp_path / str(version)
        place.mkdir()
        (place / f"shipped_{form[-3:]}.py").write_text(f"{source}\ndef where(): return where.__code__.co_filename\n")
        if form == "an archive":
            files = [str(path) for path in place.iterdir()]
            subprocess.run([sys.executable, "-m", "zipfile", "-c", str(place / "code.zip"), *files], check=True)
            place = place / "code.zip"
        (tmp_path / "program.py").write_text(
            f"import shipped_{form[-3:]} as shipped\nprint(shipped.CODE, shipped.where())"
        )
        process = start(server, tmp_path, str(tmp_path / "program.py"), env=variables(PYTHONPATH=str(place)))
        out.append(seen(process)[0].split())
        assert server._folder is not None
        assert out[-1][1] == str(place / f"shipped_{form[-3:]}.py")
        out[-1].append(str(len(list(Path(server._folder.name).iterdir()))))
    assert [code for code, _, _ in out] == ["one", "two", "two"]
    assert int(out[1][2]) == int(out[2][2]) == int(out[0][2]) + 1


def test_a_module_of_an_archive_is_read_once(server: ForkServer, tmp_path: Path) -> None:
    """zipimport reads it to find it, and again to load it."""
    (tmp_path / "shipped_alone.py").write_text("CODE = 'alone'\n")
    archive = tmp_path / "code.zip"
    subprocess.run(
        [sys.executable, "-m", "zipfile", "-c", str(archive), str(tmp_path / "shipped_alone.py")], check=True
    )
    (tmp_path / "shipped_alone.py").unlink()
    (tmp_path / "program.py").write_text(
        "import zipimport\n"
        "read, original = [], zipimport._get_data\n"
        "zipimport._get_data = lambda archive, entry: read.append(entry[0]) or original(archive, entry)\n"
        "import shipped_alone\n"
        "print(shipped_alone.CODE, read)\n"
    )
    process = start(server, tmp_path, str(tmp_path / "program.py"), env=variables(PYTHONPATH=str(archive)))
    assert seen(process)[0] == f"alone {[str(archive / 'shipped_alone.py')]}\n"


@pytest.mark.parametrize("where", ["beside", "on the path", "in an archive", "in a layer"])
def test_what_it_brings_along_comes_before_what_was_imported(server: ForkServer, tmp_path: Path, where: str) -> None:
    script, other = tmp_path / "a" / "program.py", tmp_path / "b"
    other.mkdir()
    script.parent.mkdir()
    script.write_text(f"import sys\nsys.path.insert(0, {str(other)!r})\nimport numpy\nprint(numpy.__file__)")
    place = {"beside": script.parent, "in an archive": tmp_path}.get(where, other)
    (place / "numpy.py").write_text("")
    env, more = variables(), {}
    if where == "on the path":
        env = variables(PYTHONPATH=str(other))
    elif where == "in an archive":
        archive = tmp_path / "code.zip"
        subprocess.run([sys.executable, "-m", "zipfile", "-c", str(archive), str(place / "numpy.py")], check=True)
        env = variables(PYTHONPATH=str(archive))
        script.write_text("import numpy\nprint(numpy.__file__)")
        place = archive
    elif where == "in a layer":
        more = {"imports_from": [str(other)]}
    out, err, status = seen(start(server, script.parent, str(script), env=env, **more))
    assert (out, err, status) == (f"{place / 'numpy.py'}\n", "", 0)


def test_it_is_shown_as_what_it_is(server: ForkServer, folder: Path) -> None:
    (folder / "waits.py").write_text("input()")
    process = start(server, folder, str(folder / "waits.py"), "word", env=variables(JOB="a name of its own"))
    place = Path(f"/proc/{process.pid}")
    words = [sys.executable, str(folder / "waits.py"), "word"]
    wait_until(lambda: (place / "cmdline").read_bytes().rstrip(b"\0").decode().split("\0") == words)
    shown = (place / "environ").read_bytes().rstrip(b"\0").decode().split("\0")
    assert sorted(shown) == sorted(f"{name}={value}" for name, value in variables(JOB="a name of its own").items())
    assert os.getpgid(process.pid) == os.getpgid(0)
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_signals_reach_it_and_a_wait_ends_in_time(server: ForkServer, folder: Path) -> None:
    (folder / "waits.py").write_text("input()")
    process = start(server, folder, str(folder / "waits.py"))
    assert process.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.05)
    process.send_signal(signal.SIGSTOP)
    wait_until(lambda: Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
    process.terminate()
    process.send_signal(signal.SIGCONT)
    assert (process.wait(10), process.poll(), process.returncode) == (-signal.SIGTERM,) * 3
    process.kill()  # of what has ended nothing is left that could be killed


@pytest.fixture
def own_server() -> Iterator[ForkServer]:
    server = ForkServer(())
    yield server
    assert server._process is not None
    server._process.kill()


def test_a_fork_server_that_is_killed_is_replaced(own_server: ForkServer, folder: Path) -> None:
    waits = start(own_server, folder, "-m", "says")
    assert waits.wait(10) == 0
    killed = own_server._process
    assert killed is not None
    killed.kill()
    killed.wait()
    assert seen(start(own_server, folder, str(folder / "status.py")))[2] == 7
    assert own_server._process is not killed


def test_the_end_of_a_fork_is_known_even_if_nobody_can_tell_its_status(own_server: ForkServer, folder: Path) -> None:
    (folder / "waits.py").write_text("input()")
    process = start(own_server, folder, str(folder / "waits.py"))
    assert own_server._process is not None
    own_server._process.kill()
    assert process.poll() is None
    process.kill()
    assert process.wait(10) == -signal.SIGKILL


def test_what_python_reads_at_its_start_makes_it_a_process_of_its_own(server: ForkServer, folder: Path) -> None:
    start(server, folder, str(folder / "says.py")).wait(10)
    for env, words in (
        (variables(PYTHONHASHSEED="1"), [str(folder / "says.py")]),
        (variables(), ["-I", str(folder / "says.py")]),
    ):
        process = start(server, folder, *words, env=env)
        assert isinstance(process, subprocess.Popen)
        assert seen(process)[2] == 0


def test_a_module_that_is_not_there_is_not_imported(folder: Path) -> None:
    server = ForkServer(("nonsense_that_is_not_there", "numpy"))
    assert seen(start(server, folder, str(folder / "says.py")))[2] == 0


@pytest.mark.parametrize("script", ["guard", "preparation"])
def test_a_fork_server_that_cannot_start_says_why(folder: Path, capfd: pytest.CaptureFixture[str], script: str) -> None:
    with pytest.raises(ConnectionResetError, match="the fork server ended"):
        start(ForkServer((), **{script: folder / "fails.py"}), folder, str(folder / "says.py"))
    assert "ValueError: no" in capfd.readouterr().err


def test_the_sdks_descriptions_are_read_once_for_all_forks(folder: Path) -> None:
    """And a fork's clients are its own: of its own region and keys, in a session that nobody made before."""
    (folder / "client.py").write_text(
        "import boto3, botocore.loaders, gzip\n"
        "assert boto3.DEFAULT_SESSION is None\n"
        "read, ways = [], botocore.loaders._JSON_OPEN_METHODS\n"
        "ways['.json.gz'] = lambda path, *rest: read.append(str(path)) or gzip.open(path, *rest)\n"
        "client = boto3.client('s3')\n"
        "print(client.meta.region_name, client._request_signer._credentials.access_key)\n"
        "print(client.generate_presigned_url('get_object', Params={'Bucket': 'b-1', 'Key': 'k'}).partition('?')[0])\n"
        "print(len(client.meta.service_model.operation_names) > 90, [path for path in read if 'service-2' in path])\n"
    )
    server = ForkServer(("boto3",), preparation=SDK_FILES)
    env = variables(AWS_DEFAULT_REGION="eu-west-1", AWS_ACCESS_KEY_ID="own", AWS_SECRET_ACCESS_KEY="own")
    for _ in range(2):
        out, err, status = seen(start(server, folder, str(folder / "client.py"), env=env))
        assert (out.splitlines(), err, status) == (
            ["eu-west-1 own", "https://b-1.s3.amazonaws.com/k", "True []"],
            "",
            0,
        )
