"""SNS: topics, topic policies and subscriptions."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from local_aws.apply.calls import wait_until
from local_aws.apply.errors import RequestError
from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys

TOPIC_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deliveryPolicy": "DeliveryPolicy",
    "displayName": "DisplayName",
    "fifoTopic": "FifoTopic",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "signatureVersion": "SignatureVersion",
    "tracingConfig": "TracingConfig",
}
SUBSCRIPTION_ATTRIBUTES = {
    "deliveryPolicy": "DeliveryPolicy",
    "filterPolicy": "FilterPolicy",
    "filterPolicyScope": "FilterPolicyScope",
    "rawMessageDelivery": "RawMessageDelivery",
    "redrivePolicy": "RedrivePolicy",
    "subscriptionRoleArn": "SubscriptionRoleArn",
}
PENDING = "pending confirmation"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def attribute_text(value: Any) -> str:
    """An attribute of SNS or SQS: every one of them is text, a boolean ``true`` or ``false``, a document JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if isinstance(value, str) else json.dumps(value)


def attributes(inputs: dict[str, Any], names: dict[str, str]) -> dict[str, str] | None:
    """The attribute map of a request; None if no attribute is set."""
    return {api: attribute_text(inputs[name]) for name, api in names.items() if inputs.get(name) is not None} or None


def _create_topic(request: Request) -> Created:
    name = request.inputs["name"]
    arn = request.api(
        "sns",
        "CreateTopic",
        Name=name,
        Attributes=attributes(request.inputs, TOPIC_ATTRIBUTES),
        Tags=request.tag_list(),
    )["TopicArn"]
    return Created(arn, {"name": name, "arn": arn, "owner": request.account_id, "tagsAll": request.tags})


def _delete_topic(existing: Existing) -> None:
    existing.api("sns", "DeleteTopic", TopicArn=existing.id)


def _create_topic_policy(request: Request) -> Created:
    arn = request.inputs["arn"]
    policy = request.inputs["policy"]
    request.api("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(arn, {"owner": request.account_id})


def _delete_topic_policy(existing: Existing) -> None:
    # A topic always has a policy: the provider puts back the one that AWS gives a new topic.
    default = {
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [
            {
                "Sid": "__default_statement_ID",
                "Effect": "Allow",
                "Principal": {"AWS": "*"},  # AWS's own default; the condition narrows it to the owner
                "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:Subscribe", "SNS:Publish"],
                "Resource": existing.id,
                "Condition": {"StringEquals": {"AWS:SourceOwner": existing.outputs["owner"]}},
            }
        ],
    }
    existing.api(
        "sns", "SetTopicAttributes", TopicArn=existing.id, AttributeName="Policy", AttributeValue=json.dumps(default)
    )


def _subscribe(request: Request) -> Created:
    inputs = request.inputs
    arn = request.api(
        "sns",
        "Subscribe",
        TopicArn=inputs["topic"],
        Protocol=inputs["protocol"],
        Endpoint=inputs.get("endpoint"),
        Attributes=attributes(inputs, SUBSCRIPTION_ATTRIBUTES),
        ReturnSubscriptionArn=True,
    )["SubscriptionArn"]
    request.keep(arn)

    def pending() -> bool:
        state = request.api("sns", "GetSubscriptionAttributes", SubscriptionArn=arn)["Attributes"]
        return bool(state.get("PendingConfirmation") == "true")

    # An endpoint on another machine is never asked to confirm, so that the deployment does not wait for it.
    if inputs.get("endpointAutoConfirms") and urlsplit(inputs["endpoint"]).hostname in LOOPBACK:
        limit = 60.0 * (inputs.get("confirmationTimeoutInMinutes") or 1)
        wait_until(lambda: not pending(), f"the confirmation by {inputs['endpoint']}", limit=limit)
    return Created(arn, {"arn": arn, "ownerId": request.account_id, "pendingConfirmation": pending()})


def _unsubscribe(existing: Existing) -> None:
    try:
        existing.api("sns", "Unsubscribe", SubscriptionArn=existing.id)
    except RequestError as error:
        # AWS lets nobody but the receiver end an unconfirmed e-mail subscription; it goes with its topic.
        if PENDING not in str(error):
            raise


TYPES = (
    ResourceType(
        kind="aws:sns/topic:Topic",
        inputs=keys("name tags " + " ".join(TOPIC_ATTRIBUTES)),
        create=_create_topic,
        delete=_delete_topic,
        auto_name=AutoName(256, fifo="fifoTopic"),
    ),
    ResourceType(
        kind="aws:sns/topicPolicy:TopicPolicy",
        inputs=keys("arn policy"),
        create=_create_topic_policy,
        delete=_delete_topic_policy,
    ),
    ResourceType(
        kind="aws:sns/topicSubscription:TopicSubscription",
        inputs=keys(
            "topic protocol endpoint endpointAutoConfirms confirmationTimeoutInMinutes "
            + " ".join(SUBSCRIPTION_ATTRIBUTES)
        ),
        create=_subscribe,
        delete=_unsubscribe,
    ),
)
