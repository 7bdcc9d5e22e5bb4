"""A break is one finding, however many features and windows show it: from its first change until all are back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from drift_tools.stream.detector import Change


@dataclass
class Episode:
    """One finding of a stream; times in seconds since 1970.

    `features` has, by name, what changed (`what`), its `since`, when it was certain (`at`), its `psi`, and when it was
    `over`, None while it is not.
    """

    since: float
    found_at: float
    features: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name, by when it was found: `20260131T120010Z`."""
        return f"{datetime.fromtimestamp(self.found_at, UTC):%Y%m%dT%H%M%SZ}"

    @property
    def is_open(self) -> bool:
        """Whether a feature has not come back."""
        return any(feature["over"] is None for feature in self.features.values())

    @property
    def drifting(self) -> int:
        """How many features have not come back."""
        return sum(feature["over"] is None for feature in self.features.values())

    def to_dict(self) -> dict[str, Any]:
        """Write as JSON can hold it; times for people as well."""
        return {
            "name": self.name,
            "since": self.since,
            "found_at": self.found_at,
            "since_time": _iso(self.since),
            "found_at_time": _iso(self.found_at),
            "is_open": self.is_open,
            "features": self.features,
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any]) -> "Episode":
        """Read what `to_dict` wrote."""
        features = {name: dict(feature) for name, feature in written["features"].items()}
        return cls(float(written["since"]), float(written["found_at"]), features)


def follow(episode: Episode | None, changes: Iterable[Change]) -> Episode | None:
    """The episode after these changes: the same one, told more of, or a new one where the last is over."""
    for change in changes:
        if change.is_over:
            if episode and change.feature in episode.features:
                episode.features[change.feature]["over"] = change.at
            continue
        if episode is None or not episode.is_open:
            episode = Episode(change.since, change.at)
        episode.since = min(episode.since, change.since)
        episode.features[change.feature] = {
            "what": change.what,
            "since": change.since,
            "at": change.at,
            "psi": round(change.psi, 4),
            "over": None,
        }
    return episode


def _iso(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%SZ}"
