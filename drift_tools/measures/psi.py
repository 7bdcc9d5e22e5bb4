"""Population stability index, with the distribution that it has when nothing has changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drift_tools.contingency import Groups
from drift_tools.measures.psi_null import expected_of, index_p_value

FLOOR = 1e-4


@dataclass(frozen=True, slots=True)
class PopulationStability:
    """`value`: the index. `bins`: bins that either sample has rows in. `expected`: the index's mean over samples of
    these sizes from equal populations.
    """

    value: float
    bins: int
    expected: float
    _groups: Groups = field(repr=False, compare=False)
    _floor: float = field(repr=False, compare=False)

    @property
    def excess(self) -> float:
        """The index less its expectation under equality: the part that sample sizes do not explain."""
        return self.value - self.expected

    @property
    def p_value(self) -> float:
        """The probability of an index at least this large from equal populations, computed when it is asked for: see
        `drift_tools.measures.psi_null.index_p_value`.
        """
        return index_p_value(self.value, *self._groups.apart(), floor=self._floor)


def population_stability(
    baseline: Sequence[float] | NDArray[Any],
    current: Sequence[float] | NDArray[Any],
    times: NDArray[np.int64] | None = None,
    *,
    floor: float = FLOOR,
) -> PopulationStability:
    """The index of two samples' counts over the same bins: the sum of (p - q) ln(p / q) over the bins' shares.

    A share below `floor` counts as `floor`, so that an empty bin is a large difference and not an infinite one. Under
    equality the index is about (1/n + 1/m) chi-squared with bins - 1 degrees of freedom (Yurdakul, "Statistical
    Properties of Population Stability Index", Western Michigan University, dissertation 3208, 2018).

    Parameters
    ----------
    baseline, current
        rows in each bin, equally many bins.
    times
        how many bins have these counts; one each by default.
    floor
        smallest share, 0 < floor < 1.

    Examples
    --------
    >>> stability = population_stability([500, 500], [400, 600])
    >>> round(stability.value, 4), round(stability.expected, 4)
    (0.0405, 0.002)
    """
    if not 0 < floor < 1:
        raise ValueError(f"floor is {floor}: give a share between 0 and 1")
    return stability_of(Groups.of(baseline, current, times), floor=floor)


def stability_of(groups: Groups, *, floor: float = FLOOR) -> PopulationStability:
    """The same of samples that are paired already."""
    n, m = groups.rows
    if not n or not m:
        return PopulationStability(np.nan, groups.bins, np.nan, groups, floor)
    p, q = np.maximum(groups.first / n, floor), np.maximum(groups.second / m, floor)
    value = groups.total((p - q) * np.log(p / q))
    return PopulationStability(value, groups.bins, expected_of(groups, floor=floor), groups, floor)


@lru_cache(maxsize=1024)  # of every column of a table, which mostly have as many bins
def rows_needed(bins: int, other_rows: int, *, threshold: float, alpha: float) -> int:
    """How many rows a sample needs so that, under equality, the index exceeds its expectation by `threshold` in at most
    `alpha` of all samples; if the other sample is too small for that itself, how many both need.

    >>> rows_needed(10, 1000, threshold=0.1, alpha=0.05)
    87
    >>> rows_needed(10, 50, threshold=0.1, alpha=0.05)
    159
    """
    from scipy.special import chdtri  # noqa: PLC0415 - the monitor job never asks for it, and should start quickly

    freedom = max(bins - 1, 1)
    largest = threshold / (float(chdtri(freedom, alpha)) - freedom)  # of 1/n + 1/m
    if other_rows and largest > 2 / other_rows:
        return int(np.ceil(1 / (largest - 1 / other_rows)))
    return int(np.ceil(2 / largest))
