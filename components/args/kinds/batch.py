"""Arguments of the monitor of batches."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.baseline import ExistingBaseline, ExistingBaselineArgs, existing_files
from components.args.engines import MODEL_MONITOR, OPEN
from components.args.monitors import RunSettings, excluded_features, run_settings
from components.args.reader import S3_FOLDER, ArgumentError, Reader, argument_names
from components.args.schedules import DAILY_AT_SIX
from contract.monitor_kinds import ATTRIBUTION, BIAS, KINDS, MODEL_QUALITY

PARQUET: Final = "parquet"
CSV: Final = "csv"
JSON: Final = "json"
# By their arguments: the kinds whose definitions of Model Monitor take transform jobs, beside data quality's.
_OF_BATCHES: Final = {KINDS[kind].argument: kind for kind in (MODEL_QUALITY, BIAS, ATTRIBUTION)}
# SageMaker's, of an ExcludeFeaturesAttribute.
_LONGEST_EXCLUDED: Final = 100
_FOLDER: Final = "an S3 folder such as s3://bucket/scores"
_MOST_KEYS: Final = 4
_KEY: Final = re.compile(r"[^/=,.\s_][^/=,\s]{0,63}")
# The runs take names with these in front for markers, as Spark does.
_MARKER: Final = (r"[._][^/*\\]{1,99}", "a file's name such as _SUCCESS, with _ or . in front")


class PartitionsArgs(TypedDict):
    """How a plain prefix is laid out, `dt=2026-01-31/hour=04/part-0.parquet`."""

    keys: Sequence[str]
    """The names of the folders that make a batch, from the outermost on, times first: `[dt, hour]`. Folders below them
    are part of it."""
    format: NotRequired[str]
    """`parquet` or `csv`. Default `parquet`."""
    marker: NotRequired[str]
    """The file that is written last, in the batch's folder or in one above it, such as `_SUCCESS`. Default none: a
    batch is there once nothing was written to it for `quiet_minutes`."""
    quiet_minutes: NotRequired[int]
    """Default 10. Without a marker only."""
    newest: NotRequired[int]
    """How many of the newest batches the clock looks at every hour, in case no event told of one. Default 48."""


class BatchArgs(TypedDict):
    """The monitor of batches: what transform jobs write, or what lies in the partitions of a plain prefix, is held
    against the stack's baseline when it is there.
    """

    output_uri: pulumi.Input[str]
    """`s3://bucket/prefix` below which transform jobs write, or the partitions lie. All of them are looked at."""
    partitions: NotRequired[PartitionsArgs]
    """The prefix is a plain one: no transform jobs, but files in folders. Default none."""
    baseline: NotRequired[ExistingBaselineArgs]
    """Statistics and constraints of batches alone, of rows as they are written. Default the data-quality monitor's."""
    captured_uri: NotRequired[pulumi.Input[str]]
    """`DestinationS3Uri` of the transform jobs' `DataCaptureConfig`. Model Monitor needs it, the open engine does not.
    """
    dataset_format: NotRequired[str]
    """What transform jobs write, for Model Monitor: `csv`, `json` (a JSON object a line) or `parquet`. Default `csv`.
    """
    monitors: NotRequired[Sequence[str]]
    """Which other monitors Model Monitor has look at the batches, and no longer at the endpoint: `model_quality`,
    `bias`, `attribution`. Positions then are columns of what the jobs write. Default none."""
    input_uri: NotRequired[pulumi.Input[str]]
    """`s3://bucket/prefix` below which their input lies; not needed where they join it to their output (`JoinSource`).
    """
    output_columns: NotRequired[int]
    """How many columns an answer has; in the baseline they come first. Default 1."""
    has_header: NotRequired[bool]
    """Whether CSV files start with a line of names. Default false."""
    exclude_features: NotRequired[Sequence[str]]
    """Columns to leave out, such as an id. Default none."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of batches at all."""
    schedule_expression: NotRequired[str]
    """How often a batch is due: an alarm rings if none has come for two periods. Default none: batches come when they
    do."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""


@dataclass(frozen=True, kw_only=True)
class PartitionsSettings:
    """`PartitionsArgs`, checked and complete."""

    keys: tuple[str, ...]
    format: str
    marker: str | None
    quiet_minutes: int
    newest: int

    @classmethod
    def from_args(cls, args: PartitionsArgs, path: str) -> Self:
        read = Reader(path, args, argument_names(PartitionsArgs))
        form = f"a list of 1 to {_MOST_KEYS} names of folders, such as dt and hour"
        names = read.names("keys", form)
        if not 1 <= len(names) <= _MOST_KEYS or not all(_KEY.fullmatch(key) for key in names):
            raise read.refuse("keys", f"must be {form}")
        if read.has("marker") and read.has("quiet_minutes"):
            raise ArgumentError(
                f"{read.name('quiet_minutes')} is given with {read.name('marker')}: a batch with a marker is there "
                "once that is; remove one of the two"
            )
        return cls(
            keys=names,
            format=read.choice("format", PARQUET, (PARQUET, CSV)),
            marker=read.text("marker", None, *_MARKER) if read.has("marker") else None,
            quiet_minutes=read.whole("quiet_minutes", 10, 1, 24 * 60),
            newest=read.whole("newest", 48, 1, 1000),
        )


@dataclass(frozen=True, kw_only=True)
class BatchSettings(RunSettings):
    """`BatchArgs`, checked and complete."""

    FILES: ClassVar[Sequence[Sequence[str]]] = ()
    output_uri: pulumi.Input[str]
    input_uri: pulumi.Input[str] | None
    output_columns: int
    has_header: bool
    exclude_features: tuple[str, ...]
    partitions: PartitionsSettings | None
    is_due: bool
    baseline: ExistingBaseline | None
    captured_uri: pulumi.Input[str] | None
    dataset_format: str
    monitors: tuple[str, ...]
    """Kinds that look at batches, too."""

    @classmethod
    def from_args(cls, args: BatchArgs, path: str = "batch") -> Self:
        read = Reader(path, args, argument_names(BatchArgs))
        if not read.has("output_uri"):
            raise ArgumentError(f"{read.name('output_uri')} is missing: say where transform jobs write, {_FOLDER}")
        partitions = None
        if read.has("partitions"):
            partitions = PartitionsSettings.from_args(read.raw("partitions"), read.name("partitions"))
            _check_partitions(read)
        return cls(
            **run_settings(read, DAILY_AT_SIX, hourly_limit=3600),
            output_uri=read.late_text("output_uri", S3_FOLDER, _FOLDER),
            input_uri=read.optional_late_text("input_uri", S3_FOLDER, _FOLDER),
            output_columns=read.whole("output_columns", 1, 1, 1000),
            has_header=read.flag("has_header", False),
            exclude_features=excluded_features(read),
            partitions=partitions,
            is_due=read.has("schedule_expression"),
            baseline=_baseline(read),
            captured_uri=read.optional_late_text("captured_uri", S3_FOLDER, _FOLDER),
            dataset_format=read.choice("dataset_format", CSV, (CSV, JSON, PARQUET)),
            monitors=_monitors(read),
        )

    @property
    def window_hours(self) -> int:
        """A batch is no window of hours."""
        return 0

    @property
    def hours_behind(self) -> int:
        """A run looks at a batch that has just ended."""
        return 0

    @property
    def rings_when_silent(self) -> bool:
        """Whether it rings: only where it was said how often a batch is due."""
        return self.is_due

    def check(self, engine: str, path: str) -> None:
        """Refuse what this engine cannot do with batches."""
        if engine == OPEN:
            for name, is_given in (
                ("captured_uri", self.captured_uri is not None),
                ("monitors", bool(self.monitors)),
                ("dataset_format", self.dataset_format != CSV),
            ):
                if is_given:
                    raise ArgumentError(
                        f"{path}.{name} is given and engine is {engine}: the open engine looks at what the jobs "
                        "themselves say; set engine to model-monitor, or remove it"
                    )
            return
        if engine != MODEL_MONITOR:
            raise ArgumentError(
                f"{path} is given and engine is {engine}: batches are looked at by one engine; set engine to open or "
                "model-monitor, or remove it"
            )
        if self.captured_uri is None:
            raise ArgumentError(
                f"{path}.captured_uri is missing: Model Monitor finds batches by what data capture of transform jobs "
                "wrote; give its DestinationS3Uri, or set engine to open"
            )
        if self.partitions is not None:
            raise ArgumentError(
                f"{path}.partitions is given and engine is {engine}: Model Monitor knows transform jobs only; set "
                "engine to open, or remove it"
            )
        if len(",".join(self.exclude_features)) > _LONGEST_EXCLUDED:
            raise ArgumentError(
                f"{path}.exclude_features has more than {_LONGEST_EXCLUDED} characters in all, SageMaker's limit: give "
                "positions, or set engine to open"
            )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """Its own baseline, if it has one."""
        return existing_files(self.baseline)

    @property
    def places(self) -> list[pulumi.Input[str]]:
        """Where batches, their inputs and what was captured of them lie: the runs must be allowed to read them."""
        return [uri for uri in (self.output_uri, self.input_uri, self.captured_uri) if uri is not None]


def _baseline(read: Reader) -> ExistingBaseline | None:
    if not read.has("baseline"):
        return None
    given = Reader(read.name("baseline"), read.raw("baseline"), argument_names(ExistingBaselineArgs))
    return ExistingBaseline(
        statistics_uri=given.s3_file("statistics_uri"), constraints_uri=given.s3_file("constraints_uri")
    )


def _monitors(read: Reader) -> tuple[str, ...]:
    form = f"a list of some of {', '.join(_OF_BATCHES)}"
    given = read.names("monitors", form)
    if not all(name in _OF_BATCHES for name in given):
        raise read.refuse("monitors", f"must be {form}")
    return tuple(_OF_BATCHES[name] for name in given)


def _check_partitions(read: Reader) -> None:
    """Refuse what a transform job alone has."""
    for key in ("input_uri", "output_columns"):
        if read.has(key):
            raise ArgumentError(
                f"{read.name(key)} is given with {read.name('partitions')}: a partition's rows have all columns, by "
                "the baseline's names or in its order; remove it"
            )
    uri = read.raw("output_uri")
    if isinstance(uri, str) and "*" in uri:
        raise read.refuse("output_uri", "has a *, which no events' pattern can tell from any characters; rename it")
