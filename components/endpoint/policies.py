"""What the model behind the endpoint may do, and the function that checks the endpoint."""

from typing import Final

from components import naming
from components.iam import (
    NO_VPC,
    AwsContext,
    PolicyDocument,
    Statement,
    Vpc,
    allow,
    function_basics,
    key_of_instances,
    network_interfaces,
    policy_document,
    publish_metrics,
    pull_images,
    read_objects,
    sagemaker_logs,
    see_rollback_alarm,
    write_objects,
)
from contract import bucket_layout, retraining

ENDPOINT_NAMESPACE: Final = "/aws/sagemaker/Endpoints"


def model_policy(
    context: AwsContext,
    *,
    bucket: str,
    endpoint_stem: str,
    image_uri: str,
    model_uri: str | None = None,
    retrained: bool = False,
    vpc: Vpc = NO_VPC,
    kms_key_arn: str | None = None,
) -> PolicyDocument:
    """The model behind the endpoint: fetch its archive and image, log, write captures.

    What SageMaker's guide lists for a model's role (sagemaker-roles, "CreateModel API"), and writing captures. The
    endpoint's name is not known yet when its role is made, only its stem; seven characters follow.
    `retrained`: it may serve what a retraining has trained.
    """
    archives = [
        *([bucket_layout.MODEL_ARTIFACTS] if model_uri is None else []),
        *([retraining.MODELS_FOLDER] if retrained else []),
    ]
    return policy_document(
        *([] if model_uri is None else [_model(context, model_uri)]),
        *([read_objects(context, bucket, archives)] if archives else []),
        write_objects(context, bucket, [bucket_layout.CAPTURED_DATA]),
        sagemaker_logs(context, f"{naming.ENDPOINT_LOG_GROUPS}/{endpoint_stem}-*"),
        publish_metrics([ENDPOINT_NAMESPACE]),
        *pull_images(context, [image_uri]),
        *network_interfaces(context, vpc),
        *key_of_instances(kms_key_arn),
        *([see_rollback_alarm(context, endpoint_stem.removesuffix("-endpoint"))] if retrained else []),
    )


def _model(context: AwsContext, uri: str) -> Statement:
    """The one file of a model that lies in S3 already."""
    return allow("ReadModel", ["s3:GetObject"], [context.bucket_arn(*naming.s3_parts(uri))])


def check_policy(context: AwsContext, *, log_group_arn: str, endpoint_name: str) -> PolicyDocument:
    """The function that looks whether an endpoint runs what was deployed."""
    return policy_document(
        *function_basics(log_group_arn),
        allow("SeeWhatRuns", ["sagemaker:DescribeEndpoint"], [context.arn("sagemaker", f"endpoint/{endpoint_name}")]),
    )
