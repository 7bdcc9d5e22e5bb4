"""SNS and EventBridge: what is published and sent."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from ministack.services import eventbridge as _eventbridge
from ministack.services import sns as _sns

from local_aws.seams.requests import Response


def keep_posts_on_loopback(post_kept_back: Callable[[str], None]) -> None:
    """Let SNS post to HTTP endpoints on loopback only; `post_kept_back(endpoint)` is told of every other.

    ministack posts to whatever endpoint was subscribed; nothing of this AWS may leave the machine.
    """
    original = _sns._http_post_sync

    def post(endpoint: str, *rest: Any) -> Any:
        if urlsplit(endpoint).hostname in ("127.0.0.1", "localhost", "::1"):
            return original(endpoint, *rest)
        post_kept_back(endpoint)
        raise ConnectionError(f"{endpoint} is not on this machine: nothing was posted")

    _sns._http_post_sync = post


def return_subscription_arns() -> None:
    """Answer Subscribe with ReturnSubscriptionArn with the ARN of a subscription that waits for its confirmation."""
    original = _sns._subscribe

    def subscribe(parameters: Any) -> Response:
        answer: Response = original(parameters)
        wanted = _sns._p(parameters, "ReturnSubscriptionArn") == "true"
        topic = _sns._topic_by_arn_any_scope(_sns._p(parameters, "TopicArn"))
        if not wanted or topic is None:
            return answer
        protocol, endpoint = _sns._p(parameters, "Protocol"), _sns._p(parameters, "Endpoint")
        mine = (item for item in topic["subscriptions"] if (item["protocol"], item["endpoint"]) == (protocol, endpoint))
        arn = next((item["arn"] for item in mine), "pending confirmation")
        return answer[0], answer[1], answer[2].replace(b"pending confirmation", arn.encode())

    _sns._subscribe = subscribe


def publish(topic_arn: str, subject: str, message: str) -> None:
    """Deliver a message to a topic's subscribers, as a service that may publish does."""
    _sns._fanout(topic_arn, str(uuid.uuid4()), message, subject)


def topic_encryption_key(topic_arn: str) -> str:
    """The KmsMasterKeyId of a topic; empty if it has none."""
    topic = _sns._topic_by_arn_any_scope(topic_arn)
    return str((topic or {}).get("attributes", {}).get("KmsMasterKeyId") or "")


def topic_policy(topic_arn: str) -> str | None:
    """A topic's policy as JSON text; empty for the default one, None if there is no such topic."""
    found = _sns.topic_policy_for_arn(topic_arn)
    return found[0] if found else None


def send_aws_event(entry: Mapping[str, Any]) -> None:
    """Put an event whose source begins with `aws.`, in the current account and region."""
    _eventbridge._put_events({"Entries": [dict(entry)]}, allow_aws_source=True)
