"""Wasserstein distance in units of the baseline's spread."""

import math
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures.measure import Measure, TwoSamples
from drift_tools.measures.sums import moments, sum_of_distances
from drift_tools.tables import Numbers

_LARGE = 1e150


def wasserstein(baseline: Numbers, current: Numbers) -> float:
    """The first Wasserstein distance of two samples of finite numbers, divided by the baseline's standard deviation.

    How far the average value moved, in standard deviations: the area between the two cumulative distributions (as
    `scipy.stats.wasserstein_distance`). NaN for an empty sample; infinite if the baseline is constant and the current
    sample is something else.

    >>> wasserstein(np.array([0.0, 2.0]), np.array([3.0, 5.0]))
    3.0
    """
    return wasserstein_of_sorted(np.sort(baseline), np.sort(current))


def wasserstein_of_sorted(baseline: Numbers, current: Numbers, *, deviation: float | None = None) -> float:
    """The distance of two samples that are sorted already; `deviation` is the baseline's, where it is known."""
    if not len(baseline) or not len(current):
        return math.nan
    # The quotient knows no unit: near the largest float the numbers are taken in units of the largest of them.
    largest = max(abs(float(end)) for values in (baseline, current) for end in (values[0], values[-1]))
    if largest > _LARGE:
        baseline, current, deviation = baseline / largest, current / largest, None
    distance = distance_of_sorted(baseline, current)
    if distance == 0:
        return 0.0
    if deviation is None:
        deviation = moments(baseline, float(baseline[len(baseline) // 2]))[1]
    return distance / deviation if deviation else math.inf


def distance_of_sorted(baseline: Numbers, current: Numbers) -> float:
    """The distance in the numbers' own unit: the mean difference of the two samples' quantiles, from 0 to 1."""
    if len(baseline) == len(current):
        return sum_of_distances(baseline, current) / len(baseline)
    larger, smaller = (baseline, current) if len(baseline) > len(current) else (current, baseline)
    overlap = _overlap(len(larger), len(smaller))
    whole = sum_of_distances(larger, np.take(smaller, overlap.of), overlap.width)
    cut = sum_of_distances(larger[overlap.cut], smaller[1:], overlap.width_after_cut)
    return (whole + cut) / (len(larger) * len(smaller))


def forget_overlaps() -> None:
    """Free what is kept from one column of a table to the next; it is as large as the columns."""
    _overlap.cache_clear()


class _Overlap(NamedTuple):
    """How the steps of two quantile functions lie over each other, widths in 1 / (n * m).

    Step i of the larger sample begins in step `of[i]` of the smaller and shares `width[i]` with it. Step j >= 1 of the
    smaller sample begins in step `cut[j - 1]` of the larger, which has `width_after_cut[j - 1]` left.
    """

    of: NDArray[np.intp]
    width: NDArray[np.float64]
    cut: NDArray[np.intp]
    width_after_cut: NDArray[np.float64]


@lru_cache(maxsize=4)  # the columns of a table mostly have one length, and two threads may be at two of them
def _overlap(n: int, m: int) -> _Overlap:
    """Find what overlaps, for n > m rows: in whole numbers, since i / n and j / m are equal more often than floats
    tell.
    """
    of = np.arange(n) * m // n
    starts = np.arange(1, m) * n  # of the smaller sample's steps
    cut = starts // m
    after_cut = (cut + 1) * m - starts
    width = np.full(n, m)
    width[cut] -= after_cut
    return _Overlap(of, width.astype(np.float64), cut, after_cut.astype(np.float64))


def _of_samples(samples: TwoSamples) -> float:
    if samples.numbers is None:
        return math.nan
    return wasserstein_of_sorted(*samples.numbers, deviation=samples.deviation)


WASSERSTEIN: Final = Measure(name="wasserstein", heading="W", kinds=frozenset({"numerical"}), function=_of_samples)
