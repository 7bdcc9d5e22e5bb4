"""Reading an event's fields at the door, so that a bad event is one clear error and not a KeyError somewhere inside."""

from collections.abc import Mapping
from typing import Any


class BadEventError(ValueError):
    """The event is not one that this function is meant to get."""


def mapping(value: Any, where: str) -> Mapping[str, Any]:
    """`value` if it is a JSON object; else BadEventError, which says where it was expected."""
    if not isinstance(value, Mapping):
        raise BadEventError(f"{where} must be an object, not {type(value).__name__}")
    return value


def text(fields: Mapping[str, Any], name: str, where: str) -> str:
    """The non-empty string `fields[name]`; else BadEventError."""
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise BadEventError(f"{where} has no {name}" if value is None else f"{where}.{name} must be a non-empty string")
    return value
