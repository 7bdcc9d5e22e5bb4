"""What a rule is asked about: documents, and inputs that it refuses and that it lets pass."""

import json
from typing import Any

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
