"""What the function that watches a stream may do."""

from collections.abc import Sequence

from components import naming
from components.iam import (
    AwsContext,
    Outside,
    PolicyDocument,
    allow,
    function_basics,
    list_prefixes,
    policy_document,
    publish_metrics,
    read_objects,
    read_outside,
    write_objects,
)
from contract import bucket_layout


def stream_policy(
    context: AwsContext,
    *,
    bucket: str,
    stream_arn: str,
    queue_arn: str,
    metric_namespace: str,
    log_group_arn: str,
    baseline_uris: Sequence[str],
) -> PolicyDocument:
    """Read the stream and the baseline, keep what the shards share, publish; Lambda tells the queue under this role."""
    elsewhere = [uri for uri in baseline_uris if naming.s3_parts(uri)[0] != bucket]
    return policy_document(
        *function_basics(log_group_arn),
        allow(
            "ReadStream",
            [
                "kinesis:DescribeStream",
                "kinesis:DescribeStreamSummary",
                "kinesis:GetRecords",
                "kinesis:GetShardIterator",
                "kinesis:ListShards",
            ],
            [stream_arn],
        ),
        allow("KeepDiscardedBatches", ["sqs:SendMessage"], [queue_arn]),
        list_prefixes(context, bucket, [bucket_layout.BASELINE_RESULTS, bucket_layout.STREAM_STATE]),
        read_objects(context, bucket, [bucket_layout.BASELINE_RESULTS, bucket_layout.STREAM_STATE]),
        write_objects(context, bucket, [bucket_layout.STREAM_STATE]),
        publish_metrics([metric_namespace]),
        *read_outside(context, Outside(file_uris=elsewhere)),
    )
