"""The baseline that a stream is held against, read once and looked after every few minutes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drift_tools.stream import StreamBaseline, Tally
from functions.common.idempotency import Clock
from functions.common.s3_objects import get_or_none, split_uri

_LOOK_SECONDS: Final = 300.0
_MOST_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class Loaded:
    """A baseline, its name, and what merges shards against it: making the detector's charts takes a while."""

    name: str
    tally: Tally
    beginning: Mapping[str, Any]
    """The tally's state before anything was handed in."""


@dataclass
class Baselines:
    """Keeps the baseline for the life of the execution environment.

    `uris` are tried in their order: the bins with hours, where the baseline has times, and statistics.json.
    """

    s3: Any
    uris: tuple[str, ...]
    window_seconds: int
    false_alarms_per_year: float
    clock: Clock = field(default_factory=Clock)
    _known: tuple[str, str] = ("", "")
    _loaded: Loaded | None = None
    _looked: float = field(default=-_LOOK_SECONDS)

    def current(self) -> Loaded | None:
        """The baseline as it is now, or was some minutes ago; None while there is none."""
        if self._loaded and self.clock.now() < self._looked + _LOOK_SECONDS:
            return self._loaded
        for uri in self.uris:
            found = self._read(uri)
            if found is None:
                continue
            self._looked = self.clock.now()
            etag, body = found
            if (uri, etag) != self._known or self._loaded is None:
                self._loaded, self._known = self._make(uri, body), (uri, etag)
            return self._loaded
        return None

    def _make(self, uri: str, body: bytes) -> Loaded:
        document = json.loads(body)
        is_statistics = uri == self.uris[-1]
        baseline = StreamBaseline.of_statistics(document) if is_statistics else StreamBaseline.from_dict(document, uri)
        made = Tally(baseline, window_seconds=self.window_seconds, false_alarms_per_year=self.false_alarms_per_year)
        name = hashlib.sha256(json.dumps(baseline.to_dict(), sort_keys=True).encode()).hexdigest()[:16]
        return Loaded(name, made, made.state())

    def _read(self, uri: str) -> tuple[str, bytes] | None:
        return get_or_none(self.s3, *split_uri(uri), max_bytes=_MOST_BYTES)
