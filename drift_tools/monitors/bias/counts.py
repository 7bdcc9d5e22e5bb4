"""Counts of rows by group, label and prediction: the sufficient statistics of every bias metric but the flip test.

Every array may have leading axes, so that a thousand bootstrap draws are measured by one call.
"""

from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.float64]
Truths: TypeAlias = NDArray[np.bool_]
Values: TypeAlias = NDArray[np.float64]

# The axes behind the leading ones: the rest (a) and the facet's own group (d); negative and positive label;
# negative and positive prediction.
REST: Final = 0
GROUP: Final = 1


def confusion_counts(group: Truths, label: Truths, predicted: Truths | None = None) -> Counts:
    """Count rows by group, label and prediction.

    Parameters
    ----------
    group, label, predicted:
        One truth a row, of shape (rows,): whether it belongs to the facet's group, whether its label is positive,
        whether its prediction is. Without predictions all rows count as predicted negative.

    Returns
    -------
    Counts of shape (2, 2, 2): group (rest, facet's group) × label (negative, positive) × prediction.
    """
    predictions = np.zeros_like(label) if predicted is None else predicted
    cells = group.astype(np.int64) * 4 + label * 2 + predictions
    return np.bincount(cells, minlength=8).reshape(2, 2, 2).astype(np.float64)


def stratified_counts(strata: NDArray[np.int64], group: Truths, positive: Truths) -> Counts:
    """Count rows by stratum, group and outcome; shape (strata, 2, 2). `strata` are codes from 0, of shape (rows,)."""
    number = int(strata.max()) + 1 if len(strata) else 0
    cells = (strata * 2 + group) * 2 + positive
    return np.bincount(cells, minlength=number * 4).reshape(number, 2, 2).astype(np.float64)


def ratio(numerator: Values, denominator: Values) -> Values:
    """Divide counts as SageMaker Clarify does: 0/0 is 0, anything else by 0 is infinite (smclarify `divide`)."""
    top, bottom = np.broadcast_arrays(np.asarray(numerator, float), np.asarray(denominator, float))
    result = np.divide(top, bottom, out=np.full(top.shape, np.inf), where=bottom != 0)
    return np.where((bottom == 0) & (top == 0), 0.0, result)


def difference(first: Values, second: Values) -> Values:
    """Subtract as SageMaker Clarify does: infinite less infinite is 0."""
    both = np.isinf(first) & np.isinf(second) & (np.sign(first) == np.sign(second))
    with np.errstate(invalid="ignore"):
        return np.where(both, 0.0, np.subtract(first, second))


def prior(cells: int) -> float:
    """What is added to each of so many cells: half a row (Jeffreys' prior), and at most four rows in all.

    A group of 50 without a single false positive does not prove that it never has one: its interval must not be of
    width zero, and a quotient by it not infinite. Many small strata must not drown in what is added.
    """
    return min(0.5, 4 / cells)


def draws(counts: Counts, number: int, seed: int) -> Counts:
    """Draw the counts of `number` samples as large as this one: a bootstrap of its rows, of shape (number, …).

    Each cell of a draw is a whole number of rows; add the `prior` to measure it as the counts themselves are measured.
    What is drawn is for reading: the metrics of a group that count the same share it.
    """
    return _drawn(np.asarray(counts, dtype=np.float64).tobytes(), counts.shape, number, seed)


@lru_cache(maxsize=4)
def _drawn(counts_of: bytes, shape: tuple[int, ...], number: int, seed: int) -> Counts:
    counts = np.frombuffer(counts_of).reshape(shape)
    rows = round(float(counts.sum()))
    likely = counts + prior(counts.size)
    drawn = np.random.default_rng(seed).multinomial(rows, (likely / likely.sum()).ravel(), size=number)
    found = drawn.reshape(number, *shape).astype(np.float64)
    found.flags.writeable = False
    return found
