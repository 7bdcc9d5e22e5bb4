"""Arguments of the monitor of batches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, NotRequired, Self, TypedDict

import pulumi

from components.args.engines import OPEN
from components.args.monitors import RunSettings, run_settings
from components.args.reader import S3_FOLDER, ArgumentError, Reader, argument_names
from components.args.schedules import DAILY_AT_SIX

_FOLDER = "an S3 folder such as s3://bucket/scores"


class BatchArgs(TypedDict):
    """The monitor of batches: what transform jobs write is held against the stack's baseline when they have ended."""

    output_uri: pulumi.Input[str]
    """`s3://bucket/prefix` below which transform jobs write. All jobs that do are looked at."""
    input_uri: NotRequired[pulumi.Input[str]]
    """`s3://bucket/prefix` below which their input lies; not needed where they join it to their output (`JoinSource`).
    """
    output_columns: NotRequired[int]
    """How many columns an answer has; in the baseline they come first. Default 1."""
    has_header: NotRequired[bool]
    """Whether CSV outputs start with a line of names. Default false."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of batches at all."""
    schedule_expression: NotRequired[str]
    """How often a batch is due: an alarm rings if none has come for two periods. Default none: batches come when they
    do."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""


@dataclass(frozen=True, kw_only=True)
class BatchSettings(RunSettings):
    """`BatchArgs`, checked and complete."""

    FILES: ClassVar[Sequence[Sequence[str]]] = ()
    output_uri: pulumi.Input[str]
    input_uri: pulumi.Input[str] | None
    output_columns: int
    has_header: bool
    is_due: bool

    @classmethod
    def from_args(cls, args: BatchArgs, path: str = "batch") -> Self:
        read = Reader(path, args, argument_names(BatchArgs))
        if not read.has("output_uri"):
            raise ArgumentError(f"{read.name('output_uri')} is missing: say where transform jobs write, {_FOLDER}")
        return cls(
            **run_settings(read, DAILY_AT_SIX, hourly_limit=3600),
            output_uri=read.late_text("output_uri", S3_FOLDER, _FOLDER),
            input_uri=read.optional_late_text("input_uri", S3_FOLDER, _FOLDER),
            output_columns=read.whole("output_columns", 1, 1, 1000),
            has_header=read.flag("has_header", False),
            is_due=read.has("schedule_expression"),
        )

    @property
    def window_hours(self) -> int:
        """A batch is no window of hours."""
        return 0

    @property
    def hours_behind(self) -> int:
        """A run looks at a batch that has just ended."""
        return 0

    @property
    def rings_when_silent(self) -> bool:
        """Where it was said how often a batch is due."""
        return self.is_due

    def check(self, engine: str, path: str) -> None:
        """Refuse the engine that is told of no batch's end."""
        if engine != OPEN:
            raise ArgumentError(
                f"{path} is given and engine is {engine}: batches are looked at by the open engine; set engine to "
                "open, or remove it"
            )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """None: batches are no baseline."""
        return ()
