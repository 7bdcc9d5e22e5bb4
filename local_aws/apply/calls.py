"""Calls into the embedded AWS: converted, held against AWS's own models, sent, and failed with one line."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import boto3
import botocore.exceptions
from botocore import xform_name

from local_aws.apply.errors import ApplyError, RequestError
from local_aws.apply.shapes import input_shape, to_shape
from local_aws.launcher import client_config
from local_aws.validation import problems

WAIT_LIMIT = 60.0  # seconds; the embedded AWS settles within a fraction of one
FIRST_STEP, LONGEST_STEP = 0.02, 0.2  # seconds between two questions; asking more often slows down who has to answer


class Cloud(Protocol):
    """What this package needs of the embedded AWS; ``local_aws.LocalAws`` has it."""

    endpoint_url: str
    region: str
    account_id: str

    def __hash__(self) -> int:
        """By identity: two servers are never the same."""

    def environment(self) -> dict[str, str]:
        """``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY`` of the administrator, and more."""

    def guard(self, client: Any) -> None:
        """Make a client say so at once when the server is gone."""


@dataclass(frozen=True)
class Credentials:
    """An access key, as a provider resource may bring its own."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


# One for the process: a session keeps the service models that it has read, most of the time that a client takes.
_session = boto3.Session()
_session_lock = threading.Lock()  # a client may be shared between threads, a session that makes one may not


class Clients:
    """boto3 clients of one embedded AWS: the administrator's, or those of other credentials. Thread-safe."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        environment = cloud.environment()
        self._administrator = Credentials(
            environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"], environment.get("AWS_SESSION_TOKEN")
        )
        self._clients: dict[tuple[str, str, Credentials], Any] = {}

    def get(self, service: str, region: str, credentials: Credentials | None = None) -> Any:
        """The client of a service, the administrator's unless other credentials are given."""
        who = credentials or self._administrator
        key = (service, region, who)
        with _session_lock:
            if key not in self._clients:
                self._clients[key] = _session.client(
                    service,
                    region_name=region,
                    endpoint_url=self._cloud.endpoint_url,
                    aws_access_key_id=who.access_key,
                    aws_secret_access_key=who.secret_key,
                    aws_session_token=who.token,
                    config=client_config(),
                )
                self._cloud.guard(self._clients[key])
            return self._clients[key]


@functools.lru_cache(maxsize=2)  # few, since each keeps its cloud alive
def clients_of(cloud: Cloud) -> Clients:
    """The clients of one embedded AWS, the same for every deployment and inventory of it."""
    return Clients(cloud)


@dataclass(frozen=True)
class Api:
    """One account and region. ``api("iam", "CreateRole", RoleName=…)`` returns the response as a dict."""

    clients: Clients
    region: str
    credentials: Credentials | None = None

    def __call__(self, service: str, operation: str, /, **request: Any) -> dict[str, Any]:
        """Send one request. None is left out, floats that AWS wants as integers are converted.

        Raises RequestError with AWS's error code, or ``InvalidRequest`` if botocore's models refuse the request: then
        nothing was sent.
        """
        shape = input_shape(service, operation)
        given = {name: value for name, value in request.items() if value is not None}
        params = to_shape(shape, given, where=f"{service} {operation}") if shape is not None else given
        if shape is not None and (found := problems(shape, params)):
            raise RequestError(service, operation, "InvalidRequest", "; ".join(found))
        client = self.clients.get(service, self.region, self.credentials)
        try:
            response: dict[str, Any] = getattr(client, xform_name(operation))(**params)
        except botocore.exceptions.ClientError as error:
            detail = error.response.get("Error", {})
            raise RequestError(
                service, operation, detail.get("Code", "Unknown"), detail.get("Message", str(error))
            ) from error
        except botocore.exceptions.BotoCoreError as error:
            raise RequestError(service, operation, type(error).__name__, str(error)) from error
        return response

    def pages(self, service: str, operation: str, /, **request: Any) -> list[dict[str, Any]]:
        """All pages of a list operation."""
        client = self.clients.get(service, self.region, self.credentials)
        method = xform_name(operation)
        if not client.can_paginate(method):
            return [self(service, operation, **request)]
        try:
            return list(client.get_paginator(method).paginate(**request))
        except botocore.exceptions.ClientError as error:
            detail = error.response.get("Error", {})
            raise RequestError(
                service, operation, detail.get("Code", "Unknown"), detail.get("Message", str(error))
            ) from error

    def missing(self, service: str, operation: str, codes: tuple[str, ...], /, **request: Any) -> bool:
        """Whether a describe call says that its resource does not exist, by one of the error ``codes``."""
        try:
            self(service, operation, **request)
        except RequestError as error:
            if error.code in codes:
                return True
            raise
        return False


def wait_until(done: Callable[[], bool], what: str, *, limit: float = WAIT_LIMIT) -> None:
    """Ask until ``done()`` is true; an ApplyError says ``what`` was waited for if ``limit`` seconds pass."""
    deadline = time.monotonic() + limit
    step = FIRST_STEP
    while not done():
        if time.monotonic() > deadline:
            raise ApplyError(f"{what} took longer than {limit:.0f} s")
        time.sleep(step)
        step = min(2 * step, LONGEST_STEP)
