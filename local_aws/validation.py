"""Hold a request against AWS's own service models: required members, types, enums, patterns, lengths, ranges.

Pure: `problems(shape, value)` gives the sentences that AWS writes for the same faults. botocore's client checks only
required members and types; services refuse the rest, and so must this AWS.
"""

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import botocore.session

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float),
    "double": (int, float),
    "timestamp": (int, float, str, datetime.datetime),
    "blob": (str, bytes, bytearray),
}
_UNNAMED_CLASSES = {
    r"\p{L}": r"\w",
    r"\p{M}": r"\w",
    r"\p{N}": r"\d",
    r"\p{P}": "!-/:-@",
    r"\p{Z}": r"\s",
    r"\p{S}": "$+<=>^`|~",
}


@functools.cache
def models() -> Any:
    """Botocore's session whose loader keeps the models that were read; other sessions may share it."""
    return botocore.session.get_session()


@functools.cache
def service_model(service: str) -> Any:
    """Botocore's model of a service, loaded once."""
    return models().get_service_model(service)


def problems(shape: Any, value: Any) -> list[str]:
    """Everything that the model refuses in `value`, one sentence each, in AWS's words; empty if it is valid."""
    return list(_check(shape, value, ""))


def message(found: list[str]) -> str:
    """AWS's ValidationException message for these problems."""
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def _check(shape: Any, value: Any, path: str) -> Iterator[str]:
    if not _has_type(shape, value):
        yield f"Value of type {type(value).__name__} at '{path}' is not of the modelled type {shape.type_name}"
        return
    yield from _bounds(shape, value, path)
    if shape.type_name == "structure":
        yield from _members(shape, value, path)
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from _check(shape.member, item, f"{path}.{index + 1}.member")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _check(shape.key, key, f"{path}.key")
            yield from _check(shape.value, item, f"{path}.{key}.member")
    elif shape.type_name == "string":
        yield from _text(shape, value, path)


def _has_type(shape: Any, value: Any) -> bool:
    kinds = _JSON_TYPES[shape.type_name]
    return isinstance(value, kinds) and not (isinstance(value, bool) and bool not in kinds)


def _members(shape: Any, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required_members:
        if value.get(name) is None:
            yield f"Value null at '{prefix}{_camel(name)}' failed to satisfy constraint: Member must not be null"
    for name, item in value.items():
        if name not in shape.members:
            yield f"Unknown member '{prefix}{name}'; the model has {', '.join(sorted(shape.members))}"
        elif item is not None:
            yield from _check(shape.members[name], item, f"{prefix}{_camel(name)}")
    if getattr(shape, "is_tagged_union", False) and len(value) != 1:
        yield f"Value at '{path}' must have exactly one of the members {', '.join(shape.members)}"


def _bounds(shape: Any, value: Any, path: str) -> Iterator[str]:
    measured = {"string": "length", "list": "length", "map": "length", "blob": "length"}.get(shape.type_name)
    if measured is None and shape.type_name not in ("integer", "long", "float", "double"):
        return
    size = value if measured is None else len(value)
    must = f"failed to satisfy constraint: Member must have {'length' if measured else 'value'}"
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    shown = value if measured is None or shape.type_name == "string" else f"of {size} members"
    if low is not None and size < low:
        yield f"Value '{shown}' at '{path}' {must} greater than or equal to {low}"
    if high is not None and size > high:
        yield f"Value '{shown}' at '{path}' {must} less than or equal to {high}"


def _text(shape: Any, value: str, path: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"
        )
    pattern = shape.metadata.get("pattern")
    expression = _compiled(pattern) if pattern else None
    if expression and not expression.fullmatch(value):
        yield (
            f"Value '{value}' at '{path}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern}"
        )


@functools.cache
def _compiled(pattern: str) -> "re.Pattern[str] | None":
    # The models' patterns are Java's. What Python lacks is widened to something near; a pattern that still does not
    # compile checks nothing, rather than refuse what AWS accepts.
    for java, python in _UNNAMED_CLASSES.items():
        pattern = pattern.replace(java, python)
    try:
        return re.compile(pattern, re.DOTALL)
    except re.error:
        return None


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]
