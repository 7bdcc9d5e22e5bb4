"""Exact SHAP values of linear models and of trees, where a model lets its coefficients or nodes be read.

Both are interventional values against given background rows (Janzing, Minorics and Blöbaum 2020), the same quantity
that `permutation_shap` estimates.
"""

from math import factorial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

_LEAF: Final = -1


def linear_shap(coefficients: Numbers, rows: Numbers, background: Numbers) -> Numbers:
    """φ = w · (x − mean of the background): Lundberg and Lee 2017, corollary 1.

    Parameters
    ----------
    coefficients:
        Of shape (features,).
    rows, background:
        Of shapes (n, features) and (b, features).

    Returns
    -------
    Of shape (n, features), in the unit of the model's linear output.
    """
    values: Numbers = (rows - background.mean(axis=0)) * coefficients
    return values


def tree_shap(
    tree: Any,
    rows: Numbers,
    background: Numbers,
    output: int = 0,
    *,
    groups: NDArray[np.intp] | None = None,
    single: bool = True,
) -> Numbers:
    """SHAP values of one decision tree, averaged over the background rows.

    For one background row z and one row x a leaf is reached by taking some features from x (the set U) and some from z
    (the set W); it adds its value times |U|−1! |W|! / (|U|+|W|)! to each of U and takes |U|! |W|−1! / (|U|+|W|)! of it
    from each of W. Lundberg et al. 2020, "From local explanations to global understanding", algorithm 3.

    Parameters
    ----------
    tree:
        A fitted `sklearn.tree.DecisionTree*.tree_`.
    rows, background:
        Of shapes (n, columns) and (b, columns).
    output:
        Which of the tree's outputs: the class of a classifier's.
    groups:
        Of each column the feature that it comes from, such as those of one category each; default each is one.
    single:
        Whether values are rounded to single precision, as scikit-learn's trees (not its histogram boosting) do.

    Returns
    -------
    Of shape (n, features).
    """
    precision = np.float32 if single else np.float64
    of = np.arange(rows.shape[1]) if groups is None else groups
    values = np.zeros((len(rows), int(of.max()) + 1))
    walked = rows.astype(precision)
    for absent in background.astype(precision):
        _Walk(tree, output, walked, absent, values=values, groups=of).node(
            0, np.arange(len(rows)), frozenset(), frozenset()
        )
    return values / len(background)


class _Walk:
    """One walk through a tree with all rows at once, against one background row."""

    def __init__(
        self,
        tree: Any,
        output: int,
        rows: NDArray[Any],
        absent: NDArray[Any],
        *,
        values: Numbers,
        groups: NDArray[np.intp],
    ) -> None:
        self._left, self._right = tree.children_left, tree.children_right
        self._feature, self._threshold = tree.feature, tree.threshold
        self._leaves = tree.value[:, 0, output]
        self._rows, self._absent, self._values, self._groups = rows, absent, values, groups

    def node(self, node: int, rows: NDArray[np.intp], present: frozenset[int], absent: frozenset[int]) -> None:
        """Go down with the rows that reach this node if `present` come from them and `absent` from the background."""
        if not len(rows):
            return
        if self._left[node] == _LEAF:
            self._add(self._leaves[node], rows, present, absent)
            return
        column = int(self._feature[node])
        feature = int(self._groups[column])
        goes_left = self._rows[rows, column] <= self._threshold[node]
        absent_goes_left = bool(self._absent[column] <= self._threshold[node])
        for is_left, child in ((True, self._left[node]), (False, self._right[node])):
            taken = rows[goes_left == is_left]
            if feature in present:
                self.node(child, taken, present, absent)
            elif feature in absent:
                if absent_goes_left == is_left:
                    self.node(child, rows, present, absent)
            elif absent_goes_left == is_left:
                self.node(child, taken, present, absent)
                self.node(child, rows[goes_left != is_left], present, absent | {feature})
            else:
                self.node(child, taken, present | {feature}, absent)

    def _add(self, leaf: float, rows: NDArray[np.intp], present: frozenset[int], absent: frozenset[int]) -> None:
        for feature in present:
            self._values[rows, feature] += leaf * _weight(len(present) - 1, len(absent))
        for feature in absent:
            self._values[rows, feature] -= leaf * _weight(len(present), len(absent) - 1)


def _weight(first: int, second: int) -> float:
    return factorial(first) * factorial(second) / factorial(first + second + 1)
