"""What is told of a batch that is given up: where it was, not what was in it (guide, "on-failure destination")."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from local_aws import clients
from local_aws.streams.shard_reader import Discarded
from local_aws.streams.windows import iso


def invocation_record(function_arn: str, stream_arn: str, discarded: Discarded, now: float) -> dict[str, Any]:
    """The record of a discarded batch. A batch that grew too old is told of under the same condition."""
    first, last = discarded.records[0], discarded.records[-1]
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": iso(now),
        "KinesisBatchInfo": {
            "shardId": discarded.shard,
            "startSequenceNumber": first.sequence,
            "endSequenceNumber": last.sequence,
            "approximateArrivalOfFirstRecord": iso(first.arrived),
            "approximateArrivalOfLastRecord": iso(last.arrived),
            "batchSize": len(discarded.records),
            "streamArn": stream_arn,
        },
    }


def tell(destination: str, record: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Send a record to a queue or topic under the role whose `environment` this is; raises what AWS raises."""
    body = json.dumps(record)
    if ":sns:" in destination:
        clients.client("sns", environment).publish(TopicArn=destination, Message=body)
        return
    account, name = destination.split(":")[4:6]
    url = f"{environment['AWS_ENDPOINT_URL']}/{account}/{name}"
    clients.client("sqs", environment).send_message(QueueUrl=url, MessageBody=body)
