"""SNS: topics, topic policies and subscriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from local_aws.apply.calls import wait_until
from local_aws.apply.errors import RequestError
from local_aws.apply.reading import answer_or_none, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_arn,
    keys,
    put_again,
    tagger,
    with_tags,
)

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
# What an import takes over: a topic's policy is a resource of its own, and the rest AWS never leaves unset.
IMPORTED = frozenset({"displayName", "kmsMasterKeyId"})
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


def changed_attributes(has: Mapping[str, str], inputs: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The inputs whose attribute AWS has otherwise: true and numbers as such, since a program wrote them so."""
    found: dict[str, Any] = {}
    for name, api in names.items():
        said = inputs.get(name)
        if said is not None and not same_text(has.get(api, ""), attribute_text(said)):
            found[name] = has.get(api) if isinstance(said, str) else json.loads(has.get(api) or "null")
    return found


def _set_attributes(
    request: Request, changed: frozenset[str], names: Mapping[str, str], operation: str, **whose: str
) -> None:
    """Set those of the changed inputs that are attributes, one by one as SNS takes them; without a value as empty."""
    for key in sorted(changed & names.keys()):
        value = request.inputs.get(key)
        text = "" if value is None else attribute_text(value)
        request.api("sns", operation, **whose, AttributeName=names[key], AttributeValue=text)


def _update_topic(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    _set_attributes(request, changed, TOPIC_ATTRIBUTES, "SetTopicAttributes", TopicArn=existing.id)
    return {}


def _read_topic(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sns", "GetTopicAttributes", TopicArn=existing.id)
    if answer is None:
        return None
    has, arn = answer["Attributes"], existing.id
    outputs = {"name": arn.rsplit(":", 1)[1], "arn": arn, "owner": arn.split(":")[4]}
    if existing.inputs:
        return Found(changed_attributes(has, existing.inputs, TOPIC_ATTRIBUTES), outputs)
    listed = existing.api("sns", "ListTagsForResource", ResourceArn=arn).get("Tags", [])
    tags = {tag["Key"]: tag["Value"] for tag in listed}
    shown = {name: has[api] for name, api in TOPIC_ATTRIBUTES.items() if has.get(api) and name in IMPORTED}
    inputs = {"name": outputs["name"], **shown, **({"tags": tags} if tags else {})}
    return Found(inputs, {**outputs, "tagsAll": tags})


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


def _put_topic_policy(request: Request) -> Created:
    arn = request.inputs["arn"]
    policy = request.inputs["policy"]
    request.api("sns", "SetTopicAttributes", TopicArn=arn, AttributeName="Policy", AttributeValue=policy)
    return Created(arn, {"owner": request.account_id})


def _read_topic_policy(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sns", "GetTopicAttributes", TopicArn=existing.id)
    if answer is None:
        return None
    has = answer["Attributes"].get("Policy", "")
    return Found({} if same_text(has, existing.inputs["policy"]) else {"policy": has})


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


def _update_subscription(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    # What is left only says how long to wait for a confirmation.
    whose = {"SubscriptionArn": existing.id}
    _set_attributes(request, changed, SUBSCRIPTION_ATTRIBUTES, "SetSubscriptionAttributes", **whose)
    return {}


def _read_subscription(existing: Existing) -> Found | None:
    answer = answer_or_none(existing.api, "sns", "GetSubscriptionAttributes", SubscriptionArn=existing.id)
    if answer is None:
        return None
    has = answer["Attributes"]
    pending = {"pendingConfirmation": has.get("PendingConfirmation") == "true"}
    return Found(changed_attributes(has, existing.inputs, SUBSCRIPTION_ATTRIBUTES), pending)


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
        read=_read_topic,
        update=with_tags(tagger("sns", "TagResource", "UntagResource", by_arn("ResourceArn")), rest=_update_topic),
        importable=True,
        auto_name=AutoName(256, fifo="fifoTopic"),
    ),
    ResourceType(
        kind="aws:sns/topicPolicy:TopicPolicy",
        inputs=keys("arn policy"),
        create=_put_topic_policy,
        delete=_delete_topic_policy,
        read=_read_topic_policy,
        update=put_again(_put_topic_policy),
    ),
    ResourceType(
        kind="aws:sns/topicSubscription:TopicSubscription",
        inputs=keys(
            "topic protocol endpoint endpointAutoConfirms confirmationTimeoutInMinutes "
            + " ".join(SUBSCRIPTION_ATTRIBUTES)
        ),
        create=_subscribe,
        delete=_unsubscribe,
        read=_read_subscription,
        update=_update_subscription,
    ),
)
