"""How large a change is, apart from how sure it is: windows against the shares that their slot expects."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.measures import FLOOR
from drift_tools.timeline.scores import BEYOND, VALUES, rows_of

Floats = NDArray[np.float64]

# The usual limit of "some change" for the index, here of what is left after what undrifted windows have.
PSI_THRESHOLD: Final = 0.1
# Windows that are looked at together for the size of what accumulates.
TOGETHER: Final = 24


@dataclass(frozen=True, eq=False, slots=True)
class Effect:
    """The size of a difference from expected shares, by feature (any leading axes). `psi`: the index; `ks`: the largest
    difference of cumulative shares of the value bins; `beyond`: the share beyond the baseline's range, less what is
    expected there.
    """

    psi: Floats
    ks: Floats
    beyond: Floats

    def of_feature(self, place: int) -> "Effect":
        """The effect of one feature alone."""
        return Effect(self.psi[..., place], self.ks[..., place], self.beyond[..., place])

    def is_material(self, noise: Floats, is_numerical: NDArray[np.bool_] | bool, threshold: float) -> NDArray[np.bool_]:
        """Whether the difference matters, `noise` being the index that undrifted windows have on average.

        By the index; of numbers also by the statistic that a normal shift of that index has, which few rows blur less,
        or by what lies beyond the range, which the open outer bins cannot tell from their own.
        """
        beyond = np.maximum(self.beyond, FLOOR)
        by_range = beyond * np.log(beyond / FLOOR) >= threshold
        by_ks = self.ks >= math.erf(math.sqrt(max(threshold, 0.0) / 8))
        found: NDArray[np.bool_] = (self.psi - noise >= threshold) | (is_numerical & (by_ks | by_range))
        return found


def effect_of(counts: Floats, expected: Floats) -> Effect:
    """The effect of windows' counts, of the expected shares (each ... x features x `WIDTH`).

    The index is the sum of (p − q) ln(p / q) over all bins, missing and other types among them, shares below 1e-4
    counting as 1e-4.
    """
    rows = np.maximum(rows_of(counts)[..., None], 1.0)
    found = counts / rows
    p, q = np.maximum(expected[..., :BEYOND], FLOOR), np.maximum(found[..., :BEYOND], FLOOR)
    psi = ((q - p) * np.log(q / p)).sum(-1)
    before, after = (side[..., :VALUES].cumsum(-1) for side in (expected, found))
    first, second = (side / np.maximum(side[..., -1:], 1e-12) for side in (before, after))
    both = (before[..., -1] > 1e-12) & (after[..., -1] > 1e-12)
    ks = np.where(both, np.abs(first - second).max(-1), 0.0)
    return Effect(psi, ks, found[..., BEYOND] - expected[..., BEYOND])
