"""Reading one shard for one mapping: batches in their order, each until it is done or discarded."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from local_aws import seams
from local_aws.streams.mapping import StreamMapping
from local_aws.streams.windows import Window

log = logging.getLogger("local_aws.streams")

_LOOK_SECONDS: Final = 0.05
_ASK_SECONDS: Final = 1.0  # where there is nothing to read: Lambda polls a shard once a second
_MOST_BYTES: Final = 6 << 20  # of one event: Lambda's limit of a synchronous invocation
# AWS backs off up to a minute.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0

Records = Sequence[seams.StreamRecord]


@dataclass
class Position:
    """How far a mapping has come in a shard; outlives the thread that reads it."""

    sequence: str
    window: Window | None = None
    ended: bool = False
    """The shard is closed and all of it is read: its children may begin."""


@dataclass
class Discarded:
    """A batch that is given up, as its destination is told of it."""

    shard: str
    records: Records
    invocations: int


@dataclass
class Outside:
    """What reading asks of the embedded AWS.

    `may_read(mapping)` is asked before each batch, and each second; `discarded` tells the destination;
    `done(mapping, last record)` that a batch is; `clock` is the virtual time.
    """

    clock: Callable[[], float]
    may_read: Callable[[seams.Mapped], bool]
    discarded: Callable[[seams.Mapped, Discarded], None]
    done: Callable[[seams.Mapped, seams.StreamRecord], None]
    invoke: Callable[[seams.Mapped, dict[str, Any]], tuple[Any, str]]


@dataclass
class ShardReader:
    """One thread's work; `run` returns when the shard has ended, the mapping is off or gone, or `stop` is set."""

    mapping: seams.Mapped
    shard: str
    position: Position
    outside: Outside
    stop: threading.Event = field(default_factory=threading.Event)
    _asked: float = float("-inf")

    def run(self) -> None:
        """Read until there is nothing left to read here."""
        while not self._is_over():
            try:
                if not self._pass():
                    if time.monotonic() >= self._asked + _ASK_SECONDS:
                        self._may_read()
                    self.stop.wait(_LOOK_SECONDS)
            except Exception:
                log.exception("mapping %s, %s", self.mapping.get("UUID"), self.shard)
                self.stop.wait(_LONGEST_PAUSE)
            if self.position.ended:
                return

    def _is_over(self) -> bool:
        return self.stop.is_set() or self.mapping.get("State") != "Enabled"

    def _may_read(self) -> bool:
        self._asked = time.monotonic()
        return self.outside.may_read(self.mapping)

    def _settings(self) -> StreamMapping:
        return StreamMapping.of(self.mapping)

    def _pass(self) -> bool:
        """Handle one batch, or the end of a window; False if there was nothing to do, or no right to."""
        settings = self._settings()
        # Asked before the records: what comes into a shard comes before it is closed.
        closed = any(shard.name == self.shard and shard.closed for shard in seams.stream_shards(settings.stream))
        batch = self._gather(settings, closed)
        window = self.position.window
        is_past = window is not None and (window.ended_early or self._is_past(window, batch, closed=closed))
        if (is_past or batch or closed) and not self._may_read():
            return False
        if is_past:
            self._finish_window()
            return True
        if not batch:
            self.position.ended = closed
            return False
        if settings.window_seconds:
            window = window or Window.around(batch[0].arrived, settings.window_seconds)
            self.position.window = window
            batch = [record for record in batch if record.arrived < window.end]
        self._handle(batch, settings)
        return True

    def _is_past(self, window: Window, batch: Records, *, closed: bool) -> bool:
        """Whether no more records of a window come: by the next record, or where there is none, by the clock."""
        if batch:
            return batch[0].arrived >= window.end
        return closed or self.outside.clock() >= window.end

    def _gather(self, settings: StreamMapping, closed: bool) -> Records:
        """The next batch; waits for others to fill it, at most for the batching window."""
        until: float | None = None
        while True:
            batch = _fitting(
                seams.records_after(settings.stream, self.shard, self.position.sequence, settings.batch_size)
            )
            now = self.outside.clock()
            until = now + settings.batching_seconds if until is None and batch else until
            full = len(batch) >= settings.batch_size
            window = self.position.window
            over = window is not None and (now >= window.end or (bool(batch) and batch[-1].arrived >= window.end))
            if not batch or full or over or closed or self._is_over() or until is None or now >= until:
                return batch
            self.stop.wait(_LOOK_SECONDS)

    def _handle(self, batch: Records, settings: StreamMapping) -> None:
        """See a batch through: every record of it is done or discarded at the end, unless the mapping stops."""
        waiting = [list(batch)]
        while waiting and not self._is_over():
            part = waiting.pop(0)
            left = self._attempt(part, settings)
            waiting = [piece for piece in left if piece] + waiting
        if not waiting:
            self.outside.done(self.mapping, batch[-1])

    def _attempt(self, part: list[seams.StreamRecord], settings: StreamMapping) -> list[list[seams.StreamRecord]]:
        """Invoke with a part until it is done, discarded or split; what is left of it, in order."""
        failures = invocations = 0
        while not self._is_over():
            part, expired = self._without_expired(part, settings)
            if expired:
                self._discard(expired, invocations)
            if not part:
                return []
            answer, error = self._invoke(part, final=False)
            if error == seams.THROTTLED:
                self.stop.wait(_LONGEST_PAUSE)
                continue
            invocations += 1
            failed_at = _failed_at(answer, part) if settings.partial and not error else None
            if not error and failed_at is None:
                self._advance(part)
                return []
            self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
            if failed_at is not None:  # an error is written down where functions run
                log.warning("mapping %s: record %s of %s failed", self.mapping.get("UUID"), failed_at + 1, len(part))
            if failed_at:  # those before it are done, and only the rest is tried again
                self._advance(part[:failed_at])
                part, failures = part[failed_at:], 0
                if settings.bisects:
                    return _halves(part)
            elif settings.bisects and len(part) > 1:
                return _halves(part)  # which costs no attempt
            failures += 1
            if 0 <= settings.retries < failures:
                self._discard(part, invocations)
                return []
            self.stop.wait(min(_FIRST_PAUSE * 2 ** min(failures, 10), _LONGEST_PAUSE))
            settings = self._settings()
        return [part]

    def _without_expired(self, part: list[seams.StreamRecord], settings: StreamMapping) -> tuple[Any, Any]:
        if settings.oldest_seconds < 0:
            return part, []
        oldest = self.outside.clock() - settings.oldest_seconds
        expired = [record for record in part if record.arrived < oldest]
        return part[len(expired) :], expired

    def _advance(self, part: Records) -> None:
        self.position.sequence = part[-1].sequence
        self.mapping["LastProcessingResult"] = "OK"

    def _discard(self, part: Records, invocations: int) -> None:
        log.warning("mapping %s: %s records of %s are discarded", self.mapping.get("UUID"), len(part), self.shard)
        self.outside.discarded(self.mapping, Discarded(self.shard, part, invocations))
        self.position.sequence = part[-1].sequence

    def _finish_window(self) -> None:
        """The last call of a window; until it succeeds the shard stands still."""
        pause = _FIRST_PAUSE
        while not self._is_over():
            _, error = self._invoke([], final=True)
            if not error:
                self.position.window = None
                return
            self.mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
            self.stop.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _invoke(self, part: Records, *, final: bool) -> tuple[Any, str]:
        role = seams.mapped_role(self.mapping)
        records = seams.matching_records([self._told(record, role) for record in part], self.mapping)
        if part and not records:
            return {}, ""
        event: dict[str, Any] = {"Records": records}
        window = self.position.window
        if window:
            event |= window.members(final=final)
            event |= {"shardId": self.shard, "eventSourceARN": self.mapping["EventSourceArn"]}
        answer, error = self.outside.invoke(self.mapping, event)
        if error or window is None:
            return answer, error
        return answer, window.take(answer)

    def _told(self, record: seams.StreamRecord, role: str) -> dict[str, Any]:
        return {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record.partition_key,
                "sequenceNumber": record.sequence,
                "data": record.data,
                "approximateArrivalTimestamp": record.arrived,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"{self.shard}:{record.sequence}",
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": role,
            "awsRegion": self.mapping["EventSourceArn"].split(":")[3],
            "eventSourceARN": self.mapping["EventSourceArn"],
        }


def _fitting(records: Records) -> Records:
    """As many as fit into one event, one at least."""
    size = 0
    for at, record in enumerate(records):
        size += len(record.data) + 500  # what stands around it
        if size > _MOST_BYTES and at:
            return records[:at]
    return records


def _halves(part: list[seams.StreamRecord]) -> list[list[seams.StreamRecord]]:
    middle = (len(part) + 1) // 2
    return [part[:middle], part[middle:]]


def _failed_at(answer: Any, part: Records) -> int | None:
    """The place of the first record that a function reports as failed; None if it reports none.

    An entry that names no record of the batch fails all of it (guide, "Reporting batch item failures").
    """
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    if not failures:
        return None
    places = {record.sequence: at for at, record in enumerate(part)}
    try:
        return min(places[one["itemIdentifier"]] for one in failures)
    except (KeyError, TypeError):
        return 0
