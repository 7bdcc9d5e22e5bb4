"""An endpoint on a loopback port, an S3 in this process, and tables to compare."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto import mock_aws

# Of each table.
ROWS = 1000

Answer = tuple[int, str, str]  # HTTP status, error code ("" for none), body


@dataclass
class Endpoint:
    """A model endpoint that keeps what it is asked and answers with `respond` (payload, how often it was sent
    before)."""

    url: str = ""
    requests: list[dict[str, str]] = field(default_factory=list)
    respond: Callable[[str, int], Answer] = lambda payload, _: (200, "", payload)
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def payloads(self) -> list[str]:
        return [request["payload"] for request in self.requests]


def _handler(endpoint: Endpoint) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # header and body are written apart, which would wait 40 ms for each other

        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"])).decode()
            with endpoint.lock:
                endpoint.now += 1
                endpoint.most_at_once = max(endpoint.most_at_once, endpoint.now)
                before = endpoint.payloads.count(payload)
                endpoint.requests.append(
                    {
                        "payload": payload,
                        "path": self.path,
                        "content_type": self.headers["Content-Type"],
                        "inference_id": self.headers.get("X-Amzn-SageMaker-Inference-Id", ""),
                    }
                )
            status, code, body = endpoint.respond(payload, before)
            with endpoint.lock:
                endpoint.now -= 1
            data = (json.dumps({"message": body}) if code else body).encode()
            self.send_response(status)
            if code:
                self.send_header("x-amzn-errortype", code)
            self.send_header("Content-Type", "application/json" if code else "text/csv")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
            pass

    return Handler


@pytest.fixture(autouse=True)
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets a real account."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    endpoint = Endpoint()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(endpoint))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    yield endpoint
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket() -> Iterator[str]:
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        yield "a-bucket"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """baseline.csv, same.csv (the same distributions), drifted.csv (`a` moved by three standard deviations)."""
    generator = np.random.default_rng(5)
    for name, shift in (("baseline", 0.0), ("same", 0.0), ("drifted", 3.0)):
        a, b = generator.normal(shift, 1, ROWS), generator.choice(["x", "y"], ROWS)
        lines = [f"{number!r},{letter}" for number, letter in zip(a.tolist(), b.tolist(), strict=True)]
        (tmp_path / f"{name}.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    return tmp_path
