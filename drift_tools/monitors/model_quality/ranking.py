"""How well probabilities rank two classes, and which of the two they are of."""

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.monitors.model_quality.class_names import ClassNames
from drift_tools.tables import Numbers

# Above one half, and standard deviations of a model that knows nothing.
_SURE_AREA: Final = 0.25
_SURE_DEVIATIONS: Final = 6.0


def area_under_curve(positive: NDArray[np.bool_], scores: Numbers) -> float:
    """The probability that a positive has the higher score, ties counted half (Mann and Whitney); NaN for one class
    only.

    >>> area_under_curve(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    kept = ~np.isnan(scores)
    positive, scores = positive[kept], scores[kept]
    wins, losses = int(positive.sum()), int((~positive).sum())
    if not wins or not losses:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[inverse][positive].sum() - wins * (wins + 1) / 2) / (wins * losses))


def ranked_class(names: Sequence[str], labels: ClassNames, scores: Numbers) -> str | None:
    """The one of two classes whose rows have the higher probabilities, if no doubt is left; else None.

    No doubt: an area under the curve of 0.75 or more, as far above 0.5 as chance has it in one of a thousand million.
    """
    known = labels != ""
    area = area_under_curve(labels[known] == names[1], scores[known])
    counted = known & ~np.isnan(scores)
    positives, negatives = (int(np.count_nonzero(labels[counted] == name)) for name in (names[1], names[0]))
    if not positives or not negatives or math.isnan(area):
        return None
    # Of equal distributions (Mann and Whitney).
    deviation = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    if abs(area - 0.5) < max(_SURE_AREA, _SURE_DEVIATIONS * deviation):
        return None
    return names[1] if area > 0.5 else names[0]
