"""What a feature's counts are tested against: pairs of an immaterial difference and a material one, as scores a bin.

A chart is a vector h of one score a bin. With counts c of a window its evidence is Σ c·h, the log likelihood ratio of
"a material difference of this kind" against "the largest immaterial one". Whatever distribution is nearer to the
baseline than the immaterial one has E[exp(h)] ≤ 1, so that exp(Σ c·h) is an e-value: the detector adds up evidence
against everything that is harmless, not against equality, which no stream keeps for a day.
"""

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from drift_tools.stream.bins import FeatureBins, Numbers

# Differences are immaterial up to this population stability index: the threshold of the hourly monitor.
MATERIAL_PSI: Final = 0.1
# PSI of a shift of a normal feature by d standard deviations is d².
_IMMATERIAL_SHIFT: Final = MATERIAL_PSI**0.5
# A row of a shift by d gives a chart u·v − u²/2, with u its own shift and v = d, both beyond the immaterial one. u
# grows by 2.3 from chart to chart, so that the better neighbour has 83 % of the most there is; a mixture over such a
# grid is Shin, Ramdas and Rinaldo's (section 4). It begins at u = 0.2, or a shift by 0.5 would take a third longer.
_SHIFTS: Final = (0.5, 0.75, 1.25, 2.5)
# How far from the largest immaterial share to 1 a bin's share is supposed to have gone.
_WAYS: Final = (0.15, 0.6)
_SIDES: Final = ((1, "higher"), (-1, "lower"))
_FLOOR: Final = 1e-4
# A share that may be as large without being material has nowhere to go.
_FULL: Final = 1 - 1e-3
# Shares of a feature's false-alarm probability, as in the hourly monitor: values, what is missing, what is new.
_VALUES, _MISSING, _NEW = 0.7, 0.15, 0.15


@dataclass(frozen=True, eq=False, slots=True)
class Chart:
    """One kind of change of one feature.

    `scores` has one entry a bin, `weight` is the chart's share of the feature's false-alarm probability, and `what`
    says in words what it has found.
    """

    what: str
    scores: Numbers
    weight: float


def charts(feature: FeatureBins, season: FeatureBins | None = None) -> list[Chart]:
    """Make all charts of a feature; their weights add up to 1.

    With `season`, the same bins with the counts of one season of the baseline, the same charts are made against that:
    one that cannot be there (a bin that always is as full as it can get) has scores of 0 in its place, and tells
    nothing.
    """
    kinds = list(_kinds(feature))
    now = season or feature
    shares = now.counts / max(now.counts.sum(), 1.0)
    normal = now.scores() if feature.kind == "numerical" else np.empty(0)
    return [Chart(kind.what, kind.scores(shares, normal), kind.weight) for kind in kinds]


@dataclass(frozen=True, slots=True)
class _Kind:
    """A chart before it is known against what: a shift by `size`, or the rise of the bin at `place` by `size`."""

    what: str
    size: float
    place: int | None
    weight: float

    def scores(self, shares: Numbers, normal: Numbers) -> Numbers:
        if self.place is None:
            return _shift_scores(self.size, shares, normal)
        return _rise_scores(self.size, shares, self.place)


def _kinds(feature: FeatureBins) -> Iterator[_Kind]:
    shares = feature.counts / feature.counts.sum()
    missing, new = len(shares) - 2, len(shares) - 1
    names = feature.names()
    can_rise = [place for place in range(len(shares)) if largest_immaterial_share(float(shares[place])) <= _FULL]
    values = [(f"more values are {names[place]}", way, place) for place in can_rise if place < missing for way in _WAYS]
    shifts: list[tuple[str, float, int | None]] = []
    if feature.kind == "numerical" and missing >= 3 and shares[:missing].sum():
        shifts = [(f"values are {word}", side * size, None) for side, word in _SIDES for size in _SHIFTS]
    parts: list[tuple[float, list[tuple[str, float, int | None]]]] = [(_VALUES, [*shifts, *values])]
    parts += [(_MISSING, [("more values are missing", way, missing) for way in _WAYS if missing in can_rise])]
    parts += [(_NEW, [("values that the baseline never had", way, new) for way in _WAYS])]
    total = sum(part for part, found in parts if found)
    for part, found in parts:
        for what, size, place in found:
            yield _Kind(what, size, place, part / total / len(found))


def _shift_scores(shift: float, shares: Numbers, normal: Numbers) -> Numbers:
    """The values as a whole have moved: the baseline tilted by exp(θ · normal score)."""
    present = shares[:-2]
    if not present.sum():
        return np.zeros(len(shares))
    inside, immaterial = present / present.sum(), np.copysign(_IMMATERIAL_SHIFT, shift)

    def cumulant(theta: float) -> float:
        return float(np.log((inside * np.exp(theta * normal)).sum()))

    gain = (shift - immaterial) * normal - (cumulant(shift) - cumulant(float(immaterial)))
    return np.concatenate([gain, [0.0, 0.0]])


def _rise_scores(way: float, shares: Numbers, place: int) -> Numbers:
    """One bin has a larger share: a stuck sensor, one class only, a new code, a feed that is missing."""
    largest = largest_immaterial_share(float(shares[place]))
    if largest > _FULL:
        return np.zeros(len(shares))
    supposed = largest + way * (1 - largest)
    scores = np.full(len(shares), np.log((1 - supposed) / (1 - largest)))
    scores[place] = np.log(supposed / largest)
    return scores


@functools.lru_cache(4096)  # each chart of a bin asks again, and an hour's charts are made when the hour comes
def largest_immaterial_share(share: float) -> float:
    """Find the share to which a bin can grow before the PSI of "this bin or another" is material (60 halvings)."""
    before = min(max(share, _FLOOR), 1 - _FLOOR)
    low, high = before, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _index_of_two_bins(before, middle) < MATERIAL_PSI:
            low = middle
        else:
            high = middle
    return low


def _index_of_two_bins(before: float, now: float) -> float:
    """The PSI of one bin against all others together, which no division of the others makes smaller."""
    return (now - before) * (math.log(now / before) - math.log(max(1 - now, _FLOOR) / (1 - before)))
