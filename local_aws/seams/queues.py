"""SQS: how many messages lie in a queue."""

from collections.abc import Iterator

from ministack.services import sqs as _sqs


def visible_messages() -> Iterator[tuple[str, str, str, int]]:
    """Every queue as (account, region, name, messages that could be received now)."""
    for (account, region, _url), queue in list(_sqs._queues._data.items()):
        now = _sqs.time.time()
        count = sum(message["visible_at"] <= now for message in list(queue["messages"]))
        yield account, region, str(queue["attributes"]["QueueArn"]).rsplit(":", 1)[-1], count
