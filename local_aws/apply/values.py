"""Values of resources as the handlers want them: without the envelopes of secrets, policies as text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.runtime import rpc

DOCUMENTS = frozenset({"policy", "assumeRolePolicy"})


def plain(value: Any) -> Any:
    """A value without the envelopes of secrets, at any depth."""
    if rpc.is_rpc_secret(value):
        return plain(rpc.unwrap_rpc_secret(value))
    if isinstance(value, pulumi.AssetArchive):
        return value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def handler_inputs(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs of a registration as a handler takes them."""
    return {key: document(key, value) for key, value in plain(raw).items()}


def document(key: str, value: Any) -> Any:
    """A policy as text: a program may give it as an object, but AWS takes and the provider returns text. One that is a
    secret keeps its envelope.
    """
    is_object = isinstance(value, Mapping) and not rpc.is_rpc_secret(value)
    return json.dumps(value) if key in DOCUMENTS and is_object else value


def secret_texts(value: Any) -> set[str]:
    """Every text inside of a secret."""
    if rpc.is_rpc_secret(value):
        return set(_texts(plain(value)))
    if isinstance(value, dict):
        return {text for item in value.values() for text in secret_texts(item)}
    if isinstance(value, list | tuple):
        return {text for item in value for text in secret_texts(item)}
    return set()


def redacted(message: str, secrets: Iterable[str]) -> str:
    """An error message without the secrets, which AWS and its models like to quote; the longest go first."""
    for text in sorted(secrets, key=len, reverse=True):
        message = message.replace(text, "[secret]")
    return message


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    return [value] if isinstance(value, str) and value else []
