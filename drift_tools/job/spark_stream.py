"""A stream that is too much for one function: the same bins and the same detector on Spark Structured Streaming.

Each micro-batch is counted where it lies (`mapInArrow`), a few numbers a feature and partition travel to the driver,
and the driver's detector looks, with the same bound on false alarms. Runs wherever `drift_tools.job.spark` does; the
source is whatever Spark reads a stream from: Kinesis, Kafka, or a folder of captured data.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

from drift_tools.stream import Change, Detector, StreamBaseline, StreamCounts

_SCHEMA = "counts binary"
_AT_ONCE = 5000
_YEAR = 365.25 * 86_400


def count_frame(frame: Any, baseline: StreamBaseline) -> StreamCounts:
    """Count the records of a frame, one text or binary column of lines in the capture format, by the baseline's bins.

    The counts of partitions are added up, so the sum does not depend on how Spark divides the frame.
    """
    written = json.dumps(baseline.to_dict())

    def count_partition(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow as pa  # noqa: PLC0415 - Spark brings it

        own = StreamBaseline.from_dict(json.loads(written), "the driver's baseline")
        counts = StreamCounts.of(own.features)
        for batch in batches:
            lines = batch.column(0).to_pylist()
            for at in range(0, len(lines), _AT_ONCE):
                counts.add(line for line in lines[at : at + _AT_ONCE] if line is not None)
        content = json.dumps(counts.to_dict()).encode()
        yield pa.RecordBatch.from_arrays([pa.array([content], type=pa.binary())], names=["counts"])

    total = StreamCounts.of(baseline.features)
    for row in frame.mapInArrow(count_partition, _SCHEMA).collect():
        part = StreamCounts.from_dict(baseline.features, json.loads(bytes(row[0])))
        if part is not None:
            total.merge(part)
    return total


def watch_stream(
    lines: Any,
    baseline: StreamBaseline,
    *,
    seconds: float,
    false_alarms_per_year: float,
    on_change: Callable[[Change], None],
    clock: Callable[[], float],
) -> Any:
    """Watch a streaming frame of lines; returns its writer, which the caller starts with a trigger and a checkpoint.

    Parameters
    ----------
    lines
        a streaming frame with one column of lines in the capture format.
    baseline, false_alarms_per_year
        what it is held against, and how often a year it may ring although nothing changed.
    seconds
        how often a micro-batch comes: the trigger's interval.
    on_change
        told of every change, in the driver.
    clock
        the end of a micro-batch, in seconds since 1970.
    """
    detector = Detector(
        baseline.features,
        looks_per_year=_YEAR / seconds,
        false_alarms_per_year=false_alarms_per_year,
        hours=baseline.hours,
    )
    seen: set[int] = set()

    def look(frame: Any, batch: int) -> None:
        counts = count_frame(frame, baseline)
        if batch in seen:  # Spark does a batch again whose end it could not write down
            return
        seen.add(batch)
        end = clock()
        for change in detector.update(counts.counts, end - seconds, end):
            on_change(change)

    return lines.writeStream.foreachBatch(look)
