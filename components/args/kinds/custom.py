"""Arguments of the custom monitors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.engines import OPEN
from components.args.monitors import RunSettings, run_settings, segment_columns
from components.args.reader import ArgumentError, Reader, Script, argument_names
from components.args.schedules import HOURLY

_MOST: Final = 10
_MOST_BYTES: Final = 64 * 1024
_NAME_CHARACTERS: Final = 32


class CustomScriptArgs(TypedDict):
    """One monitor of one's own."""

    script: pulumi.Asset
    """A Python file with `measure(table)`: it gets the window's columns as numpy arrays by name, and returns numbers by
    name, or that and reasons by the same names."""
    above: NotRequired[Mapping[str, float]]
    """By the name of a number, the threshold that it violates above."""
    below: NotRequired[Mapping[str, float]]
    """The same below."""


class CustomArgs(TypedDict):
    """Monitors of one's own, one or more Python files. They run in the job, with its role and no more rights."""

    monitors: Mapping[str, CustomScriptArgs]
    """By name, which the metrics begin with."""
    segments: NotRequired[Sequence[str]]
    """Columns, at most 3, whose values are judged one by one: the 10 most frequent of the window. The 3
    worst ring, in this monitor's alarm. Open engine. Default none."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of custom monitors at all."""
    schedule_expression: NotRequired[str]
    """Default hourly, `cron(0 * ? * * *)`."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""


@dataclass(frozen=True, kw_only=True)
class CustomScript:
    """`CustomScriptArgs`, checked."""

    content: bytes
    above: Mapping[str, float]
    below: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class CustomSettings(RunSettings):
    """`CustomArgs`, checked and complete."""

    FILES: ClassVar[Sequence[Sequence[str]]] = (("monitors", "*", "script"),)
    monitors: Mapping[str, CustomScript]
    segments: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: CustomArgs, path: str = "custom") -> Self:
        read = Reader(path, args, argument_names(CustomArgs))
        given = read.raw("monitors")
        if not isinstance(given, Mapping) or not 1 <= len(given) <= _MOST:
            raise read.refuse("monitors", f"must name 1 to {_MOST} monitors, each with its script")
        return cls(
            **run_settings(read, HOURLY, hourly_limit=3600),
            monitors={
                str(name): _script(f"{read.name('monitors')}.{name}", str(name), one) for name, one in given.items()
            },
            segments=segment_columns(read),
        )

    def check(self, engine: str, path: str) -> None:
        """Refuse the engine that runs no scripts of one's own."""
        if engine != OPEN:
            raise ArgumentError(
                f"{path} is given and engine is {engine}: custom monitors run in the open engine; set engine to open, "
                "or remove it"
            )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """None."""
        return ()


def _script(path: str, name: str, args: CustomScriptArgs) -> CustomScript:
    if not name.isidentifier() or not name.isascii() or len(name) > _NAME_CHARACTERS:
        raise ArgumentError(f"{path}: {name!r} is no name: use letters, digits and _, at most {_NAME_CHARACTERS}")
    read = Reader(path, args, argument_names(CustomScriptArgs))
    script: Script | None = read.script("script")
    if script is None:
        raise ArgumentError(f"{read.name('script')} is missing: give a Python file with measure(table)")
    if b"def measure(" not in script.content:
        raise ArgumentError(f"{read.name('script')} has no measure: the job calls measure(table) once a window")
    if len(script.content) > _MOST_BYTES:
        raise ArgumentError(f"{read.name('script')} has more than {_MOST_BYTES // 1024} KiB: leave data out of it")
    above, below = _limits(read, "above"), _limits(read, "below")
    for number in above.keys() & below.keys():
        if above[number] < below[number]:
            raise ArgumentError(
                f"{read.name('above')}.{number} is {above[number]:g} and {read.name('below')}.{number} "
                f"{below[number]:g}: every number violates one of them; exchange them"
            )
    return CustomScript(content=script.content, above=above, below=below)


def _limits(read: Reader, key: str) -> Mapping[str, float]:
    given = read.raw(key) if read.has(key) else {}
    if not isinstance(given, Mapping):
        raise read.refuse(key, "must be thresholds by the names of numbers")
    if "" in given:
        raise read.refuse(key, "has a threshold without a name; name the number")
    own = Reader(read.name(key), given, [str(name) for name in given])
    found = {str(name): own.number(str(name), None, -1e300, 1e300) for name in given}
    return {name: value for name, value in found.items() if value is not None}
