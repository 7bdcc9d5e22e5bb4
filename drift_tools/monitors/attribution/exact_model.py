"""Exact SHAP values of a deployed model, where its last estimator is linear or made of trees.

The model's process says what that estimator is and which numbers reach it of a row (`ModelProcess.inside`). Nothing of
it is believed: that the estimator's own sum is the score that the endpoint answers, and that each of its columns comes
from one of the model's inputs, is tried on rows that are mixed of two. Where either is not so, or the values would take
too long, there is a reason and no values; the caller then estimates them.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.monitors.attribution.exact import linear_shap, tree_shap

Numbers = NDArray[np.float64]
Cells = NDArray[Any]
Inside = Callable[[Cells], Mapping[str, NDArray[Any]] | str]

_TRIED: Final = 200  # pairs of rows by which columns are told apart
_SEED: Final = 1
_CLOSE: Final = 2e-5  # scripts round their answers
# Leaves times background rows: some seconds. A forest of more is explained against fewer rows, of far more not at all.
_MOST_LEAVES: Final = 60_000
_FEWEST_BACKGROUND: Final = 5


@dataclass(frozen=True, slots=True)
class ExactModel:
    """A model's last estimator. `name`: its class; `is_logit`: its score is the logistic function of its sum."""

    name: str
    is_logit: bool
    outputs: int
    _arrays: Mapping[str, NDArray[Any]]

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> "ExactModel":
        """Take it from what the model's process says."""
        outputs = len(arrays["coefficients"]) if "coefficients" in arrays else arrays["value"].shape[1]
        return cls(str(arrays["name"]), bool(arrays["logit"]), int(outputs), arrays)

    @property
    def leaves(self) -> int:
        """How many leaves its trees have."""
        return 0 if "coefficients" in self._arrays else int((self._arrays["left"] < 0).sum())

    def sums(self, rows: Numbers, output: int) -> Numbers:
        """Its sum for each row, up to a constant."""
        if "coefficients" in self._arrays:
            found: Numbers = rows @ self._arrays["coefficients"][output]
            return found
        total = np.zeros(len(rows))
        walked = rows.astype(np.float32 if self._arrays["single"] else np.float64)
        for tree in self._trees():
            place = np.zeros(len(rows), dtype=np.int64)
            while (inner := np.flatnonzero(tree.children_left[place] >= 0)).size:
                node = place[inner]
                goes_left = walked[inner, tree.feature[node]] <= tree.threshold[node]
                place[inner] = np.where(goes_left, tree.children_left[node], tree.children_right[node])
            total += tree.value[place, 0, output]
        return total

    def values(self, rows: Numbers, background: Numbers, output: int, groups: NDArray[np.intp], number: int) -> Numbers:
        """The SHAP values of so many inputs, of which `groups` has that of each column, -1 for none."""
        of = np.where(groups < 0, number, groups)  # what never moves is an input more, with no value
        if "coefficients" in self._arrays:
            by_column = linear_shap(self._arrays["coefficients"][output], rows, background)
            found = np.zeros((len(rows), number + 1))
            for column, feature in enumerate(of):
                found[:, feature] += by_column[:, column]
            return found[:, :number]
        padded = np.append(of, number)
        rows, background = (np.column_stack([table, np.zeros(len(table))]) for table in (rows, background))
        found = np.zeros((len(rows), number + 1))
        for tree in self._trees():
            found += tree_shap(tree, rows, background, output, groups=padded, single=bool(self._arrays["single"]))
        return found[:, :number]

    def _trees(self) -> list[SimpleNamespace]:
        starts, found = self._arrays["starts"], []
        for first, last in itertools.pairwise(starts):
            part = {name: self._arrays[name][first:last] for name in ("left", "right", "feature", "threshold")}
            found.append(
                SimpleNamespace(
                    children_left=part["left"],
                    children_right=part["right"],
                    feature=part["feature"],
                    threshold=part["threshold"],
                    value=self._arrays["value"][first:last, None, :],
                )
            )
        return found


def exact_values(
    inside: Inside, ask: Callable[[Cells], Numbers], rows: Cells, background: Cells, *, use_logit: bool
) -> tuple[Numbers, str] | str:
    """SHAP values of shape (rows, inputs) and what they are of, or the reason why there are none.

    Parameters
    ----------
    inside
        Says what the estimator is and what reaches it of some rows.
    ask
        The scores that the model answers to some rows; with `use_logit` their logits.
    rows, background
        Of shapes (n, inputs) and (b, inputs), as the requests have them.
    use_logit
        Whether log-odds are explained in place of probabilities.
    """
    first = inside(rows)
    if isinstance(first, str):
        return first
    model = ExactModel.of(first)
    if reason := _unit(model, use_logit=use_logit):
        return reason
    given, absent = first["rows"], _rows(inside, background)
    output = _output(model, given, ask(rows))
    if len(given) != len(rows) or absent is None or output is None:
        return f"what the model answers is not what its {model.name} says alone"
    kept = absent[: max(_MOST_LEAVES // max(model.leaves, 1), _FEWEST_BACKGROUND)]
    groups = _groups(inside, rows, background)
    if model.leaves * len(kept) > _MOST_LEAVES * 2:
        groups = f"the {model.leaves:,} leaves of its {model.name} are too many to walk through"
    if isinstance(groups, str):
        return groups
    values = model.values(given, kept, output, groups, rows.shape[1])
    return values, f"exact, of a {model.name}{', in log-odds' if use_logit else ''}, {len(kept)} background rows"


def _unit(model: ExactModel, *, use_logit: bool) -> str:
    """Why the estimator's sum is not what is to be explained; empty if it is."""
    if model.is_logit and not use_logit:
        return f"the probability of a {model.name} is a curve of a sum: exact are its log-odds (use_logit)"
    if not model.is_logit and use_logit:
        return f"the score of a {model.name} is a sum of its own, and log-odds are wanted"
    return ""


def _rows(inside: Inside, cells: Cells) -> Numbers | None:
    found = inside(cells)
    if isinstance(found, str) or len(found["rows"]) != len(cells):
        return None
    rows: Numbers = found["rows"]
    return rows


def _output(model: ExactModel, rows: Numbers, scores: Numbers) -> int | None:
    """Which of the estimator's outputs the score is: the one from which it differs by a constant."""
    for output in range(model.outputs):
        sums = model.sums(rows, output)
        if len(sums) != len(scores):
            return None
        if model.is_logit:  # rounded probabilities near 0 and 1 say little of their log-odds
            offset = float(np.median(scores - sums))
            gap = 1 / (1 + np.exp(-scores)) - 1 / (1 + np.exp(-(sums + offset)))
        else:
            offset = float(np.median(scores - sums))
            gap = (scores - sums - offset) / max(1.0, float(np.abs(scores).max()))
        if np.abs(gap).max() <= _CLOSE and sums.std() > 0:
            return output
    return None


def _groups(inside: Inside, rows: Cells, background: Cells) -> NDArray[np.intp] | str:
    """Say which input each of the estimator's columns comes from; -1 of one that nothing moves."""
    generator = np.random.default_rng(_SEED)
    one = rows[generator.integers(0, len(rows), _TRIED)]
    other = np.concatenate([background, rows])[generator.integers(0, len(background) + len(rows), _TRIED)]
    before, after = _rows(inside, other), _rows(inside, one)
    if before is None or after is None:
        return "rows cannot be followed to its last estimator"
    groups = np.full(before.shape[1], -1, dtype=np.intp)
    for feature in range(rows.shape[1]):
        mixed = other.copy()
        mixed[:, feature] = one[:, feature]
        moved = _rows(inside, mixed)
        if moved is None:
            return "rows cannot be followed to its last estimator"
        columns = np.flatnonzero((moved != before).any(axis=0))
        if (groups[columns] >= 0).any():
            return "one column of its last estimator comes from several inputs"
        groups[columns] = feature
    chosen = generator.random(one.shape) < 0.5
    both = _rows(inside, np.where(chosen, one, other))
    by_column = np.column_stack([chosen, np.zeros(len(chosen), bool)])[:, groups]
    if both is None or not np.allclose(both, np.where(by_column, after, before), atol=1e-9, equal_nan=True):
        return "its columns depend on several inputs together"
    return groups
