"""HTTP between a client's socket and an application: what arrives, what leaves, and when the connection ends."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from local_aws.http_server import Message, serve

BIG = 3_000_000


class Echo:
    """An application that answers with what it received, as the path says."""

    def __init__(self) -> None:
        self.scopes: list[Message] = []
        self.disconnected = threading.Event()

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            assert (await receive())["type"] == "lifespan.startup"
            await send({"type": "lifespan.startup.complete"})
            await receive()
        self.scopes.append(scope)
        path = scope["path"]
        if path == "/unread":
            await self.answer(send, 403, b"no")
            return
        if path == "/fails":
            raise RuntimeError("as it was asked to")
        parts = []
        while True:
            message = await receive()
            assert message["type"] == "http.request"
            parts.append(message["body"])
            if not message["more_body"]:
                break
        body = b"".join(parts)
        if path == "/parts":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for part in (body[:3], b"", body[3:]):
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body"})
        elif path == "/waits":
            assert (await receive())["type"] == "http.disconnect"
            self.disconnected.set()
        elif path == "/split":
            await self.answer(send, 200, body, (b"x-found", b"a\r\nset-cookie: b"))
        elif path == "/big":
            await self.answer(send, 200, b"x" * BIG)
        elif path == "/nothing":
            await self.answer(send, 204, b"")
        else:
            await self.answer(send, 200, body, (b"content-length", b"%d" % len(body)))

    @staticmethod
    async def answer(send: Any, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[Echo, int]]:
    echo, listener = Echo(), socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(echo, listener))
    thread = threading.Thread(target=lambda: loop.run_until_complete(asyncio.wait([task])))
    thread.start()
    yield echo, listener.getsockname()[1]
    loop.call_soon_threadsafe(task.cancel)
    thread.join(30)
    assert not thread.is_alive()
    loop.close()


@pytest.fixture
def echo(served: tuple[Echo, int]) -> Echo:
    return served[0]


@pytest.fixture
def connection(served: tuple[Echo, int]) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", served[1]), timeout=30) as opened:
        yield opened


def ask(connection: socket.socket, method: str, path: str, rest: str = "\r\n", **options: Any) -> tuple[int, bytes]:
    """Send a request's head and what comes behind it, and read the answer as Python's client does."""
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: here\r\n{rest}".encode())
    answer = http.client.HTTPResponse(connection, method=method, **options)
    answer.begin()
    return answer.status, answer.read()


def ended(connection: socket.socket) -> bool:
    return connection.recv(1) == b""


def test_requests_follow_each_other_and_are_told_as_they_came(echo: Echo, connection: socket.socket) -> None:
    assert ask(connection, "POST", "/a%20b/%C3%BC?q=%201&q", "X-One:  1 2 \r\nContent-Length: 5\r\n\r\nhello") == (
        200,
        b"hello",
    )
    scope = echo.scopes[-1]
    assert {name: scope[name] for name in ("type", "method", "path", "raw_path", "query_string", "headers")} == {
        "type": "http",
        "method": "POST",
        "path": "/a b/ü",
        "raw_path": b"/a%20b/%C3%BC",
        "query_string": b"q=%201&q",
        "headers": [(b"host", b"here"), (b"x-one", b"1 2"), (b"content-length", b"5")],
    }
    assert scope["client"] == connection.getsockname()
    assert ask(connection, "GET", "/") == (200, b"")
    assert ask(connection, "HEAD", "/nothing")[1] == b""
    assert ask(connection, "GET", "/nothing") == (204, b"")
    assert ask(connection, "PUT", "/", "Content-Length: 2\r\n\r\nok") == (200, b"ok")


def test_an_answer_is_one_piece(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi")
    assert connection.recv(1 << 16) == b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def test_requests_may_come_at_once_and_in_pieces(connection: socket.socket) -> None:
    request = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"
    for piece in (request[:9], request[9:30], request[30:] + request + request[:-1], request[-1:]):
        connection.sendall(piece)
    answer, received = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", b""
    while len(received) < 3 * len(answer):
        received += connection.recv(1 << 10)
    assert received == 3 * answer


@pytest.mark.parametrize(
    "body", ["3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n", "5\r\nabcde\r\n0\r\nTrailer: 1\r\n\r\n"], ids=["two", "trailer"]
)
def test_a_body_in_chunks(connection: socket.socket, body: str) -> None:
    assert ask(connection, "PUT", "/", f"Transfer-Encoding: chunked\r\n\r\n{body}") == (200, b"abcde")
    assert ask(connection, "GET", "/") == (200, b"")


def test_chunks_in_any_pieces(connection: socket.socket) -> None:
    request = b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n1\r\na\r\n0\r\n\r\n"
    for at in range(len(request)):
        connection.sendall(request[at : at + 1])
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.read() == b"0123456789a"


def test_an_answer_of_unknown_length_comes_in_chunks(connection: socket.socket) -> None:
    assert ask(connection, "PUT", "/parts", "Content-Length: 5\r\n\r\nabcde") == (200, b"abcde")
    assert ask(connection, "GET", "/") == (200, b"")


def test_a_client_of_old_reads_to_the_end(connection: socket.socket) -> None:
    connection.sendall(b"PUT /parts HTTP/1.0\r\nContent-Length: 5\r\n\r\nabcde")
    with connection.makefile("rb") as file:
        head, _, body = file.read().partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert body == b"abcde"


def test_a_body_that_waits_is_asked_for(connection: socket.socket) -> None:
    connection.sendall(b"PUT / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-Continue\r\n\r\n")
    assert connection.recv(1 << 10).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    connection.sendall(b"abc")
    assert connection.recv(1 << 10).endswith(b"\r\n\r\nabc")


def test_large_bodies_both_ways(connection: socket.socket) -> None:
    sending = threading.Thread(
        target=connection.sendall, args=(b"POST /big HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % BIG + b"y" * BIG,)
    )
    sending.start()
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    assert answer.read() == b"x" * BIG
    sending.join()


@pytest.mark.parametrize("rest", ["Connection: close\r\n\r\n", "Connection: Close\r\n\r\n"])
def test_who_wants_the_end_gets_it(connection: socket.socket, rest: str) -> None:
    assert ask(connection, "GET", "/", rest) == (200, b"")
    assert ended(connection)


def test_a_body_that_nobody_reads_ends_the_connection_unless_it_is_here(connection: socket.socket) -> None:
    assert ask(connection, "PUT", "/unread", "Content-Length: 2\r\n\r\nhi") == (403, b"no")
    assert ask(connection, "PUT", "/unread", "Content-Length: 9\r\n\r\nhi") == (403, b"no")
    assert ended(connection)


@pytest.mark.parametrize("path", ["/fails", "/split"])
def test_an_application_that_fails_is_an_error(connection: socket.socket, path: str) -> None:
    status, said = ask(connection, "GET", path)
    assert status == 500
    assert said == b"the application failed; its log says why"
    assert ended(connection)


def test_the_application_hears_that_its_client_is_gone(echo: Echo, connection: socket.socket) -> None:
    connection.sendall(b"GET /waits HTTP/1.1\r\n\r\n")
    connection.close()
    assert echo.disconnected.wait(30)


@pytest.mark.parametrize(
    "request_text",
    [
        "GET /\r\n\r\n",
        "get / HTTP/1.1\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET /a b HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nName : value\r\n\r\n",
        "GET / HTTP/1.1\r\nName: value\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nName: va\nlue\r\n\r\n",
        "GET / HTTP/1.1\r\nnothing\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "PUT / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
    ],
)
def test_what_is_no_http_is_refused(echo: Echo, connection: socket.socket, request_text: str) -> None:
    connection.sendall(request_text.encode())
    assert connection.recv(1 << 10).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert ended(connection)


def test_a_head_without_an_end_is_refused(connection: socket.socket) -> None:
    connection.sendall(b"GET / HTTP/1.1\r\n" + b"X-Long: " + b"a" * (1 << 16) + b"\r\n")
    assert connection.recv(1 << 10).startswith(b"HTTP/1.1 431 ")


def test_an_application_that_does_not_start_is_told_of() -> None:
    async def fails(_scope: Message, _receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no"})

    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(RuntimeError, match="does not start"):
        asyncio.run(serve(fails, listener))
