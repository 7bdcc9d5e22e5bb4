"""SQS: queues and queue policies."""

from __future__ import annotations

from local_aws.apply.resource_types import AutoName, Created, Existing, Request, ResourceType, keys
from local_aws.apply.services.sns import attributes

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


def _delete_queue(existing: Existing) -> None:
    existing.api("sqs", "DeleteQueue", QueueUrl=existing.id)


def _create_queue_policy(request: Request) -> Created:
    url = request.inputs["queueUrl"]
    policy = request.inputs["policy"]
    request.api("sqs", "SetQueueAttributes", QueueUrl=url, Attributes={"Policy": policy})
    return Created(url)


def _delete_queue_policy(existing: Existing) -> None:
    existing.api("sqs", "SetQueueAttributes", QueueUrl=existing.id, Attributes={"Policy": ""})


TYPES = (
    ResourceType(
        kind="aws:sqs/queue:Queue",
        inputs=keys("name tags " + " ".join(QUEUE_ATTRIBUTES)),
        create=_create_queue,
        delete=_delete_queue,
        auto_name=AutoName(80, fifo="fifoQueue"),
    ),
    ResourceType(
        kind="aws:sqs/queuePolicy:QueuePolicy",
        inputs=keys("queueUrl policy"),
        create=_create_queue_policy,
        delete=_delete_queue_policy,
    ),
)
