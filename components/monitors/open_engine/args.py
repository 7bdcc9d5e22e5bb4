"""Arguments of the open engine's monitors."""

from collections.abc import Mapping
from typing import NotRequired, TypedDict

import pulumi

from components.args import DataQualityArgs, ModelQualityArgs, NetworkArgs, OpenEngineArgs


class OpenMonitorsArgs(TypedDict):
    """Monitors of an endpoint that captures its traffic, run by the open engine."""

    engine: NotRequired[OpenEngineArgs]
    """How runs are started and on what."""
    data_quality: NotRequired[DataQualityArgs]
    """The data-quality monitor. Without it there is none; it needs `constraints_uri`."""
    model_quality: NotRequired[ModelQualityArgs]
    """The model-quality monitor. Without it there is none."""
    endpoint_name: pulumi.Input[str]
    name_stem: NotRequired[pulumi.Input[str]]
    """What the schedules are named after. Default the endpoint's name."""
    beside_model_monitor: NotRequired[bool]
    """Model Monitor has the schedules of the usual names; these are called `…-open`. Default false."""
    variant_name: NotRequired[str]
    """The production variant whose captures are looked at. Default `Primary`."""
    other_variants: NotRequired[list[str]]
    """Further variants whose captures are looked at with them. Default none."""
    bucket_name: pulumi.Input[str]
    """Results, labels, the monitor's code and its state are in it."""
    capture_uri: pulumi.Input[str]
    """Where captures begin; below it endpoint, variant and hour."""
    captures_outside: NotRequired[bool]
    """The captures are in another bucket, which the jobs may then read. Default false."""
    captures_kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key of captures in another bucket."""
    code_uri: pulumi.Input[str]
    """The monitor's own code in the bucket."""
    image_uri: pulumi.Input[str]
    """AWS's scikit-learn image."""
    job_role_arn: pulumi.Input[str]
    """The role that the jobs run under."""
    metric_namespace: str
    """Where `NoData` and, of small windows, `ConstraintViolations` and `JobFailures` are published."""
    statistics_uri: NotRequired[pulumi.Input[str]]
    """The data-quality baseline's `statistics.json`."""
    constraints_uri: NotRequired[pulumi.Input[str]]
    """The data-quality baseline's `constraints.json`."""
    baseline_data_uri: NotRequired[pulumi.Input[str]]
    """The rows of the baseline, for exact measures. Default none: they are computed from its sketches."""
    baseline_data_bytes: NotRequired[int]
    """How large they are. Of more than 20 MiB the function for small windows is not used. Default unknown: it is."""
    model_quality_constraints_uri: NotRequired[pulumi.Input[str]]
    """The model-quality baseline's `constraints.json`."""
    batch_uris: NotRequired[list[pulumi.Input[str]]]
    """Where batches and their inputs lie. Default none."""
    files_outside: NotRequired[list[pulumi.Input[str]]]
    """Baseline files in other buckets, which the function for small windows may then read. Default none."""
    others_in_budget: NotRequired[int]
    """What else shares the monitors' budget of false alarms, such as a stream. Default 0."""
    publishes_effect: NotRequired[bool]
    """`LargestEffect` of small windows too, because an alarm listens to it. Default false."""
    retrained: NotRequired[bool]
    """Runs compare with the baseline of the model that serves since the last retraining. Default false."""
    compare_function_name: NotRequired[pulumi.Input[str]]
    """The function that holds both engines against each other."""
    compare_function_arn: NotRequired[pulumi.Input[str]]
    """Its ARN."""
    network: NotRequired[NetworkArgs]
    """The network of the jobs."""
    log_retention_in_days: NotRequired[int]
    """Of the functions' log groups. Default 30."""
    kms_key_arn: NotRequired[pulumi.Input[str] | None]
    """KMS key for the jobs' volumes and results, the functions and the schedules."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags."""
