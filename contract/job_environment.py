"""The environment of a monitoring job: who starts one writes it, the monitor reads it.

Contract: SageMaker developer guide, "Container contract inputs" of custom monitoring containers, and what the open
engine adds to it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True, kw_only=True)
class JobEnvironment:
    """The variables of a job, each under its own name; None for one that is not set."""

    # The dataset, and which of its records count.
    dataset_format: str | None = None
    """JSON with one key: `csv`, `json`, `parquet`, `sagemakerCaptureJson` or `sagemakerMergeJson`."""
    dataset_source: str | None = None
    start_time: str | None = None
    end_time: str | None = None
    batch_name: str | None = None
    """Of a batch: its transform job, or its partition."""
    batch_columns: str | None = None
    """Of a batch: JSON of where a row has the answer (`position` START or END), in how many columns (`number`), whether
    an id and a time end it (`ids`), and whether its files lie in folders that are columns (`partitioned`); the
    transform job's filters (`input_filter`, `output_filter`), and the format of what lies beside, if it is another one
    (`input_format`)."""
    batch_input_source: str | None = None
    """Of a batch whose output has not its input: that, row by row."""
    due_time: str | None = None
    """When the run was due, where that is not the window's end: labels may take days."""
    late_from: str | None = None
    """Records of files that came late count from this moment on."""
    records_until: str | None = None
    """Records of files that were filled beyond the window's end count until this moment."""
    max_unreadable_share: str | None = None
    """0 to 1; above it a run fails."""
    exclude_features_attribute: str | None = None
    """Names, or positions among the baseline's features from 0, with commas between them."""
    excluded_variants: str | None = None
    """The endpoint's variants of which no record is here, with commas between them."""
    left_out: str | None = None
    """What of the window's captures is not here and why, for people."""
    record_preprocessor_script: str | None = None
    post_analytics_processor_script: str | None = None

    # The baseline. Without its constraints the job makes one.
    baseline_constraints: str | None = None
    baseline_statistics: str | None = None
    baseline_dataset: str | None = None
    """The rows that the baseline was made from."""
    categorical_drift_method: str | None = None

    # What is measured: which kind of monitor, and where a record has what that needs.
    analysis_type: str | None = None
    """As `contract.monitor_kinds` has it; data quality if it is not set."""
    analysis_config: str | None = None
    """A file in the format of SageMaker Clarify's `analysis_config.json`, of the kinds that Clarify has."""
    model_archive: str | None = None
    """The deployed model's `model.tar.gz`, of kinds that ask it."""
    problem_type: str | None = None
    ground_truth_source: str | None = None
    ground_truth_attribute: str | None = None
    inference_attribute: str | None = None
    probability_attribute: str | None = None
    probability_threshold_attribute: str | None = None
    positive_label: str | None = None

    segment_origins: str | None = None
    """Of data quality: what segments are told by besides columns (`contract.segment_origins`), with commas between."""
    segments: str | None = None
    """Columns by whose values a data-quality run tells drift too, with commas between them."""

    # Quality before labels, which a data-quality run estimates.
    estimate_baseline: str | None = None
    """A table of predictions with labels, in `ground_truth_attribute`. Without it nothing is estimated."""
    estimate_inference_attribute: str | None = None
    """Where that table has the prediction, and below the probability; the captures' are as of model quality."""
    estimate_probability_attribute: str | None = None
    class_probabilities: str | None = None
    """JSON of where an answer has the probability of each of several classes; in the table: `probability_CLASS`."""

    # What a run leaves behind, and for whom.
    output_path: str | None = None
    publish_cloudwatch_metrics: str | None = None
    """`Enabled` or `Disabled`."""
    feature_metrics: str | None = None
    """Of which features there are metrics: `all`, `findings` or `none`."""
    sagemaker_endpoint_name: str | None = None
    sagemaker_monitoring_schedule_name: str | None = None
    metric_namespace: str | None = None
    """Where the open engine's job publishes its metrics itself."""
    metric_time: str | None = None
    shards_uri: str | None = None
    """Where several instances hand their parts of the captures to the first."""
    # Lines for SQL (contract.result_tables), and what they say of the model besides.
    result_tables_uri: str | None = None
    """Where the tables of results are. Without it a run writes none."""
    account_id: str | None = None
    model_variant: str | None = None
    model_version: str | None = None
    team: str | None = None
    version_metrics: str | None = None
    """`Enabled`: findings, drift and quality are published by variant and version too. Default `Disabled`."""
    # How the open engine judges.
    rules: str | None = None
    """`calibrated` (the default) or `model-monitor`."""
    runs_per_year: str | None = None
    false_alarms_per_year: str | None = None
    """Of the whole stack."""
    monitors_in_budget: str | None = None
    """How many monitors of the stack share it. Default 1."""
    season: str | None = None
    """What windows repeat with: `auto` (the default), `none`, `hour_of_day`, …"""
    windows_uri: str | None = None
    """Where a monitor keeps the counts of its windows. Without it rows are taken for independent."""
    baseline_windows_uri: str | None = None
    """Where the counts of the baseline's windows are, if it has times."""
    baseline_time_column: str | None = None
    """Of a baseline job: the column that says when a row was, by which the baseline is cut into windows."""
    baseline_window_hours: str | None = None
    """Of a baseline job: how long the monitor's windows are."""
    captures_uri: str | None = None
    """Of a baseline job whose dataset says which captures it is made of (contract.captured_span): where the endpoint's
    are, above their hours."""

    @classmethod
    def from_environment(cls, variables: Mapping[str, str]) -> "JobEnvironment":
        """Take the variables of a job from all that a process has; an empty one is not set."""
        return cls(**{field.name: variables.get(field.name) or None for field in fields(cls)})

    def to_environment(self) -> dict[str, str]:
        """Return the variables that are set, as a job's request has them."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}
