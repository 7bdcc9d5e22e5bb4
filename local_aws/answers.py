"""How answers leave hypercorn: the head of an answer and its body in one piece, connections without a timer.

hypercorn writes the head, the body and an end of nothing one after the other, each a system call that wakes the client,
and starts a task that would close the connection, and ends it, around every request: a third of what a small
request costs. Clients here are on this machine, and their connections end with them.
"""

from typing import Any

import h11
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.events import Event, RawData, Updated
from hypercorn.protocol.h11 import H11Protocol


def send_whole() -> None:
    """Have hypercorn send so."""
    protocol: Any = H11Protocol
    protocol._send_h11_event = _send_h11_event
    server: Any = TCPServer
    original = server.protocol_send

    async def protocol_send(self: Any, event: Event) -> None:
        if not isinstance(event, Updated):
            await original(self, event)

    server.protocol_send = protocol_send


async def _send_h11_event(self: Any, event: Any) -> None:
    """As hypercorn's; what the head of an answer is waits for what follows it at once, its body or its end."""
    try:
        data = self.connection.send(event)
    except h11.LocalProtocolError:
        if self.connection.their_state != h11.ERROR:
            raise
        return
    data = self.__dict__.pop("head", b"") + (data or b"")
    if isinstance(event, h11.Response):
        self.head = data
    elif data:
        await self.send(RawData(data=data))
