"""Arguments of every monitor, and of the monitor of data quality."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NotRequired, Protocol, Self, TypedDict

import jmespath
import pulumi
from jmespath.exceptions import JMESPathError

from components.args.bounds import check_data_quality_definition, number
from components.args.engines import BOTH, OPEN
from components.args.reader import ArgumentError, Reader, Script, argument_names
from components.args.schedules import (
    HOURLY,
    ScheduleExpression,
    max_runtime,
    schedule_expression,
)
from contract.answer_path import is_meant_as_path, not_parsed
from contract.segment_origins import ORIGINS

LONGEST_VARIABLE: Final = 256  # of a processing job's environment
_MOST_SEGMENTS: Final = 3
COMPARISON_METHODS: Final = ("Robust", "Simple")


class DataQualityThresholdsArgs(TypedDict):
    """What the data-quality monitor tolerates. Written into `constraints.json`, so the baseline must be given as files.

    A baseline job writes a `constraints.json` of its own, after the deployment.
    """

    comparison_threshold: NotRequired[float]
    """The largest distance from the baseline's distribution, 0 to 1. Default the baseline's (of Model Monitor 0.1)."""
    comparison_method: NotRequired[str]
    """`Robust` (allows for small samples) or `Simple`. Default the baseline's (Model Monitor's is `Robust`)."""
    datatype_check_threshold: NotRequired[float]
    """The least share of values of the expected type, 0 to 1. Default the baseline's (Model Monitor's is 1)."""
    domain_content_threshold: NotRequired[float]
    """The least share of values that the baseline knows, 0 to 1. Default the baseline's (Model Monitor's is 1)."""
    ignored_features: NotRequired[Sequence[str]]
    """Features that are described and never violate anything. Default none."""


class DataQualityArgs(TypedDict):
    """The monitor of the model's inputs and outputs."""

    enabled: NotRequired[bool]
    """Default true."""
    schedule_expression: NotRequired[str]
    """Default hourly, `cron(0 * ? * * *)`."""
    thresholds: NotRequired[DataQualityThresholdsArgs]
    """What is tolerated. Default what the baseline says."""
    exclude_features: NotRequired[Sequence[str]]
    """Features to leave out: names, or positions among the baseline's from 0. `engine: open` only. Default none."""
    segments: NotRequired[Sequence[str]]
    """Columns, at most 3, whose values are judged one by one: the 10 most frequent of the baseline. The 3
    worst ring, in this monitor's alarm. Open engine, baseline data. Default none. `variant` is the endpoint's, and
    `target_model` what callers name in front of a `:` in their `InferenceId`, each against the whole baseline."""
    record_preprocessor: NotRequired[pulumi.Asset]
    """Python script with `preprocess_handler(inference_record)`, run on every captured record. Default none."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600; SageMaker's limit for an hourly schedule."""


@dataclass(frozen=True, kw_only=True)
class DataQualityThresholds:
    """`DataQualityThresholdsArgs`, checked; None where the baseline's own value holds."""

    comparison_threshold: float | None = None
    comparison_method: str | None = None
    datatype_check_threshold: float | None = None
    domain_content_threshold: float | None = None
    ignored_features: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: DataQualityThresholdsArgs, path: str = "data_quality.thresholds") -> Self:
        read = Reader(path, args, argument_names(DataQualityThresholdsArgs))
        ignored = read.names("ignored_features", "a list of features")
        return cls(
            comparison_threshold=read.number("comparison_threshold", None, 0.0, 1.0),
            comparison_method=(
                read.choice("comparison_method", None, COMPARISON_METHODS) if read.has("comparison_method") else None
            ),
            datatype_check_threshold=read.number("datatype_check_threshold", None, 0.0, 1.0),
            domain_content_threshold=read.number("domain_content_threshold", None, 0.0, 1.0),
            ignored_features=ignored,
        )


class MonitorSettings(Protocol):
    """What the settings of every kind of monitor have."""

    FILES: ClassVar[Sequence[Sequence[str]]]
    """Where its arguments have files; in a stack's configuration these are paths."""
    ASKS_MODEL: ClassVar[bool]
    """Whether its jobs ask the deployed model, and read its archive for that."""

    @property
    def enabled(self) -> bool:
        """Whether it is on."""

    def check(self, engine: str, path: str) -> None:
        """Refuse what this engine cannot do; `path` is what the arguments are called. Raises ArgumentError."""

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """Files of its baseline that exist already, in whatever bucket."""

    @property
    def schedule(self) -> ScheduleExpression:
        """When it runs."""

    @property
    def record_preprocessor(self) -> Script | None:
        """A script of the user's that every record goes through."""

    @property
    def instance_type(self) -> str: ...

    @property
    def volume_size_in_gb(self) -> int: ...

    @property
    def max_runtime_in_seconds(self) -> int: ...

    @property
    def window_hours(self) -> int:
        """How long a window is; 0 where windows are of no fixed length."""

    @property
    def hours_behind(self) -> int:
        """How many hours before a run its window ends."""

    @property
    def rings_when_silent(self) -> bool:
        """Whether an alarm rings when nothing was heard of its runs for two periods."""


@dataclass(frozen=True, kw_only=True)
class RunSettings:
    """When a monitor runs and on what, of every kind."""

    ASKS_MODEL: ClassVar[bool] = False
    """Whether its jobs ask the deployed model, and read its archive for that."""
    enabled: bool
    schedule: ScheduleExpression
    record_preprocessor: Script | None
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @property
    def window_hours(self) -> int:
        """How long a window is: the time between runs."""
        return self.schedule.period_hours

    @property
    def hours_behind(self) -> int:
        """A window ends when its run is due."""
        return 0

    @property
    def rings_when_silent(self) -> bool:
        """It does: a clock starts its runs."""
        return True


def run_settings(read: Reader, default: str, *, hourly_limit: int) -> dict[str, Any]:
    """The fields of `RunSettings`; `default` is the schedule, `hourly_limit` SageMaker's of an hourly run's seconds."""
    schedule = schedule_expression(read, default)
    return {
        "enabled": read.flag("enabled", True),
        "schedule": schedule,
        "record_preprocessor": _preprocessor(read),
        "instance_type": read.job_instance_type("ml.m5.xlarge"),
        "volume_size_in_gb": number(read, "volume_size_in_gb", 20, "monitor.volume_size_in_gb"),
        "max_runtime_in_seconds": max_runtime(read, hourly_limit, schedule, hourly_limit=hourly_limit),
    }


@dataclass(frozen=True, kw_only=True)
class DataQualitySettings(RunSettings):
    """`DataQualityArgs`, checked and complete. Its baseline is the stack's own argument."""

    FILES: ClassVar[Sequence[Sequence[str]]] = (("record_preprocessor",),)
    thresholds: DataQualityThresholds | None
    exclude_features: tuple[str, ...]
    segments: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    """Of `segments` those that no column tells: a record's variant, its target model."""

    @classmethod
    def from_args(cls, args: DataQualityArgs, path: str = "data_quality") -> Self:
        read = Reader(path, args, argument_names(DataQualityArgs))
        thresholds = None
        if read.has("thresholds"):
            thresholds = DataQualityThresholds.from_args(read.raw("thresholds"), read.name("thresholds"))
        return cls(
            **run_settings(read, HOURLY, hourly_limit=3600),
            thresholds=thresholds,
            exclude_features=excluded_features(read),
            segments=tuple(name for name in segment_columns(read) if name not in ORIGINS),
            origins=tuple(name for name in segment_columns(read) if name in ORIGINS),
        )

    def check_columns(self, columns: Sequence[str]) -> None:
        """Refuse names that the baseline's data have no column for. Raises ArgumentError."""
        there = f"baseline.data has {', '.join(columns)}; name one of these"
        for name in self.exclude_features:
            if name not in columns and not (name.isdecimal() and int(name) < len(columns)):
                raise ArgumentError(
                    f"data_quality.exclude_features has {name!r}: {there}, or give its position, from 0 on"
                )
        left_out = {columns[int(name)] if name not in columns else name for name in self.exclude_features}
        if left_out and left_out >= set(columns):
            raise ArgumentError("data_quality.exclude_features has every column of baseline.data: leave one to look at")
        for name in self.segments:
            if name not in columns:
                raise ArgumentError(f"data_quality.segments names {name!r}: {there}, or add the column there")

    def check(self, engine: str, path: str) -> None:
        """Refuse what Model Monitor's definitions cannot hold."""
        check_segments((*self.segments, *self.origins), engine, path, allowed=(OPEN, BOTH))
        if engine != OPEN:
            check_data_quality_definition(self, path)
            if self.exclude_features:
                raise ArgumentError(
                    f"{path}.exclude_features: pulumi-aws has no such argument for Model Monitor; set engine to open, "
                    f"or give the features in {path}.thresholds.ignored_features"
                )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """None: its baseline is the stack's."""
        return ()


def check_path(path: str, attribute: str | None) -> None:
    """Refuse an attribute of an answer that is meant as a JMESPath and cannot be parsed. Raises ArgumentError."""
    if attribute is None or not is_meant_as_path(attribute):
        return
    try:
        jmespath.compile(attribute)
    except JMESPathError as error:
        problem = not_parsed(attribute, getattr(error, "lex_position", None))
        raise ArgumentError(f"{path}: {problem}") from error


def check_segments(segments: Sequence[str], engine: str, path: str, *, allowed: Sequence[str] = (OPEN,)) -> None:
    """Refuse engines that know none, or that would read a baseline's file with segments in it: AWS's own reader of
    these files is not published. Raises ArgumentError.
    """
    if segments and engine not in allowed:
        raise ArgumentError(
            f"{path}.segments is given and engine is {engine}: Model Monitor knows none; set engine to open, or "
            "remove it"
        )


def check_for_clarify(
    command: str, engine: str, path: str, record_preprocessor: Script | None, *, makes_baseline: bool
) -> None:
    """Refuse a script, and a baseline that a job of the open engine would make: SageMaker Clarify has no place for
    either. `command` of drift-tools makes the baseline instead. Raises ArgumentError.
    """
    if record_preprocessor is not None:
        raise ArgumentError(
            f"{path}.record_preprocessor is given and engine is {engine}: SageMaker Clarify takes no script; set "
            "engine to open, or remove it"
        )
    if makes_baseline:
        raise ArgumentError(
            f"{path}.baseline.data is given and engine is {engine}: give {path}.baseline.constraints, made with "
            f"`python -m drift_tools {command} DATA … --format json --output analysis.json`, or set engine to open"
        )


def check_segment_inputs(read: Reader, segments: Sequence[str], columns: Sequence[str], what: str) -> None:
    """Refuse segments by columns that are not there; `what` these are called. Raises ArgumentError."""
    missing = [name for name in segments if name not in columns]
    if missing:
        raise ArgumentError(
            f"{read.name('segments')} names {missing[0]!r}: {what} has {', '.join(columns)}; name one of these, or add "
            "the column there"
        )


def excluded_features(read: Reader) -> tuple[str, ...]:
    """The argument `exclude_features`: the job gets them with commas in between."""
    form = "a list of features without commas in their names"
    names = read.names("exclude_features", form)
    if any("," in name for name in names):
        raise read.refuse("exclude_features", f"must be {form}")
    return names


def segment_columns(read: Reader) -> tuple[str, ...]:
    """The argument `segments` of a kind; the environment of a job has room for some names."""
    form = f"a list of at most {_MOST_SEGMENTS} columns"
    given = read.names("segments", form)
    if len(given) > _MOST_SEGMENTS:
        raise read.refuse("segments", f"must be {form}")
    if any("," in name for name in given) or len(",".join(given)) > LONGEST_VARIABLE:
        raise read.refuse("segments", f"must be names without commas, of at most {LONGEST_VARIABLE} characters in all")
    return given


def _preprocessor(read: Reader) -> Script | None:
    script = read.script("record_preprocessor")
    if script is not None and b"def preprocess_handler" not in script.content:
        raise ArgumentError(
            f"{read.name('record_preprocessor')} has no preprocess_handler: "
            "the monitor calls preprocess_handler(inference_record) for every record"
        )
    return script
