"""KMS where ministack does not ask: who may use a key for what S3, SQS, SNS and CloudWatch Logs encrypt with it.

Which actions: S3 user guide, "Using server-side encryption with AWS KMS keys" (kms:GenerateDataKey to write,
kms:Decrypt to read); SQS and SNS developer guides, "Key management" (both to send); CloudWatch Logs user guide,
"Encrypt log data" (the key's policy admits the service). A key's own policy counts, beside those of who asks.
"""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws import seams
from local_aws.identity import Identity

GENERATE, DECRYPT = "kms:GenerateDataKey", "kms:Decrypt"
_WRITES = ("PutObject", "CopyObject", "CreateMultipartUpload")
_READS = ("GetObject",)
_SENDS = {"sqs": ("SendMessage", "SendMessageBatch"), "sns": ("Publish", "PublishBatch")}


class Encryption:
    """Questions about keys; with enforcement only."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    def connect(self) -> None:
        """Ask, on every request that uses a key, whether its caller may."""
        for service, key_of in (("s3", _s3_use), ("sqs", _queue_use), ("sns", _topic_use)):
            seams.check_after_authentication(service, self._check(service, key_of))
        # The last to be asked comes first here: the key is looked at before it is used.
        seams.check_after_authentication("logs", _associate)
        self._identity.check_requests("logs", self._logs_problem, code="InvalidParameterException")

    def _check(
        self, service: str, use: Callable[[str, Mapping[str, str], Mapping[str, Any]], tuple[str, tuple[str, ...]]]
    ) -> Callable[[str, dict[str, str], Any], seams.Response | None]:
        def check(operation: str, headers: dict[str, str], parameters: Any) -> seams.Response | None:
            reference, actions = use(operation, headers, parameters)
            key = seams.key_arn(reference) if reference and actions else ""
            for action in actions if key else ():
                refused = seams.refuse_key_use(service, action, key, headers)
                if refused is not None:
                    return refused
            return None

        return check

    def _logs_problem(self, operation: str, _headers: Mapping[str, str], parameters: Mapping[str, Any]) -> str | None:
        key = parameters.get("kmsKeyId") if operation in ("CreateLogGroup", "AssociateKmsKey") else None
        if not key:
            return None
        region, account = seams.get_region(), seams.get_account_id()
        # Log groups encrypt with their ARN as the encryption context, by which a key's policy may know them.
        group = f"arn:aws:logs:{region}:{account}:log-group:{parameters.get('logGroupName')}"
        if self._identity.service_may_use(f"logs.{region}.amazonaws.com", GENERATE, key, {"aws:logs:arn": group}):
            return None
        return f"The specified KMS Key Id could not be found or is not allowed to be used by CloudWatch Logs: {key}"


def _associate(operation: str, _headers: dict[str, str], parameters: Mapping[str, Any]) -> seams.Response | None:
    """AssociateKmsKey and DisassociateKmsKey of log groups, which ministack does not have."""
    if operation not in ("AssociateKmsKey", "DisassociateKmsKey"):
        return None
    key = parameters.get("kmsKeyId") if operation == "AssociateKmsKey" else None
    return seams.set_log_group_key(str(parameters.get("logGroupName") or ""), key)


def _s3_use(operation: str, headers: Mapping[str, str], parameters: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    bucket = parameters.get("Bucket", "")
    if operation in _WRITES:
        asked = headers.get("x-amz-server-side-encryption-aws-kms-key-id")
        return asked or seams.bucket_key(bucket), (GENERATE,)
    if operation in _READS:
        return seams.object_key(bucket, parameters.get("Key", "")), (DECRYPT,)
    return "", ()


def _queue_use(
    operation: str, _headers: Mapping[str, str], parameters: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    if operation in _SENDS["sqs"]:
        return seams.queue_key(parameters.get("QueueUrl", "")), (GENERATE, DECRYPT)
    return (seams.queue_key(parameters.get("QueueUrl", "")), (DECRYPT,)) if operation == "ReceiveMessage" else ("", ())


def _topic_use(
    operation: str, _headers: Mapping[str, str], parameters: Mapping[str, Any]
) -> tuple[str, tuple[str, ...]]:
    if operation not in _SENDS["sns"]:
        return "", ()
    return seams.topic_encryption_key(parameters.get("TopicArn", "")), (GENERATE, DECRYPT)
