"""Topics and queues: encrypted, TLS only, and able to deliver what is published to them."""

from collections.abc import Sequence
from typing import Final

from .documents import Statement, statements
from .rule import Finding, Level, Properties, Rule, Severity, StackResource, StackRule, refers_to
from .transport import denies_insecure_transport

TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
QUEUE: Final = "aws:sqs/queue:Queue"
# The AWS-managed key; its policy knows no service but SNS, and cannot be changed.
MANAGED_KEY: Final = "alias/aws/sns"
ALARMS: Final = "cloudwatch.amazonaws.com"


def queues_encrypted(resource_type: str, properties: Properties) -> list[str]:
    """A queue encrypts with SQS's own key or with one that is named."""
    if resource_type != QUEUE or properties.get("kmsMasterKeyId") or properties.get("sqsManagedSseEnabled") is True:
        return []
    return ["the queue is not encrypted: set sqs_managed_sse_enabled or kms_master_key_id"]


def topics_tls_only(resource_type: str, properties: Properties) -> list[str]:
    """The topic's policy refuses to be published to without TLS."""
    if resource_type != TOPIC_POLICY:
        return []
    actions = frozenset({"sns:publish", "sns:*", "*"})
    if any(denies_insecure_transport(item, actions) for item in statements(resource_type, properties)):
        return []
    return ["plain HTTP is not refused: deny sns:Publish to everybody when aws:SecureTransport is false"]


def subscriptions_encrypted(resource_type: str, properties: Properties) -> list[str]:
    """Messages are not sent over plain HTTP."""
    if resource_type != "aws:sns/topicSubscription:TopicSubscription" or properties.get("protocol") != "http":
        return []
    return ["messages are sent over plain HTTP: use the protocol https"]


def topics_deliver_and_encrypt(resources: Sequence[StackResource]) -> list[Finding]:
    """A topic is encrypted; but one that alarms publish to never with the AWS-managed key.

    CloudWatch may not use that key, and its notifications then are lost without a word. Such a topic has a customer's
    key, or none: an alarm's message has names and counts.
    """
    found = []
    for topic in resources:
        if topic.type != TOPIC:
            continue
        allowed = [
            item
            for policy in resources
            if policy.type == TOPIC_POLICY and refers_to(policy, "arn", topic, "arn")
            for item in statements(policy.type, policy.properties)
            if item.allows
        ]
        key = topic.properties.get("kmsMasterKeyId")
        if not key and not (allowed and all(_only_alarms(item) for item in allowed)):
            found.append(Finding(urn=topic.urn, message="the topic is not encrypted: set kms_master_key_id"))
        if key == MANAGED_KEY and any(("Service", ALARMS) in item.principals for item in allowed):
            message = f"alarms cannot publish to a topic that is encrypted with {MANAGED_KEY}: use a key of your own"
            found.append(Finding(urn=topic.urn, message=message))
    return found


def _only_alarms(item: Statement) -> bool:
    return bool(item.principals) and all(name == ALARMS for _, name in item.principals)


RULES: Final = (
    Rule(
        name="queues-encrypted",
        title="Queues are encrypted",
        description="SQS queues encrypt messages at rest.",
        fix="Set sqs_managed_sse_enabled, or kms_master_key_id for a key of your own.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=queues_encrypted,
    ),
    Rule(
        name="topics-tls-only",
        title="Topics are published to over TLS only",
        description="An SNS topic's policy refuses to be published to without TLS.",
        fix="Deny sns:Publish on the topic when aws:SecureTransport is false.",
        level=Level.MANDATORY,
        severity=Severity.MEDIUM,
        check=topics_tls_only,
    ),
    Rule(
        name="subscriptions-over-tls",
        title="Messages are delivered over TLS",
        description="SNS delivers to HTTPS endpoints, never to HTTP ones.",
        fix="Use the protocol https.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=subscriptions_encrypted,
    ),
)
STACK_RULES: Final = (
    StackRule(
        name="topics-encrypted",
        title="Topics are encrypted, and alarms reach them",
        description="SNS topics are encrypted; those for alarms with a key of the customer's or with none.",
        fix="Set kms_master_key_id: alias/aws/sns, or for alarms a key whose policy lets CloudWatch use it.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=topics_deliver_and_encrypt,
    ),
)
