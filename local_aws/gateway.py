"""One ASGI application on one port: control requests, SageMaker with behaviour, and ministack for the rest."""

import logging
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from local_aws import seams
from local_aws.clock import VirtualClock, parse_time
from local_aws.control import Control
from local_aws.sagemaker.api import SageMaker

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

log = logging.getLogger("local_aws")


@dataclass
class Journal:
    """What tests ask for afterwards."""

    denied_calls: list[dict[str, str]] = field(default_factory=list)
    invalid_requests: list[str] = field(default_factory=list)


def build(settings: Mapping[str, Any], directory: Path, endpoint_url: str, ready: Callable[[], None]) -> Any:
    """The application; `ready` is called when it can serve."""
    clock = VirtualClock(parse_time(settings["at"]) if settings["at"] else None)
    seams.put_on_clock(clock)
    journal = Journal()
    sagemaker = SageMaker(clock)
    seams.serve_sagemaker(sagemaker.handle)

    async def advance(when: datetime) -> None:
        clock.move_to(when)

    control = Control(clock, journal, advance)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_local/"):
            status, body = await control.handle(scope["method"], scope["path"], await read_body(receive))
            await respond(send, status, {"Content-Type": "application/json"}, body)
        elif scope["type"] == "lifespan":
            await seams.asgi_app(scope, receive, _announcing(send, ready))
        else:
            await seams.asgi_app(scope, receive, send)

    return app


def _announcing(send: Send, ready: Callable[[], None]) -> Send:
    async def announcing(message: MutableMapping[str, Any]) -> None:
        await send(message)
        if message["type"] == "lifespan.startup.complete":
            ready()

    return announcing


async def read_body(receive: Receive) -> bytes:
    """The whole body of a request."""
    chunks = []
    while True:
        message = await receive()
        chunks.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(chunks)


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole response."""
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})
