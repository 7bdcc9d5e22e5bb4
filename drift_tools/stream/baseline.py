"""What a stream is held against: bins made of a baseline's `statistics.json`, and, where it has times, of its hours.

`statistics.json` is what every baseline has, whoever made it: Model Monitor's analyzer too. Its quantile sketch gives
the deciles (exact up to some 2,000 rows, within half a per cent of the rows above), its counts the categories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.measures import quantile_edges
from drift_tools.profiles import FeatureStatistics, NumericalStatistics, Statistics
from drift_tools.stream.bins import FeatureBins

_VERSION: Final = 1
# A window's state has to hold the counts of all of them, and Lambda keeps 1 MB.
MOST_FEATURES: Final = 2_000


@dataclass(frozen=True)
class StreamBaseline:
    """The bins of all features, in the baseline's order, and those of each hour where it has times.

    `hours` are the 24 of the day (UTC), or the 168 of the week from Monday on.
    """

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
        return _number_bins(feature, feature.numerical)
    if feature.string is None or not feature.string.counts:
        return None
    unlisted = feature.num_present - sum(feature.string.counts.values())
    if feature.string.distinct_count > len(feature.string.counts):
        unlisted = max(unlisted, 1)
    return FeatureBins.of_categories(feature.name, feature.string.counts, feature.num_missing, max(unlisted, 0))


def _number_bins(feature: FeatureStatistics, numbers: NumericalStatistics) -> FeatureBins | None:
    """The deciles of the sketch; its ends are the exact ones, and a bin that nothing is in is none."""
    sketch = numbers.sketch
    if not sketch.weight:
        return None
    items, weights_up_to = sketch.weighted()
    lowest = min(numbers.min, float(items[0])) if np.isfinite(numbers.min) else float(items[0])
    highest = max(numbers.max, float(items[-1])) if np.isfinite(numbers.max) else float(items[-1])
    edges = np.concatenate([[lowest], quantile_edges(items, weights_up_to), [highest]])
    counts = np.diff(sketch.weights_up_to(edges[1:]), prepend=0.0)
    held = counts > 0.5
    rows = counts[held] * feature.num_present / sketch.weight
    edges = np.concatenate([edges[:1], edges[1:][held]])
    return FeatureBins(feature.name, "numerical", np.array([*rows, feature.num_missing, 0.0]), edges)


def _hour(features: Sequence[FeatureBins], counts: Any, source: str) -> list[FeatureBins]:
    try:
        return [_counted(feature, each) for feature, each in zip(features, counts, strict=True)]
    except (TypeError, ValueError) as error:
        raise InputError(f"{source} is no baseline of a stream: {error}; make it anew from the baseline") from error


def _counted(feature: FeatureBins, counts: Any) -> FeatureBins:
    numbers = np.array(counts, float)
    if numbers.shape != feature.counts.shape or (numbers < 0).any():
        raise ValueError(f"{len(counts)} counts of an hour for {len(feature.counts)} bins")
    return replace(feature, counts=numbers)
