"""What the function that answers alarms may do."""

from collections.abc import Sequence

from components import naming
from components.iam import (
    AwsContext,
    PolicyDocument,
    allow,
    function_basics,
    list_prefixes,
    policy_document,
    read_files,
    read_objects,
    write_objects,
)
from contract import bucket_layout


def responder_policy(
    context: AwsContext,
    *,
    bucket: str,
    notification_topic_arn: str,
    log_group_arn: str,
    dead_letter_arn: str,
    statistics_uris: Sequence[str] = (),
    monitors_state: Sequence[str] = (),
) -> PolicyDocument:
    """The function that answers alarms: read results, remember what it has told, tell people.

    `statistics_uris` are the baselines that it quotes; those in the bucket it may read anyway. `monitors_state` are the
    prefixes that it answers alarms on the monitors themselves from.
    """
    elsewhere = [uri for uri in statistics_uris if naming.s3_parts(uri)[0] != bucket]
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        list_prefixes(
            context, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.RESPONDER_STATE, *monitors_state]
        ),
        read_objects(
            context,
            bucket,
            [
                bucket_layout.BASELINE_RESULTS,
                bucket_layout.MONITORING_RESULTS,
                bucket_layout.RESPONDER_STATE,
                *monitors_state,
            ],
        ),
        write_objects(context, bucket, [f"{bucket_layout.RESPONDER_STATE}/{bucket_layout.ANSWERED_ALARMS_FOLDER}"]),
        allow("PublishNotifications", ["sns:Publish"], [notification_topic_arn]),
        *([read_files(context, elsewhere)] if elsewhere else []),
    )
