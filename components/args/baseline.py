"""Arguments of the baselines: of the data, and of the model's predictions.

A baseline comes in one of four ways: from data, by a job; from production's own captures, by a job; from files that
exist already; or as the files themselves.
"""

import csv
import io
import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.bounds import number
from components.args.open_engine import SEASONS
from components.args.reader import ArgumentError, Reader, argument_names
from contract import quality_metrics
from contract.captured_span import CapturedSpan, moment_of
from contract.constraints_file import read_constraints
from contract.quality_constraints import read_quality_constraints

_JOB: Final = ("time_column", "season", "instance_type", "volume_size_in_gb", "max_runtime_in_seconds", "attempt")
# Fewer windows say nothing of how windows differ; the job refuses them too, and counts those that have rows.
_LEAST_WINDOWS: Final = 24
_LEAST_SPAN: Final = timedelta(days=1)
_COLUMNS: Final = ("inference_attribute", "probability_attribute", "ground_truth_attribute")


class ExistingBaselineArgs(TypedDict):
    """Files that exist already, in any bucket; nothing of them is made, changed or deleted."""

    statistics_uri: pulumi.Input[str]
    """`s3://bucket/…/statistics.json`."""
    constraints_uri: pulumi.Input[str]
    """`s3://bucket/…/constraints.json`."""


# `from` is no name of a class's member in Python.
_From = TypedDict("_From", {"from": str})


class CapturesArgs(_From):
    """Which of production's own captures: those of the times from `from` on and before `to`, each a day (`2026-11-01`,
    midnight in UTC) or a moment with a time zone.
    """

    to: str
    """The end: a day (midnight in UTC) or a moment with a time zone, at least a day after `from`."""
    columns: NotRequired[Sequence[str]]
    """Names of the columns of payloads that name none (CSV), outputs first. Default `_c0`, `_c1` and so on."""


class BaselineArgs(TypedDict):
    """What later data are compared with: `data`, or `captures`, or `existing`, or `statistics` and `constraints`."""

    captures: NotRequired[CapturesArgs]
    """Production's own captures, such as the four weeks before a release. Windows that a person marked as bad are left
    out (`drift-tools acknowledge --bad-from … --bad-to …`), and those that a verdict called drift. They are cut into
    windows like the monitor's: two whole weeks of them, better four. Open engine only."""
    data: NotRequired[pulumi.Asset]
    """CSV with a header: the model's output columns first, then its inputs, in the order of captured records."""
    existing: NotRequired[ExistingBaselineArgs]
    """Files in S3 that exist already."""
    statistics: NotRequired[pulumi.Asset]
    """`statistics.json`, as `python -m drift_tools baseline` or AWS's analyzer writes it. Uploaded; no job runs."""
    constraints: NotRequired[pulumi.Asset]
    """`constraints.json`, from the same run."""
    time_column: NotRequired[str]
    """Column of `data` that says when a row was (ISO 8601, or seconds): the open engine cuts the rows into windows like
    the monitor's, two whole weeks of them or better four, and judges by those from the first run on. It is no feature.
    Default none: the monitor learns from its own first weeks."""
    season: NotRequired[str]
    """With `time_column` or `captures`, what those windows repeat with, as `open_engine.season` has it. Default `auto`:
    the job finds it, and says what it found and how many rows a slot has."""
    instance_type: NotRequired[str]
    """Of the job that describes `data`. Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""
    attempt: NotRequired[int]
    """Raise it to start a baseline job again that failed. Default 1."""


class ExistingQualityBaselineArgs(TypedDict):
    """A file that exists already, in any bucket; it is not made, changed or deleted."""

    constraints_uri: pulumi.Input[str]
    """`s3://bucket/…/constraints.json` of a model-quality baseline."""


class ModelQualityBaselineArgs(TypedDict):
    """The first performance figures: from `data`, or `existing`, or as `constraints`."""

    data: NotRequired[pulumi.Asset]
    """CSV with a header: predictions with their true labels."""
    existing: NotRequired[ExistingQualityBaselineArgs]
    """A file in S3 that exists already."""
    constraints: NotRequired[pulumi.Asset]
    """`constraints.json` of a model-quality baseline. Uploaded; no job runs."""
    inference_attribute: NotRequired[str]
    """Column of the prediction in `data`. Default `prediction`; none beside a probability if it is not there."""
    probability_attribute: NotRequired[str]
    """Column of the probability. Default `probability` for a BinaryClassification; none beside a prediction alone."""
    ground_truth_attribute: NotRequired[str]
    """Column of the true label. Default `label`."""


# How Parquet, gzip and zip files begin.
_NO_TEXTS: Final = (b"PAR1", b"\x1f\x8b", b"PK\x03\x04")
_LOOKED_AT: Final = 1 << 16


@dataclass(frozen=True, kw_only=True)
class BaselineJobSettings:
    """What baseline jobs run on."""

    instance_type: str = "ml.m5.xlarge"
    volume_size_in_gb: int = 20
    max_runtime_in_seconds: int = 3600
    attempt: int = 1


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """`BaselineArgs` with data, checked and complete. `content` are the bytes of the data."""

    data: pulumi.Asset
    content: bytes
    columns: tuple[str, ...]
    job: BaselineJobSettings
    time_column: str | None = None
    season: str = "auto"

    @classmethod
    def from_args(cls, args: BaselineArgs, path: str = "baseline") -> Self:
        read = Reader(path, args, argument_names(BaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        columns = csv_header(read, "data", content)
        read.only_with("time_column", ["season"])
        time_column = read.optional_text("time_column", None)
        if time_column is not None and time_column not in columns:
            raise ArgumentError(
                f"{read.name('time_column')} is {time_column!r}: the data have the columns {', '.join(columns)}"
            )
        return cls(
            data=data,
            content=content,
            columns=tuple(columns),
            job=_job(read),
            time_column=time_column,
            season=read.choice("season", SEASONS[0], SEASONS),
        )


@dataclass(frozen=True, kw_only=True)
class CapturesSettings:
    """`BaselineArgs` with captures, checked and complete."""

    span: CapturedSpan
    season: str
    job: BaselineJobSettings

    @classmethod
    def from_args(cls, args: BaselineArgs, path: str = "baseline") -> Self:
        """Check what a user wrote; raises `ArgumentError` in one line."""
        read = Reader(path, args, argument_names(BaselineArgs))
        given = Reader(read.name("captures"), read.raw("captures"), argument_names(CapturesArgs))
        moments = {}
        for key in ("from", "to"):
            try:
                moments[key] = moment_of(given.raw(key))
            except ValueError as error:
                raise given.refuse(key, f"{error}") from error
        if moments["to"] - moments["from"] < _LEAST_SPAN:
            raise given.refuse("to", f"must be at least a day after {given.name('from')}; two whole weeks are better")
        return cls(
            span=CapturedSpan(start=moments["from"], end=moments["to"], columns=_columns(given)),
            season=read.choice("season", SEASONS[0], SEASONS),
            job=_job(read),
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Their names, as far as somebody said."""
        return self.span.columns

    def check_windows(self, window_hours: int) -> None:
        """Refuse a span that has too few of the monitor's windows to learn anything of."""
        least = timedelta(hours=_LEAST_WINDOWS * window_hours)
        if self.span.end - self.span.start < least:
            raise ArgumentError(
                f"baseline.captures has {(self.span.end - self.span.start) / timedelta(hours=1):g} hours, and the "
                f"monitor's windows have {window_hours}: give at least {least / timedelta(hours=1):g} hours, "
                f"{_LEAST_WINDOWS} windows"
            )


def _columns(given: Reader) -> tuple[str, ...]:
    return given.names("columns", "a list of names")


@dataclass(frozen=True, kw_only=True)
class BaselineFiles:
    """Statistics and constraints as documents; model quality has no statistics."""

    statistics: Mapping[str, Any] | None
    constraints: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class ExistingBaseline:
    """Addresses of files that exist already; model quality has no statistics."""

    statistics_uri: pulumi.Input[str] | None
    constraints_uri: pulumi.Input[str]


AnyBaseline = BaselineSettings | CapturesSettings | BaselineFiles | ExistingBaseline


def baseline_settings(args: Any, path: str = "baseline") -> AnyBaseline:
    """What the data-quality monitor compares with, in one of the four ways; a mixture is refused."""
    read = Reader(path, args, argument_names(BaselineArgs))
    for key, other in (("statistics", "constraints"), ("constraints", "statistics")):
        read.only_with(key, [other])
    way = read.one_of(
        ("data", "captures", "existing", "statistics"),
        "give data, or captures with from and to, or existing with both URIs, or statistics and constraints",
    )
    if way == "data":
        return BaselineSettings.from_args(args, path)
    if way == "captures":
        read.only_with("data", ["time_column"])
        return CapturesSettings.from_args(args, path)
    read.only_with("data", _JOB)
    if way == "existing":
        existing = Reader(read.name("existing"), read.raw("existing"), argument_names(ExistingBaselineArgs))
        statistics, constraints = existing.s3_file("statistics_uri"), existing.s3_file("constraints_uri")
        if isinstance(statistics, str) and statistics == constraints:
            raise existing.refuse("constraints_uri", "it is statistics_uri too; give the other file of the baseline")
        return ExistingBaseline(statistics_uri=statistics, constraints_uri=constraints)
    found = {key: read.document(key, f"give a {key}.json") for key in ("statistics", "constraints")}
    for key, document in found.items():
        if not isinstance(document.get("features"), list) or not document["features"]:
            raise ArgumentError(f"{read.name(key)} has no list of features: give the {key}.json of a data baseline")
    with read.file("constraints"):
        read_constraints(found["constraints"])
    return BaselineFiles(**found)


def _job(read: Reader) -> BaselineJobSettings:
    return BaselineJobSettings(
        instance_type=read.job_instance_type("ml.m5.xlarge"),
        volume_size_in_gb=number(read, "volume_size_in_gb", 20, "baseline.volume_size_in_gb"),
        max_runtime_in_seconds=number(read, "max_runtime_in_seconds", 3600, "baseline.max_runtime_in_seconds"),
        attempt=number(read, "attempt", 1, "baseline.attempt"),
    )


@dataclass(frozen=True, kw_only=True)
class ModelQualityBaselineSettings:
    """`ModelQualityBaselineArgs` with data, checked and complete."""

    data: pulumi.Asset
    content: bytes
    inference_attribute: str | None
    probability_attribute: str | None
    ground_truth_attribute: str
    columns: tuple[str, ...] = ()

    @classmethod
    def from_args(cls, args: ModelQualityBaselineArgs, problem_type: str, path: str = "model_quality.baseline") -> Self:
        read = Reader(path, args, argument_names(ModelQualityBaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        columns = csv_header(read, "data", content)
        is_binary = problem_type == "BinaryClassification"
        # One of the two will do for a binary classification: then the other one's usual name asks for nothing.
        alone = is_binary and read.has("probability_attribute") and "prediction" not in columns
        is_plain = read.has("inference_attribute") and "probability" not in columns
        found = {
            "inference_attribute": read.optional_text("inference_attribute", None if alone else "prediction"),
            "probability_attribute": read.optional_text(
                "probability_attribute", "probability" if is_binary and not is_plain else None
            ),
            "ground_truth_attribute": read.text("ground_truth_attribute", "label"),
        }
        for key, column in found.items():
            if column is not None and column not in columns:
                raise ArgumentError(f"{read.name(key)} is {column!r}: the data have the columns {', '.join(columns)}")
        return cls(
            data=data,
            content=content,
            inference_attribute=found["inference_attribute"],
            probability_attribute=found["probability_attribute"],
            ground_truth_attribute=str(found["ground_truth_attribute"]),
            columns=tuple(columns),
        )


AnyQualityBaseline = ModelQualityBaselineSettings | BaselineFiles | ExistingBaseline


def quality_baseline_settings(args: Any, problem_type: str, path: str = "model_quality.baseline") -> AnyQualityBaseline:
    """What the model-quality monitor compares with, in one of the three ways; a mixture is refused."""
    read = Reader(path, args, argument_names(ModelQualityBaselineArgs))
    way = read.one_of(("data", "existing", "constraints"), "give data, or existing with its URI, or constraints")
    if way == "data":
        return ModelQualityBaselineSettings.from_args(args, problem_type, path)
    read.only_with("data", _COLUMNS)
    if way == "existing":
        existing = Reader(read.name("existing"), read.raw("existing"), argument_names(ExistingQualityBaselineArgs))
        return ExistingBaseline(statistics_uri=None, constraints_uri=existing.s3_file("constraints_uri"))
    document = read.document("constraints", "give the constraints.json of a model-quality baseline")
    block = quality_metrics.constraints_block(problem_type)
    if not isinstance(document.get(block), dict) or not document[block]:
        raise ArgumentError(
            f"{read.name('constraints')} has no {block}: give the constraints.json of a baseline for {problem_type}"
        )
    with read.file("constraints"):
        read_quality_constraints(document)
    return BaselineFiles(statistics=None, constraints=document)


def files_for_thresholds(source: AnyBaseline | None, path: str) -> BaselineFiles:
    """The files that thresholds are written into. A job writes its own constraints, after the deployment."""
    if isinstance(source, BaselineFiles):
        return source
    raise ArgumentError(
        f"{path} is given without the baseline's files: make them with `python -m drift_tools baseline DATA "
        "--output DIR` and give baseline.statistics and baseline.constraints"
    )


def file_for_quality_thresholds(source: AnyQualityBaseline | None, path: str) -> BaselineFiles | None:
    """The file that thresholds are added to, if there is one; thresholds can also stand alone."""
    if source is None or isinstance(source, BaselineFiles):
        return source
    raise ArgumentError(
        f"{path} is given with a baseline that is not a file: remove the baseline, or give baseline.constraints"
    )


def existing_files(source: object) -> Sequence[pulumi.Input[str]]:
    """The addresses of files that exist already; none where a baseline comes in another way."""
    if not isinstance(source, ExistingBaseline):
        return ()
    return [uri for uri in (source.statistics_uri, source.constraints_uri) if uri is not None]


def csv_header(read: Reader, key: str, content: bytes) -> list[str]:
    """The column names of a CSV; a file with a header only, or without one, is refused."""
    if content.startswith(_NO_TEXTS) or b"\0" in content[:_LOOKED_AT]:
        raise ArgumentError(f"{read.name(key)} is no text (Parquet or an archive?): give a CSV file with a header")
    try:
        rows = list(itertools.islice(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")), 2))
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{read.name(key)} is not UTF-8 text: give a CSV file with a header") from error
    except csv.Error as error:
        raise ArgumentError(f"{read.name(key)} is no CSV ({error}): give a CSV file with a header") from error
    if len(rows) < 2 or not any(cell.strip() for cell in rows[1]):
        raise ArgumentError(f"{read.name(key)} has no row after its first line: give a CSV file with a header and rows")
    columns = [column.strip() for column in rows[0]]
    if len(columns) == 1 and (other := next((sign for sign in ";\t|" if sign in columns[0]), None)):
        raise ArgumentError(f"{read.name(key)} has {other!r} between its columns: write it with commas")
    if len(rows[1]) != len(columns):
        raise ArgumentError(
            f"{read.name(key)} names {len(columns)} columns, and its first row has {len(rows[1])}: name each column"
        )
    if not all(columns) or any(_is_number(column) for column in columns):
        raise ArgumentError(f"{read.name(key)} starts with {columns!r}: the first line must name the columns")
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise ArgumentError(f"{read.name(key)} has the column {twice[0]!r} twice: give each column a name of its own")
    return columns


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
