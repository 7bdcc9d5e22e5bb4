"""Wasserstein distance in units of the baseline's spread."""

import math

import numpy as np

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
    if not len(baseline) or not len(current):
        return math.nan
    # The quotient knows no unit: near the largest float the numbers are taken in units of the largest of them.
    largest = max(float(np.max(np.abs(baseline))), float(np.max(np.abs(current))))
    scale = largest if largest > _LARGE else 1.0
    first, second = np.sort(baseline) / scale, np.sort(current) / scale
    points = np.sort(np.concatenate([first, second]))
    left = np.searchsorted(first, points[:-1], side="right") / len(first)
    right = np.searchsorted(second, points[:-1], side="right") / len(second)
    distance = float(np.sum(np.abs(left - right) * np.diff(points)))
    if distance == 0:
        return 0.0
    # A constant's deviation can come out as 1e-17, and dividing by that would make a number of nothing.
    deviation = float(np.std(first)) if first[0] < first[-1] else 0.0
    return distance / deviation if deviation else math.inf
