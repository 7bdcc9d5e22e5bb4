"""A connection that nobody has used for hours takes the next request: an SDK has its connections in a pool."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol

from local_aws import server
from local_aws.front_door import respond

Message = MutableMapping[str, Any]
HOURS = 23
TURNS = 100  # of the loop: a timer that has rung closes its connection within less than ten


class MovedLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock a test can move: what is due until then rings at the next turn."""

    moved = 0.0

    def time(self) -> float:
        return super().time() + self.moved


async def app(scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Any]) -> None:
    """Answers every request."""
    while scope["type"] == "lifespan":
        phase = (await receive())["type"]
        await send({"type": f"{phase}.complete"})
        if phase == "lifespan.shutdown":
            return
    await respond(send, 200, {}, b"here")


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return await reader.readuntil(b"here")


async def answers_after(loop: MovedLoop, hours: float) -> tuple[bytes, bytes]:
    """What the server's own start answers on one connection, before and after these hours."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    serving = loop.create_task(server._serve(app, listener))
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        first = await ask(reader, writer)
        loop.moved += hours * 3600
        for _ in range(TURNS):
            await asyncio.sleep(0)
        return first, await ask(reader, writer)
    finally:
        writer.close()
        serving.cancel()
        await asyncio.wait([serving])


def test_a_connection_is_open_after_hours_without_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    # The start replaces these for the whole process.
    monkeypatch.setattr(TCPServer, "protocol_send", TCPServer.protocol_send)
    monkeypatch.setattr(H11Protocol, "_send_h11_event", H11Protocol._send_h11_event)
    loop = MovedLoop()
    try:
        first, later = loop.run_until_complete(answers_after(loop, HOURS))
    finally:
        loop.close()
    assert first.startswith(b"HTTP/1.1 200")
    assert later.startswith(b"HTTP/1.1 200")
