"""HTTP/1.1 between clients on this machine and an ASGI application; no TLS, no HTTP/2, no WebSocket.

A server for everybody (hypercorn) spent as much on a small request as all that is behind it: parts of an answer that
leave one by one, each waking the client, tasks and timers around every request. Here an answer leaves in one piece
where it can, and a connection ends when its client does.
"""

import asyncio
import logging
import re
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

log = logging.getLogger("local_aws.http_server")

Message = MutableMapping[str, Any]
Application = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]

_HEAD_BYTES = 64 * 1024
_REQUEST_LINE = re.compile(rb"([A-Z]{1,20}) ([\x21-\x7e]+) HTTP/1\.([01])")
# Nothing that two readers could read in two ways: no folded lines, no spaces before the colon, no bare line ends.
_HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_PHRASES = {status.value: status.phrase.encode() for status in HTTPStatus}


class MalformedError(ValueError):
    """A request that is no HTTP."""


async def serve(application: Application, listener: socket.socket) -> None:
    """Start the application and serve its connections; does not return."""
    lifespan = await _started(application)
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: _Connection(application), sock=listener) as server:
        await asyncio.gather(server.serve_forever(), lifespan)


async def _started(application: Application) -> "asyncio.Future[None]":
    """Begin the application's life (ASGI's lifespan), which goes on in what comes back."""
    starting, started = True, asyncio.Event()

    async def receive() -> Message:
        nonlocal starting
        if starting:
            starting = False
            return {"type": "lifespan.startup"}
        end: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        return await end  # which is the process's

    async def send(message: Message) -> None:
        if message["type"] != "lifespan.startup.complete":
            raise RuntimeError(f"the application does not start: {message}")
        started.set()

    life = asyncio.ensure_future(application({"type": "lifespan", "asgi": {"version": "3.0"}}, receive, send))
    waiting = asyncio.ensure_future(started.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        life.result()
    return life


class _Connection(asyncio.Protocol):
    """A client's connection: one exchange after the other."""

    transport: asyncio.Transport

    def __init__(self, application: Application) -> None:
        self.received, self.is_lost = bytearray(), False
        self._application = application
        self._exchange: _Exchange | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_writable = asyncio.Event()
        self._is_writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker: it is a socket's
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self._exchange is None:
            self._begin()
        else:
            self._exchange.news.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self.is_lost = True
        self._is_writable.set()
        if self._exchange:
            self._exchange.news.set()

    def pause_writing(self) -> None:
        self._is_writable.clear()

    def resume_writing(self) -> None:
        self._is_writable.set()

    async def write(self, data: bytes) -> None:
        """Write, and wait while the client takes nothing."""
        if not self.is_lost:
            self.transport.write(data)
            await self._is_writable.wait()

    def _begin(self) -> None:
        """Begin the next exchange, if its head is here."""
        end = self.received.find(b"\r\n\r\n")
        if 0 <= end <= _HEAD_BYTES:
            head = bytes(self.received[:end])
            del self.received[: end + 4]
            try:
                self._exchange = _Exchange(self, head)
            except MalformedError as error:
                self._refuse(HTTPStatus.BAD_REQUEST, str(error))
                return
            self._task = asyncio.get_running_loop().create_task(self._run(self._exchange))
        elif len(self.received) > _HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head of a request is too large")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: text/plain\r\nconnection: close\r\n"
        self.transport.write(f"{head}content-length: {len(reason)}\r\n\r\n{reason}".encode())
        self.transport.close()

    async def _run(self, exchange: "_Exchange") -> None:
        try:
            await self._application(exchange.scope, exchange.receive, exchange.send)
        except MalformedError as error:
            if not exchange.is_begun:
                self._refuse(HTTPStatus.BAD_REQUEST, str(error))
                return
        except Exception:
            log.exception("%s %s", exchange.scope["method"], exchange.scope["path"])
        if self.is_lost:
            return
        if not exchange.is_begun:
            self._refuse(HTTPStatus.INTERNAL_SERVER_ERROR, "the application failed; its log says why")
        elif not exchange.may_be_followed():
            self.transport.close()
        else:
            self._exchange = None
            if self.received:
                self._begin()


class _Exchange:
    """A request and its answer: what an ASGI application receives and sends."""

    def __init__(self, connection: _Connection, head: bytes) -> None:
        self.news = asyncio.Event()
        self.is_begun = False
        self._connection = connection
        first, *lines = head.lstrip(b"\r\n").split(b"\r\n")
        line, matches = _REQUEST_LINE.fullmatch(first), [_HEADER_LINE.fullmatch(each) for each in lines]
        if line is None or not all(matches):
            raise MalformedError("this is no HTTP/1.1 request")
        method, target, minor = line.groups()
        headers = [(each[1].lower(), each[2]) for each in matches if each]
        path, _, query = target.partition(b"?")
        self.scope: Message = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": f"1.{minor.decode()}",
            "method": method.decode(),
            "scheme": "http",
            "path": unquote(path.decode("ascii")),
            "raw_path": path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": connection.transport.get_extra_info("peername"),
            "server": connection.transport.get_extra_info("sockname"),
        }
        said = [(name, value.lower()) for name, value in headers if name in {b"connection", b"expect"}]
        self._keeps_open = minor == b"1" and (b"connection", b"close") not in said
        self._is_awaited = minor == b"1" and (b"expect", b"100-continue") in said
        self._left = _length(headers)  # bytes of the body, or of its chunk, that have not been taken
        self._is_chunked = self._left is None
        self._is_taken = self._left == 0
        self._is_told = False
        self._head: Message | None = None
        self._sends_chunks = self._is_answered = False

    async def receive(self) -> Message:
        """Receive a part of the body; when all of it is told, the end of the connection."""
        while not (self._is_told or self._connection.is_lost):
            part = self._take()
            if part or self._is_taken:
                self._is_told = self._is_taken
                return {"type": "http.request", "body": part, "more_body": not self._is_taken}
            if self._is_awaited:
                self._is_awaited = False
                await self._connection.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await self._hear()
        while not self._connection.is_lost:
            await self._hear()
        return {"type": "http.disconnect"}

    async def _hear(self) -> None:
        await self.news.wait()
        self.news.clear()

    def _take(self) -> bytes:
        """Take what is here of the body."""
        parts, received = [], self._connection.received
        while not self._is_taken and (not self._is_chunked or self._left or self._next_chunk()):
            part = bytes(received[: self._left])
            if not part:
                break
            del received[: len(part)]
            self._left = (self._left or 0) - len(part)
            parts.append(part)
            self._is_taken = not (self._is_chunked or self._left)
        return b"".join(parts)

    def _next_chunk(self) -> bool:
        """Read the line before a chunk; False where it is not here yet, or there are no more."""
        received = self._connection.received
        start = 0 if self._left is None else 2  # behind a chunk there is a line's end
        end = received.find(b"\r\n", start)
        if end < 0:
            if len(received) > _HEAD_BYTES:
                raise MalformedError("a chunk has no size")
            return False
        line = _CHUNK_LINE.fullmatch(received[start:end])
        if line is None or received[:start] != b"\r\n"[:start]:
            raise MalformedError("a chunk has no size")
        size = int(line[1], 16)
        if size == 0:
            # Trailers are none of AWS's; they end with an empty line, which may be the first.
            last = received.find(b"\r\n\r\n", end)
            if last < 0:
                return False
            del received[: last + 4]
            self._is_taken = True
            return False
        del received[: end + 2]
        self._left = size
        return True

    async def send(self, message: Message) -> None:
        """Send the head, which waits for the first part of the body, or a part of the body."""
        if message["type"] == "http.response.start":
            self._head = message
            return
        body, more = bytes(message.get("body", b"")), bool(message.get("more_body", False))
        data = b""
        if self._head is not None:
            data, self._head = self._encoded(self._head, None if more else len(body)), None
            self.is_begun = True
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._sends_chunks:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        self._is_answered = not more
        if data or body:
            await self._connection.write(data + body)

    def _encoded(self, message: Message, length: int | None) -> bytes:
        """A head as it is sent; `length` of the body where all of it is known."""
        status, headers = message["status"], list(message.get("headers", []))
        names = {name.lower() for name, _ in headers}
        if b"content-length" not in names and status not in {204, 304} and self.scope["method"] != "HEAD":
            if length is not None:
                headers.append((b"content-length", b"%d" % length))
            elif self.scope["http_version"] == "1.1":
                self._sends_chunks = True
                headers.append((b"transfer-encoding", b"chunked"))
            else:
                self._keeps_open = False
        if not self._keeps_open:
            headers.append((b"connection", b"close"))
        lines = [b"HTTP/1.1 %d %b" % (status, _PHRASES.get(status, b""))]
        lines += [b"%b: %b" % header for header in headers]
        head = b"\r\n".join(lines)
        if head.count(b"\n") != len(headers) or head.count(b"\r") != len(headers):
            raise ValueError(f"a header of the answer has a line end: {headers}")
        return head + b"\r\n\r\n"

    def may_be_followed(self) -> bool:
        """Whether the connection can have another request: this one is answered, and all of its body is here."""
        if not (self._is_answered and self._keeps_open):
            return False
        try:
            self._take()
        except MalformedError:
            return False
        return self._is_taken


def _length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """How long the body is; None if it comes in chunks."""
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings:
        if codings != [b"chunked"] or lengths:
            raise MalformedError("a body has a length or comes in chunks, and in no other coding")
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or not _LENGTH.fullmatch(lengths[0]):
        raise MalformedError("the length of the body is not one number")
    return int(lengths[0])
