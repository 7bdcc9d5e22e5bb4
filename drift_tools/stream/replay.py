"""What an endpoint has captured, as a stream: put into Kinesis, or watched right here, for tests and back-fill.

Not imported by the package's door: it reads files, which the function that watches a stream does not.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, Final

from drift_tools.capture import capture_files, numbered_lines
from drift_tools.errors import InputError
from drift_tools.stream.records import LARGEST_RECORD, StreamCounts
from drift_tools.stream.tally import Look, Tally

# Kinesis' limits of one PutRecords call.
_RECORDS_OF_CALL: Final = 500
_BYTES_OF_CALL: Final = 5 << 20
_TRIES: Final = 8
_PAUSE: Final = 0.1
_AT_ONCE: Final = 2000


@dataclass(frozen=True, slots=True)
class CapturedLine:
    """One captured record as it was written; `time` in seconds since 1970, None where the line has none."""

    content: bytes
    time: float | None
    event_id: str


def captured_lines(path: Path, *, start: datetime | None = None, end: datetime | None = None) -> Iterator[CapturedLine]:
    """Read the records of a file or folder in the order of their files, which is that of time.

    A record without a time is in every window. Raises `InputError` if there is no captured data.
    """
    first, last = start.timestamp() if start else None, end.timestamp() if end else None
    for file in capture_files(path):
        for _, content in numbered_lines(file):
            line = _line(content if isinstance(content, bytes) else b"")
            if line.time is not None and ((first and line.time < first) or (last and line.time >= last)):
                continue
            yield line


def _line(content: bytes) -> CapturedLine:
    try:
        metadata = json.loads(content)["eventMetadata"]
        moment = datetime.fromisoformat(metadata["inferenceTime"]).timestamp()
        return CapturedLine(content, moment, str(metadata["eventId"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return CapturedLine(content, None, "")


@dataclass
class Put:
    """What became of the records of a replay."""

    sent: int = 0
    too_large: int = 0


def put(
    kinesis: Any,
    stream: str,
    lines: Iterable[CapturedLine],
    *,
    rate: float | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Put:
    """Put records into a Kinesis stream, at most `rate` a second; what is refused is sent again until it is taken.

    Records that Kinesis takes none of (more than 1 MiB) are counted. Raises `InputError` if the stream refuses for
    good; boto3's own error if it cannot be asked at all.
    """
    done, began = Put(), time.monotonic()
    for batch in _batches(lines, done):
        _send(kinesis, stream, batch)
        done.sent += len(batch)
        on_progress(done.sent)
        if rate:
            time.sleep(max(0.0, began + done.sent / rate - time.monotonic()))
    return done


def _batches(lines: Iterable[CapturedLine], done: Put) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for line in lines:
        # By its id: a record that is sent twice comes to one shard.
        key = line.event_id or str(uuid.uuid4())
        length = len(line.content) + len(key)
        if length > LARGEST_RECORD or not line.content:
            done.too_large += 1
            continue
        if batch and (len(batch) == _RECORDS_OF_CALL or size + length > _BYTES_OF_CALL):
            yield batch
            batch, size = [], 0
        batch.append({"Data": line.content, "PartitionKey": key[:256]})
        size += length
    if batch:
        yield batch


def _send(kinesis: Any, stream: str, batch: list[dict[str, Any]]) -> None:
    for attempt in count(1):
        results = kinesis.put_records(StreamName=stream, Records=batch)["Records"]
        refused = [one for one, result in zip(batch, results, strict=True) if "ErrorCode" in result]
        if not refused:
            return
        if attempt == _TRIES:
            reason = next(result["ErrorCode"] for result in results if "ErrorCode" in result)
            raise InputError(
                f"the stream {stream} refused {len(refused):,} records {_TRIES} times ({reason}): give --rate, or wait "
                "until it has scaled"
            )
        batch = refused
        time.sleep(_PAUSE * 2**attempt)


@dataclass
class Watched:
    """What a watch over captured records saw: its looks with changes, and the counts of everything."""

    looks: list[Look] = field(default_factory=list)
    windows: int = 0
    records: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)


def watch(tally: Tally, lines: Iterable[CapturedLine]) -> Watched:
    """Watch captured records as the function would watch their stream, by the records' own times.

    A record without a time is counted in the window of the one before it.
    """
    found = Watched()
    seconds, number = tally.window_seconds, count(1)
    start = 0
    waiting: list[bytes] = []
    counts = StreamCounts.of(tally.baseline.features)

    def hand_in() -> None:
        nonlocal counts
        counts.add(waiting)
        waiting.clear()
        if counts.records:
            tally.add("replay", start, counts, str(next(number)))
        counts = StreamCounts.of(tally.baseline.features)
        _look(tally, found)

    for line in lines:
        window = start if line.time is None else int(line.time - line.time % seconds)
        if window > start:
            hand_in()
            start = window
        waiting.append(line.content)
        if len(waiting) >= _AT_ONCE:
            counts.add(waiting)
            waiting.clear()
    hand_in()
    for after in (1, 2):  # nothing comes after the last: its window is complete
        tally.add("replay", start + after * seconds, StreamCounts.of(tally.baseline.features), str(next(number)))
        _look(tally, found)
    return found


def _look(tally: Tally, found: Watched) -> None:
    for look in tally.looks():
        found.windows += look.counts.records > 0
        found.records += look.counts.records
        for reason, number in look.counts.skipped.items():
            found.unreadable[reason] = found.unreadable.get(reason, 0) + number
        if look.changes:
            found.looks.append(look)
