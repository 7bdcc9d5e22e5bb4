"""Answers leave in one piece, and connections stay open; what of hypercorn is replaced for it is where it was."""

import inspect
import socket
from urllib.parse import urlsplit

from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.h11 import H11Protocol

import local_aws


def exchange(connection: socket.socket, request: str) -> bytes:
    """What one packet of the answer has."""
    connection.sendall(request.replace("\n", "\r\n").encode())
    return connection.recv(1 << 20)


def test_head_and_body_are_one_piece_on_a_connection_that_stays(cloud: local_aws.LocalAws) -> None:
    address = urlsplit(cloud.endpoint_url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        for method in ("GET", "HEAD", "GET"):
            answer = exchange(connection, f"{method} /bucket HTTP/1.1\nHost: {address.netloc}\n\n")
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 403")
            length = next(line for line in head.lower().splitlines() if line.startswith(b"content-length: "))
            if method == "GET":
                assert len(body) == int(length.partition(b": ")[2]) > 0


def test_a_body_that_is_announced_is_asked_for_at_once(cloud: local_aws.LocalAws) -> None:
    address = urlsplit(cloud.endpoint_url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        head = f"PUT /bucket/key HTTP/1.1\nHost: {address.netloc}\nContent-Length: 3\nExpect: 100-continue\n\n"
        assert exchange(connection, head).startswith(b"HTTP/1.1 100 Continue")
        assert exchange(connection, "abc").startswith(b"HTTP/1.1 403")


def test_hypercorn_calls_what_is_replaced() -> None:
    stream_send = inspect.getsource(H11Protocol.stream_send)
    assert "await self._send_h11_event(\n                    h11.Response(" in stream_send
    assert "await self._send_h11_event(h11.Data(data=event.data))" in stream_send
    assert "await self._send_h11_event(h11.EndOfMessage())" in stream_send
    source = inspect.getsource(H11Protocol)
    assert "data = self.connection.send(event)" in source
    assert "await self.send(RawData(data=data))" in source
    updated = inspect.getsource(TCPServer.protocol_send)
    assert "elif isinstance(event, Updated):" in updated
    assert updated.count("self.idle_task") == 2
