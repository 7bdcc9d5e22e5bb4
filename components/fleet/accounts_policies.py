"""Who may do what between accounts. Pure builders.

The accounts are boundaries. Metrics and the fact of an alarm leave a member account; data do not: they are read there,
through a role that the member account has made, by whoever it names, with a secret that only they know.
"""

from collections.abc import Sequence
from typing import Any, Final

from components.alerting import alarm_topic_policy
from components.iam import AwsContext, PolicyDocument, allow, policy_document
from contract import metrics
from contract.bucket_layout import RESULT_TABLES

# What a member links: its models' own metrics, and what SageMaker says of its endpoints. Nothing else of the account.
LINK_FILTER: Final = " OR ".join((f"Namespace LIKE '{metrics.STACK_NAMESPACES}%'", "Namespace = 'AWS/SageMaker'"))
ALARM_CHANGE: Final = "CloudWatch Alarm State Change"


def alarm_pattern() -> dict[str, Any]:
    """State changes of the alarms of all stacks, by the namespaces of their metrics: nothing is listed."""
    prefix = [{"prefix": metrics.STACK_NAMESPACES}]
    return {
        "source": ["aws.cloudwatch"],
        "detail-type": [ALARM_CHANGE],
        "detail": {"configuration": {"metrics": {"metricStat": {"metric": {"namespace": prefix}}}}},
    }


def _members(organization_id: str | None, accounts: Sequence[str]) -> tuple[Any, dict[str, Any]]:
    """The principal and the condition of a resource policy that lets members in."""
    if organization_id is not None:
        return "*", {"StringEquals": {"aws:PrincipalOrgID": organization_id}}
    return {"AWS": list(accounts)}, {}


def bus_policy(bus_arn: str, organization_id: str | None, accounts: Sequence[str]) -> PolicyDocument:
    """Members may put what their CloudWatch says of alarms, and no events of other kinds."""
    principal, condition = _members(organization_id, accounts)
    kinds = {"StringEqualsIfExists": {"events:source": "aws.cloudwatch", "events:detail-type": ALARM_CHANGE}}
    return policy_document(
        {
            "Sid": "MembersPutFindings",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["events:PutEvents"],
            "Resource": [bus_arn],
            "Condition": {**condition, **kinds},
        }
    )


def sink_policy(organization_id: str | None, accounts: Sequence[str]) -> PolicyDocument:
    """Members may link metrics to the sink, and nothing else that a sink could take (logs, traces)."""
    principal, condition = _members(organization_id, accounts)
    types = {"ForAllValues:StringEquals": {"oam:ResourceTypes": ["AWS::CloudWatch::Metric"]}}
    return policy_document(
        {
            "Sid": "MembersLinkMetrics",
            "Effect": "Allow",
            "Principal": principal,
            "Action": ["oam:CreateLink", "oam:UpdateLink"],
            "Resource": "*",
            "Condition": {**condition, **types},
        }
    )


def center_topic_policy(context: AwsContext, topic_arn: str, stem: str, rule_arn: str) -> PolicyDocument:
    """The fleet's alarms and its rule publish, of this account, over TLS."""
    findings = {
        "Sid": "FindingsPublish",
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": ["sns:Publish"],
        "Resource": [topic_arn],
        "Condition": {"ArnEquals": {"aws:SourceArn": rule_arn}},
    }
    return alarm_topic_policy(context, topic_arn, stem, findings)


def findings_log_policy(context: AwsContext, log_group_arn: str) -> PolicyDocument:
    """EventBridge may write what the bus was told to the fleet's log group."""
    return policy_document(
        {
            "Sid": "KeepFindings",
            "Effect": "Allow",
            "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [f"{log_group_arn}:*"],
            "Condition": {"StringEquals": {"aws:SourceAccount": context.account_id}},
        }
    )


def forward_policy(bus_arn: str) -> PolicyDocument:
    """A member's rule: put events on the fleet's bus."""
    return policy_document(allow("PutFindings", ["events:PutEvents"], [bus_arn]))


def reader_trust(readers: Sequence[str], external_id: str) -> PolicyDocument:
    """The named principals of another account may read, if they know the secret."""
    return policy_document(
        {
            "Sid": "NamedReaders",
            "Effect": "Allow",
            "Principal": {"AWS": list(readers)},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
        }
    )


def reader_policy(
    context: AwsContext, *, bucket: str, database: str, workgroup: str, answers_prefix: str, kms_key_arn: str | None
) -> PolicyDocument:
    """Read the tables of results, by file or by query: of this account's fleet, and nothing else of the account."""
    tables = [
        context.arn("glue", "catalog"),
        context.arn("glue", f"database/{database}"),
        context.arn("glue", f"table/{database}/*"),
    ]
    statements = [
        allow(
            "ListTables",
            ["s3:ListBucket"],
            [context.bucket_arn(bucket)],
            {"StringLike": {"s3:prefix": [f"{RESULT_TABLES}/*", f"{answers_prefix}/*"]}},
        ),
        allow("FindBucket", ["s3:GetBucketLocation"], [context.bucket_arn(bucket)]),
        allow(
            "ReadTables",
            ["s3:GetObject"],
            [context.bucket_arn(bucket, RESULT_TABLES, "*"), context.bucket_arn(bucket, answers_prefix, "*")],
        ),
        allow("WriteAnswers", ["s3:PutObject"], [context.bucket_arn(bucket, answers_prefix, "*")]),
        allow("ReadSchemas", ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"], tables),
        allow(
            "Ask",
            [
                "athena:BatchGetNamedQuery",
                "athena:GetNamedQuery",
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetWorkGroup",
                "athena:ListNamedQueries",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ],
            [context.arn("athena", f"workgroup/{workgroup}")],
        ),
    ]
    if kms_key_arn:
        statements.append(allow("UseKey", ["kms:Decrypt", "kms:GenerateDataKey"], [kms_key_arn]))
    return policy_document(*statements)
