"""HTTP subscriptions: confirmed and told on this machine; to any other machine nothing is posted."""

import http.server
import json
import threading
import urllib.request
from collections.abc import Iterator
from typing import Any

import ministack.services.sns
import pytest

from local_aws import seams
from tests.local_aws.bench import Bench, wait_until


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what is posted."""

    received: list[dict[str, Any]]

    def do_POST(self) -> None:
        self.received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    kept: list[dict[str, Any]] = []
    server = http.server.HTTPServer(("127.0.0.1", 0), type("Mine", (Receiver,), {"received": kept}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", kept
    server.shutdown()
    server.server_close()


def test_an_endpoint_on_this_machine_confirms_and_is_told(
    bench: Bench, receiver: tuple[str, list[dict[str, Any]]]
) -> None:
    url, received = receiver
    sns = bench.cloud.client("sns")
    topic = sns.create_topic(Name=bench.name)["TopicArn"]
    arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url, ReturnSubscriptionArn=True)["SubscriptionArn"]
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "true"
    (request,) = wait_until(lambda: list(received))
    assert request["Type"] == "SubscriptionConfirmation"
    sns.confirm_subscription(TopicArn=topic, Token=request["Token"])
    assert sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["PendingConfirmation"] == "false"
    sns.publish(TopicArn=topic, Message="hello")
    wait_until(lambda: len(received) == 2)
    assert received[1]["Message"] == "hello"


def test_nothing_is_posted_to_another_machine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    posted: list[Any] = []
    kept_back: list[str] = []
    service = ministack.services.sns
    monkeypatch.setattr(urllib.request, "urlopen", lambda *arguments, **_: posted.append(arguments))
    monkeypatch.setattr(service, "_http_post_sync", service._http_post_sync)  # put back at the end
    seams.keep_posts_on_loopback(kept_back.append)
    with pytest.raises(ConnectionError, match="is not on this machine"):
        service._http_post_sync("https://hooks.example.com/x", "{}", "Notification")
    assert (posted, kept_back) == ([], ["https://hooks.example.com/x"])
    sns = bench.cloud.client("sns")
    topic = sns.create_topic(Name=bench.name)["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://hooks.example.invalid/x")
    wait_until(lambda: "SNS did not post to https://hooks.example.invalid/x" in bench.cloud.log_tail(50))
