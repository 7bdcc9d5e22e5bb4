"""Two topics: one that alarms publish to, one for people; who may publish, and who is told.

With one for both, the responder's own message would invoke the responder, for ever.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, Subscription
from components.iam import AwsContext, PolicyDocument, Statement, deny_insecure_transport, policy_document

# CloudWatch may not use the AWS-managed key of SNS (its policy knows no other service), so a topic that alarms publish
# to is either encrypted with a customer's key or not at rest. An alarm's message has names and counts, no data.
NOTIFICATION_TOPIC_KEY: Final = "alias/aws/sns"


def alarm_topic_policy(context: AwsContext, topic_arn: str, alarm_stem: str, *others: Statement) -> PolicyDocument:
    """Let this account's CloudWatch publish from alarms that are called after this stack, and `others` what they say;
    all of them only over TLS.

    A stack whose name goes on after this one's (`churn-eu` beside `churn`) passes too. A longer pattern would prove no
    more: who may make an alarm in this account may call it anything; and one that left an alarm out would silence it.
    """
    return policy_document(
        {
            "Sid": "AlarmsPublish",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": context.account_id},
                "ArnLike": {"aws:SourceArn": context.arn("cloudwatch", f"alarm:{alarm_stem}-*")},
            },
        },
        *others,
        deny_insecure_transport(["sns:Publish"], [topic_arn]),
    )


def notification_topic_policy(topic_arn: str, responder_role_arn: str) -> PolicyDocument:
    """Let the responder alone publish, and only over TLS."""
    return policy_document(
        {
            "Sid": "ResponderPublishes",
            "Effect": "Allow",
            "Principal": {"AWS": responder_role_arn},
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
        },
        deny_insecure_transport(["sns:Publish"], [topic_arn]),
    )


def topics(name: str, parent: pulumi.Resource, common: CommonSettings) -> tuple[aws.sns.Topic, aws.sns.Topic]:
    """The topic for alarms and the topic for people, as children of `parent`."""
    options = pulumi.ResourceOptions(parent=parent)
    alarms = aws.sns.Topic(f"{name}-alarms", kms_master_key_id=common.kms_key_arn, tags=common.tags, opts=options)
    notifications = aws.sns.Topic(
        f"{name}-notifications",
        kms_master_key_id=NOTIFICATION_TOPIC_KEY if common.kms_key_arn is None else common.kms_key_arn,
        tags=common.tags,
        opts=options,
    )
    return alarms, notifications


def subscribe_function(
    name: str, topic: aws.sns.Topic, function: aws.lambda_.Function, options: pulumi.ResourceOptions
) -> aws.sns.TopicSubscription:
    """The responder listens to alarms."""
    permission = aws.lambda_.Permission(
        f"{name}-alarms-invoke",
        action="lambda:InvokeFunction",
        function=function.name,
        principal="sns.amazonaws.com",
        source_arn=topic.arn,
        opts=options,
    )
    return aws.sns.TopicSubscription(
        f"{name}-alarms-responder",
        topic=topic.arn,
        protocol="lambda",
        endpoint=function.arn,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[permission])),
    )


def subscribe_people(
    name: str,
    topic: aws.sns.Topic,
    emails: Sequence[pulumi.Input[str]],
    subscriptions: Sequence[Subscription],
    options: pulumi.ResourceOptions,
) -> None:
    """Addresses, and whoever else is told.

    Subscribing again who is subscribed answers with the subscription that there is. When a deployment that failed is
    reverted, the engine would then end just that one; hence the old one goes first.
    """
    options = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(delete_before_replace=True))
    for index, email in enumerate(emails):
        aws.sns.TopicSubscription(
            f"{name}-email-{_email_key(email, index)}",
            topic=topic.arn,
            protocol="email",
            endpoint=email,
            opts=options,
        )
    for item in subscriptions:
        # A URL has the key in it: whoever may read the stack's state must not be able to ring.
        secret = pulumi.ResourceOptions(additional_secret_outputs=["endpoint"] if item.secret else [])
        aws.sns.TopicSubscription(
            f"{name}-{item.protocol}-{item.name}",
            topic=topic.arn,
            protocol=item.protocol,
            endpoint=pulumi.Output.secret(item.endpoint) if item.secret else item.endpoint,
            **_delivery(item),
            opts=pulumi.ResourceOptions.merge(options, secret),
        )


def _delivery(item: Subscription) -> Mapping[str, Any]:
    """What differs from SNS's defaults."""
    found: dict[str, Any] = {}
    if item.filter_policy:
        policy = {key: list(values) for key, values in item.filter_policy.items()}
        found["filter_policy"] = json.dumps(policy, sort_keys=True)
    if item.raw_message_delivery:
        found["raw_message_delivery"] = True
    if item.endpoint_auto_confirms:
        found["endpoint_auto_confirms"] = True
    return found


def _email_key(email: pulumi.Input[str], index: int) -> str:
    """Keeps a subscription when another address is added before it; an address not known yet goes by its context.

    Not by the number alone: a subscription of the protocol `email` may have that name.
    """
    return naming.content_hash(email) if isinstance(email, str) else f"address-{index}"
