"""Property values between the engine and the handlers: as JSON, with envelopes for secrets and assets.

The engine elides the contents of assets in old state: what has nothing but a hash cannot become an object, and is
compared by its hash.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

from local_aws.apply.values import document, plain

# What the engine sends for a value that is not known before an `up`, by its kind (sdk/go/common/resource/plugin).
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SIGNATURE = rpc._special_sig_key
_ASSETS = (rpc._special_asset_sig, rpc._special_archive_sig)
# The inputs that a provider filled in itself: it keeps them, so that a name stays as it was given once.
DEFAULTS = "__defaults"


def to_dict(struct: struct_pb2.Struct) -> dict[str, Any]:
    """The properties of a message; secrets and assets in their envelopes."""
    result: dict[str, Any] = json_format.MessageToDict(struct)
    return result


def to_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Properties for a message."""
    result = struct_pb2.Struct()
    json_format.ParseDict(json.loads(json.dumps(values, default=str)), result)
    return result


def token_of(urn: str) -> str:
    """The type of a resource, without those of its parents."""
    return urn.split("::")[2].rsplit("$", 1)[-1]


def name_of(urn: str) -> str:
    """The logical name of a resource; it may have ``::`` in it."""
    return urn.split("::", 3)[3]


def own_inputs(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The properties without the provider's note of what it filled in."""
    return {key: value for key, value in raw.items() if key != DEFAULTS}


def handler_values(raw: Mapping[str, Any], directory: Path) -> dict[str, Any]:
    """What a handler takes: no envelopes, assets as objects of files that are found, policies as text."""
    values = plain(rpc.deserialize_properties(to_struct(_found(own_inputs(raw), directory))))
    return {key: document(key, value) for key, value in values.items()}


def _found(value: Any, directory: Path) -> Any:
    """Values whose assets name their file from anywhere; ``directory`` is where the program is."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) in _ASSETS and value.get("path"):
            return {**value, "path": str(directory / value["path"])}
        return {key: _found(item, directory) for key, item in value.items()}
    return [_found(item, directory) for item in value] if isinstance(value, list) else value


def comparable(value: Any) -> Any:
    """A value that is equal to another if it means the same: secrets opened, assets by their hash."""
    value = plain(value)
    if isinstance(value, dict):
        if value.get(_SIGNATURE) in _ASSETS and value.get("hash"):
            return {"asset": value["hash"]}
        return {key: comparable(item) for key, item in value.items() if item is not None}
    return [comparable(item) for item in value] if isinstance(value, list) else value
