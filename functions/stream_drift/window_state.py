"""What goes from call to call of one window and shard: counts by bin, and which records are among them.

Lambda keeps at most 1 MB of it. The counts of 200 features take some 15 kB and those of 2,000 some 200 kB, whatever the
traffic; `is_full` says when a state had better be handed in before its window has ended.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final

from drift_tools.stream import FeatureBins, StreamCounts

_FULL_BYTES: Final = 900_000
DIGEST_BYTES: Final = 8
# Beyond so many records of a window and shard a second copy of one of them is counted twice: 4,000 records/s in windows
# of five seconds, four times what a shard takes.
MOST_KNOWN: Final = 20_000
_HAS_ID: Final = b'"eventId"'


def digest_of(data: bytes) -> bytes:
    """What a record is known by."""
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


@dataclass
class WindowState:
    """The state of a window; `baseline` says in which bins its counts are."""

    baseline: str
    counts: StreamCounts
    known: set[bytes] = field(default_factory=set)
    last_sequence: str = ""
    repeated: int = 0

    @classmethod
    def read(cls, written: Any, baseline: str, features: Sequence[FeatureBins]) -> "WindowState":
        """Go on from what a call before returned; from nothing where that was of another baseline."""
        made = cls(baseline, StreamCounts.of(features))
        if not isinstance(written, Mapping) or written.get("baseline") != baseline:
            return made
        counts = StreamCounts.from_dict(features, written["counts"])
        if counts is None:
            return made
        known = base64.b64decode(written["known"])
        made.known = {known[at : at + DIGEST_BYTES] for at in range(0, len(known), DIGEST_BYTES)}
        made.counts, made.last_sequence = counts, str(written["last_sequence"])
        made.repeated = int(written["repeated"])
        return made

    def add(self, records: Sequence[tuple[str, bytes]]) -> None:
        """Count records, (sequence number, data) each; a copy of one that is counted already changes nothing."""
        fresh = []
        for _, data in records:
            # Without an id of its own a record may well be the same as another.
            digest = digest_of(data) if _HAS_ID in data else b""
            if digest and digest in self.known:
                self.repeated += 1
                continue
            if digest and len(self.known) < MOST_KNOWN:
                self.known.add(digest)
            fresh.append(data)
        self.counts.add(fresh)
        if records:
            self.last_sequence = records[-1][0]

    def to_dict(self) -> dict[str, Any]:
        """As Lambda hands it to the next call."""
        return {
            "baseline": self.baseline,
            "counts": self.counts.to_dict(),
            "known": base64.b64encode(b"".join(sorted(self.known))).decode(),
            "last_sequence": self.last_sequence,
            "repeated": self.repeated,
        }


def is_full(state: Mapping[str, Any]) -> bool:
    """Whether Lambda would soon end the window for the size of its state."""
    return len(json.dumps(state, separators=(",", ":"))) > _FULL_BYTES
