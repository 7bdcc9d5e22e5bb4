"""A mapping of a Kinesis stream to a function: its settings, and what is wrong with them.

Bounds: API reference, CreateEventSourceMapping; Lambda developer guide, "Using Lambda to process records from Amazon
Kinesis Data Streams".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

PARTIAL: Final = "ReportBatchItemFailures"
_BOUNDS: Final = {
    "BatchSize": (1, 10_000),
    "MaximumBatchingWindowInSeconds": (0, 300),
    "TumblingWindowInSeconds": (0, 900),
    "MaximumRetryAttempts": (-1, 10_000),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "ParallelizationFactor": (1, 10),
}
_LEAST_AGE: Final = 60
_POSITIONS: Final = ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP")
# What a mapping's role needs on the stream (guide, "Configuring the execution role").
READ_ACTIONS: Final = tuple(
    f"kinesis:{name}"
    for name in ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
)


@dataclass(frozen=True)
class StreamMapping:
    """The settings that polling goes by, read anew at every batch: an update takes effect with the next one."""

    stream: str
    batch_size: int
    batching_seconds: float
    window_seconds: int
    retries: int
    """-1: until the records expire."""
    oldest_seconds: int
    """-1: however old."""
    bisects: bool
    partial: bool
    on_failure: str
    """ARN of a queue or topic; empty without one."""

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Self:
        """Read the mapping as Lambda keeps it."""
        return cls(
            stream=kept["EventSourceArn"],
            batch_size=int(kept["BatchSize"]),
            batching_seconds=float(kept.get("MaximumBatchingWindowInSeconds") or 0),
            window_seconds=int(kept.get("TumblingWindowInSeconds") or 0),
            retries=int(kept.get("MaximumRetryAttempts", -1)),
            oldest_seconds=int(kept.get("MaximumRecordAgeInSeconds", -1)),
            bisects=bool(kept.get("BisectBatchOnFunctionError")),
            partial=PARTIAL in (kept.get("FunctionResponseTypes") or []),
            on_failure=destination(kept),
        )


def destination(kept: Mapping[str, Any]) -> str:
    """The ARN that discarded batches are told to; empty without one."""
    return str(((kept.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination") or "")


def settings_problem(kept: Mapping[str, Any]) -> str | None:
    """What Lambda would refuse a mapping's numbers for, or None."""
    for name, (least, most) in _BOUNDS.items():
        value = int(kept.get(name) or 0)
        if not least <= value <= most:
            return f"{name} {value} is not between {least} and {most}"
    age = int(kept.get("MaximumRecordAgeInSeconds", -1))
    if -1 < age < _LEAST_AGE:
        return f"MaximumRecordAgeInSeconds {age} must be -1, or at least {_LEAST_AGE}"
    if kept.get("StartingPosition") not in _POSITIONS:
        return f"StartingPosition {kept.get('StartingPosition')} is none of {', '.join(_POSITIONS)}"
    if kept["StartingPosition"] == "AT_TIMESTAMP" and kept.get("StartingPositionTimestamp") is None:
        return "StartingPosition AT_TIMESTAMP needs StartingPositionTimestamp"
    if int(kept.get("TumblingWindowInSeconds") or 0) and int(kept["ParallelizationFactor"]) > 1:
        return "a tumbling window and a ParallelizationFactor above 1 exclude each other"
    return None
