"""Arguments of the attribution monitor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, NotRequired, Self, TypedDict

import pulumi

from components.args.baseline import BaselineFiles, ExistingBaseline, csv_header, existing_files
from components.args.engines import OPEN
from components.args.monitors import (
    RunSettings,
    check_for_clarify,
    check_segment_inputs,
    check_segments,
    run_settings,
    segment_columns,
)
from components.args.reader import ArgumentError, Reader, argument_names
from components.args.schedules import DAILY_AT_SIX

AGGREGATIONS: Final = ("mean_abs", "mean_sq", "median")


class ExistingAttributionBaselineArgs(TypedDict):
    """A file that exists already, in any bucket; it is not made, changed or deleted."""

    constraints_uri: pulumi.Input[str]
    """`s3://bucket/…/analysis.json` of an attribution baseline, this project's or SageMaker Clarify's."""


class AttributionBaselineArgs(TypedDict):
    """The ranking that later windows are held against: from `data`, or `existing`, or as `constraints`."""

    data: NotRequired[pulumi.Asset]
    """CSV with a header that has the model's inputs; other columns are passed over."""
    existing: NotRequired[ExistingAttributionBaselineArgs]
    """A file in S3 that exists already."""
    constraints: NotRequired[pulumi.Asset]
    """`analysis.json`, as `python -m drift_tools attribution --format json` writes it. No job runs."""


class AttributionArgs(TypedDict):
    """The monitor of which features the model's scores come from. Its jobs ask the model's own archive, no endpoint."""

    features: Sequence[str]
    """The model's inputs, in the order of its requests."""
    baseline: AttributionBaselineArgs
    """What later windows are held against."""
    score: NotRequired[int]
    """Which column of an answer is the score that is explained, from 0. Default 0."""
    aggregation: NotRequired[str]
    """How rows become a feature's importance: `mean_abs`, `mean_sq` or `median`. Default `mean_abs`."""
    use_logit: NotRequired[bool]
    """Explain the log-odds of a probability, as Clarify's parameter of this name. Default false."""
    model_uri: NotRequired[pulumi.Input[str]]
    """`s3://bucket/…/model.tar.gz` of an endpoint that exists already. Default the archive of the stack's endpoint."""
    model_name: NotRequired[pulumi.Input[str]]
    """SageMaker's model of an endpoint that exists already, of which Model Monitor makes a shadow endpoint. Default the
    stack's own."""
    segments: NotRequired[Sequence[str]]
    """Columns, at most 3, whose values are judged one by one: the 10 most frequent of the baseline. The 3
    worst ring, in this monitor's alarm. Open engine, `baseline.data`. Default none."""
    enabled: NotRequired[bool]
    """Default true, where there are arguments of attribution at all."""
    schedule_expression: NotRequired[str]
    """Default daily at 06:00 UTC, `cron(0 6 ? * * *)`."""
    record_preprocessor: NotRequired[pulumi.Asset]
    """Python script with `preprocess_handler(inference_record)`; with the open engine alone. Default none."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600; SageMaker's limit for an hourly schedule."""


@dataclass(frozen=True, kw_only=True)
class AttributionData:
    """Rows that an attribution baseline is made from."""

    data: pulumi.Asset
    content: bytes


@dataclass(frozen=True, kw_only=True)
class AttributionSettings(RunSettings):
    """`AttributionArgs`, checked and complete."""

    ASKS_MODEL: ClassVar[bool] = True
    FILES: ClassVar[Sequence[Sequence[str]]] = (
        ("record_preprocessor",),
        ("baseline", "data"),
        ("baseline", "constraints"),
    )
    features: tuple[str, ...]
    segments: tuple[str, ...]
    baseline: AttributionData | BaselineFiles | ExistingBaseline
    score: int
    aggregation: str
    use_logit: bool
    model_uri: pulumi.Input[str] | None
    model_name: pulumi.Input[str] | None

    @classmethod
    def from_args(cls, args: AttributionArgs, path: str = "attribution") -> Self:
        read = Reader(path, args, argument_names(AttributionArgs))
        form = "a list of the model's inputs, in the order of its requests"
        features = read.names("features", form)
        if not features:
            raise read.refuse("features", f"must be {form}")
        baseline, segments = _baseline(read, features), segment_columns(read)
        if isinstance(baseline, BaselineFiles):
            _check_features(read, features, baseline.constraints)
        check_segment_inputs(read, segments, features, read.name("features"))
        if segments and not isinstance(baseline, AttributionData):
            raise ArgumentError(
                f"{read.name('segments')} needs {read.name('baseline')}.data: a segment is held against its own rows"
            )
        return cls(
            **run_settings(read, DAILY_AT_SIX, hourly_limit=3600),
            features=features,
            segments=segments,
            baseline=baseline,
            score=read.whole("score", 0, 0, 10_000),
            aggregation=read.choice("aggregation", "mean_abs", AGGREGATIONS),
            use_logit=read.flag("use_logit", False),
            model_uri=read.s3_file("model_uri") if read.has("model_uri") else None,
            model_name=read.optional_late_text(
                "model_name", r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", "a model's name: letters, digits and single hyphens"
            ),
        )

    def check(self, engine: str, path: str) -> None:
        """Refuse what SageMaker Clarify's job definition has no place for, or a job of the open engine's would make."""
        check_segments(self.segments, engine, path)
        if engine != OPEN:
            check_for_clarify(
                "attribution",
                engine,
                path,
                self.record_preprocessor,
                makes_baseline=isinstance(self.baseline, AttributionData),
            )

    @property
    def files_outside(self) -> Sequence[pulumi.Input[str]]:
        """Its baseline, where it exists already, and the archive of a model that is not the stack's."""
        return [*existing_files(self.baseline), *([self.model_uri] if self.model_uri is not None else [])]


def _baseline(read: Reader, features: Sequence[str]) -> AttributionData | BaselineFiles | ExistingBaseline:
    if not read.has("baseline"):
        raise ArgumentError(f"{read.name('baseline')} is missing: give data, or existing with its URI, or constraints")
    own = Reader(read.name("baseline"), read.raw("baseline"), argument_names(AttributionBaselineArgs))
    way = own.one_of(("data", "existing", "constraints"), "give data, or existing with its URI, or constraints")
    if way == "data":
        data, content = own.asset("data", "name a CSV file with a header")
        columns = csv_header(own, "data", content)
        missing = [name for name in features if name not in columns]
        if missing:
            raise ArgumentError(
                f"{own.name('data')} has no column {missing[0]!r}, which {read.name('features')} names: the data have "
                f"the columns {', '.join(columns)}"
            )
        return AttributionData(data=data, content=content)
    if way == "existing":
        existing = Reader(own.name("existing"), own.raw("existing"), argument_names(ExistingAttributionBaselineArgs))
        return ExistingBaseline(statistics_uri=None, constraints_uri=existing.s3_file("constraints_uri"))
    document = own.document("constraints", "give the analysis.json of an attribution baseline")
    if not isinstance(document.get("explanations"), dict) or not document["explanations"]:
        raise ArgumentError(
            f"{own.name('constraints')} has no explanations: give the analysis.json of an attribution baseline"
        )
    return BaselineFiles(statistics=None, constraints=document)


def _check_features(read: Reader, features: Sequence[str], analysis: Mapping[str, Any]) -> None:
    """Refuse the ranking of other features: no window could be held against it."""
    where = f"{read.name('baseline')}.constraints"
    try:
        [method, *_] = analysis["explanations"].values()
        [label, *_] = method.values()
        ranked = {str(name): float(value) for name, value in label["global_shap_values"].items()}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ArgumentError(
            f"{where} has no global_shap_values that are numbers: give the analysis.json of an attribution baseline"
        ) from error
    others = sorted(set(features) ^ set(ranked))
    if others:
        there = "ranks" if others[0] in ranked else "does not rank"
        raise ArgumentError(
            f"{where} {there} {others[0]!r}, and {read.name('features')} has {', '.join(features)}: give one model's"
        )
