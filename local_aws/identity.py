"""Who may do what: IAM where ministack does not ask, and the sessions of services that act under a role."""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams

log = logging.getLogger("local_aws.identity")

# Operations that pass a role to a service, with the member that has the role and the service that gets it.
# (iam:PassRole of the caller, and the role's trust in the service, are checked.)
PASSED_ROLES: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("lambda", "CreateFunction"): (("Role",), "lambda.amazonaws.com"),
    ("lambda", "UpdateFunctionConfiguration"): (("Role",), "lambda.amazonaws.com"),
    ("scheduler", "CreateSchedule"): (("Target", "RoleArn"), "scheduler.amazonaws.com"),
    ("scheduler", "UpdateSchedule"): (("Target", "RoleArn"), "scheduler.amazonaws.com"),
    ("states", "CreateStateMachine"): (("roleArn",), "states.amazonaws.com"),
}
_TRUST_MESSAGES = {
    "lambda": ("InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."),
    "scheduler": (
        "ValidationException",
        "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
    ),
    "states": ("AccessDeniedException", "The service principal states.amazonaws.com may not assume the provided role."),
}
_KEY_ACTIONS = ("GenerateDataKey", "Decrypt")  # to publish to an encrypted topic
_PULL_ACTIONS = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")


@dataclass
class Identity:
    """IAM questions that the embedded AWS asks on its own account; everything is allowed without enforcement.

    `denied` is told of every refusal as (principal, action, resource).
    """

    enforce: bool
    endpoint_url: str
    denied: Callable[[str, str, str], None]

    def refusal(
        self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, Any] | None = None
    ) -> str | None:
        """AWS's sentence for a caller who may not do `action` on `resource`; None if they may."""
        return self.key_refusal(seams.access_key_of(headers), action, resource, context)

    def key_refusal(
        self, access_key: str, action: str, resource: str, context: Mapping[str, Any] | None = None
    ) -> str | None:
        """As `refusal`, for the holder of an access key."""
        if not self.enforce:
            return None
        refused = seams.refusal(access_key, action, resource, context or {})
        if refused is None:
            return None
        self.denied(refused.principal, action, resource)
        because = (
            "with an explicit deny in an identity-based policy"
            if refused.explicit
            else f"because no identity-based policy allows the {action} action"
        )
        return f"User: {refused.principal} is not authorized to perform: {action} on resource: {resource} {because}"

    def pass_role_refusal(self, headers: Mapping[str, str], role_arn: str, service: str) -> str | None:
        """AWS's sentence for a caller who may not pass a role to a service; None if they may."""
        return self.refusal(headers, "iam:PassRole", role_arn, {"iam:PassedToService": service})

    def trusts(self, role_arn: str, service: str, source_arn: str = "") -> bool:
        """Whether a role exists and its trust policy lets `service` assume it (for the account of the request)."""
        if not self.enforce:
            return True
        role = seams.find_role(role_arn)
        context = {"aws:SourceAccount": seams.get_account_id()} | ({"aws:SourceArn": source_arn} if source_arn else {})
        allowed = role is not None and seams.service_is_allowed(
            role.get("AssumeRolePolicyDocument"), service, "sts:AssumeRole", role_arn, context
        )
        if not allowed:
            self.denied(service, "sts:AssumeRole", role_arn)
        return allowed

    def service_may_invoke(self, function_arn: str, service: str, source_arn: str) -> bool:
        """Whether a function's policy lets a service invoke it for `source_arn`."""
        context = {"aws:SourceArn": source_arn, "aws:SourceAccount": seams.get_account_id()}
        if not self.enforce:
            return True
        allowed = seams.service_is_allowed(
            seams.function_policy(function_arn), service, "lambda:InvokeFunction", function_arn, context
        )
        if not allowed:
            self.denied(service, "lambda:InvokeFunction", function_arn)
        return allowed

    def service_may_use(
        self, service: str, action: str, key: str, encryption_context: Mapping[str, str] | None = None
    ) -> bool:
        """Whether a key's policy lets an AWS service use it, for what it encrypts."""
        if not self.enforce:
            return True
        encrypted = {f"kms:EncryptionContext:{name}": value for name, value in (encryption_context or {}).items()}
        context = {"aws:SourceAccount": seams.get_account_id()} | encrypted
        allowed = seams.service_is_allowed(seams.key_policy(key), service, action, seams.key_arn(key), context)
        if not allowed:
            self.denied(service, action, key)
        return allowed

    def alarm_may_publish(self, topic_arn: str, alarm_arn: str) -> bool:
        """Whether an alarm of CloudWatch can publish to a topic: its policy, and no key that CloudWatch cannot use."""
        key = seams.topic_encryption_key(topic_arn)
        if key and key != "alias/aws/sns":
            used = (self.service_may_use("cloudwatch.amazonaws.com", f"kms:{name}", key) for name in _KEY_ACTIONS)
            if not all(used):
                return False
        if key == "alias/aws/sns":
            # AWS's own key has a policy that CloudWatch is not in, and that nobody can change.
            self.denied("cloudwatch.amazonaws.com", "kms:GenerateDataKey", topic_arn)
            return False
        policy = seams.topic_policy(topic_arn)
        if not self.enforce or not policy:  # without a policy of its own a topic takes its account's alarms
            return True
        context = {"aws:SourceAccount": seams.get_account_id(), "AWS:SourceOwner": seams.get_account_id()}
        context["aws:SourceArn"] = alarm_arn
        allowed = seams.service_is_allowed(policy, "cloudwatch.amazonaws.com", "sns:Publish", topic_arn, context)
        if not allowed:
            self.denied("cloudwatch.amazonaws.com", "sns:Publish", topic_arn)
        return allowed

    def image_refusal(self, access_key: str, repository_arn: str) -> str | None:
        """AWS's sentence for a role that may not pull an image; None if it may.

        The four actions are those that SageMaker's guide lists for whatever runs an image (sagemaker-roles).
        """
        asked = [("ecr:GetAuthorizationToken", "*")]
        asked += [(f"ecr:{name}", repository_arn) for name in _PULL_ACTIONS]
        refusals = (self.key_refusal(access_key, action, resource) for action, resource in asked)
        return next((refused for refused in refusals if refused), None)

    def volume_refusal(self, access_key: str, key: str | None) -> str | None:
        """AWS's sentence for a role that may not lend a key to the volumes of its instances; None if it may."""
        arn = seams.key_arn(key) if key and self.enforce else ""
        if not arn:
            return None
        context = {"kms:GrantIsForAWSResource": "true"}
        return self.key_refusal(access_key, "kms:CreateGrant", arn, context)

    def function_may_log(self, credentials: Mapping[str, str], group: str, exists: bool) -> bool:
        """Whether a function's role may write its log; AWS drops the log of one that may not."""
        arn = f"arn:aws:logs:{seams.get_region()}:{seams.get_account_id()}:log-group:{group}"
        asked = [] if exists else [("logs:CreateLogGroup", f"{arn}:*")]
        stream = f"{arn}:log-stream:{uuid.uuid4().hex}"
        asked += [("logs:CreateLogStream", stream), ("logs:PutLogEvents", stream)]
        key = credentials["AWS_ACCESS_KEY_ID"]
        return all(self.key_refusal(key, action, resource) is None for action, resource in asked)

    def send_dead_letter(self, target_arn: str, credentials: dict[str, str], event: Any, error: str) -> None:
        """Send a function's event to its dead-letter queue or topic under the function's role, as AWS does."""
        log.warning("dead letter for %s: %s", target_arn, error)
        region = target_arn.split(":")[3]
        environment = credentials | {"AWS_REGION": region, "AWS_ENDPOINT_URL": self.endpoint_url}
        attributes = {"ErrorCode": {"DataType": "Number", "StringValue": "200"}}
        attributes["ErrorMessage"] = {"DataType": "String", "StringValue": error[:1024] or "unknown"}
        attributes["RequestID"] = {"DataType": "String", "StringValue": str(uuid.uuid4())}
        body = json.dumps(event)
        try:
            if ":sns:" in target_arn:
                sns = clients.client("sns", environment)
                sns.publish(TopicArn=target_arn, Message=body, MessageAttributes=attributes)
            else:
                account, name = target_arn.split(":")[4:6]
                url = f"{self.endpoint_url}/{account}/{name}"
                clients.client("sqs", environment).send_message(
                    QueueUrl=url, MessageBody=body, MessageAttributes=attributes
                )
        except (ClientError, BotoCoreError) as refused:
            log.warning("a dead letter was lost: %s: %s", target_arn, refused)

    def session(self, role_arn: str, name: str) -> dict[str, str]:
        """Environment variables with which a process acts under a role: credentials, region and endpoint."""
        region = seams.get_region()
        return seams.open_role_session(role_arn, name) | {
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def check_passed_roles(self) -> None:
        """Check iam:PassRole and trust for the services in PASSED_ROLES, behind ministack's own checks."""
        for service in sorted({service for service, _ in PASSED_ROLES}):
            seams.check_after_authentication(service, self._passed_role_check(service))

    def _passed_role_check(self, service: str) -> Callable[[str, dict[str, str], Any], seams.Response | None]:
        def check(operation: str, headers: dict[str, str], parameters: Any) -> seams.Response | None:
            path, principal = PASSED_ROLES.get((service, operation), ((), ""))
            role_arn: Any = parameters if path else None
            for name in path:
                role_arn = (role_arn or {}).get(name)
            if not role_arn:
                return None
            refused = self.pass_role_refusal(headers, role_arn, principal)
            if refused:
                return _refuse(403, "AccessDeniedException", refused)
            if not self.trusts(role_arn, principal, _source_arn(service, parameters)):
                return _refuse(400, *_TRUST_MESSAGES[service])
            return None

        return check

    def check_requests(
        self,
        service: str,
        problem: Callable[[str, Mapping[str, str], Any], str | None],
        code: str = "ValidationException",
    ) -> None:
        """Refuse requests of a service that `problem(operation, headers, parameters)` has a sentence against."""

        def check(operation: str, headers: dict[str, str], parameters: Any) -> seams.Response | None:
            found = problem(operation, headers, parameters)
            return _refuse(400, code, found) if found else None

        seams.check_after_authentication(service, check)


def _source_arn(service: str, parameters: Mapping[str, Any]) -> str:
    """The aws:SourceArn with which a service assumes a role that it is given; empty where AWS documents none."""
    if service != "scheduler":
        return ""
    group = parameters.get("GroupName") or "default"
    return f"arn:aws:scheduler:{seams.get_region()}:{seams.get_account_id()}:schedule-group/{group}"


def _refuse(status: int, code: str, message: str) -> seams.Response:
    body = json.dumps({"__type": code, "Type": "User", "message": message, "Message": message}).encode()
    return status, {"Content-Type": "application/json", "x-amzn-errortype": code}, body
