"""The quality of a window before its labels come: as estimated, with the baseline's own beside it and how far to trust
it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.answer_columns import AnswerColumns
from drift_tools.monitors.model_quality.class_names import class_name, class_names
from drift_tools.monitors.model_quality.estimable import probabilities_of, require_every_class, require_known
from drift_tools.monitors.model_quality.estimation import Estimate, QualityEstimator
from drift_tools.monitors.model_quality.losses import LossEstimator
from drift_tools.monitors.model_quality.outcomes import column_name, numbers_of, read_outcomes
from drift_tools.monitors.model_quality.support import Support
from drift_tools.tables import Column, Numbers, Table

CBPE: Final = "confidence-based performance estimation"
DLE: Final = "direct loss estimation"


@dataclass(frozen=True, slots=True, kw_only=True)
class EstimatedQuality:
    """What is estimated of a window. `baseline`: the same metrics as measured of the baseline; `doubt`: why the
    estimate is not to be trusted, empty where it is; `left_out`: rows without a usable prediction or probability.
    """

    method: str
    rows: int
    metrics: Mapping[str, Estimate]
    baseline: Mapping[str, float]
    doubt: str = ""
    left_out: int = 0

    @property
    def is_trusted(self) -> bool:
        """Whether the window's rows are of the baseline's kind."""
        return not self.doubt

    def to_dict(self) -> dict[str, Any]:
        """As drift.json and the command line have it."""
        return {
            "method": self.method,
            "is_estimate": True,
            "rows": self.rows,
            "left_out": self.left_out,
            "trusted": self.is_trusted,
            "doubt": self.doubt or None,
            "metrics": {
                name: {
                    "estimate": found.value,
                    "low": found.low,
                    "high": found.high,
                    "baseline": self.baseline.get(name),
                }
                for name, found in self.metrics.items()
            },
        }

    @property
    def sentence(self) -> str:
        """Say it in a sentence, for a run's message and for people."""
        if self.doubt:
            return f"The quality before labels is not estimated: {self.doubt}."
        name = next(iter(self.metrics))
        found = self.metrics[name]
        return (
            f"Estimated before labels: {name} {found.value:.3g} ({found.low:.3g} to {found.high:.3g}; "
            f"{self.baseline[name]:.3g} in the baseline)."
        )


class BeforeLabels(Protocol):
    """An estimator that was fitted to a baseline with labels."""

    def estimate(self, window: Table, columns: AnswerColumns) -> EstimatedQuality:
        """Estimate the quality of a window. Raises `InputError` if none of its rows can be used."""


def fit_before_labels(
    baseline: Table,
    columns: AnswerColumns,
    *,
    problem_type: str,
    label: str,
    probability_threshold: float | None = None,
    positive_label: str | None = None,
    support: Table | None = None,
) -> BeforeLabels:
    """Fit to a baseline with labels, which must not be the data that the model was trained on.

    `support` are rows with the columns that windows have, to know of what kind the baseline's rows are; without them
    these are the baseline's own columns beside `columns` and the label.

    Raises `InputError` where a column is missing or of no use, or there are too few rows.
    """
    truth = column_name(baseline.names, label, "ground_truth_attribute")
    own = baseline.without([truth, *_names(baseline, columns)])
    like = own if support is None else support
    known = _Known(Support.of(like, like.names))
    if problem_type == "Regression":
        return _Regression.fit(baseline, columns, truth, own.names, known)
    if problem_type == "BinaryClassification":
        return _Binary.fit(
            baseline, columns, truth, known=known, threshold=probability_threshold, positive_label=positive_label
        )
    if problem_type == "MulticlassClassification":
        return _Multiclass.fit(baseline, columns, truth, known)
    raise InputError(f"problem_type is {problem_type!r}: nothing can be estimated before labels of it")


def _names(table: Table, columns: AnswerColumns) -> list[str]:
    given = [columns.inference, columns.probability, *columns.probabilities.values()]
    return [column_name(table.names, name, "the answer's column") for name in given if name is not None]


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of the baseline's rows."""

    support: Support

    def doubt(self, window: Table) -> str:
        there = {name: known for name, known in self.support.columns.items() if name in window.columns}
        return Support(there).complaint(window)


@dataclass(frozen=True, slots=True)
class _Binary:
    estimator: QualityEstimator
    measured: Mapping[str, float]
    known: _Known
    threshold: float | None
    positive: str
    classes: Collection[str]

    @classmethod
    def fit(
        cls,
        baseline: Table,
        columns: AnswerColumns,
        truth: str,
        *,
        known: _Known,
        threshold: float | None,
        positive_label: str | None,
    ) -> "_Binary":
        if columns.probability is None:
            raise InputError(
                "probability_attribute is missing: the quality of a BinaryClassification is estimated from the "
                "probabilities, name their column or turn the estimate off"
            )
        found = read_outcomes(
            baseline,
            problem_type="BinaryClassification",
            ground_truth=truth,
            inference=columns.inference,
            probability=columns.probability,
            probability_threshold=threshold,
            positive_label=positive_label,
        )
        assert found.scores is not None  # noqa: S101 - a probability is given
        kept = found.take(np.flatnonzero(np.isfinite(found.scores)))
        assert kept.scores is not None  # noqa: S101
        scores = np.clip(kept.scores[:, None], 0.0, 1.0)
        classes = {kept.positive_label, *kept.labels.tolist(), *kept.predictions.tolist()}
        require_every_class(kept.labels, classes)
        estimator = QualityEstimator.fit([kept.positive_label], kept.labels, kept.predictions, scores)
        measured = estimator.measured(kept.labels, kept.predictions, scores)
        return cls(estimator, measured, known, threshold, kept.positive_label, classes)

    def estimate(self, window: Table, columns: AnswerColumns) -> EstimatedQuality:
        scores = probabilities_of(window, columns.probability or "", "probability_attribute")
        if columns.inference is None:
            said = np.where(scores >= (0.5 if self.threshold is None else self.threshold), self.positive, "other")
            predicted: NDArray[np.object_] = said.astype(object)
        else:
            predicted = _classes(window, columns.inference)
            require_known(predicted, self.classes, "the window's predictions")
        kept = np.isfinite(scores) & (predicted != "")
        return _estimated(self, window, predicted[kept], scores[kept][:, None], kept)


@dataclass(frozen=True, slots=True)
class _Multiclass:
    estimator: QualityEstimator
    measured: Mapping[str, float]
    known: _Known

    @classmethod
    def fit(cls, baseline: Table, columns: AnswerColumns, truth: str, known: _Known) -> "_Multiclass":
        if columns.inference is None or len(columns.probabilities) < 2:
            raise InputError(
                "the columns of the prediction and of every class's probability are needed to estimate the quality of "
                "a MulticlassClassification: name them or turn the estimate off"
            )
        labels, predicted = _classes(baseline, truth), _classes(baseline, columns.inference)
        scores, classes = _scores(baseline, columns), [class_name(name) for name in columns.probabilities]
        require_known(labels, classes, "the baseline's labels")
        require_known(predicted, classes, "the baseline's predictions")
        kept = np.isfinite(scores).all(axis=1) & (labels != "") & (predicted != "")
        labels, predicted, scores = labels[kept], predicted[kept], scores[kept]
        require_every_class(labels, classes)
        estimator = QualityEstimator.fit(classes, labels, predicted, scores)
        return cls(estimator, estimator.measured(labels, predicted, scores), known)

    def estimate(self, window: Table, columns: AnswerColumns) -> EstimatedQuality:
        scores, predicted = _scores(window, columns), _classes(window, columns.inference or "")
        require_known(predicted, self.estimator.classes, "the window's predictions")
        kept = np.isfinite(scores).all(axis=1) & (predicted != "")
        return _estimated(self, window, predicted[kept], scores[kept], kept)


@dataclass(frozen=True, slots=True)
class _Regression:
    estimator: LossEstimator
    known: _Known

    @classmethod
    def fit(
        cls, baseline: Table, columns: AnswerColumns, truth: str, features: list[str], known: _Known
    ) -> "_Regression":
        if columns.inference is None or not features:
            raise InputError(
                "the columns of the prediction and of the features are needed in the baseline to estimate the errors "
                "of a Regression: give a baseline that has them, or turn the estimate off"
            )
        labels = _numbers(baseline, truth, "ground_truth_attribute")
        predicted = _numbers(baseline, columns.inference, "inference_attribute")
        kept = np.isfinite(labels) & np.isfinite(predicted)
        rows = _rows(baseline, features, kept)
        return cls(LossEstimator.fit(rows, features, predicted[kept], labels[kept]), known)

    def estimate(self, window: Table, columns: AnswerColumns) -> EstimatedQuality:
        features = list(self.estimator.features)
        if missing := [name for name in features if name not in window.columns]:
            raise InputError(
                f"the window has no column {missing[0]!r}, from which errors are estimated: give a baseline with the "
                "columns of the requests, under the same names"
            )
        predicted = _numbers(window, columns.inference or "", "inference_attribute")
        kept = np.isfinite(predicted)
        return EstimatedQuality(
            method=DLE,
            rows=int(kept.sum()),
            metrics=self.estimator.estimate(_rows(window, features, kept), predicted[kept]),
            baseline=self.estimator.measured,
            doubt=self.known.doubt(window),
            left_out=int((~kept).sum()),
        )


def _estimated(
    fitted: _Binary | _Multiclass,
    window: Table,
    predicted: NDArray[np.object_],
    scores: Numbers,
    kept: NDArray[np.bool_],
) -> EstimatedQuality:
    estimator, doubt = fitted.estimator, fitted.known.doubt(window)
    if not doubt and len(scores) and not estimator.is_trustworthy(scores):
        doubt = f"{100 * estimator.share_beyond(scores):.0f} % of the probabilities lie beyond those of the baseline"
    return EstimatedQuality(
        method=CBPE,
        rows=len(scores),
        metrics=estimator.estimate(predicted, scores),
        baseline=fitted.measured,
        doubt=doubt,
        left_out=int((~kept).sum()),
    )


def _numbers(table: Table, name: str, what: str) -> Numbers:
    return numbers_of(table.columns[column_name(table.names, name, what)], what)


def _classes(table: Table, name: str) -> NDArray[np.object_]:
    found: NDArray[np.object_] = class_names(table.columns[column_name(table.names, name, "inference_attribute")])
    return found


def _scores(table: Table, columns: AnswerColumns) -> Numbers:
    found = [probabilities_of(table, name, "class_probabilities") for name in columns.probabilities.values()]
    return np.column_stack(found)


def _rows(table: Table, names: list[str], kept: NDArray[np.bool_]) -> Table:
    """These columns, of these rows."""
    columns = []
    for name in names:
        column = table.columns[name]
        if kept.all():
            columns.append(column)
        elif column.is_mostly_numerical:
            columns.append(Column.from_numbers(name, column.as_numbers()[0][kept]))
        else:
            columns.append(Column.from_strings(name, column.as_texts()[kept].tolist()))
    return Table.of(columns, int(kept.sum()))
