"""Calibrate a classifier's probabilities where that helps: isotonic regression, accepted by cross-validation."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from drift_tools.significance import mid_ranks

Numbers = NDArray[np.float64]

_FOLDS: Final = 10
_HELD_OUT: Final = 0.1
_SEED: Final = 42
_BINS: Final = 10
# A classifier that separates the classes this well has nearly no scores between 0 and 1 to calibrate.
_SEPARATED: Final = 0.999


@dataclass(frozen=True, slots=True)
class Calibrator:
    """A non-decreasing function from scores to probabilities: linear between the knots, constant beyond them.

    `scores` and `probabilities`, of shape (knots,), both ascending. One with no knots changes nothing.
    """

    scores: Numbers
    probabilities: Numbers

    @classmethod
    def unchanged(cls) -> "Calibrator":
        """The calibrator of probabilities that need none."""
        return cls(np.empty(0), np.empty(0))

    @classmethod
    def isotonic(cls, outcomes: Numbers, scores: Numbers) -> "Calibrator":
        """Fit the non-decreasing function of least squares (Zadrozny and Elkan 2002); `outcomes` are 0 or 1."""
        knots, where, counts = np.unique(scores, return_inverse=True, return_counts=True)
        means = np.bincount(where, weights=outcomes) / counts
        return cls(knots, isotonic_regression(means, weights=counts.astype(np.float64)).x)

    def __call__(self, scores: Numbers) -> Numbers:
        """The probabilities of these scores, of the same shape."""
        return np.interp(scores, self.scores, self.probabilities) if len(self.scores) else scores


def fit_calibrator(outcomes: Numbers, scores: Numbers) -> Calibrator:
    """Fit a calibrator, and keep it only if held-out rows are better calibrated with it than without.

    Parameters
    ----------
    outcomes:
        1 where the class occurred and 0 elsewhere, of shape (rows,).
    scores:
        The model's probabilities of that class, of shape (rows,).
    """
    if not 0 < outcomes.mean() < 1 or area_under_roc(outcomes, scores) > _SEPARATED:
        return Calibrator.unchanged()
    held_out, before, after = [], [], []
    for test in stratified_folds(outcomes):
        train = np.ones(len(outcomes), bool)
        train[test] = False
        held_out.append(outcomes[test])
        before.append(scores[test])
        after.append(Calibrator.isotonic(outcomes[train], scores[train])(scores[test]))
    truth = np.concatenate(held_out)
    if calibration_error(truth, np.concatenate(before)) <= calibration_error(truth, np.concatenate(after)):
        return Calibrator.unchanged()
    return Calibrator.isotonic(outcomes, scores)


def stratified_folds(outcomes: Numbers) -> list[NDArray[np.intp]]:
    """Ten random tenths of the rows, each with both outcomes in their shares: the test sets of scikit-learn's
    `StratifiedShuffleSplit(10, test_size=0.1, random_state=42)`, by which NannyML decides, without scikit-learn.

    Another draw decides otherwise in close cases, and that has cost an estimate two points.
    """
    generator = np.random.RandomState(_SEED)
    order, positive = np.argsort(outcomes, kind="mergesort"), int(outcomes.sum())
    classes = np.split(order, [len(outcomes) - positive])
    counts = np.array([len(rows) for rows in classes])
    tests = math.ceil(_HELD_OUT * len(outcomes))
    folds = []
    for _ in range(_FOLDS):
        trained = _shares(counts, len(outcomes) - tests, generator)
        tested = _shares(counts - trained, tests, generator)
        chosen = [
            rows[generator.permutation(len(rows))][first : first + size]
            for rows, first, size in zip(classes, trained, tested, strict=True)
        ]
        generator.permutation(int(trained.sum()))  # it shuffles what it trains on, too
        folds.append(generator.permutation(np.concatenate(chosen)))
    return folds


def _shares(counts: NDArray[np.intp], number: int, generator: np.random.RandomState) -> NDArray[np.intp]:
    """So many rows divided among classes of these sizes, ties by lot: scikit-learn's `_approximate_mode`."""
    exact = counts / counts.sum() * number
    whole = np.floor(exact)
    remainders, left = exact - whole, int(number - whole.sum())
    for value in np.sort(np.unique(remainders))[::-1]:
        if left <= 0:
            break
        places = np.flatnonzero(remainders == value)
        taken = generator.choice(places, size=min(len(places), left), replace=False)
        whole[taken] += 1
        left -= len(taken)
    found: NDArray[np.intp] = whole.astype(np.intp)
    return found


def calibration_error(outcomes: Numbers, probabilities: Numbers) -> float:
    """Expected calibration error over ten bins of equal count (Naeini, Cooper and Hauskrecht 2015), 0 … 1; the last bin
    has what is left over, as NannyML's.
    """
    order, rows = np.argsort(probabilities), len(probabilities)
    bins = _BINS if rows > 2 * _BINS else max(rows // 2, 1)
    edges = np.arange(0, rows + 1, rows // bins)
    edges[-1] = rows
    gaps = [
        len(part) * abs(float(outcomes[part].mean() - probabilities[part].mean()))
        for part in np.split(order, edges[1:-1])
    ]
    return sum(gaps) / rows


def area_under_roc(outcomes: Numbers, scores: Numbers) -> float:
    """The area under the ROC curve (Mann–Whitney); NaN unless both outcomes occur."""
    positive = outcomes == 1
    number = int(positive.sum())
    rest = len(outcomes) - number
    if not number or not rest:
        return float("nan")
    ranks = mid_ranks(scores)
    return float((ranks[positive].sum() - number * (number + 1) / 2) / (number * rest))
