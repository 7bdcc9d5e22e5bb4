"""SHAP values of any model, by antithetic permutation sampling."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
Scores = NDArray[np.float64]
Score = Callable[[Rows], Scores]


def permutation_shap(
    score: Score,
    rows: Rows,
    background: Rows,
    *,
    permutations: int = 3,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """Estimate the SHAP values of a model's score.

    Each order of the features is walked twice, forwards and backwards: the two errors largely cancel (antithetic
    sampling; Mitchell, Cooper, Frank and Holmes, "Sampling permutations for Shapley value estimation", 2022). Whatever
    the number of permutations, a row's values add up to its score less the background's mean score exactly.

    Parameters
    ----------
    score:
        Takes rows of shape (n, features), numbers or objects, returns n scores, a row's whatever else it is asked with.
        It is asked at most 1 + permutations × (2 × features - 1) times: of a step only for the rows that it changes,
        so for few of them where features have few values.
    rows:
        The rows to explain, of shape (n, features).
    background:
        Rows of shape (b, features) that stand for "the feature is not known"; row i is held against background row
        (i + k) modulo b in permutation k, so that all of them take their turn.
    permutations:
        How many orders of the features are drawn; at least 1.
    seed:
        Of the orders.
    progress:
        Called with (orders done, orders in all).

    Returns
    -------
    Of shape (n, features), in the score's unit.
    """
    number, features = rows.shape
    generator = np.random.default_rng(seed)
    values = np.zeros((number, features))
    whole = score(rows)  # where each way ends
    for turn in range(permutations):
        order = generator.permutation(features)
        absent = background[(np.arange(number) + turn) % len(background)]
        none = score(absent)  # where both ways begin
        for direction in (order, order[::-1]):
            current, before = absent.copy(), none
            for feature in direction[:-1]:
                changed = current[:, feature] != rows[:, feature]
                after = before.copy()
                if changed.any():
                    current[changed, feature] = rows[changed, feature]
                    after[changed] = score(current[changed])
                values[:, feature] += after - before
                before = after
            values[:, direction[-1]] += whole - before
        if progress is not None:
            progress(turn + 1, permutations)
    return values / (2 * permutations)
