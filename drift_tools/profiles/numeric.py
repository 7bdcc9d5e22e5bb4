"""What is kept of the numbers of a column: moments, extremes and a quantile sketch, which can be merged."""

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from drift_tools.profiles.kll import Sketch
from drift_tools.profiles.statistics_json import BUCKETS, NumericalStatistics
from drift_tools.tables import Numbers

_LARGE = 1e150
# Up to so many values a sum is rounded once (math.fsum); above, numpy adds pairwise: fifty times as fast, and the last
# digit may differ.
_ADDED_EXACTLY = 100_000
# One value after the other is slow: up to as many as a sketch holds uncompacted.
_AS_SPARK = 2050
_MOST = sys.float_info.max


@dataclass(frozen=True, eq=False, slots=True)
class NumberProfile:
    """The finite values of a column, `count` of them. `buckets`: exact, or None after a merge."""

    count: int
    sum: float
    mean: float
    std_dev: float
    min: float
    max: float
    sketch: Sketch
    buckets: tuple[tuple[float, float, float], ...] | None = None

    @classmethod
    def of(cls, values: Numbers) -> "NumberProfile | None":
        """Profile the finite ones of these values; None if there are none."""
        is_finite = np.isfinite(values)
        finite = values if is_finite.all() else values[is_finite]
        if not len(finite):
            return None
        low, high = float(finite.min()), float(finite.max())
        # Near the largest float sums and squares overflow: there the numbers are taken in units of the largest of them.
        scale = max(abs(low), abs(high)) if max(abs(low), abs(high)) > _LARGE else 1.0
        scaled = finite / scale if scale != 1.0 else finite
        total = _added(scaled)
        mean = total / len(finite)
        deviation = math.sqrt(_squares(scaled, mean) / len(finite))
        return cls(
            len(finite),
            min(max(total * scale, -_MOST), _MOST),
            mean * scale,
            deviation * scale,
            low,
            high,
            Sketch.of(finite),
            _buckets(scaled, low / scale, high / scale, scale),
        )

    def merge(self, other: "NumberProfile") -> "NumberProfile":
        """Both together: counts and extremes exact, moments by Chan, Golub and LeVeque's pairwise rule (1979)."""
        count = self.count + other.count
        own, others = self.count / count, other.count / count
        # Halved, because the difference of two large means may be no float.
        half = other.mean / 2 - self.mean / 2
        deviation = math.hypot(
            self.std_dev * math.sqrt(own), other.std_dev * math.sqrt(others), 2 * math.sqrt(own * others) * half
        )
        return NumberProfile(
            count,
            min(max(self.sum + other.sum, -_MOST), _MOST),
            self.mean * own + other.mean * others,
            min(deviation, _MOST),
            min(self.min, other.min),
            max(self.max, other.max),
            self.sketch.merge(other.sketch),
        )

    def statistics(self) -> NumericalStatistics:
        """As statistics.json has them. The buckets of merged profiles are read off the sketch, as Deequ's are."""
        buckets = self.buckets if self.buckets is not None else self._estimated_buckets()
        return NumericalStatistics(self.mean, self.sum, self.std_dev, self.min, self.max, buckets, self.sketch)

    def _estimated_buckets(self) -> tuple[tuple[float, float, float], ...]:
        scale = max(abs(self.min), abs(self.max)) if max(abs(self.min), abs(self.max)) > _LARGE else 1.0
        edges = _edges(self.min / scale, self.max / scale) * scale
        # Half-open: what equals an edge belongs to the bucket above it.
        below = self.sketch.weights_up_to(np.nextafter(edges[1:-1], -np.inf))
        counts = np.diff([0.0, *below, float(self.count)]).tolist()
        return tuple(zip(edges[:-1].tolist(), edges[1:].tolist(), counts, strict=True))

    def to_dict(self) -> dict[str, Any]:
        """A JSON object that `from_dict` reads."""
        return {
            **{name: getattr(self, name) for name in ("count", "sum", "mean", "std_dev", "min", "max")},
            "sketch": [level.tolist() for level in self.sketch.levels],
            "buckets": self.buckets,
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "NumberProfile":
        """What `to_dict` wrote."""
        buckets = document["buckets"]
        return cls(
            int(document["count"]),
            float(document["sum"]),
            float(document["mean"]),
            float(document["std_dev"]),
            float(document["min"]),
            float(document["max"]),
            Sketch.from_levels(document["sketch"]),
            None if buckets is None else tuple((float(a), float(b), float(c)) for a, b, c in buckets),
        )


def _added(values: Numbers) -> float:
    return math.fsum(values) if len(values) <= _ADDED_EXACTLY else float(np.sum(values))


def _squares(values: Numbers, mean: float) -> float:
    """The sum of squared deviations; of few values as Spark adds them up (CentralMomentAgg.scala, Welford's rule), so
    that it is Model Monitor's to the last digit.
    """
    if len(values) > _AS_SPARK:
        return _added(np.square(values - mean))
    running = squares = 0.0
    for count, value in enumerate(values.tolist(), start=1):
        difference = value - running
        step = difference / count
        running += step
        squares += difference * (difference - step)
    return squares


def _edges(low: float, high: float) -> Numbers:
    # Deequ's bounds (KLLSketch.scala): low + (high - low) * i / 10.
    return np.array([low + (high - low) * i / BUCKETS for i in range(BUCKETS)] + [high])


def _buckets(values: Numbers, low: float, high: float, scale: float) -> tuple[tuple[float, float, float], ...]:
    bounds = _edges(low, high)
    below = np.searchsorted(np.sort(values), bounds[:-1], side="left")
    counts = np.diff(np.append(below, len(values))).astype(float).tolist()
    edges = (bounds * scale).tolist()
    return tuple(zip(edges[:-1], edges[1:], counts, strict=True))
