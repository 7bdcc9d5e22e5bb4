"""SQS: queues and queue policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from local_aws.apply.reading import answer_or_none, same_text
from local_aws.apply.resource_types import (
    AutoName,
    Created,
    Existing,
    Found,
    Request,
    ResourceType,
    by_id,
    keys,
    put_again,
    tagger,
    with_tags,
)
from local_aws.apply.services.sns import attribute_text, attributes, changed_attributes

QUEUE_ATTRIBUTES = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "deduplicationScope": "DeduplicationScope",
    "delaySeconds": "DelaySeconds",
    "fifoQueue": "FifoQueue",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "policy": "Policy",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}


def _create_queue(request: Request) -> Created:
    name = request.inputs["name"]
    url = request.api(
        "sqs",
        "CreateQueue",
        QueueName=name,
        Attributes=attributes(request.inputs, QUEUE_ATTRIBUTES),
        tags=request.tags or None,
    )["QueueUrl"]
    request.keep(url)
    arn = request.api("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Created(url, {"name": name, "url": url, "arn": arn, "tagsAll": request.tags})


def _update_queue(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    wanted = {
        QUEUE_ATTRIBUTES[key]: "" if request.inputs.get(key) is None else attribute_text(request.inputs[key])
        for key in changed & QUEUE_ATTRIBUTES.keys()
    }
    request.api("sqs", "SetQueueAttributes", QueueUrl=existing.id, Attributes=wanted)
    return {}


def _attributes_of(existing: Existing) -> Mapping[str, str] | None:
    url = existing.id
    answer = answer_or_none(existing.api, "sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])
    return None if answer is None else answer.get("Attributes", {})


def _read_queue(existing: Existing) -> Found | None:
    has = _attributes_of(existing)
    return None if has is None else Found(changed_attributes(has, existing.inputs, QUEUE_ATTRIBUTES))


def _delete_queue(existing: Existing) -> None:
    existing.api("sqs", "DeleteQueue", QueueUrl=existing.id)


def _put_queue_policy(request: Request) -> Created:
    url = request.inputs["queueUrl"]
    policy = request.inputs["policy"]
    request.api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    return Created(url)


def _read_queue_policy(existing: Existing) -> Found | None:
    has = _attributes_of(existing)
    if has is None or not has.get("Policy"):
        return None
    return Found({} if same_text(has["Policy"], existing.inputs["policy"]) else {"policy": has["Policy"]})


def _delete_queue_policy(existing: Existing) -> None:
    existing.api("sqs", "SetQueueAttributes", QueueUrl=existing.id, Attributes={"Policy": ""})


TYPES = (
    ResourceType(
        kind="aws:sqs/queue:Queue",
        inputs=keys("name tags " + " ".join(QUEUE_ATTRIBUTES)),
        create=_create_queue,
        delete=_delete_queue,
        read=_read_queue,
        update=with_tags(tagger("sqs", "TagQueue", "UntagQueue", by_id("QueueUrl")), rest=_update_queue),
        auto_name=AutoName(80, fifo="fifoQueue"),
    ),
    ResourceType(
        kind="aws:sqs/queuePolicy:QueuePolicy",
        inputs=keys("queueUrl policy"),
        create=_put_queue_policy,
        delete=_delete_queue_policy,
        read=_read_queue_policy,
        update=put_again(_put_queue_policy),
    ),
)
