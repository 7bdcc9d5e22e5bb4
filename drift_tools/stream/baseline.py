"""What a stream is held against: bins made of a baseline's `statistics.json`, and, where it has times, of its hours.

`statistics.json` is what every baseline has, whoever made it: Model Monitor's analyzer too. Its quantile sketch gives
the deciles (exact up to some 2,000 rows, within half a per cent of the rows above), its counts the categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.profiles import FeatureStatistics, Statistics
from drift_tools.stream.bins import FeatureBins

_DECILES: Final = np.linspace(0.1, 1.0, 10)
_VERSION: Final = 1
# A window's state has to hold the counts of all of them, and Lambda keeps 1 MB.
MOST_FEATURES: Final = 2_000


@dataclass(frozen=True)
class StreamBaseline:
    """The bins of all features, in the baseline's order, and those of each hour of the day where it has times."""

    features: Sequence[FeatureBins]
    hours: Sequence[Sequence[FeatureBins]] | None = None

    @classmethod
    def of_statistics(cls, document: Mapping[str, Any]) -> "StreamBaseline":
        """Make the bins of a statistics.json.

        A feature of which the file says nothing but its name is left out. Raises `InputError` if none is left, if there
        are more than 2,000, or if the document is something else.
        """
        statistics = Statistics.from_dict(document)
        made = [_bins(feature) for feature in statistics.features.values()]
        features = [feature for feature in made if feature is not None]
        if not features:
            raise InputError("statistics.json has neither distributions nor categories: run the baseline again")
        if len(features) > MOST_FEATURES:
            raise InputError(
                f"the baseline has {len(features):,} features and a stream's state holds {MOST_FEATURES:,}: leave some "
                "out of the baseline, or use Spark (docs/stream.md)"
            )
        return cls(features)

    def to_dict(self) -> dict[str, Any]:
        """Write as JSON can hold it."""
        hours = None
        if self.hours is not None:
            hours = [[feature.counts.tolist() for feature in hour] for hour in self.hours]
        return {"version": _VERSION, "features": [feature.to_dict() for feature in self.features], "hours": hours}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any], source: str) -> "StreamBaseline":
        """Read what `to_dict` wrote; raises `InputError`, naming the source, if it is something else."""
        written = document.get("features") if isinstance(document, Mapping) else None
        if not isinstance(written, list) or not written or document.get("version") != _VERSION:
            raise InputError(f"{source} is no baseline of a stream: make it anew from the baseline")
        features = [FeatureBins.from_dict(one, source) for one in written]
        hours = document.get("hours")
        return cls(features, None if hours is None else [_hour(features, counts, source) for counts in hours])


def _bins(feature: FeatureStatistics) -> FeatureBins | None:
    if feature.numerical is not None:
        sketch, numbers = feature.numerical.sketch, feature.numerical
        if not sketch.weight:
            return None
        items = sketch.cumulated()[0]
        lowest = numbers.min if np.isfinite(numbers.min) else float(items[0])
        deciles = sketch.quantiles(_DECILES.tolist())
        highest = max(float(deciles[-1]), numbers.max if np.isfinite(numbers.max) else float(items[-1]))
        made = FeatureBins.between(feature.name, np.array([lowest, *deciles[:-1], highest]))
        below = sketch.weights_up_to(made.edges[1:])
        below[-1] = sketch.weight
        counts = np.diff(below, prepend=0.0) * feature.num_present / sketch.weight
        return FeatureBins(made.name, made.kind, np.array([*counts, feature.num_missing, 0.0]), made.edges)
    if feature.string is None or not feature.string.counts:
        return None
    unlisted = feature.num_present - sum(feature.string.counts.values())
    if feature.string.distinct_count > len(feature.string.counts):
        unlisted = max(unlisted, 1)
    return FeatureBins.of_categories(feature.name, feature.string.counts, feature.num_missing, max(unlisted, 0))


def _hour(features: Sequence[FeatureBins], counts: Any, source: str) -> list[FeatureBins]:
    documents = [{**feature.to_dict(), "counts": each} for feature, each in zip(features, counts, strict=True)]
    return [FeatureBins.from_dict(document, source) for document in documents]
