"""Arguments of the monitor of model quality."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, NotRequired, Self, TypedDict

import pulumi

from components.args.baseline import (
    AnyQualityBaseline,
    ModelQualityBaselineArgs,
    ModelQualityBaselineSettings,
    existing_files,
    file_for_quality_thresholds,
    quality_baseline_settings,
)
from components.args.bounds import check_length
from components.args.engines import MODEL_MONITOR
from components.args.monitors import (
    LONGEST_VARIABLE,
    RunSettings,
    check_path,
    check_segment_inputs,
    check_segments,
    run_settings,
    segment_columns,
)
from components.args.reader import ArgumentError, Reader, argument_names, as_text
from components.args.schedules import DAILY_AT_SIX, check_window, hours_back, offset
from contract import quality_metrics

# What a name of a column or a key has none of.
_JMESPATH = frozenset(".[](){}|*&@?!<>='\"`")


class ModelQualityArgs(TypedDict):
    """The monitor of the model's predictions against labels that arrive under `ground-truth/`."""

    problem_type: str
    """`BinaryClassification`, `MulticlassClassification` or `Regression`."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of model quality at all."""
    baseline: NotRequired[ModelQualityBaselineArgs]
    """Without it, and without thresholds, figures are published and nothing is compared."""
    thresholds: NotRequired[Mapping[str, float]]
    """What is demanded, by metric, such as `{"f1": 0.8}`. Alone, or on top of `baseline.constraints`."""
    inference_attribute: NotRequired[str]
    """Where an answer has its prediction: a column's index or a JMESPath. Default `0`; none beside a probability."""
    probability_attribute: NotRequired[str]
    """Where it has the probability. Default `1` for a BinaryClassification without either attribute, or none."""
    probability_threshold: NotRequired[float]
    """From which probability on the label is 1. Default 0.5 where there is a probability, otherwise none."""
    positive_label: NotRequired[str]
    """The class asked about (say `fraud`); Model Monitor has no such setting. Default the baseline's, `1` or `yes`."""
    estimate: NotRequired[bool]
    """Estimate the quality of every data-quality window before its labels come, from `baseline.data`: metrics
    `estimated_*` with their intervals. Open engine. Default false."""
    class_probabilities: NotRequired[Mapping[str, str]]
    """For `estimate` of a MulticlassClassification: where an answer has each class's probability; in `baseline.data`
    it is the column `probability_CLASS`. Default none."""
    segments: NotRequired[Sequence[str]]
    """Columns, at most 3, whose values are judged one by one: the 10 most frequent of the baseline. The 3
    worst ring, in this monitor's alarm. Open engine, `baseline.data`. Default none."""
    schedule_expression: NotRequired[str]
    """Default daily at 06:00 UTC, `cron(0 6 ? * * *)`."""
    start_time_offset: NotRequired[str]
    """Where the window starts, seen from the scheduled time. Default `-P1D`."""
    end_time_offset: NotRequired[str]
    """Where the window ends, seen from the scheduled time. Default `-PT0H`. Move both back if labels come late."""
    record_preprocessor: NotRequired[pulumi.Asset]
    """Python script with `preprocess_handler(inference_record)`, run on every merged record. Default none."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 1800; SageMaker's limit for an hourly schedule."""


@dataclass(frozen=True, kw_only=True)
class ModelQualitySettings(RunSettings):
    """`ModelQualityArgs`, checked and complete."""

    FILES: ClassVar[Sequence[Sequence[str]]] = (("record_preprocessor",), ("baseline", "constraints"))
    problem_type: str
    baseline: AnyQualityBaseline | None
    thresholds: Mapping[str, float]
    inference_attribute: str | None
    probability_attribute: str | None
    probability_threshold: float | None
    positive_label: str | None
    start_time_offset: str
    end_time_offset: str
    estimate: bool = False
    class_probabilities: Mapping[str, str] = field(default_factory=dict)
    segments: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: ModelQualityArgs, path: str = "model_quality") -> Self:
        read = Reader(path, args, argument_names(ModelQualityArgs))
        problem_type = read.choice("problem_type", None, quality_metrics.PROBLEM_TYPES)
        baseline = None
        if read.has("baseline"):
            baseline = quality_baseline_settings(read.raw("baseline"), problem_type, read.name("baseline"))
        start, end = offset(read, "start_time_offset", "-P1D"), offset(read, "end_time_offset", "-PT0H")
        check_window(read, start, end)
        inference, probability = _attributes(read, is_binary=problem_type == "BinaryClassification")
        thresholds = quality_thresholds(read.raw("thresholds"), problem_type, read.name("thresholds"))
        if thresholds:
            file_for_quality_thresholds(baseline, read.name("thresholds"))
        return cls(
            **run_settings(read, DAILY_AT_SIX, hourly_limit=1800),
            problem_type=problem_type,
            baseline=baseline,
            thresholds=thresholds,
            inference_attribute=inference,
            probability_attribute=probability,
            probability_threshold=read.number("probability_threshold", 0.5 if probability else None, 0.0, 1.0),
            positive_label=_positive_label(read, problem_type),
            start_time_offset=start,
            end_time_offset=end,
            estimate=_estimate(read, problem_type, baseline, probability),
            class_probabilities=_class_probabilities(read, problem_type),
            segments=_segments(read, baseline),
        )

    @property
    def window_hours(self) -> int:
        """How long a window is."""
        return hours_back(self.start_time_offset) - hours_back(self.end_time_offset)

    @property
    def hours_behind(self) -> int:
        """How many hours before a run its window ends: labels come late."""
        return hours_back(self.end_time_offset)

    def check(self, engine: str, path: str) -> None:
        """Refuse what Model Monitor alone would be asked about, and does not have."""
        check_segments(self.segments, engine, path)
        if self.estimate and engine == MODEL_MONITOR:
            raise ArgumentError(
                f"{path}.estimate is True and engine is {engine}: Model Monitor estimates nothing before labels come; "
                "set engine to open, or remove it"
            )
        if self.positive_label is not None and engine == MODEL_MONITOR:
            raise ArgumentError(
                f"{path}.positive_label is given and engine is {engine}: Model Monitor has no such setting; set "
                "engine to open, or remove it"
            )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """Its constraints, where they exist already."""
        return existing_files(self.baseline)


def _attributes(read: Reader, *, is_binary: bool) -> tuple[str | None, str | None]:
    """Read where an answer has its prediction and its probability.

    The defaults are those of an answer with both, as the project's own model gives it. Who names one of them describes
    another answer: a probability without a label makes its own prediction, a label without one has no ROC curve.
    """
    inference = read.optional_text("inference_attribute", None)
    probability = read.optional_text("probability_attribute", None)
    for key, name in (("inference_attribute", inference), ("probability_attribute", probability)):
        check_length(read.name(key), name, "model_quality.attribute")
        check_path(read.name(key), name)
    if is_binary and inference is None and probability is None:
        return "0", "1"
    if inference is None and not (is_binary and probability is not None):
        inference = "0"
    _check_one_form(read, inference, probability)
    return inference, probability


def _estimate(read: Reader, problem_type: str, baseline: AnyQualityBaseline | None, probability: str | None) -> bool:
    """Whether quality is estimated before labels come, and whether there is what that takes."""
    if not read.flag("estimate", False):
        return False
    name = read.name("estimate")
    if not isinstance(baseline, ModelQualityBaselineSettings):
        raise ArgumentError(
            f"{name} is True without {read.name('baseline')}.data: an estimate is made from predictions with labels; "
            "give the data, or remove it"
        )
    if problem_type == "BinaryClassification" and None in {probability, baseline.probability_attribute}:
        raise ArgumentError(
            f"{name} is True and there is no probability: the quality of a BinaryClassification is estimated from the "
            "probabilities; name their column in the answers and in the baseline's data, or remove it"
        )
    if problem_type == "MulticlassClassification" and not read.has("class_probabilities"):
        raise ArgumentError(
            f"{read.name('class_probabilities')} is missing: the quality of a MulticlassClassification is estimated "
            f"from the probabilities of its classes; name where an answer has each, or remove {name}"
        )
    return True


def _segments(read: Reader, baseline: AnyQualityBaseline | None) -> tuple[str, ...]:
    found = segment_columns(read)
    if not found:
        return ()
    if not isinstance(baseline, ModelQualityBaselineSettings):
        raise ArgumentError(
            f"{read.name('segments')} needs {read.name('baseline')}.data: a segment is held against its own rows"
        )
    check_segment_inputs(read, found, baseline.columns, f"{read.name('baseline')}.data")
    return found


def _class_probabilities(read: Reader, problem_type: str) -> Mapping[str, str]:
    """Read where an answer has the probability of each class, by class."""
    if not read.has("class_probabilities"):
        return {}
    given = read.raw("class_probabilities")
    if problem_type != "MulticlassClassification" or not isinstance(given, Mapping) or len(given) < 2:
        raise read.refuse(
            "class_probabilities", "must name, for a MulticlassClassification, the column or position of every class"
        )
    found = {str(name): str(as_text(place)) for name, place in given.items()}
    for name, place in found.items():
        check_path(f"{read.name('class_probabilities')}.{name}", place)
    if len(json.dumps(found)) > LONGEST_VARIABLE:
        raise read.refuse("class_probabilities", f"is longer than {LONGEST_VARIABLE} characters of JSON, a job's limit")
    return found


def _check_one_form(read: Reader, inference: str | None, probability: str | None) -> None:
    """Refuse a position beside a JMESPath: an answer has columns by position or values by path, and not both. The job
    says so too (`drift_tools.capture.json_paths`), in its first run.
    """
    by_argument = {"inference_attribute": inference, "probability_attribute": probability}
    paths = [value for value in by_argument.values() if value and _JMESPATH.intersection(value)]
    positions = {name: value for name, value in by_argument.items() if value and value.isdecimal()}
    for argument, position in positions.items():
        if paths:
            raise read.refuse(
                argument,
                f"position {position}{'' if read.has(argument) else ', the default,'} beside the JMESPath {paths[0]}: "
                f"an answer does not have both; write a JMESPath too, such as [{position}]",
            )


def quality_thresholds(
    args: Mapping[str, float] | None, problem_type: str, path: str = "model_quality.thresholds"
) -> Mapping[str, float]:
    """Thresholds by metric; a metric that this problem type has not is refused."""
    if args is None:
        return {}
    metrics = quality_metrics.CONSTRAINED[problem_type]
    read = Reader(path, args, metrics)
    limits = (-1e300, 1e300) if problem_type == "Regression" else (0.0, 1.0)
    found = {metric: read.number(metric, None, *limits) for metric in metrics if read.has(metric)}
    return {metric: value for metric, value in found.items() if value is not None}


def _positive_label(read: Reader, problem_type: str) -> str | None:
    if not read.has("positive_label"):
        return None
    if problem_type != "BinaryClassification":
        raise ArgumentError(
            f"{read.name('positive_label')} is given and problem_type is {problem_type}: only a BinaryClassification "
            "has a positive class; remove it"
        )
    label = as_text(read.raw("positive_label"))
    if not isinstance(label, str) or not 1 <= len(label) <= 256:
        raise read.refuse("positive_label", "must be the name of a class, in at most 256 characters")
    return label
