"""Starting, talking, dying: whoever dies first, no process and no file stays."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import local_aws

PROJECT = Path(local_aws.__file__).parents[1]


def wait_until(condition: Callable[[], Any], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not so after {seconds} s"
        time.sleep(0.02)


def processes_of(directory: Path) -> list[int]:
    """The ids of all processes that have a path in their command line, their working directory or their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
                alive = (entry / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
            except OSError:
                continue
            if alive and str(directory).encode() in text:
                found.append(int(entry.name))
    return found


PARENT = """
import sys, time, local_aws
with local_aws.start() as cloud:
    lam, iam = cloud.client("lambda"), cloud.client("iam")
    import io, zipfile
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("handler.py", "def handler(event, context): return 1")
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = {"ZipFile": stream.getvalue()}
    lam.create_function(FunctionName="f", Runtime="python3.13", Role=role, Handler="handler.handler", Code=code)
    lam.invoke(FunctionName="f")
    print(cloud._directory, flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def plain() -> Iterator[local_aws.LocalAws]:
    """A server that was started without options."""
    with local_aws.start() as cloud:
        yield cloud


@pytest.fixture
def parent() -> Any:
    """A process that runs an embedded AWS with a warm function in it."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    process = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    directory = Path(process.stdout.readline().strip())
    assert len(processes_of(directory)) >= 3  # guardian, server, the function's worker
    yield process, directory
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_everything_dies_with_the_parent(parent: Any, signal_number: int) -> None:
    process, directory = parent
    process.send_signal(signal_number)
    process.wait(15)
    wait_until(lambda: not processes_of(directory) and not directory.exists())


def test_a_killed_guardian_takes_the_server_with_it() -> None:
    with local_aws.start() as cloud:
        directory = cloud._directory
        cloud._process.kill()
        wait_until(lambda: not processes_of(directory))
        assert not cloud.running
    assert not directory.exists()


def test_a_dead_server_is_reported_with_its_log() -> None:
    with local_aws.start() as cloud:
        directory = cloud._directory
        s3 = cloud.client("s3")
        s3.list_buckets()
        server = next(
            pid for pid in processes_of(directory) if b"local_aws.server" in Path(f"/proc/{pid}/cmdline").read_bytes()
            and b"guardian" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        )  # fmt: skip
        (directory / "server.log").open("a").write("the last words\n")
        os.kill(server, signal.SIGKILL)
        with pytest.raises(local_aws.ServerStopped, match="the last words"):
            s3.list_buckets()
        with pytest.raises(local_aws.ServerStopped, match="the last words"):
            cloud.clock.now()
        assert not cloud.running
        wait_until(lambda: len(processes_of(directory)) == 1)  # the guardian, until it is told
    assert not directory.exists()


def test_two_servers_know_nothing_of_each_other(plain: local_aws.LocalAws) -> None:
    with local_aws.start(region="eu-west-1", account_id="210987654321") as other:
        assert plain.endpoint_url != other.endpoint_url
        plain.client("sns").create_topic(Name="mine")
        assert other.client("sns").list_topics()["Topics"] == []
        arn = other.client("sns").create_topic(Name="mine")["TopicArn"]
        assert arn == "arn:aws:sns:eu-west-1:210987654321:mine"
        assert other.client("sts").get_caller_identity()["Account"] == "210987654321"


def test_it_listens_on_loopback_only(plain: local_aws.LocalAws) -> None:
    sockets = []
    for pid in processes_of(plain._directory):
        links = {os.readlink(path) for path in Path(f"/proc/{pid}/fd").iterdir()}
        for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in links:
                sockets.append(fields[1])
    assert {address.split(":")[0] for address in sockets} == {"0100007F"}
    assert {int(address.split(":")[1], 16) for address in sockets} == {int(plain.endpoint_url.rpartition(":")[2])}


def test_environment_reaches_the_server(cloud: local_aws.LocalAws) -> None:
    environment = cloud.environment()
    assert set(environment) == {
        "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_REGION",
    }  # fmt: skip
    code = "import boto3; print(boto3.client('sts').get_caller_identity()['Arn'])"
    printed = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert printed.stdout.strip() == "arn:aws:iam::123456789012:root"


def test_the_clock_goes_forward_only(cloud: local_aws.LocalAws) -> None:
    before = cloud.clock.now()
    after = cloud.clock.advance(timedelta(seconds=30))
    assert timedelta(seconds=30) <= after - before < timedelta(seconds=60)
    with pytest.raises(local_aws.LocalAwsError, match="cannot go back"):
        cloud.clock.advance_to(before)
    with pytest.raises(ValueError, match="timezone-aware"):
        cloud.clock.advance_to(datetime(2030, 1, 1))


def test_options_are_checked() -> None:
    with pytest.raises(ValueError, match="timezone-aware"):
        local_aws.start(at=datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="capture_delay"):
        local_aws.start(capture_delay=-1)


def test_unknown_control_requests_are_refused(cloud: local_aws.LocalAws) -> None:
    with pytest.raises(local_aws.LocalAwsError, match="there is no control request GET /_local/nonsense"):
        cloud.control("GET", "nonsense")


def test_real_time_without_a_start(plain: local_aws.LocalAws) -> None:
    assert abs(plain.clock.now() - datetime.now(UTC)) < timedelta(seconds=5)
