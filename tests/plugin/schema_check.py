"""A program's arguments held against a Pulumi package schema."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Expression:
    """A value that is known only when the program runs, of a type that is known, or of any (None)."""

    kind: str | None = None


ASSET = "pulumi.json#/Asset"


def problems(schema: dict[str, Any], token: str, arguments: dict[str, Any]) -> list[str]:
    """What is wrong with a resource's arguments: unknown names, missing ones, values of the wrong type."""
    resource = schema["resources"][token]
    return _object(schema, resource["inputProperties"], resource.get("requiredInputs", []), arguments, "")


def _object(
    schema: dict[str, Any], properties: dict[str, Any], required: list[str], value: dict[str, Any], path: str
) -> list[str]:
    found = [f"{path}{name} is missing" for name in required if name not in value]
    for name, item in value.items():
        if name not in properties:
            found.append(f"{path}{name} is not in the schema")
        else:
            found += _value(schema, properties[name], item, f"{path}{name}")
    return found


def _value(schema: dict[str, Any], declared: dict[str, Any], value: Any, path: str) -> list[str]:
    reference = declared.get("$ref", "")
    if isinstance(value, Expression):
        fits = value.kind is None or value.kind in {reference, declared.get("type")}
        return [] if fits else [f"{path} is {value.kind}"]
    if reference.startswith("#/types/") and isinstance(value, dict):
        declared_type = schema["types"][reference.removeprefix("#/types/")]
        return _object(schema, declared_type["properties"], declared_type.get("required", []), value, f"{path}.")
    kind = reference or declared["type"]
    if kind == "array" and isinstance(value, list):
        return [line for item in value for line in _value(schema, declared["items"], item, f"{path}[]")]
    if kind == "object" and isinstance(value, dict):
        more = declared["additionalProperties"]
        return [line for name, item in value.items() for line in _value(schema, more, item, f"{path}.{name}")]
    scalars = {"string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float)}
    fits = isinstance(value, scalars.get(kind, ())) and (isinstance(value, bool) == (kind == "boolean"))
    return [] if fits else [f"{path} is {value!r}, not {kind}"]
