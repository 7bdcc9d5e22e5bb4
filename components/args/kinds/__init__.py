"""The arguments of every kind of monitor. A kind that is added here is read from a stack's arguments, and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from components.args.kinds.attribution import AttributionSettings
from components.args.kinds.batch import BatchSettings
from components.args.kinds.bias import BiasSettings
from components.args.kinds.custom import CustomSettings
from components.args.kinds.model_quality import ModelQualitySettings
from components.args.monitors import DataQualitySettings, MonitorSettings
from components.args.reader import ArgumentError, Reader
from contract.monitor_kinds import ATTRIBUTION, BATCH, BIAS, CUSTOM, DATA_QUALITY, KINDS, MODEL_QUALITY


@dataclass(frozen=True, kw_only=True)
class KindArguments:
    """How the arguments of a kind become its settings, and whether it is on without any."""

    settings: type[Any]
    """A `MonitorSettings` with `from_args(args, path)`."""
    by_default: bool = False


# By the names of the kinds.
KIND_ARGUMENTS: Final[Mapping[str, KindArguments]] = {
    DATA_QUALITY: KindArguments(settings=DataQualitySettings, by_default=True),
    MODEL_QUALITY: KindArguments(settings=ModelQualitySettings),
    BIAS: KindArguments(settings=BiasSettings),
    ATTRIBUTION: KindArguments(settings=AttributionSettings),
    BATCH: KindArguments(settings=BatchSettings),
    CUSTOM: KindArguments(settings=CustomSettings),
}


def monitor_settings(read: Reader, engine: str) -> dict[str, MonitorSettings]:
    """The monitors that are on, by kind: one at least.

    Raises
    ------
    ArgumentError
        If an argument of one is wrong or cannot work with this engine, on or off, or if none is on.
    """
    found: dict[str, MonitorSettings] = {}
    for kind, arguments in KIND_ARGUMENTS.items():
        argument = KINDS[kind].argument
        if arguments.by_default or read.has(argument):
            settings: MonitorSettings = arguments.settings.from_args(read.group(argument), argument)
            settings.check(engine, argument)
            if settings.enabled:
                found[kind] = settings
    if not found:
        off = next(KINDS[kind].argument for kind, arguments in KIND_ARGUMENTS.items() if arguments.by_default)
        others = " or ".join(KINDS[kind].argument for kind in KIND_ARGUMENTS if KINDS[kind].argument != off)
        raise ArgumentError(f"{off}.enabled is False and there is no {others}: one monitor must be on")
    return found
