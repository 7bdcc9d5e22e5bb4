"""Each rule on its own: what it refuses, in which words, and the nearest thing that it lets pass."""

import inspect
import json
from pathlib import Path
from typing import Any

import cfnlint
import pulumi_aws
import pulumi_aws_native
import pytest

from components.iam.statements import ANY_RESOURCE
from policy.guard_rails import identity
from policy.guard_rails.catalogue import RULES, STACK_RULES
from policy.guard_rails.documents import statements
from policy.guard_rails.keys import KEY_PATHS
from policy.guard_rails.rule import Level, StackResource
from policy.guard_rails.tags import TAGGABLE
from tests.policy.environments import ENVIRONMENTS, environment, resources

ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
ROLE = "aws:iam/role:Role"
PERMISSION = "aws:lambda/permission:Permission"
KEY = "aws:kms/key:Key"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
ROOT = {"AWS": "arn:aws:iam::111122223333:root"}
BUCKET = "arn:aws:s3:::b"


def document(key: str = "policy", **statement: Any) -> dict[str, Any]:
    return {key: json.dumps({"Version": "2012-10-17", "Statement": {"Sid": "S", "Effect": "Allow", **statement}})}


def tls(*resources: str, **changes: Any) -> dict[str, Any]:
    condition = {"Bool": {"aws:SecureTransport": "false"}}
    found = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": [*resources], "Condition": condition}
    return document(**{**found, **changes})


def check(rule: str, kind: str, inputs: dict[str, Any], **settings: Any) -> list[str]:
    [found] = [item for item in RULES if item.name == rule]
    return found.check(kind, inputs, **settings)


REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    (
        *("no-writable-code", ROLE_POLICY, document(Action="s3:PutObject", Resource=f"{BUCKET}/monitoring-scripts/*")),
        "policy S may write arn:aws:s3:::b/monitoring-scripts/*, where code lies: only deployments may",
    ),
    (
        *("no-writable-code", ROLE_POLICY, document(Action=["s3:DeleteObject"], Resource=f"{BUCKET}/job-code/a/b.zip")),
        "policy S may write arn:aws:s3:::b/job-code/a/b.zip, where code lies: only deployments may",
    ),
    (
        *("no-writable-code", ROLE_POLICY, document(Action="s3:PutObject", Resource=f"{BUCKET}/*")),
        "policy S may write arn:aws:s3:::b/*, where code lies: only deployments may",
    ),
    (
        *("no-wildcard-actions", ROLE_POLICY, document(Action=["s3:GetObject", "s3:Put*"], Resource=BUCKET)),
        "policy S allows s3:Put*: name the actions",
    ),
    (
        *("no-wildcard-actions", ROLE_POLICY, document(Action="s3:GetObjec?", Resource=BUCKET)),
        "policy S allows s3:GetObjec?: name the actions",
    ),
    (
        *("no-wildcard-actions", ROLE_POLICY, document(NotAction="iam:*", Resource="x")),
        "policy S allows with NotAction: name what is allowed, not what is not",
    ),
    (
        "no-wildcard-actions",
        "aws-native:iam:RolePolicy",
        {"policyDocument": {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "x"}]}},
        "policyDocument statement 1 allows *: name the actions",
    ),
    (
        "no-wildcard-actions",
        ROLE,
        {"inlinePolicies": [{"name": "x", **document(Action="kms:*", Resource="x")}]},
        "inlinePolicies S allows kms:*: name the actions",
    ),
    (
        *("no-wildcard-actions", KEY, document(Action="kms:*", Resource="*", Principal={"AWS": "*"})),
        "policy S allows kms:*: name the actions",
    ),
    (
        *("no-wildcard-resources", ROLE_POLICY, document(Action="s3:GetObject", Resource="*")),
        "policy S allows s3:GetObject on *: give the ARNs that it needs",
    ),
    (
        *("no-wildcard-resources", ROLE_POLICY, document(Action="s3:GetObject", Resource=["arn:aws:s3:::*"])),
        "policy S allows s3:GetObject on arn:aws:s3:::*: give the ARNs that it needs",
    ),
    (
        *("no-wildcard-resources", ROLE_POLICY, document(Action="cloudwatch:PutMetricData", Resource="*")),
        "policy S allows cloudwatch:PutMetricData on *: limit it with a condition on cloudwatch:namespace",
    ),
    (
        *("pass-role-limited", ROLE_POLICY, document(Action="iam:PassRole", Resource="arn:aws:iam::1:role/x")),
        "policy S passes roles to any service: add the condition iam:PassedToService",
    ),
    (
        "pass-role-limited",
        ROLE_POLICY,
        document(
            Action="IAM:passrole",
            Resource="arn:aws:iam::1:role/x",
            Condition={"StringLike": {"iam:PassedToService": "*.amazonaws.com"}},
        ),
        "policy S passes roles to *.amazonaws.com: name the service",
    ),
    (
        "pass-role-limited",
        ROLE_POLICY,
        document(
            Action="iam:PassRole",
            Resource="arn:aws:iam::1:role/*",
            Condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        "policy S passes arn:aws:iam::1:role/*: name the role",
    ),
    (
        "no-confused-deputy",
        ROLE,
        document("assumeRolePolicy", Action="sts:AssumeRole", Principal={"Service": "sagemaker.amazonaws.com"}),
        "assumeRolePolicy S lets sagemaker.amazonaws.com act for any account: "
        "add a condition on aws:SourceAccount or aws:SourceArn",
    ),
    (
        "no-confused-deputy",
        "aws:sqs/queuePolicy:QueuePolicy",
        document(Action="sqs:SendMessage", Principal={"Service": ["events.amazonaws.com"]}, Resource="x"),
        "policy S lets events.amazonaws.com act for any account: add a condition on aws:SourceAccount or aws:SourceArn",
    ),
    (
        *("no-confused-deputy", PERMISSION, {"principal": "sns.amazonaws.com"}),
        "sns.amazonaws.com may invoke the function for any account: set source_arn or source_account",
    ),
    (
        *("no-open-principals", TOPIC_POLICY, document(Action="sns:Publish", Principal="*", Resource="x")),
        "policy S allows everybody: name the principals, or limit them by account or organization",
    ),
    (
        *("no-open-principals", BUCKET_POLICY, document(Action="s3:GetObject", Principal={"AWS": ["*"]}, Resource="x")),
        "policy S allows everybody: name the principals, or limit them by account or organization",
    ),
    (
        *("no-open-principals", BUCKET_POLICY, document(Action="s3:GetObject", NotPrincipal=ROOT, Resource="x")),
        "policy S allows everybody but some: name who is allowed",
    ),
    (
        *("no-open-principals", PERMISSION, {"principal": "*", "sourceArn": "x"}),
        "everybody may invoke the function: name the principal",
    ),
    (
        "no-broad-managed-policies",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        {"role": "x", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
        "AdministratorAccess is attached: write a policy with the actions and ARNs that are needed",
    ),
    (
        "function-urls-authenticated",
        "aws:lambda/functionUrl:FunctionUrl",
        {"authorizationType": "NONE"},
        "authorization_type is NONE: set AWS_IAM",
    ),
    (
        "no-secrets-in-environments",
        "aws:lambda/function:Function",
        {"environment": {"variables": {"PAGERDUTY_API_KEY": "x", "BUCKET_NAME": "b"}}},
        "environment variable PAGERDUTY_API_KEY looks like a secret: keep it in Secrets Manager and give its ARN",
    ),
    ("buckets-closed", "aws:s3/bucketAcl:BucketAcl", {"acl": "public-read"}, "acl is public-read: remove it"),
    (
        "buckets-closed",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        {"rule": {"objectOwnership": "ObjectWriter"}},
        "object_ownership is ObjectWriter, which lets ACLs count: set BucketOwnerEnforced",
    ),
    (
        "buckets-encrypted",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "DES"}}]},
        "sse_algorithm is DES: use one of AES256, aws:kms, aws:kms:dsse",
    ),
    (
        *("buckets-tls-only", BUCKET_POLICY, document(Action="s3:GetObject", Principal=ROOT, Resource=BUCKET)),
        "plain HTTP is not refused: deny s3:* to everybody when aws:SecureTransport is false",
    ),
    (
        *("buckets-tls-only", BUCKET_POLICY, tls(BUCKET)),
        "plain HTTP is refused but for its objects: deny it on the bucket's ARN and on ARN/*",
    ),
    (
        *("buckets-tls-only", BUCKET_POLICY, tls(f"{BUCKET}/*")),
        "plain HTTP is refused but for the bucket itself: deny it on the bucket's ARN and on ARN/*",
    ),
    # A second condition lets plain HTTP through for whomever it does not meet.
    (
        "buckets-tls-only",
        BUCKET_POLICY,
        tls(
            BUCKET,
            f"{BUCKET}/*",
            Condition={"Bool": {"aws:SecureTransport": "false"}, "StringEquals": {"aws:PrincipalOrgID": "o-1"}},
        ),
        "plain HTTP is not refused: deny s3:* to everybody when aws:SecureTransport is false",
    ),
    (
        *("buckets-tls-only", BUCKET_POLICY, tls(BUCKET, f"{BUCKET}/*", Principal=ROOT)),
        "plain HTTP is not refused: deny s3:* to everybody when aws:SecureTransport is false",
    ),
    (
        *("queues-encrypted", "aws:sqs/queue:Queue", {}),
        "the queue is not encrypted: set sqs_managed_sse_enabled or kms_master_key_id",
    ),
    (
        *("topics-tls-only", TOPIC_POLICY, document(Action="sns:Publish", Principal=ROOT, Resource="x")),
        "plain HTTP is not refused: deny sns:Publish to everybody when aws:SecureTransport is false",
    ),
    (
        "endpoints-capture-data",
        "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
        {},
        "requests and answers are not captured: set enable_capture in data_capture_config",
    ),
    (
        "endpoints-capture-data",
        "aws-native:sagemaker:EndpointConfig",
        {
            "dataCaptureConfig": {
                "enableCapture": True,
                "initialSamplingPercentage": 10,
                "captureOptions": [{"captureMode": "Input"}],
            }
        },
        "Output is not captured: add it",
    ),
    (
        "endpoints-capture-data",
        "aws-native:sagemaker:EndpointConfig",
        {
            "dataCaptureConfig": {
                "enableCapture": True,
                "initialSamplingPercentage": 0,
                "captureOptions": [{"captureMode": "InputAndOutput"}],
            }
        },
        "initial_sampling_percentage is 0: capture at least 1 percent",
    ),
    ("logs-end", "aws-native:logs:LogGroup", {}, "logs are kept for ever: set retention_in_days"),
    (
        *("alarms-tell-somebody", "aws:cloudwatch/compositeAlarm:CompositeAlarm", {"alarmRule": "x"}),
        "nobody is told: set alarm_actions",
    ),
    (
        "alarms-tell-somebody",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        {"alarmActions": ["x"], "actionsEnabled": False},
        "its actions are switched off: remove actions_enabled, and use a mute rule for quiet hours",
    ),
    (
        "required-tags",
        "aws-native:sagemaker:ModelQualityJobDefinition",
        {"tags": [{"key": "project", "value": "x"}]},
        "tag environment is missing: add it to tags, or to the provider's default_tags",
    ),
    (
        *("customer-managed-keys", "aws:sns/topic:Topic", {"kmsMasterKeyId": "alias/aws/sns"}),
        "kmsMasterKeyId names no key of your own: set kms_key_arn",
    ),
    (
        "customer-managed-keys",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]},
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId names no key of your own: set kms_key_arn",
    ),
]
PASSED: list[tuple[str, str, dict[str, Any]]] = [
    ("no-writable-code", ROLE_POLICY, document(Action="s3:PutObject", Resource=f"{BUCKET}/monitoring-results/*")),
    ("no-writable-code", ROLE_POLICY, document(Action="s3:GetObject", Resource=f"{BUCKET}/monitoring-scripts/*")),
    ("no-writable-code", ROLE_POLICY, document(Action="s3:PutObject", Resource=f"{BUCKET}/job-codes/*")),
    ("no-writable-code", BUCKET_POLICY, document(Action="s3:PutObject", Resource=f"{BUCKET}/*")),
    ("no-wildcard-actions", ROLE_POLICY, document(Effect="Deny", Action="*", Resource="*")),
    ("no-wildcard-actions", KEY, document(Action="kms:*", Resource="*", Principal=ROOT)),
    ("no-wildcard-actions", ROLE_POLICY, {"policy": "arn:aws:iam::aws:policy/no-document"}),
    ("no-wildcard-resources", KEY, document(Action="kms:Decrypt", Resource="*", Principal=ROOT)),
    ("no-wildcard-resources", ROLE_POLICY, document(Action="ecr:GetAuthorizationToken", Resource="*")),
    ("no-wildcard-resources", ROLE_POLICY, document(Action="s3:GetObject", Resource=f"{BUCKET}/*")),
    (
        *("no-wildcard-resources", ROLE_POLICY),
        document(
            Action="cloudwatch:PutMetricData",
            Resource="*",
            Condition={"StringEquals": {"Cloudwatch:NAMESPACE": "x"}},  # keys have no case
        ),
    ),
    (
        *("no-confused-deputy", ROLE),
        document("assumeRolePolicy", Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"}),
    ),
    ("no-confused-deputy", PERMISSION, {"principal": "s3.amazonaws.com", "sourceAccount": "1"}),
    ("no-confused-deputy", PERMISSION, {"principal": "111122223333"}),
    (
        *("no-open-principals", TOPIC_POLICY),
        document(
            Action="sns:Publish",
            Principal={"AWS": "*"},
            Resource="x",
            Condition={"StringEquals": {"aws:PrincipalOrgID": "o"}},
        ),
    ),
    ("no-open-principals", PERMISSION, {"principal": "*", "principalOrgId": "o-1"}),
    ("no-broad-managed-policies", ROLE, {"managedPolicyArns": ["arn:aws:iam::111122223333:policy/FullAccess"]}),
    ("function-urls-authenticated", "aws-native:lambda:Url", {"authType": "AWS_IAM"}),
    ("buckets-tls-only", BUCKET_POLICY, tls(BUCKET, f"{BUCKET}/*")),
    ("buckets-tls-only", BUCKET_POLICY, tls("*")),
    ("queues-encrypted", "aws:sqs/queue:Queue", {"kmsMasterKeyId": "alias/own"}),
    (
        *("jobs-encrypt-traffic", "aws-native:sagemaker:ModelQualityJobDefinition"),
        {
            "jobResources": {"clusterConfig": {"instanceCount": 2}},
            "networkConfig": {"enableInterContainerTrafficEncryption": True},
        },
    ),
    ("required-tags", "aws:s3/bucketPolicy:BucketPolicy", {}),
    ("customer-managed-keys", "aws:sns/topic:Topic", {"kmsMasterKeyId": "arn:aws:kms:us-east-1:1:key/x"}),
]


@pytest.mark.parametrize(("rule", "kind", "inputs", "message"), REFUSED)
def test_refused(rule: str, kind: str, inputs: dict[str, Any], message: str) -> None:
    assert check(rule, kind, inputs) == [message]


@pytest.mark.parametrize(("rule", "kind", "inputs"), PASSED)
def test_passed(rule: str, kind: str, inputs: dict[str, Any]) -> None:
    assert check(rule, kind, inputs) == []


def test_each_rule_is_shown_to_fire() -> None:
    from tests.policy.test_policy_environments import DAMAGE  # noqa: PLC0415 - a table of the other file, for this alone

    assert {rule for rule, *_ in REFUSED} | set(DAMAGE) == {rule.name for rule in RULES}


def test_names_of_tags_are_a_setting() -> None:
    inputs = {"tags": {"project": "x", "environment": "y"}}
    assert check("required-tags", "aws:sns/topic:Topic", inputs) == []
    assert check("required-tags", "aws:sns/topic:Topic", inputs, names=["owner"]) == [
        "tag owner is missing: add it to tags, or to the provider's default_tags"
    ]


@pytest.mark.parametrize("rule", [*RULES, *STACK_RULES], ids=lambda rule: rule.name)
def test_rules_say_what_they_are_for(rule: Any) -> None:
    for text in (rule.title, rule.description, rule.fix, rule.check.__doc__):
        assert text
        assert "\n" not in text.split("\n\n")[0]
    assert rule.level in Level


def test_names_of_rules_are_unique() -> None:
    names = [rule.name for rule in RULES] + [rule.name for rule in STACK_RULES]
    assert len(names) == len(set(names)) == 25


def test_actions_without_resources_have_none_at_aws() -> None:
    """Against AWS's Service Authorization Reference, in the copy that cfn-lint ships."""
    file = Path(cfnlint.__file__).parent / "data" / "AdditionalSpecs" / "Policies.json"
    reference = json.loads(file.read_text(encoding="utf-8"))
    for name in identity.ANY_RESOURCE:
        service, action = name.lower().split(":")
        resources = reference[service]["Actions"][action].get("Resources", [])
        # Data sets are for metrics in OpenTelemetry's form, which nothing here uses.
        # A list of packages is asked of a group, for which IAM has no resource in that call.
        known = dict.fromkeys(
            ("cloudwatch:PutMetricData", "cloudwatch:GetMetricData", "cloudwatch:ListMetrics"), "dataset"
        )
        known["sagemaker:ListModelPackages"] = "model-package"
        assert resources == ([known[name]] if name in known else []), name
    assert "Resources" in reference["s3"]["Actions"]["getobject"]


def test_the_stack_needs_no_more_than_the_pack_allows() -> None:
    assert set(ANY_RESOURCE) <= set(identity.ANY_RESOURCE)


def sdk_class(token: str) -> Any:
    """The SDK's class of a type token."""
    package, module, name = token.split(":")
    sdk = {"aws": pulumi_aws, "aws-native": pulumi_aws_native}[package]
    module = module.split("/")[0]
    return getattr(getattr(sdk, {"lambda": "lambda_"}.get(module, module)), name)


def has_tags(token: str) -> bool:
    return "tags" in inspect.signature(sdk_class(token)._internal_init).parameters


@pytest.mark.parametrize("token", sorted(TAGGABLE))
def test_what_must_have_tags_can_have_them(token: str) -> None:
    assert has_tags(token)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_whatever_the_stack_makes_and_can_have_tags_must(name: str) -> None:
    types = {item.type for item in resources(environment(name))} - {"aws:s3/bucketObjectv2:BucketObjectv2"}
    assert {token for token in types if has_tags(token)} == types & TAGGABLE


@pytest.mark.parametrize("token", sorted(KEY_PATHS))
def test_where_keys_are_named_the_provider_has_them(token: str) -> None:
    first = KEY_PATHS[token][0]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in first)
    assert snake in inspect.signature(sdk_class(token)._internal_init).parameters


def test_statements_of_what_is_no_document() -> None:
    assert list(statements(ROLE_POLICY, {"policy": "no JSON"})) == []
    assert list(statements(ROLE_POLICY, {"policy": '["a list"]'})) == []
    assert list(statements(ROLE_POLICY, {"policy": '{"Statement": ["text"]}'})) == []


def resource(kind: str, urn: str, references: dict[str, str] | None = None, **properties: Any) -> StackResource:
    found = {key: frozenset({value}) for key, value in (references or {}).items()}
    return StackResource(type=kind, urn=urn, name=urn, properties=properties, references=found)


def test_a_companion_is_known_by_what_it_was_made_from_or_by_its_name() -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "buckets-complete"]
    kinds = [
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketVersioning:BucketVersioning",
    ]
    bucket = resource("aws:s3/bucket:Bucket", "bucket", bucket="b-1")
    by_reference = [resource(kind, kind, {"bucket": "bucket"}) for kind in kinds]
    by_name = [resource(kind, kind, bucket="b-1") for kind in kinds]
    of_another = [resource(kind, kind, {"bucket": "other"}, bucket="b-2") for kind in kinds]
    assert rule.check([bucket, *by_reference]) == []
    assert rule.check([bucket, *by_name]) == []
    assert [finding.urn for finding in rule.check([bucket, *of_another])] == ["bucket"] * 5


@pytest.mark.parametrize(
    ("key", "principal", "messages"),
    [
        ("alias/aws/sns", {"Service": "cloudwatch.amazonaws.com"}, ["alarms cannot publish"]),
        ("arn:aws:kms:us-east-1:1:key/x", {"Service": "cloudwatch.amazonaws.com"}, []),
        (None, {"Service": "cloudwatch.amazonaws.com"}, []),
        (None, {"Service": ["cloudwatch.amazonaws.com", "events.amazonaws.com"]}, ["the topic is not encrypted"]),
        (None, ROOT, ["the topic is not encrypted"]),
        ("alias/aws/sns", ROOT, []),
    ],
)
def test_keys_of_topics(key: str | None, principal: dict[str, Any], messages: list[str]) -> None:
    [rule] = [rule for rule in STACK_RULES if rule.name == "topics-encrypted"]
    topic = resource("aws:sns/topic:Topic", "topic", kmsMasterKeyId=key)
    allowed = document(Action="sns:Publish", Principal=principal, Resource="x")
    policy = resource(TOPIC_POLICY, "policy", {"arn": "topic"}, **allowed)
    found = rule.check([topic, policy])
    assert len(found) == len(messages)
    assert all(finding.message.startswith(start) for finding, start in zip(found, messages, strict=True))
