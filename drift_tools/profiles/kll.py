"""The quantile sketch of statistics.json: Deequ's `QuantileNonSample`, a KLL sketch.

Source: awslabs/deequ, `QuantileNonSample.scala` and `NonSampleCompactor.scala`; Karnin, Lang, Liberty, "Optimal
quantile approximation in streams" (2016). Level h holds items of weight 2**h and has room for `2 * (ceil(k * c**h /
2) + 1)` of them. A full level is sorted, and every other item moves up. Up to 2,050 items nothing is compacted and
the sketch is the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from drift_tools.tables import Numbers

SKETCH_SIZE = 2048
SHRINKING_FACTOR = 0.64
# Shares read off a compacted sketch are within this of the true ones (docs/captures.md has the measurements).
RANK_ERROR = 0.005


@dataclass(frozen=True, eq=False, slots=True)
class Sketch:
    """A finished sketch: `levels[h]` holds items that each stand for 2**h values."""

    levels: tuple[Numbers, ...]
    k: float = SKETCH_SIZE
    c: float = SHRINKING_FACTOR

    @property
    def weight(self) -> int:
        """How many values the sketch stands for."""
        return sum(len(level) << height for height, level in enumerate(self.levels))

    def cumulated(self) -> tuple[Numbers, Numbers]:
        """Sorted items, and for each the share of values less than or equal to it."""
        items, weights = self.weighted()
        return items, weights / max(self.weight, 1)

    def weighted(self) -> tuple[Numbers, Numbers]:
        """Sorted items, and for each how many values are less than or equal to it."""
        items = np.concatenate(self.levels) if self.levels else np.empty(0)
        weights = np.concatenate(
            [np.full(len(level), 2.0**height) for height, level in enumerate(self.levels)] or [np.empty(0)]
        )
        order = np.argsort(items, kind="stable")
        return items[order], np.cumsum(weights[order])

    @classmethod
    def from_levels(
        cls, levels: Sequence[Sequence[float]], *, k: float = SKETCH_SIZE, c: float = SHRINKING_FACTOR
    ) -> "Sketch":
        """The sketch of a file's `data`."""
        return cls(tuple(np.asarray(level, dtype=np.float64) for level in levels), k, c)

    @classmethod
    def of(cls, values: Numbers, *, seed: int = 0) -> "Sketch":
        """Sketch finite values. The coin that decides which half moves up is seeded: equal data, equal file."""
        if len(values) <= _capacity(0):
            return cls((values.copy(),))
        coin = np.random.default_rng(seed)
        levels: list[Numbers] = [np.empty(0)]
        heads: list[int] = []
        start = 0
        while start < len(values):
            room = _room(levels) + 1
            levels[0] = np.concatenate([levels[0], values[start : start + room]])
            start += room
            _compact(levels, heads, coin)
        return cls(tuple(levels))

    def merge(self, other: "Sketch") -> "Sketch":
        """The sketch of both sketches' values.

        In whichever order sketches are merged, ranks stay within the error of one sketch of all the values
        (Agarwal et al., "Mergeable summaries", 2012); which items are kept depends on the order. The coin is seeded
        with the weight, so that the same merges give the same sketch.
        """
        if not self.weight or not other.weight:
            return self if self.weight else other
        coin = np.random.default_rng([self.weight, other.weight])
        height = max(len(self.levels), len(other.levels))
        levels = [
            np.concatenate([side.levels[h] for side in (self, other) if h < len(side.levels)]) for h in range(height)
        ]
        _compact(levels, [], coin)
        return Sketch(tuple(levels))

    def quantiles(self, shares: Sequence[float]) -> Numbers:
        """Find for each share (above 0, up to 1) the smallest item with at least that share of the weight up to it."""
        items, cumulated = self.cumulated()
        # A share that rounding puts a little above an item's own is that item's.
        places = np.searchsorted(cumulated, np.asarray(shares) - 1e-12, side="left")
        return items[np.minimum(places, len(items) - 1)]

    def weights_up_to(self, points: Numbers) -> Numbers:
        """The weight of the items at or below each point."""
        items, cumulated = self.cumulated()
        return np.concatenate([[0.0], cumulated])[np.searchsorted(items, points, side="right")] * self.weight

    @property
    def rank_error(self) -> float:
        """How far a share that is read off the sketch may be from the true one: 0 while nothing has been compacted."""
        return RANK_ERROR if any(len(level) for level in self.levels[1:]) else 0.0


def _room(levels: Sequence[Numbers]) -> int:
    return sum(_capacity(height) - len(level) for height, level in enumerate(levels))


def _compact(levels: list[Numbers], heads: list[int], coin: np.random.Generator) -> None:
    """Compact levels in place, the lowest full one first, until the sketch fits.

    `heads`: which half of each level moved up last; every second compaction of a level takes the other one.
    """
    while _room(levels) < 0:
        height = next(h for h, level in enumerate(levels) if len(level) >= _capacity(h))
        if height + 1 == len(levels):
            levels.append(np.empty(0))
        heads += [-1] * (len(levels) - len(heads))
        # -1: never compacted, or the last compaction was the second of a pair.
        head = int(coin.integers(2)) if heads[height] < 0 else 1 - heads[height]
        heads[height] = head if heads[height] < 0 else -1
        even = len(levels[height]) - len(levels[height]) % 2
        moved = np.sort(levels[height][:even])[head::2]
        levels[height] = levels[height][even:]
        levels[height + 1] = np.concatenate([levels[height + 1], moved])


@cache
def _capacity(height: int) -> int:
    return 2 * (int(np.ceil(SKETCH_SIZE * SHRINKING_FACTOR**height / 2)) + 1)


def distance(left: Sketch, right: Sketch) -> float:
    """The largest difference of the two cumulative shares at any item of either (Deequ's `linf_simple`).

    >>> distance(Sketch.from_levels([[1, 2, 3, 4]]), Sketch.from_levels([[3, 4, 5, 6]]))
    0.5
    """
    left_items, left_shares = left.cumulated()
    right_items, right_shares = right.cumulated()
    points = np.concatenate([left_items, right_items])
    left_at = np.concatenate([[0.0], left_shares])[np.searchsorted(left_items, points, side="right")]
    right_at = np.concatenate([[0.0], right_shares])[np.searchsorted(right_items, points, side="right")]
    return float(np.max(np.abs(left_at - right_at), initial=0.0))
