"""Arguments of the monitors."""

from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

from components.args.baseline import ModelQualityBaselineArgs, ModelQualityBaselineSettings
from components.args.reader import Reader, argument_names
from components.args.schedules import DAILY_AT_SIX, HOURLY, max_runtime, offset, schedule_expression

PROBLEM_TYPES: Final = ("BinaryClassification", "MulticlassClassification", "Regression")


class DataQualityArgs(TypedDict):
    """The monitor of the model's inputs and outputs."""

    schedule_expression: NotRequired[str]
    """Default hourly, `cron(0 * ? * * *)`."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600; SageMaker's limit for an hourly schedule."""


class ModelQualityArgs(TypedDict):
    """The monitor of the model's predictions against labels that arrive under `ground-truth/`."""

    problem_type: str
    """`BinaryClassification`, `MulticlassClassification` or `Regression`."""
    baseline: NotRequired[ModelQualityBaselineArgs]
    """Without it figures are published and nothing is compared."""
    inference_attribute: NotRequired[str]
    """Where a captured answer has its prediction: a column's index for CSV, a JMESPath for JSON. Default `0`."""
    probability_attribute: NotRequired[str]
    """Where it has the probability. Default `1` for BinaryClassification, otherwise none."""
    probability_threshold: NotRequired[float]
    """From which probability on the label is 1. Default 0.5 for BinaryClassification, otherwise none."""
    schedule_expression: NotRequired[str]
    """Default daily at 06:00 UTC, `cron(0 6 ? * * *)`."""
    start_time_offset: NotRequired[str]
    """Where the window starts, seen from the scheduled time. Default `-P1D`."""
    end_time_offset: NotRequired[str]
    """Where the window ends, seen from the scheduled time. Default `-PT0H`. Move both back if labels come late."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 1800; SageMaker's limit for an hourly schedule."""


@dataclass(frozen=True, kw_only=True)
class DataQualitySettings:
    """`DataQualityArgs`, checked and complete."""

    schedule_expression: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @classmethod
    def from_args(cls, args: DataQualityArgs, path: str = "data_quality") -> Self:
        read = Reader(path, args, argument_names(DataQualityArgs))
        return cls(
            schedule_expression=schedule_expression(read, HOURLY),
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=max_runtime(read, 3600, hourly_limit=3600, default_schedule=HOURLY),
        )


@dataclass(frozen=True, kw_only=True)
class ModelQualitySettings:
    """`ModelQualityArgs`, checked and complete."""

    problem_type: str
    baseline: ModelQualityBaselineSettings | None
    inference_attribute: str
    probability_attribute: str | None
    probability_threshold: float | None
    schedule_expression: str
    start_time_offset: str
    end_time_offset: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @classmethod
    def from_args(cls, args: ModelQualityArgs, path: str = "model_quality") -> Self:
        read = Reader(path, args, argument_names(ModelQualityArgs))
        problem_type = read.choice("problem_type", None, PROBLEM_TYPES)
        binary = problem_type == "BinaryClassification"
        baseline = None
        if read.has("baseline"):
            baseline = ModelQualityBaselineSettings.from_args(read.raw("baseline"), problem_type, read.name("baseline"))
        return cls(
            problem_type=problem_type,
            baseline=baseline,
            inference_attribute=read.text("inference_attribute", "0"),
            probability_attribute=read.optional_text("probability_attribute", "1" if binary else None),
            probability_threshold=read.number("probability_threshold", 0.5 if binary else None, 0.0, 1.0),
            schedule_expression=schedule_expression(read, DAILY_AT_SIX),
            start_time_offset=offset(read, "start_time_offset", "-P1D"),
            end_time_offset=offset(read, "end_time_offset", "-PT0H"),
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=max_runtime(read, 1800, hourly_limit=1800, default_schedule=DAILY_AT_SIX),
        )
