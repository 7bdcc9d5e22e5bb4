"""Start the embedded AWS as a subprocess, talk to it, and leave nothing behind.

Longer than 400 lines: whoever uses the package needs this one module to start it, and what must be cleaned up is seen
beside what was started.
"""

import contextlib
import http.client
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from local_aws.clock import parse_time
from local_aws.validation import models

_PROJECT = Path(__file__).resolve().parent.parent
_GUARDIAN = Path(__file__).resolve().with_name("guardian.py")
# What a server, its functions and its jobs may see of the caller's environment: no credentials, profiles, proxies or
# PYTHONPATH, any of which would make a run differ from machine to machine.
_INHERITED = (
    "PATH",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LD_LIBRARY_PATH",
    "SYSTEMROOT",
    "OMP_NUM_THREADS",
    "COVERAGE_PROCESS_START",
)
_START_LIMIT_SECONDS = 60.0
_LOG_LINES = 15


class LocalAwsError(RuntimeError):
    """A control request that the embedded AWS refused, in one line."""


class ServerStopped(LocalAwsError):  # noqa: N818 - the name is the contract of this package
    """The embedded AWS is no longer running; the message ends with the last lines of its log."""


class Clock:
    """The clock that SageMaker, CloudWatch alarms and events go by; it can only be moved forward."""

    def __init__(self, cloud: "LocalAws") -> None:
        self._cloud = cloud

    def now(self) -> datetime:
        """The virtual time (UTC)."""
        return parse_time(self._cloud.control("GET", "clock")["now"])

    def advance_to(self, when: datetime) -> datetime:
        """Move to `when` (timezone-aware), running on the way what falls due; returns the time then.

        In order of time: captured records are written, monitoring schedules fire and their executions are waited for,
        alarms are evaluated. Raises LocalAwsError if `when` is in the past.
        """
        if when.tzinfo is None:
            raise ValueError(f"advance_to needs a timezone-aware datetime, got {when!r}; add tzinfo=datetime.UTC")
        return parse_time(self._cloud.control("POST", "clock", {"advance_to": when.isoformat()})["now"])

    def advance(self, by: timedelta) -> datetime:
        """Move forward by a duration; see `advance_to`. A duration of zero does what is due now."""
        return parse_time(self._cloud.control("POST", "clock", {"advance_by": by.total_seconds()})["now"])


class LocalAws:
    """A running embedded AWS; use it as a context manager, or call `stop`.

    Attributes
    ----------
    endpoint_url : one URL for all services, on loopback.
    account_id, region : where the administrator works.
    clock : the virtual clock.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", directory: Path, settings: Mapping[str, Any]) -> None:
        self._process = process
        self._directory = directory
        # Looked at before each request, where a Path takes as long as the looking.
        self._place, self._end = str(directory), str(directory / "exited")
        self._credentials = settings["credentials"]
        self._clients: dict[tuple[str, str], Any] = {}
        self._lock = threading.Lock()
        self._last_log: str | None = None
        self.account_id: str = settings["account_id"]
        self.region: str = settings["region"]
        self.enforce_iam: bool = settings["enforce_iam"]
        self.endpoint_url = ""
        self.clock = Clock(self)
        self._session = self.session()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        """Whether the server is alive; never true again once it was false."""
        return self._process.poll() is None and os.path.exists(self._place) and not os.path.exists(self._end)

    def environment(self) -> dict[str, str]:
        """Environment variables with which any AWS SDK or CLI reaches this AWS as its administrator."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self._credentials["access_key"],
            "AWS_SECRET_ACCESS_KEY": self._credentials["secret_key"],
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    def client(self, service: str, *, region: str | None = None) -> Any:
        """A boto3 client of the administrator, made once per service and region; thread-safe as boto3's are."""
        key = (service, region or self.region)
        with self._lock:
            if key not in self._clients:
                # One session for all clients: a new one reads botocore's files again, 0.1 s for each client.
                client = self._session.client(
                    service, region_name=key[1], endpoint_url=self.endpoint_url, config=client_config()
                )
                self.guard(client)
                self._clients[key] = client
            return self._clients[key]

    def account(self, account_id: str, *, member: bool = True) -> "LocalAccount":
        """Another account of this AWS, with credentials of the role that administers it.

        `member`: it is in the organisation of the administrator's own account. Raises LocalAwsError for what is no
        account.
        """
        opened = self.control("POST", "accounts", {"account": account_id, "member": member})
        return LocalAccount(self, account_id, opened["credentials"], opened["organization_id"])

    def session(self, *, region: str | None = None) -> Any:
        """A boto3 session with the administrator's credentials and nothing from this machine's configuration."""
        session = botocore.session.get_session()
        # The models of services that requests are held against here are those that clients are made from.
        session.register_component("data_loader", models().get_component("data_loader"))
        return boto3.Session(
            botocore_session=session,
            aws_access_key_id=self._credentials["access_key"],
            aws_secret_access_key=self._credentials["secret_key"],
            region_name=region or self.region,
        )

    def guard(self, client: Any) -> None:
        """Make a boto3 client raise ServerStopped, at once, when the server is gone."""
        client.meta.events.register("before-send", self._refuse_if_stopped)
        # Before botocore's own handler, which raises the lost connection when it has no attempt left: handlers of the
        # more specific event come first.
        service = client.meta.service_model.service_id.hyphenize()
        client.meta.events.register_first(f"needs-retry.{service}", self._explain_lost_connection)

    def denied_calls(self) -> list[dict[str, str]]:
        """Every call that IAM refused since the start: {"principal", "action", "resource"} (with enforce_iam).

        Of these, and of all that is written down, the first 10,000 are kept, with texts of 2,048 characters. A last
        entry says how many were dropped after them, so that no list is empty for that reason; whoever looks only at
        what is new sees it once.
        """
        calls, dropped = self._written("denied-calls", "calls")
        return [*calls, *({"principal": "", "action": "", "resource": said} for said in dropped)]

    def failures(self, *, but: Collection[str] = ()) -> list[str]:
        """What failed since the start though no caller was told, or a retry hid it; one line each.

        Invocations of functions, each of their tries; tasks and executions of state machines, jobs and pipelines;
        deliveries of schedules, rules, topics, alarms and streams; dead letters, logs and metrics that were lost.
        `but`: parts of lines, of what is broken on purpose; that some were dropped (see `denied_calls`) is said anyway.
        """
        failures, dropped = self._written("failures", "failures")
        return [*(line for line in failures if not any(part in line for part in but)), *dropped]

    def used_actions(self) -> list[dict[str, Any]]:
        """What the policies of roles have allowed since the start: {"role", "action", "resource", "calls"}.

        `role` is a role's name. With enforce_iam only; what a resource's own policy allowed is not in it.
        """
        uses, dropped = self._written("used-actions", "uses")
        return [*uses, *({"role": "", "action": "", "resource": said, "calls": 0} for said in dropped)]

    def invalid_requests(self) -> list[str]:
        """Every request since the start, from whomever, that AWS's own service models refuse; one line each."""
        requests, dropped = self._written("invalid-requests", "requests")
        return [*requests, *dropped]

    def observed_operations(self) -> dict[str, int]:
        """The requests that were held against AWS's models since the start, `service.Operation` with their number."""
        operations: dict[str, int] = self.control("GET", "observed")["operations"]
        return operations

    def changes(self) -> list[dict[str, Any]]:
        """The requests since the start that make, change or delete something: {"operation", "parameters"}.

        Without what carries data (S3, SQS, logs, metrics, events, invocations); files and long texts are cut,
        and of parameters of more than 8,192 characters in all the shortest are kept.
        """
        changes, dropped = self._written("changes", "changes")
        return [*changes, *({"operation": said, "parameters": {}} for said in dropped)]

    def unread_requests(self) -> list[str]:
        """Requests since the start that no model could be held against; one line each."""
        requests, dropped = self._written("unread-requests", "requests")
        return [*requests, *dropped]

    def _written(self, kind: str, name: str) -> tuple[list[Any], list[str]]:
        """What was written down of a kind, and a sentence if that is not all."""
        answer = self.control("GET", kind)
        dropped, kept = answer["dropped"], len(answer[name])
        return answer[name], [f"{dropped:,} more were dropped: the first {kept:,} are kept"] if dropped else []

    def control(self, method: str, name: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Send a control request to `/_local/{name}`; raises LocalAwsError with the server's one-line reason."""
        self._require_running()
        try:
            return control(self.environment(), method, name, body)
        except OSError as error:
            self._raise_if_stopped(wait=2.0)
            raise LocalAwsError(f"the embedded AWS did not answer /_local/{name}: {error}") from error

    def log_tail(self, lines: int = _LOG_LINES) -> str:
        """The last lines that the server wrote to its log."""
        if self._last_log is not None:
            return self._last_log
        return _tail(self._directory / "server.log", lines)

    def stop(self) -> None:
        """Stop the server and everything that it started, and remove its files; safe to call twice."""
        if self._last_log is None:
            self._last_log = self.log_tail()
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            # The server sees its pipe close and kills its own group.
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)
        for client in self._clients.values():
            client.close()

    def _require_running(self) -> None:
        if not self.running:
            raise ServerStopped(f"the embedded AWS has stopped; its log ends:\n{self.log_tail()}")

    def _raise_if_stopped(self, wait: float) -> None:
        # A connection breaks some milliseconds before the guardian has noticed the death and written it down.
        for _ in _until(wait):
            self._require_running()

    def _refuse_if_stopped(self, **_: Any) -> None:
        self._require_running()

    def _explain_lost_connection(self, caught_exception: BaseException | None = None, **_: Any) -> None:
        if caught_exception is not None:
            self._raise_if_stopped(wait=1.0)


def control(
    environment: Mapping[str, str], method: str, name: str, body: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Send a control request to the embedded AWS of `environment`, the variables that `LocalAws.environment` has.

    It is signed: a server answers its administrator's key only. Raises LocalAwsError with the server's one-line reason,
    OSError if it does not answer.
    """
    url = f"{environment['AWS_ENDPOINT_URL'].rstrip('/')}/_local/{name}"
    data = json.dumps(body) if body is not None else ""
    request = AWSRequest(method, url, {"Content-Type": "application/json"}, data)
    keys = Credentials(environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"])
    SigV4Auth(keys, "local-aws", environment["AWS_REGION"]).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=None)
    try:
        connection.request(method, f"/_local/{name}", data, dict(request.headers.items()))
        response = connection.getresponse()
        text = response.read()
    except http.client.HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()
    if response.status == http.HTTPStatus.OK:
        answer: dict[str, Any] = json.loads(text)
        return answer
    raise LocalAwsError(_reason(text) or f"/_local/{name} answered {response.status}")


def _reason(text: bytes) -> str:
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    return str(answer.get("error") or answer.get("message") or "")


class LocalAccount:
    """An account beside the administrator's own: what `apply.deploy` and `apply.inventory` need of an AWS."""

    def __init__(
        self, cloud: LocalAws, account_id: str, credentials: Mapping[str, str], organization_id: str | None
    ) -> None:
        self._cloud, self._credentials = cloud, dict(credentials)
        self._clients: dict[tuple[str, str], Any] = {}
        self.account_id, self.organization_id = account_id, organization_id
        self.region, self.endpoint_url = cloud.region, cloud.endpoint_url

    def environment(self) -> dict[str, str]:
        """Environment variables with which any AWS SDK reaches this account as its administrator."""
        return self._cloud.environment() | self._credentials

    def client(self, service: str, *, region: str | None = None) -> Any:
        """A boto3 client of the account's administrator, made once per service and region."""
        key = (service, region or self.region)
        if key not in self._clients:
            self._clients[key] = self._cloud.session().client(
                service,
                region_name=key[1],
                endpoint_url=self.endpoint_url,
                aws_access_key_id=self._credentials["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self._credentials["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=self._credentials["AWS_SESSION_TOKEN"],
                config=client_config(),
            )
            self.guard(self._clients[key])
        return self._clients[key]

    def guard(self, client: Any) -> None:
        """Make a boto3 client say so at once when the server is gone."""
        self._cloud.guard(client)


def client_config(**options: Any) -> Config:
    """A botocore configuration for loopback: no retries, no waiting for hosts, path-style buckets, many connections.

    And a name for the client: botocore puts one together out of this machine's twice a request, a tenth of a request.
    """
    return Config(
        user_agent="local_aws",
        retries={"total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=300,
        max_pool_connections=32,
        s3={"addressing_style": "path"},
        **options,
    )


def start(
    *,
    enforce_iam: bool = False,
    region: str = "us-east-1",
    account_id: str = "123456789012",
    at: datetime | None = None,
    duplicate_events: bool = True,
    capture_delay: float = 0.0,
) -> LocalAws:
    """Start an embedded AWS on a free loopback port and wait until it answers.

    With `enforce_iam` every call is authorised, and functions, jobs and model workers act under their roles. The
    administrator works in `region` of `account_id`; other regions exist as well. `at` (timezone-aware) is the virtual
    time at the start; real time if omitted. `duplicate_events`: SageMaker's events are sent twice, as AWS may.
    `capture_delay`: virtual seconds until a captured record's file appears in S3; with 0 it appears at the next advance
    of the clock, or after about one second.

    The server and all it starts end with the context manager, with `stop`, and when this process dies.
    """
    if at is not None and at.tzinfo is None:
        raise ValueError(f"at needs a timezone-aware datetime, got {at!r}; add tzinfo=datetime.UTC")
    if capture_delay < 0:
        raise ValueError(f"capture_delay is a number of seconds of 0 or more, got {capture_delay}")
    settings = {
        "enforce_iam": enforce_iam,
        "region": region,
        "account_id": account_id,
        "at": at.isoformat() if at else None,
        "duplicate_events": duplicate_events,
        "capture_delay": capture_delay,
        "credentials": {
            "access_key": "AKIA" + "".join(secrets.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") for _ in range(16)),
            "secret_key": secrets.token_urlsafe(30),
        },
    }
    directory = Path(tempfile.mkdtemp(prefix="local-aws-"))
    (directory / "tmp").mkdir()
    (directory / "home").mkdir()
    settings_file = directory / "settings.json"
    settings_file.touch(0o600)
    settings_file.write_text(json.dumps(settings))
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [
                *[sys.executable, "-I", "-S", str(_GUARDIAN), str(directory)],
                *[sys.executable, "-m", "local_aws.server", str(directory)],
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=_PROJECT,
            env=_environment(directory),
            start_new_session=True,
        )
    cloud = LocalAws(process, directory, settings)
    try:
        cloud.endpoint_url = f"http://127.0.0.1:{_await_port(cloud, directory)}"
    except BaseException:
        cloud.stop()
        raise
    return cloud


def _environment(directory: Path) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return environment | {"TMPDIR": str(directory / "tmp"), "HOME": str(directory / "home"), "PYTHONUNBUFFERED": "1"}


def _await_port(cloud: LocalAws, directory: Path) -> int:
    for _ in _until(_START_LIMIT_SECONDS):
        with contextlib.suppress(FileNotFoundError):
            return int((directory / "port").read_text())
        if not cloud.running:
            break
    raise ServerStopped(f"the embedded AWS did not start; its log ends:\n{cloud.log_tail()}")


def _until(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() >= end:
            return
        time.sleep(0.01)


def _tail(path: Path, lines: int) -> str:
    try:
        return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
    except FileNotFoundError:
        return "(no log)"
