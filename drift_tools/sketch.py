"""The quantile sketch of statistics.json: Deequ's `QuantileNonSample`, a KLL sketch.

Source: awslabs/deequ, `QuantileNonSample.scala` and `NonSampleCompactor.scala`; Karnin, Lang, Liberty, "Optimal
quantile approximation in streams" (2016). Level h holds items of weight 2**h and has room for `2 * (ceil(k * c**h /
2) + 1)` of them. A full level is sorted, and every other item moves up. Up to 2,050 items nothing is compacted and
the sketch is the data.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drift_tools.tables import Numbers

SKETCH_SIZE = 2048
SHRINKING_FACTOR = 0.64


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
        items = np.concatenate(self.levels) if self.levels else np.empty(0)
        weights = np.concatenate(
            [np.full(len(level), 2.0**height) for height, level in enumerate(self.levels)] or [np.empty(0)]
        )
        order = np.argsort(items, kind="stable")
        return items[order], np.cumsum(weights[order]) / max(self.weight, 1)

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
        heads: list[int] = [0]  # which half of a level moved up last: every second compaction takes the other one
        compactions: list[int] = [0]
        start = 0
        while start < len(values):
            room = sum(_capacity(height) for height in range(len(levels))) - sum(map(len, levels)) + 1
            levels[0] = np.concatenate([levels[0], values[start : start + room]])
            start += room
            if sum(map(len, levels)) <= sum(_capacity(height) for height in range(len(levels))):
                break
            height = next(h for h, level in enumerate(levels) if len(level) >= _capacity(h))
            if height + 1 == len(levels):
                levels.append(np.empty(0))
                heads.append(0)
                compactions.append(0)
            heads[height] = 1 - heads[height] if compactions[height] % 2 else int(coin.integers(2))
            compactions[height] += 1
            even = len(levels[height]) - len(levels[height]) % 2
            moved = np.sort(levels[height][:even])[heads[height] :: 2]
            levels[height] = levels[height][even:]
            levels[height + 1] = np.concatenate([levels[height + 1], moved])
        return cls(tuple(levels))


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
