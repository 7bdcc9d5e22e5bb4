"""A stack's arguments are parsed once: what is checked at the door is handed on."""

import collections
from collections.abc import Callable
from typing import Any

import pulumi
import pytest

from components.archives import asset_bytes
from components.args import (
    AlertingSettings,
    DataQualitySettings,
    EndpointSettings,
    ModelQualitySettings,
    NetworkSettings,
    OpenEngineSettings,
    StorageSettings,
)
from tests.components.mocked_runtime import Run

PARSED = (
    AlertingSettings,
    DataQualitySettings,
    EndpointSettings,
    ModelQualitySettings,
    NetworkSettings,
    OpenEngineSettings,
    StorageSettings,
)


def test_every_group_is_parsed_and_every_file_is_read_once(
    run_stack: Callable[..., Run], variants: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: collections.Counter[str] = collections.Counter()
    read: list[pulumi.Asset] = []  # the objects themselves: an id is given again

    def counted(settings: Any) -> Any:
        from_args = settings.from_args.__func__

        def count(cls: Any, *arguments: Any, **named: Any) -> Any:
            parsed[settings.__name__] += 1
            return from_args(cls, *arguments, **named)

        return classmethod(count)

    for settings in PARSED:
        monkeypatch.setattr(settings, "from_args", counted(settings))

    def count_bytes(asset: pulumi.Asset) -> bytes:
        read.append(asset)
        return asset_bytes(asset)

    monkeypatch.setattr("components.args.reader.asset_bytes", count_bytes)
    run_stack(**variants["both"])
    assert parsed == dict.fromkeys((settings.__name__ for settings in PARSED), 1)
    # The model, two baselines, and a script for each monitor (here the same one).
    assert len(read) == 5
    assert len({id(asset) for asset in read}) == 4
