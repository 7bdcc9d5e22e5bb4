"""What a run is to do: the environment of its job, parsed once when it starts. Nothing below looks into it again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from contract.job_environment import JobEnvironment
from contract.monitor_kinds import DATA_QUALITY, KINDS
from contract.segment_origins import ORIGINS
from drift_tools.capture import MAX_UNREADABLE_SHARE
from drift_tools.errors import InputError
from drift_tools.job.container import Job
from drift_tools.job.estimate_settings import EstimateSettings, estimate_settings
from drift_tools.job.variables import moment, names, number, place, required, switch
from drift_tools.monitors.rules import Rules, rules_named
from drift_tools.significance import HOURS_PER_YEAR, LARGEST_ALPHA, alpha_per_run
from drift_tools.timeline import SEASONS, RunBudget, share_of_monitor

CAPTURE: Final = "sagemakerCaptureJson"
MERGED: Final = "sagemakerMergeJson"
_FORMATS = {name.lower(): name for name in ("csv", "json", "parquet", CAPTURE, MERGED)}
_MOST_HOURS: Final = 31 * 24


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """Records with `start <= inferenceTime < end` count; of files that came late those from `late_from` on, of those
    that were filled beyond the end those until `records_until`. `due`: when the run was.
    """

    start: datetime | None = None
    end: datetime | None = None
    due: datetime | None = None
    late_from: datetime | None = None
    records_until: datetime | None = None

    @property
    def first(self) -> datetime | None:
        """The first moment of which records count: whether a file came late its records do not say, so that those of
        the window's own files count from then on too. Each file is given to one run only.
        """
        if self.start is None or self.late_from is None:
            return self.start
        return min(self.start, self.late_from)

    @property
    def last(self) -> datetime | None:
        """The moment from which on records count no more. A file is given to one run only, and lies under the hour in
        which it was begun: what it has of the next hour counts here or nowhere.
        """
        if self.end is None or self.records_until is None:
            return self.end
        return max(self.end, self.records_until)

    def to_dict(self) -> dict[str, str | None]:
        """As drift.json has it."""
        moments = {"start": self.start, "end": self.end, "late_from": self.late_from}
        return {name: None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}" for name, moment in moments.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSettings:
    """Where a run's data are, how they are read, and which records count.

    `format`: one key of `dataset_format`; `options`: what stands below it, by small letters. `ground_truth`: labels
    that this run joins with the captured records itself.
    """

    format: str
    options: Mapping[str, Any]
    source: Path
    ground_truth: Path | None
    window: TimeWindow
    preprocessor: Path | None
    max_unreadable_share: float

    @property
    def is_captured(self) -> bool:
        """Whether these are captured data, merged with labels or not."""
        return self.format in (CAPTURE, MERGED)

    @property
    def has_labels(self) -> bool:
        """Whether each captured record comes with its label, merged by a job before or by this one."""
        return self.format == MERGED or self.ground_truth is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineSettings:
    """The files of the baseline; without constraints the run makes one. `rows`: what it was made from; `time_column`:
    by which the baseline that is made is cut into windows of `window_seconds`, None for one without times; `captures`:
    S3 URI, or path here, of the captures that it is made of, None where it is made of the dataset itself.
    """

    constraints: Path | None
    statistics: Path | None
    rows: Path | None
    categorical_drift_method: str | None
    time_column: str | None = None
    window_seconds: int = 3600
    captures: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """How a model's quality is measured; columns by name or position."""

    problem_type: str
    ground_truth: str | None
    inference: str | None
    probability: str | None
    probability_threshold: float | None
    positive_label: str | None


FEATURE_METRICS: Final = ("all", "findings", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSettings:
    """Whether metrics are written, of what, and where this run publishes them itself.

    `schedule`: None for a run of no schedule, which has no metrics. `time`: of the metrics; None for now. `features`:
    of which features there are metrics, one of FEATURE_METRICS; CloudWatch bills a metric by the hours that have it.
    """

    is_enabled: bool = True
    features: str = "all"
    namespace: str | None = None
    endpoint: str | None = None
    schedule: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgementSettings:
    """How the open engine judges. `false_alarms_per_year`: this monitor's share of the stack's; `runs_per_year`: None
    if nobody says; `windows`, `baseline_windows`: S3 URIs, or paths here, of the counts of windows.
    """

    rules: Rules
    false_alarms_per_year: float
    runs_per_year: float | None
    season: str
    windows: str | None
    baseline_windows: str | None

    @property
    def alpha(self) -> float:
        """The level of a run: 0.05 if nobody says how often there is one."""
        if self.runs_per_year is None:
            return LARGEST_ALPHA
        return alpha_per_run(self.false_alarms_per_year, self.runs_per_year)

    def budget(self, findings: int) -> RunBudget:
        """What a run may spend on so many features, metrics or whatever its monitor judges one by one: the door through
        which every kind of monitor draws on the stack's one budget. Of a monitor of which nobody says how often it
        runs, as if it did every hour.
        """
        return RunBudget(self.false_alarms_per_year, self.runs_per_year or HOURS_PER_YEAR, findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSettings:
    """Where a run leaves its lines for SQL, None for nowhere, and what they say of the model."""

    place: str | None
    account: str | None
    variant: str | None
    version: str | None
    team: str | None
    has_metrics: bool
    """What was found is published by variant and version too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorSettings:
    """One run of the monitor. `kind`: of `contract.monitor_kinds`; `shards`: bucket and prefix where several instances
    hand their parts to the first, None where each run is one instance's; `analysis_config`: what SageMaker Clarify's
    kinds are to look at; `model`: the deployed model's archive, for kinds that ask it.
    """

    kind: str
    output: Path
    dataset: DatasetSettings
    baseline: BaselineSettings
    quality: QualitySettings
    metrics: MetricSettings
    excluded: tuple[str, ...]
    excluded_variants: tuple[str, ...]
    postprocessor: Path | None
    judgement: JudgementSettings
    shards: tuple[str, str] | None
    tables: TableSettings
    analysis_config: Path | None
    model: Path | None
    estimate: EstimateSettings | None = None
    segments: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    batch_name: str | None = None
    batch_columns: str | None = None
    batch_input: Path | None = None
    left_out: str | None = None
    """What of the window's captures is not here, for people."""

    @property
    def alpha(self) -> float:
        """The level at which this run may be wrong, 0 to 1."""
        return self.judgement.alpha

    def is_sharded(self, job: Job) -> bool:
        """Whether the captures of this run are spread over the instances of its job."""
        return self.shards is not None and len(job.hosts) > 1

    @property
    def is_open(self) -> bool:
        """Whether this is the open engine's run, which writes more than Model Monitor's files."""
        return self.metrics.namespace is not None or self.baseline.rows is not None

    @classmethod
    def of(cls, job: Job) -> "MonitorSettings":
        """Parse the environment of a job.

        Raises
        ------
        InputError
            for a variable that is missing or that cannot be used; it names the variable.
        """
        given = JobEnvironment.from_environment(job.variables)
        return cls(
            kind=_kind(given.analysis_type),
            output=job.here(required("output_path", given.output_path)),
            dataset=_dataset(job, given),
            baseline=BaselineSettings(
                constraints=_path(job, given.baseline_constraints),
                statistics=_path(job, given.baseline_statistics),
                rows=_path(job, given.baseline_dataset),
                categorical_drift_method=given.categorical_drift_method,
                time_column=given.baseline_time_column,
                window_seconds=_window_seconds(given.baseline_window_hours),
                captures=given.captures_uri,
            ),
            quality=QualitySettings(
                problem_type=given.problem_type or "",
                ground_truth=given.ground_truth_attribute,
                inference=given.inference_attribute,
                probability=given.probability_attribute,
                probability_threshold=number(
                    "probability_threshold_attribute", given.probability_threshold_attribute, "a number between 0 and 1"
                ),
                positive_label=given.positive_label,
            ),
            metrics=MetricSettings(
                is_enabled=switch("publish_cloudwatch_metrics", given.publish_cloudwatch_metrics),
                features=_feature_metrics(given.feature_metrics),
                namespace=given.metric_namespace,
                endpoint=given.sagemaker_endpoint_name,
                schedule=given.sagemaker_monitoring_schedule_name,
                time=given.metric_time or given.start_time,
            ),
            excluded=names(given.exclude_features_attribute),
            excluded_variants=names(given.excluded_variants),
            postprocessor=_path(job, given.post_analytics_processor_script),
            judgement=_judgement(given),
            shards=place("shards_uri", given.shards_uri),
            tables=TableSettings(
                place=given.result_tables_uri and given.result_tables_uri.rstrip("/"),
                account=given.account_id,
                variant=given.model_variant,
                version=given.model_version,
                team=given.team,
                has_metrics=switch("version_metrics", given.version_metrics or "Disabled"),
            ),
            analysis_config=_path(job, given.analysis_config),
            model=_path(job, given.model_archive),
            estimate=estimate_settings(job, given),
            segments=names(given.segments),
            origins=_origins(given.segment_origins),
            batch_name=given.batch_name,
            batch_columns=given.batch_columns,
            batch_input=_path(job, given.batch_input_source),
            left_out=given.left_out,
        )


def _kind(analysis_type: str | None) -> str:
    """Model Monitor's first kind, which says nothing of itself, unless another one is asked for."""
    kinds = {kind.analysis_type: name for name, kind in KINDS.items()}
    wanted = KINDS[DATA_QUALITY].analysis_type if analysis_type is None else analysis_type.upper()
    if wanted not in kinds:
        raise InputError(f"analysis_type is {analysis_type!r}: give one of {', '.join(kinds)}")
    return kinds[wanted]


def _dataset(job: Job, given: JobEnvironment) -> DatasetSettings:
    kind, options = _format(required("dataset_format", given.dataset_format))
    share = number("max_unreadable_share", given.max_unreadable_share, "a share between 0 and 1")
    return DatasetSettings(
        format=kind,
        options=options,
        source=job.here(required("dataset_source", given.dataset_source)),
        # Merged records have their labels.
        ground_truth=None if kind == MERGED else _path(job, given.ground_truth_source),
        window=TimeWindow(
            start=moment("start_time", given.start_time),
            end=moment("end_time", given.end_time),
            due=moment("due_time", given.due_time),
            late_from=moment("late_from", given.late_from),
            records_until=moment("records_until", given.records_until),
        ),
        preprocessor=_path(job, given.record_preprocessor_script),
        max_unreadable_share=MAX_UNREADABLE_SHARE if share is None else share,
    )


def _format(text: str) -> tuple[str, Mapping[str, Any]]:
    """The one key of `dataset_format`, and what stands below it."""
    try:
        ((kind, options),) = json.loads(text).items()
    except (ValueError, AttributeError) as error:
        raise InputError(
            f'dataset_format is {text!r}: give JSON with one key, such as {{"csv": {{"header": true}}}}'
        ) from error
    if kind.lower() not in _FORMATS:
        raise InputError(f"dataset_format is {kind!r}: give one of {', '.join(_FORMATS.values())}")
    return _FORMATS[kind.lower()], {str(name).lower(): value for name, value in (options or {}).items()}


def _judgement(given: JobEnvironment) -> JudgementSettings:
    alarms = number("false_alarms_per_year", given.false_alarms_per_year)
    monitors = number("monitors_in_budget", given.monitors_in_budget, "a whole number")
    season = given.season or "auto"
    if season != "auto" and season not in SEASONS:
        raise InputError(f"season is {season!r}: give one of auto, {', '.join(SEASONS)}")
    found = JudgementSettings(
        rules=rules_named(given.rules),
        false_alarms_per_year=share_of_monitor(
            1.0 if alarms is None else alarms, 1 if monitors is None else int(monitors)
        ),
        runs_per_year=number("runs_per_year", given.runs_per_year),
        season=season,
        windows=given.windows_uri,
        baseline_windows=given.baseline_windows_uri,
    )
    _ = found.alpha  # refuses numbers out of bounds at the door
    return found


def _window_seconds(text: str | None) -> int:
    hours = number("baseline_window_hours", text, "a number of hours")
    if hours is not None and not 0 < hours <= _MOST_HOURS:
        raise InputError(f"baseline_window_hours is {text!r}: give more than 0 and at most {_MOST_HOURS} hours")
    return 3600 if hours is None else round(hours * 3600)


def _path(job: Job, text: str | None) -> Path | None:
    return None if text is None else job.here(text)


def _origins(text: str | None) -> tuple[str, ...]:
    found = names(text)
    if unknown := [name for name in found if name not in ORIGINS]:
        raise InputError(f"segment_origins is {unknown[0]!r}: give some of {', '.join(ORIGINS)}")
    return found


def _feature_metrics(text: str | None) -> str:
    """Model Monitor's own way, all, unless something else is asked for."""
    if text is not None and text not in FEATURE_METRICS:
        raise InputError(f"feature_metrics is {text!r}: give one of {', '.join(FEATURE_METRICS)}")
    return text or "all"
