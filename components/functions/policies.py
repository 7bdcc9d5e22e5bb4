"""What the function that turns ended jobs into metrics may do."""

from components.iam import (
    AwsContext,
    PolicyDocument,
    allow,
    function_basics,
    list_prefixes,
    policy_document,
    publish_metrics,
    read_objects,
    write_objects,
)
from contract import bucket_layout


def metrics_policy(
    context: AwsContext, *, bucket: str, namespace: str, log_group_arn: str, dead_letter_arn: str
) -> PolicyDocument:
    """The function that turns ended jobs into metrics."""
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        # Every job of the region: Model Monitor names its own jobs; whose one is stands in its description.
        allow("ReadJobs", ["sagemaker:DescribeProcessingJob"], [context.arn("sagemaker", "processing-job/*")]),
        list_prefixes(context, bucket, [bucket_layout.MONITORING_RESULTS]),
        read_objects(context, bucket, [bucket_layout.MONITORING_RESULTS]),
        write_objects(
            context,
            bucket,
            [bucket_layout.FAILURE_NOTES, f"{bucket_layout.RESPONDER_STATE}/{bucket_layout.HEARD_JOBS_FOLDER}"],
        ),
        publish_metrics([namespace]),
    )
