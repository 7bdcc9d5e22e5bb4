"""What a rule is, and how rules read the inputs of a resource."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

Properties = Mapping[str, Any]
# (resource type, inputs, the rule's settings by keyword) -> what is wrong and how it is fixed, a line each.
Check = Callable[..., list[str]]


class Level(Enum):
    """What a finding does to a deployment; the values are Pulumi's enforcement levels."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"
    DISABLED = "disabled"


class Severity(Enum):
    """How bad a finding is; the values are Pulumi's."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule about one resource at a time. `settings` is the JSON schema of what users may configure, by name."""

    name: str
    title: str
    description: str
    fix: str
    level: Level
    severity: Severity
    check: Check
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StackResource:
    """One of all resources of a stack. `references` has the URNs that each of its inputs was made from."""

    type: str
    urn: str
    name: str
    properties: Properties
    references: Mapping[str, frozenset[str]]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with a resource in the company of the others."""

    urn: str
    message: str


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule about all resources of a stack together: what is missing can only be seen there."""

    name: str
    title: str
    description: str
    fix: str
    level: Level
    severity: Severity
    check: Callable[[Sequence[StackResource]], list[Finding]]


def is_list(value: Any) -> bool:
    """Lists, and what Pulumi hands in their place."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def as_list(value: Any) -> list[Any]:
    """IAM's documents and Pulumi's inputs write one thing as itself and several as a list; none as nothing."""
    if value is None:
        return []
    return list(value) if is_list(value) else [value]


def group(properties: Properties, key: str) -> Properties:
    """A nested object; an empty one if it is not there."""
    value = properties.get(key)
    return value if isinstance(value, Mapping) else {}


def groups(properties: Properties, key: str) -> Iterator[Properties]:
    """The nested objects of a list."""
    return (item for item in as_list(properties.get(key)) if isinstance(item, Mapping))


def refers_to(setting: StackResource, key: str, target: StackResource, *names: str) -> bool:
    """Whether an input of `setting` is `target`: made from it, or equal to one of its names."""
    if target.urn in setting.references.get(key, frozenset()):
        return True
    value = setting.properties.get(key)
    return value is not None and value in [target.properties[name] for name in names if name in target.properties]
