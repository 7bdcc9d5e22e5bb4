"""`python -m local_aws`: starts, says how to use it, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_aws.launcher import client_config

PROJECT = Path(__file__).resolve().parents[2]
LIMIT = 60.0
PROGRAM = """
import pulumi, pulumi_aws as aws
bucket = aws.s3.Bucket("data", opts=pulumi.ResourceOptions(protect=pulumi.Config().get_bool("protect")))
pulumi.export("bucket_name", bucket.bucket)
pulumi.export("token", pulumi.Output.secret("hunter2"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(
        "name: small\nruntime: python\nconfig:\n  protect: {type: boolean, default: false}\n"
    )
    (tmp_path / "Pulumi.dev.yaml").write_text("config:\n  aws:region: eu-west-1\n")
    (tmp_path / "__main__.py").write_text(PROGRAM)
    return tmp_path


def descendants(pid: int) -> set[int]:
    """All processes below one, from /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text() if entry.name.isdecimal() else ""
        except OSError:  # it ended meanwhile
            continue
        if stat:
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found: set[int] = set()
    level = {pid}
    while level := {child for child, parent in parents.items() if parent in level} - found:
        found |= level
    return found


def ended(pid: int) -> bool:
    """Whether a process is gone, or is only a zombie that nobody has asked for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def command(*args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local_aws", *args],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )


@contextmanager
def running(*args: str, until: str = "Ctrl-C") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command and what it printed until it was ready, or until a line that begins with `until`."""
    process = command(*args)
    try:
        assert process.stdout is not None
        text = ""
        for line in process.stdout:
            text += line
            if line.startswith(until):
                break
        yield process, text
    finally:
        process.kill()
        process.communicate()


def stop(process: subprocess.Popen[str], how: signal.Signals) -> str:
    """End it by a signal, as a person or a supervisor would; returns what it said then."""
    below = descendants(process.pid)
    assert below
    process.send_signal(how)
    output, errors = process.communicate(timeout=LIMIT)
    assert (process.returncode, errors) == (0, "")
    # A killed process is gone when the kernel has had time for it, which on a busy machine is a little later.
    deadline = time.monotonic() + LIMIT
    while left := [pid for pid in below if not ended(pid)]:
        assert time.monotonic() < deadline, left
        time.sleep(0.01)
    return output


def exported(text: str) -> dict[str, str]:
    return dict(re.findall(r"^export (\w+)=(\S+)$", text, re.MULTILINE))


def client(service: str, environment: dict[str, str]) -> Any:
    return boto3.Session(
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region_name=environment["AWS_REGION"],
    ).client(service, endpoint_url=environment["AWS_ENDPOINT_URL"], config=client_config())


def test_the_stack_is_there_until_ctrl_c(project: Path) -> None:
    with running("--project", str(project)) as (process, text):
        environment = exported(text)
        assert environment["AWS_REGION"] == "eu-west-1"
        buckets = client("s3", environment).list_buckets()["Buckets"]
        assert re.search(rf"^  bucket_name  {buckets[0]['Name']}$", text, re.MULTILINE)
        assert "hunter2" not in text
        assert f"aws s3 ls --recursive s3://{buckets[0]['Name']}" in text
        assert "Stack dev is in it: 1 resources" in text
        advance = subprocess.run(
            [sys.executable, "-m", "local_aws", "--advance", "2d"],
            cwd=PROJECT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.fullmatch(r"The clock says \d{4}-\d\d-\d\dT.*\+00:00\.\n", advance.stdout)
        assert "Destroyed 1 resources in" in stop(process, signal.SIGINT)


def test_what_the_stack_would_keep_is_named(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config:\n  small:protect: true\n")
    with running("--project", str(project)) as (process, _):
        assert "The stack would keep, but this AWS takes with it: data" in stop(process, signal.SIGTERM)


def test_a_signal_amid_the_explanation_destroys_too(project: Path) -> None:
    with running("--project", str(project), until="An AWS is running") as (process, _):
        assert "Destroyed 1 resources in" in stop(process, signal.SIGTERM)


def test_without_a_stack(project: Path) -> None:
    with running("--no-stack") as (process, text):
        assert client("s3", exported(text)).list_buckets()["Buckets"] == []
        stop(process, signal.SIGINT)


@pytest.mark.parametrize(
    ("args", "status", "message"),
    [
        (["--project", "{project}", "--stack", "prod"], 2, r"^local_aws: .*Pulumi\.prod\.yaml: there is no such file;"),
        (["--advance", "soon"], 2, r"'soon' is no time; write 30m, 1h or 2d$"),
        (["--project", "{project}", "--stack", "broken"], 1, r"^local_aws: small \(broken\): ValueError: no model$"),
    ],
)
def test_what_is_wrong_is_one_line_on_standard_error(project: Path, args: list[str], status: int, message: str) -> None:
    (project / "Pulumi.broken.yaml").write_text("config: {}\n")
    broken = "import pulumi\nif pulumi.get_stack() == 'broken':\n    raise ValueError('no model')\n"
    (project / "__main__.py").write_text(broken + PROGRAM)
    process = command(*(arg.format(project=project) for arg in args))
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == status
    assert re.search(message, errors.strip().splitlines()[-1])


def test_advancing_needs_a_running_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    assert "AWS_SECRET_ACCESS_KEY is not set: run the export lines" in failed("--advance", "1h")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert failed("--advance", "1h").startswith("local_aws: nothing answers at http://127.0.0.1:9: ")


def failed(*args: str) -> str:
    """What a command says that ends with 1."""
    process = command(*args)
    _, errors = process.communicate(timeout=LIMIT)
    assert process.returncode == 1
    return errors


@pytest.mark.parametrize("moment", ["boto3", "grpc._cython.cygrpc", "local_aws.command"])
def test_an_interruption_while_it_loads_is_one_line(moment: str) -> None:
    code = f"""
import os, runpy, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == "{moment}":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
runpy.run_module("local_aws", run_name="__main__")
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, timeout=LIMIT, check=False
    )
    assert (run.returncode, run.stdout, run.stderr) == (130, "", "\nlocal_aws: stopped; nothing of it is left\n")
