"""IAM: decisions, roles and sessions."""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ministack.app as _gateway
import ministack.core.iam_actions as _iam_actions
import ministack.core.iam_evaluator as _iam
import ministack.core.router as _router
from ministack.core.responses import (
    get_account_id,
    get_region,
)
from ministack.services import iam as _iam_service
from ministack.services import sts as _sts

from local_aws.seams.requests import json_object

Denied = Callable[[str, str, str], None]


@dataclass(frozen=True)
class Refusal:
    """Why IAM refuses: the principal, and whether a policy says so explicitly."""

    principal: str
    explicit: bool


def record_denials(denied: Denied) -> None:
    """Call `denied(principal, action, resource)` whenever a request is refused by IAM policies."""
    original = _iam.enforce

    def enforce(access_key: str, action: str, service: str, region: str, **rest: Any) -> Any:
        result = original(access_key, action, service, region, **rest)
        if isinstance(result, _iam.EvalResult):
            denied(result.principal_arn, action, rest.get("resource_arn", "*"))
        return result

    _iam.enforce = enforce


def record_uses(used: Denied) -> None:
    """Call `used(principal, action, resource)` whenever the policies of an assumed role let it do something.

    What only a resource's own policy allows is no use of the role's.
    """
    original = _iam.evaluate

    def evaluate(context: Any, policies: Any, *limits: Any) -> Any:
        result = original(context, policies, *limits)
        if result.decision == "Allow" and context.principal_type == "AssumedRole":
            used(context.principal_arn, context.action, context.resource_arn)
        return result

    _iam.evaluate = evaluate


def count_loopback_as_secure_transport() -> None:
    """`aws:SecureTransport` is true: nothing that travels on loopback can be read on the way.

    Without it a policy that asks for TLS, as every bucket should have one, would lock everybody out of a server that
    has no certificate that clients trust.
    """
    original = _gateway.pin_request_origin
    _gateway.pin_request_origin = lambda source_ip, _secure: original(source_ip, True)


def supply_metric_namespace() -> None:
    """Give policies the `cloudwatch:namespace` of a PutMetricData request, which ministack leaves out."""
    original = _iam_actions.request_tag_context

    def context(service: str, action: str, body: bytes, parameters: dict[str, Any]) -> dict[str, Any]:
        found = dict(original(service, action, body, parameters))
        if action == "cloudwatch:PutMetricData":
            form = parameters.get("Namespace", [""])
            found["cloudwatch:namespace"] = json_object(body).get("Namespace") or (
                form if isinstance(form, str) else form[0]
            )
        return found

    _iam_actions.request_tag_context = context


def refusal(access_key: str, action: str, resource: str, context: Mapping[str, Any]) -> Refusal | None:
    """Why the holder of an access key may not do `action` on `resource`; None if it may."""
    principal = _iam.resolve_principal(access_key, get_account_id())
    if isinstance(principal, _iam.AuthError):
        return Refusal(access_key, explicit=False)
    if principal.policies is None:
        return None
    evaluation = _iam.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=action,
        resource_arn=resource,
        region=get_region(),
        service_context={name.lower(): value for name, value in context.items()},
        principal_keys=principal.keys,
    )
    result = _iam.evaluate(evaluation, principal.policies, *principal.limits)
    return None if result.decision == "Allow" else Refusal(principal.arn, explicit=result.decision == "Deny")


def principal_of(headers: Mapping[str, str]) -> str:
    """The ARN of who signed a request; empty for nobody that is known."""
    principal = _iam.resolve_principal(str(_router.extract_access_key_id(headers)), get_account_id())
    return "" if isinstance(principal, _iam.AuthError) else str(principal.arn)


def service_is_allowed(
    policy: str | Mapping[str, Any] | None, service: str, action: str, resource: str, context: Mapping[str, Any]
) -> bool:
    """Whether a resource or trust policy lets an AWS service (`sns.amazonaws.com`) do `action` on `resource`."""
    document = json.loads(policy) if isinstance(policy, str) and policy else policy
    if not isinstance(document, Mapping):
        return False
    statements = document.get("Statement", [])
    evaluation = _iam.EvalContext(
        principal_arn=service,
        principal_type="Service",
        principal_account=str(context.get("aws:SourceAccount", "")),
        action=action,
        resource_arn=resource,
        region=get_region(),
        secure_transport=True,  # services talk to each other inside AWS
        service_context={name.lower(): value for name, value in context.items()},
    )
    named = [
        # A trust policy has no Resource: it is the role's own.
        {"Resource": "*", **statement}
        for statement in ([statements] if isinstance(statements, Mapping) else statements)
        if _iam._service_principal_matches(statement.get("Principal"), service) or _anyone(statement.get("Principal"))
    ]
    parsed = [_iam.parse_policy_document({"Version": "2012-10-17", "Statement": named})]
    return bool(_iam.evaluate(evaluation, parsed).decision == "Allow")


def _anyone(principal: Any) -> bool:
    return principal == "*" or (isinstance(principal, Mapping) and principal.get("AWS") in ("*", ["*"]))


def find_role(role_arn: str) -> Mapping[str, Any] | None:
    """The IAM role of an ARN, or None."""
    account = role_arn.split(":")[4]
    role: Mapping[str, Any] | None = _iam_service._roles.get_scoped(account, None, role_arn.rsplit("/", 1)[-1])
    return role


def open_role_session(role_arn: str, session_name: str) -> dict[str, str]:
    """Credentials of a service that has assumed a role, as environment variables."""
    account, role = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    access_key = "ASIA" + secrets.token_hex(8).upper()
    secret, token = secrets.token_urlsafe(30), secrets.token_urlsafe(60)
    _sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session_name[:64]}",
            "UserId": f"{(find_role(role_arn) or {}).get('RoleId', role)}:{session_name[:64]}",
            "SecretAccessKey": secret,
            "SessionToken": token,
        },
    )
    return {"AWS_ACCESS_KEY_ID": access_key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def close_role_session(access_key: str) -> None:
    """Forget a session."""
    _sts._sessions.pop(access_key, None)
