"""Counts the records of a stream by the baseline's bins and finds a sudden change within seconds.

Lambda calls it with batches of one shard, in tumbling windows (five seconds by default): each call adds its batch to
the window's counts, which go from call to call as the window's state, and does nothing else, so that a batch that comes
again changes nothing. The last call of a window hands the shard's counts in (shared_state.py), which is where shards
are merged and the detector looks. A record that cannot be read is counted as such and never fails a batch.
Permissions and environment variables: functions/README.md.
"""

import base64
import functools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from contract.metrics import DRIFTING_FEATURES, STREAM_RECORDS, UNREADABLE_RECORDS
from functions.common.aws_clients import client
from functions.common.cloudwatch import publish
from functions.common.environment import ConfigurationError, prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.idempotency import Clock
from functions.common.json_logging import attempt, log
from functions.stream_drift.baselines import Baselines, Loaded
from functions.stream_drift.shared_state import HandedIn, SharedState
from functions.stream_drift.window_state import WindowState, is_full

_AT_ONCE: Final = 500
# What is left for the answer, and for handing in, when no more records are begun.
_RESERVE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    endpoint: str
    monitor: str
    namespace: str
    bucket: str
    state_prefix: str
    baseline_uris: tuple[str, ...]
    window_seconds: int
    false_alarms_per_year: float

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing or wrong."""
        try:
            seconds = int(required(environ, "WINDOW_SECONDS"))
            budget = float(required(environ, "FALSE_ALARMS_PER_YEAR"))
        except ConfigurationError:
            raise
        except ValueError as error:
            raise ConfigurationError(
                f"environment variables WINDOW_SECONDS, FALSE_ALARMS_PER_YEAR: {error}: give numbers"
            ) from error
        return cls(
            endpoint=required(environ, "ENDPOINT_NAME"),
            monitor=required(environ, "STREAM_MONITOR_NAME"),
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            state_prefix=prefix(environ, "STATE_PREFIX"),
            baseline_uris=tuple(required(environ, "BASELINE_URIS").split()),
            window_seconds=seconds,
            false_alarms_per_year=budget,
        )


@dataclass(frozen=True)
class StreamDrift:
    """What a call takes; a test gives its own clients and clock."""

    settings: Settings
    baselines: Baselines
    shared: SharedState
    cloudwatch: Any
    clock: Clock = field(default_factory=Clock)

    def process(self, event: Any, deadline: float) -> dict[str, Any]:
        """One call: the window's state, and from which record on the batch is to come again.

        `deadline`: when the call is killed, in seconds since 1970.
        """
        fields = mapping(event, "the event")
        records = fields.get("Records")
        if not isinstance(records, list) or not isinstance(fields.get("window"), Mapping):
            raise BadEventError(
                "the event has no Records and window: map a Kinesis stream with TumblingWindowInSeconds"
            )
        loaded = self.baselines.current()
        if loaded is None:
            return self._without_baseline(fields, records)
        before = fields.get("state") or {}
        if before.get("baseline", loaded.name) != loaded.name:
            log("WARNING", "the baseline has changed within a window: its counts so far are in other bins and are lost")
        state = WindowState.read(before, loaded.name, loaded.tally.baseline.features)
        failed_at = self._count(records, state, deadline)
        is_last = bool(fields.get("isFinalInvokeForWindow") or fields.get("isWindowTerminatedEarly"))
        written = state.to_dict()
        if (is_last and failed_at is None) or is_full(written):
            self._hand_in(fields, state, loaded, deadline)
            written = WindowState.read(None, loaded.name, loaded.tally.baseline.features).to_dict()
        failures = [] if failed_at is None else [{"itemIdentifier": failed_at}]
        return {"state": written, "batchItemFailures": failures}

    def _without_baseline(self, fields: Mapping[str, Any], records: list[Any]) -> dict[str, Any]:
        """The baseline's job has not ended yet: records are told of, and held against nothing."""
        if records:
            log("WARNING", "records came before there is a baseline", records=len(records), shard=fields.get("shardId"))
            self._publish({STREAM_RECORDS: float(len(records)), UNREADABLE_RECORDS: 0.0})
        return {"state": {}, "batchItemFailures": []}

    def _count(self, records: list[Any], state: WindowState, deadline: float) -> str | None:
        """Count records while there is time; the sequence number of the first that there was none for."""
        for at in range(0, len(records), _AT_ONCE):
            if at and self.clock.now() > deadline - _RESERVE_SECONDS:
                return str(records[at]["kinesis"]["sequenceNumber"])
            part = [record["kinesis"] for record in records[at : at + _AT_ONCE]]
            state.add([(str(one["sequenceNumber"]), base64.b64decode(one["data"])) for one in part])
        return None

    def _hand_in(self, fields: Mapping[str, Any], state: WindowState, loaded: Loaded, deadline: float) -> None:
        if not state.last_sequence:
            return  # a window that had records before the baseline was there
        start = datetime.fromisoformat(text(mapping(fields["window"], "the window"), "start", "the window"))
        handed_in = self.shared.hand_in(
            loaded,
            text(fields, "shardId", "the event"),
            int(start.timestamp()),
            state.counts,
            state.last_sequence,
            deadline - 1.0,
        )
        self._tell(handed_in, state)

    def _tell(self, handed_in: HandedIn, state: WindowState) -> None:
        for reason, number in state.counts.skipped.items():
            log("WARNING", "records that cannot be read", reason=reason, records=number)
        episode = handed_in.episode
        for look in handed_in.looks:
            for change in look.changes:
                log(
                    "INFO",
                    "the feature is as before" if change.is_over else "the feature has changed",
                    feature=change.feature,
                    what=change.what,
                    since=change.since,
                    psi=round(change.psi, 3),
                )
        counted = [look.counts for look in handed_in.looks]
        if counted:
            self._publish(
                {
                    STREAM_RECORDS: float(sum(counts.records for counts in counted)),
                    UNREADABLE_RECORDS: float(sum(counts.skipped.total() for counts in counted)),
                    # One that is lost here is told again with the next window: it is what is, not what happened.
                    DRIFTING_FEATURES: float(episode.drifting if episode else 0),
                }
            )

    def _publish(self, metrics: Mapping[str, float]) -> None:
        settings = self.settings
        attempt(
            "metrics could not be published",
            lambda: publish(
                self.cloudwatch,
                settings.namespace,
                settings.endpoint,
                settings.monitor,
                metrics,
                by_second={DRIFTING_FEATURES},
            ),
        )


@functools.cache
def _stream_drift() -> StreamDrift:
    settings = Settings.read(os.environ)
    s3 = client("s3")
    return StreamDrift(
        settings,
        Baselines(s3, settings.baseline_uris, settings.window_seconds, settings.false_alarms_per_year),
        SharedState(s3, settings.bucket, f"{settings.state_prefix}/{settings.endpoint}"),
        client("cloudwatch"),
    )


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Lambda's entry."""
    deadline = Clock().now() + context.get_remaining_time_in_millis() / 1000.0
    try:
        return _stream_drift().process(event, deadline)
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
