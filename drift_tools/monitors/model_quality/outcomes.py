"""Model quality: what the predictions were worth, once the labels are known.

Metrics, their names and the files: SageMaker developer guide, "Model quality metrics and Amazon CloudWatch
monitoring" and "Create a model quality baseline". In a confusion matrix the outer key is the label and the inner one
the prediction.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.data_quality import Violation
from drift_tools.profiles import in_file, read_json
from drift_tools.tables import Column, Numbers, Table

PROBLEM_TYPES = ("BinaryClassification", "MulticlassClassification", "Regression")
GREATER, LESS = "GreaterThanThreshold", "LessThanThreshold"
_PREFIX = {
    "BinaryClassification": "binary_classification",
    "MulticlassClassification": "multiclass_classification",
    "Regression": "regression",
}
# The metrics of which a baseline suggests a constraint; those of which more is worse, and the rest.
_WORSE_WHEN_GREATER = ("mae", "mse", "rmse", "false_positive_rate", "false_negative_rate")
_CONSTRAINED = {
    "BinaryClassification": (
        "recall",
        "precision",
        "accuracy",
        "true_positive_rate",
        "true_negative_rate",
        "false_positive_rate",
        "false_negative_rate",
        "auc",
        "f0_5",
        "f1",
        "f2",
    ),
    "MulticlassClassification": (
        "accuracy",
        "weighted_recall",
        "weighted_precision",
        "weighted_f0_5",
        "weighted_f1",
        "weighted_f2",
    ),
    "Regression": ("mae", "mse", "rmse", "r2"),
}
# "Standard deviation for metrics are provided only when at least 200 samples are available … randomly sampling 80% of
# the data five times" (the guide's page).
_ROWS_FOR_DEVIATION, _DRAWS, _DRAWN_SHARE = 200, 5, 0.8
_CURVE_POINTS = 101
_BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}
_TRUTHS = {"true": "1", "false": "0"}
# Positive classes that need no name, and the class that stands beside each. Also where the positive one does not occur:
# an hour without fraud must not make "no fraud" the class that is measured.
_OPPOSITES = {"1": ("0", "-1"), "yes": ("no",)}
_NEGATIVES = ("0", "-1", "no")

# The classes up to which a confusion matrix has a cell for each pair of them, as Model Monitor's has. A label that is a
# text of its own in each row would ask for more cells than there is memory: then only pairs that occur have one.
_FULL_MATRIX = 1000
# A softmax of float32 is as much off.
_ROUNDING = 1e-6
_LONGEST_EXAMPLE = 40
# From so many rows on a model of several classes that is not always wrong has been right once.
_ROWS_THAT_MEET = 20
# Above one half, and standard deviations of a model that knows nothing.
_SURE_AREA, _SURE_DEVIATIONS = 0.25, 6.0

# Python's strings, each class once: an array of fixed width would give every row the bytes of the longest name.
Labels: TypeAlias = NDArray[np.object_]
Codes: TypeAlias = NDArray[np.intp]
Metrics: TypeAlias = dict[str, float]


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


@dataclass(frozen=True, slots=True)
class ModelQuality:
    """The metrics of some outcomes; `deviations` is empty below 200 rows. `positive_label`: only of a binary one."""

    problem_type: str
    rows: int
    metrics: Mapping[str, float]
    deviations: Mapping[str, float]
    extras: Mapping[str, Any]
    positive_label: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The JSON object of statistics.json; a number that does not exist is the string "NaN", as in Model Monitor's
        files.
        """
        metrics: dict[str, Any] = dict(self.extras)
        for name, value in self.metrics.items():
            deviation = self.deviations.get(name, math.nan)
            metrics[name] = {"value": _number(value), "standard_deviation": _number(deviation)}
        return {
            "version": 0.0,
            "dataset": {"item_count": self.rows},
            f"{_PREFIX[self.problem_type]}_metrics": metrics,
        }


def _number(value: float) -> float | str:
    return float(value) if math.isfinite(value) else "NaN"


def outcomes(
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
    `true`), or `yes`, also where only `0` or `no` occur; of two other classes the one that the probabilities are of, if
    they leave no doubt (`settled_by_scores`), else nobody knows. Rows without a label or a prediction are left out.

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
        _require_probabilities(scores)
    labels = class_names(truth)
    said = None if inference is None else class_names(column(table, inference, "inference_attribute"))
    positive, settled = "1", False  # of several classes none is asked for
    if problem_type == "BinaryClassification":
        seen = set(labels.tolist()) | set(() if said is None else said.tolist())
        if positive_label is not None:
            positive = _class_name(positive_label)
        else:
            positive, settled = _positive(seen, labels, scores)
    if said is None and scores is not None:
        cut = 0.5 if probability_threshold is None else probability_threshold
        negative = _negative(labels, positive)
        said = np.array([negative, positive, ""], dtype=object)[np.where(np.isnan(scores), 2, scores >= cut)]
    if said is None:
        raise InputError(
            "neither inference_attribute nor probability_attribute is given: say which column holds the prediction"
        )
    rows = np.flatnonzero((labels != "") & (said != ""))
    found = Outcomes(problem_type, labels, said, scores, positive, len(labels) - len(rows), settled).take(rows)
    _require_same_classes(found, positive if settled else positive_label)
    return found


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
            f"{what} names values that are no numbers, such as {_cut(example)!r}: name the column of the number "
            "itself, or make it one in a record preprocessor"
        )


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_EXAMPLE else text[:_LONGEST_EXAMPLE] + "…"


def _require_probabilities(scores: Numbers) -> None:
    outside = scores[(scores < -_ROUNDING) | (scores > 1 + _ROUNDING)]
    if len(outside):
        raise InputError(
            f"probability_attribute names values that are no probabilities: {len(outside)} of {len(scores)} are not "
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
    if not labels & predictions and not is_odd:
        # A bad hour of few rows may be wrong throughout, and one of two classes is another's usual opposite.
        may_be_wrong = len(data) < _ROWS_THAT_MEET or (
            is_binary and _are_opposites(labels | predictions, positive_label)
        )
        is_odd = not may_be_wrong or not {_letters(name) for name in labels}.isdisjoint(map(_letters, predictions))
    if is_odd:
        raise InputError(
            f"the labels are {_some(labels)} and the predictions {_some(predictions)}, which is not one set of "
            f"{'two ' if is_binary else ''}classes: spell them alike in the labels and the answers, or in a record "
            "preprocessor"
        )


def _are_opposites(seen: Iterable[str], positive_label: str | None) -> bool:
    """Whether two classes, of which one is only a label and the other only a prediction, may be a model's two: the
    usual ones, or any two where one is known to be the positive one.
    """
    one, other = sorted(seen, key=str.lower)
    is_usual = any(one.lower() in opposites and other.lower() == usual for usual, opposites in _OPPOSITES.items())
    return is_usual or (positive_label is not None and _class_name(positive_label) in (one, other))


def _letters(name: str) -> str:
    """What is left of a name without its brackets, quotes, blanks and capital letters."""
    return name.strip("[](){} \"'").lower()


def _some(names: Iterable[str]) -> str:
    found = sorted(names)
    return ", ".join(repr(_cut(name)) for name in found[:5]) + (", …" if len(found) > 5 else "")


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


def class_names(column: Column) -> Labels:
    """A column as names of classes, `""` where it holds none; `1`, `1.0` and `true` are the same class."""
    texts = column.as_texts()
    known: dict[str | None, str] = {text: "" if text is None else _class_name(text) for text in set(texts)}
    names = np.empty(len(texts), dtype=object)
    names[:] = [known[text] for text in texts]
    return names


def _class_name(text: str) -> str:
    text = text.strip()
    try:
        value = float(text)
    except ValueError:
        return _TRUTHS.get(text.lower(), text)
    return str(int(value)) if value.is_integer() else text


def _positive(seen: Iterable[str], labels: Labels, scores: Numbers | None) -> tuple[str, bool]:
    """The positive class of a binary classification in which these classes occur, as labels or as predictions; and
    whether only the probabilities told.
    """
    names = sorted(set(seen) - {""})
    for usual, opposites in _OPPOSITES.items():
        if written := [name for name in names if name.lower() == usual]:
            return written[-1], False
        if all(name.lower() in opposites for name in names):
            return usual, False
    negative = [name for name in names if name.lower() in _NEGATIVES]
    if len(names) == 2 and len(negative) == 1:
        return next(name for name in names if name not in negative), False
    if len(names) == 2 and scores is not None and (told := _by_scores(names, labels, scores)) is not None:
        return told, True
    raise InputError(
        f"the labels and predictions are {_some(names)}, which does not say which class is the positive one: "
        "name it in positive_label"
    )


def _by_scores(names: Sequence[str], labels: Labels, scores: Numbers) -> str | None:
    """The class whose rows have the higher probabilities, if no doubt is left: an area under the curve of 0.75 or more,
    so far above 0.5 as chance would not have it in one of a thousand million samples.
    """
    known = labels != ""
    area = area_under_curve(labels[known] == names[1], scores[known])
    counted = known & ~np.isnan(scores)
    positives, negatives = (int(np.count_nonzero(labels[counted] == name)) for name in (names[1], names[0]))
    if not positives or not negatives or math.isnan(area):
        return None
    # Of equal distributions (Mann and Whitney).
    deviation = math.sqrt((positives + negatives + 1) / (12 * positives * negatives))
    if abs(area - 0.5) < max(_SURE_AREA, _SURE_DEVIATIONS * deviation):
        return None
    return names[1] if area > 0.5 else names[0]


def _negative(labels: Labels, positive: str) -> str:
    """What a prediction from a probability says where it does not say `positive`."""
    others = sorted(set(labels.tolist()) - {"", positive})
    return others[0] if others else {"0": "1", "yes": "no"}.get(positive, "0")


def measure(data: Outcomes) -> ModelQuality:
    """All metrics of the problem type. Raises `InputError` if no row has both a label and a prediction."""
    if not len(data):
        raise InputError("no row has both a prediction and a label: check the ground truth's ids and the window")
    functions: dict[str, Callable[[Outcomes], Metrics]] = {
        "Regression": regression_metrics,
        "BinaryClassification": binary_metrics,
        "MulticlassClassification": multiclass_metrics,
    }
    metrics = functions[data.problem_type](data)
    deviations: Metrics = {}
    if len(data) >= _ROWS_FOR_DEVIATION:
        generator = np.random.default_rng(0)  # seeded: equal data, equal file
        size = int(_DRAWN_SHARE * len(data))
        draws = [
            functions[data.problem_type](data.take(generator.choice(len(data), size, replace=False)))
            for _ in range(_DRAWS)
        ]
        deviations = {name: float(np.std([draw[name] for draw in draws])) for name in metrics}
    extras: dict[str, Any] = {}
    if data.problem_type != "Regression":
        extras["confusion_matrix"] = confusion_matrix(data)
    if data.problem_type == "BinaryClassification":
        extras |= curves(data)
    positive = data.positive_label if data.problem_type == "BinaryClassification" else None
    return ModelQuality(data.problem_type, len(data), metrics, deviations, extras, positive)


def regression_metrics(data: Outcomes) -> Metrics:
    """Mean absolute, mean squared and root mean squared error, and the coefficient of determination."""
    errors = data.labels - data.predictions
    squared = float(np.mean(errors**2))
    spread = float(np.sum((data.labels - data.labels.mean()) ** 2))
    r2 = 1.0 - float(np.sum(errors**2)) / spread if spread else math.nan
    return {"mae": float(np.mean(np.abs(errors))), "mse": squared, "rmse": math.sqrt(squared), "r2": r2}


def binary_metrics(data: Outcomes) -> Metrics:
    """Metrics of the positive class; a ratio with an empty denominator is 0, and a rate of an absent class is NaN.

    The "best constant classifier" is the one that always says the positive class: so it is in the guide's example
    (3 negatives, 1 positive: accuracy 0.25, precision 0.25, recall 1).
    """
    actual, said = data.labels == data.positive_label, data.predictions == data.positive_label
    tp, fn = int(np.sum(actual & said)), int(np.sum(actual & ~said))
    fp, tn = int(np.sum(~actual & said)), int(np.sum(~actual & ~said))
    recall = tp / (tp + fn) if tp + fn else math.nan
    precision = tp / (tp + fp) if tp + fp else 0.0
    specificity = tn / (tn + fp) if tn + fp else math.nan
    prevalence = (tp + fn) / len(data)
    constant_recall = 1.0 if tp + fn else math.nan
    metrics = {
        "recall": recall,
        "precision": precision,
        "accuracy": (tp + tn) / len(data),
        "recall_best_constant_classifier": constant_recall,
        "precision_best_constant_classifier": prevalence,
        "accuracy_best_constant_classifier": prevalence,
        "true_positive_rate": recall,
        "true_negative_rate": specificity,
        "false_positive_rate": 1.0 - specificity,
        "false_negative_rate": 1.0 - recall,
    }
    if data.scores is not None:
        metrics["auc"] = area_under_curve(actual, data.scores)
    for name, beta in _BETAS.items():
        metrics[name] = f_score(precision, recall, beta)
        metrics[f"{name}_best_constant_classifier"] = f_score(prevalence, constant_recall, beta)
    return metrics


def f_score(precision: float, recall: float, beta: float) -> float:
    """The F score of this weight of recall; 0 if precision and recall are.

    >>> round(f_score(1 / 3, 1.0, 2.0), 4)
    0.7143
    """
    denominator = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / denominator if denominator else 0.0


def area_under_curve(positive: NDArray[np.bool_], scores: Numbers) -> float:
    """The probability that a positive has the higher score, ties counted half (Mann and Whitney); NaN for one class
    only.

    >>> area_under_curve(np.array([False, True, True]), np.array([0.1, 0.1, 0.9]))
    0.75
    """
    kept = ~np.isnan(scores)
    positive, scores = positive[kept], scores[kept]
    wins, losses = int(positive.sum()), int((~positive).sum())
    if not wins or not losses:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    return float((ranks[inverse][positive].sum() - wins * (wins + 1) / 2) / (wins * losses))


def curves(data: Outcomes) -> dict[str, Any]:
    """The receiver operating characteristic and precision-recall curves, at up to 101 thresholds, from high to low."""
    if data.scores is None:
        return {}
    kept = ~np.isnan(data.scores)
    positive = (data.labels == data.positive_label)[kept]
    scores = data.scores[kept]
    if not positive.any() or positive.all():
        return {}
    order = np.argsort(-scores, kind="stable")
    ends = np.append(np.flatnonzero(np.diff(scores[order])), len(order) - 1)  # the last row of each distinct score
    if len(ends) > _CURVE_POINTS:
        ends = ends[np.unique(np.linspace(0, len(ends) - 1, _CURVE_POINTS).astype(int))]
    hits = np.cumsum(positive[order])[ends]
    misses = ends + 1 - hits
    recalls = hits / positive.sum()
    return {
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": [0.0, *(misses / (~positive).sum()).tolist()],
            "true_positive_rates": [0.0, *recalls.tolist()],
        },
        "precision_recall_curve": {
            "precisions": [1.0, *(hits / (hits + misses)).tolist()],
            "recalls": [0.0, *recalls.tolist()],
        },
    }


def multiclass_metrics(data: Outcomes) -> Metrics:
    """Metrics of each class, averaged by how often the class is the label.

    The best constant classifier always says the most frequent label. (The guide's example shows the other one of its
    two classes; the textbook's is kept, because only that one is a bar for a model.)
    """
    names, labels, predictions = _coded(data)
    counts = np.bincount(labels, minlength=len(names))
    constant = np.full_like(labels, np.argmax(counts))
    metrics = {"accuracy": float(np.mean(labels == predictions))} | _weighted(labels, predictions, len(names))
    best = {"accuracy": float(counts.max() / len(data))} | _weighted(labels, constant, len(names))
    return metrics | {f"{name}_best_constant_classifier": value for name, value in best.items()}


def _coded(data: Outcomes) -> tuple[list[str], Codes, Codes]:
    """The classes in order, and labels and predictions as positions among them: rows are looked at once, not once for
    each class.
    """
    labels, predictions = data.labels.tolist(), data.predictions.tolist()
    names = sorted({*labels, *predictions})
    codes = {name: code for code, name in enumerate(names)}
    of_labels, of_predictions = (
        np.fromiter(map(codes.__getitem__, column), dtype=np.intp, count=len(data)) for column in (labels, predictions)
    )
    return names, of_labels, of_predictions


def _weighted(labels: Codes, predictions: Codes, classes: int) -> Metrics:
    counts, said, hits = (
        np.bincount(rows, minlength=classes).tolist() for rows in (labels, predictions, labels[labels == predictions])
    )
    totals = dict.fromkeys(("recall", "precision", *_BETAS), 0.0)
    for count, predicted, hit in zip(counts, said, hits, strict=True):
        if not count:
            continue
        recall, precision = hit / count, hit / predicted if predicted else 0.0
        scores = {"recall": recall, "precision": precision}
        scores |= {key: f_score(precision, recall, beta) for key, beta in _BETAS.items()}
        for key, value in scores.items():
            totals[key] += value * count / len(labels)
    return {f"weighted_{key}": value for key, value in totals.items()}


def confusion_matrix(data: Outcomes) -> dict[str, dict[str, int]]:
    """Counts by label, then by prediction. Beyond a thousand classes, pairs that do not occur are left out."""
    names, labels, predictions = _coded(data)
    is_full = len(names) <= _FULL_MATRIX
    matrix: dict[str, dict[str, int]] = {name: dict.fromkeys(names, 0) if is_full else {} for name in names}
    pairs, counts = np.unique(labels * len(names) + predictions, return_counts=True)
    for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
        matrix[names[pair // len(names)]][names[pair % len(names)]] = count
    return matrix


@dataclass(frozen=True, slots=True)
class QualityConstraints:
    """The content of a model-quality constraints.json: by metric, the threshold and what violates it.

    `positive_label`: the class that the baseline measured, None for the usual `1`. Model Monitor's files have no place
    for it, so that it stands in one only where it says something that Model Monitor's could not. `rows`: of the
    baseline, by which its own sampling error is known; None if the file does not say.
    """

    problem_type: str
    thresholds: Mapping[str, tuple[float, str]]
    positive_label: str | None = None
    rows: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """The file's JSON object."""
        constraints = {
            name: {"threshold": threshold, "comparison_operator": operator}
            for name, (threshold, operator) in self.thresholds.items()
        }
        document: dict[str, Any] = {"version": 0.0, f"{_PREFIX[self.problem_type]}_constraints": constraints}
        if self.positive_label is not None:
            document["positive_label"] = self.positive_label
        if self.rows is not None:
            document["baseline_rows"] = self.rows
        return document

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "QualityConstraints":
        """Read the file's JSON object; raises `InputError` if it is something else."""
        for problem_type, prefix in _PREFIX.items():
            constraints = document.get(f"{prefix}_constraints") if isinstance(document, Mapping) else None
            if not isinstance(constraints, Mapping):
                continue
            try:
                thresholds = {
                    _metric(name, problem_type): (
                        _threshold(entry["threshold"]),
                        _operator(entry["comparison_operator"]),
                    )
                    for name, entry in constraints.items()
                }
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{prefix}_constraints: {type(error).__name__}: {error}: give threshold and operator"
                ) from error
            positive, rows = _remembered(document.get("positive_label")), document.get("baseline_rows")
            if rows is not None and (not isinstance(rows, int) or isinstance(rows, bool) or rows < 1):
                raise InputError(f"baseline_rows is {rows!r}: give the number of the baseline's rows, or leave it out")
            return cls(problem_type, thresholds, positive, rows)
        keys = ", ".join(f"{prefix}_constraints" for prefix in _PREFIX.values())
        raise InputError(f"not a model-quality constraints.json: it has none of {keys}")

    @classmethod
    def read(cls, path: str | Path) -> "QualityConstraints":
        """Read the file."""
        return in_file(path, cls.from_dict, read_json(path))


def _metric(name: object, problem_type: str) -> str:
    """The name of a metric that is measured of this problem: of another one nothing would ever be checked."""
    known = _CONSTRAINED[problem_type]
    text = str(name).removesuffix("_best_constant_classifier")
    if text not in known:
        alike = get_close_matches(text, known, 1)
        fix = f"write {alike[0]}" if alike else f"there are {', '.join(known)}"
        raise InputError(f"{name} is no metric of a {problem_type}: {fix}")
    return str(name)


def _threshold(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str) or not math.isfinite(float(value)):
        raise ValueError(f"threshold is {value!r}: give a finite number, or leave the metric out")
    return float(value)


def _remembered(label: object) -> str | None:
    if label is not None and not isinstance(label, str):
        raise InputError(f"positive_label is {label!r}: give the class as text, or leave it out")
    return None if label is None else _class_name(label)


def _operator(value: object) -> str:
    if value not in (GREATER, LESS):
        raise ValueError(f"comparison_operator is {value!r}: give {GREATER} or {LESS}")
    return str(value)


def suggest(quality: ModelQuality) -> QualityConstraints:
    """The baseline's own values as thresholds, as Model Monitor suggests; metrics that do not exist are left out."""
    return QualityConstraints(
        quality.problem_type,
        {
            name: (quality.metrics[name], GREATER if name in _WORSE_WHEN_GREATER else LESS)
            for name in _CONSTRAINED[quality.problem_type]
            if math.isfinite(quality.metrics.get(name, math.nan))
        },
        None if quality.positive_label == "1" else quality.positive_label,
        quality.rows,
    )


def evaluate(quality: ModelQuality, constraints: QualityConstraints) -> tuple[Violation, ...]:
    """Check metrics against constraints. A metric that cannot be computed from these rows is not checked."""
    if quality.problem_type != constraints.problem_type:
        raise InputError(
            f"the constraints are of a {constraints.problem_type}, and problem_type is {quality.problem_type}: "
            "give the baseline of this model"
        )
    if constraints.positive_label not in (None, quality.positive_label):
        raise InputError(
            f"the constraints are of the positive class {constraints.positive_label!r}, and positive_label is "
            f"{quality.positive_label!r}: name that class, or make the baseline again"
        )
    violations = []
    for name, (threshold, operator) in constraints.thresholds.items():
        value = quality.metrics.get(name, math.nan)
        if (value > threshold) if operator == GREATER else (value < threshold):
            text = f"Metric {name} with {value} was {operator} {threshold}"
            violations.append(Violation(name, operator, text, key="metric_name"))
    return tuple(violations)
