"""What the programs ask of a stack's configuration before they declare anything."""

import difflib
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env

from components.args import ArgumentError


def check_configuration_keys(namespace: str, keys: Sequence[str]) -> None:
    """Refuse a key of the program's own that it does not know: one that is misspelt would be ignored, and nobody would
    be told of an alarm. Raises ArgumentError.
    """
    for full in sorted({**get_config_env(), **CONFIG.get()}):
        found, _, key = full.partition(":")
        if found == namespace and key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(keys)}"
            raise ArgumentError(f"{full} is not a key of this program's configuration: {fix}")


def region_of_environment() -> str | None:
    """Where AWS's own variables say that things are made."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")


def region_of_stack() -> str | None:
    """Where the classic provider makes things; None if nothing says it yet."""
    return pulumi.Config("aws").get("region") or region_of_environment()


def check_key_regions(keys: Mapping[str, Any]) -> None:
    """Refuse a KMS key of another region, by its argument: it exists, and nothing here can use it, so that the
    deployment would fail resource by resource. Raises ArgumentError.
    """
    region = region_of_stack()
    for path, key in keys.items():
        if isinstance(key, str) and region and key.count(":") > 3 and key.split(":")[3] != region:
            raise ArgumentError(
                f"{path} is a key of {key.split(':')[3]} and the stack is in {region}: give a key of {region} (of a "
                "multi-Region key, its replica there)"
            )


def check_native_region(argument: str) -> None:
    """Refuse an argument whose resources are pulumi-aws-native's where that provider is not in the classic one's
    region: it does not read `aws:region`.

    Without a region of its own it would fail halfway through a deployment, and with another one it would make things
    where nothing else looks for them. Raises ArgumentError.
    """
    environment = region_of_environment()
    classic, native = (pulumi.Config(provider).get("region") or environment for provider in ("aws", "aws-native"))
    if classic and native != classic:
        raise ArgumentError(
            f"aws-native:region is {native!r} and aws:region {classic!r}: {argument} needs both providers in one "
            f"region; pulumi config set aws-native:region {classic}"
        )
