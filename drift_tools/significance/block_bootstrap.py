"""Whether two samples differ, where the rows of a sample depend on each other.

The same customers every hour, or hours that resemble the hour before: a thousand such rows know less than a thousand
independent ones, and textbook p-values, which count rows, are then far too small. What can be resampled are blocks of
rows that depend little on each other: an hour, or a customer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.tables import Numbers

Integers: TypeAlias = NDArray[np.int64]
# With fewer blocks the bootstrap sees too little of how blocks differ, and rejects too often.
MINIMUM_BLOCKS = 10
_GRID = 64  # points at which cumulative shares are compared, and the most categories that are told apart
_CHUNK = 4_000_000  # numbers in one matrix of weights
_COUNTED = 10  # resamples beyond the statistic, from which their share is a p-value of its own
_TAIL = 0.05  # the share of resamples from which the tail is extrapolated


def block_p_value(
    baseline: NDArray[Any] | Sequence[Any],
    current: NDArray[Any] | Sequence[Any],
    *,
    blocks: NDArray[Any] | Sequence[Any],
    baseline_blocks: NDArray[Any] | Sequence[Any] | None = None,
    consecutive: int = 1,
    resamples: int = 1999,
    seed: int = 0,
) -> float:
    """The p-value of equal distributions if the rows of a block may depend on each other in any way.

    Numbers are compared by the largest difference of their cumulative shares on a grid of 64 pooled quantiles (the
    Kolmogorov-Smirnov statistic on that grid), anything else by the chi-squared distance of its categories' shares;
    the share of missing values (NaN, None) counts in both. How large the statistic gets by chance is found by drawing
    whole blocks with replacement from each side and looking how far the shares stray from that side's own.

    Blocks must depend little on each other: hours, if what carries over from one to the next is small; customers, if
    the same ones return every hour (no block of time cuts through them). If neighbours do depend on each other, several
    `consecutive` ones are drawn together, from any starting point, the last followed by the first.

    Sources: Künsch, "The jackknife and the bootstrap for general stationary observations", Annals of Statistics 17
    (1989); Politis and Romano, "A circular block-resampling procedure for stationary data" (1992); Lahiri, "Resampling
    Methods for Dependent Data", Springer (2003), chapters 2 and 4. Shares beyond the reach of the resamples are
    extrapolated from the largest 5 % of them, whose squares have an exponential tail (the supremum of a Gaussian
    process; as Knijnenburg et al., "Fewer permutations, more accurate P-values", Bioinformatics 25 (2009), with the
    shape known), at the 95 % upper bound of its scale.

    Parameters
    ----------
    baseline, current
        values, one a row: numbers with NaN where missing, or anything else with None where missing.
    blocks, baseline_blocks
        the block of each row, of any type that sorts; their order is that of time. Without `baseline_blocks` the rows
        of the baseline are taken as independent.
    consecutive
        how many neighbouring blocks are drawn together, 1 or more.
    resamples
        99 or more. Time and memory grow with resamples x blocks.
    seed
        the same seed gives the same p-value.

    Raises
    ------
    InputError
        for a missing label, labels that do not match the rows, fewer than 10 blocks on a side that has them, or a
        number out of these bounds.

    Examples
    --------
    >>> days = np.repeat(np.arange(30), 100)  # 30 days of 100 rows, each with a level of its own
    >>> levels = np.random.default_rng(1).normal(size=(2, 30))
    >>> before, after = np.repeat(levels, 100, axis=1)
    >>> 0.2 < block_p_value(before, after, blocks=days, baseline_blocks=days) < 1
    True
    """
    if consecutive < 1:
        raise InputError(f"consecutive is {consecutive}: give 1 or more blocks to be drawn together")
    if resamples < 99:
        raise InputError(f"resamples is {resamples}: give 99 or more")
    numerical = _is_numerical(baseline) and _is_numerical(current)
    cells = _number_cells if numerical else _category_cells
    before, after = cells(baseline, current)
    if not len(before) or not len(after):
        raise InputError("a sample without rows has no distribution: give at least one row on either side")
    count = int(max(before.max(), after.max())) + 1
    sides = (
        _Side.of(before, baseline_blocks, count, consecutive, "baseline_blocks"),
        _Side.of(after, blocks, count, consecutive, "blocks"),
    )
    observed = sides[1].shares - sides[0].shares
    pooled = (np.bincount(before, minlength=count) + np.bincount(after, minlength=count)) / (len(before) + len(after))
    rng = np.random.default_rng(seed)
    drawn = sides[1].deviations(resamples, rng) - sides[0].deviations(resamples, rng)
    statistic = _largest_step if numerical else _distance
    return _p_value(float(statistic(observed[None, :], pooled)[0]), statistic(drawn, pooled))


@dataclass(frozen=True, eq=False, slots=True)
class _Side:
    """A sample's counts, blocks x cells, or one line of counts if its rows are independent."""

    counts: Integers
    rows: int
    consecutive: int
    independent: bool

    @classmethod
    def of(cls, codes: Integers, labels: Any, cells: int, consecutive: int, what: str) -> "_Side":
        if labels is None:
            return cls(np.bincount(codes, minlength=cells)[None, :], len(codes), 1, True)
        names = np.asarray(labels)
        if names.ndim != 1 or len(names) != len(codes):
            raise InputError(f"{what} has shape {names.shape} for {len(codes)} rows: give one label a row")
        if _any_missing(names):
            raise InputError(f"{what} has rows without a label: give every row one, or leave those rows out")
        distinct, inverse = np.unique(names, return_inverse=True)
        if len(distinct) < MINIMUM_BLOCKS * consecutive:
            raise InputError(
                f"{what} has {len(distinct)} blocks, of which {consecutive} are drawn together: "
                f"{MINIMUM_BLOCKS * consecutive} are needed; take smaller blocks or more rows"
            )
        counts = np.bincount(inverse * cells + codes, minlength=len(distinct) * cells).reshape(len(distinct), cells)
        return cls(counts, len(codes), consecutive, False)

    @property
    def shares(self) -> Numbers:
        total: Numbers = self.counts.sum(axis=0) / self.rows
        return total

    def deviations(self, resamples: int, rng: np.random.Generator) -> Numbers:
        """How far the shares of resamples are from the sample's own, resamples x cells."""
        if self.independent:
            return rng.multinomial(self.rows, self.shares, size=resamples) / self.rows - self.shares
        blocks = len(self.counts)
        draws = -(-blocks // self.consecutive)
        counts = self.counts.astype(np.float64)
        parts = []
        step = max(1, _CHUNK // blocks)
        for start in range(0, resamples, step):
            starts = rng.multinomial(draws, np.full(blocks, 1 / blocks), size=min(step, resamples - start))
            weights = sum(np.roll(starts, shift, axis=1) for shift in range(self.consecutive))
            sums = weights @ counts
            parts.append(sums / np.maximum(sums.sum(axis=1, keepdims=True), 1) - self.shares)
        # As many blocks as were drawn stand for blocks / consecutive, and their spread about their own mean is too
        # small by one degree of freedom.
        groups = blocks / self.consecutive
        scaled: Numbers = np.concatenate(parts) * np.sqrt(draws / groups * groups / (groups - 1))
        return scaled


def _is_numerical(values: Any) -> bool:
    return bool(np.asarray(values).dtype.kind in "fiu")


def _number_cells(baseline: Any, current: Any) -> tuple[Integers, Integers]:
    """The cell of each row: 0 if missing, else between which quantiles of both samples its value lies."""
    sides = [np.asarray(values, dtype=np.float64) for values in (baseline, current)]
    # Each side weighs the same, however many rows it has.
    points = [
        np.quantile(side[~np.isnan(side)], np.linspace(0, 1, _GRID // 2 + 1), method="inverted_cdf")
        for side in sides
        if not np.isnan(side).all()
    ]
    edges = np.unique(np.concatenate(points)) if points else np.empty(0)
    before, after = (
        np.where(np.isnan(side), 0, np.searchsorted(edges, side, side="left") + 1).astype(np.int64) for side in sides
    )
    return before, after


def _category_cells(baseline: Any, current: Any) -> tuple[Integers, Integers]:
    """The cell of each row: 0 if missing, else its category's number; the rarest categories share the last one."""
    texts = [["" if _is_missing(value) else f"={value}" for value in values] for values in (baseline, current)]
    names, inverse, totals = np.unique(
        np.array([*texts[0], *texts[1]], dtype=object), return_inverse=True, return_counts=True
    )
    order = np.argsort(-np.where(names == "", 0, totals), kind="stable")
    rank = np.empty(len(names), dtype=np.int64)
    rank[order] = np.minimum(np.arange(len(names)), _GRID - 1) + 1
    rank[names == ""] = 0
    codes = rank[inverse]
    return codes[: len(texts[0])], codes[len(texts[0]) :]


def _any_missing(labels: NDArray[Any]) -> bool:
    if labels.dtype == object:
        return any(map(_is_missing, labels))
    return labels.dtype.kind in "fmM" and bool(np.isnan(labels).any())  # isnan knows times that are none, too


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


def _largest_step(differences: Numbers, _: Numbers) -> Numbers:
    """The square of the largest difference of cumulative shares, or of the missing share."""
    cumulative = np.cumsum(differences[:, 1:], axis=1)
    largest: Numbers = np.maximum(np.abs(cumulative).max(axis=1, initial=0.0), np.abs(differences[:, 0])) ** 2
    return largest


def _distance(differences: Numbers, pooled: Numbers) -> Numbers:
    used = pooled > 0
    distance: Numbers = np.sum(differences[:, used] ** 2 / pooled[used], axis=1)
    return distance


def _p_value(observed: float, drawn: Numbers) -> float:
    """The share of resamples at least as large, the sample itself among them; beyond them, by the tail."""
    if observed <= 1e-24:  # a rounding error of shares that are equal
        return 1.0
    beyond = int(np.count_nonzero(drawn >= observed))
    if beyond >= _COUNTED:
        return (1 + beyond) / (1 + len(drawn))
    largest = np.sort(drawn)[-max(_COUNTED, int(_TAIL * len(drawn))) :]
    start, share = float(largest[0]), len(largest) / len(drawn)
    scale = float(np.mean(largest - start)) * (1 + 1.645 / np.sqrt(len(largest)))
    if not scale:  # blocks that are all alike: nothing strays
        return 1 / (1 + len(drawn))
    return float(min(share * np.exp(-max(observed - start, 0.0) / scale), (1 + beyond) / (1 + len(drawn))))
