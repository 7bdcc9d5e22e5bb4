"""Who may do what: no wildcards, no open doors, no confused deputies."""

from collections.abc import Mapping
from typing import Final

from .documents import Statement, statements
from .rule import Level, Properties, Rule, Severity, as_list, group

# Actions that AWS cannot limit to a resource, with the condition key that must limit them instead, if there is one.
# AWS: Service Authorization Reference, the column "Resource types". It lately names `dataset` for PutMetricData, which
# is the account's store of all metrics; which of them may be written only the namespace says.
ANY_RESOURCE: Final[Mapping[str, str | None]] = {
    "cloudwatch:GetMetricData": None,
    "cloudwatch:GetMetricStatistics": None,
    "cloudwatch:ListMetrics": None,
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    "ec2:DescribeDhcpOptions": None,
    "ec2:DescribeNetworkInterfaces": None,
    "ec2:DescribeSecurityGroups": None,
    "ec2:DescribeSubnets": None,
    "ec2:DescribeVpcEndpoints": None,
    "ec2:DescribeVpcs": None,
    "ecr:GetAuthorizationToken": None,
    "logs:CreateLogDelivery": None,
    "logs:DeleteLogDelivery": None,
    "logs:DescribeLogGroups": None,
    "logs:DescribeResourcePolicies": None,
    "logs:GetLogDelivery": None,
    "logs:ListLogDeliveries": None,
    "logs:PutResourcePolicy": None,
    "logs:UpdateLogDelivery": None,
    "sagemaker:ListModelPackages": None,
    "sagemaker:ListMonitoringExecutions": None,
    "sagemaker:ListProcessingJobs": None,
    "sagemaker:ListTransformJobs": None,
    "xray:GetSamplingRules": None,
    "xray:GetSamplingTargets": None,
    "xray:PutTelemetryRecords": None,
    "xray:PutTraceSegments": None,
}
# AWS does not document that Lambda sends aws:SourceAccount when it assumes an execution role, and with a condition that
# is never met no function can be created.
WITHOUT_SOURCE: Final = frozenset({"lambda.amazonaws.com", "edgelambda.amazonaws.com"})
SOURCE_KEYS: Final = ("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths")
CALLER_KEYS: Final = (
    *("aws:PrincipalOrgID", "aws:PrincipalOrgPaths", "aws:PrincipalAccount", "aws:PrincipalArn"),
    *("aws:SourceVpce", "aws:SourceVpc", "kms:CallerAccount", *SOURCE_KEYS),
)
# Where a stack's bucket has what its jobs and its model run: preprocessing scripts, the monitor, the model's code.
_CODE: Final = ("monitoring-scripts", "job-code", "model-artifacts")
_WRITES: Final = frozenset(
    {"s3:*", "s3:put*", "s3:putobject", "s3:deleteobject", "s3:restoreobject", "s3:replicateobject"}
)
# Managed policies of AWS that allow everything, or everything of a service.
_TOO_MUCH: Final = ("AdministratorAccess", "PowerUserAccess", "IAMFullAccess")


def wildcard_actions(resource_type: str, properties: Properties) -> list[str]:
    """`Allow` with `*` in an action, or with `NotAction`: it allows what AWS will invent next year."""
    found = []
    for item in statements(resource_type, properties):
        if not item.allows:
            continue
        wild = [
            action
            for action in item.actions
            if ("*" in action or "?" in action) and not _is_root_on_its_key(item, action)
        ]
        if wild:
            found.append(f"{item.label} allows {', '.join(wild)}: name the actions")
        found += [
            f"{item.label} allows with {word}: name what is allowed, not what is not"
            for word in item.excludes
            if word != "NotPrincipal"
        ]
    return found


def _is_root_on_its_key(item: Statement, action: str) -> bool:
    """AWS's own default: without it a key can be locked away from the account that pays for it."""
    root = all(kind == "AWS" and name.endswith(":root") for kind, name in item.principals)
    return item.in_key_policy and action == "kms:*" and bool(item.principals) and root


def wildcard_resources(resource_type: str, properties: Properties) -> list[str]:
    """`Allow` on every resource, where AWS can limit the action to some."""
    found = []
    for item in statements(resource_type, properties):
        if not item.allows or item.in_key_policy:
            continue
        wide = [resource for resource in item.resources if _is_everything(resource)]
        if not wide:
            continue
        for action in item.actions:
            if action not in ANY_RESOURCE:
                found.append(f"{item.label} allows {action} on {wide[0]}: give the ARNs that it needs")
            elif ANY_RESOURCE[action] and not item.has_condition(str(ANY_RESOURCE[action])):
                found.append(f"{item.label} allows {action} on *: limit it with a condition on {ANY_RESOURCE[action]}")
    return found


def _is_everything(resource: str) -> bool:
    """`*`, or an ARN whose resource is `*`: `arn:aws:s3:::*`."""
    parts = resource.split(":", 5)
    return resource == "*" or (len(parts) == 6 and parts[5].strip("*") == "")


def pass_role(resource_type: str, properties: Properties) -> list[str]:
    """`iam:PassRole` gives a role to a service: which role, and to which service, must be said."""
    found = []
    for item in statements(resource_type, properties):
        if not item.allows or "iam:passrole" not in [action.lower() for action in item.actions]:
            continue
        services = item.condition_values("iam:PassedToService")
        if not services:
            found.append(f"{item.label} passes roles to any service: add the condition iam:PassedToService")
        found += [
            f"{item.label} passes roles to {name}: name the service" for name in services if "*" in name or "?" in name
        ]
        found += [
            f"{item.label} passes {arn}: name the role"
            for arn in item.resources
            if arn == "*" or arn.endswith((":role/*", ":*"))
        ]
    return found


def confused_deputy(resource_type: str, properties: Properties) -> list[str]:
    """A service that acts for anybody acts for attackers too; `aws:SourceAccount` or `aws:SourceArn` says for whom."""
    fix = "add a condition on aws:SourceAccount or aws:SourceArn"
    found = [
        f"{item.label} lets {name} act for any account: {fix}"
        for item in statements(resource_type, properties)
        if item.allows and not item.has_condition(*SOURCE_KEYS)
        for kind, name in item.principals
        if kind == "Service" and name not in WITHOUT_SOURCE
    ]
    if resource_type == "aws:lambda/permission:Permission":
        principal = str(properties.get("principal"))
        if principal.endswith((".amazonaws.com", ".amazonaws.com.cn")) and not (
            properties.get("sourceArn") or properties.get("sourceAccount")
        ):
            found.append(f"{principal} may invoke the function for any account: set source_arn or source_account")
    return found


def open_principals(resource_type: str, properties: Properties) -> list[str]:
    """Nobody in particular may do anything, unless a condition says who."""
    found = []
    for item in statements(resource_type, properties):
        if not item.allows:
            continue
        if "NotPrincipal" in item.excludes:
            found.append(f"{item.label} allows everybody but some: name who is allowed")
        if any(name == "*" for _, name in item.principals) and not item.has_condition(*CALLER_KEYS):
            found.append(
                f"{item.label} allows everybody: name the principals, or limit them by account or organization"
            )
    permission = resource_type == "aws:lambda/permission:Permission"
    if permission and properties.get("principal") == "*" and not properties.get("principalOrgId"):
        found.append("everybody may invoke the function: name the principal")
    return found


def managed_policies(resource_type: str, properties: Properties) -> list[str]:
    """A role of this kind has one job: no policy that allows everything of a service."""
    attached = as_list(properties.get("managedPolicyArns"))
    if resource_type.endswith("PolicyAttachment"):
        attached += as_list(properties.get("policyArn"))
    names = [str(arn).rsplit("/", 1)[-1] for arn in attached if ":aws:policy/" in str(arn)]
    return [
        f"{name} is attached: write a policy with the actions and ARNs that are needed"
        for name in names
        if name in _TOO_MUCH or name.endswith("FullAccess")
    ]


def function_urls(resource_type: str, properties: Properties) -> list[str]:
    """A function's URL asks who calls."""
    if not resource_type.startswith(("aws:lambda/functionUrl:", "aws-native:lambda:Url")):
        return []
    kind = properties.get("authorizationType") or properties.get("authType")
    return [] if kind == "AWS_IAM" else [f"authorization_type is {kind}: set AWS_IAM"]


def environment_secrets(resource_type: str, properties: Properties) -> list[str]:
    """A function's environment is readable by everybody who may describe it."""
    if not resource_type.startswith(("aws:lambda/function:", "aws-native:lambda:Function")):
        return []
    words = ("PASSWORD", "SECRET_KEY", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY", "TOKEN")
    names = [name for name in group(group(properties, "environment"), "variables") if name.upper().endswith(words)]
    return [
        f"environment variable {name} looks like a secret: keep it in Secrets Manager and give its ARN"
        for name in sorted(names)
    ]


def writable_code(resource_type: str, properties: Properties) -> list[str]:
    """What jobs and models import is code: who may write it may run it, under the job's or the model's role."""
    if not resource_type.startswith(("aws:iam/", "aws-native:iam:")):
        return []
    return [
        f"{item.label} may write {arn}, where code lies: only deployments may"
        for item in statements(resource_type, properties)
        if item.allows and any(action.lower() in _WRITES for action in item.actions)
        for arn in item.resources
        if _covers_code(arn)
    ]


def _covers_code(arn: str) -> bool:
    bucket, _, key = arn.partition(":::")[2].partition("/")
    if arn == "*" or (bucket and key == "*"):
        return True
    return any(key.rstrip("*").rstrip("/") == prefix or key.startswith(f"{prefix}/") for prefix in _CODE)


RULES: Final = (
    Rule(
        name="no-wildcard-actions",
        title="No wildcard actions",
        description="Policies allow named actions only.",
        fix="List the actions that are called; CloudTrail and IAM Access Analyzer know them.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=wildcard_actions,
    ),
    Rule(
        name="no-wildcard-resources",
        title="No wildcard resources",
        description='Policies allow "*" only for actions that AWS cannot limit to a resource.',
        fix="Give the ARNs of this stack's own resources, or a condition where the action has no resources.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=wildcard_resources,
    ),
    Rule(
        name="pass-role-limited",
        title="iam:PassRole is limited",
        description="iam:PassRole names the role and the service that it may be passed to.",
        fix="Give the role's ARN and the condition StringEquals iam:PassedToService.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=pass_role,
    ),
    Rule(
        name="no-writable-code",
        title="No role writes code",
        description="No role of the stack may write where preprocessing scripts, the monitor or the model's code lie.",
        fix="Let the role write captures or results only; code is put there by deployments.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=writable_code,
    ),
    Rule(
        name="no-confused-deputy",
        title="No confused deputy",
        description="A service that may assume a role or use a resource may do so for this account only.",
        fix="Add StringEquals aws:SourceAccount, or ArnLike aws:SourceArn, to the statement.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=confused_deputy,
    ),
    Rule(
        name="no-open-principals",
        title="No open principals",
        description="Resource policies allow named principals only.",
        fix="Name the account, role or service; or limit everybody by aws:PrincipalOrgID or an account.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=open_principals,
    ),
    Rule(
        name="no-broad-managed-policies",
        title="No broad managed policies",
        description="Roles have policies of their own instead of AWS's FullAccess policies.",
        fix="Write a policy with the actions and ARNs that are needed.",
        level=Level.MANDATORY,
        severity=Severity.HIGH,
        check=managed_policies,
    ),
    Rule(
        name="function-urls-authenticated",
        title="Function URLs are authenticated",
        description="A Lambda function's URL asks for IAM credentials.",
        fix="Set authorization_type to AWS_IAM.",
        level=Level.MANDATORY,
        severity=Severity.CRITICAL,
        check=function_urls,
    ),
    Rule(
        name="no-secrets-in-environments",
        title="No secrets in functions' environments",
        description="A function's environment variables hold no passwords, keys or tokens.",
        fix="Keep the secret in Secrets Manager, give the function its ARN and secretsmanager:GetSecretValue on it.",
        level=Level.ADVISORY,
        severity=Severity.MEDIUM,
        check=environment_secrets,
    ),
)
