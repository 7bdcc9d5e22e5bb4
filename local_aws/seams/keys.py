"""KMS: keys, and what is encrypted with them."""

import re
import uuid
from typing import Any

import ministack.core.iam_actions as _iam_actions
import ministack.core.iam_evaluator as _iam
from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import cloudwatch_logs as _logs
from ministack.services import kms as _kms
from ministack.services import s3 as _s3
from ministack.services import sqs as _sqs

from local_aws.seams.requests import Response, access_key_of


def key_arn(reference: str) -> str:
    """The ARN of a key given by ID, ARN or alias; empty for AWS's own keys and for what is no key here."""
    key = _kms._resolve_key(reference)
    return str(key["Arn"]) if key else ""


def key_policy(reference: str) -> str:
    """A key's policy; empty if there is no such key."""
    return str((_kms._resolve_key(reference) or {}).get("Policy") or "")


def refuse_key_use(service: str, action: str, key: str, headers: dict[str, str]) -> Response | None:
    """The answer of `service` to a caller who may not do `action` with a key; None if they may."""
    access_key = access_key_of(headers)
    result = _iam.enforce(access_key, action, "kms", get_region(), resource_arn=key)
    if not isinstance(result, _iam.EvalResult):
        return None
    answer: Response = _iam_actions.access_denied_response(
        service, action, result.principal_arn, str(uuid.uuid4()), headers=headers
    )
    return answer


def honour_grants() -> None:
    """Let a grant's grantee do with its key what the grant says, where no policy denies it: ministack keeps grants, and
    asks none of them.
    """
    original = _iam.enforce

    def enforce(access_key: str, action: str, service: str, region: str, **rest: Any) -> Any:
        result = original(access_key, action, service, region, **rest)
        if isinstance(result, _iam.EvalResult) and result.decision != "Deny" and action.startswith("kms:"):
            operation = action.removeprefix("kms:")
            if _is_granted(result.principal_arn, operation, str(rest.get("resource_arn", ""))):
                return None
        return result

    _iam.enforce = enforce


def _is_granted(principal: str, operation: str, key: str) -> bool:
    session = re.fullmatch(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/.+", principal)
    names = {principal} | ({f"arn:aws:iam::{session[1]}:role/{session[2]}"} if session else set())
    return any(
        grant["KeyId"] == key and grant["GranteePrincipal"] in names and operation in grant["Operations"]
        for grant in _kms._grants.values()
    )


_KMS_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def bucket_key(bucket: str) -> str:
    """The KMS key of a bucket's default encryption; empty if it has none."""
    return str(_s3._bucket_default_sse_headers(bucket).get(_KMS_HEADER, ""))


def object_key(bucket: str, key: str) -> str:
    """The KMS key that an object is encrypted with; empty if it is none."""
    record = ((_s3._buckets.get(bucket) or {}).get("objects") or {}).get(key) or {}
    parts = (part for part in record.values() if isinstance(part, dict) and _KMS_HEADER in part)
    own = next((part[_KMS_HEADER] for part in parts), "")
    return str(own or (bucket_key(bucket) if record else ""))


def set_log_group_key(name: str, key: str | None) -> Response:
    """Set or remove the KMS key of a log group: the answer to AssociateKmsKey and DisassociateKmsKey."""
    group = _logs._log_groups.get(name)
    if group is None:
        refused: Response = error_response_json(
            "ResourceNotFoundException", f"The specified log group does not exist: {name}", 400
        )
        return refused
    group["kmsKeyId"] = key
    answer: Response = json_response({})
    return answer


def queue_key(url: str) -> str:
    """The KMS key of a queue; empty if it has none."""
    account, name = _sqs._queue_ref_from_urlish(url)
    arn = f"arn:aws:sqs:{get_region()}:{account or get_account_id()}:{name}"
    queue = _sqs._queue_by_arn(arn) or {}
    return str(queue.get("attributes", {}).get("KmsMasterKeyId") or "")
