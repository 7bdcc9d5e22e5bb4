"""Arguments of the bias monitor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.baseline import BaselineFiles, ExistingBaseline, csv_header, existing_files
from components.args.bounds import check_length
from components.args.engines import OPEN
from components.args.monitors import (
    RunSettings,
    check_for_clarify,
    check_path,
    check_segment_inputs,
    check_segments,
    run_settings,
    segment_columns,
)
from components.args.reader import NUMBER, ArgumentError, Reader, argument_names, as_text
from components.args.schedules import DAILY_AT_SIX, check_window, hours_back, offset

_MOST_VALUES: Final = 100


class FacetArgs(TypedDict):
    """A column whose groups are compared."""

    name: str
    """The column: one of the model's inputs."""
    values: NotRequired[Sequence[str]]
    """The group that may be at a disadvantage: its values, or of a number the threshold above which it lies. Default
    every value by itself."""


class ExistingBiasBaselineArgs(TypedDict):
    """A file that exists already, in any bucket; it is not made, changed or deleted."""

    constraints_uri: pulumi.Input[str]
    """`s3://bucket/…/analysis.json` of a bias baseline, this project's or SageMaker Clarify's."""


class BiasBaselineArgs(TypedDict):
    """The bias that later windows are held against: from `data`, or `existing`, or as `constraints`."""

    data: NotRequired[pulumi.Asset]
    """CSV with a header: the model's inputs in the order of its requests, its predictions and the true labels."""
    existing: NotRequired[ExistingBiasBaselineArgs]
    """A file in S3 that exists already."""
    constraints: NotRequired[pulumi.Asset]
    """`analysis.json` of a bias baseline, as `python -m drift_tools bias --format json` writes it. No job runs."""
    inference_attribute: NotRequired[str]
    """Column of the predicted label in `data`. Default `prediction`; none beside a probability alone."""
    probability_attribute: NotRequired[str]
    """Column of the probability in `data`; it is left out, or makes the label where there is none. Default none."""


# ModelQualityArgs has seven of these fields again, and no base has them: Pulumi reads descriptions from a class's own
# source only, so that the schema would lose those of a base's fields.
class BiasArgs(TypedDict):
    """The monitor of bias in labels and predictions, against labels that arrive under `ground-truth/`."""

    facets: Sequence[FacetArgs]
    """The columns whose groups are compared."""
    positive_labels: Sequence[str]
    """The labels that are the favourable outcome; of a number the threshold above which it is."""
    baseline: BiasBaselineArgs
    """What later windows are held against."""
    label: NotRequired[str]
    """What the label is called: the column in `baseline.data`. Default `label`."""
    features: NotRequired[Sequence[str]]
    """The model's inputs, in the order of its requests. Default the other columns of `baseline.data`."""
    group_variable: NotRequired[str]
    """The input whose values are the strata of CDDL and CDDPL. Default none."""
    inference_attribute: NotRequired[str]
    """Where an answer has its predicted label: a column's index or name. Default `0`; none beside a probability."""
    probability_attribute: NotRequired[str]
    """Where it has the probability, if that is to make the label. Default none."""
    probability_threshold: NotRequired[float]
    """Above which probability a prediction is positive. Default 0.5 where there is a probability, otherwise none."""
    segments: NotRequired[Sequence[str]]
    """Columns, at most 3, whose values are judged one by one: the 10 most frequent of the baseline. The 3
    worst ring, in this monitor's alarm. Open engine, `baseline.data`. Default none."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of bias at all."""
    schedule_expression: NotRequired[str]
    """Default daily at 06:00 UTC, `cron(0 6 ? * * *)`."""
    start_time_offset: NotRequired[str]
    """Where the window starts, seen from the scheduled time. Default `-P1D`."""
    end_time_offset: NotRequired[str]
    """Where the window ends, seen from the scheduled time. Default `-PT0H`. Move both back if labels come late."""
    record_preprocessor: NotRequired[pulumi.Asset]
    """Python script with `preprocess_handler(inference_record)`; with the open engine alone. Default none."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 1800; SageMaker's limit for an hourly schedule."""


@dataclass(frozen=True, kw_only=True)
class BiasData:
    """Rows that a bias baseline is made from, and where they have the model's answers."""

    data: pulumi.Asset
    content: bytes
    columns: tuple[str, ...]
    inference_attribute: str | None
    probability_attribute: str | None


@dataclass(frozen=True, kw_only=True)
class BiasSettings(RunSettings):
    """`BiasArgs`, checked and complete. `facets`: by column their values; numbers in place of texts that are some."""

    FILES: ClassVar[Sequence[Sequence[str]]] = (
        ("record_preprocessor",),
        ("baseline", "data"),
        ("baseline", "constraints"),
    )
    baseline: BiasData | BaselineFiles | ExistingBaseline
    facets: Mapping[str, tuple[Any, ...]]
    positive_labels: tuple[Any, ...]
    label: str
    features: tuple[str, ...]
    segments: tuple[str, ...]
    group_variable: str | None
    inference_attribute: str | None
    probability_attribute: str | None
    probability_threshold: float | None
    start_time_offset: str
    end_time_offset: str

    @classmethod
    def from_args(cls, args: BiasArgs, path: str = "bias") -> Self:
        read = Reader(path, args, argument_names(BiasArgs))
        baseline = _baseline(read)
        label = read.text("label", "label")
        features = _features(read, baseline, label)
        start, end = offset(read, "start_time_offset", "-P1D"), offset(read, "end_time_offset", "-PT0H")
        check_window(read, start, end)
        probability = read.optional_text("probability_attribute", None)
        for key in ("inference_attribute", "probability_attribute"):
            check_length(read.name(key), read.raw(key), "model_quality.attribute")
            check_path(read.name(key), read.optional_text(key, None))
        facets = _facets(read, features)
        if _one_of(read, "group_variable", features) in facets:
            raise read.refuse("group_variable", "is a facet too: within one of its groups there is nothing to compare")
        if isinstance(baseline, BaselineFiles):
            _check_facets(read, facets, baseline.constraints)
        return cls(
            **run_settings(read, DAILY_AT_SIX, hourly_limit=1800),
            baseline=baseline,
            facets=facets,
            positive_labels=_values(read, "positive_labels"),
            label=label,
            features=features,
            segments=_segments(read, features, baseline),
            group_variable=_one_of(read, "group_variable", features),
            inference_attribute=read.optional_text("inference_attribute", None if probability else "0"),
            probability_attribute=probability,
            probability_threshold=read.number("probability_threshold", 0.5 if probability else None, 0.0, 1.0),
            start_time_offset=start,
            end_time_offset=end,
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
        """Refuse what SageMaker Clarify's job definition has no place for, or a job of the open engine's would make."""
        check_segments(self.segments, engine, path)
        if engine != OPEN:
            makes_baseline = isinstance(self.baseline, BiasData)
            check_for_clarify("bias", engine, path, self.record_preprocessor, makes_baseline=makes_baseline)

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """Its baseline, where it exists already."""
        return existing_files(self.baseline)


def _baseline(read: Reader) -> BiasData | BaselineFiles | ExistingBaseline:
    if not read.has("baseline"):
        raise ArgumentError(f"{read.name('baseline')} is missing: give data, or existing with its URI, or constraints")
    own = Reader(read.name("baseline"), read.raw("baseline"), argument_names(BiasBaselineArgs))
    way = own.one_of(("data", "existing", "constraints"), "give data, or existing with its URI, or constraints")
    if way == "data":
        data, content = own.asset("data", "name a CSV file with a header")
        columns = tuple(csv_header(own, "data", content))
        probability = own.optional_text("probability_attribute", None)
        alone = probability is not None and "prediction" not in columns
        inference = own.optional_text("inference_attribute", None if alone else "prediction")
        for key, column in (("inference_attribute", inference), ("probability_attribute", probability)):
            if column is not None and column not in columns:
                raise ArgumentError(f"{own.name(key)} is {column!r}: the data have the columns {', '.join(columns)}")
        return BiasData(
            data=data,
            content=content,
            columns=columns,
            inference_attribute=inference,
            probability_attribute=probability,
        )
    own.only_with("data", ("inference_attribute", "probability_attribute"))
    if way == "existing":
        existing = Reader(own.name("existing"), own.raw("existing"), argument_names(ExistingBiasBaselineArgs))
        return ExistingBaseline(statistics_uri=None, constraints_uri=existing.s3_file("constraints_uri"))
    document = own.document("constraints", "give the analysis.json of a bias baseline")
    if not any(document.get(f"{stage}_training_bias_metrics") for stage in ("pre", "post")):
        raise ArgumentError(f"{own.name('constraints')} has no bias metrics: give the analysis.json of a bias baseline")
    return BaselineFiles(statistics=None, constraints=document)


def _segments(read: Reader, features: Sequence[str], baseline: object) -> tuple[str, ...]:
    found = segment_columns(read)
    check_segment_inputs(read, found, features, read.name("features"))
    if found and not isinstance(baseline, BiasData):
        raise ArgumentError(
            f"{read.name('segments')} needs {read.name('baseline')}.data: a segment is held against its own rows"
        )
    return found


def _features(read: Reader, baseline: object, label: str) -> tuple[str, ...]:
    """The model's inputs, as given or by the baseline's columns."""
    if isinstance(baseline, BiasData):
        if label not in baseline.columns:
            raise ArgumentError(
                f"{read.name('label')} is {label!r}: the data have the columns {', '.join(baseline.columns)}"
            )
        answers = {label, baseline.inference_attribute, baseline.probability_attribute}
        if not read.has("features"):
            return tuple(name for name in baseline.columns if name not in answers)
    elif not read.has("features"):
        raise ArgumentError(
            f"{read.name('features')} is missing: name the model's inputs in the order of its requests, or give "
            "baseline.data, whose header has them"
        )
    form = "a list of the model's inputs"
    given = read.names("features", form)
    if not given:
        raise read.refuse("features", f"must be {form}")
    missing = [name for name in given if isinstance(baseline, BiasData) and name not in baseline.columns]
    if missing or label in given:
        raise read.refuse("features", f"has {missing[0] if missing else label!r}, which is no input in the data")
    return given


def _facets(read: Reader, features: Sequence[str]) -> Mapping[str, tuple[Any, ...]]:
    form = 'a list such as [{"name": "SEX", "values": ["2"]}]'
    given = read.listed("facets", form)
    if not given:
        raise read.refuse("facets", f"must be {form}")
    found: dict[str, tuple[Any, ...]] = {}
    for number, facet in enumerate(given):
        own = Reader(f"{read.name('facets')}[{number}]", facet, argument_names(FacetArgs))
        name = _one_of(own, "name", features)
        if name is None:
            raise ArgumentError(f"{own.name('name')} is missing: name one of the model's inputs")
        if name in found:
            raise own.refuse("name", "is there already: give all of its values in one facet")
        found[name] = _values(own, "values") if own.has("values") else ()
    return found


def _check_facets(read: Reader, facets: Mapping[str, Any], analysis: Mapping[str, Any]) -> None:
    """Refuse a baseline that says nothing of a facet: its bias would be held against nothing."""
    stages = [analysis.get(f"{stage}_training_bias_metrics") for stage in ("pre", "post")]
    known = {str(name) for stage in stages if isinstance(stage, Mapping) for name in stage.get("facets") or ()}
    missing = [name for name in facets if name not in known]
    if missing:
        raise ArgumentError(
            f"{read.name('baseline')}.constraints has no facet {missing[0]!r}: it has {', '.join(sorted(known))}; give "
            "the analysis.json of these facets"
        )


def _one_of(read: Reader, key: str, features: Sequence[str]) -> str | None:
    name = read.optional_text(key, None)
    if name is not None and name not in features:
        raise read.refuse(key, f"is none of the model's inputs, {', '.join(features)}")
    return name


def _values(read: Reader, key: str) -> tuple[Any, ...]:
    """Labels or values of a column; a text that is a number is that number, as Clarify's configuration has it."""
    form = f"a list of 1 to {_MOST_VALUES} values"
    given = read.listed(key, form)
    found = tuple(_value(as_text(value)) for value in given)
    if not 1 <= len(found) <= _MOST_VALUES or not all(isinstance(value, str | int | float) for value in found):
        raise read.refuse(key, f"must be {form}")
    if len(set(found)) < len(found):
        raise read.refuse(key, "has one of them twice; give each once")
    return found


def _value(text: Any) -> Any:
    if not isinstance(text, str) or not NUMBER.fullmatch(text) or not math.isfinite(number := float(text)):
        return text
    return int(number) if number.is_integer() else number
