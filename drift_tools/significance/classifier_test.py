"""Whether the columns together have changed, where no column alone has: a classifier two-sample test.

A classifier is trained to tell current rows from baseline rows and asked about rows that it has not seen. If it does
better than chance, the two differ, in whatever way it found (Lopez-Paz and Oquab, "Revisiting classifier two-sample
tests", ICLR 2017). It was chosen over the maximum mean discrepancy (Gretton et al., JMLR 13, 2012) because its
statistic says something to people: an area under the ROC curve of 0.5 is "cannot be told apart" and 1 is "always", at
any number of rows or columns, so that a difference can be called significant and still too small to care about. A
discrepancy's size depends on kernel and dimension, and with one radial kernel over twenty columns it hardly sees that
two of them parted.

The classifier is ridge regression in a kernel of the columns and the products of any two, because it has a closed
form: the same factorised matrix answers for every permutation of the labels, and the cost does not grow with the
number of pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.significance.ranks import mid_ranks
from drift_tools.tables import Column, Numbers, Table, as_single, as_table, common_spelling, respelt_cells

Integers: TypeAlias = NDArray[np.int64]
ROWS = 1000
MINIMUM_ROWS = 50
_FOLDS = 5
_CATEGORIES = 10
_FEATURES_AT_ONCE = 512
_RIDGE = 1.0  # of the mean diagonal of the kernel: strong, since a wiggly classifier learns the noise


@dataclass(frozen=True, slots=True)
class MultivariateTest:
    """What a classifier could tell.

    `statistic`: the area under the ROC curve on rows that it had not seen, 0.5 for chance and 1 for always. `p_value`:
    the share of permuted labels for which it did at least as well. `columns_alone`: the area that the columns one by
    one allow, without their products; where it is near 0.5 and `statistic` is not, only the columns together show it.
    `strongest`: the two columns whose correlation changed most, None if there are not two. `baseline_rows`,
    `current_rows`: how many rows of either side were used. `permutations`: of the labels.
    """

    statistic: float
    p_value: float
    columns_alone: float
    strongest: tuple[str, str] | None
    baseline_rows: int
    current_rows: int
    permutations: int


def two_sample_test(
    baseline: object,
    current: object,
    *,
    columns: Sequence[str] | None = None,
    rows: int = ROWS,
    permutations: int = 499,
    seed: int = 0,
) -> MultivariateTest:
    """The classifier two-sample test on the columns that both tables have.

    Numbers are replaced by the normal scores of their ranks among both sides' rows (no outlier weighs more than any
    other largest value), categories by an indicator for each of the ten most frequent, missing values by an indicator
    of their own; each column weighs the same. All of that looks at both sides alike, so that permuting the labels is
    an exact test: under equality, p <= alpha in at most alpha of all runs. The area is that of 5-fold cross-validation.

    Parameters
    ----------
    baseline, current
        tables, as `drift_tools.compare` takes them.
    columns
        the columns to look at; without it, all that both tables have.
    rows
        how many rows of each side are used, 50 or more; from a side with more, that many are drawn without
        replacement. Time grows with the square of it and linearly with the number of columns: 1,000 rows take about a
        second, whatever the size of the tables.
    permutations
        99 or more; the smallest possible p-value is 1 / (1 + permutations).
    seed
        of the draws, the folds and the permutations; the same seed gives the same result.

    Raises
    ------
    InputError
        if either is no table, has fewer than 50 rows, or the tables share no column; for a number out of bounds.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x, y = rng.normal(size=(2, 400))
    >>> test = two_sample_test({"x": x, "y": x + y}, {"x": x, "y": -x + y}, permutations=99)
    >>> test.p_value, test.statistic > 0.7, test.strongest
    (0.01, True, ('x', 'y'))
    """
    before, after = as_table(baseline, what="baseline"), as_table(current, what="current")
    cells = {name: _cells(before.columns[name], after.columns[name]) for name in _shared(before, after, columns)}
    return classify_cells(cells, (before.rows, after.rows), rows=rows, permutations=permutations, seed=seed)


def classify_cells(
    cells: Mapping[str, tuple[NDArray[Any], NDArray[Any]]],
    sizes: tuple[int, int],
    *,
    rows: int = ROWS,
    permutations: int = 499,
    seed: int = 0,
) -> MultivariateTest:
    """`two_sample_test` of columns that somebody else has read.

    Parameters
    ----------
    cells
        by column, of baseline and current, the cells in the order of the rows: floats with NaN for what is missing, or
        texts with None.
    sizes
        the rows of either side.
    rows, permutations, seed
        as in `two_sample_test`, and so are the errors.
    """
    if rows < MINIMUM_ROWS:
        raise InputError(f"rows is {rows}: give {MINIMUM_ROWS} or more")
    if permutations < 99:
        raise InputError(f"permutations is {permutations}: give 99 or more")
    if not cells:
        raise InputError("the tables share no column: check the header of either")
    for what, size in zip(("baseline", "current data"), sizes, strict=True):
        if size < MINIMUM_ROWS:
            raise InputError(f"the {what} has {size} rows: give {MINIMUM_ROWS} or more")
    rng = np.random.default_rng(seed)
    draws = [_draw(size, rows, rng) for size in sizes]
    encoded = [_encode(before[draws[0]], after[draws[1]]) for before, after in cells.values()]
    labels = np.repeat([-1.0, 1.0], [len(draw) for draw in draws])
    permuted = np.stack([labels, *(rng.permutation(labels) for _ in range(permutations))], axis=1)
    folds = _folds(labels, rng)
    additive = _additive_kernel(encoded)
    areas = _areas((1 + additive) ** 2, permuted, folds)
    return MultivariateTest(
        statistic=float(areas[0]),
        p_value=(1 + int(np.count_nonzero(areas[1:] >= areas[0]))) / (1 + permutations),
        columns_alone=float(_areas(1 + additive, permuted[:, :1], folds)[0]),
        strongest=_strongest(list(cells), encoded, len(draws[0])),
        baseline_rows=len(draws[0]),
        current_rows=len(draws[1]),
        permutations=permutations,
    )


def _shared(before: Table, after: Table, columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        names = [name for name in before.names if name in after.columns]
        if not names:
            raise InputError("the tables share no column: check the header of either")
        return names
    for name in columns:
        if name not in before.columns or name not in after.columns:
            side = "the baseline" if name not in before.columns else "the current data"
            raise InputError(f"column {name!r} is not in {side}: name columns that both tables have")
    if not columns:
        raise InputError("columns is empty: name at least one, or leave it out for all")
    return list(columns)


def _draw(available: int, rows: int, rng: np.random.Generator) -> Integers:
    if available <= rows:
        return np.arange(available)
    drawn: Integers = np.sort(rng.choice(available, rows, replace=False))
    return drawn


def _cells(before: Column, after: Column) -> tuple[NDArray[Any], NDArray[Any]]:
    if not (before.is_mostly_numerical and after.is_mostly_numerical):
        return before.as_texts(), after.as_texts()
    first, second = before.as_numbers()[0], after.as_numbers()[0]
    return (as_single(first), as_single(second)) if before.is_single != after.is_single else (first, second)


def _encode(before: NDArray[Any], after: NDArray[Any]) -> Numbers:
    """The column as features, rows x features, each centred over both sides; together they have variance 1."""
    if before.dtype.kind == "f":
        values = np.concatenate([before, after])
        features = [_normal_scores(values), np.isnan(values)]
    else:
        new = common_spelling(*(set(side) - {None} for side in (before, after)))
        texts = np.concatenate([respelt_cells(side, new) for side in (before, after)])
        missing = np.array([text is None for text in texts])
        names, totals = np.unique(texts[~missing].astype(str), return_counts=True)
        frequent = names[np.argsort(-totals, kind="stable")[:_CATEGORIES]]
        features = [missing, *(texts == name for name in frequent)]
    matrix = np.stack(features, axis=1).astype(np.float64)
    matrix -= matrix.mean(axis=0)
    deviation = np.sqrt(np.sum(matrix.var(axis=0)))
    scaled: Numbers = matrix / deviation if deviation > 0 else matrix
    return scaled


def _normal_scores(values: Numbers) -> Numbers:
    """The normal quantiles of the values' mid-ranks; 0 where a value is missing."""
    from scipy.special import ndtri  # noqa: PLC0415 - slow to import

    present = ~np.isnan(values)
    scores = np.zeros(len(values))
    scores[present] = ndtri((mid_ranks(values[present]) - 0.5) / max(int(present.sum()), 1))
    return scores


def _additive_kernel(encoded: Sequence[Numbers]) -> Numbers:
    matrix = np.concatenate(encoded, axis=1)
    kernel: Numbers = matrix @ matrix.T
    return kernel


def _folds(labels: Numbers, rng: np.random.Generator) -> list[Integers]:
    """The rows of each fold. They do not look at the permuted labels, so every permutation is treated alike."""
    shuffled = rng.permutation(len(labels))
    return [np.sort(part) for part in np.array_split(shuffled, _FOLDS)]


def _areas(kernel: Numbers, labels: Numbers, folds: Sequence[Integers]) -> Numbers:
    """Take, for each column of labels, the mean over folds of the area under the curve on the rows left out."""
    from scipy.linalg import cho_factor, cho_solve  # noqa: PLC0415 - slow to import

    total = np.zeros(labels.shape[1])
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(kernel)), fold)
        inner = kernel[np.ix_(rest, rest)]
        inner[np.diag_indices(len(rest))] += _RIDGE * np.trace(inner) / len(rest)
        centred = labels[rest] - labels[rest].mean(axis=0)
        scores = kernel[np.ix_(fold, rest)] @ cho_solve(
            cho_factor(inner, overwrite_a=True, check_finite=False), centred, check_finite=False
        )
        total += _area(scores, labels[fold] > 0)
    areas: Numbers = total / len(folds)
    return areas


def _area(scores: Numbers, positive: NDArray[np.bool_]) -> Numbers:
    """The area under the ROC curve, column by column, ties counted half; 0.5 if a column has only one class."""
    ranks = mid_ranks(np.round(scores, 12))
    ones = positive.sum(axis=0)
    zeros = len(scores) - ones
    pairs = ones * zeros
    wins = np.sum(ranks * positive, axis=0) - ones * (ones + 1) / 2
    area: Numbers = np.where(pairs > 0, wins / np.maximum(pairs, 1), 0.5)
    return area


def _strongest(names: Sequence[str], encoded: Sequence[Numbers], first: int) -> tuple[str, str] | None:
    """The pair of columns of which any features' correlations differ most between the sides."""
    if len(names) < 2:
        return None
    matrix = np.concatenate(encoded, axis=1)
    owner = np.repeat(np.arange(len(names)), [features.shape[1] for features in encoded])
    sides = _standardised(matrix[:first]), _standardised(matrix[first:])
    most, pair = -1.0, (0, 0)
    for start in range(0, len(owner), _FEATURES_AT_ONCE):  # all at once would be features times features
        rows = slice(start, start + _FEATURES_AT_ONCE)
        before, after = (side[:, rows].T @ side for side in sides)  # correlations
        change = np.abs(before - after)
        change[owner[rows, None] >= owner[None, :]] = -1.0
        left, right = np.unravel_index(int(np.argmax(change)), change.shape)
        if change[left, right] > most:
            most, pair = float(change[left, right]), (int(owner[start + left]), int(owner[right]))
    return names[pair[0]], names[pair[1]]


def _standardised(matrix: Numbers) -> Numbers:
    """The columns less their mean, of length 1; 0 where one is constant."""
    centred = matrix - matrix.mean(axis=0)
    norms = np.sqrt(np.sum(centred**2, axis=0))
    scaled: Numbers = centred / np.where(norms > 0, norms, 1.0)
    return scaled
