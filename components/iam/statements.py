"""Who may do what: one role for each actor, each with the least that it needs.

The builders are pure: strings in, a policy document (dict) out. Every action that AWS can limit to an ARN is limited to
one; those that it cannot are in `ANY_RESOURCE`, each with its reason.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from components import naming
from components.args import CommonSettings
from contract import bucket_layout, metrics

Statement = dict[str, Any]
PolicyDocument = dict[str, Any]

# The only actions that a policy of this project allows on the resource "*".
ANY_RESOURCE: Final[Mapping[str, str]] = {
    "ecr:GetAuthorizationToken": "the action has no resources: a token is for the registry as a whole",
    "cloudwatch:PutMetricData": "the action has no resources; a condition on cloudwatch:namespace limits it",
    "cloudwatch:GetMetricStatistics": "the action has no resources: it reads numbers of metrics, and no data",
    "sagemaker:ListMonitoringExecutions": "a listing has no resources: it gives states of executions, and no data",
    "sagemaker:ListProcessingJobs": "a listing has no resources: it gives names and states of jobs, and no data",
    # Only in a VPC.
    **dict.fromkeys(
        (
            "ec2:DescribeDhcpOptions",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
        ),
        "EC2's descriptions have no resources; SageMaker needs them to place containers in a VPC",
    ),
}

# Where the platform publishes what monitors find, and the health of what runs. AWS's pages print them with a slash in
# front and without; its own code has used both.
MONITOR_NAMESPACES: Final = (
    *(
        f"{slash}{namespace}"
        for slash in ("", "/")
        for namespace in (metrics.MODEL_MONITOR_DATA_METRICS, metrics.MODEL_MONITOR_MODEL_METRICS)
    ),
    "/aws/sagemaker/ProcessingJobs",
)
ENDPOINT_NAMESPACE: Final = "/aws/sagemaker/Endpoints"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Partition, region and account that a component is deployed into."""

    partition: str
    region: str
    account_id: str

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account_id}:{resource}"

    def bucket_arn(self, bucket: str, *path: str) -> str:
        return "/".join((f"arn:{self.partition}:s3:::{bucket}", *path))


def look_up_place(parent: pulumi.Resource) -> pulumi.Output[Place]:
    """The place that the provider of `parent` deploys into."""
    options = pulumi.InvokeOptions(parent=parent)
    return pulumi.Output.all(
        partition=aws.get_partition_output(opts=options).partition,
        region=aws.get_region_output(opts=options).region,
        account_id=aws.get_caller_identity_output(opts=options).account_id,
    ).apply(lambda found: Place(**found))


# ---- pieces ---------------------------------------------------------------------------------------------------------


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


def sagemaker_trust(place: Place) -> PolicyDocument:
    """SageMaker may assume the role, on behalf of this account only (against the confused deputy)."""
    return trust("sagemaker.amazonaws.com", {"StringEquals": {"aws:SourceAccount": place.account_id}})


def lambda_trust(_: Place) -> PolicyDocument:
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


def list_prefixes(place: Place, bucket: str, prefixes: Sequence[str]) -> Statement:
    """List these prefixes and nothing else; without it S3 answers 403 where it should say 404."""
    return allow(
        "ListPrefixes",
        ["s3:ListBucket"],
        [place.bucket_arn(bucket)],
        {"StringLike": {"s3:prefix": [pattern for prefix in prefixes for pattern in (prefix, f"{prefix}/*")]}},
    )


def read_objects(place: Place, bucket: str, prefixes: Sequence[str]) -> Statement:
    return allow("ReadObjects", ["s3:GetObject"], [place.bucket_arn(bucket, prefix, "*") for prefix in prefixes])


def write_objects(place: Place, bucket: str, prefixes: Sequence[str]) -> Statement:
    return allow("WriteObjects", ["s3:PutObject"], [place.bucket_arn(bucket, prefix, "*") for prefix in prefixes])


def publish_metrics(namespaces: Sequence[str]) -> Statement:
    # "*": see ANY_RESOURCE.
    condition = {"StringEquals": {"cloudwatch:namespace": list(namespaces)}}
    return allow("PublishMetrics", ["cloudwatch:PutMetricData"], ["*"], condition)


def sagemaker_logs(place: Place, group: str) -> Statement:
    """SageMaker makes the group on first use and a stream for each job or instance, under the role of what it runs."""
    return allow(
        "WriteLogs",
        ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
        [place.arn("logs", f"log-group:{group}"), place.arn("logs", f"log-group:{group}:*")],
    )


def pull_images(place: Place, image_uris: Sequence[str]) -> list[Statement]:
    return [
        allow(
            "PullImages",
            ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            [repository_arn(place, uri) for uri in image_uris],
        ),
        # "*": see ANY_RESOURCE.
        allow("LogInToRegistry", ["ecr:GetAuthorizationToken"], ["*"]),
    ]


def repository_arn(place: Place, image_uri: str) -> str:
    """The ECR repository of `account.dkr.ecr.region.amazonaws.com/repository:tag`."""
    registry, _, image = image_uri.partition("/")
    account, _, _, region, *_ = registry.split(".")
    repository = image.split("@")[0].split(":")[0]
    return f"arn:{place.partition}:ecr:{region}:{account}:repository/{repository}"


def without_tag(image_uri: str) -> str:
    """AWS's analyzer has no tags that customers name; SageMaker's own clients give its URI bare."""
    registry, _, image = image_uri.partition("/")
    return f"{registry}/{image.split(':')[0]}"


def merger_image(analyzer_image_uri: str) -> str:
    """The image that joins captures with labels before a model-quality run; it lies beside the analyzer."""
    return without_tag(analyzer_image_uri).replace(
        "sagemaker-model-monitor-analyzer", "sagemaker-model-monitor-groundtruth-merger"
    )


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


def read_outside(place: Place, outside: Outside) -> list[Statement]:
    """Read only: these captures and these files, and nothing beside them."""
    found = []
    if outside.capture_uri:
        bucket, prefix = naming.s3_parts(outside.capture_uri)
        pattern = f"{prefix}/*" if prefix else "*"
        found = [
            allow("ReadCaptures", ["s3:GetObject"], [place.bucket_arn(bucket, pattern)]),
            allow(
                "ListCaptures",
                ["s3:ListBucket"],
                [place.bucket_arn(bucket)],
                {"StringLike": {"s3:prefix": [prefix, pattern] if prefix else [pattern]}},
            ),
        ]
    if outside.file_uris:
        found += [read_files(place, outside.file_uris), _list_files(place, outside.file_uris)]
    if outside.kms_key_arn:
        found.append(allow("DecryptCaptures", ["kms:Decrypt"], [outside.kms_key_arn]))
    return found


def read_files(place: Place, uris: Sequence[str]) -> Statement:
    """Read single files, wherever they lie."""
    return allow("ReadFiles", ["s3:GetObject"], [place.bucket_arn(*naming.s3_parts(uri)) for uri in uris])


def _list_files(place: Place, uris: Sequence[str]) -> Statement:
    """A processing job's input is a prefix to SageMaker, also if it names a single file: it is listed, then fetched."""
    parts = [naming.s3_parts(uri) for uri in uris]
    buckets, keys = (list(dict.fromkeys(found)) for found in zip(*parts, strict=True))
    return allow(
        "ListFiles",
        ["s3:ListBucket"],
        [place.bucket_arn(bucket) for bucket in buckets],
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
        allow("LendKeyToVolumes", ["kms:CreateGrant"], [kms_key_arn], condition),
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


def network_interfaces(place: Place, vpc: Vpc) -> list[Statement]:
    """What SageMaker's guide lists for containers in a VPC (sagemaker-roles), in these subnets and groups only."""
    if not vpc.subnet_ids:
        return []
    interfaces = place.arn("ec2", "network-interface/*")
    # Of any account: a shared VPC's subnets and groups have their owner's number in their ARNs. The IDs are unique.
    ec2 = f"arn:{place.partition}:ec2:{place.region}:*"
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


# ---- the actors ---------------------------------------------------------------------------------------------------


def model_policy(
    place: Place,
    *,
    bucket: str,
    endpoint_stem: str,
    image_uri: str,
    vpc: Vpc = NO_VPC,
    kms_key_arn: str | None = None,
) -> PolicyDocument:
    """The model behind the endpoint: fetch its archive and image, log, write captures.

    What SageMaker's guide lists for a model's role (sagemaker-roles, "CreateModel API"), and writing captures. The
    endpoint's name is not known yet when its role is made, only its stem; seven characters follow.
    """
    return policy_document(
        read_objects(place, bucket, [bucket_layout.MODEL_ARTIFACTS]),
        write_objects(place, bucket, [bucket_layout.CAPTURED_DATA]),
        sagemaker_logs(place, f"{naming.ENDPOINT_LOG_GROUPS}/{endpoint_stem}-*"),
        publish_metrics([ENDPOINT_NAMESPACE]),
        *pull_images(place, [image_uri]),
        *network_interfaces(place, vpc),
        *key_of_instances(kms_key_arn),
    )


def monitor_policy(
    place: Place,
    *,
    bucket: str,
    analyzer_image_uri: str,
    scripts: bool = False,
    outside: Outside = NOTHING_OUTSIDE,
    vpc: Vpc = NO_VPC,
    kms_key_arn: str | None = None,
) -> PolicyDocument:
    """The monitoring and baseline jobs: read data, captures and labels, write results, publish what they found.

    What SageMaker's guide lists for a processing job's role (sagemaker-roles, "CreateProcessingJob API").
    """
    written = [bucket_layout.BASELINE_RESULTS, bucket_layout.MONITORING_RESULTS]
    # Results are read too: a model-quality run reads what the merge job before it wrote below monitoring-results.
    read = [
        bucket_layout.BASELINE_DATA,
        bucket_layout.CAPTURED_DATA,
        bucket_layout.GROUND_TRUTH,
        bucket_layout.MONITORING_RESULTS,
        *([bucket_layout.MONITORING_SCRIPTS] if scripts else []),
    ]
    return policy_document(
        list_prefixes(place, bucket, read),
        read_objects(place, bucket, read),
        write_objects(place, bucket, written),
        sagemaker_logs(place, naming.PROCESSING_LOG_GROUP),
        publish_metrics(MONITOR_NAMESPACES),
        *pull_images(place, [analyzer_image_uri, merger_image(analyzer_image_uri)]),
        *read_outside(place, outside),
        *network_interfaces(place, vpc),
        *key_of_instances(kms_key_arn),
    )


def starter_policy(place: Place, *, job_stem: str, monitor_role_arn: str, log_group_arn: str) -> PolicyDocument:
    """The function that starts baseline jobs: those jobs only, under the monitor's role only."""
    return policy_document(
        *function_basics(log_group_arn),
        allow(
            "StartBaselineJobs",
            ["sagemaker:AddTags", "sagemaker:CreateProcessingJob", "sagemaker:DescribeProcessingJob"],
            [place.arn("sagemaker", f"processing-job/{job_stem}-*")],
        ),
        allow(
            "GiveThemTheMonitorsRole",
            ["iam:PassRole"],
            [monitor_role_arn],
            {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
    )


def metrics_policy(
    place: Place, *, bucket: str, namespace: str, log_group_arn: str, dead_letter_arn: str
) -> PolicyDocument:
    """The function that turns ended jobs into metrics."""
    return policy_document(
        *function_basics(log_group_arn, dead_letter_arn),
        # Every job of the region: Model Monitor names its own jobs; whose one is stands in its description.
        allow("ReadJobs", ["sagemaker:DescribeProcessingJob"], [place.arn("sagemaker", "processing-job/*")]),
        list_prefixes(place, bucket, [bucket_layout.MONITORING_RESULTS]),
        read_objects(place, bucket, [bucket_layout.MONITORING_RESULTS]),
        write_objects(
            place,
            bucket,
            [bucket_layout.FAILURE_NOTES, f"{bucket_layout.RESPONDER_STATE}/{bucket_layout.HEARD_JOBS_FOLDER}"],
        ),
        publish_metrics([namespace]),
    )


def responder_policy(
    place: Place,
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
            place, bucket, [bucket_layout.MONITORING_RESULTS, bucket_layout.RESPONDER_STATE, *monitors_state]
        ),
        read_objects(
            place,
            bucket,
            [
                bucket_layout.BASELINE_RESULTS,
                bucket_layout.MONITORING_RESULTS,
                bucket_layout.RESPONDER_STATE,
                *monitors_state,
            ],
        ),
        write_objects(place, bucket, [f"{bucket_layout.RESPONDER_STATE}/{bucket_layout.ANSWERED_ALARMS_FOLDER}"]),
        allow("TellPeople", ["sns:Publish"], [notification_topic_arn]),
        *([read_files(place, elsewhere)] if elsewhere else []),
    )


def with_key(policy: pulumi.Output[PolicyDocument], common: CommonSettings) -> pulumi.Output[PolicyDocument]:
    """A function's policy and, where everything is encrypted with one key, the use of it."""
    if common.kms_key_arn is None:
        return policy
    return pulumi.Output.all(policy, common.kms_key_arn).apply(
        lambda found: policy_document(*found[0]["Statement"], use_key(found[1]))
    )


# ---- resources ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ServiceRole:
    """A role with its policy. Hand out `arn`, not the role's own: who uses it then waits until it may do something."""

    role: aws.iam.Role
    policy: aws.iam.RolePolicy

    @property
    def arn(self) -> pulumi.Output[str]:
        """The role's ARN, known once the policy is attached; on a destroy the policy outlives what uses the role."""
        return pulumi.Output.all(self.role.arn, self.policy.id).apply(lambda found: str(found[0]))


def service_role(
    name: str,
    *,
    parent: pulumi.Resource,
    description: str,
    trust: Callable[[Place], PolicyDocument],
    policy: pulumi.Output[PolicyDocument],
    common: CommonSettings,
) -> ServiceRole:
    """Make a role and its one inline policy, as children of `parent`."""
    options = pulumi.ResourceOptions(parent=parent)
    role = aws.iam.Role(
        name,
        description=description,
        assume_role_policy=look_up_place(parent).apply(lambda place: json.dumps(trust(place))),
        permissions_boundary=common.permissions_boundary_arn,
        tags=common.tags,
        opts=options,
    )
    return ServiceRole(
        role=role,
        policy=aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=policy.apply(json.dumps), opts=options),
    )
