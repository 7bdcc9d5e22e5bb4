"""Who may come in: nobody whom a browser sends.

A web page can make a browser post to a port of this machine (a "simple" request, which CORS does not ask about first),
and by DNS rebinding read the answers. What it cannot do is sign, leave out `Origin`, or choose `Host`. So a request is
let in if its Host is loopback with our port, no other origin sent it, and a key that this server made has signed it;
no answer has a CORS header. Control requests, ours and ministack's, are for the administrator's key alone.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from local_aws import seams

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# Paths that are no request to AWS: /_local/, /_ministack/, /_localstack/ and what ministack has besides.
_CONTROL = ("/_", "/health")
_BODY_LIMIT = 256 * 1024 * 1024


class FrontDoor:
    """Lets signed requests of this machine through to `inside`, an ASGI application, and answers all others."""

    def __init__(self, port: int, inside: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost")}
        self._origins = {b"http://" + host for host in self._hosts}
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of hypercorn's."""
        if scope["type"] == "lifespan":
            await self._inside(scope, receive, send)
            return
        if scope["type"] != "http":  # nothing here speaks WebSocket, which browsers open to any origin
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        foreign = self.foreign(scope["headers"])
        if foreign:
            await refuse(send, foreign)
            return
        body = await read_body(receive)
        if body is None:
            await refuse(send, f"a request's body may have {_BODY_LIMIT} bytes", status=413)
            return
        unsigned = seams.refuse_unsigned(scope, body)
        if scope["path"].startswith(_CONTROL) and (unsigned or not seams.is_administrator(scope)):
            await refuse(send, f"{scope['path']} is for the administrator's key of this server only")
        elif unsigned:
            await respond(send, *unsigned)
        else:
            await self._inside(scope, _replaying(body, receive), _without_cors(send))

    def foreign(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Why a request comes from elsewhere, in one line; None if it does not."""
        hosts = [value for name, value in headers if name.lower() == b"host"]
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return "the Host of a request must be 127.0.0.1 or localhost with this server's port"
        if any(name.lower() == b"origin" and value not in self._origins for name, value in headers):
            return "web pages may not call this server"
        if any(name.lower() == b"sec-fetch-site" and value not in {b"same-origin", b"none"} for name, value in headers):
            return "web pages may not call this server"
        return None


async def read_body(receive: Receive) -> bytes | None:
    """The whole body of a request; None if it is larger than the limit, or its sender is gone."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > _BODY_LIMIT:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def respond(send: Send, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """Send a whole response."""
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    encoded.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": body})


async def refuse(send: Send, reason: str, status: int = 403) -> None:
    """Answer with one line of JSON."""
    body = json.dumps({"error": reason}).encode()
    await respond(send, status, {"Content-Type": "application/json"}, body)


def _replaying(body: bytes, receive: Receive) -> Receive:
    message: MutableMapping[str, Any] | None = {"type": "http.request", "body": body, "more_body": False}

    async def again() -> MutableMapping[str, Any]:
        nonlocal message
        first, message = message, None
        return first or await receive()

    return again


def _without_cors(send: Send) -> Send:
    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": kept}
        await send(message)

    return sending
