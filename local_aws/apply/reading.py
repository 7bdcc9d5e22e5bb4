"""What AWS says of a resource, held against what a program said: the other direction of ``shapes``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from local_aws.apply.calls import Api
from local_aws.apply.errors import RequestError
from local_aws.apply.resource_types import Existing, Found
from local_aws.apply.shapes import camel, to_api

MISSING_CODES = frozenset(
    {
        "404",
        "NoSuchBucket",
        "NoSuchEntity",
        "NoSuchKey",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "NotFound",
        "NotFoundException",
        "ObjectNotFoundException",
        "DashboardNotFoundError",
        "EntityNotFoundException",
        "NoSuchBucketPolicy",
        "NoSuchLifecycleConfiguration",
        "NoSuchPublicAccessBlockConfiguration",
        "ServerSideEncryptionConfigurationNotFoundError",
        "OwnershipControlsNotFoundError",
        "QueueDoesNotExist",
        "StateMachineDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
    }
)
# SageMaker says of what does not exist that the request is not valid.
MISSING_WORDS = ("could not find", "not found", "does not exist")


def is_missing(error: RequestError) -> bool:
    """Whether AWS refused because the resource does not exist."""
    words = str(error).lower()
    return error.code in MISSING_CODES or (
        error.code == "ValidationException" and any(word in words for word in MISSING_WORDS)
    )


def answer_or_none(api: Api, service: str, operation: str, /, **request: Any) -> dict[str, Any] | None:
    """The answer of a describe operation; None if what it asks for does not exist."""
    try:
        return api(service, operation, **request)
    except RequestError as error:
        if is_missing(error):
            return None
        raise


def exists(service: str, operation: str, identity: Callable[[Existing], Mapping[str, Any]]) -> Any:
    """``read`` for a type that nobody can change in AWS: it is there, or it is gone."""

    def read(existing: Existing) -> Found | None:
        return None if answer_or_none(existing.api, service, operation, **identity(existing)) is None else Found()

    return read


def differences(
    answer: Mapping[str, Any],
    existing: Existing,
    names: str,
    *,
    service: str,
    operation: str,
    renames: Mapping[str, str] | None = None,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The inputs among ``names`` that AWS has otherwise than a program said, as AWS has them.

    The inputs are brought into the form of ``operation``, which sets them, and held against ``answer`` member by
    member; what the answer has beyond them are AWS's defaults and no difference. An input that the answer could have
    (it is in the form of ``operation``) and has not is None in the result. ``given`` are inputs in another form than
    the program's, such as metric queries.
    """
    values = given if given is not None else existing.inputs
    found: dict[str, Any] = {}
    for name in names.split():
        if values.get(name) is None:
            continue
        for member, sent in to_api(service, operation, {name: values[name]}, renames=renames).items():
            if not covers(answer.get(member), sent):
                has = answer.get(member)
                found[name] = None if has is None else from_api(has, like=existing.inputs.get(name))
    return found


def covers(actual: Any, wanted: Any) -> bool:
    """Whether AWS's value has all that is wanted: more members are AWS's own defaults, lists have no order."""
    if isinstance(wanted, Mapping):
        return isinstance(actual, Mapping) and all(covers(actual.get(key), item) for key, item in wanted.items())
    if isinstance(wanted, list | tuple):
        has = actual or []
        return len(has) == len(wanted) and all(any(covers(one, item) for one in has) for item in wanted)
    if isinstance(actual, datetime):
        return actual == (wanted if isinstance(wanted, datetime) else datetime.fromisoformat(str(wanted)))
    if isinstance(wanted, str):
        return same_text(actual, wanted)
    return bool(actual == wanted) or (wanted is False and actual is None)


def same_text(actual: Any, wanted: str) -> bool:
    """Texts are the same, or the same JSON document otherwise laid out."""
    if actual == wanted or (actual is None and wanted == ""):
        return True
    try:
        parsed = json.loads(wanted)
        return bool(
            isinstance(parsed, dict | list) and parsed == (json.loads(actual) if isinstance(actual, str) else actual)
        )
    except (TypeError, ValueError):
        return False


def from_api(value: Any, *, like: Any = None) -> Any:
    """AWS's value as a program writes it; ``like`` is what the program wrote, which tells maps from lists of pairs."""
    if isinstance(value, Mapping):
        if isinstance(like, str):
            return json.dumps(value)
        shape = like if isinstance(like, Mapping) else {}
        return {camel(key): from_api(item, like=shape.get(camel(key))) for key, item in value.items()}
    if isinstance(value, list | tuple):
        if isinstance(like, Mapping):
            return _map_or_element(value, like)
        first = like[0] if isinstance(like, list) and like else None
        return [from_api(item, like=first) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value


def _map_or_element(value: Any, like: Mapping[str, Any]) -> Any:
    pairs = [item for item in value if isinstance(item, Mapping) and {"Value"} < item.keys() and len(item) == 2]
    if pairs and len(pairs) == len(value):
        return {item.get("Key", item.get("Name")): item["Value"] for item in pairs}
    return from_api(value[0], like=like) if len(value) == 1 else [from_api(item, like=like) for item in value]
