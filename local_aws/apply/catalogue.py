"""From a type's token to how it is carried out, and from a program's inputs to whole ones."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from local_aws.apply.errors import UnsupportedError
from local_aws.apply.resource_types import ResourceType
from local_aws.apply.services import TYPES

NATIVE = "aws-native:"


def resource_type(token: str) -> ResourceType:
    """How a type is carried out. Raises UnsupportedError if it is not."""
    if token.startswith(NATIVE):
        kind: ResourceType = _native().resource_type(token)
        return kind
    if token not in TYPES:
        raise UnsupportedError(
            "this resource type is not known: add a create and a delete function to the module of its service under"
            " local_aws/apply/services"
        )
    return TYPES[token]


def unknown_inputs(kind: ResourceType, inputs: Mapping[str, Any]) -> list[str]:
    """Inputs that are set and that nothing here would carry out: to leave them out would be a silent fault."""
    return sorted(key for key, value in inputs.items() if value is not None and key not in kind.inputs)


def automatic_name(kind: ResourceType, name: str, inputs: Mapping[str, Any]) -> dict[str, str]:
    """The physical name that Pulumi gives a resource which has none, by its input; empty where it has one."""
    auto = kind.auto_name
    return {} if auto is None or inputs.get(auto.property) else {auto.property: auto.apply(name, inputs)}


@functools.cache
def _native() -> ModuleType:
    """The module of the native types, imported when a program has one: the schema library takes a second or two."""
    return importlib.import_module("local_aws.apply.native")
