"""What a feature's counts are tested against: pairs of an immaterial difference and a material one, as scores a bin.

A chart is a vector h of one score a bin. With counts c of a window its evidence is Σ c·h, the log likelihood ratio of
"a material difference of this kind" against "the largest immaterial one". Whatever distribution is nearer to the
baseline than the immaterial one has E[exp(h)] ≤ 1, so that exp(Σ c·h) is an e-value: the detector adds up evidence
against everything that is harmless, not against equality, which no stream keeps for a day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from drift_tools.stream.bins import MISSING, NEW, FeatureBins, Numbers

# Differences are immaterial up to this population stability index: the threshold of the hourly monitor.
MATERIAL_PSI: Final = 0.1
# PSI of a shift of a normal feature by d standard deviations is d².
_IMMATERIAL_SHIFT: Final = MATERIAL_PSI**0.5
_SHIFTS: Final = (0.6, 1.2, 2.4)
# How far from the largest immaterial share to 1 a bin's share is supposed to have gone.
_WAYS: Final = (0.15, 0.6)
_FLOOR: Final = 1e-4
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


def charts(feature: FeatureBins) -> list[Chart]:
    """Make all charts of a feature; their weights add up to 1."""
    shares = feature.counts / feature.counts.sum()
    values = [*_shifts(feature, shares), *_risen(feature, shares, range(len(shares) - 2))]
    made = [Chart(what, scores, _VALUES / len(values)) for what, scores in values]
    for place, part in ((len(shares) - 2, _MISSING), (len(shares) - 1, _NEW)):
        risen = list(_risen(feature, shares, range(place, place + 1)))
        made += [Chart(what, scores, part / len(risen)) for what, scores in risen]
    total = sum(chart.weight for chart in made)
    return [Chart(chart.what, chart.scores, chart.weight / total) for chart in made]


def _shifts(feature: FeatureBins, shares: Numbers) -> Iterator[tuple[str, Numbers]]:
    """The values as a whole have moved up or down: the baseline tilted by exp(θ · normal score)."""
    present = shares[:-2]
    if feature.kind != "numerical" or len(present) < 3 or not present.sum():
        return
    scores, inside = feature.scores(), present / present.sum()

    def cumulant(theta: float) -> float:
        return float(np.log((inside * np.exp(theta * scores)).sum()))

    for side, word in ((1, "higher"), (-1, "lower")):
        for shift in _SHIFTS:
            gain = side * (shift - _IMMATERIAL_SHIFT) * scores
            price = cumulant(side * shift) - cumulant(side * _IMMATERIAL_SHIFT)
            yield f"values are {word}", np.concatenate([gain - price, [0.0, 0.0]])


def _risen(feature: FeatureBins, shares: Numbers, places: range) -> Iterator[tuple[str, Numbers]]:
    """One bin has a larger share: a stuck sensor, one class only, a new code, a feed that is missing."""
    names = feature.names()
    for place in places:
        largest = largest_immaterial_share(float(shares[place]))
        if largest > 1 - 1e-3:
            continue
        what = {MISSING: "more values are missing", NEW: "values that the baseline never had"}.get(
            names[place], f"more values are {names[place]}"
        )
        for way in _WAYS:
            supposed = largest + way * (1 - largest)
            scores = np.full(len(shares), np.log((1 - supposed) / (1 - largest)))
            scores[place] = np.log(supposed / largest)
            yield what, scores


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
    return float((now - before) * (np.log(now / before) - np.log(max(1 - now, _FLOOR) / (1 - before))))
