"""The form of one resource type: which inputs it carries out, how it is created, read and deleted.

To add a type, write ``create`` and ``delete`` in the module of its service under ``services/`` and put a
ResourceType into that module's ``TYPES``. A create function makes boto3 calls through ``request.api``; if it makes
more than one, it calls ``request.keep(id)`` after the first, so that a failure of a later one leaves nothing
behind.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError

SUFFIX_LENGTH = 7  # hexadecimal digits that Pulumi appends to the name of an auto-named resource


@dataclass(frozen=True)
class Created:
    """The physical identifier of a resource and the outputs that it has beyond its inputs (camelCase)."""

    id: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Request:
    """A resource to create. ``inputs`` are plain camelCase values without secret envelopes; assets are objects."""

    type: str
    name: str
    inputs: dict[str, Any]
    api: Api
    account_id: str
    default_tags: Mapping[str, str] = field(default_factory=dict)
    kept: Created | None = None

    def keep(self, identifier: str, **outputs: Any) -> Created:
        """Say that the resource now exists, though its creation has not ended."""
        self.kept = Created(identifier, outputs)
        return self.kept

    @property
    def tags(self) -> dict[str, str]:
        """The resource's tags over the provider's default tags."""
        return {**self.default_tags, **(self.inputs.get("tags") or {})}

    def tag_list(self, key: str = "Key", value: str = "Value") -> list[dict[str, str]] | None:
        """The tags in the list form that most services take; None if there are none."""
        return [{key: name, value: text} for name, text in sorted(self.tags.items())] or None

    def pick(self, *names: str) -> dict[str, Any]:
        """Those of the inputs that are set."""
        return {name: self.inputs[name] for name in names if self.inputs.get(name) is not None}


@dataclass(frozen=True)
class Existing:
    """A resource that exists: what it was created from, and what came back."""

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    api: Api


@dataclass(frozen=True)
class AutoName:
    """Pulumi's automatic naming: the logical name, a dash and seven hexadecimal digits."""

    limit: int
    property: str = "name"
    lower: bool = False
    fifo: str | None = None  # the input that asks for a first-in-first-out resource, whose name must end in ".fifo"

    def apply(self, name: str, inputs: Mapping[str, Any]) -> str:
        """The physical name of a new resource. Raises ApplyError where Pulumi would: it does not shorten a name."""
        base = name.lower() if self.lower else name
        ending = ".fifo" if self.fifo and inputs.get(self.fifo) else ""
        result = f"{base}-{secrets.token_hex(4)[:SUFFIX_LENGTH]}{ending}"
        if len(result) > self.limit:
            raise ApplyError(
                f"the automatic name {result!r} is longer than {self.limit} characters:"
                f" shorten {name!r} or set {self.property!r}"
            )
        return result


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type. Inputs that are not listed are refused: nothing of a program is dropped without a word."""

    kind: str
    inputs: frozenset[str]
    create: Callable[[Request], Created]
    delete: Callable[[Existing], None]
    auto_name: AutoName | None = None
    read: Callable[[Api, str], Mapping[str, Any]] | None = None


def keys(text: str) -> frozenset[str]:
    """Input names from one line of text; ``region`` is an input of every type and is seen to before a handler runs."""
    return frozenset(text.split()) | {"region"}


def nothing_to_delete(_existing: Existing) -> None:
    """For types that are no object of their own on AWS, such as the invocation of a function."""
