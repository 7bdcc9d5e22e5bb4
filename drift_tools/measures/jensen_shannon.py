"""Jensen-Shannon distance."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import Counts, Groups
from drift_tools.measures.measure import Measure


def jensen_shannon(
    baseline: Sequence[float] | NDArray[Any],
    current: Sequence[float] | NDArray[Any],
    times: NDArray[np.int64] | None = None,
) -> float:
    """The distance (not the divergence) in base 2 of two samples' counts over the same bins: 0 for equal shares, 1 if
    no bin is shared; NaN for an empty sample.

    Source: Endres and Schindelin, "A new metric for probability distributions", IEEE Trans. Inf. Theory 49 (2003), as
    `scipy.spatial.distance.jensenshannon(p, q, base=2)`.

    >>> jensen_shannon([5, 5, 0], [0, 0, 10])
    1.0
    """
    return _of_groups(Groups.of(baseline, current, times))


def _of_groups(groups: Groups) -> float:
    n, m = groups.rows
    if not n or not m:
        return float("nan")
    p, q = groups.first / n, groups.second / m
    middle = (p + q) / 2
    divergence = (_relative_entropy(p, middle, groups) + _relative_entropy(q, middle, groups)) / 2
    return math.sqrt(min(max(divergence, 0.0), 1.0))


def _relative_entropy(p: Counts, q: Counts, groups: Groups) -> float:
    used = p > 0
    if np.count_nonzero(used) < len(used):
        groups, p, q = groups.where(used), p[used], q[used]
    return groups.total(p * np.log2(p / q))


JENSEN_SHANNON: Final = Measure(
    name="jensen_shannon", heading="JS", function=lambda samples: _of_groups(samples.groups)
)
