"""Estimate a classifier's quality before the labels come, from its own calibrated probabilities.

Confidence-based performance estimation (CBPE) as NannyML defines it: a row with a calibrated probability c of the
positive class is c positive and 1 − c negative, and the metrics are those of the expected confusion matrix. It holds as
long as a probability goes on meaning what it meant in the baseline (no concept drift) and the rows are of a kind that
the baseline has (no covariate shift to where it has none); `trustworthy` looks at the second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.calibration import Calibrator, Numbers, fit_calibrator

Truths = NDArray[np.bool_]

METRICS: Final = ("accuracy", "precision", "recall", "true_negative_rate", "f1", "auc")
# NannyML's width of an interval, in sampling errors.
_ERRORS: Final = 3.0
# The estimate is not to be trusted where more than this share of the scores lies beyond those of the baseline.
_LARGEST_SHARE_BEYOND: Final = 0.01
FEWEST_ROWS: Final = 50


@dataclass(frozen=True, slots=True)
class Estimate:
    """One metric as estimated, with the interval that sampling leaves it; of a share, so within 0 … 1."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class _Expected:
    """What a sampling error is made of: the baseline's spread of one metric for one row, and its share of rows."""

    spread: float
    share: float

    def error(self, rows: int) -> float:
        return self.spread / float(np.sqrt(rows * self.share)) if self.share else 0.0


@dataclass(frozen=True, slots=True)
class _Class:
    """One class against the rest: its calibrator and its sampling errors."""

    calibrator: Calibrator
    errors: Mapping[str, Sequence[_Expected]]


@dataclass(frozen=True, slots=True)
class QualityEstimator:
    """An estimator that was fitted to a baseline with labels.

    `classes` are the names of the classes in the order of the probabilities' columns; of a binary problem there is one
    entry, the positive class. `lowest` and `highest` are the ends of the baseline's scores a class.
    """

    classes: Sequence[str]
    _by_class: Sequence[_Class]
    _accuracy: _Expected
    lowest: Numbers
    highest: Numbers

    @classmethod
    def fit(
        cls, classes: Sequence[str], labels: NDArray[np.object_], predicted: NDArray[np.object_], scores: Numbers
    ) -> "QualityEstimator":
        """Fit to a baseline, which must not be the data that the model was trained on.

        Parameters
        ----------
        classes:
            The positive class of a binary problem alone, or every class of a multiclass problem.
        labels, predicted:
            Names of classes, of shape (rows,).
        scores:
            Of shape (rows, len(classes)): the model's probabilities.

        Raises
        ------
        InputError
            If there are too few rows, or a score is no probability.
        """
        if len(labels) < FEWEST_ROWS:
            raise InputError(f"the baseline has {len(labels)} labelled rows: {FEWEST_ROWS} are needed for an estimate")
        _check(scores, "baseline")
        fitted = []
        for column, name in enumerate(classes):
            truth, is_predicted = labels == name, predicted == name
            calibrator = fit_calibrator(truth.astype(np.float64), scores[:, column])
            fitted.append(_Class(calibrator, _expected_errors(truth, is_predicted, scores[:, column])))
        right = labels == predicted
        accuracy = _spread(np.ones_like(right), right)
        return cls(tuple(classes), fitted, accuracy, scores.min(axis=0), scores.max(axis=0))

    def estimate(self, predicted: NDArray[np.object_], scores: Numbers) -> dict[str, Estimate]:
        """Estimate every metric of a window; of a multiclass problem the mean over the classes, but for accuracy.

        Parameters
        ----------
        predicted:
            Names of classes, of shape (rows,).
        scores:
            Of shape (rows, classes).

        Raises
        ------
        InputError
            If there are no rows, or a score is no probability.
        """
        if not len(predicted):
            raise InputError("the window has no rows with a prediction and its probability: nothing can be estimated")
        _check(scores, "window")
        calibrated = self._calibrated(scores)
        metrics = [
            _metrics(predicted == name, calibrated[:, column], scores[:, column])
            for column, name in enumerate(self.classes)
        ]
        values = {name: float(np.mean([one[name] for one in metrics])) for name in METRICS}
        if len(self.classes) > 1:
            where = {name: column for column, name in enumerate(self.classes)}
            columns = np.array([where.get(name, -1) for name in predicted])
            known = columns >= 0
            values["accuracy"] = float(np.where(known, calibrated[np.arange(len(columns)), columns], 0.0).mean())
        rows = len(predicted)
        return {name: _interval(value, self._error(name, rows)) for name, value in values.items()}

    def measured(
        self, labels: NDArray[np.object_], predicted: NDArray[np.object_], scores: Numbers
    ) -> dict[str, float]:
        """The same metrics of rows with labels: each class's truth in the place of its probability."""
        each = [
            _metrics(predicted == name, (labels == name).astype(np.float64), scores[:, column])
            for column, name in enumerate(self.classes)
        ]
        values = {name: float(np.mean([one[name] for one in each])) for name in METRICS}
        return values | {"accuracy": float((labels == predicted).mean())}

    def share_beyond(self, scores: Numbers) -> float:
        """The share of rows with a score outside of those that the baseline has."""
        return float(((scores < self.lowest) | (scores > self.highest)).any(axis=1).mean())

    def is_trustworthy(self, scores: Numbers) -> bool:
        """Whether the window's scores lie where the baseline has some: beyond, the calibration was never tried."""
        return self.share_beyond(scores) <= _LARGEST_SHARE_BEYOND

    def _calibrated(self, scores: Numbers) -> Numbers:
        each = np.column_stack([one.calibrator(scores[:, at]) for at, one in enumerate(self._by_class)])
        if len(self.classes) == 1:
            return each
        sums = each.sum(axis=1, keepdims=True)
        shares: Numbers = np.divide(each, sums, out=np.full_like(each, 1 / each.shape[1]), where=sums != 0)
        return shares

    def _error(self, metric: str, rows: int) -> float:
        """One sampling error. The accuracy of several classes is one share of all rows: NannyML takes the mean of the
        classes' errors for it, as if they were independent, and its interval is half as wide as windows differ.
        """
        if metric == "accuracy" and len(self.classes) > 1:
            return self._accuracy.error(rows)
        parts = [part.error(rows) for one in self._by_class for part in one.errors[metric]]
        return float(np.sqrt(np.sum(np.square(parts)))) / len(self._by_class)


def _check(scores: Numbers, where: str) -> None:
    if scores.size and not (np.isfinite(scores).all() and scores.min() >= 0 and scores.max() <= 1):
        raise InputError(
            f"the {where}'s probabilities go from {scores.min():.4g} to {scores.max():.4g}: they must be within 0 … 1; "
            "divide per cents by 100, leave rows without a probability out"
        )


def _quotient(numerator: float, denominator: float) -> float:
    return numerator / denominator if denominator else 0.0


def _metrics(predicted: Truths, probabilities: Numbers, scores: Numbers) -> dict[str, float]:
    """The metrics of the expected confusion matrix of one class against the rest."""
    tp, fp = float(probabilities[predicted].sum()), float((1 - probabilities[predicted]).sum())
    fn, tn = float(probabilities[~predicted].sum()), float((1 - probabilities[~predicted]).sum())
    return {
        "accuracy": (tp + tn) / len(predicted),
        "precision": _quotient(tp, tp + fp),
        "recall": _quotient(tp, tp + fn),
        "true_negative_rate": _quotient(tn, tn + fp),
        "f1": _quotient(tp, tp + (fp + fn) / 2),
        "auc": _expected_auc(probabilities, scores),
    }


def _expected_auc(probabilities: Numbers, scores: Numbers) -> float:
    """The area under the ROC curve of rows that are partly positive and partly negative; equal scores tie."""
    distinct, where = np.unique(scores, return_inverse=True)
    positive = np.bincount(where, weights=probabilities, minlength=len(distinct))
    negative = np.bincount(where, weights=1 - probabilities, minlength=len(distinct))
    below = np.concatenate([[0.0], np.cumsum(negative)[:-1]])
    return _quotient(float((positive * (below + negative / 2)).sum()), float(positive.sum() * negative.sum()))


def _expected_errors(truth: Truths, predicted: Truths, scores: Numbers) -> dict[str, Sequence[_Expected]]:
    """The spread of each metric for one row, from the baseline's labels (NannyML's `sampling_error`)."""
    right = truth == predicted
    tp, wrong = int((truth & predicted).sum()), int((~right).sum())
    weight = _quotient(tp + wrong, tp + wrong / 2)
    return {
        "accuracy": [_spread(np.ones_like(truth), right)],
        "precision": [_spread(predicted, truth)],
        "recall": [_spread(truth, predicted)],
        "true_negative_rate": [_spread(~truth, ~predicted)],
        "f1": [_spread(truth | predicted, truth & predicted, weight)],
        "auc": [_placements(truth, scores), _placements(~truth, scores)],
    }


def _spread(rows: Truths, right: Truths, factor: float = 1.0) -> _Expected:
    """Of a share of these rows."""
    chosen = right[rows]
    return _Expected(factor * float(chosen.std()) if len(chosen) else 0.0, float(rows.mean()))


def _placements(rows: Truths, scores: Numbers) -> _Expected:
    """These rows' part of the area's error, by their places among the others (DeLong, DeLong and Clarke-Pearson 1988).

    NannyML leaves the other class's part out, which makes its intervals too narrow where the classes are of one size.
    """
    others = np.sort(scores[~rows])
    if not rows.any() or not len(others):
        return _Expected(0.0, 0.0)
    places = np.searchsorted(others, scores[rows]) / len(others)
    return _Expected(float(places.std()), float(rows.mean()))


def _interval(value: float, error: float) -> Estimate:
    return Estimate(value, max(0.0, value - _ERRORS * error), min(1.0, value + _ERRORS * error))
