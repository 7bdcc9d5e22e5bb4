"""From the camelCase inputs of a Pulumi resource to the request of an AWS operation, guided by botocore's shapes.

Terraform's schemas (and with them pulumi-aws) mostly spell AWS's members in another case or number
("containerEntrypoints"), give a list of one as its only element or the other way round, a list of key-value pairs
as a map, and every number as a float. The functions here undo exactly these, so that a handler only has to name the
members that are called something else.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import Any

from local_aws.apply.errors import UnsupportedError
from local_aws.validation import service_model

PAIR_KEYS = ("key", "name")


def camel(name: str) -> str:
    """A member or property of AWS's as Pulumi spells it: ``VolumeSizeInGB`` is ``volumeSizeInGb``."""
    words = re.sub(r"([A-Z])([A-Z]+)(?=[A-Z][a-z]|$)", lambda run: run[1] + run[2].lower(), name)
    return words[0].lower() + words[1:]


def input_shape(service: str, operation: str) -> Any:
    """The structure that an operation takes, e.g. of ``"sagemaker", "CreateModel"``; None if it takes nothing."""
    return service_model(service).operation_model(operation).input_shape


def to_api(
    service: str, operation: str, inputs: Mapping[str, Any], *, renames: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The request of an operation from camelCase inputs; None is left out.

    ``renames`` maps an input to its member where they differ by more than case: ``{"name": "ModelName"}`` at the top,
    ``{"MonitoringOutputConfig.outputs": "MonitoringOutputs"}`` inside the shape of that name.
    Raises UnsupportedError for an input that has no member, which in a dict-form input is a misspelling.
    """
    shape = input_shape(service, operation)
    top = {name if "." in name else f"{shape.name}.{name}": member for name, member in (renames or {}).items()}
    result: dict[str, Any] = to_shape(shape, inputs, where=f"{service} {operation}", renames=top)
    return result


def to_shape(shape: Any, value: Any, *, where: str, renames: Mapping[str, str] | None = None) -> Any:
    """``value`` in the form that botocore expects for ``shape``; what fits no rule is left for the validation."""
    renames = renames or {}
    if shape.type_name == "structure":
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        return _structure(shape, value, where, renames) if isinstance(value, Mapping) else value
    if shape.type_name == "list":
        return _list(shape, value, where, renames)
    if shape.type_name == "map" and isinstance(value, Mapping):
        return {
            key: to_shape(shape.value, item, where=f"{where}.{key}", renames=renames)
            for key, item in value.items()
            if item is not None
        }
    if shape.type_name in {"integer", "long"} and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _structure(shape: Any, value: Mapping[str, Any], where: str, renames: Mapping[str, str]) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    result = {}
    for key, item in value.items():
        if item is None:
            continue
        spellings = (key.lower(), f"{key.lower()}s", key.lower().removesuffix("s"))
        name = renames.get(f"{shape.name}.{key}") or next((members[s] for s in spellings if s in members), None)
        if name is None:
            close = difflib.get_close_matches(key.lower(), members, n=1)
            hint = f"; did you mean {camel(members[close[0]])!r}?" if close else ""
            raise UnsupportedError(f"{where} has no member {key!r}{hint}")
        result[name] = to_shape(shape.members[name], item, where=f"{where}.{key}", renames=renames)
    return result


def _list(shape: Any, value: Any, where: str, renames: Mapping[str, str]) -> Any:
    element = shape.member
    if isinstance(value, Mapping):
        pair = pair_members(element)
        value = [dict(zip(pair, item, strict=True)) for item in sorted(value.items())] if pair else [value]
    if not isinstance(value, list | tuple):
        return value
    return [to_shape(element, item, where=f"{where}[{i}]", renames=renames) for i, item in enumerate(value)]


def pair_members(shape: Any) -> tuple[str, str] | None:
    """The two members of a key-value structure such as a tag or a dimension; None for any other shape."""
    if shape.type_name != "structure" or len(shape.members) != 2:
        return None
    members = {name.lower(): name for name in shape.members}
    key = next((members[name] for name in PAIR_KEYS if name in members), None)
    return (key, members["value"]) if key and "value" in members else None
