"""IAM policy documents: where resources have them, and their statements in one form."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .rule import Properties, as_list, groups

_KEYS = ("policy", "assumeRolePolicy", "policyDocument", "assumeRolePolicyDocument", "keyPolicy", "resourcePolicy")
_KEY_TYPES = ("aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy", "aws-native:kms:Key")


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement. Principals are pairs of kind and name: `("Service", "sns.amazonaws.com")`, `("*", "*")`."""

    label: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[tuple[str, str], ...]
    conditions: Mapping[str, Mapping[str, Any]]
    excludes: tuple[str, ...]
    """`NotAction`, `NotResource`, `NotPrincipal`, as far as it has them."""
    in_key_policy: bool
    """In the policy of a KMS key "*" is that key."""

    def condition_values(self, key: str, *, operators: tuple[str, ...] = ("StringEquals", "StringLike")) -> list[str]:
        """What a condition key is compared with; keys and operators have no case."""
        wanted = {operator.lower() for operator in operators}
        return [
            str(value)
            for operator, keys in self.conditions.items()
            if operator.split(":")[-1].lower().removesuffix("ifexists") in wanted
            for name, values in keys.items()
            if name.lower() == key.lower()
            for value in as_list(values)
        ]

    def has_condition(self, *keys: str) -> bool:
        wanted = {key.lower() for key in keys}
        return any(name.lower() in wanted for names in self.conditions.values() for name in names)


def statements(resource_type: str, properties: Properties) -> Iterator[Statement]:
    """Every statement of every policy document among a resource's inputs; text that is no JSON has none."""
    for path, document in _documents(properties):
        for index, raw in enumerate(as_list(document.get("Statement"))):
            if isinstance(raw, Mapping):
                yield _statement(f"{path} {raw.get('Sid') or f'statement {index + 1}'}", raw, resource_type)


def _documents(properties: Properties) -> Iterator[tuple[str, Properties]]:
    for key in _KEYS:
        yield from _document(key, properties.get(key))
    for key in ("inlinePolicies", "policies"):
        for inline in groups(properties, key):
            yield from _document(key, inline.get("policy") or inline.get("policyDocument"))


def _document(key: str, value: Any) -> Iterator[tuple[str, Properties]]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return  # a policy's ARN or name, which is no document
    if isinstance(value, Mapping):
        yield key, value


def _statement(label: str, raw: Properties, resource_type: str) -> Statement:
    conditions = raw.get("Condition") or {}
    return Statement(
        label=label,
        allows=raw.get("Effect") == "Allow",
        actions=tuple(map(str, as_list(raw.get("Action")))),
        resources=tuple(map(str, as_list(raw.get("Resource")))),
        principals=tuple(_principals(raw.get("Principal"))),
        conditions={operator: dict(keys) for operator, keys in conditions.items()},
        excludes=tuple(key for key in ("NotAction", "NotResource", "NotPrincipal") if raw.get(key) is not None),
        in_key_policy=resource_type in _KEY_TYPES,
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "*", value
    elif isinstance(value, Mapping):
        yield from ((kind, str(name)) for kind, names in value.items() for name in as_list(names))
