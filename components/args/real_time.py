"""Arguments of the stream: drift within seconds, beside the monitors that look every hour."""

from dataclasses import dataclass
from typing import NotRequired, Self, TypedDict

import pulumi

from components.args.reader import ArgumentError, Reader, argument_names


class RealTimeArgs(TypedDict):
    """A Kinesis stream of the endpoint's requests and answers, and a function that finds a sudden change in it.

    SageMaker writes to no stream: whoever calls the endpoint does, with `drift_tools.stream.Producer`, or the model's
    own inference script.
    """

    layer: pulumi.Archive
    """numpy for the function: a Lambda layer for Python 3.13 on arm64. The program makes it."""
    window_in_seconds: NotRequired[int]
    """How often the stream is looked at, 1 to 900. A break is certain at a window's end; each window costs a request
    to S3 for every shard (docs/cost.md). Default 5."""
    false_alarms_per_year: NotRequired[float]
    """The stream's own part of the year's budget. Default an equal share of `open_engine.false_alarms_per_year`, which
    all of the stack's monitors share; 1 with the engine `model-monitor`."""
    retention_in_hours: NotRequired[int]
    """How long the stream keeps records, 24 to 8,760. Default 24."""
    max_record_age_in_seconds: NotRequired[int]
    """Records older than this are given up, 60 to 604,800. Default 3,600."""
    retries: NotRequired[int]
    """How often a batch that failed is tried again, halved each time, until it is given up. Default 3."""
    silent_minutes: NotRequired[int]
    """After so many minutes without a record an alarm rings: nobody is watching. Default 60."""


@dataclass(frozen=True, kw_only=True)
class RealTimeSettings:
    """`RealTimeArgs`, checked and complete; `false_alarms_per_year` None for a share of the stack's."""

    layer: pulumi.Archive
    window_seconds: int
    false_alarms_per_year: float | None
    retention_hours: int
    oldest_seconds: int
    retries: int
    silent_minutes: int

    @classmethod
    def from_args(cls, args: RealTimeArgs, path: str = "real_time") -> Self:
        """Check what a user wrote; raises `ArgumentError` in one line."""
        read = Reader(path, args, argument_names(RealTimeArgs))
        layer = read.raw("layer")
        if not isinstance(layer, pulumi.Archive):
            raise ArgumentError(f"{read.name('layer')} is {layer!r}: give a pulumi.FileArchive with numpy")
        minutes = read.whole("silent_minutes", 60, 5, 1440)
        if minutes % 5:
            raise read.refuse("silent_minutes", "must be a multiple of 5")
        hours = read.whole("retention_in_hours", 24, 24, 8760)
        oldest = read.whole("max_record_age_in_seconds", 3600, 60, 604_800)
        if oldest > hours * 3600:
            raise read.refuse("max_record_age_in_seconds", f"the stream keeps records for {hours} hours; lower it")
        return cls(
            layer=layer,
            window_seconds=read.whole("window_in_seconds", 5, 1, 900),
            false_alarms_per_year=read.number("false_alarms_per_year", None, 0.001, 1000.0),
            retention_hours=hours,
            oldest_seconds=oldest,
            retries=read.whole("retries", 3, 0, 10_000),
            silent_minutes=minutes,
        )
