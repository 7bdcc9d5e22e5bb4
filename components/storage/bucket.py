"""The bucket: data in, captures, labels, results and the model's archive, each under a prefix of its own."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NotRequired, Self, TypedDict

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings, StorageArgs, StorageSettings, check_component_name, common_settings
from components.iam import PolicyDocument, deny_insecure_transport, policy_document
from contract import bucket_layout

# The responder remembers what it has told for as long as AWS might deliver an alarm again, and then some.
RESPONDER_STATE_DAYS: Final = 30
# What the open engine's runs have taken: a run looks back 72 hours at most, the responder a week.
MONITOR_STATE_DAYS: Final = 30
# What a monitor has learnt is written anew every month; the windows themselves are looked back on for a month or, if
# there is one a day, for two years.
MONITOR_WINDOWS_DAYS: Final = 730
# What each run leaves a file of; without a rule they would be all that grows for ever.
_RESULTS: Final = (
    bucket_layout.MONITORING_RESULTS,
    bucket_layout.RESULT_TABLES,
    bucket_layout.ENGINE_AGREEMENT,
    bucket_layout.STREAM_STATE,
)
ABORTED_UPLOAD_DAYS: Final = 7


class MonitoringStorageArgs(TypedDict):
    """A bucket for one monitored endpoint."""

    retention: NotRequired[StorageArgs]
    """How long the bucket keeps what."""
    retain_data: NotRequired[bool]
    """A destroy keeps the bucket. Default true; with false it deletes the bucket with every version in it."""
    protect: NotRequired[bool]
    """Pulumi refuses to delete the bucket until this is off again. Default false."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key that objects are encrypted with. Default none: S3's own key."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""


class MonitoringStorage(pulumi.ComponentResource):
    """An encrypted, versioned S3 bucket without public access, with the prefixes of `components.naming`."""

    bucket_name: pulumi.Output[str]
    """The bucket's name, chosen by Pulumi; known once the bucket is closed to the public and to plain HTTP."""
    bucket_arn: pulumi.Output[str]

    def __init__(self, name: str, args: MonitoringStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        check_component_name(name)
        self._build(
            name,
            args,
            retention=StorageSettings.from_args(args.get("retention") or {}, "retention"),
            common=common_settings(args),
            opts=opts,
        )

    @classmethod
    def from_settings(
        cls,
        name: str,
        args: MonitoringStorageArgs,
        opts: pulumi.ResourceOptions,
        *,
        retention: StorageSettings,
        common: CommonSettings,
    ) -> Self:
        """Make it from settings that are checked already; of `args` only what is no setting is read."""
        made = cls.__new__(cls)
        made._build(name, args, retention=retention, common=common, opts=opts)
        return made

    def _build(
        self,
        name: str,
        args: MonitoringStorageArgs,
        *,
        retention: StorageSettings,
        common: CommonSettings,
        opts: pulumi.ResourceOptions | None,
    ) -> None:
        super().__init__("model-monitoring:index:MonitoringStorage", name, {}, opts)
        retain = args.get("retain_data", True)
        # Its settings stay with a bucket that stays: one without its policy would answer to plain HTTP.
        options = pulumi.ResourceOptions(parent=self, retain_on_delete=retain)

        self.bucket = aws.s3.Bucket(
            f"{name}-data",
            force_destroy=not retain,
            tags=common.tags,
            opts=pulumi.ResourceOptions.merge(
                options, pulumi.ResourceOptions(protect=True if args.get("protect") else None)
            ),
        )
        ready = harden_bucket(
            name,
            self.bucket,
            rules=lifecycle_rules(retention),
            policy=bucket_policy,
            kms_key_arn=common.kms_key_arn,
            options=options,
        )
        self.bucket_name = pulumi.Output.all(self.bucket.bucket, ready.id).apply(lambda found: str(found[0]))
        self.bucket_arn = self.bucket.arn
        self.register_outputs({"bucket_name": self.bucket_name, "bucket_arn": self.bucket_arn})


def harden_bucket(
    name: str,
    made: aws.s3.Bucket,
    *,
    rules: Sequence[aws.s3.BucketLifecycleConfigurationRuleArgs],
    policy: Callable[[str], PolicyDocument],
    kms_key_arn: pulumi.Input[str] | None,
    options: pulumi.ResourceOptions,
) -> aws.s3.BucketPolicy:
    """Close a bucket to the public and to plain HTTP, encrypt it, keep versions; the last resource, to wait for.

    `policy` makes the bucket's policy from its ARN.
    """
    bucket = made.bucket
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        bucket=bucket,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=options,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        bucket=bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                apply_server_side_encryption_by_default=(
                    aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256" if kms_key_arn is None else "aws:kms",
                        kms_master_key_id=kms_key_arn,
                    )
                ),
                # One call to KMS for many objects: captures are many and small.
                bucket_key_enabled=None if kms_key_arn is None else True,
            )
        ],
        opts=options,
    )
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning",
        bucket=bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
        opts=options,
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        bucket=bucket,
        rules=rules,
        # Rules for old versions are refused by a bucket that does not keep versions yet.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[versioning])),
    )
    closed = aws.s3.BucketPublicAccessBlock(
        f"{name}-public-access",
        bucket=bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=options,
    )
    return aws.s3.BucketPolicy(
        f"{name}-policy",
        bucket=bucket,
        policy=made.arn.apply(lambda arn: json.dumps(policy(arn))),
        # S3 answers 409 to a policy and a public-access block that are set at the same time.
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[closed])),
    )


def bucket_policy(bucket_arn: str) -> PolicyDocument:
    """TLS or nothing."""
    return policy_document(deny_insecure_transport(["s3:*"], [bucket_arn, f"{bucket_arn}/*"]))


def lifecycle_rules(retention: StorageSettings) -> list[aws.s3.BucketLifecycleConfigurationRuleArgs]:
    """Captures, results and the functions' notes expire; so do old versions, delete markers and broken uploads."""
    return [
        expire(bucket_layout.CAPTURED_DATA, retention.captured_data_days),
        *(expire(prefix, retention.results_days) for prefix in _RESULTS),
        expire(bucket_layout.RESPONDER_STATE, RESPONDER_STATE_DAYS),
        expire(bucket_layout.MONITOR_STATE, MONITOR_STATE_DAYS),
        expire(bucket_layout.MONITOR_WINDOWS, MONITOR_WINDOWS_DAYS),
        clean_up(retention.noncurrent_version_days),
    ]


def expire(prefix: str, days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """What lies below a prefix goes after so many days."""
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=f"expire-{prefix}",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=f"{prefix}/"),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=days),
    )


def clean_up(noncurrent_version_days: int) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """Old versions, delete markers and broken uploads go, wherever they are."""
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id="clean-up",
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(expired_object_delete_marker=True),
        noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
            noncurrent_days=noncurrent_version_days
        ),
        abort_incomplete_multipart_upload=(
            aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                days_after_initiation=ABORTED_UPLOAD_DAYS
            )
        ),
    )


def content_object(
    name: str,
    *,
    bucket: pulumi.Input[str],
    key: pulumi.Input[str],
    parent: pulumi.Resource,
    tags: Mapping[str, pulumi.Input[str]],
    source: pulumi.Asset | pulumi.Archive | None = None,
    content: pulumi.Input[str] | None = None,
    content_type: str | None = None,
) -> pulumi.Output[str]:
    """Upload a file under a key that has its content's hash, and return its address, known once the file is there.

    A replaced file stays. After a deployment that failed the engine still owes the deletion of the file before it; when
    the program is then reverted, that same key is written again, and deleted: with it would go what is in use.
    """
    stored = aws.s3.BucketObjectv2(
        name,
        bucket=bucket,
        key=key,
        source=source,
        content=content,
        content_type=content_type,
        tags=object_tags(tags),
        opts=pulumi.ResourceOptions(parent=parent, retain_on_delete=True),
    )
    return pulumi.Output.all(stored.bucket, stored.key).apply(lambda found: naming.s3_uri(found[0], found[1]))


def object_tags(tags: Mapping[str, pulumi.Input[str]]) -> Mapping[str, pulumi.Input[str]] | None:
    """The tags of an S3 object: S3 takes ten on an object and fifty elsewhere, and refuses the object over more."""
    return tags if len(tags) <= 10 else None
