"""L-infinity distance of shares."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import Groups
from drift_tools.measures.measure import Measure


def l_infinity(baseline: Sequence[float] | NDArray[Any], current: Sequence[float] | NDArray[Any]) -> float:
    """The largest difference of a bin's shares, 0 … 1; NaN for an empty sample.

    Over categories it is what Model Monitor's `LInfinity` compares, without its correction for short samples
    (awslabs/deequ, `Distance.scala`).

    >>> l_infinity([50, 50], [75, 25])
    0.25
    """
    return _of_groups(Groups.of(baseline, current))


def _of_groups(groups: Groups) -> float:
    n, m = groups.rows
    return float(np.abs(groups.first / n - groups.second / m).max()) if n and m else float("nan")


L_INFINITY: Final = Measure(name="l_infinity", heading="L∞", function=lambda samples: _of_groups(samples.groups))
