"""Who signed a request: only keys that this server made are anybody, with and without IAM enforcement."""

import os
import secrets
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, quote

import ministack.app as _gateway
import ministack.core.iam_evaluator as _iam
import ministack.core.lambda_runtime as _lambda_runtime
import ministack.core.router as _router
import ministack.core.sigv4 as _sigv4
from ministack.core.responses import _account_from_sts_session
from ministack.services import lambda_svc as _lambda
from ministack.services import sts as _sts

from local_aws.seams.requests import Response

_SIGNED = "AWS4-HMAC-SHA256"
_UNSIGNED = _iam.AuthError("MissingAuthenticationToken", "Request is missing Authentication Token")
_UNKNOWN = _iam.AuthError("InvalidClientTokenId", "The security token included in the request is invalid.")


def accept_own_keys_only() -> None:
    """Make the key that the launcher chose the only one of the administrator's.

    For ministack `test`, every number of twelve digits and no key at all are the administrator, too.
    """

    def is_root(access_key: str) -> bool:
        return access_key == os.environ["AWS_ACCESS_KEY_ID"]

    _iam.is_root_access_key = is_root
    _sts.is_root_access_key = is_root


def make_function_keys() -> None:
    """Give each function keys that nobody can compute.

    ministack derives them from the ARNs of function and role, or, without IAM, takes the account's number.
    """
    made: dict[tuple[str, str], dict[str, str]] = {}

    def credentials(config: Mapping[str, Any]) -> dict[str, str]:
        function, role = config.get("FunctionArn", ""), config.get("Role", "")
        keys = made.get((function, role))
        if keys is None:
            keys = made[function, role] = {
                "AWS_ACCESS_KEY_ID": "ASIA" + secrets.token_hex(8).upper(),
                "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(30),
                "AWS_SESSION_TOKEN": secrets.token_urlsafe(60),
            }
        account, _ = _lambda._account_region_from_function_config(config)
        name, session = role.rsplit("/", 1)[-1], config.get("FunctionName", "function")[:64]
        _sts.register_session(
            keys["AWS_ACCESS_KEY_ID"],
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
                "UserId": f"{name}:{session}",
                "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": keys["AWS_SESSION_TOKEN"],
            },
        )
        return dict(keys)

    _lambda_runtime.execution_credentials = credentials
    _lambda.execution_credentials = credentials


def is_administrator(scope: Mapping[str, Any]) -> bool:
    """Whether a request names the administrator's key; `refuse_unsigned` says whether it is signed with it."""
    headers, query = _parts(scope)
    return bool(_router.extract_access_key_id(headers, query) == os.environ["AWS_ACCESS_KEY_ID"])


def refuse_unsigned(scope: Mapping[str, Any], body: bytes) -> Response | None:
    """AWS's answer to a request that no key of this server has signed (Signature Version 4); None if one has.

    The signature is in the Authorization header or, for a presigned URL, in the query.
    """
    headers, query = _parts(scope)
    failure = _failure(scope, headers, query, body)
    if failure is None:
        return None
    service = _router.detect_service(scope["method"], scope["path"], headers, query)
    answer: Response = _gateway._credential_failure(service, "", str(uuid.uuid4()), failure, headers)
    return answer


def _parts(scope: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, list[str]]]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), _sigv4.decode_header_value(raw_value)
        # A header on several lines is signed as its values joined by a comma.
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers, parse_qs(scope.get("query_string", b"").decode("utf-8", "replace"), keep_blank_values=True)


def _failure(
    scope: Mapping[str, Any], headers: dict[str, str], query: dict[str, list[str]], body: bytes
) -> _iam.AuthError | None:
    in_header = headers.get("authorization", "").startswith(f"{_SIGNED} ")
    if not in_header and query.get("X-Amz-Algorithm") != [_SIGNED]:
        return _UNSIGNED
    signature = _sigv4.parse_header_signature(headers) if in_header else _sigv4.parse_query_signature(query)
    if isinstance(signature, tuple):
        return _iam.AuthError(*signature)
    key = signature.access_key_id
    if _router.extract_access_key_id(headers, query) != key:  # the one that policies are asked about
        return _UNKNOWN
    late = _too_late(signature, None if in_header else query)
    if late:
        return late
    token = headers.get("x-amz-security-token", "") if in_header else query.get("X-Amz-Security-Token", [""])[0]
    credential = _credential(key, token)
    if isinstance(credential, _iam.AuthError):
        return credential
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    mismatch = _sigv4.header_signature_failure(
        signature,
        credential.secret_access_key,
        scope["method"],
        raw_path,
        query,
        headers,
        body,
        presigned=not in_header,
    )
    return _iam.AuthError(*mismatch) if mismatch else None


def _credential(key: str, token: str) -> Any:
    try:
        account = _account_from_sts_session(key) or _iam.find_iam_access_key_account(key)
    except _iam.AmbiguousAccessKeyError:
        return _UNKNOWN
    found = _iam.resolve_credential(key, account or os.environ["MINISTACK_ACCOUNT_ID"], token)
    return _iam.AuthError(found.code, found.message) if isinstance(found, _iam.CredentialResolutionError) else found


def _too_late(signature: Any, query: Mapping[str, list[str]] | None) -> _iam.AuthError | None:
    """A header is good for minutes, a presigned URL (`query`) as long as it says."""
    if query is None:
        skewed = _sigv4.request_time_failure(signature)
        return _iam.AuthError(*skewed) if skewed else None
    try:
        expired = _sigv4.presigned_request_is_expired(signature.amz_date, query.get("X-Amz-Expires", ["0"])[0])
    except ValueError:
        expired = True
    return _iam.AuthError("AccessDenied", "Request has expired") if expired else None
