"""Jensen-Shannon distance."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures.counts import Counts, pair, shares
from drift_tools.measures.measure import Measure


def jensen_shannon(baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]) -> float:
    """The distance (not the divergence) in base 2 of two samples' counts over the same bins: 0 for equal shares, 1 if
    no bin is shared; NaN for an empty sample.

    Source: Endres and Schindelin, "A new metric for probability distributions", IEEE Trans. Inf. Theory 49 (2003), as
    `scipy.spatial.distance.jensenshannon(p, q, base=2)`.

    >>> jensen_shannon([5, 5, 0], [0, 0, 10])
    1.0
    """
    first, second = pair(baseline, current)
    if not first.sum() or not second.sum():
        return float("nan")
    p, q = shares(first), shares(second)
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2
    return float(np.sqrt(np.clip(divergence, 0.0, 1.0)))


def _relative_entropy(p: Counts, q: Counts) -> float:
    used = p > 0
    return float(np.sum(p[used] * np.log2(p[used] / q[used])))


JENSEN_SHANNON: Final = Measure(
    name="jensen_shannon", heading="JS", function=lambda samples: jensen_shannon(*samples.counts)
)
