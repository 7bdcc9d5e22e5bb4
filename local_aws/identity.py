"""Who may do what: IAM where ministack does not ask, and the sessions of services that act under a role."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from local_aws import seams

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
    "states": (
        "AccessDeniedException",
        "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the provided role.",
    ),
}


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
        if not self.enforce or ":schedule/" in source_arn:  # EventBridge Scheduler invokes with its own role
            return True
        allowed = seams.service_is_allowed(
            seams.function_policy(function_arn), service, "lambda:InvokeFunction", function_arn, context
        )
        if not allowed:
            self.denied(service, "lambda:InvokeFunction", function_arn)
        return allowed

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
            if not self.trusts(role_arn, principal):
                return _refuse(400, *_TRUST_MESSAGES[service])
            return None

        return check


def _refuse(status: int, code: str, message: str) -> seams.Response:
    body = json.dumps({"__type": code, "Type": "User", "message": message, "Message": message}).encode()
    return status, {"Content-Type": "application/json", "x-amzn-errortype": code}, body
