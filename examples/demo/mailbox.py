"""A queue that listens to SNS topics, as somebody's inbox would."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Message:
    """One SNS message: the topic it came from, its subject and body, when it was seen, and the whole envelope."""

    topic_arn: str
    subject: str
    body: str
    time: datetime
    envelope: dict[str, Any]


class Mailbox:
    """Subscribes a queue of its own to the topics and keeps what arrives. Use it as a context manager."""

    def __init__(self, cloud: Any, topic_arns: Sequence[str]) -> None:
        self._sqs, self._sns, self._clock = cloud.client("sqs"), cloud.client("sns"), cloud.clock
        self._topic_arns = tuple(topic_arns)
        self._subscriptions: list[str] = []
        self._url = ""
        self._messages: list[Message] = []

    def __enter__(self) -> "Mailbox":
        self._url = self._sqs.create_queue(QueueName=f"demo-mailbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        arn = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": arn,
                    "Condition": {"ArnEquals": {"aws:SourceArn": list(self._topic_arns)}},
                }
            ],
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        for topic in self._topic_arns:
            self._subscriptions.append(
                self._sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)[
                    "SubscriptionArn"
                ]
            )
        return self

    def __exit__(self, *_: object) -> None:
        for subscription in self._subscriptions:
            self._sns.unsubscribe(SubscriptionArn=subscription)
        self._sqs.delete_queue(QueueUrl=self._url)

    def messages(self, topic_arn: str) -> list[Message]:
        """What has arrived from this topic so far, oldest first."""
        while batch := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages", []):
            for received in batch:
                envelope = json.loads(received["Body"])
                self._messages.append(
                    Message(
                        envelope["TopicArn"],
                        envelope.get("Subject") or "",
                        envelope["Message"],
                        self._clock.now(),
                        envelope,
                    )
                )
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=received["ReceiptHandle"])
        return [message for message in self._messages if message.topic_arn == topic_arn]
