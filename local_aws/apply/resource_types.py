"""The form of one resource type: which inputs it carries out, how it is created, read, updated and deleted.

To add a type, write its functions in the module of its service under ``services/`` and put a ResourceType into that
module's ``TYPES``. A create function makes boto3 calls through ``request.api``; if it makes more than one, it calls
``request.keep(id)`` after the first, so that a failure of a later one leaves nothing behind.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local_aws.apply.calls import Api
from local_aws.apply.errors import ApplyError
from local_aws.apply.shapes import input_shape

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
        """Pick the inputs that are set."""
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
class Found:
    """A resource as AWS has it now: the inputs that AWS tells, and what came back beyond them (camelCase).

    An input that AWS has otherwise than the program said is given as AWS has it, None where AWS has none; one that is
    the same, or that AWS does not tell, is left out. Of a resource of which nothing but its identifier is known, as at
    an import, ``inputs`` has all.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)


Update = Callable[[Existing, Request, frozenset[str]], Mapping[str, Any]]
"""Bring what exists to a request, of which the named inputs have changed; returns the outputs that are new."""


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


def _same(_existing: Existing) -> Found:
    return Found()


def _cannot_change(existing: Existing, _request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
    raise ApplyError(f"{existing.type} {existing.name!r}: AWS cannot change {', '.join(sorted(changed))} in place")


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type. Inputs that are not listed are refused: nothing of a program is dropped without a word.

    ``read`` returns None where the resource is gone; ``stale`` are the outputs that an update computes anew;
    ``importable`` says that ``read`` needs no more than the identifier.
    """

    kind: str
    inputs: frozenset[str]
    create: Callable[[Request], Created]
    delete: Callable[[Existing], None]
    auto_name: AutoName | None = None
    read: Callable[[Existing], Found | None] = _same
    update: Update = _cannot_change
    stale: frozenset[str] = frozenset()
    importable: bool = False


def keys(text: str) -> frozenset[str]:
    """Input names from one line of text; ``region`` is an input of every type and is seen to before a handler runs."""
    return frozenset(text.split()) | {"region"}


def put_again(create: Callable[[Request], Created]) -> Update:
    """The update of a type whose creation is a Put: the same call changes what is there."""

    def update(_existing: Existing, request: Request, _changed: frozenset[str]) -> Mapping[str, Any]:
        return create(request).outputs

    return update


def with_tags(retag: Callable[[Existing, Request], None], rest: Update = _cannot_change) -> Update:
    """An update that changes tags by ``retag`` and everything else by ``rest``."""

    def update(existing: Existing, request: Request, changed: frozenset[str]) -> Mapping[str, Any]:
        outputs: dict[str, Any] = {}
        if "tags" in changed:
            retag(existing, request)
            outputs["tagsAll"] = request.tags
        if others := changed - {"tags"}:
            outputs |= rest(existing, request, others)
        return outputs

    return update


def tagger(
    service: str, tag: str, untag: str, identity: Callable[[Existing], Mapping[str, Any]]
) -> Callable[[Existing, Request], None]:
    """``retag`` for a service that takes tags with one operation and removes them by key with another."""

    def retag(existing: Existing, request: Request) -> None:
        who = identity(existing)
        members = {name.lower(): (name, shape) for name, shape in input_shape(service, tag).members.items()}
        removed = {name.lower(): name for name in input_shape(service, untag).members}
        if gone := sorted((existing.outputs.get("tagsAll") or {}).keys() - request.tags.keys()):
            request.api(service, untag, **who, **{removed["tagkeys"]: gone})
        if request.tags:
            name, shape = members["tags"]
            # Most services write Key and Value, a few key and value.
            tags = request.tags if shape.type_name == "map" else request.tag_list(*shape.member.members)
            request.api(service, tag, **who, **{name: tags})

    return retag


def by_arn(member: str) -> Callable[[Existing], Mapping[str, Any]]:
    """The identity of what an operation knows by its ARN."""
    return lambda existing: {member: existing.outputs["arn"]}


def by_id(member: str) -> Callable[[Existing], Mapping[str, Any]]:
    """The identity of what an operation knows by what the resource is known by."""
    return lambda existing: {member: existing.id}
