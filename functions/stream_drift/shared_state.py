"""The state that the shards of a stream share: one object in S3, written only by whoever has read its last version."""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from contract.bucket_layout import STREAM_FINDINGS_FOLDER, STREAM_STATE_FILE
from drift_tools.errors import InputError
from drift_tools.stream import Episode, Look, StreamCounts, follow
from functions.common.aws_clients import error_code
from functions.common.idempotency import Clock
from functions.common.json_logging import log
from functions.common.s3_objects import get_or_none
from functions.stream_drift.baselines import Loaded

_LOST: Final = frozenset({"PreconditionFailed", "412", "ConditionalRequestConflict", "409", "NoSuchKey", "404"})
_MOST_BYTES: Final = 64 << 20
_PAUSE_SECONDS: Final = 0.05
_LONGEST_PAUSE: Final = 1.0


class OutOfTimeError(RuntimeError):
    """The other shards were always faster; Lambda calls again."""


@dataclass(frozen=True)
class HandedIn:
    """What became of a shard's counts: the windows that could be looked at now, and the finding as it is."""

    looks: Sequence[Look]
    episode: Episode | None


@dataclass
class SharedState:
    """The state of one stream below `prefix` of a bucket."""

    s3: Any
    bucket: str
    prefix: str
    clock: Clock = field(default_factory=Clock)

    def hand_in(  # noqa: PLR0917 - a contribution's parts
        self, loaded: Loaded, shard: str, start: int, counts: StreamCounts, last_sequence: str, deadline: float
    ) -> HandedIn:
        """Merge a shard's counts of a window into the state, and look at what is complete then.

        Counts that were handed in before change nothing. Raises OutOfTimeError at `deadline` (seconds since 1970).
        """
        tally = loaded.tally
        pause = _PAUSE_SECONDS
        while True:
            etag, written = self._read()
            episode = self._restore(loaded, written)
            if not tally.add(shard, start, counts, last_sequence):
                return HandedIn([], episode)
            looks = tally.looks()
            changes = [change for look in looks for change in look.changes]
            episode = follow(episode, changes)
            if changes and episode:
                # Before the alarm can ring, whose message is made of it; written twice it says the same.
                self._put(f"{STREAM_FINDINGS_FOLDER}/{episode.name}.json", episode.to_dict())
            state = {
                "baseline": loaded.name,
                "tally": tally.state(),
                "episode": episode.to_dict() if episode else None,
            }
            try:
                condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
                self._put(STREAM_STATE_FILE, state, **condition)
            except ClientError as error:
                if error_code(error) not in _LOST:
                    raise
            else:
                return HandedIn(looks, episode)
            if self.clock.now() + pause >= deadline:
                raise OutOfTimeError(f"s3://{self.bucket}/{self.prefix}/{STREAM_STATE_FILE} changed at every try")
            self.clock.sleep(pause * (0.5 + random.random()))  # noqa: S311 - so that shards do not march in step
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _restore(self, loaded: Loaded, written: Any) -> Episode | None:
        tally = loaded.tally
        tally.restore(loaded.beginning, "the beginning")
        if written is None:
            return None
        where = f"s3://{self.bucket}/{self.prefix}/{STREAM_STATE_FILE}"
        try:
            if written["baseline"] != loaded.name:
                raise InputError(f"{where} is of another baseline")
            tally.restore(written["tally"], where)
        except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
            # A new baseline is a new beginning: nothing of before can be held against it.
            log("WARNING", "the stream's state begins anew", reason=str(error))
            tally.restore(loaded.beginning, "the beginning")
            return None
        return Episode.from_dict(written["episode"]) if written["episode"] else None

    def _read(self) -> tuple[str, Any]:
        found = get_or_none(self.s3, self.bucket, f"{self.prefix}/{STREAM_STATE_FILE}", max_bytes=_MOST_BYTES)
        if found is None:
            return "", None
        etag, body = found
        try:
            return etag, json.loads(body)
        except ValueError as error:
            log("WARNING", "the stream's state is damaged and begins anew", reason=str(error))
            return etag, None

    def _put(self, name: str, document: Any, **condition: str) -> None:
        self.s3.put_object(
            Bucket=self.bucket,
            Key=f"{self.prefix}/{name}",
            Body=json.dumps(document, separators=(",", ":"), allow_nan=False).encode(),
            ContentType="application/json",
            **condition,
        )
