"""The command line as a process: signals, pipes and places that cannot be written.

Most are forks of a process that has imported what others made, which takes half of a comparison's time.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from local_aws.forking import ForkServer, Process

from .conftest import Endpoint

LIMIT = 60


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Two tables that are the same but for their rows."""
    generator = np.random.default_rng(2)
    for name in ("baseline", "current"):
        rows = "\n".join(f"{value!r}" for value in generator.normal(size=200).tolist())
        (tmp_path / f"{name}.csv").write_text(f"a\n{rows}\n")
    return tmp_path


FORKS = ForkServer(("boto3", "numpy", "pyarrow.compute", "pyarrow.csv", "rich.progress", "rich.table", "scipy.special"))


def start(*arguments: str, stdout: int | IO[str] = subprocess.DEVNULL, env: Mapping[str, str] = os.environ) -> Process:
    """`python -m drift_tools`."""
    command = [sys.executable, "-m", "drift_tools", *arguments]
    return FORKS.start(
        command, env=env, cwd=Path.cwd(), stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE
    )


def finish(process: Process) -> tuple[int, str]:
    status = process.wait(LIMIT)
    return status, process.stderr.read()


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, str]]]:
    """Starts a command that reads s3://bucket/slow.csv from an S3 that never answers, and interrupts it while it
    waits.
    """
    asked, enough = threading.Event(), threading.Event()

    class Silence(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            enough.wait(LIMIT)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Silence)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")

    def run(*arguments: str) -> tuple[int, str]:
        process = start(*arguments)
        assert asked.wait(LIMIT)
        process.send_signal(signal.SIGINT)
        return finish(process)

    yield run
    enough.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("kind", ["table", "json", "html"])
def test_an_interrupted_comparison_writes_nothing(
    tables: Path, kind: str, interrupted: Callable[..., tuple[int, str]]
) -> None:
    target = tables / "report"
    target.write_text("before")
    arguments = ("compare", f"{tables}/baseline.csv", "s3://bucket/slow.csv", "--format", kind)
    assert interrupted(*arguments, "--output", str(target)) == (130, "interrupted\n")
    assert target.read_text() == "before"
    assert sorted(file.name for file in tables.iterdir()) == ["baseline.csv", "current.csv", "report"]


def test_an_interrupted_baseline_leaves_no_folder(tables: Path, interrupted: Callable[..., tuple[int, str]]) -> None:
    arguments = ("baseline", "s3://bucket/slow.csv", "--output", f"{tables}/a/b")
    assert interrupted(*arguments) == (130, "interrupted\n")
    assert not (tables / "a").exists()


def test_interrupted_traffic_ends_after_the_present_request(endpoint: Endpoint) -> None:
    answered = threading.Event()

    def respond(payload: str, _: int) -> tuple[int, str, str]:
        answered.set()
        return 200, "", payload

    endpoint.respond = respond
    process = start("traffic", "baseline", "--endpoint", "e", "--requests", "100000", "--rate", "20", "--threads", "2")
    assert answered.wait(LIMIT)
    process.send_signal(signal.SIGINT)
    assert finish(process) == (130, "interrupted\n")
    assert len(endpoint.requests) < 1000


def test_a_reader_that_goes_away_is_no_error(tables: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as pipe:
        for kind in ("table", "html"):
            process = start("compare", f"{tables}/baseline.csv", f"{tables}/current.csv", "--format", kind, stdout=pipe)
            assert finish(process) == (0, "")


@pytest.mark.parametrize("kind", ["table", "json", "html"])
@pytest.mark.parametrize("columns", [2, 200], ids=["a buffer's worth", "more"])
def test_a_reader_that_goes_away_does_not_turn_drift_into_success(tmp_path: Path, kind: str, columns: int) -> None:
    for name, first in (("baseline", 0), ("current", 9000)):
        header = ",".join(f"column_{number}" for number in range(columns))
        lines = "\n".join(",".join([f"{first + row}.5"] * columns) for row in range(30))
        (tmp_path / f"{name}.csv").write_text(f"{header}\n{lines}\n")
    reader, writer = os.pipe()
    os.close(reader)
    arguments = ("compare", f"{tmp_path}/baseline.csv", f"{tmp_path}/current.csv", "--fail-on-drift", "--format", kind)
    with os.fdopen(writer, "w") as pipe:
        assert finish(start(*arguments, stdout=pipe)) == (1, "")


def shell(redirections: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """`python -m drift_tools` under a shell's redirections, such as `>&-`."""
    command = ["sh", "-c", f'exec "$@" {redirections}', "sh", sys.executable, "-m", "drift_tools", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=LIMIT)


@pytest.mark.parametrize("kind", ["table", "json", "html"])
def test_closed_streams_are_written_to_in_vain(tables: Path, kind: str) -> None:
    arguments = ("compare", f"{tables}/baseline.csv", f"{tables}/current.csv", "--format", kind)
    for redirections in (">&-", ">&- 2>&-"):
        done = shell(redirections, *arguments)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_error_that_nobody_hears_has_its_status(tables: Path) -> None:
    for redirections in ("2>&-", ">&- 2>&-", *(["2>/dev/full"] if Path("/dev/full").exists() else [])):
        done = shell(redirections, "compare", f"{tables}/baseline.csv", f"{tables}/none.csv")
        assert (done.returncode, done.stdout, done.stderr) == (2, "", "")
        assert shell(redirections, "compare").returncode == 2


@pytest.mark.parametrize(
    "module", ["drift_tools.cli.arguments", "drift_tools.cli.commands.compare", "drift_tools.comparison"]
)
def test_an_interruption_while_modules_are_loaded_is_one_word(tables: Path, module: str) -> None:
    code = f"""
import runpy, sys
class Interruption:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interruption())
sys.argv = ["drift_tools", "compare", "{tables}/baseline.csv", "{tables}/current.csv"]
runpy.run_module("drift_tools", run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "interrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("kind", ["table", "html"])
def test_a_full_disk_is_one_line(tables: Path, kind: str) -> None:
    with Path("/dev/full").open("w") as full:
        process = start("compare", f"{tables}/baseline.csv", f"{tables}/current.csv", "--format", kind, stdout=full)
        status, errors = finish(process)
    assert status == 2
    assert errors.splitlines() == [
        "drift_tools: standard output: No space left on device: check the path, its space and permissions"
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_refused_before_the_work(tables: Path) -> None:
    (tables / "locked").mkdir(mode=0o500)
    process = start("compare", "none.csv", "none.csv", "--output", f"{tables}/locked/report")
    status, errors = finish(process)
    assert status == 2
    assert "locked is not writable" in errors


def test_a_terminal_without_the_letters_gets_their_escapes(tables: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    process = start(
        "compare", f"{tables}/baseline.csv", f"{tables}/current.csv", stdout=subprocess.PIPE, env=environment
    )
    assert finish(process) == (0, "")
    assert "chi\\xb2" in process.stdout.read()
