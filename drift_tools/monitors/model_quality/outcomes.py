"""Predictions beside their labels, for rows that have both: read from a table, and refused where they do not fit."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from contract.quality_metrics import PROBLEM_TYPES
from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.class_names import (
    ClassNames,
    UnknownPositiveError,
    are_opposites,
    class_name,
    class_names,
    cut,
    letters,
    negative_class,
    positive_class,
    some,
)
from drift_tools.monitors.model_quality.ranking import ranked_class
from drift_tools.tables import Column, Numbers, Table

# A softmax of float32 is as much off.
_ROUNDING = 1e-6
# From so many rows on a model of several classes that is not always wrong has been right once.
_ROWS_THAT_MEET = 20


@dataclass(frozen=True, eq=False, slots=True)
class Outcomes:
    """Predictions beside their labels, for rows that have both.

    For a regression `labels` and `predictions` are float64; for a classification they are class names (`1.0` and
    `true` are `1`, `false` is `0`). `scores`: the probability of the positive class, NaN where there is none.
    `left_out`: rows that have no label or no prediction, or no finite one. `settled_by_scores`: nobody named the
    positive class, and the probabilities told which it is.
    """

    problem_type: str
    labels: NDArray[Any]
    predictions: NDArray[Any]
    scores: Numbers | None = None
    positive_label: str = "1"
    left_out: int = 0
    settled_by_scores: bool = False

    def __len__(self) -> int:
        """Rows."""
        return len(self.labels)

    def take(self, rows: NDArray[np.intp]) -> "Outcomes":
        """These rows only."""
        scores = None if self.scores is None else self.scores[rows]
        return replace(self, labels=self.labels[rows], predictions=self.predictions[rows], scores=scores)


def read_outcomes(
    table: Table,
    *,
    problem_type: str,
    ground_truth: str,
    inference: str | None = None,
    probability: str | None = None,
    probability_threshold: float | None = None,
    positive_label: str | None = None,
) -> Outcomes:
    """Pick predictions and labels out of a table.

    `inference`, `probability` and `ground_truth` name columns, or give their position as digits. Without `inference`
    a binary prediction is "probability at least `probability_threshold`" (0.5). Without `positive_label` it is `1` (or
    `true`), or `yes`, also where only `0` or `no` occur; of two other classes the one that the probabilities
    leave no doubt they are of, else nobody knows. Rows without a label
    or a prediction are left out.

    Raises `InputError` where a column is missing, holds no numbers where numbers are needed or a probability outside
    0 … 1, where labels and predictions are not of the same classes, or nobody can say which class is the positive one.
    """
    if problem_type not in PROBLEM_TYPES:
        raise InputError(f"problem_type is {problem_type!r}: give one of {', '.join(PROBLEM_TYPES)}")
    truth = column(table, ground_truth, "ground_truth_attribute")
    if problem_type == "Regression":
        if inference is None:
            raise InputError("inference_attribute is missing: say which column holds the prediction")
        label_numbers = numbers_of(truth, "ground_truth_attribute")
        predicted_numbers = numbers_of(column(table, inference, "inference_attribute"), "inference_attribute")
        kept = np.isfinite(label_numbers) & np.isfinite(predicted_numbers)
        left_out = int(np.count_nonzero(~kept))
        return Outcomes(problem_type, label_numbers[kept], predicted_numbers[kept], left_out=left_out)
    scores = None
    if probability is not None and problem_type == "BinaryClassification":
        scores = numbers_of(column(table, probability, "probability_attribute"), "probability_attribute")
        require_probabilities(scores, "probability_attribute")
    labels = class_names(truth)
    said = None if inference is None else class_names(column(table, inference, "inference_attribute"))
    positive, settled = "1", False  # of several classes none is asked for
    if problem_type == "BinaryClassification":
        seen = set(labels.tolist()) | set(() if said is None else said.tolist())
        if positive_label is None:
            positive, settled = _positive(seen, labels, scores)
        else:
            positive = class_name(positive_label)
    if said is None and scores is not None:
        cut = 0.5 if probability_threshold is None else probability_threshold
        negative = negative_class(labels, positive)
        said = np.array([negative, positive, ""], dtype=object)[np.where(np.isnan(scores), 2, scores >= cut)]
    if said is None:
        raise InputError(
            "neither inference_attribute nor probability_attribute is given: say which column holds the prediction"
        )
    rows = np.flatnonzero((labels != "") & (said != ""))
    found = Outcomes(problem_type, labels, said, scores, positive, len(labels) - len(rows)).take(rows)
    found = replace(found, settled_by_scores=settled)
    _require_same_classes(found, positive if settled else positive_label)
    return found


def _positive(seen: Collection[str], labels: ClassNames, scores: Numbers | None) -> tuple[str, bool]:
    """The positive class, and whether only the probabilities told."""
    try:
        return positive_class(seen), False
    except UnknownPositiveError:
        names = sorted(set(seen) - {""})
        told = None if scores is None or len(names) != 2 else ranked_class(names, labels, scores)
        if told is None:
            raise
        return told, True


def numbers_of(column: Column, what: str) -> Numbers:
    """Read a column as numbers, NaN where it has none; `what` names the variable that asks for it.

    Raises `InputError` if it has values and none of them is a number.
    """
    numbers, wrong = column.as_numbers()
    if wrong and wrong == column.types.present:
        raise NoNumbersError(what, next(text for text in column.as_texts() if text is not None))
    return numbers


class NoNumbersError(InputError):
    """A column that is to be measured as numbers and has none."""

    def __init__(self, what: str, example: str) -> None:
        super().__init__(
            f"{what} names values that are no numbers, such as {cut(example)!r}: name the column of the number "
            "itself, or make it one in a record preprocessor"
        )


def require_probabilities(scores: Numbers, what: str) -> None:
    """Raise `InputError` if any is not from 0 to 1; NaN is none. `what` names the variable that asks for them."""
    outside = scores[(scores < -_ROUNDING) | (scores > 1 + _ROUNDING)]
    if len(outside):
        raise InputError(
            f"{what} names values that are no probabilities: {len(outside)} of {len(scores)} are not "
            f"from 0 to 1, such as {outside[0]:g}: name the probability's column, or divide percent by 100 in a record "
            "preprocessor"
        )


def _require_same_classes(data: Outcomes, positive_label: str | None) -> None:
    """Raise `InputError` if labels and predictions do not look like the same classes: measured all the same, they would
    give the figures of a model that is always wrong.
    """
    labels, predictions = set(data.labels.tolist()), set(data.predictions.tolist())
    is_binary = data.problem_type == "BinaryClassification"
    is_odd = is_binary and len(labels | predictions) > 2
    if is_binary and len(labels | predictions) == 2 and not {data.positive_label} & (labels | predictions):
        # Each metric would be of a class that there is not.
        raise InputError(
            f"positive_label is {cut(data.positive_label)!r}, and the labels and predictions are "
            f"{some(labels | predictions)}: name one of these two"
        )
    if not labels & predictions and not is_odd:
        # A bad hour of few rows may be wrong throughout, and one of two classes is another's usual opposite.
        may_be_wrong = len(data) < _ROWS_THAT_MEET or (
            is_binary and are_opposites(labels | predictions, positive_label)
        )
        is_odd = not may_be_wrong or not {letters(name) for name in labels}.isdisjoint(map(letters, predictions))
    if is_odd:
        raise InputError(
            f"the labels are {some(labels)} and the predictions {some(predictions)}, which is not one set of "
            f"{'two ' if is_binary else ''}classes: spell them alike in the labels and the answers, or in a record "
            "preprocessor"
        )


def column(table: Table, name: str, what: str) -> Column:
    """The column of this name, or at this position; `what` names the variable that asks for it in an error."""
    return table.columns[column_name(table.names, name, what)]


def column_name(names: Sequence[str], name: str, what: str) -> str:
    """The one of these that is called so, or has this position."""
    if name in names:
        return name
    if name.isdigit() and int(name) < len(names):
        return names[int(name)]
    raise InputError(
        f"{what} is {name!r}, and the columns are {', '.join(names)}: name one of them or give its position"
    )
