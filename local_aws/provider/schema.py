"""The packages' schemas as far as the embedded AWS goes: what YAML programs need to know of a type before they use it.

Names are the SDK's; of what type a value is, the real providers say.
"""

from __future__ import annotations

import importlib
from typing import Any

from local_aws.apply.services import TYPES

ANY = {"$ref": "pulumi.json#/Any"}


def schema(package: str, version: str) -> dict[str, Any]:
    """A package with the types that are carried out here; `aws:s3:Bucket` stands for `aws:s3/bucket:Bucket`."""
    tokens = [token for token in TYPES if token.startswith(f"{package}:")]
    return {
        "name": package,
        "version": version,
        "meta": {"moduleFormat": "(.*)(?:/[^/]*)"},
        "resources": {token: _resource(token) for token in tokens},
    }


def _resource(token: str) -> dict[str, Any]:
    package, module, name = token.split(":")
    service = importlib.import_module(f"pulumi_{package}.{_module(module)}")
    outputs = (item.fget for item in vars(getattr(service, name)).values() if isinstance(item, property))
    return {
        "inputProperties": dict.fromkeys(sorted(TYPES[token].inputs), ANY),
        "properties": dict.fromkeys(
            (getattr(output, "_pulumi_name", output.__name__) for output in outputs if output), ANY
        ),
    }


def _module(text: str) -> str:
    """`lambda` is a keyword of Python."""
    service = text.partition("/")[0]
    return "lambda_" if service == "lambda" else service
