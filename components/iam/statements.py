"""Who may do what: one role for each actor, each with the least that it needs.

The builders are pure: strings in, a policy document (dict) out. Every action that AWS can limit to an ARN is limited to
one; those that it cannot are in `ANY_RESOURCE`, each with its reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from components import naming
from components.iam.context import AwsContext

Statement = dict[str, Any]
PolicyDocument = dict[str, Any]

# The only actions that a policy of this project allows on the resource "*".
ANY_RESOURCE: Final[Mapping[str, str]] = {
    "ecr:GetAuthorizationToken": "the action has no resources: a token is for the registry as a whole",
    "cloudwatch:PutMetricData": "the action has no resources; a condition on cloudwatch:namespace limits it",
    "cloudwatch:GetMetricData": "the action has no resources: it reads numbers of metrics, and no data",
    "cloudwatch:ListMetrics": "a listing has no resources: it gives names of metrics, and no data",
    "sagemaker:ListMonitoringExecutions": "a listing has no resources: it gives states of executions, and no data",
    "sagemaker:ListProcessingJobs": "a listing has no resources: it gives names and states of jobs, and no data",
    "sagemaker:ListModelPackages": "a listing has no resources: it gives names and states of versions, and no data",
    # Only with retraining.
    "cloudwatch:GetMetricStatistics": "the action has no resources: it reads numbers of metrics, and no data",
    **dict.fromkeys(
        (
            "logs:CreateLogDelivery",
            "logs:DeleteLogDelivery",
            "logs:DescribeLogGroups",
            "logs:DescribeResourcePolicies",
            "logs:GetLogDelivery",
            "logs:ListLogDeliveries",
            "logs:PutResourcePolicy",
            "logs:UpdateLogDelivery",
        ),
        "log deliveries have no resources; Step Functions needs them to write a state machine's log",
    ),
    **dict.fromkeys(
        (
            "xray:GetSamplingRules",
            "xray:GetSamplingTargets",
            "xray:PutTelemetryRecords",
            "xray:PutTraceSegments",
        ),
        "X-Ray's traces have no resources; Step Functions needs them to trace an execution",
    ),
    # Only in a VPC.
    **dict.fromkeys(
        (
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        "EC2's descriptions have no resources; SageMaker needs them to context containers in a VPC",
    ),
}


def policy_document(*statements: Statement) -> PolicyDocument:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, Mapping[str, Any]] | None = None
) -> Statement:
    statement: Statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    if condition:
        statement["Condition"] = {operator: dict(keys) for operator, keys in condition.items()}
    return statement


def deny_insecure_transport(actions: Sequence[str], resources: Sequence[str]) -> Statement:
    """A resource policy's statement that refuses everyone without TLS. A "*" in a Deny takes, it never gives."""
    return {
        "Sid": "DenyInsecureTransport",
        "Effect": "Deny",
        "Principal": "*",
        "Action": list(actions),
        "Resource": list(resources),
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def sagemaker_trust(context: AwsContext) -> PolicyDocument:
    """SageMaker may assume the role, on behalf of this account only (against the confused deputy)."""
    return trust("sagemaker.amazonaws.com", {"StringEquals": {"aws:SourceAccount": context.account_id}})


def lambda_trust(_: AwsContext) -> PolicyDocument:
    """Lambda may assume the role.

    Without aws:SourceAccount: AWS does not document that Lambda sends it when it assumes an execution role, and with a
    condition that is never met no function can be created. Only a principal of this account that is allowed to pass
    the role can give it to a function.
    """
    return trust("lambda.amazonaws.com", None)


def trust(service: str, condition: Mapping[str, Mapping[str, str]] | None) -> PolicyDocument:
    statement: Statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return policy_document(statement)


def list_prefixes(context: AwsContext, bucket: str, prefixes: Sequence[str]) -> Statement:
    """List these prefixes and nothing else; without it S3 answers 403 where it should say 404."""
    return allow(
        "ListPrefixes",
        ["s3:ListBucket"],
        [context.bucket_arn(bucket)],
        {"StringLike": {"s3:prefix": [pattern for prefix in prefixes for pattern in (prefix, f"{prefix}/*")]}},
    )


def read_objects(context: AwsContext, bucket: str, prefixes: Sequence[str]) -> Statement:
    return allow("ReadObjects", ["s3:GetObject"], [context.bucket_arn(bucket, prefix, "*") for prefix in prefixes])


def write_objects(context: AwsContext, bucket: str, prefixes: Sequence[str]) -> Statement:
    return allow("WriteObjects", ["s3:PutObject"], [context.bucket_arn(bucket, prefix, "*") for prefix in prefixes])


def publish_metrics(namespaces: Sequence[str]) -> Statement:
    # "*": see ANY_RESOURCE.
    condition = {"StringEquals": {"cloudwatch:namespace": list(namespaces)}}
    return allow("PublishMetrics", ["cloudwatch:PutMetricData"], ["*"], condition)


def sagemaker_logs(context: AwsContext, group: str) -> Statement:
    """SageMaker makes the group on first use and a stream for each job or instance, under the role of what it runs."""
    return allow(
        "WriteLogs",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [context.arn("logs", f"log-group:{group}"), context.arn("logs", f"log-group:{group}:*")],
    )


def see_rollback_alarm(context: AwsContext, stem: str) -> Statement:
    """See whether the alarm rings that takes a retrained model back.

    SageMaker's guide (deployment-guardrails-configuration) asks it of "your IAM execution role", and says not whether
    that is the model's or that of who updates the endpoint; without it nothing is taken back.
    """
    alarms = context.arn("cloudwatch", f"alarm:{stem}-endpoint-errors-*")
    return allow("SeeRollbackAlarm", ["cloudwatch:DescribeAlarms"], [alarms])


def pull_images(context: AwsContext, image_uris: Sequence[str]) -> list[Statement]:
    return [
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn(context, uri) for uri in image_uris],
        ),
        # "*": see ANY_RESOURCE.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def repository_arn(context: AwsContext, image_uri: str) -> str:
    """The ECR repository of `account.dkr.ecr.region.amazonaws.com/repository:tag`."""
    registry, _, image = image_uri.partition("/")
    account, _, _, region, *_ = registry.split(".")
    repository = image.split("@")[0].split(":")[0]
    return f"arn:{context.partition}:ecr:{region}:{account}:repository/{repository}"


def function_basics(log_group_arn: str, dead_letter_arn: str | None = None) -> list[Statement]:
    statements = [allow("WriteLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [f"{log_group_arn}:*"])]
    if dead_letter_arn:
        statements.append(allow("KeepDeadLetters", ["sqs:SendMessage"], [dead_letter_arn]))
    return statements


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a stack reads that is not its own: captures of an endpoint that exists already, an older baseline."""

    capture_uri: str | None = None
    file_uris: Sequence[str] = ()
    kms_key_arn: str | None = None
    """The key that the captures are encrypted with."""


NOTHING_OUTSIDE: Final = Outside()


def read_outside(context: AwsContext, outside: Outside) -> list[Statement]:
    """Read only: these captures and these files, and nothing beside them."""
    found = []
    if outside.capture_uri:
        bucket, prefix = naming.s3_parts(outside.capture_uri)
        pattern = f"{prefix}/*" if prefix else "*"
        found = [
            allow("ReadCaptures", ["s3:GetObject"], [context.bucket_arn(bucket, pattern)]),
            allow(
                "ListCaptures",
                ["s3:ListBucket"],
                [context.bucket_arn(bucket)],
                {"StringLike": {"s3:prefix": [prefix, pattern] if prefix else [pattern]}},
            ),
        ]
    if outside.file_uris:
        found += [read_files(context, outside.file_uris), _list_files(context, outside.file_uris)]
    if outside.kms_key_arn:
        found.append(allow("DecryptCaptures", ["kms:Decrypt"], [outside.kms_key_arn]))
    return found


def read_files(context: AwsContext, uris: Sequence[str]) -> Statement:
    """Read single files, wherever they lie."""
    return allow("ReadFiles", ["s3:GetObject"], [context.bucket_arn(*naming.s3_parts(uri)) for uri in uris])


def _list_files(context: AwsContext, uris: Sequence[str]) -> Statement:
    """A processing job's input is a prefix to SageMaker, also if it names a single file: it is listed, then fetched."""
    parts = [naming.s3_parts(uri) for uri in uris]
    buckets, keys = (list(dict.fromkeys(found)) for found in zip(*parts, strict=True))
    return allow(
        "ListFiles",
        ["s3:ListBucket"],
        [context.bucket_arn(bucket) for bucket in buckets],
        {"StringLike": {"s3:prefix": keys}},
    )


def use_key(kms_key_arn: str) -> Statement:
    """Read and write what is encrypted with the key: objects, messages, environments."""
    return allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [kms_key_arn])


def _lend_key(kms_key_arn: str) -> list[Statement]:
    """SageMaker encrypts the volumes of instances under a grant of the role that they run under, for itself only.

    Only calls about grants carry `kms:GrantIsForAWSResource`: under that condition no key could ever be described.
    """
    condition = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
    return [
        allow("CreateKeyGrants", ["kms:CreateGrant"], [kms_key_arn], condition),
        allow("DescribeKey", ["kms:DescribeKey"], [kms_key_arn]),
    ]


def key_of_instances(kms_key_arn: str | None) -> list[Statement]:
    return [use_key(kms_key_arn), *_lend_key(kms_key_arn)] if kms_key_arn else []


@dataclass(frozen=True, kw_only=True)
class Vpc:
    """Subnets and security groups whose IDs are known."""

    subnet_ids: Sequence[str] = ()
    security_group_ids: Sequence[str] = ()


NO_VPC: Final = Vpc()


def network_interfaces(context: AwsContext, vpc: Vpc) -> list[Statement]:
    """What SageMaker's guide lists for containers in a VPC (sagemaker-roles), in these subnets and groups only."""
    if not vpc.subnet_ids:
        return []
    interfaces = context.arn("ec2", "network-interface/*")
    # Of any account: a shared VPC's subnets and groups have their owner's number in their ARNs. The IDs are unique.
    ec2 = f"arn:{context.partition}:ec2:{context.region}:*"
    joined = [
        *(f"{ec2}:subnet/{subnet}" for subnet in vpc.subnet_ids),
        *(f"{ec2}:security-group/{group}" for group in vpc.security_group_ids),
    ]
    return [
        allow("JoinVpc", ["ec2:CreateNetworkInterface"], [interfaces, *joined]),
        allow(
            "UseNetworkInterfaces",
            [
                "ec2:CreateNetworkInterfacePermission",
                "ec2:DeleteNetworkInterface",
                "ec2:DeleteNetworkInterfacePermission",
            ],
            [interfaces],
        ),
        # "*": see ANY_RESOURCE.
        allow("DescribeVpc", [action for action in ANY_RESOURCE if action.startswith("ec2:")], ["*"]),
    ]


def read_batches(context: AwsContext, uris: Sequence[str]) -> list[Statement]:
    """Read what batches were made of and what was made of them, below these places; nothing without any."""
    if not uris:
        return []
    places = [naming.s3_parts(uri) for uri in uris]
    below = [context.bucket_arn(bucket, f"{prefix}/*" if prefix else "*") for bucket, prefix in places]
    return [list_batches(context, uris), allow("ReadBatches", ["s3:GetObject"], below)]


def list_batches(context: AwsContext, uris: Sequence[str]) -> Statement:
    """See what batches there are, and what they were made of."""
    places = [naming.s3_parts(uri) for uri in uris]
    prefixes = [pattern for _, prefix in places for pattern in ([prefix, f"{prefix}/*"] if prefix else ["*"])]
    return allow(
        "ListBatches",
        ["s3:ListBucket"],
        list(dict.fromkeys(context.bucket_arn(bucket) for bucket, _ in places)),
        {"StringLike": {"s3:prefix": prefixes}},
    )
