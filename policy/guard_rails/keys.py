"""Keys of one's own, for organizations that want them. Disabled until the pack's configuration enables it."""

from collections.abc import Mapping
from typing import Any, Final

from .rule import Level, Properties, Rule, Severity, groups

# Where a resource names its key: a path of inputs for each type. SNS, SQS and CloudWatch Logs spell it differently.
KEY_PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId",),
    "aws:kinesis/stream:Stream": ("kmsKeyId",),
    "aws:lambda/function:Function": ("kmsKeyArn",),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        *("rules", "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),
    ),
    "aws:scheduler/schedule:Schedule": ("kmsKeyArn",),
    "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition": (
        *("jobResources", "clusterConfig", "volumeKmsKeyId"),
    ),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("dataCaptureConfig", "kmsKeyId"),
    "aws:sns/topic:Topic": ("kmsMasterKeyId",),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId",),
    "aws-native:sagemaker:ModelQualityJobDefinition": ("jobResources", "clusterConfig", "volumeKmsKeyId"),
}


def own_keys(resource_type: str, properties: Properties) -> list[str]:
    """Encrypted with a customer's key, not with one of AWS's."""
    path = KEY_PATHS.get(resource_type)
    if path is None:
        return []
    keys = _at([properties], path)
    if keys and all(keys) and not any(str(key).startswith("alias/aws/") for key in keys):
        return []
    return [f"{'.'.join(path)} names no key of your own: set kms_key_arn"]


def _at(objects: list[Properties], path: tuple[str, ...]) -> list[Any]:
    *parents, last = path
    for key in parents:
        objects = [item for found in objects for item in groups(found, key)]
    return [item.get(last) for item in objects]


RULES: Final = (
    Rule(
        name="customer-managed-keys",
        title="Customer-managed keys",
        description="What is kept at rest is encrypted with a key of the customer's.",
        fix="Set kms_key_arn to a key whose policy lets the services use it.",
        level=Level.DISABLED,
        severity=Severity.MEDIUM,
        check=own_keys,
    ),
)
