"""Champion against challenger on the same hold-out: metrics, segments, groups of people, and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.monitors.bias import Facet
from drift_tools.retraining import paired
from drift_tools.retraining.groups import compare_groups
from drift_tools.retraining.paired import Numbers, PairedTest, Truths
from drift_tools.retraining.rule import Rule
from drift_tools.tables import Column, Table

BINARY: Final = "BinaryClassification"
MULTICLASS: Final = "MulticlassClassification"
REGRESSION: Final = "Regression"
PROBLEM_TYPES: Final = (BINARY, MULTICLASS, REGRESSION)
_LESS_IS_BETTER: Final = frozenset({"brier", "mae", "rmse"})
_MOST_VALUES: Final = 50
_BANDS: Final = 5


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What one model says of the hold-out: labels, and for a binary classification the probability of the positive one;
    of a regression its numbers are the labels.
    """

    labels: NDArray[Any]
    scores: Numbers | None = None


@dataclass(frozen=True, kw_only=True)
class HoldOut:
    """The newest rows, with their labels; `features` are what segments and groups are told apart by."""

    features: Table
    labels: NDArray[Any]
    problem_type: str
    positive: str | None = None
    """Of a binary classification: the class that the scores are of."""

    @property
    def rows(self) -> int:
        """How many there are."""
        return len(self.labels)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One metric of both models, of all rows or of a segment. `p_adjusted` is over all of its family."""

    metric: str
    rows: int
    test: PairedTest
    segment: str | None = None
    p_adjusted: float = 1.0
    judged: bool = True

    @property
    def gain(self) -> paired.Estimate:
        """The difference with more meaning better."""
        difference = self.test.difference
        if self.metric not in _LESS_IS_BETTER:
            return difference
        return paired.Estimate(-difference.value, -difference.high, -difference.low)

    def to_dict(self) -> dict[str, Any]:
        """As evaluation.json has it."""
        segment = {} if self.segment is None else {"segment": self.segment, "judged": self.judged}
        return segment | {
            "metric": self.metric,
            "rows": self.rows,
            "champion": self.test.champion.to_dict(),
            "challenger": self.test.challenger.to_dict(),
            "difference": self.test.difference.to_dict(),
            "p_value": self.test.p_value,
            "p_adjusted": self.p_adjusted,
            "method": self.test.method,
        }


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Everything that was compared, and what follows. `reasons`: each that speaks against the challenger."""

    rows: int
    problem_type: str
    metrics: tuple[Comparison, ...]
    segments: tuple[Comparison, ...]
    bias: tuple[Comparison, ...]
    gains: tuple[str, ...]
    reasons: tuple[str, ...]
    rule: Rule

    @property
    def accepted(self) -> bool:
        """Whether the challenger may be offered for approval."""
        return not self.reasons

    @property
    def summary(self) -> str:
        """One line for people."""
        said = "; ".join(self.gains if self.accepted else self.reasons)
        return f"{'better' if self.accepted else 'refused'} on {self.rows:,} rows: {said}"

    def to_dict(self) -> dict[str, Any]:
        """The content of evaluation.json."""
        return {
            "version": 1,
            "accepted": self.accepted,
            "summary": self.summary,
            "reasons": list(self.reasons),
            "gains": list(self.gains),
            "rows": self.rows,
            "problem_type": self.problem_type,
            "metrics": [each.to_dict() for each in self.metrics],
            "segments": [each.to_dict() for each in self.segments],
            "bias": [each.to_dict() for each in self.bias],
            "rule": asdict(self.rule),
        }


def evaluate(
    holdout: HoldOut,
    champion: Answers,
    challenger: Answers,
    rule: Rule | None = None,
    *,
    segment_by: Sequence[str] = (),
    facets: Sequence[Facet] = (),
) -> Evaluation:
    """Compare two models on the same rows and decide by the rule.

    Parameters
    ----------
    holdout:
        The newest rows, with their labels.
    champion, challenger:
        What each model answers to them, in the same order.
    rule:
        The thresholds. Default those of `Rule`.
    segment_by:
        Features by whose values rows are told apart; numbers with many values by their fifths.
    facets:
        Groups of people whose bias metrics (DPPL, AD, RD, DAR of Amazon SageMaker Clarify) are held against each other.

    Raises
    ------
    InputError
        If a model answers for another number of rows, a feature is not there, or the labels are of one class.
    """
    rule = rule or Rule()
    if holdout.problem_type not in PROBLEM_TYPES:
        raise InputError(f"problem_type is {holdout.problem_type!r}: give {', '.join(PROBLEM_TYPES)}")
    for name, answers in (("champion", champion), ("challenger", challenger)):
        if len(answers.labels) != holdout.rows:
            raise InputError(f"the {name} answers {len(answers.labels)} of {holdout.rows} rows: it must answer each")
    if holdout.rows < rule.least_rows:
        reason = f"the hold-out has {holdout.rows} rows, and the rule asks for {rule.least_rows}"
        return _nothing(holdout, rule, reason)
    metrics = _adjusted(_overall(holdout, champion, challenger, rule))
    segments = _adjusted(_segments(holdout, champion, challenger, rule, segment_by))
    bias = _adjusted(_bias(holdout, champion, challenger, rule, facets))
    gains, reasons = _decide(metrics, segments, bias, rule)
    return Evaluation(
        rows=holdout.rows,
        problem_type=holdout.problem_type,
        metrics=tuple(metrics),
        segments=tuple(segments),
        bias=tuple(bias),
        gains=tuple(gains),
        reasons=tuple(reasons),
        rule=rule,
    )


def _nothing(holdout: HoldOut, rule: Rule, reason: str) -> Evaluation:
    return Evaluation(
        rows=holdout.rows, problem_type=holdout.problem_type, metrics=(), segments=(), bias=(), gains=(),
        reasons=(reason,), rule=rule,
    )  # fmt: skip


def _overall(holdout: HoldOut, champion: Answers, challenger: Answers, rule: Rule) -> list[Comparison]:
    rows, confidence = holdout.rows, rule.confidence
    if holdout.problem_type == REGRESSION:
        one, other = (np.abs(_errors(holdout, answers)) for answers in (champion, challenger))

        def roots(drawn: NDArray[np.intp]) -> tuple[float, float]:
            return float(np.sqrt(np.mean(one[drawn] ** 2))), float(np.sqrt(np.mean(other[drawn] ** 2)))

        tests = {
            "mae": paired.mean_loss(one, other, confidence=confidence),
            "rmse": paired.bootstrap(roots, rows, confidence=confidence),
        }
        return [Comparison(metric=name, rows=rows, test=test) for name, test in tests.items()]
    right = [answers.labels == holdout.labels for answers in (champion, challenger)]
    tests = {"accuracy": paired.accuracy(right[0], right[1], confidence=confidence)}
    if champion.scores is not None and challenger.scores is not None and holdout.problem_type == BINARY:
        positive = _positive(holdout)
        tests["auc"] = paired.area_under_curve(positive, champion.scores, challenger.scores, confidence=confidence)
        losses = [(answers.scores - positive) ** 2 for answers in (champion, challenger) if answers.scores is not None]
        tests["brier"] = paired.mean_loss(losses[0], losses[1], confidence=confidence)
    return [Comparison(metric=name, rows=rows, test=test) for name, test in tests.items()]


def _positive(holdout: HoldOut) -> Truths:
    positive: Truths = holdout.labels == holdout.positive
    if min(np.count_nonzero(positive), np.count_nonzero(~positive)) < 2:
        raise InputError(
            f"of {holdout.rows} labels {np.count_nonzero(positive)} are {holdout.positive!r}: two classes are needed, "
            "and positive must be written as in the labels"
        )
    return positive


def _errors(holdout: HoldOut, answers: Answers) -> Numbers:
    errors: Numbers = answers.labels.astype(np.float64) - holdout.labels.astype(np.float64)
    return errors


def _segments(
    holdout: HoldOut, champion: Answers, challenger: Answers, rule: Rule, segment_by: Sequence[str]
) -> list[Comparison]:
    found = []
    for name in segment_by:
        if name not in holdout.features.columns:
            raise InputError(f"segment_by names {name!r}: the features are {', '.join(holdout.features.names)}")
        values = segment_values(holdout.features.columns[name])
        for value in sorted(set(values)):
            chosen = np.flatnonzero(values == value)
            if len(chosen) < 2:
                continue
            test = _segment_test(holdout, (champion, challenger), chosen, rule.confidence)
            judged = len(chosen) >= rule.least_segment_rows
            metric = "mae" if holdout.problem_type == REGRESSION else "accuracy"
            segment = f"{name}={value}"
            found.append(Comparison(metric=metric, rows=len(chosen), test=test, segment=segment, judged=judged))
    return found


def _segment_test(
    holdout: HoldOut, models: Sequence[Answers], chosen: NDArray[np.intp], confidence: float
) -> PairedTest:
    if holdout.problem_type == REGRESSION:
        one, other = (np.abs(_errors(holdout, answers))[chosen] for answers in models)
        return paired.mean_loss(one, other, confidence=confidence)
    right, other_right = ((answers.labels == holdout.labels)[chosen] for answers in models)
    return paired.accuracy(right, other_right, confidence=confidence)


def segment_values(column: Column) -> NDArray[np.object_]:
    """What tells the rows of a column apart: its values, or the fifths of its numbers where those are many."""
    texts = np.array(["(missing)" if text is None else text for text in column.as_texts()], dtype=object)
    if not column.is_numerical or len(set(texts)) <= _BANDS:
        if len(set(texts)) > _MOST_VALUES:
            raise InputError(f"segment_by names {column.name!r}, which has more than {_MOST_VALUES} values")
        return texts
    numbers, _ = column.as_numbers()
    edges = np.unique(np.quantile(numbers[~np.isnan(numbers)], np.linspace(0, 1, _BANDS + 1)))
    place = np.clip(np.searchsorted(edges, numbers, side="right") - 1, 0, len(edges) - 2)
    names = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    return np.array(
        ["(missing)" if np.isnan(number) else names[at] for number, at in zip(numbers, place, strict=True)], object
    )


def _bias(
    holdout: HoldOut, champion: Answers, challenger: Answers, rule: Rule, facets: Sequence[Facet]
) -> list[Comparison]:
    if not facets:
        return []
    if holdout.problem_type == REGRESSION or holdout.positive is None:
        raise InputError("facets are given: bias is compared where there is a positive class, so name it")
    positive = holdout.positive
    tests = compare_groups(
        holdout.features,
        holdout.labels == positive,
        champion.labels == positive,
        challenger.labels == positive,
        facets,
        confidence=rule.confidence,
    )
    return [
        Comparison(metric=each.metric, rows=each.rows, test=each.test, segment=f"{each.facet}={each.value}")
        for each in tests
    ]


def _adjusted(found: Sequence[Comparison]) -> list[Comparison]:
    """Adjust p-values over all that are judged."""
    judged = [each for each in found if each.judged]
    if not judged:
        return list(found)
    adjusted = iter(paired.holm(np.array([each.test.p_value for each in judged])))
    return [replace(each, p_adjusted=float(next(adjusted))) if each.judged else each for each in found]


def _decide(
    metrics: Sequence[Comparison], segments: Sequence[Comparison], bias: Sequence[Comparison], rule: Rule
) -> tuple[list[str], list[str]]:
    """What speaks for the challenger, and what against it."""
    reasons = [
        f"{each.metric} may be worse by {-each.gain.low:.4f} ({_both(each)}), more than {rule.tolerance:g}"
        for each in metrics
        if each.gain.low < -rule.tolerance
    ]
    reasons += [
        f"{each.metric} of {each.segment} is worse by {-each.gain.value:.4f} ({_both(each)}; p {each.p_adjusted:.2g})"
        for each in segments
        if each.judged and each.p_adjusted <= rule.level and each.gain.value < -rule.segment_tolerance
    ]
    reasons += [
        f"{each.metric} of {each.segment} is further from neutral by {each.test.difference.value:.4f} ({_both(each)})"
        for each in bias
        if each.p_adjusted <= rule.level and each.test.difference.value > rule.bias_tolerance
    ]
    gains = [
        f"{each.metric}{f' of {each.segment}' if each.segment else ''} {_both(each)}, p {each.p_adjusted:.2g}"
        for each in (*metrics, *segments)
        if each.judged and each.p_adjusted <= rule.level and each.gain.value > 0 and each.gain.value >= rule.least_gain
    ]
    if not gains and not reasons:
        reasons.append(f"it is different and nowhere better ({', '.join(map(_named, metrics))})")
    return gains, reasons


def _both(each: Comparison) -> str:
    return f"{each.test.champion.value:.4f} → {each.test.challenger.value:.4f}"


def _named(each: Comparison) -> str:
    return f"{each.metric} {_both(each)}, p {each.p_adjusted:.2g}"


def primary(evaluation: Mapping[str, Any]) -> dict[str, Any] | None:
    """The metric that a message names first: the AUC where there is one, or else the first; None without any."""
    metrics = {each["metric"]: each for each in evaluation["metrics"]}
    found: dict[str, Any] | None = metrics.get("auc") or next(iter(metrics.values()), None)
    return found
